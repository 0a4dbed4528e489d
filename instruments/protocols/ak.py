"""AK, the device side: what a TEOM answers to ``<STX>4AREG K0 8<ETX>``.

A request acts at ETX; line ends after it are skipped, as clients send or leave them out. A reply is closed by CR LF.
There is no checksum. Sans-I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.ak_table import CLOCK_TIME, AkTable, Does, Register, written
from instruments.protocols.clink_formats import DAY_US, calendar
from instruments.protocols.ends import DeviceEnd
from instruments.steps import SECOND_US

STX, ETX = 0x02, 0x03
LINE_END = b"\r\n"
_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{0,6})?(?:[Ee][-+]?\d{1,2})?")
_MOST_RECORDS = 48
"""Records that one ASTO gives at most; the instrument's past reaches 24 h."""


@dataclass(frozen=True, slots=True)
class AkOptions:
    """How RS-232 is set on one port.

    Attributes:
        channel: RS-Para 2.
        crlf: RS-Para 3: replies are closed by CR LF.
        print_on_line: the port prints lines of its own accord and answers nothing.
        print_every: seconds between printed lines.
    """

    channel: str = "K0"
    crlf: bool = True
    print_on_line: bool = False
    print_every: int = 60


class AkMemory:
    """What all lines of one unit share: the storage pointer, a reading of the clock, and what of it is in flash.

    Attributes:
        pointer_us: bench time at which the next record to be given was filed; 0 is the begin of the storage.
    """

    def __init__(self) -> None:
        self.pointer_us = self._saved_us = 0

    def save(self) -> None:
        """Put the pointer into flash."""
        self._saved_us = self.pointer_us

    def power_cycled(self) -> None:
        """Go back to what was saved last."""
        self.pointer_us = self._saved_us


class AkDevice(DeviceEnd):
    """The unit's end of one line.

    Args:
        table: its functions and registers.
        face: the instrument.
        station: RS-Para 1, a character code.
        options: how RS-232 is set.
        memory: what its lines share.
    """

    def __init__(
        self, table: AkTable, face: Face, station: int, options: AkOptions | None = None, memory: AkMemory | None = None
    ) -> None:
        self._table, self._face, self._station = table, face, chr(station)
        self._options = options or AkOptions()
        self.memory = memory or AkMemory()
        self._request: bytearray | None = None
        self._last_us = 0
        self._silent = False
        self._does: Mapping[Does, Callable[[list[str]], str]] = {
            "ask register": self._ask, "enter register": self._enter, "set pointer": self._set_pointer,
            "ask records": self._records, "save": self._save, "identify": self._identify, "start": self._start,
            "stop": self._stop, "set time": self._set_time, "set date": self._set_date,
            "fall silent": self._fall_silent,
        }  # fmt: skip

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes from the line; return one item for each request answered. Never raises, whatever comes."""
        if self._options.print_on_line or self._silent:
            return []
        now = self._face.now_us()
        if now - self._last_us > self._table.gap_s * SECOND_US:
            self._request = None
        self._last_us = now
        replies: list[bytes] = []
        for byte in data:
            if byte == STX:
                self._request = bytearray()
            elif self._request is None:
                continue
            elif byte == ETX:
                text, self._request = bytes(self._request), None
                replies += self._answer(text)
            elif len(self._request) >= self._table.longest_request:
                self._request = None
            else:
                self._request.append(byte)
        return replies

    def power_cycled(self) -> None:
        """Half a request is lost, and a port that was set to None answers again."""
        self._request, self._silent = None, False
        self.memory.power_cycled()

    def next_output_us(self) -> int | None:
        """When the next line is printed: at round times of the unit's own clock."""
        if not self._options.print_on_line or self._table.printed is None:
            return None
        every = max(self._options.print_every, 1) * SECOND_US
        return self._face.now_us() + every - self._face.clock_us() % every

    def output(self) -> list[bytes]:
        """The printed line."""
        if self._table.printed is None:
            return []
        words = [f"{item.text} {written(self._read(item.quantity), item.form)}" for item in self._table.printed.item]
        return [" ".join(words).encode("ascii", "replace") + b"\n"]

    # -- one request --------------------------------------------------------------------------------------------------

    def _answer(self, request: bytes) -> list[bytes]:
        text = request.decode("latin-1")
        if text[:1] != self._station or len(text) < 5:
            return []  # for another station, or for none
        code, words = text[1:5], text[5:].split()
        function = self._table.functions.get(code)
        try:
            if function is None:
                code = "????"
                raise Refused("unknown", text)
            if not text[5:].startswith(" ") or words[:1] != [self._options.channel]:
                raise Refused("invalid", "the channel is missing, or another one")
            body = self._does[function.does](words[1:])
        except Refused as refusal:
            body = self._table_code(refusal.reason)
        standing = 1 if self._face.read("alarms") else 0
        reply = f"{self._station}{code} {standing} {body}".rstrip(" ").encode("latin-1", "replace")
        return [bytes([STX]) + reply + bytes([ETX]) + (LINE_END if self._options.crlf else b"")]

    def _table_code(self, reason: str) -> str:
        """The error code for a reason; what is not a matter of state is a matter of syntax."""
        by_reason = {row.reason: row.code for row in self._table.errors.values()}
        stateful = reason in ("wrong settings", "service mode", "no option")
        return by_reason["wrong settings" if stateful else "invalid"]

    def _register(self, words: list[str], count: int) -> Register:
        if len(words) != count or not re.fullmatch(r"\d{1,3}", words[0], re.ASCII):
            raise Refused("invalid")
        row = self._table.registers.get(int(words[0]))
        if row is None:
            raise Refused("invalid")
        return row

    def _read(self, quantity: str) -> Value:
        return self._face.clock_us() if quantity == CLOCK_TIME else self._face.read(quantity)

    def _ask(self, words: list[str]) -> str:
        row = self._register(words, 1)
        return f"{words[0]} {written(self._read(row.quantity), row.form)}"

    def _enter(self, words: list[str]) -> str:
        row = self._register(words, 2)
        if not row.enter or not _NUMBER.fullmatch(words[1]):
            raise Refused("invalid")
        if row.stopped and self._face.read("run") is True:
            raise Refused("wrong settings")
        self._face.apply(row.quantity, float(words[1]))
        return words[0]

    def _start(self, words: list[str]) -> str:
        self._no_more(words)
        self._face.apply("run", True)
        return ""

    def _stop(self, words: list[str]) -> str:
        self._no_more(words)
        self._face.apply("run", False)
        return ""

    def _identify(self, words: list[str]) -> str:
        self._no_more(words)
        return f"{self._table.identity} {self._face.read('firmware')}"

    def _save(self, words: list[str]) -> str:
        self._no_more(words)
        self.memory.save()
        return ""

    def _fall_silent(self, words: list[str]) -> str:
        self._no_more(words)
        self._silent = True
        return ""

    @staticmethod
    def _no_more(words: list[str]) -> None:
        if words:
            raise Refused("invalid")

    # -- clock --------------------------------------------------------------------------------------------------------

    def _set_time(self, words: list[str]) -> str:
        match = re.fullmatch(r"(\d\d):(\d\d):(\d\d)", " ".join(words), re.ASCII)
        if not match or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3]) > 59:
            raise Refused("invalid")
        clock_us = self._face.clock_us()
        of_day = (int(match[1]) * 60 + int(match[2])) * 60 + int(match[3])
        self._face.apply("clock_us", clock_us - clock_us % DAY_US + of_day * SECOND_US)
        return ""

    def _set_date(self, words: list[str]) -> str:
        match = re.fullmatch(r"(\d\d)/(\d\d)/(\d\d)", " ".join(words), re.ASCII)
        if not match:
            raise Refused("invalid")
        clock_us = self._face.clock_us()
        try:
            day = calendar(clock_us).replace(year=2000 + int(match[3]), month=int(match[1]), day=int(match[2]))
        except ValueError:
            raise Refused("invalid") from None
        days = (day.date() - calendar(0).date()).days
        self._face.apply("clock_us", days * DAY_US + clock_us % DAY_US)
        return ""

    # -- stored records -----------------------------------------------------------------------------------------------

    def _filed(self) -> list[tuple[int, int]]:
        """When each record was filed, bench time, and its stamp, oldest first: the unit's past reaches 24 h."""
        storage, every = self._table.storage, self._table.storage.every_min * 60 * SECOND_US
        now = at = self._face.now_us()
        found = []
        while (made := self._number_at(storage.filed, at)) * SECOND_US > max(0, now - DAY_US):
            at = round(made * SECOND_US)
            if self._face.read_at("powered", at):
                # A record comes with the measuring step next to the full period, and bears the period's name.
                found.append((at, (round(self._number_at("clock_us", at)) + every // 2) // every * every))
            at -= 1
        return found[::-1]

    def _number_at(self, quantity: str, t_us: int) -> float:
        return cast(float, self._face.read_at(quantity, t_us))

    def _set_pointer(self, words: list[str]) -> str:
        if len(words) != 1 or not re.fullmatch(r"[BE]|[-+]?\d{1,6}", words[0], re.ASCII):
            raise Refused("invalid")
        filed = self._filed()
        if words[0] == "B":
            place = 0
        elif words[0] == "E":
            place = len(filed)
        else:
            place = min(max(self._place(filed) + int(words[0]), 0), len(filed))
        self._point(filed, place)
        return ""

    def _place(self, filed: list[tuple[int, int]]) -> int:
        return sum(made < self.memory.pointer_us for made, _ in filed)

    def _point(self, filed: list[tuple[int, int]], place: int) -> None:
        end = filed[-1][0] + 1 if filed else 0
        self.memory.pointer_us = filed[place][0] if place < len(filed) else end

    def _records(self, words: list[str]) -> str:
        if len(words) != 1 or not re.fullmatch(r"\d{1,3}", words[0], re.ASCII) or int(words[0]) < 1:
            raise Refused("invalid")
        filed = self._filed()
        here = self._place(filed)
        given = filed[here : here + min(int(words[0]), _MOST_RECORDS)]
        self._point(filed, here + len(given))
        return "\r\n".join([str(len(given)), *(self._record(made, stamp) for made, stamp in given)])

    def _record(self, made_us: int, stamp_us: int) -> str:
        rows = [self._table.registers[code] for code in self._table.storage.registers]
        values = [written(self._face.read_at(row.quantity, made_us), row.form) for row in rows]
        return ",".join([calendar(stamp_us).strftime("%H:%M:%S,%m/%d/%y"), *values])
