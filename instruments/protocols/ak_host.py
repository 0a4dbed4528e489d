"""AK, the host side: requests out, replies understood by the same table that the unit answers by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from instruments.device import Value
from instruments.errors import Refused
from instruments.protocols.ak_table import CLOCK_TIME, AkTable, Does, written
from instruments.protocols.clink_formats import Time, calendar
from instruments.protocols.ends import HostEnd, check_unit

_ACTIONS: Mapping[tuple[str, Value], Does] = {("run", True): "start", ("run", False): "stop"}
_TIME = Time()
_SHORTEST = len(b"\x024SF01 0\x03\r\n")


@dataclass(frozen=True, slots=True)
class AkReply:
    """A reply that is what was asked for.

    Attributes:
        request: the request's text.
        condition: whether a status condition stands.
        words: what follows the status digit, the echoed number of a register left out.
    """

    request: str
    condition: bool
    words: tuple[str, ...]


class AkHost(HostEnd):
    """The host's end of one line; a request is written without station and channel: ``AREG 8``.

    Args:
        table: functions and registers of the unit at the other end.
        station: its station, a character code.
    """

    def __init__(self, table: AkTable, station: int) -> None:
        self._table, self._station = table, chr(station)

    def request(self, text: str) -> bytes:
        """Bytes of a request."""
        function, _, rest = text.partition(" ")
        return f"\x02{self._station}{function} {self._table.channel} {rest}".rstrip(" ").encode("ascii") + b"\x03"

    def missing(self, text: str, raw: bytes) -> int:
        """Bytes that still lack: a reply ends with ETX and CR LF (stored records have line ends inside)."""
        start = raw.rfind(b"\x02")
        if start < 0:
            return _SHORTEST
        end = raw.find(b"\x03", start)
        if end < 0:
            return max(_SHORTEST - len(raw) + start, 3)
        return max(end + 3 - len(raw), 0)

    def parse(self, text: str, raw: bytes) -> AkReply:
        """Understand the reply ``raw`` to ``text``.

        Raises:
            Refused: the unit said SE or BS.
            ValueError: it is no proper reply: not framed, another station, function or register.
        """
        frames = re.findall(rb"\x02([^\x02\x03]*)\x03", raw)
        if not frames:
            raise ValueError("no frame from STX to ETX")
        frame = frames[-1].decode("latin-1")
        function, *asked = text.split()
        match = re.fullmatch(rf"{re.escape(self._station)}(\S{{4}}) ([01])(?: (.*))?", frame, re.DOTALL)
        if not match:
            raise ValueError(f"{frame!r} is no reply of station {self._station}")
        words = (match[3] or "").split() if function != self._table.code_of["ask records"] else [match[3] or ""]
        if len(words) == 1 and words[0] in self._table.errors:
            raise Refused(self._table.errors[words[0]].reason, f"{text}: {words[0]}")
        if match[1] != function:
            raise ValueError(f"asked {function}, the reply is to {match[1]}")
        if function in (self._table.code_of["ask register"], self._table.code_of["enter register"]):
            if not words or words[0] != asked[0]:
                raise ValueError(f"asked register {asked[0]}, the reply is {frame!r}")
            words = words[1:]
        return AkReply(text, match[2] == "1", tuple(words))

    def read_request(self, quantity: str) -> str:
        """Request that tells ``quantity``. Raises KeyError if no register holds it."""
        if quantity == "alarms":
            return f"{self._table.code_of['ask register']} {self._table.status}"
        if quantity == "firmware":
            return self._table.code_of["identify"]
        return f"{self._table.code_of['ask register']} {self._table.by_quantity[quantity].code}"

    def value(self, quantity: str, reply: AkReply, unit: str = "") -> tuple[Any, str]:
        """Value of ``quantity``, and its unit, which is the same on the wire as inside.

        Raises:
            ValueError: the reply does not tell it, or it comes in another unit.
        """
        if quantity == "firmware":
            if len(reply.words) != 2:
                raise ValueError(f"model and version were answered {' '.join(reply.words)!r}")
            return reply.words[1], ""
        if reply.request != self.read_request(quantity) or len(reply.words) != 1:
            raise ValueError(f"the reply to {reply.request!r} does not tell {quantity}")
        if quantity == "alarms":
            return self._table.alarms(_whole(reply.words[0])), ""
        row = self._table.by_quantity[quantity]
        check_unit(quantity, row.unit, unit)
        if row.form == "text":
            return reply.words[0], ""
        if row.form == "time":
            return _TIME.parse(reply.words[0], _nothing_else), "us"
        return (_whole(reply.words[0]) if row.form == "d" else float(reply.words[0])), row.unit

    def set_request(self, setting: str, value: Any, unit: str = "") -> str:
        """Request that sets ``setting``; ``run`` starts and stops sampling.

        ``clock_date`` and ``clock_time`` each set one half of the clock (microseconds since 1970).

        Raises:
            KeyError: no register can be entered for it. Refused: the value is no number.
        """
        if isinstance(value, bool) and (setting, value) in _ACTIONS:
            return self._table.code_of[_ACTIONS[setting, value]]
        if setting == CLOCK_TIME:
            return f"{self._table.code_of['set time']} {written(value, 'time')}"
        if setting == "clock_date":
            return f"{self._table.code_of['set date']} {calendar(value):%m/%d/%y}"
        row = self._table.by_quantity[setting]
        if not row.enter or (unit and unit != row.unit):
            raise KeyError(setting)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused("invalid", f"{setting} is a number, not {value!r}")
        return f"{self._table.code_of['enter register']} {row.code} {value:.9g}"


def _nothing_else(name: str) -> Value:
    raise KeyError(name)


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)
