"""Modbus requests as texts that people can read: ``read input 22 2``, ``write coil 21 on``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from instruments.protocols.modbus import READ_BITS, READ_REGISTERS, Message

Known = TypeVar("Known")

READS: Mapping[str, int] = {"coils": 1, "discrete": 2, "holding": 3, "input": 4}
WRITES: Mapping[str, int] = {"coil": 5, "register": 6, "coils": 15, "registers": 16}
_SWITCH: Mapping[str, int] = {"on": 1, "off": 0}
_HELP = (
    '"read coils|discrete|holding|input ADDRESS COUNT", "write coil ADDRESS on|off", "write coils ADDRESS 0|1 ...", '
    '"write register ADDRESS NUMBER" or "write registers ADDRESS NUMBER ..."'
)


def read_text(function: int, address: int, count: int) -> str:
    """Text of a reading request."""
    return f"read {_word(READS, function)} {address} {count}"


def write_text(function: int, address: int, values: tuple[int, ...]) -> str:
    """Text of a writing request."""
    written = ["on" if values[0] else "off"] if function == 5 else [str(value) for value in values]
    return " ".join(("write", _word(WRITES, function), str(address), *written))


def message_of(text: str) -> Message:
    """The request that a text means. Raises ValueError for any other text."""
    words = text.split()
    try:
        address = int(words[2])
        if words[0] == "read" and len(words) == 4:
            return Message(READS[words[1]], address, int(words[3]))
        function = WRITES[words[1]]
        values = tuple(_SWITCH[word] if function == 5 else int(word) for word in words[3:])
        one_only = function in (5, 6)
        if words[0] != "write" or not values or (one_only and len(values) > 1):
            raise ValueError(text)
    except (IndexError, KeyError, ValueError):
        raise ValueError(f"{text!r} is no request of Modbus here: expected {_HELP}") from None
    return Message(function, address, len(values), values)


def reply_bytes(request: Message) -> int:
    """Bytes of the message (without frame) that answers ``request`` unless it is refused."""
    if request.function in READ_BITS:
        return 2 + (request.count + 7) // 8
    if request.function in READ_REGISTERS:
        return 2 + 2 * request.count
    return 5


def space_of(request: Message) -> int:
    """The reading function in whose space a request's addresses lie."""
    return {5: 1, 15: 1, 6: 3, 16: 3}.get(request.function, request.function)


def _word(words: Mapping[str, int], function: int) -> str:
    return next(word for word, code in words.items() if code == function)
