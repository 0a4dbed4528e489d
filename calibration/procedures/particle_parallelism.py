"""Parallelism of particle monitors side by side: how far their daily means lie from each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from calibration.procedures.common.campaign import day_means
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Equipment, Judged, Missing, Procedure, Stage, Unit
from calibration.procedures.common.side_by_side import SideBySidePlan, days_beside
from calibration.record import Column, MeasuredData, Message, Table
from calibration.statistics.hj_particles import parallelism
from rig.host.kinds import MONITOR

NAME = "particle_parallelism"
UNIT = "ug/m3"


class ParticleParallelismPlan(SideBySidePlan):
    """What a plan may set of it, beside the days."""

    units: int = Field(default=3, ge=2, description="how many there must be")


class ParticleParallelism(Procedure[ParticleParallelismPlan]):
    """The relative standard deviation of the units on each day, and the root mean square of the days.

    The result is that of the group; it stands with its first unit.
    """

    name = NAME
    parameters = ParticleParallelismPlan
    criteria: ClassVar[Mapping[str, str]] = {"overall": "%"}
    takes: ClassVar[Literal["all"]] = "all"
    gas = False
    after_a_gap: ClassVar[Literal["day"]] = "day"

    def serves(self, unit: Unit) -> bool:
        """A particle monitor."""
        return unit.kind == MONITOR

    def judged(self, unit: Unit, parameters: ParticleParallelismPlan) -> list[Judged]:
        """The size."""
        return [Judged(parameters.quantity, "%", tuple(self.criteria))]

    def missing(
        self, units: Sequence[Unit], parameters: ParticleParallelismPlan, bench: Equipment
    ) -> list[Missing]:  # fmt: skip
        """Enough units."""
        if len(units) >= parameters.units:
            return []
        found = f"{len(units)}: {', '.join(unit.name for unit in units)}"
        return [Missing("device", f"{parameters.units} monitors of one kind", found)]

    def stages(self, units: Sequence[Unit], parameters: ParticleParallelismPlan, gas: GasPlan) -> list[Stage]:
        """Day by day."""
        return [Stage("day", "", 86400.0)] * parameters.days

    def perform(self, context: Context, units: Sequence[Unit], parameters: ParticleParallelismPlan) -> list[Outcome]:
        """Read, and judge."""
        names = [unit.name for unit in units]
        days = days_beside(context, names, parameters.days)
        columns = [day_means(days, name, parameters.least_hours) for name in names]
        valid = [[value for value in row if value is not None] for row in zip(*columns, strict=True)]
        batches = [row for row in valid if len(row) == len(names)]
        rows: list[list[float | str | Message | None]] = [
            [float(place), *row] for place, row in enumerate(zip(*columns, strict=True), 1)
        ]  # fmt: skip
        heads = [Column(key="day", decimals=0), *(Column(key=name, unit=UNIT, decimals=1) for name in names)]
        outcomes = []
        for unit in units:
            subject = context.subject(unit.name, parameters.quantity, "%", 100.0)
            name = f"{NAME}.overall"
            if len(batches) < parameters.least_days:
                reason = Message(key="comparison.too_few_days",
                                 values={"found": len(batches), "least": parameters.least_days})  # fmt: skip
                test = context.judge.no_result(name, subject, "void", reason)
            else:
                found = parallelism(batches)
                test = context.judge.judge(name, subject, value=found.overall, budget=None, n=len(batches))
            data = MeasuredData(quantity=parameters.quantity, unit=UNIT, full_scale=0.0,
                                tables=[Table(key=NAME, columns=heads, rows=rows)])  # fmt: skip
            outcomes.append(Outcome(unit.name, parameters.quantity, data, [test]))
        return outcomes


PROCEDURE = ParticleParallelism()
