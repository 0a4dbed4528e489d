"""The log inside an instrument, from a bench file on: who, when, old, new; and what a change past the log leaves."""

import re
from datetime import datetime

import pytest

from instruments.catalogue import load
from instruments.device import Command
from instruments.protocols.dialects import own_protocols
from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.clock import VirtualClock
from rig.errors import DeviceTimeout
from rig.host.evidence import AuditReading, LogEntry, read_log
from rig.session import open_session

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


@pytest.mark.parametrize(("fault", "unlogged"), [(None, 0), ("coefficient_changed_unlogged", 1)])
def test_a_host_reads_the_log_from_the_display_and_finds_what_was_hidden(tmp_path, fault, unlogged):
    data = {
        "bench": {"epoch": "2026-07-06T00:00:00+08:00", "seed": 1},
        "device": {"unit": {"model": "43i", "port": {"a": {"protocol": "clink"}}}},
        "fault": [{"device": "unit", "at": "10 min", "kind": fault}] if fault else [],
    }
    session = open_session(parse_bench(data, "evidence"), tmp_path / "evidence.toml")
    unit = session.handles["unit"]
    session.time.sleep(60)
    unit.set("averaging_time", 10)
    session.time.sleep(1200)
    told = unit.audit_log()
    (entry,) = told.entries
    assert (entry.by, entry.setting, entry.old, entry.new) == ("remote", "averaging_time", "60", "10")
    assert abs((entry.at - datetime.fromisoformat("2026-07-06 00:01:00")).total_seconds()) < 2
    assert (told.writes, told.unlogged) == (1 + unlogged, unlogged)
    assert unit.read_if_told("service_hours") is not None
    session.bench.command("unit", Command("power", False))
    with pytest.raises(DeviceTimeout):
        unit.audit_log()
    session.close()


def test_a_log_that_is_full_does_not_accuse():
    entry = LogEntry(datetime.fromisoformat("2026-01-01"), "panel", "range", "500", "200")
    assert AuditReading((entry,) * 500, 700).unlogged is None
    assert read_log(["2026-01-05 04:00:00 panel gas_mode sample -> span"])[0].new == "span"
    with pytest.raises(ValueError, match="no line of a log"):
        read_log(["2026-01-05 04:00:00 panel"])
