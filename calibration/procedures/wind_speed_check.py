"""Wind speed in a tunnel: error at several speeds, and the speed at which the sensor begins to show any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.beside import Beside, by_the_plan, read_beside
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.procedures.common.wind import TunnelPlan, quantity_of, set_tunnel, take_tunnel_off
from calibration.record import Chart, Column, MeasuredData, Message, Table
from calibration.uncertainty import Budget, Component

NAME = "wind_speed_check"
QUANTITY = "wind_speed"
_ATTEMPTS = 3


class WindSpeedCheckPlan(TunnelPlan):
    """What a plan may set of it.

    Above ``high_from`` the limit is one in per cent. A difference of more than ``doubted_pct`` (and 0.5 m/s) has the
    tunnel looked at first. ``shown_least`` is what counts as a reading at all.
    """

    speeds: list[float] = Field(default=[2.0, 5.0, 10.0, 20.0], min_length=1)
    high_from: float = Field(default=5.0, gt=0)
    readings: int = Field(default=10, ge=3)
    every: Seconds = Field(default=10.0, gt=0)
    step: float = Field(default=0.1, ge=0, description="resolution of the display, m/s")
    shown_least: float = Field(default=0.1, gt=0)
    doubted_pct: float = Field(default=30.0, gt=0)


class WindSpeedCheck(Procedure[WindSpeedCheckPlan]):
    """Have a tunnel set to speed after speed, and compare; then from still air upwards until something is shown."""

    name = NAME
    parameters = WindSpeedCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {"low": "m/s", "high": "%", "threshold": "m/s"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """A weather station."""
        return unit.kind == "weather"

    def judged(self, unit: Unit, parameters: WindSpeedCheckPlan) -> list[Judged]:
        """One speed; by the criteria that its levels have."""
        low = ("low",) if any(speed <= parameters.high_from for speed in parameters.speeds) else ()
        high = ("high",) if any(speed > parameters.high_from for speed in parameters.speeds) else ()
        return [Judged(QUANTITY, "m/s", (*low, *high, "threshold"))]

    def stages(self, units: Sequence[Unit], parameters: WindSpeedCheckPlan, gas: GasPlan) -> list[Stage]:
        """Speed by speed."""
        length = parameters.settle + (parameters.readings - 1) * parameters.every
        hands = {
            speed: Message(key="prompt.wind_tunnel", values={"device": units[0].name, "speed": speed})
            for speed in (*parameters.speeds, *parameters.threshold_speeds)
        }
        return [
            *(Stage(f"{speed:g} m/s", "", length, hands=hands[speed]) for speed in parameters.speeds),
            *(Stage(f"{speed:g} m/s", "", parameters.settle, hands=hands[speed])
              for speed in parameters.threshold_speeds[:1]),
        ]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: WindSpeedCheckPlan) -> list[Outcome]:
        """Compare and judge; the worst of the speeds counts."""
        [unit] = units
        name = quantity_of(context, unit.name, "speed")
        notes: list[Message] = []
        found = {speed: _at(context, unit.name, name, speed, parameters, notes) for speed in parameters.speeds}
        started, low, high = _threshold(context, unit.name, name, parameters)
        take_tunnel_off(context, unit.name)
        subject = context.subject(unit.name, QUANTITY, "m/s", 0.0)
        tests = []
        slow = [its for speed, its in found.items() if speed <= parameters.high_from]
        fast = [its for speed, its in found.items() if speed > parameters.high_from]
        if slow:
            worst = max(slow, key=lambda its: abs(its.summary.mean))
            tests.append(context.judge.judge(
                f"{NAME}.low", subject, value=worst.summary.mean, n=len(worst.shown),
                budget=_budget(worst, parameters, 1.0), formula_numbers="{:.2f} − {:.2f}".format(*worst.means),
            ))  # fmt: skip
        if fast:
            worst = max(fast, key=lambda its: abs(its.summary.mean / its.means[1]))
            shown, true = worst.means
            tests.append(context.judge.judge(
                f"{NAME}.high", subject, value=100.0 * worst.summary.mean / true, n=len(worst.shown),
                budget=_budget(worst, parameters, 100.0 / true),
                formula_numbers=f"({shown:.2f} − {true:.2f}) / {true:.2f} × 100 %",
            ))  # fmt: skip
        width = Component("step", "B", (high - low) / 12.0**0.5, "m/s", 1.0, basis_key="basis.between_steps",
                          basis_values={"low": low, "high": high})  # fmt: skip
        tests.append(context.judge.judge(
            f"{NAME}.threshold", subject, value=started, n=1, budget=Budget((width,)),
            message=None if started <= parameters.threshold_speeds[-1] else Message(
                key="wind.never_started", values={"device": unit.name, "speed": parameters.threshold_speeds[-1]}),
        ))  # fmt: skip
        return [Outcome(unit.name, QUANTITY, _data(found), tests, notes)]


def _at(
    context: Context, device: str, name: str, speed: float, plan: WindSpeedCheckPlan, notes: list[Message]
) -> Beside:
    """Readings at one speed; where the two cannot belong together, the tunnel is looked at again."""
    run = context.run
    for attempt in range(1, _ATTEMPTS + 1):
        run.step(f"{speed:g} m/s")
        true = set_tunnel(context, device, speed)
        run.wait(plan.settle)
        [its] = read_beside(context, [(lambda: run.read(device, name).value, lambda true=true: true)],  # type: ignore[misc]
                            [plan.step], plan.readings, plan.every)  # fmt: skip
        if abs(its.summary.mean) <= max(0.5, plan.doubted_pct / 100.0 * true) or attempt == _ATTEMPTS:
            break
        notes.append(Message(key="wind.tunnel_doubted", values={"device": device, "speed": speed, "attempt": attempt}))
    return its


def _threshold(
    context: Context, device: str, name: str, plan: WindSpeedCheckPlan
) -> tuple[float, float, float]:  # fmt: skip
    """The lowest speed at which something is shown, and the speeds between which it begins; from still air upwards."""
    below, speed = 0.0, 0.0
    for speed in plan.threshold_speeds:
        true = set_tunnel(context, device, speed)
        context.run.wait(plan.settle)
        if context.run.read(device, name).value >= plan.shown_least:
            return true, below, true
        below = true
    return 2.0 * speed, below, 2.0 * speed


def _budget(its: Beside, plan: WindSpeedCheckPlan, scale: float) -> Budget:
    u = its.means[1] * plan.tunnel_u_pct / 100.0 + plan.tunnel_u
    return its.budget("m/s", u, by_the_plan("tunnel_u"), scale)


def _data(found: Mapping[float, Beside]) -> MeasuredData:
    rows: list[list[float | str | Message | None]] = [
        [its.means[1], its.means[0], its.summary.mean, 100.0 * its.summary.mean / its.means[1]]
        for its in found.values()
    ]  # fmt: skip
    columns = [Column(key="reference", unit="m/s", decimals=2), Column(key="display", unit="m/s", decimals=2),
               Column(key="difference", unit="m/s", decimals=2), Column(key="error", unit="%", decimals=2)]  # fmt: skip
    speeds, errors = [its.means[1] for its in found.values()], [its.summary.mean for its in found.values()]
    chart = Chart(key="wind_speed_check", kind="series", x_unit="m/s", y_unit="m/s", x=[speeds], y=[errors])
    return MeasuredData(quantity=QUANTITY, unit="m/s", full_scale=0.0, charts=[chart],
                        tables=[Table(key="wind_speed_check", columns=columns, rows=rows)])  # fmt: skip


PROCEDURE = WindSpeedCheck()
