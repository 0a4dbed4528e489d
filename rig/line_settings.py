"""How a serial line is set: what the bench file says of it, and for the rest what the maker delivers."""

from __future__ import annotations

import os
from pathlib import Path

from instruments.catalogue import CatalogueEntry
from instruments.protocols.dialects import dialect
from rig.bench_file import DeviceSection, PortSection, ServedPortSection
from rig.uart import LineSettings


def port_settings(entry: CatalogueEntry, port: PortSection) -> LineSettings:
    """Settings of a port of an emulated device.

    A pty cannot carry seven bits or a parity, and behind a network connection they are the converter's business:
    there bytes have 8 bits whatever the maker delivers.

    Raises:
        KeyError: the model does not speak the port's protocol.
    """
    framed = port.kind == "rfc2217" or port.device is not None
    return _settings(entry, port.protocol, port, framed=framed)


def resource_settings(entry: CatalogueEntry, section: DeviceSection) -> LineSettings:
    """Settings with which a host opens the ``resource`` of a device. Raises KeyError as :func:`port_settings` does."""
    path = (section.resource or "")[len("ASRL") :].partition("::")[0]
    is_pty = path.startswith("/") and Path(os.path.realpath(path)).parent == Path("/dev/pts")
    return _settings(entry, section.protocol or "", section, framed=not is_pty)


def served_settings(port: ServedPortSection) -> LineSettings | None:
    """Settings with which a host opens a further port of an endpoints file; None where no serial line is behind it."""
    if port.baud is None:
        return None
    own = LineSettings(port.baud)
    return LineSettings(port.baud, port.data_bits or own.data_bits, port.parity or own.parity,
                        port.stop_bits or own.stop_bits)  # fmt: skip


def _settings(
    entry: CatalogueEntry, protocol: str, said: PortSection | DeviceSection, *, framed: bool
) -> LineSettings:  # fmt: skip
    delivered = dialect(entry, protocol).delivered(said.options)
    own = LineSettings(*delivered) if framed else LineSettings(delivered[0])
    return LineSettings(
        own.baud if said.baud is None else said.baud,
        own.data_bits if said.data_bits is None else said.data_bits,
        own.parity if said.parity is None else said.parity,
        own.stop_bits if said.stop_bits is None else said.stop_bits,
    )
