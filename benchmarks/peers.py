"""Other simulators, each in a process of its own for ``queries.py``; imports nothing of ours.

``python peers.py KIND READY REQUEST_HEX REPLY_HEX PTYS`` serves a device without physics that answers a constant, and
writes its addresses to the file READY. Each peer is given its kindest case: sinstruments (gevent) a message handler
that returns the reply; lewis one command, with its cycle of 0.1 s or, as ``lewis-no-delay``, none; tickit its TCP
adapter with one command and no scheduler behind it; pymodbus its own server with constant registers. lewis and
sinstruments are GPL programs: they are run here, and no part of this project.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import sys
import tempfile
import threading
import tty
from collections.abc import Callable
from pathlib import Path

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        number: int = free.getsockname()[1]
    return number


def tell(ready: str, pty: list[str], tcp: str, count: int) -> None:
    """Write the addresses; whoever sees the file sees all of it. TCP clients wait themselves until somebody listens."""
    part = Path(f"{ready}.part")
    part.write_text(json.dumps({"pty": pty, "tcp": [tcp] * count if tcp else []}), encoding="utf-8")
    part.rename(ready)


def sinstruments(ready: str, request: bytes, reply: bytes, count: int) -> None:
    from sinstruments.simulator import BaseDevice, Server

    class Constant(BaseDevice):
        newline = b"\r"

        def handle_message(self, message: bytes) -> bytes:
            return reply

    sys.modules["sinstruments_peer"] = sys.modules[__name__]
    sys.modules[__name__].Constant = Constant  # type: ignore[attr-defined]
    number = free_port()
    links = [f"{ready}.pty{n}" for n in range(count)]
    transports = [[{"type": "serial", "url": link}] for link in links]
    transports[0].append({"type": "tcp", "url": f"{HOST}:{number}"})
    devices = [{"package": "sinstruments_peer", "class": "Constant", "name": f"d{n}", "transports": each}
               for n, each in enumerate(transports)]  # fmt: skip
    server = Server(devices)
    tell(ready, links, f"{HOST}:{number}", count)
    server.serve_forever()


LEWIS_DEVICE = """
from lewis.adapters.stream import Cmd, StreamInterface
from lewis.devices import Device


class So2(Device):
    pass


class So2Interface(StreamInterface):
    in_terminator = "\\r"
    out_terminator = "\\r"
    commands = {{Cmd(lambda: {reply!r}, pattern={pattern!r})}}
"""


def lewis(cycle_delay: str) -> Callable[[str, bytes, bytes, int], None]:
    def run(ready: str, request: bytes, reply: bytes, count: int) -> None:
        from lewis.scripts.run import run_simulation

        source = LEWIS_DEVICE.format(reply=reply.decode().rstrip("\r"), pattern=f"^{request.decode().rstrip()}$")
        number = free_port()
        with tempfile.TemporaryDirectory(prefix="rig-lewis-") as name:
            device = Path(name) / "peer_devices" / "so2"
            device.mkdir(parents=True)
            (device.parent / "__init__.py").touch()
            (device / "__init__.py").write_text(source, encoding="utf-8")
            tell(ready, [], f"{HOST}:{number}", count)
            run_simulation(["so2", "-a", name, "-k", "peer_devices", "-c", cycle_delay, "-o", "none",
                            "-p", f"stream: {{bind_address: {HOST}, port: {number}}}"])  # fmt: skip

    return run


def tickit(ready: str, request: bytes, reply: bytes, count: int) -> None:
    from tickit.adapters.io.tcp_io import TcpIo
    from tickit.adapters.specifications.regex_command import RegexCommand
    from tickit.adapters.tcp import CommandAdapter

    class Constant(CommandAdapter):
        @RegexCommand(re.escape(request))
        async def value(self) -> bytes:
            return reply

    async def nothing() -> None:
        return

    async def serve() -> None:
        number = free_port()
        await TcpIo(HOST, number).setup(Constant(), nothing)
        tell(ready, [], f"{HOST}:{number}", count)
        await asyncio.Event().wait()

    asyncio.run(serve())


def pymodbus(*, tcp_frames: bool) -> Callable[[str, bytes, bytes, int], None]:
    from pymodbus import FramerType
    from pymodbus.server import ModbusSerialServer, ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def serve(ready: str, count: int) -> None:
        number, links = free_port(), []
        device = SimDevice(
            id=0 if tcp_frames else 1, simdata=[SimData(0, values=[7] * 100, datatype=DataType.REGISTERS)]
        )
        for n in range(0 if tcp_frames else count):
            master, slave = os.openpty()
            tty.setraw(slave)
            links.append(f"fd:{ready}.{n}")
            hand_out(f"{ready}.{n}", master)
            line = ModbusSerialServer(device, framer=FramerType.RTU, port=os.ttyname(slave), baudrate=115200)
            await line.serve_forever(background=True)
        framer = FramerType.SOCKET if tcp_frames else FramerType.RTU
        await ModbusTcpServer(device, framer=framer, address=(HOST, number)).serve_forever(background=True)
        tell(ready, links, f"{HOST}:{number}", count)
        await asyncio.Event().wait()

    return lambda ready, request, reply, count: asyncio.run(serve(ready, count))


def hand_out(path: str, descriptor: int) -> None:
    """Give ``descriptor`` to whoever asks at the socket ``path``: pymodbus opens a pty as clients do, by its slave."""
    asking = socket.socket(socket.AF_UNIX)
    asking.bind(path)
    asking.listen(1)

    def give() -> None:
        while True:
            with asking.accept()[0] as client:
                socket.send_fds(client, [b"pty"], [descriptor])

    threading.Thread(target=give, daemon=True).start()


KINDS = {
    "sinstruments": sinstruments,
    "lewis": lewis("0.1"),
    "lewis-no-delay": lewis("0.0"),
    "tickit": tickit,
    "pymodbus-rtu": lambda *given: pymodbus(tcp_frames=False)(*given),
    "pymodbus-tcp": lambda *given: pymodbus(tcp_frames=True)(*given),
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS, metavar="KIND")
    parser.add_argument("ready", metavar="READY")
    parser.add_argument("request", type=bytes.fromhex, metavar="REQUEST_HEX")
    parser.add_argument("reply", type=bytes.fromhex, metavar="REPLY_HEX")
    parser.add_argument("ptys", type=int, metavar="PTYS")
    chosen = parser.parse_args()
    KINDS[chosen.kind](chosen.ready, chosen.request, chosen.reply, chosen.ptys)
