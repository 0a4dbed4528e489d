"""Plays a plan on a session and leaves a record, however the run ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata

from calibration.criteria import Judge, Subject, load_criteria
from calibration.procedures.common import Context, Outcome, carry_out, full_scale
from calibration.procedures.converter_efficiency import converter
from calibration.procedures.multipoint import multipoint
from calibration.procedures.prepare import prepare
from calibration.procedures.zero_span import zero_span
from calibration.record import (
    DeviceInfo,
    Message,
    PrepareData,
    ProcedureRun,
    Record,
    Reference,
    RunInfo,
    Test,
    Verdict,
    Wall,
)
from instruments.errors import Refused
from rig.bench_file import MANUAL
from rig.errors import RigError
from rig.host.kinds import CHANNELS
from rig.run import Run
from rig.session import Session
from scenarios.plan_file import PlanFile

_PACKAGES = ("air-station-rig", "numpy", "scipy", "simpy", "pyvisa")
_ORDER: tuple[Verdict, ...] = ("error", "fail", "undecided", "not tested", "void", "pass")

_CRITERIA = {
    "zero_span": ("zero_span.zero", "zero_span.span"),
    "multipoint": ("multipoint.slope", "multipoint.intercept", "multipoint.correlation"),
    "converter_efficiency": ("converter_efficiency.efficiency", "converter_efficiency.lowest"),
}


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
        devices: analyzers to test, in order.
    """

    session: Session
    run: Run
    plan: PlanFile
    devices: Sequence[str]
    facts: RunFacts

    def __post_init__(self) -> None:
        self.judge = Judge(load_criteria(self.plan.standard), self.facts.decision_rule)  # type: ignore[arg-type]
        self.context = Context(self.run, self.judge, self.plan.gas)
        self.procedures: list[ProcedureRun] = []
        self.tests: list[Test] = []
        self.notes: list[Message] = []
        self._broken: dict[str, Message] = {}
        self._firmware: dict[str, str] = {}

    def play(self) -> Verdict:
        """Carry the plan out, device by device in each procedure, make the bench safe, and return the verdict.

        KeyboardInterrupt is taken as the end of the run: the rest is noted as not tested, the verdict is an error.
        """
        ended: Message | None = None
        try:
            self._greet(self.run.source.name)
            for procedure in self.plan.procedures:
                for device in self.devices:
                    self._one(procedure, device)
        except KeyboardInterrupt:
            ended = Message(key="run.interrupted")
        except RigError as error:
            ended = Message(key="run.error", values={"error": str(error)})
        finally:
            trouble = self.run.make_safe()
        if ended is not None:
            self.notes.append(ended)
            self._note_the_rest(ended)
        if trouble:
            self.notes += [
                Message(key="safe.not_reached", values={"device": "bench", "reason": line}) for line in trouble
            ]
        else:
            self.notes.append(Message(key="safe.done"))
        return self.verdict(broken=bool(trouble) or ended is not None)

    def verdict(self, *, broken: bool) -> Verdict:
        """The headline: error over fail over undecided over not tested over pass."""
        found: set[str] = {test.verdict for test in self.tests}
        if broken or not self.tests or any(p.status == "error" for p in self.procedures):
            found.add("error")
        headline = next(verdict for verdict in _ORDER if verdict in found)
        return "not tested" if headline == "void" else headline

    def _greet(self, device: str) -> None:
        """Ask a device for its firmware, for the record; a person who sets gas by hand has none."""
        if self.session.handles[device].identity.model != MANUAL:
            self._firmware[device] = str(self.run.look(device, "firmware") or "")

    # -- one procedure on one device ------------------------------------------------------------------------------

    def _one(self, procedure: str, device: str) -> None:
        analyzer = self.run.analyzer(device)
        if procedure == "converter_efficiency" and analyzer.kind != "nox":
            return
        channels = CHANNELS[analyzer.kind]
        if device in self._broken:
            if procedure != "prepare":
                self._no_result(procedure, device, "error", self._broken[device])
            return
        started = self.run.now()
        done = len(self.procedures)
        self.run.step(f"{device}: {procedure}")
        try:
            if procedure == "prepare":
                self._greet(device)
                self._keep(*carry_out(self.context, procedure, device, lambda: prepare(self.context, device)))
                self._hold_if_not_ready(device)
            elif procedure == "zero_span":
                for channel in channels:
                    body = _bound(zero_span, self.context, device, channel, self.plan.zero_span)
                    name = f"zero_span/{channel.quantity}"
                    self._keep(*carry_out(self.context, name, device, body))
            elif procedure == "multipoint":
                self._multipoint(device)
            else:
                body = _bound(converter, self.context, device, self.plan.converter_efficiency)
                self._keep(*carry_out(self.context, procedure, device, body))
        except KeyboardInterrupt:
            self._unfinished(procedure, device, started, "interrupted", Message(key="run.interrupted"), done)
            raise
        except (RigError, Refused) as error:
            reason = Message(key="run.error", values={"error": str(error)})
            self._unfinished(procedure, device, started, "error", reason, done)
            self._broken[device] = reason
            if isinstance(error, RigError) and getattr(error, "device", None) != device:
                raise  # the calibrator, or the rig itself, is broken: nothing more can be done

    def _multipoint(self, device: str) -> None:
        """One measurement serves all channels that take the same gas; each is recorded and judged apart."""
        outcomes: list[Outcome] = []
        channels = CHANNELS[self.run.analyzer(device).kind]

        def body() -> Outcome:
            outcomes.extend(multipoint(self.context, device, channels, self.plan.multipoint))
            return outcomes[0]

        first, tests = carry_out(self.context, f"multipoint/{channels[0].quantity}", device, body)
        self._keep(first, tests)
        for channel, outcome in zip(channels[1:], outcomes[1:], strict=True):
            again = first.model_copy(
                update={"id": f"{device}/multipoint/{channel.quantity}", "procedure": f"multipoint/{channel.quantity}",
                        "data": outcome.data, "notes": outcome.notes, "references": outcome.references}
            )  # fmt: skip
            void = {"verdict": "void", "message": first.notes[-1]} if first.status == "void" else {}
            self.run.record(again)
            self._keep(again, [test.model_copy(update=void) for test in outcome.tests])

    def _keep(self, procedure: ProcedureRun, tests: list[Test]) -> None:
        name = procedure.procedure.split("/")[0]
        self.procedures.append(procedure.model_copy(update={"procedure": name}))
        self.tests += tests

    def _hold_if_not_ready(self, device: str) -> None:
        data = self.procedures[-1].data
        assert isinstance(data, PrepareData)
        failed = [check for check in data.checks if not check.ok]
        if failed:
            reason = Message(
                key="prepare.not_ready",
                values={
                    "device": device,
                    "check": failed[0].name,
                    "found": failed[0].found,
                    "expected": failed[0].expected,
                },
            )
            for procedure in self.plan.procedures:
                if procedure in _CRITERIA and (
                    procedure != "converter_efficiency" or self.run.analyzer(device).kind == "nox"
                ):
                    self._no_result(procedure, device, "not tested", reason)
            self.devices = [name for name in self.devices if name != device]

    def _unfinished(self, procedure: str, device: str, started: float, status: str, reason: Message, done: int) -> None:
        if procedure == "prepare" or len(self.procedures) == done:
            self.procedures.append(
                ProcedureRun(id=f"{device}/{procedure}", procedure=procedure, device=device, status=status,  # type: ignore[arg-type]
                             started_s=started, ended_s=self.run.now(), notes=[reason],
                             gas_port=self.run.analyzer(device).identity.gas_port)
            )  # fmt: skip
        if procedure in _CRITERIA:
            self._no_result(procedure, device, "error", reason)

    def _no_result(self, procedure: str, device: str, verdict: Verdict, reason: Message) -> None:
        """Name every criterion of ``procedure`` on ``device`` that has no result yet."""
        known = {test.id for test in self.tests}
        analyzer = self.run.analyzer(device)
        channels = [("no2", "%")] if procedure == "converter_efficiency" else [
            (channel.quantity, channel.unit) for channel in CHANNELS[analyzer.kind]
        ]  # fmt: skip
        for quantity, unit in channels:
            for criterion in _CRITERIA[procedure]:
                subject = Subject(device, f"{device}/{procedure}", quantity, unit, self._scale(device))
                test = self.judge.no_result(criterion, subject, verdict, reason)
                if test.id not in known:
                    self.tests.append(test)

    def _scale(self, device: str) -> float:
        section = self.session.file.device[device]
        if section.range is None:
            return 50.0 if self.run.analyzer(device).kind == "co" else 500.0
        return section.range / 1000.0 if self.run.analyzer(device).kind == "co" else section.range

    def _note_the_rest(self, reason: Message) -> None:
        for procedure in self.plan.procedures:
            if procedure not in _CRITERIA:
                continue
            for device in self.devices:
                if procedure != "converter_efficiency" or self.run.analyzer(device).kind == "nox":
                    self._no_result(procedure, device, "not tested", reason)

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
            plan_parameters=self.plan.parameter,
            wall=wall,
        )
        return Record(run=info, devices=self._devices(), references=self._references(), procedures=self.procedures,
                      tests=self.tests, verdict=verdict, notes=self.notes)  # fmt: skip

    def _devices(self) -> list[DeviceInfo]:
        return [
            DeviceInfo(
                name=i.name, kind="manual" if i.model == "manual" else i.kind, model=i.model, maker=i.maker,
                serial=i.serial, firmware=self._firmware.get(i.name, ""), protocol=i.protocol,
                protocol_mark=i.protocol_mark,  # type: ignore[arg-type]
                resource=i.resource, emulated=i.emulated, gas_port=i.gas_port,
            )
            for i in (handle.identity for handle in self.session.handles.values())
        ]  # fmt: skip

    def _references(self) -> list[Reference]:
        supply, emulated = self.session.supply, self.session.simulated
        found = [
            Reference(id=c.id, kind="cylinder", species=c.species, value=c.value, unit=c.unit, u=c.u,
                      certificate=c.certificate, expires=c.expires.isoformat(), emulated=emulated)
            for c in supply.cylinders.values()
        ]  # fmt: skip
        if supply.flows is not None:
            found.append(
                Reference(id=supply.flows.id, kind="flow", species="", value=100.0, unit="%",
                          u=supply.flows.gas_flow_u_pct, certificate=supply.flows.certificate,
                          expires=supply.flows.expires.isoformat(), emulated=emulated)
            )  # fmt: skip
        return found


def _bound(procedure: Callable[..., Outcome], *arguments: object) -> Callable[[], Outcome]:
    return lambda: procedure(*arguments)


__all__ = ["Engine", "RunFacts", "full_scale"]
