"""Zero drift within hours: the span between the highest and the lowest zero reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import asked_of, measure_together, request
from calibration.procedures.common.noise import noise_data, scatter_of
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit
from calibration.procedures.common.series import Series, collect
from calibration.record import Level, Test
from calibration.statistics.epa_part_53 import zero_drift_12h
from calibration.uncertainty import Budget, Component

NAME = "zero_range"


class ZeroRangePlan(Parameters):
    """What a plan may set of it."""

    hours: float = Field(default=12.0, gt=0)
    interval: Seconds = Field(default=600.0, gt=0, description="each datum is the mean over one interval")
    poll: Seconds = Field(default=60.0, gt=0)

    @property
    def count(self) -> int:
        """How many data."""
        return max(2, round(self.hours * 3600.0 / self.interval))


class ZeroRange(Procedure[ZeroRangePlan]):
    """Zero gas for some hours: 12ZD = Cmax - Cmin (40 CFR 53.23 (e)). All units breathe it at the same time."""

    name = NAME
    parameters = ZeroRangePlan
    criteria: ClassVar[Mapping[str, str]] = {"range": "quantity"}
    any_gas = True
    takes: ClassVar[Takes] = "all"

    def stages(self, units: Sequence[Unit], parameters: ZeroRangePlan, gas: GasPlan) -> list[Stage]:
        """Zero gas until all are stable, and the hours."""
        longest = max(gas.wait(unit.gas) for unit in units)
        return [Stage("zero", "", longest), Stage("noise", "", parameters.hours * 3600.0)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ZeroRangePlan) -> list[Outcome]:
        """Measure all units together."""
        asked = [asked_of(context, unit) for unit in units]
        scales = {unit.device: unit.scale for unit in asked}
        made = measure_together(context, asked, "zero", request(context, "", 0.0), [])
        context.run.step(f"{', '.join(scales)}: noise")
        found = collect(context.run, asked, parameters.count, parameters.interval, parameters.poll)
        return [_outcome(context, its, scales[its.device], made[its.device].levels[its.quantity]) for its in found]


def _outcome(context: Context, series: Series, scale: float, level: Level) -> Outcome:
    summary, _ = scatter_of(series)
    subject = context.subject(series.device, series.quantity, series.unit, scale)
    value, name = zero_drift_12h(series.means), f"{NAME}.range"
    tests: list[Test] = []
    if name in context.judge:
        # Both ends of the range scatter as one datum does about its neighbours.
        noise = Component("repeatability", "A", summary.sd, series.unit, 2.0**0.5, summary.n - 1.0,
                          basis_key="basis.repeatability",
                          basis_values={"n": summary.n, "s": summary.sd, "unit": series.unit})  # fmt: skip
        numbers = f"{summary.maximum:.4g} − {summary.minimum:.4g}"
        tests.append(context.judge.judge(name, subject, value=value, budget=Budget((noise,)), n=summary.n,
                                         formula_numbers=numbers))  # fmt: skip
    notes = [] if level.refused is None else [level.refused]
    return Outcome(series.device, series.quantity, noise_data(series, scale, level, summary), tests, notes)


PROCEDURE = ZeroRange()
