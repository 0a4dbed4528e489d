"""Least-squares slopes of a mass that is known every minute."""

from __future__ import annotations

import numpy as np

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
    rise, litres = np.zeros(count), np.zeros(count)
    for back in range(window):
        inside = points > back
        begin = window - 1 - back
        rise += np.where(inside, (centre - back) * mass[begin : begin + count], 0.0)
        litres += np.where(inside, flow[begin : begin + count], 0.0)
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
