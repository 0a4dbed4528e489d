"""The settings in which the twin-run tests show each fault, opened for the table of faults: the same runs, with times.

Each family of instruments has its own setting beside its tests; :func:`twins` plays a fault in it at its typical
severity, and gives all that is seen of the healthy and of the ill twin.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
for folder in ("", "tests/helpers", "tests/instruments/particles", "tests/instruments/teom"):
    sys.path.insert(0, str(ROOT / folder))

import gas_twins  # noqa: E402  # these stand where the path now reaches
import test_teom_faults as teom  # noqa: E402
import twin_support as particles  # noqa: E402

from instruments.air import UNIT_OF, Species  # noqa: E402
from rig.fault_library import library  # noqa: E402
from tests.instruments import test_clock_faults as clocks  # noqa: E402
from tests.instruments.station import test_site_faults as station  # noqa: E402
from tests.instruments.supply import test_faults as supply  # noqa: E402
from tests.instruments.weather import conftest as weather_air  # noqa: E402
from tests.instruments.weather import test_weather_faults as weather  # noqa: E402

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Twins:
    """What was seen of both twins, column by column; the time between rows and the onset, s; units.

    Columns of another device may have a step of their own, in ``others_step_s``.
    """

    sound: Columns
    ill: Columns
    step_s: float
    onset_s: float
    units: Mapping[str, str]
    others_step_s: Mapping[str, float] = field(default_factory=dict)

    def began_min(self, column: str, row: int) -> float:
        """Minutes from the onset to the end of a row."""
        return max(((row + 1) * self.others_step_s.get(column, self.step_s) - self.onset_s) / 60.0, 0.0)


@dataclass(frozen=True)
class Setting:
    """One family: its designs, its setting in words, and how a fault is played in it."""

    designs: tuple[str, ...]
    words: str
    play: Callable[[str, str], Twins]


def _severity(name: str) -> float:
    scale = library()[name].severity
    return 0.0 if scale is None else scale.typical


def _gas(name: str, design: str) -> Twins:
    ill = gas_twins.run(design, name, _severity(name))
    made = gas_twins.unit(design)
    return Twins(gas_twins.healthy(design), ill, made.step_s, gas_twins.onset_s(name), made.units())


def _particles(name: str, design: str) -> Twins:
    ill = particles.unit(design)
    particles.apply(ill, particles.BEGINS[0], library()[name])
    table = particles.recorded(ill, design)
    return Twins(particles.healthy(design), table, ill.step_s, particles.BEGINS[0] * 3600.0, ill.units())


def _teom(name: str, design: str) -> Twins:
    begin = teom.BEGINS[0]
    ill = teom.run(design, library()[name], _severity(name), begin)
    made = teom.unit(teom.MODEL[design], teom.world())
    return Twins(teom.healthy(design), ill, made.step_s, begin, made.units())


@cache
def _fair_day(design: str) -> tuple[Any, Columns]:
    unit = weather_air.placed(weather.MODELS[design], weather_air.rough_day())
    return unit, unit.recording(0, weather.END_S // unit.step_s)


def _weather(name: str, design: str) -> Twins:
    sound, table = _fair_day(design)
    ill = weather_air.placed(weather.MODELS[design], weather_air.rough_day())
    weather.apply_fault(ill, library()[name], weather_air.at(weather.START_S))
    return Twins(table, ill.recording(0, weather.END_S // ill.step_s), ill.step_s, weather.START_S, sound.units())


_LABELS = {f"outlet {species.name}": species for species in Species}


def _with_outlet(bench: Any) -> Columns:
    """What is seen of the unit, and the gas that leaves the calibrator, at the ends of the unit's steps."""
    gas = bench.box.outlet.gas(0, supply.HOURS * 3600).fractions[:, bench.unit.step_s - 1 :: bench.unit.step_s]
    beside = {f"so2.{label}": values for label, values in bench.seen_beside().items()}
    return {**bench.seen(), **{label: gas[species].copy() for label, species in _LABELS.items()}, **beside}


@cache
def _working(design: str) -> Columns:
    return _with_outlet(supply.Bench(design).work([]))


def _supply(name: str, design: str) -> Twins:
    bench = supply.Bench(design)
    bench.work(supply.acts_of(name, bench.unit))
    units = {**bench.unit.units(), **{label: UNIT_OF[species] for label, species in _LABELS.items()}}
    units |= {f"so2.{label}": unit for label, unit in bench.neighbour.units().items()}
    others = {f"so2.{label}": float(bench.neighbour.step_s) for label in bench.neighbour.quantities()}
    return Twins(_working(design), _with_outlet(bench), bench.unit.step_s, supply.AT, units, others)


@cache
def _standing(design: str) -> Columns:
    return station.station(design).run()


def _station(name: str, design: str) -> Twins:
    bench = station.station(design)
    sound = _standing(design)
    ill = bench.run(station.commands(design, library()[name], _severity(name)))
    units = {
        (owner, quantity): unit
        for owner, device in bench.devices.items()
        for quantity, unit in (device.units() if hasattr(device, "units") else {}).items()
    }

    def named(key: tuple[str, str]) -> str:
        return key[1] if key[0] == design else f"{key[0]}.{key[1]}"

    def columns(seen: Mapping[tuple[str, str], list[Any]]) -> Columns:
        return {named(key): np.array(values) for key, values in seen.items()}

    every = bench.every / 1e6
    # The first look is at the end of the first interval.
    return Twins(columns(sound), columns(ill), every, station.AT / 1e6, {named(k): u for k, u in units.items()})


def _clock(name: str, design: str) -> Twins:
    fault = library()[name]
    severity = True if fault.severity is None else fault.severity.typical
    made = clocks.unit(design)
    return Twins(
        clocks.healthy(design), clocks.run(design, fault, severity), made.step_s, clocks.AT / 1e6, made.units()
    )


SETTINGS = (
    Setting(
        ("so2", "t100", "nox", "t200", "o3", "t400", "co", "t300"),
        "breathe air with SO2 40, NO 60, NO2 50, O3 70 nmol/mol and CO 3 umol/mol that comes and goes, in a shelter at "
        "25 deg C; half an hour of span gas at 3 h, half an hour of zero air from a spent generator after it, five "
        "minutes without mains at 4.5 h; 6 h in all. The coefficient is 1.02 and the zero is too low",
        _gas,
    ),
    Setting(
        ("bam-1020", "5014i", "sampler", "balance"),
        "see clean hours, haze, dust, a shower and damp air within 26 h; the balance weighs filters within 8 h",
        _particles,
    ),
    Setting(("teom", "teom-fdms"), "see haze with volatile matter, humidity and pressure that swing, for 10 h", _teom),
    Setting(
        ("weather_transmitter", "cup_vane", "visibility_meter"),
        "stand in two hours of freezing rain, then sun with a shower, calms, squalls and a wind that goes round; 7.5 h",
        _weather,
    ),
    Setting(
        ("zero_air", "cylinder", "calibrator", "t700", "photometer", "flow_meter", "climate_meter"),
        "work for 8 h on one bench: span, zero, ozone, a titration, every 20 min another; `outlet` is the gas that the "
        "calibrator gives, `so2` an analyzer that breathes it through the vented line",
        _supply,
    ),
    Setting(
        ("shelter", "manifold", "ups", "doas", "chamber", "variac"),
        "stand in a humid, windy summer with poor mains, watched every 10 min (the power supply every 10 s) for 11 h; "
        "analyzers draw from the manifold, a leaking one stands in the shelter; the chamber goes to 35 and to 0 deg C, "
        "the supply to 242 V",
        _station,
    ),
)


CLOCKS = Setting(
    tuple(clocks.MODEL),
    "are without mains for 12 min within 9.5 h, when it is their clock that is wrong",
    _clock,
)
"""Part of many instruments; its faults have one setting for all of them."""


def setting_of(name: str, design: str) -> Setting:
    """The setting of a fault on a design. Raises KeyError for one that has none."""
    if name.startswith("clock_"):
        return CLOCKS
    found = next((setting for setting in SETTINGS if design in setting.designs), None)
    if found is None:
        raise KeyError(f"{design}: no setting of the twin-run tests")
    return found
