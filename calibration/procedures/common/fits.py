"""A fitted line as the record keeps it."""

from __future__ import annotations

import numpy as np

from calibration.record import LineFit
from calibration.statistics.lines import OrdinaryLine
from calibration.uncertainty import LineBudgets

_BAND_POINTS = 41


def stored_fit(found: LineBudgets, top: float) -> LineFit:
    """The line with its band of confidence from zero to ``top``."""
    straight = found.straight
    return plain_fit(found.line, top).model_copy(
        update={} if straight is None else {"lack_of_fit_f": straight.f, "lack_of_fit_p": straight.p}
    )


def plain_fit(line: OrdinaryLine, top: float) -> LineFit:
    """A line of which nothing but its points is known, with its band from zero to ``top``."""
    band = line.confidence_band(np.linspace(0.0, top, _BAND_POINTS))
    return LineFit(
        slope=line.slope, intercept=line.intercept, se_slope=line.se_slope, se_intercept=line.se_intercept,
        covariance=line.covariance, residual_sd=line.residual_sd, dof=line.dof, r=line.r if line.r is not None else 0.0,
        residuals=[float(v) for v in line.residuals], band_x=[float(v) for v in band.x],
        band_low=[float(v) for v in band.low], band_high=[float(v) for v in band.high],
    )  # fmt: skip
