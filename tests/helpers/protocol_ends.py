"""Ends of a protocol over an instrument that is a bag of values."""

from __future__ import annotations

from anycrc import Model

from instruments.catalogue import load
from instruments.protocols.dialects import dialect


def device_of(model, face, protocol="modbus-rtu", number=None, **options):
    """The device's end of one line."""
    spoken = dialect(load(model), protocol)
    return spoken.box(face).line(spoken.transports[0], options, number)


def host_of(model, protocol="modbus-rtu", number=None, **options):
    """The host's end of one line."""
    return dialect(load(model), protocol).host_with(number, options)


def asked(host, device, text):
    """What the host makes of the device's answer to a request."""
    return host.parse(text, b"".join(device.receive(host.request(text))))


def crc(data):
    """``data`` with its CRC-16, by a library that is neither ours nor pymodbus."""
    return data + Model("CRC16-MODBUS").calc(data).to_bytes(2, "little")
