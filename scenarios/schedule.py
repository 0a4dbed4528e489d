"""What a plan will be on a bench, before anyone opens a valve: times, hands, gas, data lost, references."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from calibration.procedures.common.procedure import Stage, Unit
from calibration.record import Mark, Message
from rig.bench_file import MANUAL, BenchFile
from rig.host.references import named_cylinders, standards_of
from scenarios.air_time import Loss, Spans, losses
from scenarios.gas_use import CylinderUse, gas_use
from scenarios.itinerary import groups_of
from scenarios.plan_file import PlanFile, Step
from scenarios.units import chosen_units, units_of


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hands(_Part):
    """A moment at which a person is needed."""

    at: datetime
    what: Message


class Leg(_Part):
    """One level or pause of a step."""

    label: str
    gas: str = Field(description="whose wait counts; empty for a stage without a wait of its own")
    start: datetime
    takes_s: float = Field(description="at least")
    sampling: bool = Field(description="the units measure the air meanwhile")


class Entry(_Part):
    """One step on one unit, or on the units that it serves together."""

    step: str
    procedure: str
    units: list[str]
    start: datetime
    takes_s: float = Field(description="at least: of every level its shortest wait and one window")
    levels: int = Field(description="levels of gas that are waited for")
    longest_s: float = Field(description="if each of these took the longest wait that the plan allows")
    gases: list[str]
    criteria: list[str] = Field(description="full names of what is judged")
    legs: list[Leg]
    hands: list[Hands] = Field(default_factory=list)


class Standard(_Part):
    """A reference that the plan rests on, and whether its certificate outlives the plan."""

    id: str
    certificate: str
    expires: date
    valid: bool


class Choice(_Part):
    """A parameter of the plan, or a limit, that was not confirmed in the document."""

    name: str
    value: str
    mark: Mark
    source: str


class Schedule(_Part):
    """A plan on a bench."""

    plan: str
    title: str
    bench: str
    begin: datetime
    end: datetime = Field(description="at the earliest")
    latest: datetime = Field(description="if each level took the longest wait that the plan allows")
    by_hand: bool = Field(description="the calibrator is set by hand: a person is needed at each level")
    entries: list[Entry]
    cylinders: list[CylinderUse]
    losses: list[Loss]
    references: list[Standard]
    unconfirmed: list[Choice]

    @property
    def obstacles(self) -> bool:
        """Whether something stands in the way: the rules forbid it, gas will not last, a certificate runs out."""
        return (
            any(loss.ruling == "forbidden" for loss in self.losses)
            or any(cylinder.lasts is False for cylinder in self.cylinders)
            or not all(reference.valid for reference in self.references)
        )


def schedule(
    plan: PlanFile, plan_name: str, bench: BenchFile, bench_name: str, begin: datetime, *,
    devices: Sequence[str] = (), valid_pct: float | None = None,
) -> Schedule:  # fmt: skip
    """Return what ``plan`` will be on ``bench``, which can carry it (:func:`scenarios.preflight.check_plan`).

    Args:
        plan: what will be done.
        plan_name: as it was asked for.
        bench: on what.
        bench_name: as it was asked for.
        begin: when, on the bench's clock.
        devices: analyzers to test; all if empty.
        valid_pct: share of the city's stations that have valid data, %; None if it is not known.
    """
    units = chosen_units(plan, bench, devices)
    entries: list[Entry] = []
    off_air: dict[str, Spans] = {}
    away: set[str] = set()
    now = 0.0
    for step in plan.steps:
        if not step.procedure.gas:
            away.clear()  # the bench rests before a step without gas
        for group in groups_of(step, units):
            stages = step.procedure.stages(group, step.parameters, plan.gas)
            entries.append(_entry(step, [unit.name for unit in group], stages, plan, begin + timedelta(seconds=now)))
            for stage in stages:
                if stage.sampling:
                    away.clear()
                elif step.procedure.gas:
                    away = {unit.name for unit in group}  # the others go back to what they sample
                _note(off_air, away, now, now + stage.expected_s)
                now += stage.expected_s
    end = begin + timedelta(seconds=now)
    spare = sum(entry.longest_s - entry.takes_s for entry in entries)
    gas = gas_use(plan, units, bench)
    return Schedule(
        plan=plan_name, title=plan.title, bench=bench_name, begin=begin, end=end,
        latest=end + timedelta(seconds=spare),
        by_hand=any(section.model == MANUAL for section in bench.device.values()), entries=entries, cylinders=gas,
        losses=losses(units_of(bench), off_air, begin, valid_pct),
        references=_references(plan, units, bench, [use.id for use in gas], end.date()), unconfirmed=_unconfirmed(plan),
    )  # fmt: skip


def _entry(step: Step, units: list[str], stages: Sequence[Stage], plan: PlanFile, start: datetime) -> Entry:
    takes = sum(stage.expected_s for stage in stages)
    waited = [stage for stage in stages if stage.gas]
    more = sum(plan.gas.stability.most - plan.gas.wait(stage.gas) for stage in waited)
    legs, hands, at = [], [], start
    for stage in stages:
        pause = stage.sampling or not step.procedure.gas
        legs.append(Leg(label=stage.label, gas=stage.gas, start=at, takes_s=stage.expected_s, sampling=pause))
        if stage.hands is not None:
            hands.append(Hands(at=at, what=stage.hands))
        hands += [Hands(at=at + timedelta(seconds=after), what=what) for after, what in stage.visits]
        at += timedelta(seconds=stage.expected_s)
    return Entry(
        step=step.name, procedure=step.procedure.name, units=units, start=start, takes_s=takes, levels=len(waited),
        longest_s=takes + more, gases=list(dict.fromkeys(stage.gas for stage in waited)), criteria=list(step.criteria),
        legs=legs, hands=hands,
    )  # fmt: skip


def _note(off_air: dict[str, Spans], away: set[str], start: float, end: float) -> None:
    """Add a stretch for each unit that is away; one that goes on is made longer."""
    for name in away if end > start else ():
        spans = off_air.setdefault(name, [])
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))


def _references(
    plan: PlanFile, units: Sequence[Unit], bench: BenchFile, used: list[str], end: date
) -> list[Standard]:  # fmt: skip
    """Cylinders that are drawn from, the certificate of the calibrator, and what the procedures name beside these."""
    cylinders = {its.id: (its.certificate, its.expires) for its in named_cylinders(bench).values()}
    found = {name: cylinders[name] for name in cylinders if name in used}
    found |= {f"certificate.{name}": (its.certificate, its.expires) for name, its in bench.certificate.items()}
    for step in plan.steps:
        for unit in (unit for group in groups_of(step, units) for unit in group):
            for needed in step.procedure.rests_on(unit, step.parameters):
                if needed.name in cylinders:
                    found[needed.name] = cylinders[needed.name]
                for its in standards_of(bench):
                    if its.device == needed.name and its.quantity in needed.quantities:
                        found[its.id] = (its.certificate, its.expires)
    return [
        Standard(id=name, certificate=certificate, expires=expires, valid=expires >= end)
        for name, (certificate, expires) in found.items()
    ]


def _unconfirmed(plan: PlanFile) -> list[Choice]:
    """Parameters of the plan, then limits, whose mark is not ``read``."""
    found = [
        Choice(name=its.name, value=its.value, mark=its.mark, source=its.source)
        for its in plan.parameter
        if its.mark != "read"
    ]
    for full in dict.fromkeys(name for step in plan.steps for name in step.criteria):
        document = next(document for document in plan.documents if full in document.criterion)
        its = document.criterion[full]
        if its.mark != "read":
            found.append(Choice(name=full, value=f"limit of {document.document}", mark=its.mark, source=its.source))
    return found
