"""Two gases that should read alike: the analyzer's response over what was made, of one against the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.procedures.common.context import Context
from calibration.procedures.common.references import FloatArray, point_errors
from calibration.record import Level
from calibration.statistics.summary import variance_dof
from calibration.uncertainty import Component


def responses(levels: Sequence[Level]) -> FloatArray:
    """Reading over nominal value of each level; its own slope is in all of them, and cancels in a ratio."""
    return np.array([(level.mean or 0.0) / level.nominal for level in levels])


def difference_pct(first: Sequence[Level], second: Sequence[Level]) -> float:
    """100 (mean response of ``first`` / mean response of ``second`` - 1)."""
    return float(100.0 * (responses(first).mean() / responses(second).mean() - 1.0))


def scatter_components(context: Context, gas: str, first: Sequence[Level], second: Sequence[Level]) -> list[Component]:
    """What scatters from level to level, as it acts on :func:`difference_pct`: noise, and flows that wander."""
    levels = [*first, *second]
    one, other = responses(first).mean(), responses(second).mean()
    weights = np.array(
        [100.0 / (len(first) * level.nominal * other) for level in first]
        + [-100.0 * one / (len(second) * level.nominal * other**2) for level in second]
    )
    dof = sum(variance_dof(level.n, level.effective_n or 1.0) for level in levels)
    return [
        Component(error.source, "A" if error.source == "repeatability" else "B", error.through(weights), "%", 1.0,
                  dof if error.source == "repeatability" else float("inf"), basis_key=error.basis_key,
                  basis_values=error.basis_values)
        for error in point_errors(context, gas, levels)
    ]  # fmt: skip
