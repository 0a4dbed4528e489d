"""The file of a conversation: JSON lines, one for each piece of bytes as it came, with microseconds from the first.

``{"us": 0, "from": "host", "hex": "ab736f320d"}``; the first line tells what was recorded:
``{"conversation": 1, "port": "/dev/ttyUSB0", "baud": 9600, "begun": "2026-11-24T10:00:00+00:00"}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rig.conversation.meaning import is_line
from rig.errors import ConfigurationError

Side = Literal["host", "device"]
VERSION = 1
PAUSE_US = 200_000
"""A request without a line end ends when nothing more has come for so long: this project's choice, longer than the
pauses in which USB converters and device servers hand bytes over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that came together."""

    us: int
    side: Side
    data: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what the device said until the next one.

    Attributes:
        us: when the request was whole.
        request: its bytes; empty for what the device said before anybody had asked.
        replies: pieces of the answer, each with its time after the request, us.
    """

    us: int
    request: bytes
    replies: tuple[tuple[int, bytes], ...]

    @property
    def reply(self) -> bytes:
        """The whole answer."""
        return b"".join(data for _, data in self.replies)


def head_line(port: str, baud: int, begun: str) -> str:
    """The first line of a file."""
    return json.dumps({"conversation": VERSION, "port": port, "baud": baud, "begun": begun}) + "\n"


def piece_line(piece: Piece) -> str:
    """One line for one piece."""
    return json.dumps({"us": piece.us, "from": piece.side, "hex": piece.data.hex()}) + "\n"


def read_pieces(path: Path) -> list[Piece]:
    """Read a file.

    Raises:
        ConfigurationError: it cannot be read, or a line is none (names the line). A last line that was cut off by a
            power cut is left out.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), "", "a conversation of rig record", error) from None
    found: list[Piece] = []
    for number, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
            if number == 1:
                if line["conversation"] != VERSION:
                    raise ValueError
                continue
            found.append(_piece(line))
        except (ValueError, KeyError, TypeError):
            if number == len(lines) and number > 1:
                break
            expected = "a line of a conversation" if number > 1 else "the first line of a conversation of rig record"
            raise ConfigurationError(str(path), f"line {number}", expected, repr(text[:60])) from None
    return found


def _piece(line: dict[str, Any]) -> Piece:
    if line["from"] not in ("host", "device"):
        raise ValueError
    return Piece(int(line["us"]), line["from"], bytes.fromhex(line["hex"]))


def exchanges(pieces: Sequence[Piece]) -> Iterator[Exchange]:
    """Requests with their answers.

    A request is whole when the device begins to answer, at a line end, or when the host has paused for so long that
    what comes next must be another one; so a host that asks again before it is answered makes an exchange without
    replies.
    """
    request, asked_us = b"", 0
    replies: list[tuple[int, bytes]] = []
    for piece in pieces:
        if piece.side == "device":
            replies.append((piece.us - asked_us, piece.data))
            continue
        if replies or is_line(request) or (request and piece.us - asked_us > PAUSE_US):
            yield Exchange(asked_us, request, tuple(replies))
            request, replies = b"", []
        request, asked_us = request + piece.data, piece.us
    if request or replies:
        yield Exchange(asked_us, request, tuple(replies))
