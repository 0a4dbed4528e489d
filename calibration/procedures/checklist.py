"""A checklist: things that a person looks at and confirms, one question each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Takes, Unit
from calibration.record import MeasuredData, Message, PrepareCheck
from rig.run import Prompt

NAME = "checklist"
QUANTITY = "duties"
YES, NO = "yes", "no"


class ChecklistPlan(Parameters):
    """What a plan puts on a list."""

    items: list[str] = Field(min_length=1, description="each is a word of the catalogue (check.<item>) or plain")
    each: bool = Field(default=False, description="asked of each unit (papers), not once for the station (duties)")
    gate: bool = Field(default=False, description="a unit for which one is missing is not tested further")


class Checklist(Procedure[ChecklistPlan]):
    """Ask item by item; what is not in order counts.

    A list that is about the station is asked once and stands in the record of every unit, for it bears on all of them.
    """

    name = NAME
    parameters = ChecklistPlan
    criteria: ClassVar[Mapping[str, str]] = {"missing": "1"}
    takes: ClassVar[Takes] = "all"
    gas = False

    def judged(self, unit: Unit, parameters: ChecklistPlan) -> list[Judged]:
        """The list as a whole."""
        return [Judged(QUANTITY, "1", tuple(self.criteria))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ChecklistPlan) -> list[Outcome]:
        """Ask, and judge the count."""
        answers: dict[str, list[tuple[str, str]]] = {}
        asked_of = [unit.name for unit in units] if parameters.each else [""]
        for device in asked_of:
            answers[device] = [(item, _ask(context, device, item)) for item in parameters.items]
        return [
            _outcome(context, unit.name, answers[unit.name if parameters.each else ""], parameters) for unit in units
        ]


def _ask(context: Context, device: str, item: str) -> str:
    key, values = ("prompt.document", {"device": device}) if device else ("prompt.duty", {})
    return context.run.prompt(Prompt(key, {**values, "document": item}, expected=YES, choices=(YES, NO)))


def _outcome(context: Context, device: str, answers: Sequence[tuple[str, str]], plan: ChecklistPlan) -> Outcome:
    missing = [item for item, answer in answers if answer != YES]
    said = None
    if missing:
        said = Message(key="checklist.missing", values={"device": device, "document": missing[0], "n": len(missing)})
    subject = context.subject(device, QUANTITY, "1", 1.0)
    test = context.judge.judge(f"{NAME}.missing", subject, value=float(len(missing)), budget=None, n=len(answers),
                               message=said)  # fmt: skip
    checks = [PrepareCheck(name=item, found=answer, expected=YES, ok=answer == YES) for item, answer in answers]
    data = MeasuredData(quantity=QUANTITY, unit="1", full_scale=1.0, checks=checks)
    return Outcome(device, None, data, [test], hold=said if plan.gate else None)


PROCEDURE = Checklist()
