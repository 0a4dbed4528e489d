"""Every fault of clock.toml, on every kind that it befalls: what is declared moves, and nothing else by one bit.

Both twins lose their mains for ten minutes, so that a flat battery has something to lose.
"""

import sys
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.particles.filters import FilterBox
from rig.fault_library import library

sys.path.insert(0, str(Path(__file__).parent / "particles"))
from beta_support import Room
from twin_support import air  # the air in which everything moves

FAULTS = tomllib.loads((resources.files("rig.fault_library") / "clock.toml").read_text(encoding="utf-8"))
MODEL = {
    "so2": "43i", "nox": "42i", "o3": "49i", "co": "48i", "t100": "T100", "t200": "T200", "t300": "T300",
    "t400": "T400", "calibrator": "146i", "t700": "T700", "photometer": "49i-PS",
    "doas": "doas-generic", "teom": "1400a", "teom-fdms": "1405-F", "bam-1020": "BAM-1020", "5014i": "5014i",
    "sampler": "sampler-16",
}  # fmt: skip
CASES = [(name, kind) for name, fault in FAULTS.items() for kind in fault["kinds"]]
SECOND = 1_000_000
AT, CUT, BACK, END = (round(hours * 3600) * SECOND for hours in (2.301, 4.2, 4.4, 9.5))


def unit(kind):
    entry = load(MODEL[kind])
    # Settings that are not as delivered: a flat battery loses them.
    settings = {"k_factor": 1.03, "bkgd": -1.0} if kind in ("bam-1020", "5014i") else {}
    settings |= {channel.coefficient: 1.02 for channel in list(entry.channels.values())[:1] if entry.kind != "doas"}
    made = build_unit(entry, "unit", 5, settings=settings)
    outside = air()
    made.place(Site(outside, Room(outside)))
    if kind == "sampler":
        made.use(FilterBox(5, "box"))
        made.apply(SECOND, Command("fit_filter", 1))
        made.apply(2 * SECOND, Command("start", True))
    return made


def run(kind, fault=None, severity=True):
    made = unit(kind)
    if fault is not None:
        for act in fault.acts:
            was = made.read(AT, act.command)
            made.apply(AT, Command(act.command, act.value(was, severity), by=act.by))
    made.apply(CUT, Command("power", False))
    made.apply(BACK, Command("power", True))
    made.advance(END)
    table = made.recording(0, END // SECOND // made.step_s)
    settings = {name: np.array([made.read(END, name)], dtype=object) for name in made.settings}
    return {**settings, **table, "alarms": made.alarm_texts(table)}


@cache
def healthy(kind):
    return run(kind)


def moved(kind, fault, severity):
    ill = run(kind, fault, severity)
    return {label for label, values in healthy(kind).items()
            if not (np.array_equal(values, ill[label]) if values.dtype.kind in "UO"
                    else np.array_equal(values, ill[label], equal_nan=True))}  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_what_is_declared_moves_and_all_else_is_equal_to_the_last_bit(name, kind):
    fault = library()[name]
    found = moved(kind, fault, True if fault.severity is None else fault.severity.typical)
    assert "clock_error" in found
    assert found <= set(fault.reveals[kind])
    if found != set(fault.reveals[kind]) and fault.severity is not None:
        for severity in (-29_800.0 if name == "clock_set_wrong" else fault.severity.low, fault.severity.high):
            found |= moved(kind, fault, severity)
    assert found == set(fault.reveals[kind])


def test_each_befalls_every_kind_that_has_a_clock_and_no_other():
    with_clock = {kind for kind, model in MODEL.items() if build_unit(load(model), "unit", 1).clock is not None}
    for fault in FAULTS.values():
        assert set(fault["kinds"]) == with_clock
    for model in ("cylinder-8l", "701", "defender-530", "shelter", "manifold", "ups", "WXT536", "balance-6"):
        entry = load(model)
        assert build_unit(entry, "unit", 1).clock is None
        assert not any(library()[name].befalls(entry.design) for name in FAULTS)
