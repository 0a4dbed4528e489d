"""Rows of a Modbus map as they are written in TOML."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from instruments.catalogue import Mark
from instruments.protocols.rows import Row, Setting

Form = Literal["float32", "int16", "uint16", "int32", "uint32", "string"]
WordOrder = Literal["high first", "low first"]
ByteOrder = Literal["big", "swapped"]


class RegisterRow(Row):
    """One value in registers.

    Attributes:
        at: address of its first register, as it goes over the wire.
        quantity: what it tells: an observable or setting of the model, or ``clock.hour`` and the like.
        alarm: it is 1 while an alarm of one of these observables stands, otherwise 0.
        text: constant words, of a string.
        before: words before the value of ``quantity``, of a string.
        registers: length of a string.
        unit: on the wire.
        scale: number on the wire to one unit inside.
        codes: words of ``quantity`` by the number that stands for them.
        writable: may be set by functions 6 and 16.
        mark, source: where they differ from the block's.
    """

    at: int = Field(ge=0, le=65535)
    quantity: str = ""
    alarm: list[str] = Field(default_factory=list)
    text: str = ""
    before: str = ""
    registers: int = Field(default=0, ge=0, le=125)
    unit: str = ""
    scale: float = Field(default=1.0, gt=0)
    codes: dict[str, int] = Field(default_factory=dict)
    writable: bool = False
    mark: Mark | None = None
    source: str = ""


class RegisterBlock(Row):
    """Registers of one form that are read by the same functions and known from the same source."""

    functions: list[Literal[3, 4]] = Field(min_length=1)
    form: Form
    rows: list[RegisterRow] = Field(min_length=1)
    mark: Mark
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for row in self.rows:
            if bool(row.quantity) + bool(row.text) + bool(row.alarm) != 1:
                raise ValueError(f"register {row.at} needs one of quantity, alarm, text")
            if (self.form == "string") != bool(row.registers):
                raise ValueError(f"register {row.at}: a string says its length in registers, a number does not")
            if row.writable and 3 not in self.functions:
                raise ValueError(f"register {row.at}: what can be set is read by function 3")
        return self


class BitRow(Row):
    """One bit, read-only or a coil.

    Attributes:
        at: its address.
        count: so many bits of one sort, at this address and those after it; whole numbers in ``on`` count with them.
        name: what the maker calls it.
        alarm: it is on while an alarm of one of these observables stands; ``*``: any alarm.
        no_alarm: it is on while no alarm stands.
        when: it is on while all of these hold; quantity to the values that count.
        on: settings or actions that writing "on" carries out.
        off: those that writing "off" carries out, if ``when`` holds.
        healthy: why it always reads off: nothing in the model can set it.
    """

    at: int = Field(ge=0, le=65535)
    count: int = Field(default=1, ge=1, le=65536)
    name: str = Field(min_length=1)
    alarm: list[str] = Field(default_factory=list)
    no_alarm: bool = False
    when: dict[str, list[Setting]] = Field(default_factory=dict)
    on: dict[str, Setting] = Field(default_factory=dict)
    off: dict[str, Setting] = Field(default_factory=dict)
    healthy: str = ""
    mark: Mark | None = None
    source: str = ""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        told = sum((bool(self.alarm), self.no_alarm, bool(self.when), bool(self.healthy)))
        if told > 1 or (told == 0 and not self.on):
            raise ValueError(f"bit {self.at} needs one of alarm, no_alarm, when, healthy; a coil without them needs on")
        return self


class BitBlock(Row):
    """Bits that are read by the same functions; ``gaps_read_off``: those between them that nobody names read off."""

    functions: list[Literal[1, 2]] = Field(min_length=1)
    rows: list[BitRow] = Field(min_length=1)
    gaps_read_off: bool = False
    mark: Mark
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _coils(self) -> Self:
        for row in self.rows:
            if (row.on or row.off) and 1 not in self.functions:
                raise ValueError(f"bit {row.at}: what can be written is read by function 1")
        return self


class MapRows(Row):
    """A whole map.

    Attributes:
        word_order, byte_order: of numbers that take two registers, and of each register.
        order_mark, order_source: how that is known.
        registers, bits: the map.
    """

    word_order: WordOrder = "high first"
    byte_order: ByteOrder = "big"
    order_mark: Mark
    order_source: str = Field(min_length=1)
    registers: list[RegisterBlock] = Field(default_factory=list)
    bits: list[BitBlock] = Field(default_factory=list)


class ModbusRows(MapRows):
    """``[protocol.modbus]`` of a catalogue file: the model's map, and further maps by name.

    Attributes:
        unit_id: address at delivery.
        shared_id: the address is the box's one instrument id.
        map: further maps.
    """

    unit_id: int = Field(default=1, ge=0, le=255)
    shared_id: bool = False
    map: dict[str, MapRows] = Field(default_factory=dict)
