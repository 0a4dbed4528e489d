"""The way from the open air to the tape: the tube takes on the shelter's temperature, a heater dries the sample.

Dynamic heating holds the humidity at the tape by power; the other rule keeps the tape some degrees above the outside
air. The loop settles within a minute or two, so a minute's mean is its steady state. Vapour pressure over water after
Magnus (WMO No. 8: 6.112 hPa, 17.62, 243.12 C).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instruments.air import FloatArray

ZERO_K = 273.15


def saturation_hpa(temperature_c: FloatArray) -> FloatArray:
    """Vapour pressure of saturated air, hPa."""
    return np.asarray(6.112 * np.exp(17.62 * temperature_c / (243.12 + temperature_c)))


def dew_point_c(vapour_hpa: FloatArray) -> FloatArray:
    """Temperature at which air of that vapour pressure is saturated, deg C."""
    log = np.log(vapour_hpa / 6.112)
    return np.asarray(243.12 * log / (17.62 - log))


@dataclass(frozen=True, slots=True)
class Heater:
    """A sample heater and its rule.

    Attributes:
        mode: ``rh`` (hold the humidity at the tape), ``delta`` (hold the tape above outside) or ``off``.
        rh_setpoint_pct, delta_setpoint_c: what it holds.
        reach_c: degrees that full power adds.
        idle: power below which the ``rh`` rule does not go, 0 to 1.
        available: power that the heater still has, 0 to 1 (0: failed).
        least: power that it cannot go below, 0 to 1 (1: relay stuck on).
    """

    mode: str
    rh_setpoint_pct: float
    delta_setpoint_c: float
    reach_c: float
    idle: float
    available: float
    least: float


@dataclass(frozen=True, slots=True)
class Heated:
    """Sample air at the tape: temperature, deg C; humidity, %; heater power, 0 to 1; each of shape (n,)."""

    temperature_c: FloatArray
    humidity_pct: FloatArray
    power: FloatArray


def heated(
    outside_c: FloatArray, outside_rh_pct: FloatArray, room_c: FloatArray, heater: Heater, *, tube_exchange: float,
    warmth: FloatArray, rh_error_pct: float, filter_error_c: float, outside_error_c: FloatArray,
) -> Heated:  # fmt: skip
    """Return the sample air at the tape.

    Args:
        outside_c: temperature of the air outside, shape (n,).
        outside_rh_pct: its humidity.
        room_c: temperature of the air around the tube.
        heater: the heater.
        tube_exchange: part of the way from outside to the room's temperature that the air goes in the tube.
        warmth: how far the heater has come since power on, 0 to 1, shape (n,).
        rh_error_pct: error of the humidity sensor that the rule goes by.
        filter_error_c: error of the temperature sensor under the tape.
        outside_error_c: error of the outside temperature sensor.
    """
    tube = outside_c + tube_exchange * (room_c - outside_c)
    vapour = np.minimum(outside_rh_pct / 100.0 * saturation_hpa(outside_c), saturation_hpa(tube))
    if heater.mode == "rh":
        target = min(max(heater.rh_setpoint_pct - rh_error_pct, 1.0), 100.0)
        need = (dew_point_c(vapour * (100.0 / target)) - tube) / heater.reach_c
        power = np.maximum(need, heater.idle)
    elif heater.mode == "delta":
        need = (outside_c + outside_error_c + heater.delta_setpoint_c - filter_error_c - tube) / heater.reach_c
        power = np.maximum(need, 0.0)
    else:
        power = np.zeros_like(tube)
    power = np.maximum(np.minimum(power, heater.available), heater.least) * warmth
    tape = tube + heater.reach_c * power
    return Heated(tape, np.asarray(np.minimum(100.0 * vapour / saturation_hpa(tape), 100.0)), power)


def evaporation(tape_c: FloatArray, minutes_at_40c: float, step_c: float) -> FloatArray:
    """Part of the volatile mass on a tape that is left after a minute of air, shape of ``tape_c``.

    Args:
        tape_c: temperature of the tape.
        minutes_at_40c: time constant of the loss at 40 C, minutes.
        step_c: degrees by which it becomes e times faster.
    """
    return np.asarray(np.exp(-np.exp((tape_c - 40.0) / step_c) / minutes_at_40c))
