"""What the benchmarks of wires ask: one usual request of each protocol, of a model that speaks it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instruments.catalogue import load
from instruments.protocols.dialects import dialect

CLIENTS = 8
"""Clients at once, as issue 4 asks."""


@dataclass(frozen=True)
class Asked:
    """One protocol's request.

    Attributes:
        model: who is asked.
        number: the address that the request names, or None.
        request: the bytes.
        end: what a whole reply ends with; empty where its length alone tells.
        least: bytes that a whole reply has at least.
        is_text: a text protocol: the target of 0.7 of the echo is for these.
        automatic: options of the port with which the box sends a message each second of its own accord.
    """

    model: str
    request: bytes
    end: bytes = b""
    least: int = 1
    number: int | None = None
    is_text: bool = True
    automatic: dict[str, Any] = field(default_factory=dict)


PROTOCOLS = {
    "clink": Asked("43i", b"\xabso2\r", b"\r", number=43),
    "teledyne": Asked("T100", b"T SO2\r\n", b"\r\n"),
    "modbus-rtu": Asked("T100", bytes.fromhex("010400160002900F"), least=9, number=1, is_text=False),
    "modbus-tcp": Asked("T100", bytes.fromhex("000700000006FF0400160002"), least=13, is_text=False),
    "hessen": Asked("42i", b"\x02DA001\r", b"\r", number=1),
    "ak": Asked("1405-F", b"\x024AREG K0 245\x03", b"\r\n"),
    "bam": Asked("BAM-1020", b"\x1b4*00052\r", b"\r\n"),
    "wxt": Asked("WXT536", b"0R2\r\n", b"\r\n", automatic={"mode": "A", "composite_interval": 1}),
    "pwd": Asked("PWD22", b"\r\x05PW  1 2\r", b"\x03\r\n", number=1, automatic={"message": 2, "interval": 1}),
    "alicat": Asked("alicat-m-10slpm", b"A\r", b"\r"),
    "ascii": Asked("reference-climate", b"READ?\r\n", b"\r\n"),
}
"""Requests as the pages in docs/protocols show them."""


def one_box(protocol: str) -> bool:
    """Whether one box serves all clients over TCP at once; else each client needs a box of its own."""
    real = dialect(load(PROTOCOLS[protocol].model), protocol).clients
    return real is None or real >= CLIENTS


def kinds(protocol: str) -> list[str]:
    """Ports on which the protocol is spoken: ``pty``, ``tcp``."""
    names = {"serial": "pty", "tcp": "tcp"}
    return [names[each] for each in dialect(load(PROTOCOLS[protocol].model), protocol).transports]


def port(protocol: str, kind: str, **more: Any) -> dict[str, Any]:
    """A port's section in a bench file, line timing off."""
    section: dict[str, Any] = {"kind": "serial" if kind == "pty" else "tcp", "protocol": protocol} | more
    section |= {"line_timing": False}
    if PROTOCOLS[protocol].number is not None:
        section["id"] = PROTOCOLS[protocol].number
    if kind == "tcp" and one_box(protocol):
        section["clients"] = CLIENTS
    return section


def write_bench(folder: Path, devices: dict[str, Any]) -> Path:
    """A bench file with ``devices`` in the air of a city."""
    data = {
        "bench": {"epoch": "2026-01-05T08:00:00+08:00", "seed": 1},
        "air": {"ambient": {"model": "city", "climate": "beijing"}},
        "device": devices,
    }
    path = folder / "bench.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def eight(protocol: str) -> dict[str, Any]:
    """Eight boxes, each with a port of every kind that the protocol is spoken on."""
    ports = {kind: port(protocol, kind) for kind in kinds(protocol)}
    return {f"d{n}": {"model": PROTOCOLS[protocol].model, "port": ports} for n in range(CLIENTS)}


def address(endpoints: dict[str, Any], device: str, kind: str) -> str:
    """Where a client finds a port: the path of a pty, or host:port."""
    resource: str = endpoints["device"][device]["resources"][kind]
    if resource.startswith("ASRL"):
        return resource.removeprefix("ASRL").removesuffix("::INSTR")
    return ":".join(resource.split("::")[1:3])


def boxes(protocol: str, kind: str) -> list[str]:
    """The device that each client talks to."""
    return ["d0" if kind == "tcp" and one_box(protocol) else f"d{n}" for n in range(CLIENTS)]
