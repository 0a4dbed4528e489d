"""Teledyne ASCII, the host side: requests out, replies understood, values in the units inside.

The protocol has no checksum, and a box may speak of its own accord. So a reply counts only if it has the form of a
message, the right machine id, and the name that was asked for before its equals sign; all else is passed over. What is
set is held against what the box then says: a variable against its echo, a valve or mode against ``V MODE``. A request
may be of several lines, each with its own answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from instruments.device import Value
from instruments.errors import RefusalReason, Refused
from instruments.protocols.ends import CLOCK_STAMP, HostEnd
from instruments.protocols.rows import Known, weakness
from instruments.protocols.teledyne_frame import UNKNOWN, Message, Request
from instruments.protocols.teledyne_rows import CommandRow, TestRow, VariableRow
from instruments.protocols.teledyne_table import ASK_MODE, TeledyneTable
from instruments.protocols.teledyne_values import number_of, plain

_WARNINGS = f"W LIST\n{ASK_MODE}"
_MOST_BYTES = 20_000
"""A box that has said so much without an answer among it is not going to answer."""
_SUMS: Mapping[str, tuple[str, ...]] = {"total_flow_actual": ("gas_flow", "zero_flow")}
"""Quantities that no test function tells, and those whose sum they are."""
_AMOUNTS: Mapping[str, tuple[str, str]] = {"nmol/mol": ("nmol/mol", "PPB"), "umol/mol": ("umol/mol", "PPM")}


@dataclass(frozen=True, slots=True)
class Reply:
    """Answers to the lines of a request.

    Attributes:
        texts: what stood behind the equals sign, by the name that was asked for, with the row to read it by.
        warnings: texts of warnings, of a reply to ``W LIST``.
        stamp: the box's clock in the head of its last message, minutes since the beginning of its year.
    """

    texts: Mapping[str, tuple[Known, str]] = field(default_factory=dict)
    warnings: tuple[str, ...] | None = None
    stamp: int | None = None


class TeledyneHost(HostEnd):
    """The host's end of one line.

    Args:
        table: commands of the model at the other end.
        number: its machine id; None: requests go without one, which the only box on a line answers.
    """

    terminator = b"\n"

    def __init__(self, table: TeledyneTable, number: int | None = None) -> None:
        self._table, self._number = table, number
        self._reads: dict[str, tuple[str, TestRow | VariableRow]] = {}
        for kind, rows in (("V", table.variables), ("T", table.tests)):
            for row in rows.values():
                before = self._reads.get(row.of)
                if not row.of or (isinstance(row, TestRow) and row.beside):
                    continue  # tells nothing of the instrument, or two things in one line
                if before is None or weakness(row.mark) < weakness(before[1].mark):
                    self._reads[row.of] = f"{kind} {row.name}", row
        self._sets: dict[str, VariableRow] = {}
        for variable in table.variables.values():
            if variable.of and not variable.read_only:
                self._sets.setdefault(variable.of, variable)
        self._actions = dict(table.actions())

    # -- bytes --------------------------------------------------------------------------------------------------------

    def request(self, text: str) -> bytes:
        """Bytes of a request: each line with the machine id behind its type, ended by CR."""
        lines = text.split("\n")
        if self._number is not None:
            lines = [f"{line[:1]} {self._number}{line[1:]}" for line in lines]
        return "".join(f"{line}\r" for line in lines).encode("ascii")

    def missing(self, text: str, raw: bytes) -> int:
        """1 until each line of the request has its answer. Raises ValueError if that is not to be expected any more."""
        if len(raw) > _MOST_BYTES:
            raise ValueError(f"{len(raw)} bytes without an answer")
        try:
            answers = self._answers(text, raw)
        except Refused:
            return 0
        return int(answers is None)

    def parse(self, text: str, raw: bytes) -> Reply:
        """Understand the reply ``raw`` to the request ``text``.

        Raises:
            Refused: the box said no. ValueError: it is no reply to that request, or says something else.
        """
        answers = self._answers(text, raw)
        if answers is None:
            raise ValueError("no answer to what was asked")
        texts: dict[str, tuple[Known, str]] = {}
        warnings: tuple[str, ...] | None = None
        for line, said in zip(text.split("\n"), answers, strict=True):
            if line == "W LIST":
                warnings = tuple(said)
                continue
            row = self._table.row(line)
            told = said[0].partition("=")[2]
            if isinstance(row, VariableRow | TestRow) or line == ASK_MODE:
                texts[line.partition("=")[0]] = row, told
            if isinstance(row, VariableRow) and "=" in line:
                self._must_have_become(row, line.partition("=")[2], told)
        self._must_be_in_mode(text, texts)
        last = list(self._messages(raw))[-1]
        return Reply(texts, warnings, ((last.day - 1) * 24 + last.hour) * 60 + last.minute)

    def _answers(self, text: str, raw: bytes) -> list[list[str]] | None:
        """For each line of the request the texts that answer it; None while one is without. Raises Refused."""
        left = [asked for asked in map(Request.parse, text.split("\n")) if asked is not None]
        found: list[list[str]] = []
        listed: list[str] = []
        for message in self._messages(raw):
            if not left:
                break
            if left[0].type == "W" and message.type == "W":
                self._raise_if_refused(message.text, text)
                listed.append(message.text)
                continue
            # A list of warnings has no end of its own: the answer to what is asked after it ends it.
            asked = left[1] if left[0].type == "W" else left[0]
            if message.type == asked.type:
                self._raise_if_refused(message.text, text)
                if self._is_answer(asked, message.text):
                    if left[0].type == "W":
                        found.append(listed)
                        del left[0]
                    found.append([message.text])
                    del left[0]
        return None if left else found

    def _messages(self, raw: bytes) -> Iterator[Message]:
        for line in raw.split(b"\n")[:-1]:
            message = Message.parse(line.removesuffix(b"\r").decode("latin-1"))
            if message is not None and (self._number is None or message.number == self._number):
                yield message

    def _raise_if_refused(self, said: str, text: str) -> None:
        reason: RefusalReason
        for reason, row in self._table.rows.error.items():  # type: ignore[assignment]  # its keys are reasons
            if said == row.text:
                raise Refused(reason, f"{text}: {said}")
        if said.startswith("ERROR"):
            raise Refused("invalid", f"{text}: {said}")

    def _is_answer(self, asked: Request, said: str) -> bool:
        if asked.type == "C":
            found = self._table.command(asked.words)
            return found is not None and said in (*self._reports(found[0]), " ".join(asked.words))
        name = asked.words[0].partition("=")[0]
        row = self._table.tests.get(name) if asked.type == "T" else None
        return said.startswith(f"{name if row is None else row.printed}=")

    def _reports(self, row: CommandRow) -> tuple[str, ...]:
        return tuple(self._table.rows.mode.ends.values()) if row.report == "{left}" else (row.report,)

    # -- values -------------------------------------------------------------------------------------------------------

    def read_request(self, quantity: str) -> str:
        """Request whose reply tells ``quantity``. Raises KeyError if the model has none."""
        if quantity in (self._table.rows.mode.of, CLOCK_STAMP):
            return ASK_MODE
        if quantity == "alarms":
            return _WARNINGS
        if quantity in _SUMS:
            return "\n".join(self._reads[part][0] for part in _SUMS[quantity])
        return self._reads[quantity][0]

    def value(self, quantity: str, reply: Reply, unit: str = "") -> tuple[Value, str]:
        """Value of ``quantity`` in ``reply``, and its unit inside (empty for words and pure numbers).

        Raises:
            ValueError: the reply does not tell it, the box cannot (XXXX), or not in an exact unit.
        """
        if quantity == CLOCK_STAMP and reply.stamp is not None:
            return float(reply.stamp), "min"
        if quantity == "alarms" and reply.warnings is not None:
            return self._alarms(reply.warnings), ""
        if quantity in _SUMS:
            parts = [self.value(part, reply, unit) for part in _SUMS[quantity]]
            return sum(cast(float, value) for value, _ in parts), parts[0][1]
        if quantity == self._table.rows.mode.of:
            return self._mode(reply.texts), ""
        request, row = self._reads[quantity]
        if request not in reply.texts:
            raise ValueError(f"the reply does not tell {quantity}")
        text = reply.texts[request][1]
        values = self._table.values
        if isinstance(row, VariableRow):
            try:
                return values.understood(row, text.partition(" ")[0]), self._unit_inside(quantity)
            except Refused as refusal:
                raise ValueError(f"{quantity}: {refusal.detail}") from refusal
        number, _, wire = text.partition(" ")
        if number == UNKNOWN:
            raise ValueError(f"the box cannot tell {quantity} now: {row.printed}={UNKNOWN}")
        try:
            inside, told = values.from_wire(row, number_of(number), wire, unit)
        except Refused as refusal:
            raise ValueError(f"{quantity}: {refusal.detail}") from refusal
        if len(number.partition(".")[2]) != values.decimals(row, wire):
            raise ValueError(f"{row.printed}={text} has not the decimals of that value")
        return inside, told or self._unit_inside(quantity)

    def _unit_inside(self, quantity: str) -> str:
        setting = self._table.entry.settings.get(quantity)
        return "" if setting is None or setting.unit == "1" else setting.unit

    def _alarms(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        by_text = {row.text: row.alarm or row.latch for row in self._table.warnings.values()}
        unknown = [text for text in texts if text not in by_text]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no warning of this model")
        # That somebody has not acknowledged a restart is no fault of the unit: it is told, but not as an alarm.
        latched = {row.text for row in self._table.warnings.values() if row.latch}
        return tuple(sorted({by_text[text] for text in texts if text not in latched}))

    def _mode(self, texts: Mapping[str, tuple[Known, str]]) -> str:
        if ASK_MODE not in texts:
            raise ValueError("the reply does not tell the mode")
        said = texts[ASK_MODE][1]
        for mode, words in self._table.rows.mode.words.items():
            if words == said:
                return mode
        raise ValueError(f"MODE={said} is none of the modes of a run")

    # -- setting ------------------------------------------------------------------------------------------------------

    def set_request(self, setting: str, value: Value, unit: str = "") -> str:
        """Request that sets ``setting`` (its unit inside), or starts the action of that name.

        Raises:
            KeyError: the model cannot set this. Refused: it can, but not to this value.
        """
        if (setting, value) in self._actions:
            return self._actions[setting, value]
        row = self._sets.get(setting)
        if row is None:
            raise KeyError(setting)
        text = self._table.values.spelled(row, value)
        self._table.values.understood(row, text)  # what the box would refuse need not be sent
        return f"V {row.name}={text}"

    def generate_request(self, mode: str, gas: str, settings: Mapping[str, float], unit: str) -> str:
        """One request that makes a gas. Raises KeyError for a model that makes none, or for another mode."""
        if self._table.command(("GENERATE", "X")) is None:
            raise KeyError(mode)
        flow = f"{plain(settings['total_flow'])} LPM"
        inside, wire = _AMOUNTS[unit or "nmol/mol"]
        if mode == "zero":
            return f"C GENERATE 0 PPB ZERO {flow}"
        if mode == "ozone":
            return f"C GENERATE {plain(settings['ozone'])} PPB O3 {flow}"
        if mode == "span":
            return f"C GENERATE {plain(settings['concentration'])} {wire} {gas.upper()} {flow}"
        if mode != "gpt" or inside != "nmol/mol":
            raise KeyError(mode)
        verb = "GPT" if settings["ozone"] > 0.0 else "GPTZ"
        amounts = f"{plain(settings['concentration'])} PPB NO {plain(settings['ozone'])} PPB O3"
        return f"C {verb} {amounts} {flow}"

    def _must_have_become(self, row: VariableRow, asked: str, told: str) -> None:
        values = self._table.values
        try:
            same = values.understood(row, asked) == values.understood(row, told.partition(" ")[0])
        except Refused as refusal:
            raise ValueError(f"{row.name} is now {told}: {refusal.detail}") from refusal
        if not same:
            raise ValueError(f"{row.name} was set to {asked} and is {told}")

    def _must_be_in_mode(self, text: str, texts: Mapping[str, tuple[Known, str]]) -> None:
        """A request that was to end in a certain mode did so."""
        for (setting, value), request in self._actions.items():
            if request == text and setting == self._table.rows.mode.of:
                found = self._mode(texts)
                if found != value:
                    raise ValueError(f"{setting} was set to {value} and is {found}")
