"""What a tapered-element monitor stands in and draws: outside air and room on its steps, pump, controllers, sensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Site, growth
from instruments.particles.teom_hidden import TeomHidden

ATM_HPA = 1013.25
ZERO_C = 273.15
STEP_S = 10
PER_MINUTE = 6
"""Steps per minute."""

_FALLBACK_C, _FALLBACK_HPA = 25.0, ATM_HPA
"""What the firmware goes on with when a sensor's reading is impossible (choice of this project: its standard state)."""
_POSSIBLE_C, _POSSIBLE_PCT = (-45.0, 65.0), (-5.0, 105.0)
_POSSIBLE_HPA = (500.0, 1100.0)
_SONIC = 0.6
"""The controllers keep the flow up until the pressure behind them rises above this part of the one before
(recalled: critical ratio of a flow controller with its losses, 0.53 of an orifice)."""

_DRY_SHARE = 0.03
"""Water of particles that have crystallised over that of a solution (recalled: RH steps of 20 % move 1 to 5 ug)."""
_CRYSTALS_PCT, _CRYSTALS_WIDTH_PCT = 65.0, 4.0
"""Humidity at which half of the particles are crystals, and how sharply (recalled: mixtures deliquesce at
60 to 80 %)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Outside air and room at the steps: each of shape (n,), ``mass`` (len(Mode), n)."""

    room_c: FloatArray
    outside_c: FloatArray
    humidity_pct: FloatArray
    pressure_hpa: FloatArray
    mass: FloatArray
    kappa: FloatArray


def surroundings(site: Site, first: int, last: int) -> Surroundings:
    """Return what stands around the unit at steps ``first`` to ``last``: the minute's means, the room at the end."""
    low, high = first // PER_MINUTE, (last - 1) // PER_MINUTE + 1
    minute = np.arange(first, last) // PER_MINUTE - low
    weather, aerosol = site.outside.weather(low, high), site.outside.aerosol(low, high)
    room = site.room.gas(first * STEP_S, last * STEP_S)
    return Surroundings(
        room.temperature_c[STEP_S - 1 :: STEP_S].copy(), weather.temperature_c[minute], weather.humidity_pct[minute],
        weather.pressure_hpa[minute], aerosol.mass[:, minute], aerosol.kappa[minute],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sensed:
    """What the outside sensors show, and what the firmware goes on with.

    Attributes:
        temperature_c, humidity_pct, pressure_hpa: shown.
        possible: temperature and humidity lie where they can.
        used_c, used_hpa: the reading, or the fallback of a sensor that cannot be right.
    """

    temperature_c: FloatArray
    humidity_pct: FloatArray
    pressure_hpa: FloatArray
    possible: FloatArray
    used_c: FloatArray
    used_hpa: FloatArray


def sensed(around: Surroundings, hidden: TeomHidden) -> Sensed:
    """Return the readings of the outside sensors."""
    temperature = around.outside_c + hidden.temperature_sensor_error_c
    humidity = np.maximum(around.humidity_pct + hidden.humidity_sensor_error_pct, -10.0)
    pressure = around.pressure_hpa + hidden.pressure_sensor_error_hpa
    warm = (temperature > _POSSIBLE_C[0]) & (temperature < _POSSIBLE_C[1])
    moist = (humidity > _POSSIBLE_PCT[0]) & (humidity < _POSSIBLE_PCT[1])
    dense = (pressure > _POSSIBLE_HPA[0]) & (pressure < _POSSIBLE_HPA[1])
    return Sensed(
        temperature, humidity, pressure, (warm & moist).astype(np.float64), np.where(warm, temperature, _FALLBACK_C),
        np.where(dense, pressure, _FALLBACK_HPA),
    )  # fmt: skip


@dataclass(slots=True)
class Stretch:
    """Steps that are being computed.

    Attributes:
        first, last: the steps, ``last`` exclusive.
        around, seen: what stands around the unit, and what its outside sensors make of it.
        path: place of the flow path at each step: 0 straight to the filter, 1 by the purge filter.
        rows: the rows so far.
    """

    first: int
    last: int
    around: Surroundings
    seen: Sensed
    path: FloatArray
    rows: dict[str, FloatArray]

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the unit does to the air before the filter.

    Attributes:
        vapour_hpa: water vapour at the filter.
        passing: share of the particles that get there.
        added_ug_m3: volatile matter that is added on the way.
    """

    vapour_hpa: FloatArray
    passing: FloatArray
    added_ug_m3: FloatArray


@dataclass(frozen=True, slots=True)
class Draught:
    """Flows that the unit asks its pump for.

    Attributes:
        main_lpm, bypass_lpm: true flows of outside air if the pump keeps them up, L/min.
        ratio: true over metered volume: errors of the outside sensors, of which the meters make actual litres.
        headroom: flow that the pump could draw over the one asked for.
    """

    main_lpm: FloatArray
    bypass_lpm: FloatArray
    ratio: FloatArray
    headroom: FloatArray


def draught(
    around: Surroundings, seen: Sensed, hidden: TeomHidden, figures: Mapping[str, float], asked: tuple[float, float],
    pump: FloatArray,
) -> Draught:  # fmt: skip
    """Return the flows for set main and bypass flows ``asked``, with a pump of share ``pump`` of a new one.

    A controller turns its own meter's reading to the set flow: bias and zero of the meter move the true flow.
    """
    ratio = (around.outside_c + ZERO_C) / (seen.used_c + ZERO_C) * (seen.used_hpa / around.pressure_hpa)
    main = np.maximum((asked[0] - hidden.main_flow_zero) / (1.0 + hidden.main_flow_bias), 0.0) * ratio
    bypass = np.maximum((asked[1] - hidden.bypass_flow_zero) / (1.0 + hidden.bypass_flow_bias), 0.0) * ratio
    reach = _SONIC * around.pressure_hpa / ATM_HPA / figures["vacuum"] * pump * (1.0 - hidden.inlet_clog)
    nominal = figures["main_flow"] + figures["bypass_flow"]
    return Draught(main, bypass, ratio, reach * nominal / np.maximum(main + bypass, 1e-6))


def particle_water(kappa: FloatArray, humidity_pct: FloatArray) -> FloatArray:
    """Return water over dry mass of particles on a filter: little on crystals, all of it on a solution."""
    solution = 1.0 / (1.0 + np.exp((_CRYSTALS_PCT - humidity_pct) / _CRYSTALS_WIDTH_PCT))
    return np.asarray((growth(kappa, humidity_pct) - 1.0) * (_DRY_SHARE + (1.0 - _DRY_SHARE) * solution))
