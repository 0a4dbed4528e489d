"""Lines of the Teledyne protocol: how requests are typed, and how every message of the box begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from instruments.protocols.clink_formats import calendar

TYPES = "CDLTVW"
"""Letters of command types (manual T700 p. 194, read); ``?`` beside them asks for help."""
UNKNOWN = "XXXX"
"""What is printed for a value that the box cannot tell (manuals of the T series, read)."""
_LONGEST = 128
"""Characters of a request that the box keeps (chosen: the manuals do not say); of a longer one nothing is executed."""
_CTRL_C, _CTRL_E, _BACKSPACE, _CTRL_R, _CTRL_T, _ESCAPE, _DELETE = 0x03, 0x05, 0x08, 0x12, 0x14, 0x1B, 0x7F
_CR, _LF = 0x0D, 0x0A
_MINUTE_US = 60_000_000
_RUBOUT = b"\b \b"
_CLEAN = re.compile(rb"[\x20-\x7e]*(\r\n|\r|\n)")
_MESSAGE = re.compile(r"([CDLTVW?]) (\d{1,3}):(\d\d):(\d\d) (\d{1,4}) (.+)")


@dataclass(frozen=True, slots=True)
class Typed:
    """One step of what comes in: what the box echoes, and the request that is complete with it, if any."""

    echo: bytes = b""
    request: str | None = None


class Editor:
    """Collects requests from bytes, by the rules of the mode in force.

    Computer mode: no echo, no editing; carriage return and line feed both execute, an empty line does nothing. Terminal
    mode: echo; backspace, escape (whole line), ^R (recall), ^E (execute again). ^C and ^T switch. (Manuals T803 p. 152,
    200AH p. 5-33, read.)

    Args:
        terminal: the mode at power on.
    """

    def __init__(self, terminal: bool) -> None:
        self._at_start = terminal
        self._last = ""
        self.restart()

    def restart(self) -> None:
        """As after power on: half a request and the mode are forgotten."""
        self._terminal = self._at_start
        self._line = bytearray()
        self._spoiled = False

    def feed(self, data: bytes) -> Iterator[Typed]:
        """Take bytes; yield a step for each that does something."""
        if not (self._terminal or self._line or self._spoiled) and len(data) <= _LONGEST and _CLEAN.fullmatch(data):
            # What nearly every client sends, without a look at each byte: a whole line, and nothing odd in it.
            request = data.decode("ascii").strip()
            self._last = request or self._last
            if request:
                yield Typed(request=request)
            return
        for byte in data:
            if byte in (_CTRL_C, _CTRL_T):
                self._terminal = byte == _CTRL_T
                self._clear()
            elif byte == _CR or (byte == _LF and not self._terminal):
                echo = b"\r\n" if self._terminal else b""
                words = "" if self._spoiled else bytes(self._line).decode("ascii").strip()
                self._clear()
                self._last = words or self._last
                if echo or words:
                    yield Typed(echo, words or None)
            elif self._terminal:
                yield from self._edited(byte)
            else:
                self._take(byte)

    def _edited(self, byte: int) -> Iterator[Typed]:
        if byte in (_BACKSPACE, _DELETE):
            if self._line:
                del self._line[-1]
                yield Typed(_RUBOUT)
        elif byte == _ESCAPE:
            echo = _RUBOUT * len(self._line)
            self._clear()
            yield Typed(echo)
        elif byte in (_CTRL_R, _CTRL_E):
            echo = _RUBOUT * len(self._line) + self._last.encode("ascii")
            self._clear()
            if byte == _CTRL_R:
                self._line += self._last.encode("ascii")
                yield Typed(echo)
            elif self._last:
                yield Typed(echo + b"\r\n", self._last)
        elif 0x20 <= byte < _DELETE and len(self._line) < _LONGEST:
            self._line.append(byte)
            yield Typed(bytes([byte]))

    def _take(self, byte: int) -> None:
        if byte == 0:
            return  # what a line that wakes up delivers
        if not 0x20 <= byte < _DELETE or len(self._line) >= _LONGEST:
            self._spoiled = True  # nobody's words: not executed, not answered
        else:
            self._line.append(byte)

    def _clear(self) -> None:
        self._line.clear()
        self._spoiled = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request taken apart: type, machine id if there is one, the words (upper case), and the rest as typed."""

    type: str
    number: int | None
    words: tuple[str, ...]
    rest: str

    @classmethod
    @lru_cache(maxsize=256)
    def parse(cls, text: str) -> Request | None:
        """Take a line apart; None for one that is no request at all."""
        head, _, rest = text.strip().partition(" ")
        kind = head.upper()
        if kind in ("LOGON", "LOGOFF"):
            number, rest = _number_in(rest, at_least=2 if kind == "LOGON" else 1)
            return cls("L", number, (kind,), rest)
        if kind.startswith("?") and len(kind) > 1:
            kind, rest = "?", f"{kind[1:]} {rest}"
        if len(kind) != 1 or kind not in TYPES + "?":
            return None
        number, rest = _number_in(rest)
        return cls(kind, number, tuple(rest.upper().split()), rest)


def _number_in(rest: str, at_least: int = 1) -> tuple[int | None, str]:
    """A machine id at the beginning, one to four digits, if there are ``at_least`` so many words."""
    words = rest.split()
    if len(words) >= at_least and re.fullmatch(r"\d{1,4}", words[0]):
        return int(words[0]), rest.strip().removeprefix(words[0]).strip()
    return None, rest.strip()


@dataclass(frozen=True, slots=True)
class Message:
    """A line of the box: ``X DDD:HH:MM IIII MESSAGE``."""

    type: str
    day: int
    hour: int
    minute: int
    number: int
    text: str

    @classmethod
    def parse(cls, line: str) -> Message | None:
        """Understand a line; None for one that is none of a box."""
        found = _MESSAGE.fullmatch(line)
        if found is None:
            return None
        kind, day, hour, minute, number, text = found.groups()
        if not (1 <= int(day) <= 366 and int(hour) < 24 and int(minute) < 60):
            return None
        return cls(kind, int(day), int(hour), int(minute), int(number), text)


def message(kind: str, clock_us: int, number: int, text: str) -> bytes:
    """Write a line: day of the year without leading zeros (``D 31:10:06 0412``, read), machine id of four digits."""
    return f"{kind} {_head(clock_us // _MINUTE_US, number)} {text}\r\n".encode("ascii")


@lru_cache(maxsize=64)
def _head(clock_min: int, number: int) -> str:
    now = calendar(clock_min * _MINUTE_US)
    return f"{now.timetuple().tm_yday}:{now.hour:02d}:{now.minute:02d} {number:04d}"
