"""Error letters of the BAM-1020, in the order of its data columns (protocol notes on particles and weather 1.4)."""

from __future__ import annotations

LETTERS = "EUMILRNFPDCT"
"""First letter, highest bit: E = 0x800 ... T = 0x001."""

BIT = {letter: 1 << (11 - place) for place, letter in enumerate(LETTERS)}

RELAY = sum(BIT[letter] for letter in "CPNRLIMU")
"""Letters that close the INVALID DATA relay (read: BAM-1020-9800 Rev W)."""

FULL_SCALE = sum(BIT[letter] for letter in "CNRLIMUT")
"""Letters with which the stored concentration is full scale: those of the relay but P, which keeps the partial volume
(read: Rev W p. 57), and T (recalled: a torn tape makes all data invalid)."""


def letters(word: int) -> tuple[str, ...]:
    """Letters of a word of flags, in the order of the columns."""
    return tuple(letter for letter in LETTERS if word & BIT[letter])
