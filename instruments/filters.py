"""Recursions and running means at compiled speed, exact to the bit wherever they are cut: y[k] = decay y[k-1] + x[k].

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
_WORTH_A_LOOK = 512
"""Points from which on a look whether a row is at rest costs less than it may save."""


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


def lag(inputs: FloatArray, last_output: FloatArray, decay: float, out: FloatArray | None = None) -> FloatArray:
    """Return a first-order lag's outputs along the last axis.

    Args:
        inputs: shape (rows, n).
        last_output: outputs before the first point, shape (rows,).
        decay: exp(-step / time constant); 1 holds the last output.
        out: where the outputs go, shape (rows, n), which may be ``inputs``; None: a new array.
    """
    rows, count = inputs.shape
    if out is None:
        out = np.empty((rows, count))
    band = _band_of(decay, count + 1)
    work = np.empty(count + 1)
    for given, start, leaving in zip(inputs, last_output, out, strict=True):
        rest = _at_rest(given, float(start), decay) if count >= _WORTH_A_LOOK else None
        if rest is not None:
            leaving[:] = rest
            continue
        work[0] = start
        np.multiply(given, 1.0 - decay, out=work[1:])
        dtbsv(1, band, work, lower=1, diag=1, overwrite_x=1)
        leaving[:] = work[1:]
    return out


def _at_rest(given: FloatArray, start: float, decay: float) -> float | None:
    """The output of all points where the input stands still and the output has come to rest; None elsewhere.

    An output that the recursion itself gives back from the same input, to the bit, stays for good.
    """
    first = given[0]
    if first != given[-1] or first != given[given.size // 2] or not (given == first).all():
        return None
    pair = np.array([start, first * (1.0 - decay)])
    dtbsv(1, _band_of(decay, 2), pair, lower=1, diag=1, overwrite_x=1)
    return float(pair[1]) if pair[1] == start else None


def trailing_mean(values: FloatArray, window: int, count: int) -> FloatArray:
    """Return the means over the last ``window`` values at each of the last ``count`` points, summed newest first.

    Args:
        values: shape (count + window - 1,): the points and the ``window - 1`` before them.
        window: number of values in a mean.
        count: number of means.
    """
    begin = window - 1
    total = values[begin : begin + count].copy()
    for back in range(1, window):
        total += values[begin - back : begin - back + count]
    return np.asarray(total / window)


def _solved(outputs: FloatArray, decay: float) -> FloatArray:
    """Solve in place; column 0 holds the outputs before the first point. Returns the other columns."""
    band = _band_of(decay, outputs.shape[1])
    for row in outputs:
        dtbsv(1, band, row, lower=1, diag=1, overwrite_x=1)  # in place, since a row is contiguous
    return outputs[:, 1:]


def _band_of(decay: float, size: int) -> FloatArray:
    """The matrix of ``size`` points."""
    return _band(decay, max(_SHORTEST_BAND, 1 << (size - 1).bit_length()))[:, :size]


@lru_cache(maxsize=_BANDS_KEPT)
def _band(decay: float, size: int) -> FloatArray:
    """Return the matrix in BLAS's band storage: a diagonal of ones and -decay below it."""
    band = np.empty((2, size), order="F")
    band[0], band[1] = 1.0, -decay
    return band
