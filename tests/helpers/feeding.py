"""A device end fed as lines feed it: whole, in pieces, glued to other requests, with junk around."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from instruments.protocols.ends import DeviceEnd

WAYS = ("whole", "byte by byte", "glued", "junk around")


def fed(device: DeviceEnd, data: bytes, *, cut: int | None = None) -> list[bytes]:
    """Replies to ``data``, fed whole or ``cut`` bytes at a time."""
    size = cut or max(len(data), 1)
    return [reply for at in range(0, len(data), size) for reply in device.receive(data[at : at + size])]


def whole(device: DeviceEnd, data: bytes) -> bytes:
    return b"".join(fed(device, data))


def byte_by_byte(device: DeviceEnd, data: bytes) -> bytes:
    return b"".join(fed(device, data, cut=1))


def in_two(device: DeviceEnd, data: bytes) -> bytes:
    return b"".join(fed(device, data, cut=(len(data) + 1) // 2))


each_way = pytest.mark.parametrize("feed", [whole, byte_by_byte, in_two])


def talked(device: DeviceEnd, requests: Sequence[bytes], way: str, junk: bytes = b"\x00\xff\xfe\x80") -> list[bytes]:
    """Replies to ``requests`` (state and all, in their order), fed in one of ``WAYS``."""
    if way == "glued":
        return fed(device, b"".join(requests))
    around = junk if way == "junk around" else b""
    cut = 1 if way == "byte by byte" else None
    return [reply for request in requests for reply in fed(device, around + request + around, cut=cut)]
