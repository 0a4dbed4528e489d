"""Two conversations held against each other: tomorrow's station software against today's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rig.conversation.file import Exchange
from rig.conversation.meaning import Meaning, difference, meaning


def compare(
    first: Iterable[Exchange], second: Iterable[Exchange], *, relative: float, absolute: float
) -> Iterator[str]:
    """How ``second`` differs from ``first``, one line each; nothing if they mean the same.

    The n-th request of one meaning is held against the n-th of the same meaning; so two polls in another order are no
    difference, but one left out is. Numbers in replies may differ by ``relative`` or ``absolute``, whichever is more.
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
            words = difference(one.reply, other.reply, relative, absolute)
            if words:
                yield f"{wanted.text} (number {number}): {words}"


def _by_meaning(conversation: Iterable[Exchange]) -> dict[Meaning, list[Exchange]]:
    found: dict[Meaning, list[Exchange]] = {}
    for exchange in conversation:
        if exchange.request.strip() or exchange.reply:
            found.setdefault(meaning(exchange.request), []).append(exchange)
    return found
