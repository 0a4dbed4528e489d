"""A small bench with every way that gas can go: a calibrator with cylinders and zero air, a bottle at an analyzer, a
standard; for tests."""

from __future__ import annotations

import numpy as np
from rig_commands import changed

from rig.bench import Bench
from rig.bench_check import check_bench_data
from rig.clock import VirtualClock
from rig.recording import record


def clink(model, **more):
    return {"model": model, "port": {"a": {"protocol": "clink"}}, **more}


CERTIFIED = {"u_pct": 0.5, "certificate": "C", "expires": "2026-12-31"}
DATA = {
    "bench": {"epoch": "2026-01-05T08:00:00+08:00"},
    "device": {
        "so2": clink("43i"), "o3": clink("49i"), "calibrator": clink("146i"), "standard": clink("49i-PS"),
        "zero": {"model": "701"},
    },
    "cylinder": {
        "so2": {"value": "50 ppm", "model": "cylinder-4l", "pressure": "2 MPa", **CERTIFIED},
        "span": {"components": {"so2": "400 ppb", "no": "400 ppb"}, "species": "so2", "model": "cylinder-8l",
                 **CERTIFIED},
    },
    "tube": {
        "bottle": {"from": "cylinder.span", "to": "so2.span", "length": "2 m", "flow": "1 L/min"},
        "ozone": {"from": "standard.out", "to": "o3.span", "length": "2 m"},
        "measured": {"from": "calibrator.out", "to": "standard.sample", "length": "2 m"},
    },
}  # fmt: skip


def routine(at, device, every=None, **settings):
    extra = {} if every is None else {"every": every}
    return {"name": "a routine", "at": at, "steps": [{"device": device, "set": settings}], **extra}


def data(**parts):
    """The bench's data, with sections put in or, with None, taken out: ``device__so2__hidden={...}``."""
    return changed(DATA, **parts)


def open_bench(made, seed=1):
    return Bench(check_bench_data(made, "bench.toml"), "bench.toml", VirtualClock(), seed)


def recorded(made, hours, every_s=60, seed=1):
    """All columns of that many hours, by name."""
    bench = open_bench(made, seed)
    chunks = list(record(bench, round(hours * 3600), every_s))
    bench.close()
    table = {name: np.concatenate([chunk.numbers[name] for chunk in chunks]) for name in chunks[0].numbers}
    texts = {name: np.concatenate([chunk.texts[name] for chunk in chunks]) for name in chunks[0].texts}
    return {**table, **texts}
