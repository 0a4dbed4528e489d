"""The one object that a procedure touches.

Every request and its answer is journaled before the procedure sees it, so running a procedure again from a journal
gives it the same answers in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Protocol

from instruments.device import Value
from instruments.errors import Refused
from rig.errors import RigError, RigFault
from rig.host.calibrator import Flows, GasRequest, Source
from rig.host.handles import GasAnalyzer, Handle, Identity
from rig.host.references import Supply
from rig.logbook import Logbook
from rig.logbook import RunTime as RunTime
from rig.past import BEGIN, DONE, GIVEN_UP, Scope
from rig.prompts import UNDOING
from rig.prompts import Deed as Deed
from rig.prompts import Operator as Operator
from rig.prompts import Prompt as Prompt
from rig.prompts import Sight as Sight
from rig.stability import LEAST_READINGS, window_of
from rig.stability import Reading as Reading
from rig.stability import StabilityRule as StabilityRule
from rig.stability import Window as Window

REFUSALS = 5
"""Answers beyond belief to one question, after which it is asked no more: this project's choice (recalled)."""


class Listener(Protocol):
    """Told of progress; may draw a bar, may do nothing."""

    def step(self, text: str) -> None:
        """A new step has begun."""
        ...

    def tick(self, t_s: float) -> None:
        """Bench time has gone on."""
        ...


class Run:
    """What a procedure can do: read, set, wait, wait until stable, ask a person, and know the time.

    Args:
        handles: devices by name.
        supply: what the references are and how well they are known.
        log: where every request and its answer is written first.
        operator: who answers prompts.
        listener: who shows progress.
    """

    def __init__(
        self,
        handles: Mapping[str, Handle],
        supply: Supply,
        log: Logbook,
        operator: Operator,
        listener: Listener,
    ) -> None:
        self.supply = supply
        self.readings = 0
        self._handles = handles
        self._log = log
        self._asked = log.asked
        self._operator = operator
        self._listener = listener
        self._start_us = log.now_us
        self._as_found: dict[tuple[str, str], Value] = {}
        self._gas_is_on = False
        self.gas_was_offered = False
        """Whether the run has asked for a gas at any time."""
        self._by_hand: dict[tuple[str, str], Value] = {}
        self._standing: dict[tuple[str, str], Value] = {}
        for handle in handles.values():
            handle.attend(self.prompt)

    # -- what a procedure may ask ---------------------------------------------------------------------------------

    @property
    def analyzers(self) -> tuple[str, ...]:
        """Names of the analyzers, in the order of the bench file."""
        return tuple(name for name, handle in self._handles.items() if isinstance(handle, GasAnalyzer))

    @property
    def start_us(self) -> int:
        """Bench time at which the run began."""
        return self._start_us

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """Names of the devices of a kind that can be read, in the order of the bench file."""
        return tuple(name for name, handle in self._handles.items() if handle.kind == kind)

    def analyzer(self, device: str) -> GasAnalyzer:
        """What is known of an analyzer without asking it (kind, channels, port)."""
        handle = self._handles[device]
        assert isinstance(handle, GasAnalyzer)  # plans are checked against the bench before a run begins
        return handle

    def identity(self, device: str) -> Identity:
        """Who a device is, by the bench file and the catalogue. Raises KeyError for one that nobody can talk to."""
        return self._handles[device].identity

    def shaping(self, device: str) -> tuple[str, ...]:
        """Names of the settings of a device that shape what it reads or makes."""
        return self._handles[device].shaping

    def now(self) -> float:
        """Bench seconds since the run began."""
        return (self._log.now_us - self._start_us) / 1e6

    def today(self) -> date:
        """The date at the bench."""
        return (self.supply.epoch + timedelta(microseconds=self._log.now_us)).date()

    def step(self, text: str) -> None:
        """Say what is being done, for the person who watches."""
        self._listener.step(text)

    def read(self, device: str, quantity: str) -> Reading:
        """Read a number.

        Raises:
            RigError: the device gave no proper answer.
        """
        value, unit = self._asked("read", [device, quantity], lambda: list(self._handles[device].read(quantity)))
        self.readings += 1
        return Reading(device, quantity, float(value), unit, self.now())

    def other_ports(self, device: str) -> tuple[str, ...]:
        """Names of the ports of a device beside the one that the run speaks with it through."""
        return tuple(self._handles[device].further)

    def read_by(self, device: str, port: str, quantity: str) -> Reading | None:
        """Read a number through another port, as a logger there would; None where its protocol has no such report.

        Raises:
            KeyError: the device has no other port of that name.
            RigError: the port cannot be opened, or the device gave no proper answer.
        """

        def ask() -> Any:
            answer = self._handles[device].by(port).read_if_told(quantity)
            return None if answer is None else list(answer)

        answer = self._asked("read by", [device, port, quantity], ask)
        if answer is None:
            return None
        return Reading(device, quantity, float(answer[0]), answer[1], self.now())

    def look(self, device: str, quantity: str) -> Value | None:
        """Read anything (a mode, a setting, alarms); None where this device cannot tell it."""

        def ask() -> Any:
            answer = self._handles[device].read_if_told(quantity)
            return None if answer is None else answer[0]

        value = self._asked("look", [device, quantity], ask)
        return tuple(value) if isinstance(value, list) else value

    def set(self, device: str, setting: str, value: Value, *, adjust: bool = False) -> None:
        """Set something. It is put back at the end of the run, unless it is an ``adjust``-ment meant to stay.

        Raises:
            Refused: the device said no. RigError: it gave no proper answer.
            KeyError: its protocol has no request for it; nothing is to be put back then.
        """
        handle = self._handles[device]
        first = not adjust and (device, setting) not in self._as_found
        if first:
            found = self.look(device, setting)
            if found is not None:
                self._as_found[device, setting] = found
        try:
            self._asked("adjust" if adjust else "set", [device, setting, value], lambda: handle.set(setting, value))
        except KeyError:
            if first:
                self._as_found.pop((device, setting), None)
            raise
        if not adjust:
            self._standing[device, setting] = value
        if self._by_hand.get((device, setting)) == value:
            del self._by_hand[device, setting]  # made by hand, and put back by the wire

    def offer(self, request: GasRequest) -> None:
        """Let the calibrator (or the person who stands in for one) make a gas.

        Raises:
            Refused: it cannot be made. RigError: no proper answer.
        """
        self._gas_is_on = self.gas_was_offered = True
        self._asked("offer", request.as_dict(), lambda: self.source.offer(request))
        self._log.commit()

    def made(self) -> float | None:
        """What the calibrator says that it makes now; None if it cannot tell."""
        made = self._asked("made", [], self.source.made)
        return None if made is None else float(made)

    def stored(self, port: str, unit: str) -> float | None:
        """What the calibrator believes of the cylinder at a port, in ``unit``; None if it cannot tell."""
        stored = self._asked("stored", [port, unit], lambda: self.source.stored(port, unit))
        return None if stored is None else float(stored)

    def flows(self) -> Flows | None:
        """Flows of a titration as the calibrator shows them; None if it cannot tell."""

        def ask() -> list[float] | None:
            flows = self.source.flows()
            return None if flows is None else [flows.gas_cc, flows.ozone_cc, flows.total_cc, flows.chamber_cm3]

        answer = self._asked("flows", [], ask)
        return None if answer is None else Flows(*answer)

    def enter_gas(self, device: str) -> None:
        """Turn the analyzer's own valve to the port at which the calibrator's line arrives."""
        port = self.identity(device).gas_port
        if port in ("zero", "span") and self.look(device, "gas_mode") not in (port, None):
            self.set(device, "gas_mode", port)

    def rest(self) -> None:
        """No gas any more, and every analyzer back on what it sampled before; nothing happens if none flows."""
        if self._gas_is_on:
            self._asked("rest", [], self.source.standby)
            self._gas_is_on = False
        self.leave_gas(())
        self._log.commit()

    def leave_gas(self, staying: Sequence[str]) -> None:
        """Every analyzer but those ``staying`` back on what it sampled before: the air's data go on meanwhile.

        One that does not answer is left to the end of the run, which names it.
        """
        for key in [key for key in self._as_found if key[1] == "gas_mode" and key[0] not in staying]:
            found = self._as_found[key]
            try:
                self.restore(*key)
            except (RigError, Refused):
                self._as_found[key] = found

    @property
    def gas_is_on(self) -> bool:
        """Whether the run has asked for a gas and not yet let go of it."""
        return self._gas_is_on

    @property
    def source(self) -> Source:
        """The calibrator, real, emulated or manual."""
        return self.supply.source

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._asked("wait", [seconds], lambda: self._log.time.sleep(seconds))
        self._listener.tick(self.now())

    def wait_until(self, rule: StabilityRule, trace: list[Reading] | None = None) -> Window:
        """Read until the rule holds, or its longest time has passed; every reading also goes to ``trace``."""
        return self.wait_until_all([rule], trace)[0]

    def wait_until_all(self, rules: Sequence[StabilityRule], trace: list[Reading] | None = None) -> list[Window]:
        """Read until each rule has held once, or its longest time has passed; a window for each, in order.

        All are polled until the last one is done, at the pace of the quickest rule; a window once found stays.
        """
        begun = self.now()
        readings: list[dict[str, list[Reading]]] = [{quantity: [] for quantity in rule.quantities} for rule in rules]
        windows: list[Window | None] = [None] * len(rules)
        while True:
            for rule, own in zip(rules, readings, strict=True):
                for quantity in rule.quantities:
                    reading = self.read(rule.device, quantity)
                    own[quantity].append(reading)
                    if trace is not None:
                        trace.append(reading)
            now = self.now()
            for index, rule in enumerate(rules):
                if windows[index] is None and now - begun >= rule.least_s + rule.window_s:
                    window = window_of(readings[index], now - rule.window_s, now, rule)
                    enough = all(len(some) >= LEAST_READINGS for some in readings[index].values())
                    if window.stable or (enough and now - begun >= rule.most_s):
                        windows[index] = window
                        self._note_window(rule, window)
            if None not in windows:
                return [window for window in windows if window is not None]
            self.wait(min(rule.next_poll_s(now - begun) for rule in rules))

    def _note_window(self, rule: StabilityRule, window: Window) -> None:
        kind = "stable" if window.stable else "not stable"
        self._log.note(kind, [rule.device, list(rule.quantities)], [window.start_s, window.end_s])
        self._log.commit()

    def prompt(self, question: Prompt) -> str:
        """Ask the person at the bench; an answer beyond belief is asked again, :data:`REFUSALS` times at the most.

        Journaled are the question with its bounds, every answer, believed or not, who gave it, and when. What is to be
        put back later counts as done from the question on: nobody knows how far hands were when a run is stopped in it.

        Raises:
            RigFault: no answer could be believed; it names the question, the last answer and what was expected. Or
                the operator could not answer at all.
        """
        self._note_left(question.deeds)
        for _ in range(REFUSALS):
            asked_us = self._log.now_us

            def ask(question: Prompt = question, asked_us: int = asked_us) -> dict[str, Any]:
                text = self._operator.ask(question)
                believed = question.believed(text)
                return {"answer": text, "believed": believed, "by": self._operator.name, "asked_us": asked_us}

            told = self._asked("prompt", question.as_request(), ask)
            self._log.commit()
            self._listener.tick(self.now())
            if told["believed"] is not None:
                self._note_home(question.deeds)
                return str(told["believed"])
            question = replace(question, refused=str(told["answer"]))
        self._log.note(GIVEN_UP, question.as_request(), {"refusals": REFUSALS})
        self._log.commit()
        named = [question.values.get("device"), *(deed.device for deed in question.deeds),
                 question.sight and question.sight.device]  # fmt: skip
        device = next((str(name) for name in named if name in self._handles), None)
        said = f"{question.key} ({', '.join(f'{name} {value}' for name, value in question.values.items())})"
        raise RigFault(
            f"{said}: no answer could be believed, and it was asked {REFUSALS} times: expected {question.bounds}, "
            f"found {question.refused!r} the last time", device,
        )  # fmt: skip

    def _note_left(self, deeds: Sequence[Deed]) -> None:
        for deed in deeds:
            if deed.undone_by:
                self._by_hand[deed.device, deed.undone_by] = UNDOING
            elif deed.home is not None and deed.value != deed.home:
                self._by_hand[deed.device, deed.setting] = deed.home

    def _note_home(self, deeds: Sequence[Deed]) -> None:
        for deed in deeds:
            if not deed.undone_by and (deed.home is None or deed.value == deed.home):
                self._by_hand.pop((deed.device, deed.setting), None)

    def record(self, result: Any) -> None:
        """Journal a result."""
        self._log.note("result", None, result.model_dump(mode="json"))
        self._log.commit()

    # -- marks, and the way back after a gap -------------------------------------------------------------------------

    def begin(self, scope: Scope, name: str) -> None:
        """Mark the beginning of a test, a day or a level, so that a gap can repeat it."""
        self._log.note(BEGIN, [scope, name], None)

    def done(self, name: str) -> None:
        """Mark that a test is over: a gap after it repeats nothing of it."""
        self._log.note(DONE, [name], None)
        self._log.commit()

    def reapply(self) -> None:
        """Set again what was set and stands no longer: the bench has been left to itself, or made safe, meanwhile."""
        for (device, setting), value in list(self._standing.items()):
            if self.look(device, setting) != value:
                handle = self._handles[device]
                self._asked("reapply", [device, setting, value], partial(handle.set, setting, value))

    def adopt(self, as_found: Mapping[tuple[str, str], Value]) -> None:
        """Take over a bench that somebody else has left: what was found there, in the order in which it was changed."""
        self._gas_is_on = True
        self._as_found.update(as_found)

    # -- the end --------------------------------------------------------------------------------------------------

    def make_safe(self) -> list[str]:
        """Calibrator to standby, ozone off, analyzers to sample, every changed setting back as found.

        Never raises; returns what could not be done, a line each.
        """
        trouble: list[str] = []
        self._log.end()

        def attempt(what: str, action: Callable[[], object]) -> None:
            try:
                action()
            except (RigError, Refused, OSError, KeyError) as error:
                trouble.append(f"{what}: {error}")

        if self._gas_is_on:
            attempt("calibrator to standby", lambda: self._asked("safe", ["standby"], self.source.standby))
        for (device, setting), value in reversed(self._as_found.items()):
            handle = self._handles[device]
            attempt(
                f"{device}: {setting} back to {value}",
                lambda handle=handle, device=device, setting=setting, value=value: self._asked(  # type: ignore[misc]
                    "safe", [device, setting, value], lambda: handle.set(setting, value)
                ),
            )
        self._as_found.clear()
        trouble += [
            f"{device}: {setting} {'' if home == UNDOING else f'back to {home} '}(by hand)"
            for (device, setting), home in self._by_hand.items()
        ]
        self._by_hand.clear()
        self._standing.clear()
        with suppress(RigError):
            self._log.commit()
        return [*trouble, *self._log.lost]

    def restore(self, device: str, setting: str) -> None:
        """Put one setting back as found, now. Raises like :meth:`set`."""
        value = self._as_found.pop((device, setting), None)
        self._standing.pop((device, setting), None)
        if value is not None:
            self._asked("restore", [device, setting, value], lambda: self._handles[device].set(setting, value))
