"""Zero background of beta monitors: hours on filtered air, their mean, their scatter and the detection limit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import BETA, by_wire, hands, scatter, shown
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Gap, Judged, Procedure, Stage, Takes, Unit
from calibration.record import Chart, MeasuredData, Message, Test
from calibration.statistics.summary import summarize, variance_dof
from calibration.uncertainty import Budget
from rig.prompts import Deed

NAME = "zero_background"
QUANTITY, SHORT_COUNT = "zero", "zero_short_count"
_UNIT = "ug/m3"
_HOUR_S = 3600.0
_FULL_COUNT_MIN = 8
"""Count time that the limits of scatter are stated for (physics notes 3: 8 min, the designated one for PM2.5)."""


class ZeroBackgroundPlan(Parameters):
    """What a plan may set of a zero test."""

    hours: int = Field(default=72, ge=3)
    settle_hours: int = Field(default=4, ge=0, description="void hours after the filter is put on")
    recover: Seconds = Field(default=7200.0, description="from the filter's removal until the units are used again")


class ZeroBackground(Procedure[ZeroBackgroundPlan]):
    """All beta monitors of the bench with a filter on their inlets; an hourly value of each in every hour.

    A unit that counts for less than 8 min each time scatters more and has a limit of its own. The detection limit is
    that of a daily mean: two standard deviations of the hourly values over the root of 24.
    """

    name = NAME
    parameters = ZeroBackgroundPlan
    criteria: ClassVar[Mapping[str, str]] = {"mean": "ug/m3", "sd": "ug/m3", "detection_limit": "ug/m3"}
    takes: ClassVar[Takes] = "all"
    gas = False
    after_a_gap: ClassVar[Gap] = "test"

    def serves(self, unit: Unit) -> bool:
        """Beta monitors."""
        return unit.weighing == BETA

    def judged(self, unit: Unit, parameters: ZeroBackgroundPlan) -> list[Judged]:
        """The zero."""
        return [Judged(QUANTITY, _UNIT, tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: ZeroBackgroundPlan, gas: GasPlan) -> list[Stage]:
        """Hours on filtered air."""
        wanted = Message(key="prompt.zero_filter_on", values={"device": ", ".join(unit.name for unit in units)})
        hours = (parameters.settle_hours + parameters.hours) * _HOUR_S
        return [Stage(NAME, "", hours + parameters.recover, hands=wanted)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ZeroBackgroundPlan) -> list[Outcome]:
        """Filter on, hours, filter off."""
        run, names = context.run, [unit.name for unit in units]
        for name in names:
            hands(context, "prompt.zero_filter_on", name, Deed(name, "zero_filter", True, home=False))
        run.wait(parameters.settle_hours * _HOUR_S)
        hourly = {name: by_wire(context, name, "concentration_1h") or "concentration" for name in names}
        values: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(parameters.hours):
            run.wait(_HOUR_S)
            for name in names:
                values[name].append(shown(context, name, hourly[name], _UNIT, -100.0, 1000.0, 1))
        for name in names:
            hands(context, "prompt.zero_filter_off", name, Deed(name, "zero_filter", False, home=False))
        run.wait(parameters.recover)
        return [_outcome(context, name, values[name]) for name in names]


def _outcome(context: Context, device: str, values: list[float]) -> Outcome:
    count = context.run.look(device, "count_time")
    quantity = SHORT_COUNT if isinstance(count, int | float) and count < _FULL_COUNT_MIN else QUANTITY
    subject = context.subject(device, quantity, _UNIT, 1.0)
    summary, n = summarize(values), len(values)
    tests: list[Test] = []
    if summary.sd == 0.0:
        frozen = Message(key="zero_background.never_moved", values={"device": device, "n": n})
        names = [f"{NAME}.{short}" for short in PROCEDURE.criteria if f"{NAME}.{short}" in context.judge]
        tests = [context.judge.no_result(name, subject, "void", frozen) for name in names]
    else:
        if f"{NAME}.mean" in context.judge:
            budget = Budget((scatter("repeatability", summary, _UNIT, 1.0),))
            tests.append(context.judge.judge(f"{NAME}.mean", subject, value=summary.mean, budget=budget, n=n))
        for short, factor in (("sd", 1.0), ("detection_limit", 2.0 / math.sqrt(24.0))):
            if f"{NAME}.{short}" in context.judge:
                tests.append(
                    context.judge.judge_deviation(f"{NAME}.{short}", subject, s=summary.sd, factor=factor, n=n,
                                                  dof=variance_dof(n, summary.effective_n))
                )  # fmt: skip
    chart = Chart(key=NAME, kind="series", x_unit="h", y_unit=_UNIT, names=["zero"],
                  x=[[float(hour + 1) for hour in range(n)]], y=[values])  # fmt: skip
    data = MeasuredData(quantity=QUANTITY, unit=_UNIT, full_scale=1.0, charts=[chart])
    return Outcome(device, None, data, tests)


PROCEDURE = ZeroBackground()
