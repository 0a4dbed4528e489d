"""What every wire protocol offers: an end at the device, an end at the host, and a dialect that makes both from data.

Sans-I/O on both sides: bytes in, bytes out, no sockets, no clock but the instrument's own. A request is a text that
people can read (``so2``, ``T LIST``, ``read input 22 2``); how it becomes bytes is the protocol's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from instruments.catalogue import Mark
from instruments.device import Face, Value

CLOCK_STAMP = "clock_stamp"
"""What a box tells of its clock that has no report of it, but stamps its messages: minutes since its year began."""

Transport = Literal["serial", "tcp"]
Parity = Literal["none", "even", "odd"]


class DeviceEnd(ABC):
    """The device's end of one line."""

    @abstractmethod
    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes from the host, return the replies that they complete, one item to a request. Never raises."""

    def pace(self, byte_us: float) -> None:
        """Hear how long one byte takes on this line, microseconds; 0 where bytes take no time."""
        return

    def power_cycled(self) -> None:
        """The mains have gone: forget what the box does not keep."""
        return

    def next_output_us(self) -> int | None:
        """Bench time at which the box speaks without being asked, or None."""
        return None

    def output(self) -> list[bytes]:
        """What it says now of its own accord, one item to a message. Called at :meth:`next_output_us`."""
        return []


class HostEnd(ABC):
    """The host's end of one line: requests out, replies understood, values in the units inside."""

    terminator: bytes = b""
    """Byte that ends every reply; empty where none does, then :meth:`missing` tells."""

    pause_s: float = 0.0
    """Time that the device needs between its reply and the next request."""

    anonymous: bool = False
    """Replies do not tell what they answer: none that is late may come in when something else is asked."""

    @abstractmethod
    def request(self, text: str) -> bytes:
        """Bytes of a request."""

    def missing(self, text: str, raw: bytes) -> int:
        """Bytes that the reply to ``text`` certainly still lacks, given what has come; 0: it is whole."""
        return 0 if self.terminator and raw.endswith(self.terminator) else 1

    def probe(self, text: str) -> str | None:
        """A request to be sent before ``text``, so that a late reply to the last one cannot be taken for its answer.

        None where replies tell what they answer, or differ in form from the last one's.
        """
        return None

    @abstractmethod
    def parse(self, text: str, raw: bytes) -> Any:
        """Reply to ``text`` found in ``raw``. Raises Refused, or ValueError if it is no proper reply."""

    @abstractmethod
    def read_request(self, quantity: str) -> str:
        """Request that asks for ``quantity``. Raises KeyError if the protocol cannot tell it."""

    @abstractmethod
    def value(self, quantity: str, reply: Any, unit: str = "") -> tuple[Any, str]:
        """Value and unit of ``quantity`` in a parsed reply; ``unit`` asks for a unit of concentration.

        Raises:
            ValueError: the reply does not tell it, or not in a unit that can be converted exactly.
        """

    @abstractmethod
    def set_request(self, setting: str, value: Any, unit: str = "") -> str:
        """Request that sets ``setting``, a concentration in ``unit``.

        Raises:
            KeyError: the protocol cannot set it. Refused: it can, but not to this value.
        """

    def generate_request(self, mode: str, gas: str, settings: Mapping[str, float], unit: str) -> str:
        """One request that makes a calibrator's gas, where the protocol has one for all that it takes.

        Args:
            mode: value of ``calibrator_mode`` (zero, span, ozone, gpt).
            gas: species (so2, no, co, o3), or zero.
            settings: ``total_flow`` (L/min), and ``concentration`` and ``ozone`` as far as the mode has them.
            unit: of the concentration, nmol/mol or umol/mol; ozone is in nmol/mol.

        Raises:
            KeyError: there is none; settings are set one by one.
        """
        raise KeyError(mode)

    def answers(self, text: str) -> bool:
        """Whether the device says anything to the request ``text`` (Bayern-Hessen's ``ST`` is obeyed in silence)."""
        return True


class Box(ABC):
    """One instrument as far as one protocol goes; what its lines share (reply format, record period) lives here."""

    @abstractmethod
    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> DeviceEnd:
        """An end for one line.

        Args:
            transport: what carries the bytes.
            options: habits of the firmware that the bench file asks for, by names of :attr:`Dialect.options`.
            number: address of the box on this line; None: the dialect's own.
        """


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a dialect's table, for people."""

    section: str
    name: str
    what: str
    mark: Mark
    source: str


class Dialect(ABC):
    """A protocol as one model speaks it.

    Attributes:
        options: habits of a firmware that a port of a bench file may ask for, with their defaults.
        numbers: smallest and largest address; None where boxes have none.
        default_number: address at delivery; None where it may be left out.
        baud, data_bits, parity, stop_bits: how a serial port is set at delivery.
        clients: how many TCP clients the real box serves at once; None where it is not known.
        tcp: the box can be reached over a network.
        shared_number: the address is a setting of the instrument (``instrument_id``), one for all its ports.
        transports: on what kinds of port it is spoken.
    """

    options: ClassVar[Mapping[str, Value]] = {}
    numbers: tuple[int, int] | None = None
    default_number: int | None = None
    baud: int = 9600
    data_bits: Literal[7, 8] = 8
    parity: Parity = "none"
    stop_bits: Literal[1, 2] = 1
    clients: int | None = None
    tcp: bool = True
    shared_number: bool = False
    transports: tuple[Transport, ...] = ("serial", "tcp")

    def option_expected(self, name: str, value: Value) -> str:
        """What the option ``name`` may be where it may not be ``value``, in words; empty: it may."""
        return ""

    @abstractmethod
    def box(self, face: Face) -> Box:
        """The device side of one instrument."""

    @abstractmethod
    def host(self, number: int | None) -> HostEnd:
        """The host side of a line to the box with that address; the dialect's own if None."""

    def host_with(self, number: int | None, options: Mapping[str, Value]) -> HostEnd:
        """The host side of a line whose box has the habits ``options``; most hosts understand all of them."""
        return self.host(number)

    def wrong_options(self, options: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
        """Options of the right type with a value that they cannot have: name, and what was expected."""
        return iter(())

    @abstractmethod
    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark of what stands behind the replies to ``requests``. Raises KeyError, ValueError if none."""

    @abstractmethod
    def quantities(self) -> frozenset[str]:
        """Observables, settings and actions of the instrument that the table needs."""

    @abstractmethod
    def told(self) -> Iterator[Told]:
        """The table for people: commands, flags, records."""


def address(dialect: Dialect, number: int | None) -> int | None:
    """``number`` or the dialect's own. Raises ValueError for one that no box can have."""
    chosen = dialect.default_number if number is None else number
    if dialect.numbers is None:
        if number is not None:
            raise ValueError("boxes have no address in this protocol")
        return None
    low, high = dialect.numbers
    if chosen is not None and not low <= chosen <= high:
        raise ValueError(f"an address is {low} to {high}, not {chosen}")
    return chosen


def check_unit(quantity: str, inside: str, asked: str) -> None:
    """Raise ValueError if ``quantity`` comes in another unit than the one asked for; an empty one asks for none."""
    if asked and asked != inside:
        raise ValueError(f"{quantity} comes in {inside or 'no unit'}, not in {asked}")


def told_value(values: Mapping[str, Value], quantity: str, inside: str, asked: str) -> tuple[Value, str]:
    """Value and unit of ``quantity`` among what a reply tells. Raises ValueError: it does not, or in another unit."""
    if quantity not in values:
        raise ValueError(f"the reply does not tell {quantity}")
    check_unit(quantity, inside, asked)
    return values[quantity], inside


def limits_in_words(low: float | None, high: float | None) -> str:
    """Limits of a value, of which one at least is there."""
    if low is None:
        return f"up to {high:g}"
    return f"from {low:g}" if high is None else f"{low:g} to {high:g}"
