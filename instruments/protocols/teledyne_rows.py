"""Rows of a Teledyne table as they are written in TOML."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from instruments.errors import RefusalReason
from instruments.protocols.rows import Known, Row

Word = bool | int | float | str
"""A value inside that a word on the wire stands for; bool stands first so that true stays true."""
Designator = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Inside = Literal["", "nmol/mol", "umol/mol"]

GAS = "gas"
"""In place of a unit: the box's gas unit, PPB, PPM, UGM or MGM."""


class Shown(Known):
    """A value on the wire.

    Attributes:
        of: quantity of the instrument; empty where ``fixed`` stands for it.
        scale: unit on the wire over unit inside.
        unit: printed unit; ``gas`` for the box's gas unit.
        gas: species of a concentration, for the mass units.
        inside: unit of a concentration inside; empty: what the quantity ``concentration_unit`` says.
        decimals: printed decimals; those of a concentration are the table's, by unit.
    """

    of: str = ""
    scale: float = 1.0
    unit: str = ""
    gas: str = ""
    inside: Inside = ""
    decimals: int = Field(default=1, ge=0, le=6)


class TestRow(Shown):
    """A test function, asked for with ``T``.

    Attributes:
        name: its designator (``PMTTEMP``). label: what is printed before ``=`` (``PMT TEMP``); the name if empty.
        fixed: printed value of an option that the simulated unit does not have; ``does`` in place of both: the time.
        beside: label and quantity of a second value in the same line.
        front: among those that the panel shows: ``T LIST`` without ``ALL``.
        low, high: beyond them the box prints XXXX.
    """

    __test__ = False  # no test class, whatever its name begins with
    name: Designator
    label: str = ""
    fixed: str = ""
    does: Literal["", "time"] = ""
    beside: dict[str, str] = Field(default_factory=dict)
    front: bool = True
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(map(bool, (self.of, self.fixed, self.does))) != 1:
            raise ValueError("a test function has one of of, fixed, does")
        return self

    @property
    def printed(self) -> str:
        """What stands before the equals sign."""
        return self.label or self.name


class VariableRow(Shown):
    """A variable, asked for and set with ``V``.

    Attributes:
        kind: a number, a whole number, ON or OFF, or one of ``words``.
        words: words on the wire and their values inside.
        low, high: data entry limits on the wire; those of the setting in the catalogue if left out.
        warn: alarm whose limits are the variable's warning limits.
        fixed: value on the wire of a set point that no setting stands behind: there for its warning limits.
        read_only: cannot be set.
    """

    name: Designator
    fixed: float | None = None
    kind: Literal["number", "whole", "switch", "words"] = "number"
    words: dict[str, Word] = Field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    warn: str = ""
    read_only: bool = False

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if (self.kind == "words") != bool(self.words):
            raise ValueError('words go with kind = "words"')
        if bool(self.of) == (self.fixed is not None):
            raise ValueError("a variable has one of of, fixed")
        if self.fixed is not None and not self.read_only:
            raise ValueError("a fixed variable is read_only")
        return self


class WarningRow(Known):
    """A warning: its designator, its text, and the alarm (without ``:low``, ``:high``) or setting behind it."""

    name: Designator
    text: str
    alarm: str = ""
    latch: str = Field(default="", description="setting that stands until W CLEAR")

    @model_validator(mode="after")
    def _has_a_cause(self) -> Self:
        if bool(self.alarm) == bool(self.latch):
            raise ValueError("a warning has one of alarm, latch")
        return self


class CommandRow(Known):
    """A command of ``C``.

    Attributes:
        request: its words, without arguments.
        arguments: what follows, for people; with it the text goes to the action ``action``.
        action: action of the instrument: it takes the arguments, or true.
        set: settings that it sets.
        only_in: values of the mode in which it acts; empty: in all.
        compute: carries out the ``calibrate_zero`` or ``calibrate_span`` of every channel.
        report: what the box says; the request as it came if empty. ``{left}`` is the report of what ends.
        refuse: the simulated box always refuses it.
    """

    request: str = Field(pattern=r"^[A-Z0-9]+( [A-Z0-9]+)*$")
    arguments: str = ""
    action: str = ""
    set: dict[str, Word] = Field(default_factory=dict)
    only_in: list[str] = Field(default_factory=list)
    compute: Literal["", "zero", "span"] = ""
    report: str = ""
    refuse: RefusalReason | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(map(bool, (self.action, self.set, self.compute, self.refuse))) != 1:
            raise ValueError("a command has one of action, set, compute, refuse")
        if self.arguments and not self.action:
            raise ValueError("only an action takes arguments")
        return self


class ModeRow(Known):
    """What ``V MODE`` tells: a setting, in words; and how the end of each mode is reported."""

    of: str
    words: dict[str, str]
    ends: dict[str, str] = Field(default_factory=dict)


class SignalRow(Known):
    """A digital signal of the diagnostic mode: on while all of ``on`` hold."""

    name: Designator
    label: str = ""
    on: dict[str, list[Word]]


class DataRow(Known):
    """A channel of the data acquisition system: the mean of a test function over a period."""

    channel: Designator
    label: str
    test: Designator
    minutes: int = Field(ge=1, le=60)


class TextRow(Known):
    """A sentence of the box."""

    text: str


class HabitRow(Known):
    """A figure of the protocol itself."""

    value: float | str


class TeledyneRows(Row):
    """A whole table, the common part merged in."""

    gas_decimals: dict[Literal["PPB", "PPM", "UGM", "MGM"], int]
    figure: dict[str, HabitRow]
    ug_per_ppb: dict[str, HabitRow]
    error: dict[str, TextRow]
    say: dict[str, TextRow]
    mode: ModeRow
    test: list[TestRow]
    variable: list[VariableRow]
    warning: list[WarningRow]
    command: list[CommandRow]
    signal: list[SignalRow] = Field(default_factory=list)
    data: list[DataRow] = Field(default_factory=list)
