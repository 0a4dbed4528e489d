"""What swings at the end of a tapered element, particles or not, and the frequency and noise that come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray
from instruments.filters import lag, trailing_mean
from instruments.particles import teom_element as element
from instruments.particles.teom_air import Stretch, particle_water

if TYPE_CHECKING:
    from instruments.particles.teom import Teom

STOPS_BELOW = 0.5
"""Drive below which the oscillation breaks off (choice of this project)."""

_NOISE_STEPS = 8
"""Steps over which the shown noise is formed: its own scatter is then 25 % (0.0023 +- 0.0006, read)."""
_LOOSE_NOISE = 650.0
"""Noise of a filter that hardly holds over that of a good one: 1.5 against 0.0023 shown (read)."""
_LOOSE_CREEP_UG_S = 2.0 / 60.0
"""Mass that a filter that hardly holds seems to lose per second (choice of this project: base -30...-970 read)."""
_PULSATION_SHARE = 0.3
"""Noise of the frequency that comes of the pump's pulsation, over that of a quiet unit (choice of this project)."""


def swing(unit: Teom, steps: Stretch, vapour_hpa: FloatArray) -> None:
    """Add water and all that seems to be mass, the frequency, and its noise."""
    figures, hidden, rows, around = unit.figures, unit.hidden, steps.rows, steps.around
    on_filter = rows["stable"] + rows["volatile"]
    humidity = np.minimum(100.0 * vapour_hpa / element.saturation_hpa(rows["filter_temp"]), 100.0)
    water = figures["filter_water"] * humidity + particle_water(around.kappa, humidity) * on_filter
    water = water * (rows["filter_mass"] > 0.0)
    drag = steps.path * unit.path_drag(steps.first, steps.last)
    pressure = around.pressure_hpa
    for label, values, tau_s, start in (
        ("water", water, figures["water_time"], float(water[0])),
        ("conditioning", np.zeros(len(steps)), figures["conditioning_time"], 0.0),
        ("path_mass", -figures["path_mass"] * drag, figures["path_time"], 0.0),
        ("slow_pressure", pressure, figures["pressure_time"], float(pressure[0])),
    ):
        last_output = np.array([unit.before(label, steps.first, start)])
        rows[label] = lag(values[None, :], last_output, element.decay(unit.step_s, tau_s))[0]
    creep = np.full(len(steps) + 1, -_LOOSE_CREEP_UG_S * unit.step_s * hidden.looseness)
    creep[0] = unit.before("creep", steps.first, 0.0)
    rows["creep"] = np.cumsum(creep)[1:]
    noisy = hidden.noise_factor * (1.0 + _PULSATION_SHARE * hidden.pump_pulsation) / max(hidden.drive, STOPS_BELOW)
    noisy *= 1.0 + _LOOSE_NOISE * hidden.looseness
    rows["white"] = figures["mass_noise"] * noisy * unit.white("mass", steps.first, steps.last)
    seeming = (
        on_filter + rows["water"] + rows["conditioning"] + rows["path_mass"] + rows["creep"] + rows["white"]
        + figures["pressure_mass"] * (pressure - rows["slow_pressure"])
        + figures["thermal_mass"] * (rows["cap_true"] - figures["transducer_temp"])
        + figures["mass_wander"] * unit.wander.values(steps.first, steps.last)
    )  # fmt: skip
    mass = element.mass_g(hidden.k0, hidden.free_frequency) + rows["filter_mass"] + seeming / element.UG_PER_G
    rows["inverse"] = mass / hidden.k0
    swings = float(unit.powered and hidden.drive >= STOPS_BELOW)
    rows["frequency"] = np.round(element.frequency_hz(hidden.k0, mass) * swings, 6)
    rows["noise"] = _noise(unit, steps) * swings


def _noise(unit: Teom, steps: Stretch) -> FloatArray:
    """Root mean square of the last steps' white noise, in the unit that the display has it in."""
    white, back = steps.rows["white"], min(steps.first, _NOISE_STEPS - 1)
    before = unit.steps.history.view(steps.first - back, steps.first)[unit.rows["white"]]
    earliest = before[0] if back else white[0]  # stands for what was before the epoch
    padding = np.full(_NOISE_STEPS - 1 - back, earliest)
    squares = np.square(np.concatenate([padding, before, white]))
    mean = trailing_mean(squares, _NOISE_STEPS, len(steps))
    return np.asarray(np.round(unit.figures["noise_per_ug"] * np.sqrt(mean), 6))
