"""The leanest client there is, in a process of its own: os.write, os.read, and epoll where it has several ports.

``python wire_client.py`` reads a line of JSON with its ports, then one line per job, and writes one line per result.
It imports nothing of the rig: what it measures is a server.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
import time
import tty
from typing import Any

BATCH = 20
"""Queries between two looks at the clock."""

SILENCE_S = 30.0
"""Wall seconds after which a server is taken for dead."""


def connected(address: str) -> socket.socket:
    """A TCP connection; a server that does not listen yet is waited for."""
    host, _, number = address.rpartition(":")
    deadline = time.monotonic() + SILENCE_S
    while True:
        try:
            return socket.create_connection((host, int(number)))
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def opened(address: str) -> int:
    """A descriptor of a pty (raw, without becoming its terminal) or of a TCP connection without Nagle's delay.

    ``fd:PATH`` is a descriptor that a process gives at the socket PATH: the master of a pty has no path of its own.
    """
    if address.startswith("/"):
        descriptor = os.open(address, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(descriptor)
        return descriptor
    if address.startswith("fd:"):
        with socket.socket(socket.AF_UNIX) as giver:
            giver.connect(address.removeprefix("fd:"))
            return socket.recv_fds(giver, 16, 1)[1][0]
    connection = connected(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection.detach()


class Ports:
    """Several ports to servers that all answer ``request`` with what has ``least`` bytes and ends with ``end``."""

    def __init__(self, addresses: list[str], request: bytes, end: bytes, least: int) -> None:
        self.descriptors = [opened(address) for address in addresses]
        self.request, self.end, self.least = request, end, least
        self.poll = select.epoll()
        for descriptor in self.descriptors:
            self.poll.register(descriptor, select.EPOLLIN)

    def close(self) -> None:
        """Close all ports."""
        self.poll.close()
        for descriptor in self.descriptors:
            os.close(descriptor)

    def ask(self) -> bytes:
        """One request at the first port, and its reply."""
        descriptor = self.descriptors[0]
        os.write(descriptor, self.request)
        reply = b""
        while len(reply) < self.least or not reply.endswith(self.end):
            if not select.select([descriptor], [], [], SILENCE_S)[0]:
                raise TimeoutError(f"no reply to {self.request!r}, only {reply!r}")
            reply += os.read(descriptor, 4096)
        return reply

    def alone(self, seconds: float) -> int:
        """Queries answered at the first port, one after the other, in ``seconds``."""
        descriptor, request, end, least = self.descriptors[0], self.request, self.end, self.least
        write, read, count, until = os.write, os.read, 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            for _ in range(BATCH):
                write(descriptor, request)
                reply = read(descriptor, 4096)
                while len(reply) < least or not reply.endswith(end):
                    reply += read(descriptor, 4096)
            count += BATCH
        return count

    def together(self, seconds: float) -> int:
        """Queries answered at all ports in ``seconds``; each port has one request under way at any time."""
        request, end, least, poll = self.request, self.end, self.least, self.poll.poll
        write, read, count, until = os.write, os.read, 0, time.perf_counter() + seconds
        parts = dict.fromkeys(self.descriptors, b"")
        for descriptor in parts:
            write(descriptor, request)
        under_way, asking = len(parts), True
        while under_way:
            for descriptor, _ in poll(SILENCE_S) or self.dead():
                reply = parts[descriptor] + read(descriptor, 4096)
                if len(reply) < least or not reply.endswith(end):
                    parts[descriptor] = reply
                    continue
                parts[descriptor] = b""
                count += 1
                if asking:
                    write(descriptor, request)
                else:
                    under_way -= 1
            asking = asking and time.perf_counter() < until
        return count

    def dead(self) -> list[tuple[int, int]]:
        """Nothing has come for too long."""
        raise TimeoutError(f"no reply to {self.request!r} for {SILENCE_S:g} s")


def rate(ports: Ports, seconds: float) -> dict[str, float]:
    """How many queries were answered, and how many per second."""
    begun = time.perf_counter()
    count = ports.alone(seconds) if len(ports.descriptors) == 1 else ports.together(seconds)
    taken = time.perf_counter() - begun
    return {"count": count, "rate": count / taken}


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    servers: dict[str, Ports] = {}
    for line in sys.stdin:
        job: dict[str, Any] = json.loads(line)
        if "addresses" in job:
            request, end = bytes.fromhex(job["request"]), bytes.fromhex(job["end"])
            servers[job["name"]] = ports = Ports(job["addresses"], request, end, job["least"])
            answer: dict[str, Any] = {"reply": ports.ask().hex()}
        elif "close" in job:
            servers.pop(job["name"]).close()
            answer = {}
        else:
            answer = rate(servers[job["name"]], job["seconds"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
