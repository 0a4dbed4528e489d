"""The log inside an instrument, from a bench file on: who, when, old, new; and what a change past the log leaves."""

import re

import pytest

from instruments.catalogue import load
from instruments.device import Command
from instruments.protocols.dialects import own_protocols
from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.clock import VirtualClock

CHANGES = {
    "43i": ("so2_coef", 1.0, 1.05, "coefficient_changed_unlogged"),
    "T100": ("so2_slope", 1.0, 1.05, "coefficient_changed_unlogged"),
    "BAM-1020": ("k_factor", 1.0, 1.03, "beta_k_wrong"),
    "1405-F": ("k0", 14976.0, 15100.0, "teom_k0_wrong"),
}


def bench(model, faults=()):
    data = {
        "bench": {"epoch": "2026-07-06T00:00:00+08:00", "seed": 1},
        "device": {"unit": {"model": model}},
        "air": {"ambient": {"model": "city"}},
        "fault": [{"device": "unit", "at": "10 min", **fault} for fault in faults],
    }
    for protocol in own_protocols(load(model))[:1]:
        data["device"]["unit"]["port"] = {"a": {"protocol": protocol}}
    return Bench(parse_bench(data, "evidence"), "evidence", VirtualClock())


def seen(opened, minute, *quantities):
    opened.virtual_clock.run_to(minute * 60_000_000)
    device = opened.instruments["unit"].device
    return [device.read(minute * 60_000_000, quantity) for quantity in quantities]


@pytest.mark.parametrize("model", CHANGES)
def test_a_change_at_the_panel_says_who_when_old_and_new(model):
    setting, old, new, _ = CHANGES[model]
    opened = bench(model)
    opened.virtual_clock.run_to(300_000_000)
    opened.command("unit", Command(setting, new, by="panel"))
    lines, writes = seen(opened, 6, "audit_log", "parameter_writes")
    opened.close()
    (line,) = lines
    assert re.search(rf" 00:0(4:59|5:00) panel {setting} {old:.6g} -> {new:.6g}$", line), "to a second of its clock"
    assert writes == 1


@pytest.mark.parametrize("model", CHANGES)
def test_a_hidden_change_leaves_no_line_but_can_be_found(model):
    setting, old, _, fault = CHANGES[model]
    opened = bench(model, [{"kind": fault}])
    assert seen(opened, 9, setting, "parameter_writes") == [old, 0]
    value, writes, lines = seen(opened, 11, setting, "parameter_writes", "audit_log")
    opened.close()
    assert value != old
    assert writes == 1
    assert lines == (), "more writes than lines: somebody wrote past the log"
