"""Ways in which the bytes of one request may reach a device: each must give the same reply."""

import pytest

from instruments.protocols.ends import DeviceEnd


def whole(device: DeviceEnd, data: bytes) -> bytes:
    return b"".join(device.receive(data))


def byte_by_byte(device: DeviceEnd, data: bytes) -> bytes:
    return b"".join(reply for i in range(len(data)) for reply in device.receive(data[i : i + 1]))


def in_two(device: DeviceEnd, data: bytes) -> bytes:
    middle = len(data) // 2
    return b"".join(device.receive(data[:middle]) + device.receive(data[middle:]))


each_way = pytest.mark.parametrize("feed", [whole, byte_by_byte, in_two])
