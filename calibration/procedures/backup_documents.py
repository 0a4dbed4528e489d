"""Papers of a unit that is to stand in for another: principle, type approval, age, archive. Nothing is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

from pydantic import Field

from calibration.criteria import Subject
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.dates import months_later, years_between
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import MeasuredData, Message, PrepareCheck, Test
from rig.host.plate import Plate, Replaced
from rig.run import Prompt

NAME = "backup_documents"
QUANTITY = "documents"
PARTICLES = "particles"
"""What a particle monitor measures; which of them is a matter of the head on its inlet, not of the unit."""
YES, NO = "yes", "no"


class BackupDocumentsPlan(Parameters):
    """What a plan may set of the look at a backup's papers."""

    use_months: int = Field(default=1, ge=0, description="how long it is to be used, from today on")
    documents: list[str] = Field(
        default=["manual", "approval_certificate", "debug_report", "parameter_list"],
        description="what must lie in the unit's archive; each is asked for",
    )


class BackupDocuments(Procedure[BackupDocumentsPlan]):
    """Hold a backup's plate and papers against the rules, before anything is connected.

    Principle and approval are those that bench file and catalogue tell. Age counts from the day of first service, or
    from that of making where no service is known, to the day on which a use that begins today would end. A unit that
    may not be used is not tested further.
    """

    name = NAME
    parameters = BackupDocumentsPlan
    criteria: ClassVar[Mapping[str, str]] = {"principle": "1", "approval": "1", "age": "a", "papers": "1"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Units that stand in for another one."""
        return unit.stands_in

    def judged(self, unit: Unit, parameters: BackupDocumentsPlan) -> list[Judged]:
        """The unit as a whole."""
        return [Judged(QUANTITY, "1", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: BackupDocumentsPlan, gas: GasPlan) -> list[Stage]:
        """A question for each paper takes no time of the bench."""
        return [Stage(NAME, "", 0.0)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: BackupDocumentsPlan) -> list[Outcome]:
        """Judge the four, and hold the unit if one of them fails."""
        [unit] = units
        identity = context.run.identity(unit.name)
        assert identity.replaces is not None  # it serves backups only
        subject = context.subject(unit.name, QUANTITY, "1", 1.0)
        checks: list[PrepareCheck] = []
        quantities = tuple(channel.quantity for channel in unit.channels) or (PARTICLES,)
        tests = [
            _principle(context, subject, identity.method, quantities, identity.replaces, checks),
            _approval(context, subject, identity.plate, checks),
            _age(context, subject, identity.plate, parameters, checks),
            _papers(context, subject, unit.name, parameters, checks),
        ]
        refused = next((test.message for test in tests if test.verdict != "pass" and test.message is not None), None)
        data = MeasuredData(quantity=QUANTITY, unit="1", full_scale=1.0, checks=checks)
        stands_in = Message(key="backup.stands_in", values={"device": unit.name, "replaced": identity.replaces.shown})
        return [Outcome(unit.name, None, data, tests, [stands_in], hold=refused,
                        headlines=[] if refused is None else [refused])]  # fmt: skip


def last_day_of_use(plate: Plate, use_months: int, years: int = 8) -> tuple[date, date] | None:
    """When the years of a unit are full, and the last day on which a use of so many months may begin.

    None if neither the day of its first service nor that of its making is known.
    """
    since = plate.in_service or plate.manufactured
    if since is None:
        return None
    full = months_later(since, 12 * years)
    return full, months_later(full, -use_months)


def _principle(
    context: Context, subject: Subject, method: str, quantities: tuple[str, ...], replaced: Replaced,
    checks: list[PrepareCheck],
) -> Test:  # fmt: skip
    wrong = (
        list(quantities)
        if method != replaced.method
        else [q for q in quantities if q not in (*replaced.quantities, PARTICLES)]
    )
    checks.append(PrepareCheck(name="principle", found=method, expected=replaced.method, ok=not wrong))
    reason = Message(
        key="backup.another_principle",
        values={"device": subject.device, "method": method, "replaced": replaced.shown},
    )
    return context.judge.judge(f"{NAME}.principle", subject, value=float(len(wrong)), budget=None, n=len(quantities),
                               message=reason if wrong else None)  # fmt: skip


def _approval(context: Context, subject: Subject, plate: Plate, checks: list[PrepareCheck]) -> Test:
    missing = not plate.approval
    checks.append(PrepareCheck(name="approval", found=plate.approval or "none", expected="a number", ok=not missing))
    reason = Message(key="backup.no_approval", values={"device": subject.device})
    return context.judge.judge(f"{NAME}.approval", subject, value=float(missing), budget=None, n=1,
                               message=reason if missing else None)  # fmt: skip


def _age(
    context: Context, subject: Subject, plate: Plate, plan: BackupDocumentsPlan, checks: list[PrepareCheck]
) -> Test:
    name, since = f"{NAME}.age", plate.in_service or plate.manufactured
    limit = context.judge.criterion(name).limits(1.0, QUANTITY)[1]
    assert limit is not None  # years of service have an upper limit
    days = last_day_of_use(plate, plan.use_months, round(limit))
    if since is None or days is None:
        checks.append(PrepareCheck(name="age", found="not known", expected=f"up to {limit:g} a", ok=False))
        return context.judge.no_result(
            name, subject, "not tested", Message(key="backup.age_not_known", values={"device": subject.device})
        )
    today = context.run.today()
    ends = months_later(today, plan.use_months)
    value = years_between(since, ends)
    full, last = days
    checks.append(PrepareCheck(name="age", found=f"{value:.2f} a on {ends}", expected=f"up to {limit:g} a, {full}",
                               ok=value <= limit))  # fmt: skip
    reason = Message(
        key="backup.too_old",
        values={"device": subject.device, "limit": limit, "day": full.isoformat(), "ends": ends.isoformat(),
                "last": last.isoformat()},
    )  # fmt: skip
    return context.judge.judge(name, subject, value=value, budget=None, n=1, formula_numbers=f"{since} to {ends}",
                               message=reason if value > limit else None)  # fmt: skip


def _papers(
    context: Context, subject: Subject, device: str, plan: BackupDocumentsPlan, checks: list[PrepareCheck]
) -> Test:
    missing = []
    for document in plan.documents:
        answer = context.run.prompt(
            Prompt("prompt.document", {"device": device, "document": document}, expected=YES, choices=(YES, NO))
        )
        checks.append(PrepareCheck(name=document, found=answer, expected=YES, ok=answer == YES))
        missing += [document] * (answer != YES)
    first = missing[0] if missing else ""
    reason = Message(key="backup.paper_missing", values={"device": device, "document": first, "n": len(missing)})
    return context.judge.judge(f"{NAME}.papers", subject, value=float(len(missing)), budget=None,
                               n=len(plan.documents), message=reason if missing else None)  # fmt: skip


PROCEDURE = BackupDocuments()
