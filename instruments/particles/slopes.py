"""Least-squares slopes of a mass that is known every minute."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from instruments.air import FloatArray


def running_slope(
    mass: FloatArray, flow: FloatArray, age: FloatArray, window: int, count: int
) -> tuple[FloatArray, FloatArray]:
    """Slopes of ``mass`` over the last ``window`` minutes, and mean flows, for the last ``count`` minutes.

    Args:
        mass: ug, minute by minute, the minutes before included as far as there are any.
        flow: L/min.
        age: minutes for which the spot has been measured: no line reaches over the change of a spot.
        window: longest line, minutes.
        count: minutes that are wanted.

    Returns:
        ug/min (0 where there are fewer than two points) and L/min, each of shape (count,).
    """
    length = count + window - 1
    before = np.zeros(max(length - len(mass), 0))
    mass, flow = (np.concatenate((before, values[-length:])) for values in (mass, flow))
    points = np.minimum(age[-count:], float(window))
    centre = (points - 1.0) / 2.0
    back = np.arange(window)[:, None]
    inside = points > back
    masses, flows = (sliding_window_view(values, count)[::-1] for values in (mass, flow))  # row k: k minutes before
    # summed row by row, newest first, whatever the length: the same to the bit wherever it is cut
    rise = np.where(inside, (centre - back) * masses, 0.0).sum(axis=0)
    litres = np.where(inside, flows, 0.0).sum(axis=0)
    spread = points * (points * points - 1.0)
    slope = np.where(points >= 2.0, 12.0 * rise / np.maximum(spread, 1.0), 0.0)
    return slope, litres / np.maximum(points, 1.0)


def pooled_slope(mass: FloatArray, spot: FloatArray) -> float:
    """One slope of minutes that belong to several spots, each with an offset of its own, ug/min.

    Args:
        mass: ug, minute by minute.
        spot: number of the spot of each minute, not falling.
    """
    top = bottom = 0.0
    for number in np.unique(spot):
        part = mass[spot == number]
        place = np.arange(len(part)) - (len(part) - 1) / 2.0
        top += float(np.sum(place * part))
        bottom += float(np.sum(place * place))
    return top / bottom if bottom > 0.0 else 0.0
