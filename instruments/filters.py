"""The first-order recursion y[k] = decay y[k-1] + x[k], at compiled speed and exact to the bit wherever it is cut.

The recursion is a bidiagonal system of equations solved by forward substitution, which BLAS knows as ``dtbsv``: one
multiplication and one addition per point. The output before the first point is the system's first unknown, so the
arithmetic of a point is the same whether a computation begins there or goes through it. ``scipy.signal.lfilter`` does
the same at the same speed, but to import it costs half a second (docs/decisions/0004).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.linalg.blas import dtbsv

from instruments.air import FloatArray

_BANDS_KEPT = 64
_SHORTEST_BAND = 1024


def first_order(inputs: FloatArray, last_output: FloatArray, decay: float) -> FloatArray:
    """Return y of y[k] = decay y[k-1] + inputs[k], row by row.

    Args:
        inputs: shape (rows, n).
        last_output: y before the first point, shape (rows,).
        decay: 0 to 1.
    """
    rows, count = inputs.shape
    outputs = np.empty((rows, count + 1))
    outputs[:, 0] = last_output
    outputs[:, 1:] = inputs
    return _solved(outputs, decay)


def lag(inputs: FloatArray, last_output: FloatArray, decay: float) -> FloatArray:
    """Return a first-order lag's outputs along the last axis.

    Args:
        inputs: shape (rows, n).
        last_output: outputs before the first point, shape (rows,).
        decay: exp(-step / time constant); 1 holds the last output.
    """
    rows, count = inputs.shape
    outputs = np.empty((rows, count + 1))
    outputs[:, 0] = last_output
    np.multiply(inputs, 1.0 - decay, out=outputs[:, 1:])
    return _solved(outputs, decay)


def _solved(outputs: FloatArray, decay: float) -> FloatArray:
    """Solve in place; column 0 holds the outputs before the first point. Returns the other columns."""
    size = outputs.shape[1]
    band = _band(decay, max(_SHORTEST_BAND, 1 << (size - 1).bit_length()))[:, :size]
    for row in outputs:
        dtbsv(1, band, row, lower=1, diag=1, overwrite_x=1)  # in place, since a row is contiguous
    return outputs[:, 1:]


@lru_cache(maxsize=_BANDS_KEPT)
def _band(decay: float, size: int) -> FloatArray:
    """Return the matrix in BLAS's band storage: a diagonal of ones and -decay below it."""
    band = np.empty((2, size), order="F")
    band[0], band[1] = 1.0, -decay
    return band
