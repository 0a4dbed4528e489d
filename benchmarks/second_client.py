"""The client of ``hundred.py``: asks many ports once a second each, hears others that speak of their own accord.

``python second_client.py`` reads one line of JSON with its ports, asks for so many seconds, and writes one line of what
it saw. It imports nothing of the rig.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import select
import sys
import time
from typing import Any

from wire_client import opened


class Port:
    """One port: what it is asked, when it was, and what has come since."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.descriptor = opened(row["address"])
        self.request, self.end = bytes.fromhex(row["request"]), bytes.fromhex(row["end"])
        self.least = row["least"]
        self.name = row["name"]
        self.asked: float | None = None
        self.reply = b""
        self.unanswered = 0

    def ask(self) -> None:
        """Send the request, unless the one before still waits for its reply."""
        if self.asked is not None:
            self.unanswered += 1
            return
        self.reply = b""
        self.asked = time.perf_counter()
        os.write(self.descriptor, self.request)


def run(ports: list[Port], speakers: list[Port], seconds: float) -> dict[str, Any]:
    """Ask each port once a second, evenly spread over the second; note delays, and when messages came, in s."""
    poll = select.epoll()
    by_descriptor = {port.descriptor: port for port in [*ports, *speakers]}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.EPOLLIN)
    delays: list[float] = []
    heard: dict[str, list[float]] = {port.name: [] for port in speakers}
    begun = time.perf_counter()
    due = [(begun + number / max(1, len(ports)), number) for number in range(len(ports))]
    heapq.heapify(due)
    until = begun + seconds
    while (now := time.perf_counter()) < until:
        while due and due[0][0] <= now:
            at, number = heapq.heappop(due)
            ports[number].ask()
            heapq.heappush(due, (at + 1.0, number))
        for descriptor, _ in poll.poll(max(0.0, min(until, due[0][0] if due else until) - time.perf_counter())):
            part, came = os.read(descriptor, 4096), time.perf_counter()
            port = by_descriptor[descriptor]
            fresh, port.reply = not port.reply, port.reply + part
            if not port.request:
                if fresh:  # when a message begins to come
                    heard[port.name].append(came)
                if port.reply.endswith(port.end):
                    port.reply = b""
            elif port.asked is not None and len(port.reply) >= port.least and port.reply.endswith(port.end):
                delays.append(came - port.asked)
                port.asked = None
    return {"delays": delays, "heard": heard, "unanswered": sum(port.unanswered for port in ports)}


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    job = json.loads(sys.stdin.readline())
    ports = [Port(row) for row in job["ports"]]
    speakers = [Port(row) for row in job["speakers"]]
    print("{}", flush=True)  # all are open
    job = json.loads(sys.stdin.readline())
    print(json.dumps(run(ports, speakers, job["seconds"])), flush=True)


if __name__ == "__main__":
    main()
