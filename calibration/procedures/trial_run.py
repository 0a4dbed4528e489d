"""Trial run: days and data capture as its report states them, and the day by which acceptance is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.dates import months_later
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Takes, Unit
from calibration.record import Column, MeasuredData, Message, Table
from rig.run import Prompt

NAME = "trial_run"
QUANTITY = "trial_run"


class TrialRunPlan(Parameters):
    """What a plan may set of the look at a trial run's report."""

    acceptance_months: int = Field(default=3, ge=1)
    days: float = Field(default=60.0, gt=0, description="what a person at an emulated bench reads in the report")
    capture_pct: float = Field(default=95.0, ge=0, le=100, description="the same, of the data capture")
    ended: date | None = Field(default=None, description="last day of the trial run; today if left out")


class TrialRun(Procedure[TrialRunPlan]):
    """Ask for the two figures of the report, once for the station, and count the months from the trial run's end."""

    name = NAME
    parameters = TrialRunPlan
    criteria: ClassVar[Mapping[str, str]] = {"days": "d", "capture": "%"}
    takes: ClassVar[Takes] = "all"
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Everything that measures the air: gases and particles."""
        return bool(unit.channels or unit.weighing)

    def judged(self, unit: Unit, parameters: TrialRunPlan) -> list[Judged]:
        """The trial run as a whole."""
        return [Judged(QUANTITY, "d", tuple(self.criteria))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: TrialRunPlan) -> list[Outcome]:
        """Ask, judge, count."""
        run = context.run
        days = float(
            run.prompt(Prompt("prompt.trial_days", expected=parameters.days, unit="d", lowest=0.0, highest=1000.0))
        )
        question = Prompt("prompt.trial_capture", expected=parameters.capture_pct, unit="%", lowest=0.0, highest=100.0)
        capture = float(run.prompt(question))
        ended = parameters.ended or run.today()
        due = months_later(ended, parameters.acceptance_months)
        key = "trial_run.due" if due >= run.today() else "trial_run.overdue"
        said = Message(key=key, values={"ended": ended.isoformat(), "day": due.isoformat()})
        table = Table(key=NAME, columns=[Column(key="event"), Column(key="when")],
                      rows=[["trial_run_ended", ended.isoformat()], ["acceptance_due", due.isoformat()]])  # fmt: skip
        outcomes = []
        for unit in units:
            subject = context.subject(unit.name, QUANTITY, "d", 1.0)
            tests = [context.judge.judge(f"{NAME}.days", subject, value=days, budget=None, n=1),
                     context.judge.judge(f"{NAME}.capture", subject, value=capture, budget=None, n=1)]  # fmt: skip
            data = MeasuredData(quantity=QUANTITY, unit="d", full_scale=1.0, tables=[table])
            outcomes.append(Outcome(unit.name, None, data, tests, [said]))
        outcomes[0].headlines.append(said)
        return outcomes


PROCEDURE = TrialRun()
