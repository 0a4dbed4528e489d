"""What registers of a recorded conversation mean, where the model of the box is known: by its map in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.protocols.dialects import dialect
from instruments.protocols.modbus import ModbusFault, decode_reply, decode_request, rtu_sum_is_right, tcp_split
from instruments.protocols.modbus_dialect import ModbusDialect
from instruments.protocols.modbus_frames import RtuReader
from instruments.protocols.modbus_map import ModbusMap
from instruments.protocols.modbus_orders import Orders
from instruments.protocols.modbus_reading import read_off
from rig.bench_file import BenchFile
from rig.conversation.file import Exchange
from rig.conversation.meaning import is_modbus_tcp
from rig.errors import ConfigurationError

_MODBUS = ("modbus-rtu", "modbus-tcp")


@dataclass(frozen=True)
class Box:
    """A box that speaks Modbus.

    Attributes:
        name: its model, or its name on the bench.
        unit: its unit id; None: whatever id is called.
        registers: its map.
        orders: of words and bytes.
    """

    name: str
    unit: int | None
    registers: ModbusMap
    orders: Orders


class KnownBoxes:
    """Reads replies of Modbus by the maps of the boxes that gave them."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._boxes = tuple(boxes)

    @property
    def names(self) -> str:
        """The boxes, for people."""
        return ", ".join(dict.fromkeys(box.name for box in self._boxes))

    def told(self, exchange: Exchange) -> Mapping[str, Value] | None:
        """What the reply of an exchange says, by name; None if it is no whole reply to a read from a box known here."""
        framed = _framed(exchange)
        if framed is None:
            return None
        unit, asked, said = framed
        box = next((box for box in self._boxes if box.unit in (None, unit)), None)
        try:
            request, reply = decode_request(asked), decode_reply(said)
        except (ModbusFault, ValueError, IndexError):
            return None
        if box is None or reply.exception or reply.function != request.function or request.function > 4:
            return None
        return dict(read_off(box.registers, box.orders, request, reply.values[: request.count]))


def boxes_of_model(entry: CatalogueEntry) -> KnownBoxes:
    """A box of that model, whatever its unit id."""
    return KnownBoxes([replace(_box(entry, entry.name, "modbus-rtu", None, {}), unit=None)])


def boxes_of_bench(file: BenchFile, where: str, device: str | None) -> KnownBoxes:
    """The boxes of a bench that have a port with Modbus, or the one called ``device``.

    Raises:
        ConfigurationError: there is none, or two of them have one unit id and no device is named.
    """
    from instruments.catalogue import load

    found: dict[tuple[str, int | None], Box] = {}
    for name, section in file.device.items():
        if device not in (None, name) or section.model == "manual":
            continue
        ports = [(port.protocol, port.id, port.options) for port in section.port.values()]
        ports += [(port.protocol, port.id, section.options) for port in section.ports.values()]
        if section.resource is not None and not section.ports:
            ports.append((section.protocol or "", section.id, section.options))
        for protocol, number, options in ports:
            if protocol in _MODBUS:
                box = _box(load(section.model), name, protocol, number, options)
                found.setdefault((name, box.unit), box)
    speaking = ", ".join(dict.fromkeys(name for name, _ in found))
    if not found:
        expected = "a bench with a device that speaks Modbus" if device is None else "a device that speaks Modbus"
        raise ConfigurationError("--bench" if device is None else "--device", "", expected, device or where)
    boxes = list(found.values())
    units = [box.unit for box in boxes]
    if device is not None or len({name for name, _ in found}) == 1:
        return KnownBoxes([replace(boxes[0], unit=None)])
    if len(set(units)) < len(units):
        raise ConfigurationError("--device", "", f"one of {speaking}: two of them have one unit id", "nothing")
    return KnownBoxes(boxes)


def _box(
    entry: CatalogueEntry, name: str, protocol: str, number: int | None, options: Mapping[str, Value]
) -> Box:  # fmt: skip
    spoken = dialect(entry, protocol)
    assert isinstance(spoken, ModbusDialect)  # every model speaks it
    registers = spoken.map_of(options)
    unit = spoken.unit_id if number is None else number
    return Box(name, unit, registers, spoken.orders_of(registers, options))


def _framed(exchange: Exchange) -> tuple[int, bytes, bytes] | None:
    """Unit id, request and reply without their frames."""
    request, reply = exchange.request, exchange.reply
    if is_modbus_tcp(request) and is_modbus_tcp(reply):
        unit, _, asked = tcp_split(request)
        return unit, asked, tcp_split(reply)[2]
    if len(reply) < 5 or not rtu_sum_is_right(reply):
        return None
    frames = RtuReader().feed(request)
    if len(frames) != 1 or frames[0].unit != reply[0]:
        return None
    return frames[0].unit, frames[0].pdu, reply[1:-2]
