"""C-Link, the device side: what a Thermo iSeries box answers to the bytes that it gets.

Sans-I/O: :meth:`ClinkDevice.receive` takes bytes as a port delivers them and returns replies. The commands are the
table's; this module holds the rules around them: address, echo, mode, error texts, reply forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.clink_formats import DAY_US, NotANumber, calendar
from instruments.protocols.clink_frame import ERROR_TEXTS, LOCAL_MODE, NOT_A_NUMBER, RequestBuffer, ended
from instruments.protocols.clink_options import ClinkMemory, ClinkOptions
from instruments.protocols.clink_records import (
    MINUTE_US,
    RecordStore,
    field_list,
    flags_word,
    layout_text,
    output_list,
    record_line,
)
from instruments.protocols.clink_table import STATE, ClinkTable, Exact, Setter, words_before
from instruments.protocols.ends import DeviceEnd, Transport


class ClinkDevice(DeviceEnd):
    """The box's end of one line.

    Args:
        table: its commands.
        face: the instrument.
        transport: on ``tcp`` the address byte may be missing.
        options: firmware and faults.
        memory: the protocol's own memory, to be given if several lines of one box share it.
    """

    def __init__(
        self,
        table: ClinkTable,
        face: Face,
        transport: Transport = "serial",
        options: ClinkOptions | None = None,
        memory: ClinkMemory | None = None,
    ) -> None:
        self._table = table
        self._face = face
        self._transport = transport
        self._options = options or ClinkOptions()
        self._buffer = RequestBuffer()
        self.memory = memory or ClinkMemory(table, self._options)
        self._now = self.memory.now
        self._exact = table.exact
        self._gap_us, self._deaf_until_us = round(table.gap_s * 1e6), 0
        self._always_sum = transport == "tcp" and self._options.tcp_always_sum
        self._does: Mapping[str, Callable[[Exact, list[str]], str]] = {
            "flags": self._flags,
            "record": self._record,
            "coded record": self._coded_record,
            "layout": self._layout,
            "count": self._count,
            "list": self._list,
            "save": self._save,
            "acknowledge layout": self._acknowledge_layout,
        }

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes from the line; return one item for each request answered. Never raises, whatever comes."""
        if self._gap_us:
            return self._after_its_rest(data)
        requests = self._buffer.feed(data)
        if len(requests) == 1:
            address, text = requests[0]
            return [self._answer(text)] if self._is_mine(address) else []
        if self._options.merge_pipelined:
            texts = [text for address, text in requests if self._is_mine(address)]
            return [self._answer(texts[0], b"".join(texts[1:]))] if texts else []
        return [self._answer(text) for address, text in requests if self._is_mine(address)]

    def _after_its_rest(self, data: bytes) -> list[bytes]:
        """A C-series box: what comes too soon after a reply is lost, also the rest of what has come together."""
        now = self._face.now_us()
        if now < self._deaf_until_us:
            self._buffer.clear()
            return []
        mine = [text for address, text in self._buffer.feed(data) if self._is_mine(address)]
        if not mine:
            return []
        self._deaf_until_us = now + self._gap_us
        return [self._answer(mine[0])]

    def power_cycled(self) -> None:
        """Forget what a box forgets without power: half a request, and what was not saved."""
        self._buffer.clear()
        self.memory.power_cycled()

    def stream_line(self) -> bytes:
        """One line of the stream that TCP port 9881 sends each ``stream per`` seconds (its form is recalled)."""
        words = [] if self._now["stream_time"] else [calendar(self._face.clock_us()).strftime("%H:%M:%S")]
        words += [field.template.render(self._read) for field in self._table.records["stream"].fields]
        return " ".join(words).encode("ascii") + b"\r\n"

    # -- one request --------------------------------------------------------------------------------------------------

    def _is_mine(self, address: int | None) -> bool:
        own = self._face.read("instrument_id")
        if address is None:
            return own == 0 or self._transport == "tcp"
        return address - 0x80 == own

    def _answer(self, request: bytes, merged: bytes = b"") -> bytes:
        text = request.decode("ascii")
        exact = self._exact.get(text)
        try:
            if exact is not None and exact.reply is not None:
                body = exact.row.separator + exact.reply.render(self._read)
            else:
                exact, body = self._search(" ".join(text.split()))
        except NotANumber:
            body = NOT_A_NUMBER
        except Refused as refusal:
            body = ERROR_TEXTS[refusal.reason]
        if exact is not None and exact.row.does == "coded record":
            with_sum = exact.number[0] == "1"
        else:
            with_sum = self._always_sum or self._now["format"] == 1
        if merged:
            text += merged.decode("ascii")
        return ended(text.rstrip() + body, star=bool(self._now["layout_stale"]), with_sum=with_sum)

    def _search(self, text: str) -> tuple[Exact | None, str]:
        """Find and carry out a request that is no plain report. Returns what follows the echo."""
        lower = text.lower()
        exact = self._exact.get(lower)
        arguments: list[str] = []
        setter: Setter | None = None
        value = ""
        if exact is None:
            for before, after in words_before(text):
                setter, value = self._table.setters.get(before.lower()), after
                if setter is not None:
                    break
                arguments = after.split(" ")
                exact = self._exact.get(before.lower())
                if exact is not None and exact.row.does == "record":
                    break
                exact = None
        if exact is None and setter is None:
            raise Refused("unknown", text)
        if lower.startswith("set ") and not lower.startswith("set mode ") and self._is_locked():
            return exact, LOCAL_MODE
        if setter is not None:
            self._set(setter, value)
            return None, setter.row.ok
        assert exact is not None  # one of the two was found
        return exact, self._do(exact, arguments)

    def _is_locked(self) -> bool:
        mode = self._read("mode")
        if mode == "service":
            raise Refused("service mode")
        return self._options.strict and mode == "local"

    def _do(self, exact: Exact, arguments: list[str]) -> str:
        row = exact.row
        if exact.reply is not None:
            return row.separator + exact.reply.render(self._read)
        if row.refuse is not None:
            raise Refused(row.refuse)
        if row.does:
            return self._does[row.does](exact, arguments)
        for name, value in row.apply.items():
            self._face.apply(name, value)
        return row.ok

    def _set(self, setter: Setter, text: str) -> None:
        row, quantity = setter.row, setter.quantity
        value = setter.template.placeholders[0].format.parse(text, self._read)
        if isinstance(value, (int, float)):
            if row.high is not None and value > row.high:
                raise Refused("too high")
            if row.low is not None and value < row.low:
                raise Refused("too low")
        if quantity.startswith(STATE):
            self._now[quantity.removeprefix(STATE)] = value
        elif quantity == "clock_date":
            self._face.apply("clock_us", cast(int, value) + self._face.clock_us() % DAY_US)
        elif quantity == "clock_time":
            clock_us = self._face.clock_us()
            self._face.apply("clock_us", clock_us - clock_us % DAY_US + cast(int, value))
        elif quantity != "mode":
            self._face.apply(quantity, value)
        else:
            self._set_mode(value)

    def _set_mode(self, mode: Value) -> None:
        if self._read("mode") == "service":
            raise Refused("service mode")
        if self._now["allow_mode_cmd"]:
            self._face.apply("mode", mode)

    def _read(self, name: str) -> Value:
        if name.startswith(STATE):
            return self._now[name[len(STATE) :]]
        if name in ("clock_date", "clock_time"):
            return self._face.clock_us()
        try:
            return self._face.read(name)
        except KeyError as error:
            raise Refused("no option", f"this box has no {name}") from error

    # -- what no template can say ------------------------------------------------------------------------------------

    def _flags(self, exact: Exact, arguments: list[str]) -> str:
        return f"{exact.row.separator}{flags_word(self._table.flags, self._read):08X}"

    def _record(self, exact: Exact, arguments: list[str]) -> str:
        of = exact.row.of
        return exact.row.separator + self._records(of, arguments, names=self._now[f"{of}_format"] == 1)

    def _coded_record(self, exact: Exact, arguments: list[str]) -> str:
        return exact.row.separator + self._records(exact.row.of, arguments, names=exact.number[1] == "1")

    def _records(self, of: str, arguments: list[str], *, names: bool) -> str:
        if of == "erec":
            if arguments:
                raise Refused("unknown", "erec takes no arguments")
            layout, clock_us = self._table.records[of], self._face.clock_us()
            return record_line(self._table, layout, clock_us, self._read, names=names)
        store = self._store(of)
        return "\n".join(store.line(stamp, names=names) for stamp in store.select(arguments))

    def _store(self, of: str) -> RecordStore:
        period_us = cast(int, self._now[f"{of}_per"]) * MINUTE_US
        capacity = cast(int, self._now[f"{of}_capacity"])
        return RecordStore(self._table, self._table.records[of], self._face, self._read, period_us, capacity)

    def _layout(self, exact: Exact, arguments: list[str]) -> str:
        if exact.row.of == "erec":
            self._now["layout_stale"] = False
        return exact.row.separator + layout_text(self._table.records[exact.row.of])

    def _count(self, exact: Exact, arguments: list[str]) -> str:
        return f"{exact.row.separator}{self._store(exact.row.of).count()} recs"

    def _list(self, exact: Exact, arguments: list[str]) -> str:
        of = exact.row.of
        if of in self._table.lists:
            return exact.row.separator + output_list(self._table.lists[of], self._read)
        with_time = of == "stream" and self._now["stream_time"] == 0
        return exact.row.separator + field_list(self._table.records[of], with_time=with_time)

    def _save(self, exact: Exact, arguments: list[str]) -> str:
        self.memory.save()
        return exact.row.ok

    def _acknowledge_layout(self, exact: Exact, arguments: list[str]) -> str:
        self._now["layout_stale"] = False
        return exact.row.ok
