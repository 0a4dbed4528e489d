"""What is asked of people: what hands are to do, what eyes are to read off, and who answers.

A prompt says in words (a key of the message catalogue) what is wanted. Beside the words it carries the same thing as
data: :class:`Deed` and :class:`Sight`. At a real bench the words are for a person and the data are for the journal; on
an emulated bench the data are carried out (:mod:`rig.operators`), so that a meter that is "held at the gas controller"
really is held there, and a display that is "read off" really shows what the device shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from instruments.device import Value


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that hands do to a device: a setting that no wire reaches, or that its protocol has no request for.

    Attributes:
        device: name on the bench, as commands name it (``flow_meter``, ``zero_air``, ``cylinder.so2``).
        setting: what is changed (``connected_to``, ``extra_scrubber``), or an action with the value True.
        value: what it is changed to.
        home: what it is put back to before the run ends; None for what may stay (a new flow table, a clean filter).
        instead: what a person may take by mistake in its place (the foil of another unit).
        undone_by: the action by which it is undone before the run ends, where that is not the same setting
            (``remove_foil`` after ``place_foil``).
    """

    device: str
    setting: str
    value: Value
    home: Value | None = None
    instead: tuple[Value, ...] = ()
    undone_by: str = ""


UNDOING = "done"
"""What stands for the home of a deed that another action undoes."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that eyes read off a device: a display, a label.

    Attributes:
        device: name on the bench.
        quantity: what is read.
        decimals: of a number, as the display shows them.
        scale: from the device's own unit to the unit that is asked for.
    """

    device: str
    quantity: str
    decimals: int = 3
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question to whoever stands at the bench.

    Attributes:
        key: of the message.
        values: of the message.
        expected: the answer that is expected; what Enter means, and what is answered where nothing is to be seen.
        unit: of a number that is asked for.
        lowest, highest: bounds of a number that can be believed; anything else is asked again.
        choices: answers that can be believed; anything else is asked again. Empty: any.
        deeds: what is done before the answer.
        sight: what the answer is read off.
        refused: the answer before, if it was beyond belief and this asks again.
    """

    key: str
    values: Mapping[str, float | int | str] = field(default_factory=dict)
    expected: float | str | None = None
    unit: str = ""
    lowest: float | None = None
    highest: float | None = None
    choices: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    sight: Sight | None = None
    refused: str = ""

    def believed(self, answer: str) -> str | None:
        """The answer as it is taken, a number in its shortest form; None if it is beyond belief."""
        if self.choices:
            return answer if answer in self.choices else None
        if self.lowest is None and self.highest is None:
            return answer
        try:
            number = float(answer or str(self.expected))
        except ValueError:
            return None
        low = float("-inf") if self.lowest is None else self.lowest
        high = float("inf") if self.highest is None else self.highest
        return str(number) if low <= number <= high else None

    @property
    def bounds(self) -> str:
        """What can be believed, in words: the choices, or the bounds of a number with its unit."""
        return ", ".join(self.choices) or f"{self.lowest} - {self.highest} {self.unit}".strip()

    def as_request(self) -> dict[str, Any]:
        """For the journal: what was asked, with everything that decided whether the answer was believed."""
        found: dict[str, Any] = {"key": self.key, "values": dict(self.values)}
        named = {"expected": self.expected, "lowest": self.lowest, "highest": self.highest, "unit": self.unit or None,
                 "choices": list(self.choices) or None, "refused": self.refused or None}  # fmt: skip
        found |= {name: value for name, value in named.items() if value is not None}
        if self.deeds:
            found["deeds"] = [[deed.device, deed.setting, deed.value] for deed in self.deeds]
        if self.sight is not None:
            found["sight"] = [self.sight.device, self.sight.quantity]
        return found


class Operator(Protocol):
    """Answers prompts: a simulated operator, the terminal, a page."""

    @property
    def name(self) -> str:
        """Who it is, for the journal."""
        ...

    def ask(self, prompt: Prompt) -> str:
        """Do what the prompt says and return the answer as typed."""
        ...
