"""The table of faults in docs/faults.md, made by running each of them: what moves, by how much, after how long.

``python benchmarks/fault_table.py`` builds for each fault and each design that it befalls two benches of that device
alone in the city's air, with one seed: one healthy, one with the fault at its typical severity from 2 h on, for 14 h.
Whatever differs is listed; nothing in the table is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from instruments.catalogue import load, models
from instruments.observing import Observing
from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.clock import VirtualClock
from rig.fault_library import library
from rig.recording import record

HOURS, ONSET_H = 14, 2
PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
MOST = 6


@dataclass(frozen=True)
class Row:
    """One fault on one design: the largest differences, in the observable's own unit, and when they began."""

    fault: str
    design: str
    severity: str
    moved: tuple[tuple[str, float, float, str, float], ...]  # name, largest, of typical size, unit, minutes
    texts: tuple[str, ...]


@cache
def model_of(design: str) -> str:
    """A model of a design."""
    return next(name for name in models() if load(name).design == design)


def _name(design: str) -> str:
    return "cylinder.unit" if design == "cylinder" else "unit"


def bench(design: str, fault: str | None) -> Bench:
    """A bench of one device of ``design`` in the city's air."""
    data: dict[str, Any] = {
        "bench": {"epoch": "2026-07-06T00:00:00+08:00", "seed": 1},
        "device": {"unit": {"model": model_of(design)}},
        "air": {"ambient": {"model": "city"}},
    }
    for protocol in load(model_of(design)).protocols:
        data["device"]["unit"]["port"] = {"a": {"protocol": protocol}}
    if design == "cylinder":
        # A cylinder is a device only where it has a place: at a calibrator, which draws from it.
        gas = {"species": "so2", "value": "50 ppm", "u_pct": 0.5, "certificate": "-", "expires": "2027-01-01"}
        data["cylinder"] = {"unit": {"model": data["device"].pop("unit")["model"], **gas}}
        data["device"]["calibrator"] = {"model": "146i", "port": {"a": {"protocol": "clink"}}}
        span = {"gas": "a", "concentration": 400.0, "calibrator_mode": "span"}
        data["routine"] = [{"name": "span", "at": "0 s", "steps": [{"device": "calibrator", "set": span}]}]
    if fault is not None:
        data["fault"] = [{"kind": fault, "device": _name(design), "at": f"{ONSET_H} h"}]
    return Bench(parse_bench(data, "fault table"), "fault table", VirtualClock())


def seen(design: str, fault: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """All columns of the device, joined, and their units."""
    opened, name = bench(design, fault), _name(design)
    device = opened.instruments[name].device
    assert isinstance(device, Observing)
    every = max(10, device.step_s)
    chunks = list(record(opened, HOURS * 3600, every))
    own = f"{name}."
    columns = {n: np.concatenate([c.numbers[n] for c in chunks]) for n in chunks[0].numbers if n.startswith(own)}
    texts = {n: np.concatenate([c.texts[n] for c in chunks]) for n in chunks[0].texts if n.startswith(own)}
    now = HOURS * 3600 * 1_000_000
    texts[f"{own}audit_log"] = np.array([str(device.read(now, "audit_log"))])
    texts[f"{own}parameter_writes"] = np.array([str(device.read(now, "parameter_writes"))])
    opened.close()
    return {**columns, **texts, "t": np.concatenate([c.t_s for c in chunks])}, chunks[0].units


@cache
def healthy(design: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The run without a fault."""
    return seen(design, None)


def run(case: tuple[str, str]) -> Row:
    """Run one fault on one design."""
    fault, design = case
    (good, units), (ill, _) = healthy(design), seen(design, fault)
    moved, texts = [], []
    for name, before in good.items():
        after = ill[name]
        if name == "t":
            continue
        if before.dtype.kind == "U":
            if not np.array_equal(before, after):
                texts.append(name.rpartition(".")[2])
            continue
        gone = np.isnan(before) != np.isnan(after)
        difference = np.where(gone, np.inf, np.abs(np.nan_to_num(after) - np.nan_to_num(before)))
        differs = np.flatnonzero(difference > 0.0)
        if len(differs):
            size = float(np.nanmedian(np.abs(before))) if np.isfinite(before).any() else 0.0
            minutes = (good["t"][differs[0]] - ONSET_H * 3600) / 60.0
            moved.append((name.rpartition(".")[2], float(np.max(difference)), size, units.get(name, ""), minutes))
    moved.sort(key=lambda one: -one[1] / max(one[2], 1e-9))
    scale = library()[fault].severity
    severity = "" if scale is None else f"{scale.typical:g} {scale.unit}".removesuffix(" 1")
    return Row(fault, design, severity, tuple(moved), tuple(texts))


def cases() -> list[tuple[str, str]]:
    """Faults and designs that stand alone on a bench, in the order of the library."""
    alone = {load(name).design for name in models()} - {"calibrator"}
    return [(name, design) for name, fault in library().items() for design in fault.kinds if design in alone]


_HEAD = """\
# Faults, and what they move

Made by `python benchmarks/fault_table.py`: each fault at its typical severity on a device alone in a summer night and
morning of the city's air, from {onset} h to {hours} h after the epoch, against the same run without it. Given are the
largest difference of each observable (the six that moved most, compared with their usual size) and the minutes until
it first differed. A fault that moved nothing in these hours says so: it needs gas, weather, hands or time that they did
not have.
"""


def table(rows: list[Row]) -> Iterator[str]:
    """The page, line by line."""
    yield _HEAD.format(onset=ONSET_H, hours=HOURS)
    design = None
    for row in sorted(rows, key=lambda row: row.design):
        if row.design != design:
            design = row.design
            yield f"\n## {model_of(design)}\n\n| fault | severity | what moved |\n| --- | --- | --- |"
        parts = [
            f"{n} {_amount(d)}{' ' + u if u not in ('', '1') else ''} ({m:.0f} min)"
            for n, d, _, u, m in row.moved[:MOST]
        ]
        if len(row.moved) > MOST:
            parts.append(f"{len(row.moved) - MOST} more")
        parts += list(row.texts)
        yield f"| {row.fault}: {library()[row.fault].text_en} | {row.severity} | {'; '.join(parts) or 'nothing'} |"


def _amount(value: float) -> str:
    return "gone" if value == np.inf else f"{value:.3g}"


if __name__ == "__main__":
    todo = cases()
    done = []
    with ProcessPoolExecutor(2) as pool:
        for row in pool.map(run, sorted(todo, key=lambda case: case[1]), chunksize=8):
            done.append(row)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{len(done)} of {len(todo)}")
    PAGE.write_text("\n".join(table(done)) + "\n", encoding="utf-8")
    print(f"{len(done)} runs, {sum(not row.moved and not row.texts for row in done)} moved nothing: {PAGE}")
