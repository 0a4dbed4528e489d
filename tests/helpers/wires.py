"""A device end fed as lines feed it: whole, byte by byte, glued to other requests, with junk around."""

from __future__ import annotations

from collections.abc import Sequence

from instruments.protocols.ends import DeviceEnd

WAYS = ("whole", "byte by byte", "glued", "junk around")


def fed(device: DeviceEnd, requests: Sequence[bytes], way: str, junk: bytes = b"\x00\xff\xfe\x80") -> list[bytes]:
    """Replies to ``requests`` (state and all, in their order), fed in that way."""
    if way == "glued":
        return device.receive(b"".join(requests))
    replies: list[bytes] = []
    for request in requests:
        data = junk + request + junk if way == "junk around" else request
        pieces = [data[i : i + 1] for i in range(len(data))] if way == "byte by byte" else [data]
        replies += [reply for piece in pieces for reply in device.receive(piece)]
    return replies
