"""Queries per second with line timing off: what the rig costs on top of the wire.

Over a pty: the real 43i model served as ``rig serve`` does, against an asyncio echo on a pty that knows nothing and sends
a fixed reply of the same length. One client, the leanest there is (``os.write``, ``os.read``), asks both by turns, so the
ratio is what physics, protocol, clock and port leave of the speed of a bare pty. At least 0.7.

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
import subprocess
import sys
import tempfile
import time
import tomllib
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyvisa
from measuring import rounds, verdict

from scenarios.opening import bench_path

REQUEST = b"\xabso2\r"
ROUNDS = 7
QUERIES = 4000
READY_S = 30.0


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


def pty_rates(count: int = QUERIES, repeats: int = ROUNDS, peer: str | None = None) -> dict[str, float]:
    """Median queries per second over a pty: the rig's 43i, the echo, and sinstruments if ``peer`` can import it."""
    with tempfile.TemporaryDirectory(prefix="rig-queries-") as name:
        folder = Path(name)
        endpoints, link = folder / "endpoints.json", folder / "echo"
        rig = [sys.executable, "-c", "from rig.cli import main; main()", "serve", str(bench_file(folder)),
               "--folder", str(folder / "ports"), "--endpoints", str(endpoints)]  # fmt: skip
        with served(rig, endpoints):
            model = os.open(folder / "ports" / "so2", os.O_RDWR | os.O_NOCTTY)
            reply = exchange(model, 10)
            if not reply.startswith(b"so2 "):
                raise RuntimeError(f"the 43i answers {reply!r}")
            with served([sys.executable, __file__, "--echo", str(link), reply.hex()], link):
                plain = os.open(link, os.O_RDWR | os.O_NOCTTY)
                ports = {"rig": model, "echo": plain}
                for port in ports.values():
                    exchange(port, count // 10 + 1)
                runners = [lambda port=port: rate(lambda n: exchange(port, n), count) for port in ports.values()]
                medians = dict(zip(ports, rounds(runners, repeats), strict=True))
                os.close(plain)
            os.close(model)
    return medians


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


def main(peer: str | None) -> int:
    pty = pty_rates()
    print(f"pty, queries/s: 43i model {pty['rig']:.0f}, plain asyncio echo {pty['echo']:.0f}")
    visa = visa_rates()
    print(f"PyVISA in process, queries/s: @rig {visa['@rig']:.0f}, pyvisa-sim {visa['pyvisa-sim']:.0f}")
    met = [verdict("pty, model over echo", pty["rig"] / pty["echo"], 0.7),
           verdict("@rig over pyvisa-sim", visa["@rig"] / visa["pyvisa-sim"], 2.0)]  # fmt: skip
    return 0 if all(met) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--echo"]:
        echo(Path(sys.argv[2]), bytes.fromhex(sys.argv[3]))
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
