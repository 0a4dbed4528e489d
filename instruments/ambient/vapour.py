"""Water vapour over water."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray


def vapour_hpa(dew_point_c: FloatArray) -> FloatArray:
    """Return the vapour pressure of water over water, hPa: Magnus formula of the WMO guide (recalled)."""
    return np.asarray(6.112 * np.exp(17.62 * dew_point_c / (243.12 + dew_point_c)))
