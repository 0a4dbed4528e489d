"""Queries per second of every protocol on pty and TCP, line timing off: what the rig costs on top of the wire.

For each protocol ``rig serve`` is asked, by turns, together with a plain asyncio echo that has the same lengths of
request and reply, by one client and by eight, from a process of its own (``wire_client.py``). Both run on asyncio
and on uvloop. The ratio of rig and echo, each in its best round of many short ones, is what physics, protocol, clock
and port leave of the speed of the bare wire: at least 0.7 for text protocols. Eight clients share one box over TCP
where the real one serves so many; else, and on ptys, each has its own.

In the same rounds as C-Link: sinstruments, lewis and tickit with a constant of the same text; as Modbus: the server of
pymodbus. ``python benchmarks/queries.py [PROTOCOL ...] [--rounds 15] [--seconds 0.05]``; needs the extra ``bench``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from measuring import verdict
from wire_servers import Client, addresses_of, processor_s, require_bench_extra, rig_served
from wire_table import CLIENTS, PROTOCOLS, address, boxes, eight, kinds, write_bench

LOOPS = ("asyncio", "uvloop")
PEERS = {
    "clink": ("sinstruments", "tickit", "lewis", "lewis-no-delay"), "modbus-rtu": ("pymodbus-rtu",),
    "modbus-tcp": ("pymodbus-tcp",),
}  # fmt: skip
"""Peers that are measured beside a protocol, on the ports that they have."""

PEER_REQUEST = b"so2\r"
"""To peers that read text: they do not decode a byte above 127."""


@dataclass
class Result:
    """Of one server, by round: queries per second, and its processor time for one, in microseconds."""

    rates: list[float]
    processor_us: list[float]

    @property
    def rate(self) -> float:
        """Queries per second of the best round: whatever else runs on the machine only takes away."""
        return max(self.rates)

    @property
    def cost(self) -> float:
        """Median of the processor time."""
        return statistics.median(self.processor_us)


@dataclass
class Server:
    """A server that runs: where it is reached by port kind, what it is asked, and its process."""

    addresses: dict[str, list[str]]
    request: str
    process: int


def measure(
    protocol: str, rounds: int, seconds: float, loops: Sequence[str] = LOOPS, peers: Sequence[str] | None = None,
) -> Iterator[tuple[str, int, dict[str, Result]]]:  # fmt: skip
    """Port kind, number of clients, and of every server what it reached: ``rig asyncio``, ``echo asyncio``..."""
    asked = PROTOCOLS[protocol]
    expected = {"end": asked.end.hex(), "least": asked.least}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-queries-")))
        bench = write_bench(folder, eight(protocol))
        client = stack.enter_context(Client())
        servers, request, reply = {}, asked.request.hex(), ""
        for loop in loops:
            endpoints, process = stack.enter_context(rig_served(folder, bench, loop))
            where = {kind: [address(endpoints, box, kind) for box in boxes(protocol, kind)] for kind in kinds(protocol)}
            servers[f"rig {loop}"] = Server(where, request, process)
            first = next(iter(where.values()))[:1]
            reply = client.do(name="", addresses=first, request=request, **expected)["reply"]
            client.do(name="", close=True)
            ready = folder / f"echo-{loop}"
            command = ["echo.py", str(ready), str(len(asked.request)), reply, str(CLIENTS), loop]
            where, process = stack.enter_context(addresses_of(command, ready))
            servers[f"echo {loop}"] = Server(where, request, process)
        for peer in PEERS.get(protocol, ()) if peers is None else peers:
            request = PEER_REQUEST.hex() if asked.is_text else request
            command = ["peers.py", peer, str(folder / peer), request, reply, str(CLIENTS)]
            where, process = stack.enter_context(addresses_of(command, folder / peer))
            servers[peer] = Server(where, request, process)
        for kind in kinds(protocol):
            those = {name: server for name, server in servers.items() if server.addresses[kind]}
            for clients in (1, CLIENTS):
                for name, server in those.items():
                    client.do(name=name, addresses=server.addresses[kind][:clients], request=server.request, **expected)
                    client.do(name=name, seconds=seconds / 3)  # what happens once has happened
                yield kind, clients, _by_turns(client, those, rounds, seconds)
                for name in those:
                    client.do(name=name, close=True)


def _by_turns(client: Client, servers: dict[str, Server], rounds: int, seconds: float) -> dict[str, Result]:
    results = {name: Result([], []) for name in servers}
    for _ in range(rounds):
        for name, result in results.items():
            worked = processor_s(servers[name].process)
            told = client.do(name=name, seconds=seconds)
            result.rates.append(told["rate"])
            result.processor_us.append((processor_s(servers[name].process) - worked) / told["count"] * 1e6)
    return results


def share(results: dict[str, Result], of: str, to: str) -> float:
    """How many times as many queries one server answers as another, in the best round of each."""
    return results[of].rate / results[to].rate


def told(result: Result) -> str:
    return f"{result.rate:.0f} ({result.cost:.0f})"


def main() -> int:
    parser = argparse.ArgumentParser(description="queries per second of every protocol")
    parser.add_argument("protocols", nargs="*", metavar="PROTOCOL", help=f"of {', '.join(PROTOCOLS)}; all if none")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.05, help="of one server in one round")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.protocols if name not in PROTOCOLS]
    if unknown:
        parser.error(f"PROTOCOL: expected one of {', '.join(PROTOCOLS)}, found {', '.join(unknown)}")
    require_bench_extra()
    met = []
    print(f"load {os.getloadavg()[0]:.1f}; {chosen.rounds} rounds of {chosen.seconds:g} s")
    print("queries per second (microseconds of the server's processor for one)")
    print("| protocol | port | clients | rig | echo | ratio | rig, uvloop | echo, uvloop | ratio | others |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for protocol in chosen.protocols or PROTOCOLS:
        for kind, clients, results in measure(protocol, chosen.rounds, chosen.seconds):
            cells = [protocol, kind, str(clients)]
            for loop in LOOPS:
                ratio = share(results, f"rig {loop}", f"echo {loop}")
                cells += [told(results[f"{one} {loop}"]) for one in ("rig", "echo")] + [f"{ratio:.2f}"]
                if PROTOCOLS[protocol].is_text:
                    met.append((f"{protocol} {kind} {clients} {loop}", ratio))
            others = [
                f"{name} {told(result)}, rig {share(results, 'rig asyncio', name):.2g} times"
                for name, result in results.items()
                if not name.startswith(("rig", "echo"))
            ]
            print("|", " | ".join([*cells, "; ".join(others)]), "|", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")
    verdicts = [verdict(f"{what}, rig over echo", ratio, 0.7) for what, ratio in met]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
