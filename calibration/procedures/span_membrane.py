"""Reference membrane of a beta monitor that has one: what the last hour's check found against the stored mass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import BETA, scatter, shown
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Table
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget

NAME = "span_membrane"
QUANTITY = "membrane"
_UNIT = "mg/cm2"
_HOUR_S = 3600.0


class SpanMembranePlan(Parameters):
    """What a plan may set of a check of the membrane."""

    hours: int = Field(default=3, ge=2, description="hours whose own checks are read")


class SpanMembrane(Procedure[SpanMembranePlan]):
    """The unit measures its membrane in every hour: read what it found, some hours, and compare.

    A monitor that stores no mass of a membrane (``abs``) has none, and leaves no entry.
    """

    name = NAME
    parameters = SpanMembranePlan
    criteria: ClassVar[Mapping[str, str]] = {"error": "%"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Beta monitors."""
        return unit.weighing == BETA

    def judged(self, unit: Unit, parameters: SpanMembranePlan) -> list[Judged]:
        """The membrane."""
        return [Judged(QUANTITY, "%", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: SpanMembranePlan, gas: GasPlan) -> list[Stage]:
        """Hours."""
        return [Stage(NAME, "", parameters.hours * _HOUR_S)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: SpanMembranePlan) -> list[Outcome]:
        """Read, and compare."""
        [unit] = units
        device, run = unit.name, context.run
        stored = run.look(device, "abs")
        if not isinstance(stored, int | float):
            return []
        found = []
        for _ in range(parameters.hours):
            run.wait(_HOUR_S)
            found.append(shown(context, device, "membrane_abs", _UNIT, 0.0, 3.0, 4))
        summary, mass = summarize(found), float(stored)
        subject = context.subject(device, QUANTITY, "%", 100.0)
        test = context.judge.judge(
            f"{NAME}.error", subject, value=100.0 * (summary.mean - mass) / mass, n=summary.n,
            budget=Budget((scatter("repeatability", summary, _UNIT, 100.0 / mass),)),
            formula_numbers=f"({summary.mean:.4g} − {mass:.4g}) / {mass:.4g} × 100 %",
        )  # fmt: skip
        table = Table(key=NAME, columns=[Column(key="stored", unit=_UNIT, decimals=4),
                                         Column(key="measured", unit=_UNIT, decimals=4)],
                      rows=[[mass, its] for its in found])  # fmt: skip
        data = MeasuredData(quantity=QUANTITY, unit=_UNIT, full_scale=mass, tables=[table])
        return [Outcome(device, None, data, [test])]


PROCEDURE = SpanMembrane()
