"""A server that knows nothing: for as many bytes as a request has, a fixed reply of the same length as the rig's.

``python echo.py READY REQUEST_BYTES REPLY_HEX PTYS [uvloop]`` serves ``PTYS`` ptys and one TCP port, and writes their
addresses to the file READY. With 0 bytes to a request it says the reply on each pty once a second, unasked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tty
from pathlib import Path


class Echo(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, size: int, reply: bytes) -> None:
        self.size, self.reply, self.pending = size, reply, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """A reply for each request's worth of bytes."""
        count, self.pending = divmod(self.pending + len(data), self.size)
        self.transport.write(self.reply * count)  # type: ignore[attr-defined]


def speak(loop: asyncio.AbstractEventLoop, reply: bytes, count: int) -> list[str]:
    """Say ``reply`` each second on ``count`` ptys; return their paths."""
    ends = [os.openpty() for _ in range(count)]
    for _, slave in ends:
        tty.setraw(slave)

    def say(due: float) -> None:
        for master, _ in ends:
            os.write(master, reply)
        loop.call_at(due + 1.0, say, due + 1.0)

    loop.call_soon(say, loop.time())
    return [os.ttyname(slave) for _, slave in ends]


def serve_pty(loop: asyncio.AbstractEventLoop, size: int, reply: bytes) -> str:
    """Serve one pty; return its path."""
    master, slave = os.openpty()
    tty.setraw(slave)
    pending = 0

    def readable() -> None:
        nonlocal pending
        count, pending = divmod(pending + len(os.read(master, 4096)), size)
        os.write(master, reply * count)

    loop.add_reader(master, readable)
    return os.ttyname(slave)


def main(ready: str, size: str, reply: str, ptys: str, kind: str = "asyncio") -> None:
    if kind == "uvloop":
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    length, answer = int(size), bytes.fromhex(reply)
    server = loop.run_until_complete(loop.create_server(lambda: Echo(length, answer), "127.0.0.1", 0))
    tcp = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    if length:
        paths = [serve_pty(loop, length, answer) for _ in range(int(ptys))]
    else:
        paths = speak(loop, answer, int(ptys))
    part = Path(f"{ready}.part")
    part.write_text(json.dumps({"pty": paths, "tcp": [tcp] * int(ptys)}), encoding="utf-8")
    part.rename(ready)
    loop.run_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for argument in ("ready", "size", "reply", "ptys"):
        parser.add_argument(argument, metavar=argument.upper())
    parser.add_argument("kind", nargs="?", default="asyncio", choices=("asyncio", "uvloop"))
    main(**vars(parser.parse_args()))
