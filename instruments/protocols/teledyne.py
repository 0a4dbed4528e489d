"""Teledyne ASCII, the device side: what a box of the T series answers to the bytes that it gets.

Sans-I/O. What there is to ask is the table's; this module holds the rules around it: modes, machine id, logon,
diagnostic mode, error texts, and the reports that a box sends of its own accord unless it is quiet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from instruments.device import Face
from instruments.errors import Refused
from instruments.protocols.ends import DeviceEnd
from instruments.protocols.teledyne_data import data_report
from instruments.protocols.teledyne_frame import Editor, Request, message
from instruments.protocols.teledyne_options import TeledyneMemory, TeledyneOptions
from instruments.protocols.teledyne_panel import Panel
from instruments.protocols.teledyne_rows import CommandRow, VariableRow, WarningRow
from instruments.protocols.teledyne_table import MODE, TeledyneTable
from instruments.protocols.teledyne_values import number_of

Lines = list[str]
"""What the box says to one request: texts of messages."""


class TeledyneDevice(DeviceEnd):
    """The box's end of one line.

    Args:
        table: its commands.
        face: the instrument.
        options: habits of the port.
        memory: what its lines share.
    """

    def __init__(self, table: TeledyneTable, face: Face, options: TeledyneOptions, memory: TeledyneMemory) -> None:
        self._table, self._face, self._options, self._memory = table, face, options, memory
        self._editor = Editor(options.terminal)
        self._logged_on_us: int | None = None
        self._panel = Panel(table, face)
        self._reported_mode = self._panel.mode()
        self._reported_warnings: frozenset[str] = frozenset()
        self._next_report_us = self._after_now()
        self._answers: Mapping[str, Callable[[Request], Lines]] = {
            "T": self._test, "V": self._variable, "W": self._warning, "C": self._calibrate, "D": self._diagnose,
            "?": self._help,
        }  # fmt: skip

    # -- the line -----------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes from the line; return echoes and one item for each request answered. Never raises."""
        replies = []
        for typed in self._editor.feed(data):
            if typed.echo:
                replies.append(typed.echo)
            if typed.request is not None:
                reply = self._answer(typed.request)
                if reply:
                    replies.append(reply)
        return replies

    def power_cycled(self) -> None:
        """Half a request, the mode of the line, logon and diagnostic mode are lost; warnings are reported anew."""
        self._editor.restart()
        self._logged_on_us = None
        self._panel.restart()
        self._memory.power_cycled()
        self._reported_warnings = frozenset()
        self._next_report_us = self._after_now()

    def next_output_us(self) -> int | None:
        """The next instant at which the box looks whether there is something to report; None for a quiet line."""
        return None if self._options.quiet else self._next_report_us

    def output(self) -> list[bytes]:
        """Reports of what has changed since the last look: calibrations begun and ended, warnings that came."""
        lines = [message("C", self._face.clock_us(), self._number(), text) for text in self._changed_mode()]
        standing = self._panel.standing()
        news = [name for name in standing if name not in self._reported_warnings]
        self._reported_warnings = frozenset(standing)
        lines += [message("W", self._face.clock_us(), self._number(), self._table.warnings[name].text) for name in news]
        self._next_report_us = self._after_now()
        return lines

    def _after_now(self) -> int:
        every = round(self._table.figure("report_every") * 1e6)
        return (self._face.now_us() // every + 1) * every

    def _changed_mode(self) -> Lines:
        before, now, row = self._reported_mode, self._panel.mode(), self._table.rows.mode
        self._reported_mode = now
        if before == now:
            return []
        begun = [c.report for c in self._table.rows.command if c.report.startswith("START") and c.set == {row.of: now}]
        return [*filter(None, [row.ends.get(before, "")]), *begun]

    # -- one request --------------------------------------------------------------------------------------------------

    def _answer(self, text: str) -> bytes:
        request = Request.parse(text)
        if request is None or not self._is_mine(request.number):
            return b""
        lines: Lines
        if request.type == "L":
            lines = [self._log(request)]
        elif not self._may_speak():
            lines = [self._say("required")]
        else:
            try:
                if request.type == "D" and request.words[:1] == ("REPORT",):
                    return self._report(request.rest)
                lines = self._answers[request.type](request)
            except Refused as refusal:
                lines = [self._table.rows.error[refusal.reason].text]
        clock_us, number = self._face.clock_us(), self._number()
        if len(lines) == 1:
            return message(request.type, clock_us, number, lines[0])
        return b"".join(message(request.type, clock_us, number, line) for line in lines)

    def _is_mine(self, number: int | None) -> bool:
        return not self._options.multidrop if number is None else number == self._number()

    def _number(self) -> int:
        return cast(int, self._face.read("instrument_id"))

    def _say(self, name: str) -> str:
        return self._table.rows.say[name].text

    def _log(self, request: Request) -> str:
        if request.words == ("LOGOFF",):
            self._logged_on_us = None
            return self._say("logoff")
        if request.rest != str(self._table.rows.figure["password"].value):
            return self._say("failed")
        self._logged_on_us = self._face.now_us()
        return self._say("logon")

    def _may_speak(self) -> bool:
        if not self._options.security:
            return True
        now, since = self._face.now_us(), self._logged_on_us
        if since is None or now - since > self._table.figure("logon_lasts") * 1e6:
            self._logged_on_us = None
            return False
        self._logged_on_us = now
        return True

    # -- T: test functions --------------------------------------------------------------------------------------------

    def _test(self, request: Request) -> Lines:
        listed = _listed(request)
        if listed is None:
            if len(request.words) != 1 or request.words[0] not in self._table.tests:
                raise Refused("unknown", request.rest)
            return [self._panel.measured(self._table.tests[request.words[0]])]
        everything, names = listed
        rows = [row for row in self._table.tests.values() if everything or row.front]
        return [row.name if names else self._panel.measured(row) for row in rows]

    # -- V: variables -------------------------------------------------------------------------------------------------

    def _variable(self, request: Request) -> Lines:
        listed = _listed(request)
        if listed is not None:
            rows = self._table.variables.values()
            return [row.name if listed[1] else self._panel.told(row) for row in rows]
        name, equals, value = request.rest.partition("=")
        name = name.strip().upper()
        if name == MODE and not equals:
            return [f"{MODE}={self._mode_in_words()}"]
        row = self._table.variables.get(name)
        if row is None:
            raise Refused("unknown", request.rest)
        if equals:
            self._set(row, value.split())
        return [self._panel.told(row)]

    def _set(self, row: VariableRow, words: list[str]) -> None:
        if not words or len(words) not in (1, 3):
            raise Refused("invalid", f"{row.name}: a value, or a value and two warning limits")
        value = self._table.values.understood(row, words[0])
        if len(words) == 3:
            limits = self._table.values.limits(row)
            if tuple(map(number_of, words[1:])) != (limits.warn_low, limits.warn_high):
                raise Refused("no option", f"the warning limits of {row.name} are fixed in the simulated box")
        if row.read_only:
            raise Refused("wrong settings", f"{row.name} cannot be set")
        self._face.apply(row.of, value)

    def _mode_in_words(self) -> str:
        return self._say("diagnostic") if self._memory.diagnostic else self._table.rows.mode.words[self._panel.mode()]

    # -- W: warnings --------------------------------------------------------------------------------------------------

    def _warning(self, request: Request) -> Lines:
        listed = _listed(request)
        if listed is not None:
            everything, names = listed
            shown = list(self._table.warnings) if everything else self._panel.standing()
            return [name if names else self._table.warnings[name].text for name in shown]
        if len(request.words) == 2 and request.words[0] == "CLEAR":
            return [self._clear(request.words[1])]
        row = self._table.warnings.get(request.words[0]) if len(request.words) == 1 else None
        if row is None:
            raise Refused("unknown", request.rest)
        return [row.text] if row.name in self._panel.standing() else []

    def _clear(self, name: str) -> str:
        """A warning whose cause stands comes again at once; what only waits to be seen is gone."""
        rows: Iterable[WarningRow] = self._table.warnings.values()
        if name != "ALL":
            row = self._table.warnings.get(name)
            if row is None:
                raise Refused("unknown", name)
            rows = [row]
        for row in rows:
            if row.latch:
                self._face.apply(row.latch, False)
            self._reported_warnings -= {row.name}
        return f"{name} {self._say('cleared')}"

    # -- C: calibration -----------------------------------------------------------------------------------------------

    def _calibrate(self, request: Request) -> Lines:
        if request.words == ("LIST",):
            return [f"{row.request} {row.arguments}".rstrip() for row in self._table.rows.command]
        found = self._table.command(request.words)
        if found is None:
            raise Refused("unknown", request.rest)
        if self._memory.diagnostic:
            raise Refused("service mode")
        row, arguments = found
        if row.arguments and not arguments:
            raise Refused("invalid", f"{row.request} {row.arguments}")
        mode = self._table.rows.mode
        left = self._panel.mode()
        if not row.only_in or left in row.only_in:
            self._carry_out(row, arguments)
        self._reported_mode = self._panel.mode()  # the answer is the report
        report = row.report.replace("{left}", mode.ends.get(left, "") if left in (row.only_in or mode.ends) else "")
        return [report or " ".join(request.words)]

    def _carry_out(self, row: CommandRow, arguments: str) -> None:
        if row.refuse is not None:
            raise Refused(row.refuse)
        if row.compute:
            for channel in self._table.entry.channels.values():
                action = channel.calibrate_zero if row.compute == "zero" else channel.calibrate_span
                if action:
                    self._face.apply(action, True)
        elif row.action:
            self._face.apply(row.action, arguments.strip('"') if row.arguments else True)
        for name, value in row.set.items():
            self._face.apply(name, value)

    # -- D: diagnostics and stored data -------------------------------------------------------------------------------

    def _diagnose(self, request: Request) -> Lines:
        words = request.words
        if words == ("ENTER", "SIG"):
            self._memory.diagnostic = True
            return [self._say("enter")]
        if words == ("EXIT",):
            self._memory.diagnostic = False
            return [self._say("leave")]
        if words == ("LIST",):
            return [self._panel.signal(row) for row in self._table.signals.values()]
        if len(words) == 1 and words[0] in self._table.signals:
            return [self._panel.signal(self._table.signals[words[0]])]
        raise Refused("unknown", request.rest)

    def _report(self, text: str) -> bytes:
        """Stored data: each line has the time of its record."""
        records = data_report(self._table, self._face, text)
        return b"".join(message("D", clock_us, self._number(), line) for clock_us, line in records)

    # -- ? ------------------------------------------------------------------------------------------------------------

    def _help(self, request: Request) -> Lines:
        if request.words:
            raise Refused("unknown", request.rest)
        commands = [f"C {row.request} {row.arguments}".rstrip() for row in self._table.rows.command]
        return [
            "T LIST [ALL] [NAMES]", *(f"T {name}" for name in self._table.tests),
            "V LIST [ALL] [NAMES]", f"V {MODE}", *(f"V {name}[=value]" for name in self._table.variables),
            "W LIST [ALL] [NAMES]", "W CLEAR ALL|name", "C LIST", *commands,
            "D LIST", "D ENTER SIG", "D EXIT", 'D REPORT "name" [RECORDS=number] [COMPACT|VERBOSE]',
            "LOGON password", "LOGOFF",
        ]  # fmt: skip


def _listed(request: Request) -> tuple[bool, bool] | None:
    """Whether everything is asked for and whether by names only; None if it is no ``LIST``. Raises Refused."""
    if not request.words or request.words[0] != "LIST":
        return None
    wanted = request.words[1:]
    if len(set(wanted)) != len(wanted) or not set(wanted) <= {"ALL", "NAMES"}:
        raise Refused("unknown", request.rest)
    return "ALL" in wanted, "NAMES" in wanted
