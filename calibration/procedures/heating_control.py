"""Heating of a beta monitor's sample by humidity: does the filter stay at the humidity that is set?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.hands import hold, put_down
from calibration.procedures.common.monitors import BETA, by_wire, scatter, shown
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Needed, Procedure, Stage, Takes, Unit
from calibration.record import Chart, MeasuredData, Message
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget, Component

NAME = "heating_control"
QUANTITY = "humidity"
_UNIT = "%"
_WHOLE = Component("resolution", "B", 1.0 / 12.0**0.5, _UNIT, 1.0, basis_key="basis.resolution",
                   basis_values={"step": 1.0, "unit": _UNIT})  # fmt: skip
"""Some wires tell the humidity in whole per cent."""


class HeatingControlPlan(Parameters):
    """What a plan may set of a look at the heating."""

    meter: str = "climate_meter"
    hours: float = Field(default=24.0, gt=0)
    every: Seconds = Field(default=3600.0, gt=0)
    margin: float = Field(
        default=20.0, ge=0, description="humidity outside over the set point from which it has to work"
    )
    least: int = Field(default=6, ge=2, description="readings with the heater at work that a verdict needs")


class HeatingControl(Procedure[HeatingControlPlan]):
    """Hours of sampling: humidity outside by a reference, humidity at the filter as the monitor shows it.

    Only hours count in which it is so humid outside that the heater has to work. A heater that does not warm leaves the
    filter too humid; one that cannot be turned down makes it too dry.
    """

    name = NAME
    parameters = HeatingControlPlan
    criteria: ClassVar[Mapping[str, str]] = {"humidity": "%"}
    takes: ClassVar[Takes] = "all"
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Beta monitors."""
        return unit.weighing == BETA

    def rests_on(self, unit: Unit, parameters: HeatingControlPlan) -> list[Needed]:
        """The reference outside."""
        return [Needed("meter", parameters.meter, ("humidity",))]

    def judged(self, unit: Unit, parameters: HeatingControlPlan) -> list[Judged]:
        """Humidity at the filter."""
        return [Judged(QUANTITY, _UNIT, tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: HeatingControlPlan, gas: GasPlan) -> list[Stage]:
        """Hours."""
        wanted = Message(key="prompt.hold_meter", values={"meter": parameters.meter, "place": "outside"})
        return [Stage(NAME, "", parameters.hours * 3600.0, hands=wanted)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: HeatingControlPlan) -> list[Outcome]:
        """Watch."""
        run, names = context.run, [unit.name for unit in units]
        hold(context, parameters.meter, "outside", ("room",))
        standard = run.supply.certified(parameters.meter, "humidity")
        where = {name: by_wire(context, name, "filter_rh", "hour_rh") or "filter_rh" for name in names}
        set_at = {name: shown(context, name, "rh_setpoint", _UNIT, 10.0, 95.0, 0) for name in names}
        seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
        begun = run.now()
        while run.now() - begun < parameters.hours * 3600.0:
            run.wait(parameters.every)
            outside = standard.corrected(run.read(parameters.meter, "humidity").value)
            for name in names:
                hours = (run.now() - begun) / 3600.0
                seen[name].append((hours, outside, shown(context, name, where[name], _UNIT, 0.0, 100.0, 1)))
        put_down(context, parameters.meter, "outside")
        return [_outcome(context, name, seen[name], set_at[name], parameters, standard.id) for name in names]


def _outcome(
    context: Context, device: str, seen: list[tuple[float, float, float]], set_at: float, plan: HeatingControlPlan,
    standard: str,
) -> Outcome:  # fmt: skip
    subject = context.subject(device, QUANTITY, _UNIT, 100.0)
    worked = [own for _, outside, own in seen if outside >= set_at + plan.margin]
    name = f"{NAME}.humidity"
    if len(worked) < plan.least:
        dry = Message(key="heating_control.too_dry", values={"device": device, "n": len(worked), "least": plan.least})
        test = context.judge.no_result(name, subject, "void", dry)
    else:
        summary = summarize(worked)
        test = context.judge.judge(name, subject, value=summary.mean - set_at, n=summary.n,
                                   budget=Budget((scatter("repeatability", summary, _UNIT, 1.0), _WHOLE)),
                                   formula_numbers=f"{summary.mean:.1f} − {set_at:.1f}")  # fmt: skip
    hours = [hour for hour, _, _ in seen]
    chart = Chart(key=NAME, kind="series", x_unit="h", y_unit=_UNIT, names=["outside", "at_the_filter"],
                  x=[hours, hours], y=[[its for _, its, _ in seen], [its for _, _, its in seen]])  # fmt: skip
    data = MeasuredData(quantity=QUANTITY, unit=_UNIT, full_scale=100.0, charts=[chart])
    return Outcome(device, None, data, [test], [], [standard])


PROCEDURE = HeatingControl()
