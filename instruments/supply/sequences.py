"""Stored sequences of a T700: commands one after the other, with times between them.

A setting holds them as text: ``SPAN SO2: GENERATE 400 PPB SO2 5.0; 20 MIN; STANDBY | ZERO: GENERATE 0 PPB ZERO``. The
steps of a real box are the same (generate, GPT, purge, standby, duration: manual of the T700, recalled); the way in
which they are written here is this project's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from instruments.device import Value
from instruments.errors import Refused

ACTIONS = ("generate", "gpt", "gptz", "gptps", "purge", "standby")
"""What a step may do."""
_PLAIN = ("purge", "standby")
_DURATION = re.compile(r"(\d+(?:\.\d+)?) (S|MIN|H)")
_SECONDS = {"S": 1.0, "MIN": 60.0, "H": 3600.0}
_NAME = re.compile(r"[A-Z0-9][A-Z0-9 _.+-]*")


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """An action with what it takes, ``after_us`` from the beginning of its sequence."""

    after_us: int
    action: str
    value: Value


def parse_sequences(text: str) -> Mapping[str, tuple[SequenceStep, ...]]:
    """Return the stored sequences by name. Raises Refused for text that holds none."""
    found: dict[str, tuple[SequenceStep, ...]] = {}
    for part in filter(None, (part.strip() for part in text.upper().split("|"))):
        name, colon, steps = part.partition(":")
        name = " ".join(name.split())
        if not colon or not _NAME.fullmatch(name) or name in found:
            raise Refused("invalid", f'sequences: "NAME: step; step", each name once, not {part!r}')
        found[name] = tuple(_steps(name, steps))
    return found


def _steps(name: str, text: str) -> list[SequenceStep]:
    steps: list[SequenceStep] = []
    after_s = 0.0
    for one in filter(None, (" ".join(part.split()) for part in text.split(";"))):
        pause = _DURATION.fullmatch(one)
        if pause is not None:
            after_s += float(pause[1]) * _SECONDS[pause[2]]
            continue
        verb, _, rest = one.partition(" ")
        action = verb.lower()
        if action not in ACTIONS or bool(rest) == (action in _PLAIN):
            raise Refused("invalid", f"sequence {name}: {one!r} is no step")
        steps.append(SequenceStep(round(after_s * 1e6), action, rest or True))
    if not steps or steps[0].after_us:
        raise Refused("invalid", f"sequence {name} begins with something to do")
    return steps
