"""A backup begins its duty: hours since the fault, hours that the swap took, and the days by which things are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.dates import moment, months_later, shown
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Unit
from calibration.record import Column, MeasuredData, Message, Table, Test

NAME = "backup_in_service"
QUANTITY = "duty"


class BackupInServicePlan(Parameters):
    """What a plan may set of the beginning of a backup's duty."""

    filing_days: int = Field(default=7, ge=1, description="from the beginning of the fault")
    use_months: int = Field(default=1, ge=0)


class BackupInService(Procedure[BackupInServicePlan]):
    """The last step of a swap: the unit goes on duty now, and its dates are counted.

    The filing is due a week from the beginning of the fault: the rules may also be read as a week from the beginning
    of use, which is later. The month of use counts from now. A unit of which a test did not pass does not go on duty;
    what is left of the 48 h is said all the same.
    """

    name = NAME
    parameters = BackupInServicePlan
    criteria: ClassVar[Mapping[str, str]] = {"within": "h", "swap": "h"}
    papers: ClassVar[tuple[str, ...]] = ("fault_began",)
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Units that stand in for another one."""
        return unit.stands_in

    def judged(self, unit: Unit, parameters: BackupInServicePlan) -> list[Judged]:
        """The duty as a whole."""
        return [Judged(QUANTITY, "h", tuple(self.criteria))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: BackupInServicePlan) -> list[Outcome]:
        """Count hours and days."""
        [unit] = units
        run, device = context.run, unit.name
        replaced = run.identity(device).replaces
        assert replaced is not None  # it serves backups only
        assert replaced.fault_began is not None  # looked at before the run began
        began, now = replaced.fault_began, moment(run)
        since = (now - began).total_seconds() / 3600.0
        first = min((entry.started_s for entry in context.entries if entry.device == device), default=run.now())
        subject = context.subject(device, QUANTITY, "h", 1.0)
        limit = context.judge.criterion(f"{NAME}.within").limits(1.0, QUANTITY)[1]
        assert limit is not None  # hours have an upper limit
        tests = self._tests(context, device, began, since, (run.now() - first) / 3600.0)
        filing = (began + timedelta(days=parameters.filing_days)).astimezone(now.tzinfo)
        ends = months_later(now.date(), parameters.use_months)
        bad = [its for its in (*context.tests, *tests) if its.device == device and its.verdict != "pass"]
        values: dict[str, float | int | str | None] = {
            "device": device, "replaced": replaced.shown, "began": shown(began.astimezone(now.tzinfo)),
            "now": shown(now), "left": round(limit - since, 1), "filing": shown(filing), "ends": ends.isoformat(),
            "n": len(bad),
        }  # fmt: skip
        key = "backup_in_service.not_on_duty" if bad else "backup_in_service.on_duty"
        said = Message(key=key, values=values)
        due = shown((began + timedelta(hours=limit)).astimezone(now.tzinfo))
        events = {"fault": str(values["began"]), "due": due, "use": shown(now), "filing": shown(filing),
                  "end": ends.isoformat()}  # fmt: skip
        table = Table(
            key=NAME,
            columns=[Column(key="event"), Column(key="when")],
            rows=[[name, when] for name, when in events.items()],
        )
        data = MeasuredData(quantity=subject.quantity, unit="h", full_scale=limit, tables=[table])
        return [Outcome(device, None, data, tests, [said], headlines=[said])]

    def _tests(self, context: Context, device: str, began: datetime, since: float, took: float) -> list[Test]:
        """Hours since the fault and hours of the swap; void for a fault that is still to come."""
        subject = context.subject(device, QUANTITY, "h", 1.0)
        if since < 0.0:
            early = Message(key="backup_in_service.fault_to_come", values={"device": device, "began": shown(began)})
            return [context.judge.no_result(f"{NAME}.{short}", subject, "void", early) for short in self.criteria]
        return [
            context.judge.judge(f"{NAME}.within", subject, value=since, budget=None, n=1),
            context.judge.judge(f"{NAME}.swap", subject, value=took, budget=None, n=1),
        ]


PROCEDURE = BackupInService()
