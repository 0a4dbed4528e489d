"""Unattended operation: days without hands, then the drift over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.budgets import budget_of_means
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, Windows, asked_of, refusal
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Gap, Judged, Procedure, Stage, Takes, Unit, Wanted
from calibration.procedures.common.references import reference_ids
from calibration.procedures.common.visits import excess, visit, visit_gases, visit_stages
from calibration.procedures.undisturbed_run import interrupted
from calibration.record import Column, Level, MeasuredData, Message, Table
from rig.host.kinds import Channel

NAME = "unattended_operation"
_DAY_S = 86_400.0


class UnattendedPlan(Parameters):
    """What a plan may set of it."""

    days: float = Field(default=7.0, gt=0)
    look_every: Seconds = Field(default=3600.0, gt=0)
    high_pct: float = Field(default=80.0, gt=0, le=100)

    def levels(self) -> dict[str, float]:
        """Level of each criterion of drift, % of full scale."""
        return {"zero": 0.0, "high": self.high_pct}


class UnattendedOperation(Procedure[UnattendedPlan]):
    """Zero and span are read, nobody touches the unit for the days, and both are read again.

    ``days`` are those until it showed an alarm or did not answer; ``zero`` and ``high`` are what the readings changed.
    """

    name = NAME
    parameters = UnattendedPlan
    criteria: ClassVar[Mapping[str, str]] = {"days": "d", "zero": "quantity", "high": "quantity"}
    takes: ClassVar[Takes] = "all"
    after_a_gap: ClassVar[Gap] = "sequence"

    def judged(self, unit: Unit, parameters: UnattendedPlan) -> list[Judged]:
        """Days of the unit as a whole, drift of each channel."""
        days = Judged("running_time", "d", ("days",))
        return [days, *(Judged(channel.quantity, channel.unit, ("zero", "high")) for channel in unit.channels)]

    def stages(self, units: Sequence[Unit], parameters: UnattendedPlan, gas: GasPlan) -> list[Stage]:
        """A visit, the days, a visit."""
        way = visit_stages(units, parameters.levels(), gas)
        return [*way, Stage("running", "", parameters.days * _DAY_S), *way]

    def wanted(self, unit: Unit, parameters: UnattendedPlan, gas: GasPlan) -> list[Wanted]:
        """Span gas before and after."""
        return list(visit_gases(unit, parameters.levels(), gas, 2))

    def perform(self, context: Context, units: Sequence[Unit], parameters: UnattendedPlan) -> list[Outcome]:
        """Read, wait and look, read again."""
        run = context.run
        asked = {unit.name: asked_of(context, unit) for unit in units}
        windows: Windows = {}
        visit(context, units, asked, parameters.levels(), windows)
        run.rest()
        run.step(f"{', '.join(asked)}: running")
        begun, ended = run.now(), {}
        while (passed := run.now() - begun) < parameters.days * _DAY_S:
            run.wait(min(parameters.look_every, parameters.days * _DAY_S - passed))
            for unit in units:
                if unit.name not in ended and (why := interrupted(context, unit.name)):
                    ended[unit.name] = ((run.now() - begun) / _DAY_S, why)
        for unit in units:
            run.enter_gas(unit.name)
        visit(context, units, asked, parameters.levels(), windows)
        found = []
        for unit in units:
            found.append(_of_the_unit(context, unit, parameters, ended.get(unit.name)))
            for channel in unit.channels:
                levels = {short: windows[unit.name, channel.quantity, short] for short in parameters.levels()}
                found.append(_outcome(context, channel, asked[unit.name], parameters, levels))
        return found


def _of_the_unit(context: Context, unit: Unit, parameters: UnattendedPlan, ended: tuple[float, str] | None) -> Outcome:
    name = f"{NAME}.days"
    days = parameters.days if ended is None else ended[0]
    notes = [] if ended is None else [
        Message(key="unattended.interrupted", values={"device": unit.name, "days": round(ended[0], 1),
                                                      "reason": ended[1]})
    ]  # fmt: skip
    subject = context.subject(unit.name, "running_time", "d", unit.full_scale)
    tests = [context.judge.judge(name, subject, value=days, budget=None, n=1)] if name in context.judge else []
    data = MeasuredData(quantity="running_time", unit="d", full_scale=parameters.days)
    return Outcome(unit.name, "running_time", data, tests, notes)


def _outcome(
    context: Context, channel: Channel, asked: Asked, parameters: UnattendedPlan, levels: Mapping[str, list[Level]]
) -> Outcome:
    subject = context.of_channel(asked.device, channel, asked.scale)
    refused = refusal(level for some in levels.values() for level in some)
    tests = []
    rows: list[list[float | str | Message | None]] = []
    for short, pair in levels.items():
        before, after = excess(pair)
        rows.append([pair[0].label, before, after, after - before])
        name = f"{NAME}.{short}"
        if name not in context.judge:
            continue
        if refused is not None:
            tests.append(context.judge.no_result(name, subject, "void", refused))
            continue
        budget = budget_of_means(context, channel.gas, pair, [-1.0, 1.0], channel.unit, same_gas=True)
        tests.append(context.judge.judge(name, subject, value=after - before, budget=budget, n=2,
                                         formula_numbers=f"{after:.4g} − {before:.4g}"))  # fmt: skip
    columns = [Column(key="level"), *(Column(key=key, unit=channel.unit, decimals=2)
                                      for key in ("before", "after", "change"))]  # fmt: skip
    data = MeasuredData(
        quantity=channel.quantity, unit=channel.unit, full_scale=asked.scale,
        levels=[level for some in levels.values() for level in some],
        tables=[Table(key="unattended", columns=columns, rows=rows)],
    )  # fmt: skip
    notes = [] if refused is None else [refused]
    return Outcome(asked.device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas))


PROCEDURE = UnattendedOperation()
