"""Temperature, humidity and pressure of a weather station against reference meters that hang beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.beside import Beside, certificate_of, read_beside
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.hands import ROOM
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Needed, Procedure, Stage, Unit
from calibration.record import Chart, Column, MeasuredData, Message, Table
from calibration.statistics.hj_particles import indication_difference
from rig.host.references import StandardReference
from rig.run import Deed, Prompt

NAME = "climate_comparison"
_OUTSIDE = "outside"
_KINDS: Mapping[str, tuple[str, str, str]] = {
    "temperature": ("air_temperature", "temperature", "deg C"),
    "humidity": ("relative_humidity", "humidity", "%"),
    "pressure": ("air_pressure", "pressure", "hPa"),
}
"""By criterion: the station's quantity, the meter's, and the unit."""


class ClimateComparisonPlan(Parameters):
    """What a plan may set of it.

    ``meters`` has the reference of each criterion; one device may be all three. ``steps`` has the resolution of what
    the station shows.
    """

    meters: dict[str, str] = Field(default_factory=lambda: dict.fromkeys(_KINDS, "climate_meter"), min_length=1)
    steps: dict[str, float] = Field(default_factory=lambda: dict.fromkeys(_KINDS, 0.1))
    settle: Seconds = 1200.0
    readings: int = Field(default=20, ge=3)
    every: Seconds = Field(default=60.0, gt=0)


class ClimateComparison(Procedure[ClimateComparisonPlan]):
    """Have the references hung beside the station's shield, wait for their probes, and read both in turn."""

    name = NAME
    parameters = ClimateComparisonPlan
    criteria: ClassVar[Mapping[str, str]] = {name: unit for name, (_, _, unit) in _KINDS.items()}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """A weather station."""
        return unit.kind == "weather"

    def judged(self, unit: Unit, parameters: ClimateComparisonPlan) -> list[Judged]:
        """What there is a reference for."""
        return [Judged(_KINDS[name][0], _KINDS[name][2], (name,)) for name in _KINDS if name in parameters.meters]

    def rests_on(self, unit: Unit, parameters: ClimateComparisonPlan) -> list[Needed]:
        """The meters."""
        return [Needed(f"meters.{name}", parameters.meters[name], (_KINDS[name][1],))
                for name in _KINDS if name in parameters.meters]  # fmt: skip

    def stages(self, units: Sequence[Unit], parameters: ClimateComparisonPlan, gas: GasPlan) -> list[Stage]:
        """Hung up, waited for, read."""
        length = parameters.settle + (parameters.readings - 1) * parameters.every
        return [Stage(NAME, "", length, hands=Message(key="prompt.hang_meter", values={"device": units[0].name}))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ClimateComparisonPlan) -> list[Outcome]:
        """Compare, and judge the mean differences."""
        [unit] = units
        run, names = context.run, [name for name in _KINDS if name in parameters.meters]
        meters = tuple(dict.fromkeys(parameters.meters[name] for name in names))
        out = tuple(Deed(meter, "connected_to", _OUTSIDE, home=ROOM) for meter in meters)
        run.prompt(Prompt("prompt.hang_meter", {"meter": ", ".join(meters), "device": unit.name}, deeds=out))
        run.wait(parameters.settle)
        standards = {name: run.supply.certified(parameters.meters[name], _KINDS[name][1]) for name in names}
        pairs = [(_reader(context, unit.name, _KINDS[name][0]), _corrected(context, standards[name])) for name in names]
        found = dict(zip(names, read_beside(context, pairs, [parameters.steps.get(name, 0.0) for name in names],
                                            parameters.readings, parameters.every), strict=True))  # fmt: skip
        back = tuple(Deed(meter, "connected_to", ROOM, home=ROOM) for meter in meters)
        run.prompt(Prompt("prompt.take_meter_in", {"meter": ", ".join(meters)}, deeds=back))
        return [_outcome(context, unit, name, found[name], standards[name]) for name in names]


def _reader(context: Context, device: str, quantity: str) -> Callable[[], float]:
    return lambda: context.run.read(device, quantity).value


def _corrected(context: Context, standard: StandardReference) -> Callable[[], float]:
    return lambda: standard.corrected(context.run.read(standard.device, standard.quantity).value)


def _outcome(context: Context, unit: Unit, name: str, its: Beside, standard: StandardReference) -> Outcome:
    quantity, _, measure = _KINDS[name]
    shown, true = its.means
    u_reference = abs(true) * standard.u_pct / 100.0 + standard.u_offset
    test = context.judge.judge(
        f"{NAME}.{name}", context.subject(unit.name, quantity, measure, 0.0),
        value=indication_difference(its.shown, its.reference), n=len(its.shown),
        budget=its.budget(measure, u_reference, certificate_of(standard)), formula_numbers=f"{shown:.2f} − {true:.2f}",
    )  # fmt: skip
    table = Table(
        key="climate_comparison",
        columns=[Column(key="display", unit=measure, decimals=2), Column(key="reference", unit=measure, decimals=2),
                 Column(key="difference", unit=measure, decimals=2), Column(key="sd", unit=measure, decimals=3)],
        rows=[[shown, true, its.summary.mean, its.summary.sd]],
    )  # fmt: skip
    number = [float(place) for place in range(1, len(its.shown) + 1)]
    chart = Chart(key="climate_comparison", kind="series", y_unit=measure, names=["display", "reference"],
                  x=[number, number], y=[list(its.shown), list(its.reference)])  # fmt: skip
    data = MeasuredData(quantity=quantity, unit=measure, full_scale=0.0, tables=[table], charts=[chart])
    return Outcome(unit.name, quantity, data, [test], references=[standard.id])


PROCEDURE = ClimateComparison()
