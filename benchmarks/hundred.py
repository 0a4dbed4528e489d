"""A hundred instruments in one process, each polled once a second, and ten that speak once a second by themselves.

Ten of each of ten protocols on ptys and TCP by turns, line timing off, in the air of a city, and beside them a WXT536
and a PWD22 (as many as a station has) that send a message each second. Measured: the server's share of one core
(target: under 30 %), the delay of replies (p99), and how late automatic messages come (p99 under 5 ms), against the
earliest of each port, since a message is due at whole seconds of bench time. A process that knows nothing and says a
constant each second from the same kind of loop shows what of it is the machine's. The second part adds a load: eight
clients that ask C-Link boxes as fast as they get replies, so that the server is never idle.

``python benchmarks/hundred.py [--seconds 60] [--speakers 2] [--loop asyncio|uvloop]``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from measuring import verdict
from wire_servers import Client, addresses_of, processor_s, require_bench_extra, rig_served
from wire_table import CLIENTS, PROTOCOLS, address, kinds, port, write_bench

INSTRUMENTS = 100
SPEAKERS = 2
SETTLE_S = 5.0
"""Seconds of polling before measuring begins: first values are computed."""

PLAIN = b"0R2,Ta=-8.6C,Ua=85.5P,Pa=1019.2H\r\n"
"""What the process says that knows nothing."""


@dataclass
class Seen:
    """What was measured.

    Attributes:
        share: of one core that the server used.
        delays_ms: from request to reply.
        lateness_ms: of automatic messages, against the earliest of their port.
        plain_ms: the same of the process that knows nothing.
        expected: automatic messages that were due.
        unanswered: requests whose predecessor still had no reply.
        loaded: queries per second that the load got answered.
    """

    share: float
    delays_ms: np.ndarray[Any, np.dtype[np.float64]]
    lateness_ms: np.ndarray[Any, np.dtype[np.float64]]
    plain_ms: np.ndarray[Any, np.dtype[np.float64]]
    expected: int
    unanswered: int
    loaded: float


def benches(instruments: int, speakers: int) -> dict[str, Any]:
    """Devices by name: ``d...`` are asked, ``s...`` speak, ``load...`` are asked without pause."""
    asked = [name for name in PROTOCOLS if name != "modbus-tcp"]
    devices: dict[str, Any] = {}
    for number in range(instruments):
        name = asked[number % len(asked)]
        offered = kinds(name)
        kind = offered[number // len(asked) % len(offered)]
        devices[f"d{number}"] = {"model": PROTOCOLS[name].model, "port": {kind: port(name, kind)}}
    loud = [name for name, row in PROTOCOLS.items() if row.automatic]
    for number in range(speakers):
        name = loud[number % len(loud)]
        section = port(name, "pty", options=PROTOCOLS[name].automatic)
        devices[f"s{number}"] = {"model": PROTOCOLS[name].model, "port": {"pty": section}}
    for number in range(CLIENTS):
        devices[f"load{number}"] = {"model": PROTOCOLS["clink"].model, "port": {"pty": port("clink", "pty")}}
    return devices


def row(devices: dict[str, Any], endpoints: dict[str, Any], name: str) -> dict[str, Any]:
    """What the client must know of a device's one port; nothing to ask where it speaks by itself."""
    ((kind, section),) = devices[name]["port"].items()
    asked = PROTOCOLS[section["protocol"]]
    request = b"" if section.get("options") else asked.request
    return {"name": name, "address": address(endpoints, name, kind), "request": request.hex(),
            "end": asked.end.hex(), "least": asked.least}  # fmt: skip


def lateness_ms(heard: list[list[float]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How late messages came that are due each second: against the earliest of their port, ms."""
    found = []
    for times in heard:
        offsets = (np.array(times) - times[0] + 0.5) % 1.0
        found.append((offsets - offsets.min()) * 1e3)
    return np.concatenate(found)


def measure(
    seconds: float, loop: str, *, load: bool, instruments: int = INSTRUMENTS, count: int = SPEAKERS,
    settle: float = SETTLE_S,
) -> Seen:  # fmt: skip
    """Serve, poll and listen for so many seconds."""
    devices = benches(instruments, count)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-hundred-")))
        endpoints, process = stack.enter_context(rig_served(folder, write_bench(folder, devices), loop))
        rows = {name: row(devices, endpoints, name) for name in devices}
        asked = [rows[name] for name in devices if name.startswith("d")]
        speakers = [rows[name] for name in devices if name.startswith("s")]
        command = [
            "echo.py",
            str(folder / "plain"),
            "0",
            b"0R2,Ta=-8.6C,Ua=85.5P,Pa=1019.2H\r\n".hex(),
            str(count),
            loop,
        ]
        plain, _ = stack.enter_context(addresses_of(command, folder / "plain"))
        for number, path in enumerate(plain["pty"]):
            speakers.append(
                {"name": f"plain{number}", "address": path, "request": "", "end": b"\r\n".hex(), "least": 1}
            )
        warming = stack.enter_context(Client("second_client.py"))
        warming.do(ports=asked, speakers=speakers)
        warming.do(seconds=settle)
        client = stack.enter_context(Client("second_client.py"))
        client.do(ports=asked, speakers=speakers)
        found: dict[str, Any] = {"rate": 0.0}
        if load:
            pouring = stack.enter_context(Client())
            one = rows["load0"]
            where = [rows[f"load{number}"]["address"] for number in range(CLIENTS)]
            pouring.do(name="load", addresses=where, request=one["request"], end=one["end"], least=one["least"])
            pour = threading.Thread(target=lambda: found.update(pouring.do(name="load", seconds=seconds)))
            pour.start()
        worked = processor_s(process)
        told = client.do(seconds=seconds)
        share = (processor_s(process) - worked) / seconds
        if load:
            pour.join()
    own, others = ([told["heard"][name] for name in told["heard"] if name.startswith(start)] for start in "sp")
    return Seen(share, np.array(told["delays"]) * 1e3, lateness_ms(own), lateness_ms(others),
                int(seconds) * count, told["unanswered"], found["rate"])  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="a hundred instruments polled once a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--speakers", type=int, default=SPEAKERS, help="boxes that send messages by themselves")
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="uvloop" if find_spec("uvloop") else "asyncio")
    chosen = parser.parse_args()
    if chosen.loop == "uvloop":
        require_bench_extra()
    met = []
    for load in (False, True):
        print(f"{chosen.loop}, {'with' if load else 'without'} load; load of the machine {os.getloadavg()[0]:.1f}")
        seen = measure(chosen.seconds, chosen.loop, load=load, count=chosen.speakers)
        told = {"reply after": seen.delays_ms, "automatic message late by": seen.lateness_ms,
                "message of a process that knows nothing late by": seen.plain_ms}  # fmt: skip
        for what, values in told.items():
            p50, p99, most = np.percentile(values, [50, 99, 100])
            print(f"{what}: median {p50:.2f} ms, p99 {p99:.2f} ms, at most {most:.1f} ms; {len(values)} of them")
        print(f"server's share of a core {seen.share:.1%}; not answered within a second: {seen.unanswered}; "
              f"automatic messages due: {seen.expected}; load: {seen.loaded:.0f} queries/s")  # fmt: skip
        if not load:
            met.append(verdict("share of one core", seen.share * 100.0, 30.0, " %", at_most=True))
        p99 = float(np.percentile(seen.lateness_ms, 99))
        met.append(verdict("p99 of automatic messages", p99, 5.0, " ms", at_most=True))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
