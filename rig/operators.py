"""Operators of emulated benches: hands that act on the emulated devices, and a person with a pace and mistakes.

A mistake is one of three, whichever the prompt leaves room for: the wrong thing is taken (:attr:`Deed.instead`), what
was asked is not done at all, or two neighbouring digits of a number are swapped. A person who is asked again makes
mistakes at the same rate. Everything follows from seed and order of the prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.signal import path_key
from rig.errors import RigFault
from rig.prompts import Deed, Prompt, Sight

if TYPE_CHECKING:
    from rig.bench import Bench
    from rig.run import RunTime

Result = TypeVar("Result")
Reach = Callable[[Callable[["Bench"], Result]], Result]
"""Does something with the bench, in whichever thread it lives, and returns what comes of it."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a simulated person works.

    Attributes:
        delay_s: bench time from question to answer.
        mistakes: share of the prompts with something to do or to read at which a mistake is made.
    """

    delay_s: float = 0.0
    mistakes: float = 0.0


class Hands:
    """What a person can do at an emulated bench.

    Args:
        reach: does something with the bench; None in a class that reaches it otherwise (:mod:`rig.hands_wire`).
    """

    def __init__(self, reach: Callable[[Callable[[Bench], Value | None]], Value | None] | None) -> None:
        self._reach = reach

    def do(self, deeds: Sequence[Deed]) -> None:
        """Carry out ``deeds`` in their order. Raises RigFault: there is no such device, or it does not take it."""
        for deed in deeds:
            self.carry_out(deed)

    def see(self, sight: Sight) -> str:
        """What is to be read there now, as the display has it. Raises RigFault: nothing of that name is there."""
        value = self.look(sight.device, sight.quantity)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            return f"{float(value) * sight.scale:.{sight.decimals}f}"
        return str(value)

    def carry_out(self, deed: Deed) -> None:
        """Do one thing. Raises like :meth:`do`."""
        assert self._reach is not None  # a class that reaches the bench otherwise has its own way
        self._reach(lambda bench: do_at(bench, deed))

    def look(self, device: str, quantity: str) -> Value:
        """What a device shows now, as a value. Raises RigFault: nothing of that name is there."""
        assert self._reach is not None
        value = self._reach(lambda bench: see_at(bench, device, quantity))
        assert value is not None  # a device shows something, or has nothing of that name
        return value

    def close(self) -> None:
        """Let go of the bench."""


def do_at(bench: Bench, deed: Deed) -> None:
    """Do ``deed`` at ``bench``. Raises RigFault: there is no such device, or it does not take it."""
    if deed.device not in bench.instruments:
        raise RigFault(f"nobody can set {deed.setting} of {deed.device}: the bench has no such emulated device")
    try:
        bench.command(deed.device, Command(deed.setting, deed.value, by="panel"))
    except Refused as refused:
        raise RigFault(f"{deed.device}: {deed.setting} by hand: {refused}", deed.device) from refused


def see_at(bench: Bench, device: str, quantity: str) -> Value:
    """What ``device`` shows now. Raises RigFault: nothing of that name is there."""
    instrument = bench.instruments.get(device)
    try:
        if instrument is None:
            raise KeyError(device)
        return instrument.device.read(bench.clock.now_us, quantity)
    except KeyError:
        raise RigFault(f"nobody can read {quantity} off {device}: there is nothing of that name") from None


@dataclass
class SimulatedOperator:
    """A person who answers every prompt, after a while, and now and then wrongly.

    Args:
        time: bench time, for the delay.
        habits: pace and mistakes.
        hands: of an emulated bench; None where none can be reached: a prompt with something to do is a fault then.
        seed: root seed of the bench.
    """

    time: RunTime | None = None
    habits: Habits = Habits()
    hands: Hands | None = None
    seed: int = 0
    name: str = "simulated operator"
    slips: list[tuple[str, str]] = field(default_factory=list)
    """Mistakes made so far, key of the prompt and what was done: the truth, which no procedure sees."""
    answered: int = 0
    """Prompts that it has answered, so that each has its own chance of a mistake."""

    def ask(self, prompt: Prompt) -> str:
        """Do, look, and answer. Raises RigFault where there are no hands for it."""
        number, self.answered = self.answered, self.answered + 1
        if self.time is not None and self.habits.delay_s > 0.0:
            self.time.sleep(self.habits.delay_s)
        if self.hands is None and (prompt.deeds or prompt.sight is not None):
            raise RigFault("a simulated operator has no hands on a bench of another process: use --operator terminal")
        key = path_key(self.seed, f"operator/{number}")
        random = np.random.Generator(np.random.Philox(key=key))
        slips = bool(random.random() < self.habits.mistakes)
        deeds = prompt.deeds
        if deeds and slips:
            deeds = self._wrong(prompt, random)
        if self.hands is not None:
            self.hands.do(deeds)
        if self.hands is not None and prompt.sight is not None:
            answer = self.hands.see(prompt.sight)
        else:
            answer = "" if prompt.expected is None else str(prompt.expected)
        if slips and not prompt.deeds:
            return self._swapped(prompt, answer, random)
        return answer

    def _wrong(self, prompt: Prompt, random: np.random.Generator) -> tuple[Deed, ...]:
        """The wrong thing, where there is one; or nothing at all, and said to be done."""
        at = next((place for place, deed in enumerate(prompt.deeds) if deed.instead), None)
        if at is None:
            self.slips.append((prompt.key, "not done"))
            return ()
        deed = prompt.deeds[at]
        taken = deed.instead[int(random.integers(len(deed.instead)))]
        self.slips.append((prompt.key, f"{deed.setting} = {taken}"))
        wrong = replace(deed, value=taken, instead=())
        return (*prompt.deeds[:at], wrong, *prompt.deeds[at + 1 :])

    def _swapped(self, prompt: Prompt, answer: str, random: np.random.Generator) -> str:
        """The number with two neighbouring digits swapped; as it is where no swap would be seen."""
        places = [i for i in range(len(answer) - 1)
                  if answer[i].isdigit() and answer[i + 1].isdigit() and answer[i] != answer[i + 1]]  # fmt: skip
        try:
            float(answer)
        except ValueError:
            places = []
        if not places:
            return answer
        at = places[int(random.integers(len(places)))]
        wrong = answer[:at] + answer[at + 1] + answer[at] + answer[at + 2 :]
        self.slips.append((prompt.key, wrong))
        return wrong
