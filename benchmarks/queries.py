"""Queries per second with line timing off: what the rig costs on top of the wire.

Over a pty: the real 43i model served as ``rig serve`` does, against an asyncio echo on a pty that knows nothing and
sends a fixed reply of the same length. One client, the leanest there is (``os.write``, ``os.read``), asks both by
turns, so the ratio is what physics, protocol, clock and port leave of the speed of a bare pty. At least 0.7.

In process: ``@rig`` against the package ``pyvisa-sim`` with a dialogue of the same texts, through PyVISA's own
``query``. At least twice as fast.

``python benchmarks/queries.py [interpreter]`` prints medians of seven rounds. With the interpreter of an environment in
which lewis and sinstruments are installed it also measures these (benchmarks/peers.py); without, it prints what was
measured when they last were.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyvisa
from measuring import rounds, verdict

from scenarios.opening import bench_path

REQUEST = b"\xabso2\r"
ROUNDS = 7
QUERIES = 4000
READY_S = 30.0
PEERS = Path(__file__).with_name("peers.py")
KNOWN = """\
peers, measured on 2026-11-24 with this client on two shared cores (benchmarks/peers.py), not in this run:
  sinstruments 1.5.0, a constant on a pty: 1.00 of the echo; lewis 1.4.0, a constant over TCP: 48 a second
peers, as their documents have it: lewis handles input once in a cycle of 0.1 s (its developer guide), tickit and NOAA
  forge state no rate, pyserial as a client reaches 31,000 queries/s with replies of 14 bytes"""


# -- benches and servers --------------------------------------------------------------------------------------------


def bench_file(folder: Path) -> Path:
    """Write the embedded bench's 43i and calibrator, line timing off, as a bench file."""
    data: dict[str, Any] = tomllib.loads(bench_path("demo").read_text(encoding="utf-8"))
    data["device"] = {name: data["device"][name] for name in ("so2", "calibrator")}
    data["tube"] = {"so2": data["tube"]["so2"]}
    data["device"]["so2"]["port"]["a"]["line_timing"] = False
    path = folder / "bench.json"
    path.write_text(json.dumps(data, default=str), encoding="utf-8")
    return path


@contextmanager
def served(command: list[str], ready: Path) -> Iterator[None]:
    """Run ``command`` until the block ends; the block begins when ``ready`` exists."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + READY_S
        while not ready.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                raise RuntimeError(f"{command}: did not make {ready}")
            time.sleep(0.02)
        try:
            yield
        finally:
            server.terminate()


def echo(link: Path, reply: bytes) -> None:
    """Answer every CR on a pty with ``reply``, for ever: the plainest asyncio server."""
    master, slave = os.openpty()
    tty.setraw(slave)

    def readable() -> None:
        for _ in range(os.read(master, 4096).count(b"\r")):
            os.write(master, reply)

    loop = asyncio.new_event_loop()
    loop.add_reader(master, readable)
    link.symlink_to(os.ttyname(slave))
    loop.run_forever()


# -- the client -----------------------------------------------------------------------------------------------------


def exchange(port: int, count: int, request: bytes = REQUEST, end: bytes = b"\r") -> bytes:
    """Ask ``count`` times and wait for each reply; return the last."""
    reply = b""
    for _ in range(count):
        os.write(port, request)
        reply = os.read(port, 4096)
        while not reply.endswith(end):
            reply += os.read(port, 4096)
    return reply


def rate(ask: Callable[[int], object], count: int) -> float:
    """Queries per second of ``count`` queries."""
    begun = time.perf_counter()
    ask(count)
    return count / (time.perf_counter() - begun)


def opened(link: Path) -> int:
    """Open a pty as a client does: raw, without becoming its terminal."""
    port = os.open(link, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    return port


def pty_rates(count: int = QUERIES, repeats: int = ROUNDS, peers: str | None = None) -> dict[str, float]:
    """Median queries per second over a pty: the rig's 43i, the echo, and sinstruments if there is an interpreter."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-queries-")))
        endpoints = folder / "endpoints.json"
        stack.enter_context(served([sys.executable, "-c", "from rig.cli import main; main()", "serve",
                                    str(bench_file(folder)), "--folder", str(folder / "ports"),
                                    "--endpoints", str(endpoints)], endpoints))  # fmt: skip
        asked = {"rig": (opened(folder / "ports" / "so2"), REQUEST)}
        reply = exchange(asked["rig"][0], 10)
        if not reply.startswith(b"so2 "):
            raise RuntimeError(f"the 43i answers {reply!r}")
        stack.enter_context(served([sys.executable, __file__, "--echo", str(folder / "echo"), reply.hex()],
                                   folder / "echo"))  # fmt: skip
        asked["echo"] = (opened(folder / "echo"), REQUEST)
        if peers is not None:
            link = folder / "sinstruments"
            stack.enter_context(served([peers, str(PEERS), "sinstruments", str(link), reply.hex()], link))
            asked["sinstruments"] = (opened(link), REQUEST)
        for port, request in asked.values():
            stack.callback(os.close, port)
            exchange(port, count // 10 + 1, request)
        runners = [
            lambda port=port, request=request: rate(lambda n: exchange(port, n, request), count)
            for port, request in asked.values()
        ]
        return dict(zip(asked, rounds(runners, repeats), strict=True))


def lewis_rate(peers: str, cycle_delay: float, count: int = 20, repeats: int = ROUNDS) -> float:
    """Median queries per second of lewis over TCP; it has no serial port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    command = [peers, str(PEERS), "lewis", str(number), (b"so2 1.234E+00 ppb\r").hex(), str(cycle_delay)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + READY_S
            while True:
                try:
                    client = socket.create_connection(("127.0.0.1", number), timeout=READY_S)
                    break
                except ConnectionRefusedError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
            with client:
                client.settimeout(None)
                ask = [lambda: rate(lambda n: exchange(client.fileno(), n, b"so2\r"), count)]
                return rounds(ask, repeats)[0]
        finally:
            server.terminate()


SIM = """
spec: "1.1"
devices:
  so2:
    eom:
      ASRL INSTR:
        q: "\\r"
        r: "\\r"
    dialogues:
      - q: "so2"
        r: "{reply}"
resources:
  ASRL1::INSTR:
    device: so2
"""


def visa_rates(count: int = QUERIES, repeats: int = ROUNDS) -> dict[str, float]:
    """Median queries per second through PyVISA in this process: ``@rig`` and ``pyvisa-sim``."""
    ends = {"read_termination": "\r", "write_termination": "\r"}
    with tempfile.TemporaryDirectory(prefix="rig-queries-") as name:
        folder = Path(name)
        ours = pyvisa.ResourceManager(f"{bench_file(folder)}@rig")
        so2 = ours.open_resource("ASRLso2::INSTR", encoding="latin-1", **ends)
        reply = so2.query("\xabso2")
        (folder / "sim.yaml").write_text(SIM.format(reply=reply), encoding="utf-8")
        theirs = pyvisa.ResourceManager(f"{folder / 'sim.yaml'}@sim")
        sim = theirs.open_resource("ASRL1::INSTR", **ends)
        if sim.query("so2") != reply:
            raise RuntimeError(f"pyvisa-sim answers {sim.query('so2')!r}, not {reply!r}")

        def many(resource: Any, request: str) -> Callable[[int], None]:
            def ask(number: int) -> None:
                for _ in range(number):
                    resource.query(request)

            return ask

        asking = [many(so2, "\xabso2"), many(sim, "so2")]
        medians = rounds([lambda ask=ask: rate(ask, count) for ask in asking], repeats)
        theirs.close()
        ours.close()
    return {"@rig": medians[0], "pyvisa-sim": medians[1]}


def main(peers: str | None) -> int:
    pty = pty_rates(peers=peers)
    print(f"pty, queries/s: 43i model {pty['rig']:.0f}, plain asyncio echo {pty['echo']:.0f}")
    if peers is None:
        print(KNOWN)
    else:
        share = pty["sinstruments"] / pty["echo"]
        print(f"peers: sinstruments on a pty {pty['sinstruments']:.0f} ({share:.2f} of the echo)")
        print(f"peers: lewis over TCP {lewis_rate(peers, 0.1):.0f}, without cycle delay {lewis_rate(peers, 0.0):.0f}")
    visa = visa_rates()
    print(f"PyVISA in process, queries/s: @rig {visa['@rig']:.0f}, pyvisa-sim {visa['pyvisa-sim']:.0f}")
    met = [verdict("pty, model over echo", pty["rig"] / pty["echo"], 0.7),
           verdict("@rig over pyvisa-sim", visa["@rig"] / visa["pyvisa-sim"], 2.0)]  # fmt: skip
    return 0 if all(met) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--echo"]:
        echo(Path(sys.argv[2]), bytes.fromhex(sys.argv[3]))
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
