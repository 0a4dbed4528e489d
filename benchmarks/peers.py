"""Other simulators, served for ``benchmarks/queries.py``; runs in an environment of theirs and imports nothing of ours.

``python -m venv peers && peers/bin/pip install lewis==1.4.0 sinstruments==1.5.0``. Both are GPL programs: they are run
here, and no part of this project.

sinstruments answers on a pty (gevent), lewis only over TCP, so its figure is one of a socket. Neither has physics
behind the reply: both are given a device that returns a constant. lewis handles its input once per cycle, 0.1 s unless
``cycle_delay`` says otherwise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path


def sinstruments(link: str, reply: bytes) -> None:
    from sinstruments.simulator import BaseDevice, Server

    class Constant(BaseDevice):
        newline = b"\r"

        def handle_message(self, message: bytes) -> bytes:
            return reply

    transport = {"type": "serial", "url": link}
    sys.modules["sinstruments_peer"] = sys.modules[__name__]
    sys.modules[__name__].Constant = Constant  # type: ignore[attr-defined]
    Server(
        [{"package": "sinstruments_peer", "class": "Constant", "name": "so2", "transports": [transport]}]
    ).serve_forever()


LEWIS_DEVICE = """
from lewis.adapters.stream import Cmd, StreamInterface
from lewis.devices import Device


class So2(Device):
    pass


class So2Interface(StreamInterface):
    in_terminator = "\\r"
    out_terminator = "\\r"
    commands = {{Cmd(lambda: {reply!r}, pattern="^so2$")}}
"""


def lewis(port: str, reply: bytes, cycle_delay: str) -> None:
    from lewis.scripts.run import run_simulation

    with tempfile.TemporaryDirectory(prefix="rig-lewis-") as name:
        device = Path(name) / "peer_devices" / "so2"
        device.mkdir(parents=True)
        (device.parent / "__init__.py").touch()
        (device / "__init__.py").write_text(LEWIS_DEVICE.format(reply=reply.decode().rstrip()), encoding="utf-8")
        run_simulation(
            ["so2", "-a", name, "-k", "peer_devices", "-c", cycle_delay, "-o", "none",
             "-p", f"stream: {{bind_address: 127.0.0.1, port: {port}}}"]
        )  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1] == "sinstruments":
        sinstruments(sys.argv[2], bytes.fromhex(sys.argv[3]))
    else:
        lewis(sys.argv[2], bytes.fromhex(sys.argv[3]), sys.argv[4])
