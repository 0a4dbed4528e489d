"""What the firmware of tapered-element monitors makes of frequency and flow: mass, rate, means over periods.

All of it is exact however the steps were cut: periods are counted from the epoch, earlier ones are taken from the
unit's history, sums run in a fixed order. A value that does not exist is NaN; a mean is formed of those that do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.filters import lag
from instruments.particles.teom_air import Stretch
from instruments.particles.teom_element import UG_PER_G, decay
from instruments.steps import Moment

if TYPE_CHECKING:
    from instruments.particles.teom import Teom

UG_M3_PER_RATE = 60.0e3
"""ug/m3 per (ug/s) / (L/min)."""

SETTLING = 180
"""Steps after a start before the firmware trusts temperatures and frequency: 30 min (recalled)."""


def weigh(unit: Teom, steps: Stretch) -> None:
    """Total mass and mass rate: the mass is smoothed, its rate of change is smoothed again (physics notes 4, read).

    The total counts from the end of settling; both begin anew there.
    """
    first, rows, step = steps.first, steps.rows, unit.step_s
    age, inverse, counted = rows["age"], rows["inverse"], np.arange(len(steps))
    begun = np.maximum.accumulate(np.where(age == SETTLING, counted, -1))
    clean = unit.hidden.free_frequency**-2 + unit.hidden.filter_mass / unit.hidden.k0
    start = unit.before("start_inverse", first, clean)
    rows["start_inverse"] = np.where(begun < 0, start, inverse[np.maximum(begun, 0)])
    mass = unit.number("k0") * UG_PER_G * (inverse - rows["start_inverse"])
    keep_mass = decay(step, unit.number("mass_averaging"))
    keep_rate = decay(step, unit.number("rate_averaging"))
    steady = unit.steady_rate()
    smooth = unit.before("smooth_mass", first, float(mass[0]) - steady * unit.number("mass_averaging"))
    rate = unit.before("smooth_rate", first, steady)
    masses, rates = np.empty(len(steps)), np.empty(len(steps))
    cuts = [0, *np.flatnonzero(age == SETTLING).tolist(), len(steps)]
    for low, high in pairwise(cuts):
        if low == high:
            continue
        if age[low] == SETTLING:
            smooth, rate = float(mass[low]), 0.0
        masses[low:high] = lag(mass[None, low:high], np.array([smooth]), keep_mass)[0]
        change = np.diff(np.concatenate(([smooth], masses[low:high]))) / step
        rates[low:high] = lag(change[None, :], np.array([rate]), keep_rate)[0]
        smooth, rate = float(masses[high - 1]), float(rates[high - 1])
    rows["smooth_mass"], rows["smooth_rate"] = masses, rates
    settled = age >= SETTLING
    rows["total_mass"] = np.where(settled, masses, 0.0)
    rows["mass_rate"] = np.where(settled, rates * 3600.0 / UG_PER_G, 0.0)


def periods(first: int, last: int, length: int) -> tuple[int, int]:
    """Return the periods of ``length`` steps, of an interval timer, that end within the steps ``first`` to ``last``."""
    return first // length, last // length


def whole(unit: Teom, label: str, steps: Stretch, length: int) -> FloatArray:
    """Return a row over the whole of the periods that end within these steps, shape (periods, length)."""
    low, high = periods(steps.first, steps.last, length)
    if low == high:
        return np.empty((0, length))
    history = unit.steps.history.view(low * length, steps.first)[unit.rows[label]]
    return np.concatenate([history, steps.rows[label]])[: (high - low) * length].reshape(-1, length)


def earlier(
    unit: Teom, label: str, period: int, count: int, length: int, otherwise: Callable[[int], float]
) -> FloatArray:  # fmt: skip
    """Return a row at the ends of the ``count`` periods before ``period``; ``otherwise`` of those before the epoch."""
    row, history = unit.rows[label], unit.steps.history
    numbers = range(period - count, period)
    return np.array([otherwise(k) if k < 0 else history.value(row, (k + 1) * length - 1) for k in numbers])


def held(unit: Teom, label: str, steps: Stretch, length: int, values: FloatArray, otherwise: float) -> FloatArray:
    """Return a row that takes each of ``values`` at the end of its period and holds it to the end of the next."""
    table = np.concatenate(([unit.before(label, steps.first, otherwise)], values))
    return np.asarray(table[(np.arange(steps.first, steps.last) + 1) // length - steps.first // length])


def shown(values: FloatArray) -> FloatArray:
    """Return values as the display has them: 0 for one that does not exist."""
    return np.asarray(np.where(np.isnan(values), 0.0, values))


def mean_of_last(values: FloatArray, weights: FloatArray, count: int) -> FloatArray:
    """Return weighted means over the last ``len(weights)`` of ``values`` that exist, for the last ``count`` of them."""
    total, weight = np.zeros(count), np.zeros(count)
    if count == 0:
        return total
    begin, there = len(values) - count, ~np.isnan(values)
    filled, exists = np.where(there, values, 0.0), there.astype(np.float64)
    for back, share in enumerate(weights.tolist()):
        total += share * filled[begin - back : len(values) - back]
        weight += share * exists[begin - back : len(values) - back]
    return np.asarray(np.where(weight > 0.0, total / np.maximum(weight, 1e-9), np.nan))


def conditions(unit: Teom, first: int, last: int, moment: Moment) -> dict[str, FloatArray]:
    """Status conditions of every model, 0 or 1 per step; limits as the AK manual and real data have them."""
    seen, figures = unit.steps.values(first, last), unit.figures

    def row(label: str) -> FloatArray:
        return np.asarray(seen[unit.rows[label]])

    def off(label: str, setting: str, tolerance: str) -> NDArray[np.bool_]:
        aim = float(moment.settings[setting])  # type: ignore[arg-type]
        return np.asarray(np.abs(row(label) - aim) > figures[tolerance] / 100.0 * aim)

    running = moment.settings["run"] is True
    since = np.arange(first, last) + 1 - moment.power_step
    shown_for = since * unit.step_s < figures["power_failure_shown"]
    # It stands at least as long as the values are zeros for it: a zero has to be told from clean air.
    begun = (row("operating_mode") < unit.fully_at_work) & (row("age") >= since)
    failed = (moment.power_step > 0) & (shown_for | begun)
    found: Mapping[str, NDArray[np.bool_]] = {
        "mass_transducer": row("frequency") < figures["transducer_limit"],
        "main_flow": off("main_flow", "main_flow_set", "flow_tolerance") & running,
        "bypass_flow": off("bypass_flow", "bypass_flow_set", "flow_tolerance") & running,
        "exchange_filter": row("filter_load") > figures["load_limit"],
        "air_tube_heater": off("air_temp", "air_temp_set", "temperature_tolerance"),
        "cap_or_case_heater": off("cap_temp", "cap_temp_set", "temperature_tolerance")
        | off("case_temp", "case_temp_set", "temperature_tolerance"),
        "ambient_sensor": row("possible") < 0.5,
        "vacuum": (row("vacuum") < figures["vacuum_limit"]) & running,
        "enclosure_temperature": row("enclosure_temp") > figures["enclosure_limit"],
        "power_failure": np.broadcast_to(failed, (last - first,)),
    }
    return {name: np.asarray(on, dtype=np.float64) for name, on in found.items()}


def word(bits: Mapping[str, int], found: Mapping[str, FloatArray]) -> FloatArray:
    """Return the status word: the sum of the bits of the conditions that stand."""
    total = sum(float(2 ** bits[name]) * on for name, on in found.items() if name in bits)
    return np.asarray(total)
