"""Two conversations held against each other: tomorrow's station software against today's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from instruments.device import Value
from rig.conversation.file import Exchange
from rig.conversation.meaning import Meaning, agree, difference, meaning

Told = Callable[[Exchange], Mapping[str, Value] | None]
"""What a reply says by name, where a map of registers is known; None where none is."""


def compare(
    first: Iterable[Exchange], second: Iterable[Exchange], *, relative: float, absolute: float,
    told: Told = lambda exchange: None,
) -> Iterator[str]:  # fmt: skip
    """How ``second`` differs from ``first``, one line each; nothing if they mean the same.

    The n-th request of one meaning is held against the n-th of the same meaning; so two polls in another order are no
    difference, but one left out is. Numbers in replies may differ by ``relative`` or ``absolute``, whichever is more;
    what ``told`` knows how to read is compared value by value.
    """
    before, after = _by_meaning(first), _by_meaning(second)
    for wanted in [*before, *(one for one in after if one not in before)]:
        old, new = before.get(wanted, []), after.get(wanted, [])
        if len(old) != len(new):
            yield f"{wanted.text}: asked {len(old)} times, then {len(new)} times"
        for number, (one, other) in enumerate(zip(old, new, strict=False), 1):
            if bool(one.reply) != bool(other.reply):
                which = "was answered, then was not" if one.reply else "was not answered, then was"
                yield f"{wanted.text} (number {number}): {which}"
                continue
            before_it, after_it = told(one), told(other)
            if before_it is not None and after_it is not None:
                words = "; ".join(_differences(before_it, after_it, relative, absolute))
            else:
                words = difference(one.reply, other.reply, relative, absolute)
            if words:
                yield f"{wanted.text} (number {number}): {words}"


def _differences(
    before: Mapping[str, Value], after: Mapping[str, Value], relative: float, absolute: float
) -> Iterator[str]:  # fmt: skip
    for name, old in before.items():
        new = after.get(name)
        if isinstance(old, float) and isinstance(new, float):
            if not agree(old, new, relative, absolute):
                yield f"{name}: {old:g} became {new:g}"
        elif old != new:
            yield f"{name}: {old} became {new}"


def _by_meaning(conversation: Iterable[Exchange]) -> dict[Meaning, list[Exchange]]:
    found: dict[Meaning, list[Exchange]] = {}
    for exchange in conversation:
        if exchange.request.strip() or exchange.reply:
            found.setdefault(meaning(exchange.request), []).append(exchange)
    return found
