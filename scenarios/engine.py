"""Plays a plan on a session and leaves a record, however the run ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from calibration.advice import advised
from calibration.criteria import Judge, Subject
from calibration.procedures.common.conduct import changed_since, conduct, snapshot
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.procedure import Unit
from calibration.record import (
    DeviceInfo,
    Message,
    PlateInfo,
    ProcedureRun,
    Record,
    Reference,
    RunInfo,
    Test,
    Verdict,
    Wall,
)
from calibration.statistics.errors import BadArgument
from instruments.errors import Refused
from rig.bench_file import MANUAL
from rig.errors import RigError
from rig.host.plate import Plate
from rig.run import Run
from rig.session import Session
from scenarios.back_on_sample import look_at_air
from scenarios.itinerary import groups_of, names_of
from scenarios.plan_file import PlanFile, Step
from scenarios.standards import cylinder_used, standards_used, with_chains

_PACKAGES = ("air-station-rig", "numpy", "scipy", "simpy", "pyvisa")
_ORDER: tuple[Verdict, ...] = ("error", "fail", "undecided", "not tested", "void", "pass")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the record says of a run beside its results."""

    id: str
    bench: str
    bench_sha256: str
    plan: str
    plan_sha256: str
    decision_rule: str


@dataclass
class Engine:
    """One play of one plan.

    Args:
        session: the open bench.
        run: the object that procedures touch.
        plan: what to do.
        units: devices to test, in order.
        facts: what the record says of the run beside its results.
        last: record of an earlier run, for procedures that compare.
    """

    session: Session
    run: Run
    plan: PlanFile
    units: Sequence[Unit]
    facts: RunFacts
    last: Record | None = None

    def __post_init__(self) -> None:
        self.judge = Judge(self.plan.documents, self.facts.decision_rule)  # type: ignore[arg-type]
        self.procedures: list[ProcedureRun] = []
        self.tests: list[Test] = []
        self.notes: list[Message] = []
        self._broken: dict[str, Message] = {}
        self._held: dict[str, Message] = {}
        self._firmware: dict[str, str] = {}
        self._left: dict[str, dict[str, str]] = {}

    def play(self) -> Verdict:
        """Carry the plan out, step by step, make the bench safe, and return the verdict.

        KeyboardInterrupt is taken as the end of the run: the rest is noted as not tested, the verdict is an error.
        """
        ended: Message | None = None
        try:
            if self.run.source.name:
                self._greet(self.run.source.name)
            for step in self.plan.steps:
                self._play_step(step)
        except KeyboardInterrupt:
            ended = Message(key="run.interrupted")
        except RigError as error:
            ended = Message(key="run.error", values={"error": str(error)})
        finally:
            trouble = self.run.make_safe()
        if ended is not None:
            self.notes.append(ended)
            for step in self.plan.steps:
                for unit in self._served(step):
                    self._no_result(step, unit, "not tested", ended)
        if trouble:
            self.notes += [
                Message(key="safe.not_reached", values={"device": "bench", "reason": line}) for line in trouble
            ]
        else:
            self.notes.append(Message(key="safe.done"))
        self._leave(interrupted=ended is not None)
        return self.verdict(broken=bool(trouble) or ended is not None)

    def _leave(self, *, interrupted: bool) -> None:
        """See that those that had gas measure the air again, and remind of the cylinders."""
        if not self.run.gas_was_offered:
            return
        in_gas = {unit.name for step in self.plan.steps if step.procedure.gas for unit in self._served(step)}
        if not interrupted:
            seen = [unit for unit in self.units if unit.name in in_gas and unit.name not in self._broken]
            self.notes += look_at_air(self.run, seen)
        if self.session.bench is None and self.session.supply.cylinders:  # one that goes on without this run
            names = ", ".join(self.session.supply.cylinders)
            self.notes.append(Message(key="safe.close_cylinders", values={"cylinders": names}))

    def verdict(self, *, broken: bool) -> Verdict:
        """The headline: error over fail over undecided over not tested over pass."""
        found: set[str] = {test.verdict for test in self.tests}
        if broken or not self.tests or any(p.status == "error" for p in self.procedures):
            found.add("error")
        headline = next(verdict for verdict in _ORDER if verdict in found)
        return "not tested" if headline == "void" else headline

    def _greet(self, device: str) -> None:
        """Ask a device for its firmware, for the record; a person who sets gas by hand has none."""
        if device not in self._firmware and self.session.handles[device].identity.model != MANUAL:
            self._firmware[device] = str(self.run.look(device, "firmware") or "")

    # -- one step -------------------------------------------------------------------------------------------------

    def _served(self, step: Step) -> list[Unit]:
        return [unit for group in groups_of(step, self.units) for unit in group]

    def _play_step(self, step: Step) -> None:
        """One step on all units that it serves and that can still be tested."""
        if not step.procedure.gas:
            self.run.rest()
        for unit in self._served(step):
            if unit.name in self._broken:
                self._no_result(step, unit, "error", self._broken[unit.name])
            elif unit.name in self._held:
                self._no_result(step, unit, "not tested", self._held[unit.name])
        for group in groups_of(step, self.units):
            self._play_group(step, group)

    def _play_group(self, step: Step, group: Sequence[Unit]) -> None:
        """A step on units that it serves together. One that breaks down falls out, and the others begin again."""
        while able := [u for u in group if u.name not in self._broken and u.name not in self._held]:
            self.run.begin("test", step.name)
            started, done = self.run.now(), len(self.procedures)
            self.run.step(f"{names_of(able)}: {step.name}")
            context = Context(self.run, self.judge, self.plan.gas, step.name, tuple(self.tests),
                              tuple(self.procedures), self.last)  # fmt: skip
            try:
                for unit in able:
                    self._greet(unit.name)
                if self._carry_out(context, step, able):
                    self.run.done(step.name)
                    return
            except KeyboardInterrupt:
                for unit in able:
                    reason = Message(key="run.interrupted")
                    self._unfinished(step, unit, started, "interrupted", reason, done)
                raise
            except (RigError, Refused, BadArgument) as error:
                reason = Message(key="run.error", values={"error": str(error)})
                guilty = [unit for unit in able if unit.name == getattr(error, "device", None)]
                if len(able) == 1 and not isinstance(error, RigError):
                    guilty = able  # it refused something
                for unit in guilty or able:
                    self._unfinished(step, unit, started, "error", reason, done)
                    self._broken[unit.name] = reason
                if not guilty and isinstance(error, RigError):
                    raise  # the calibrator, or the rig itself, is broken: nothing more can be done
                self.run.done(step.name)

    def _carry_out(self, context: Context, step: Step, units: Sequence[Unit]) -> bool:
        """Conduct a step; False if a unit is not as the last step left it, and falls out before anything is done."""
        outcomes: list[Outcome] = []

        def body() -> list[Outcome]:
            outcomes.extend(step.procedure.perform(context, units, step.parameters))
            return outcomes

        names = [unit.name for unit in units]
        self.run.leave_gas(names)
        before = {name: snapshot(self.run, name) for name in names}
        meddled = False
        for unit in units:
            reason = changed_since(unit.name, self._left.get(unit.name, {}), before[unit.name])
            if reason is not None:
                self._held[unit.name] = reason
                self.notes.append(reason)
                self._no_result(step, unit, "void", reason)
                meddled = True
        if meddled:
            return False  # the others of the group begin without it
        for entry, tests in conduct(context, step.procedure.name, names, body, gas=step.procedure.gas, before=before):
            self.procedures.append(entry)
            self.tests += [test for test in tests if test.criterion in step.criteria]
            self._left[entry.device] = {setting.name: setting.as_left for setting in entry.settings}
        self.notes += [message for outcome in outcomes for message in outcome.headlines]
        self._held |= {outcome.device: outcome.hold for outcome in outcomes if outcome.hold is not None}
        return True

    def _unfinished(self, step: Step, unit: Unit, started: float, status: str, reason: Message, done: int) -> None:
        if not any(entry.device == unit.name for entry in self.procedures[done:]):
            self.procedures.append(
                ProcedureRun(id=f"{unit.name}/{step.name}", procedure=step.procedure.name, device=unit.name,
                             status=status,  # type: ignore[arg-type]
                             started_s=started, ended_s=self.run.now(), notes=[reason],
                             gas_port=self.run.identity(unit.name).gas_port)
            )  # fmt: skip
        self._no_result(step, unit, "error", reason)

    def _no_result(self, step: Step, unit: Unit, verdict: Verdict, reason: Message) -> None:
        """Name everything that ``step`` would have judged on ``unit`` and that has no result yet."""
        known = {test.id for test in self.tests}
        for judged in step.procedure.judged(unit, step.parameters):
            scale = 100.0 if judged.unit == "%" else unit.full_scale
            subject = Subject(unit.name, f"{unit.name}/{step.name}", judged.quantity, judged.unit, scale, step.name)
            for short in judged.criteria:
                criterion = f"{step.procedure.name}.{short}"
                if criterion in step.criteria:
                    test = self.judge.no_result(criterion, subject, verdict, reason)
                    if test.id not in known:
                        self.tests.append(test)

    # -- the record -----------------------------------------------------------------------------------------------

    def record(self, verdict: Verdict, wall: Wall) -> Record:
        """Everything, as the record."""
        session, run = self.session, self.run
        info = RunInfo(
            id=self.facts.id,
            bench=self.facts.bench,
            bench_sha256=self.facts.bench_sha256,
            plan=self.facts.plan,
            plan_sha256=self.facts.plan_sha256,
            seed=session.seed,
            clock="virtual" if session.bench else "paced",
            speed=session.speed,
            epoch=session.file.bench.epoch.isoformat(),
            started_us=run.start_us,
            ended_us=session.time.now_us(),
            simulated=session.simulated,
            decision_rule=self.judge.decision_rule,
            versions={name: metadata.version(name) for name in _PACKAGES},
            plan_parameters=list(self.plan.parameter),
            wall=wall,
        )
        return Record(run=info, devices=self._devices(), references=self._references(), procedures=self.procedures,
                      tests=[advised(test) for test in self.tests], verdict=verdict, notes=self.notes)  # fmt: skip

    def _devices(self) -> list[DeviceInfo]:
        return [
            DeviceInfo(
                name=i.name, kind="manual" if i.model == "manual" else i.kind, model=i.model, maker=i.maker,
                serial=i.serial, firmware=self._firmware.get(i.name, ""), protocol=i.protocol,
                protocol_mark=i.protocol_mark,  # type: ignore[arg-type]
                resource=i.resource, emulated=i.emulated, gas_port=i.gas_port,
                principle=i.principle, plate=_plate_info(i.plate),
            )
            for i in (handle.identity for handle in self.session.handles.values())
        ]  # fmt: skip

    def _references(self) -> list[Reference]:
        supply, emulated = self.session.supply, self.session.simulated
        found = [cylinder_used(cylinder, emulated=emulated) for cylinder in supply.cylinders.values()]
        if supply.flows is not None:
            found.append(
                Reference(id=supply.flows.id, kind="flow", species="", value=100.0, unit="%",
                          u=supply.flows.gas_flow_u_pct, certificate=supply.flows.certificate,
                          expires=supply.flows.expires.isoformat(), emulated=emulated)
            )  # fmt: skip
        needed = (
            one for step in self.plan.steps for unit in self._served(step)
            for one in step.procedure.rests_on(unit, step.parameters)
        )  # fmt: skip
        return with_chains([*found, *standards_used(needed, supply, emulated=emulated)], self.session.file)


def _plate_info(plate: Plate) -> PlateInfo:
    return PlateInfo(
        approval=plate.approval, hours=plate.hours, shelf_days=plate.shelf_days,
        manufactured=None if plate.manufactured is None else plate.manufactured.isoformat(),
        in_service=None if plate.in_service is None else plate.in_service.isoformat(),
    )  # fmt: skip
