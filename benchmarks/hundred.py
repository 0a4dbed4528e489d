"""A hundred instruments in one process, each polled once a second, and ten that speak once a second by themselves.

Ten of each of ten protocols on ptys and TCP by turns, line timing off, in the air of a city, and beside them WXT536 and
PWD22 that send a message each second. Measured: the server's share of one core (target: under 30 %), the delay of
replies (p99), and how late automatic messages come (p99 under 5 ms), against the earliest of each port, since a message
is due at whole seconds of bench time. The second part adds a load: eight clients that ask a C-Link box as fast as they
get replies, so that the server's core is never idle.

``python benchmarks/hundred.py [--seconds 60] [--loop asyncio|uvloop]``.
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
from wire_servers import Client, processor_s, require_bench_extra, rig_served
from wire_table import CLIENTS, PROTOCOLS, address, kinds, port, write_bench

INSTRUMENTS = 100
SPEAKERS = 10
SETTLE_S = 5.0
"""Seconds of polling before measuring begins: first values are computed."""


@dataclass
class Seen:
    """What was measured.

    Attributes:
        share: of one core that the server used.
        delays_ms: from request to reply.
        lateness_ms: of automatic messages, against the earliest of their port.
        expected: automatic messages that were due.
        unanswered: requests whose predecessor still had no reply.
        loaded: queries per second that the load got answered.
    """

    share: float
    delays_ms: np.ndarray[Any, np.dtype[np.float64]]
    lateness_ms: np.ndarray[Any, np.dtype[np.float64]]
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


def measure(seconds: float, loop: str, *, load: bool, instruments: int = INSTRUMENTS, settle: float = SETTLE_S) -> Seen:
    """Serve, poll and listen for so many seconds."""
    devices = benches(instruments, SPEAKERS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-hundred-")))
        endpoints, process = stack.enter_context(rig_served(folder, write_bench(folder, devices), loop))
        rows = {name: row(devices, endpoints, name) for name in devices}
        asked = [rows[name] for name in devices if name.startswith("d")]
        speakers = [rows[name] for name in devices if name.startswith("s")]
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
    heard = [np.array(times) for times in told["heard"].values() if times]
    lateness = [(offset := times % 1.0 - times[0] % 1.0 + 0.5) % 1.0 - (offset % 1.0).min() for times in heard]
    return Seen(share, np.array(told["delays"]) * 1e3, np.concatenate(lateness) * 1e3,
                int(seconds) * SPEAKERS, told["unanswered"], found["rate"])  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="a hundred instruments polled once a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="uvloop" if find_spec("uvloop") else "asyncio")
    chosen = parser.parse_args()
    if chosen.loop == "uvloop":
        require_bench_extra()
    met = []
    for load in (False, True):
        print(f"{chosen.loop}, {'with' if load else 'without'} load; load of the machine {os.getloadavg()[0]:.1f}")
        seen = measure(chosen.seconds, chosen.loop, load=load)
        for what, values in (("reply after", seen.delays_ms), ("automatic message late by", seen.lateness_ms)):
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
