"""Wind direction at stated angles: how a sensor is turned, how linear it is, and from which wind a vane follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.beside import Beside, read_beside
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.procedures.common.wind import (
    VANE,
    TunnelPlan,
    quantity_of,
    set_tunnel,
    take_tunnel_off,
    turned_by,
)
from calibration.record import Chart, Column, MeasuredData, Message, Table, Test
from calibration.statistics.summary import mean
from calibration.uncertainty import Budget, Component
from rig.run import Deed, Prompt

NAME = "wind_direction_check"
QUANTITY = "wind_direction"


class WindDirectionCheckPlan(TunnelPlan):
    """What a plan may set of it.

    ``angles_u`` is the standard uncertainty of a stated angle, and ``north_u`` that of the compass or bearing that all
    share. A head without a vane is turned in a tunnel of ``speed``. For the threshold a vane is turned away by
    ``deflection`` and let go: it has followed when it is back within half of it.
    """

    angles: list[float] = Field(default=[10.0, 55.0, 100.0, 145.0, 190.0, 235.0, 280.0, 325.0], min_length=3)
    angles_u: float = Field(default=0.5, ge=0)
    north_u: float = Field(default=0.5, ge=0)
    speed: float = Field(default=5.0, gt=0)
    readings: int = Field(default=5, ge=3)
    every: Seconds = Field(default=10.0, gt=0)
    step: float = Field(default=1.0, ge=0, description="resolution of the display, deg")
    deflection: float = Field(default=10.0, gt=0, lt=90)


class WindDirectionCheck(Procedure[WindDirectionCheckPlan]):
    """Have the vane held, or the head turned in a tunnel, at angle after angle, and compare."""

    name = NAME
    parameters = WindDirectionCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {
        "orientation": "deg", "linearity": "deg", "accuracy": "deg", "threshold": "m/s",
    }  # fmt: skip
    gas = False

    def serves(self, unit: Unit) -> bool:
        """A weather station."""
        return unit.kind == "weather"

    def judged(self, unit: Unit, parameters: WindDirectionCheckPlan) -> list[Judged]:
        """One direction; only a vane has a threshold."""
        names = tuple(self.criteria)
        return [Judged(QUANTITY, "deg", names if VANE in unit.method else names[:3])]

    def stages(self, units: Sequence[Unit], parameters: WindDirectionCheckPlan, gas: GasPlan) -> list[Stage]:
        """Angle by angle."""
        length = parameters.settle + (parameters.readings - 1) * parameters.every
        key = "prompt.hold_vane" if VANE in units[0].method else "prompt.turn_head"
        found = [
            Stage(f"{angle:g} deg", "", length,
                  hands=Message(key=key, values={"device": units[0].name, "angle": angle, "speed": parameters.speed}))
            for angle in parameters.angles
        ]  # fmt: skip
        if VANE in units[0].method:
            found += [Stage(f"{speed:g} m/s", "", 2.0 * parameters.settle) for speed in parameters.threshold_speeds[:1]]
        return found

    def perform(self, context: Context, units: Sequence[Unit], parameters: WindDirectionCheckPlan) -> list[Outcome]:
        """Compare, and judge the mean error, the largest about it, and the largest of all."""
        [unit] = units
        has_vane = VANE in unit.method
        name = quantity_of(context, unit.name, "direction")
        found = [_at(context, unit, name, angle, parameters) for angle in parameters.angles]
        started = _threshold(context, unit.name, name, parameters) if has_vane else None
        take_tunnel_off(context, unit.name)
        errors = [its.summary.mean for its in found]
        turned = mean(errors)
        bent = max((error - turned for error in errors), key=abs)
        subject = context.subject(unit.name, QUANTITY, "deg", 0.0)
        worst = max(found, key=lambda its: abs(its.summary.mean))
        angles = Component("angles", "B", parameters.angles_u, "deg", 1.0, basis_key="basis.plan_parameter",
                           basis_values={"name": "angles_u"})  # fmt: skip
        shared = Component("angles", "B", parameters.angles_u, "deg", len(errors) ** -0.5,
                           basis_key="basis.plan_parameter", basis_values={"name": "angles_u"})  # fmt: skip
        north = Component("north", "B", parameters.north_u, "deg", 1.0, basis_key="basis.plan_parameter",
                          basis_values={"name": "north_u"})  # fmt: skip
        display = Component("resolution", "B", parameters.step / 12.0**0.5, "deg", 1.0, basis_key="basis.resolution",
                            basis_values={"step": parameters.step, "unit": "deg"})  # fmt: skip
        tests = [
            context.judge.judge(f"{NAME}.orientation", subject, value=turned, n=len(errors),
                                budget=Budget((shared, north))),
            context.judge.judge(f"{NAME}.linearity", subject, value=bent, n=len(errors),
                                budget=Budget((angles, display))),
            context.judge.judge(f"{NAME}.accuracy", subject, value=worst.summary.mean, n=len(errors),
                                budget=Budget((angles, display, north))),
        ]  # fmt: skip
        if started is not None:
            tests.append(_threshold_test(context, unit, started, parameters))
        return [Outcome(unit.name, QUANTITY, _data(parameters.angles, errors, turned), tests)]


def _at(context: Context, unit: Unit, name: str, angle: float, plan: WindDirectionCheckPlan) -> Beside:
    """Readings at one angle, as angles that go round no corner."""
    run, device = context.run, unit.name
    run.step(f"{angle:g} deg")
    if VANE in unit.method:
        deed = Deed(device, "vane_held", angle, home=-1.0)
        run.prompt(Prompt("prompt.hold_vane", {"device": device, "angle": angle}, deeds=(deed,)))
    else:
        deeds = (Deed(device, "tunnel_speed", plan.speed, home=-1.0), Deed(device, "tunnel_from", angle))
        run.prompt(
            Prompt("prompt.turn_head", {"device": device, "angle": angle, "speed": plan.speed}, deeds=deeds)
        )  # fmt: skip
    run.wait(plan.settle)
    [its] = read_beside(
        context, [(lambda: angle + turned_by(run.read(device, name).value, angle), lambda: angle)], [plan.step],
        plan.readings, plan.every,
    )  # fmt: skip
    return its


def _threshold(
    context: Context, device: str, name: str, plan: WindDirectionCheckPlan
) -> tuple[float, float, float]:  # fmt: skip
    """The lowest speed at which the vane comes back, and the speeds between which that lies."""
    run, wind = context.run, 180.0
    below, speed = 0.0, 0.0
    aside = wind + plan.deflection
    for speed in plan.threshold_speeds:
        held = Deed(device, "vane_held", aside, home=-1.0)
        run.prompt(Prompt("prompt.hold_vane", {"device": device, "angle": aside}, deeds=(held,)))
        true = set_tunnel(context, device, speed, (Deed(device, "tunnel_from", wind),))
        run.wait(plan.settle)
        as_held = run.read(device, name).value
        let_go = Deed(device, "vane_held", -1.0, home=-1.0)
        run.prompt(Prompt("prompt.let_vane_go", {"device": device}, deeds=(let_go,)))
        run.wait(plan.settle)
        if abs(turned_by(run.read(device, name).value, as_held)) >= plan.deflection / 2.0:
            return true, below, true
        below = true
    return 2.0 * speed, below, 2.0 * speed


def _threshold_test(
    context: Context, unit: Unit, started: tuple[float, float, float], plan: WindDirectionCheckPlan
) -> Test:
    value, low, high = started
    width = Component("step", "B", (high - low) / 12.0**0.5, "m/s", 1.0, basis_key="basis.between_steps",
                      basis_values={"low": low, "high": high})  # fmt: skip
    never = value > plan.threshold_speeds[-1]
    return context.judge.judge(
        f"{NAME}.threshold", context.subject(unit.name, QUANTITY, "m/s", 0.0), value=value, n=1,
        budget=Budget((width,)),
        message=Message(key="wind.never_started", values={"device": unit.name, "speed": plan.threshold_speeds[-1]})
        if never else None,
    )  # fmt: skip


def _data(angles: Sequence[float], errors: Sequence[float], turned: float) -> MeasuredData:
    rows: list[list[float | str | Message | None]] = [
        [angle, angle + error, error, error - turned] for angle, error in zip(angles, errors, strict=True)
    ]
    columns = [Column(key=key, unit="deg", decimals=1) for key in ("reference", "display", "difference", "about_mean")]
    chart = Chart(key="wind_direction_check", kind="series", x_unit="deg", y_unit="deg", x=[list(angles)],
                  y=[list(errors)])  # fmt: skip
    return MeasuredData(quantity=QUANTITY, unit="deg", full_scale=0.0, charts=[chart],
                        tables=[Table(key="wind_direction_check", columns=columns, rows=rows)])  # fmt: skip


PROCEDURE = WindDirectionCheck()
