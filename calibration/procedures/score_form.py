"""The form of an inspection: points for each thing that was found in order."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Procedure, Unit
from calibration.record import Column, MeasuredData, Message, Table

NAME = "score_form"


class ScoreFormPlan(Parameters):
    """What a plan may set of the form."""

    points: dict[str, float] = Field(min_length=1, description="full name of a criterion -> points for passing it")


class ScoreForm(Procedure[ScoreFormPlan]):
    """Add up the points of a unit from the results of the steps before.

    An item has its points if every result of its criterion passed; one that was not tested has none, and says so. Items
    that nothing was judged by on this unit (a converter, on a unit without one) are left out of the sum and of what can
    be reached.
    """

    name = NAME
    parameters = ScoreFormPlan
    gas = False

    def perform(self, context: Context, units: Sequence[Unit], parameters: ScoreFormPlan) -> list[Outcome]:
        """Add up."""
        [unit] = units
        own = [test for test in context.tests if test.device == unit.name]
        rows: list[list[float | str | Message | None]] = []
        reached, possible = 0.0, 0.0
        for criterion, points in parameters.points.items():
            verdicts = [test.verdict for test in own if test.criterion == criterion]
            if not verdicts:
                continue
            got = points if all(verdict == "pass" for verdict in verdicts) else 0.0
            worst = next((verdict for verdict in verdicts if verdict != "pass"), "pass")
            rows.append(
                [Message(key=f"criterion.{criterion}"), Message(key=f"verdict.{worst.replace(' ', '_')}"), points, got]
            )
            reached, possible = reached + got, possible + points
        said = Message(key="score_form.score", values={"device": unit.name, "score": reached, "possible": possible})
        table = Table(
            key=NAME,
            columns=[Column(key="criterion"), Column(key="verdict"), Column(key="points", decimals=1),
                     Column(key="reached", decimals=1)],
            rows=rows,
        )  # fmt: skip
        data = MeasuredData(quantity="score", unit="1", full_scale=possible, tables=[table])
        return [Outcome(unit.name, None, data, notes=[said], headlines=[said])]


PROCEDURE = ScoreForm()
