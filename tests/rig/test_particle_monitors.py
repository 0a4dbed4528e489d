"""Particle monitors driven by their handle over their own wires."""

import copy
from datetime import datetime
from pathlib import Path

import pytest

from instruments.device import Command
from instruments.errors import Refused
from rig.bench_check import check_bench_data
from rig.errors import DeviceTimeout
from rig.host.particles import ParticleMonitor
from rig.session import open_session

BENCH = {
    "bench": {"epoch": datetime.fromisoformat("2026-01-05T00:00:00+08:00"), "seed": 5},
    "air": {"ambient": {"model": "city", "climate": "beijing"}},
    "device": {
        "bam": {"model": "BAM-1020", "port": {"a": {"protocol": "bam"}}},
        "beta": {"model": "5014i", "port": {"a": {"protocol": "clink", "id": 50}}},
        "teom": {"model": "1405-F", "port": {"a": {"protocol": "ak"}}},
        "old": {"model": "1400a", "port": {"a": {"protocol": "ak", "id": 49}}},
    },
    "fault": [
        {"kind": "silence", "device": "teom", "at": "3 h", "for": "60 s"},
        {"kind": "stale_reply", "device": "bam", "at": "3 h", "for": "60 s"},
    ],
}


@pytest.fixture
def session():
    opened = open_session(check_bench_data(copy.deepcopy(BENCH), "monitors"), Path("monitors"))
    opened.time.sleep(7300.0)
    yield opened
    opened.close()


def model(session, name, quantity):
    return session.bench.instruments[name].face.read(quantity)


def test_each_handle_reads_what_the_model_shows(session):
    assert all(isinstance(handle, ParticleMonitor) for handle in session.handles.values())
    for name, handle in session.handles.items():
        assert handle.concentration() == pytest.approx(model(session, name, "concentration"), rel=1e-3)
        assert handle.read(handle.hourly)[0] == pytest.approx(model(session, name, handle.hourly), rel=1e-3)
        assert handle.alarms() == tuple(model(session, name, "alarms"))
        assert set(handle.settings()) & {"k_factor", "k0"}
        for quantity, shown in handle.diagnostics().items():
            assert shown.value == pytest.approx(model(session, name, quantity), rel=2e-2, abs=0.6), (name, quantity)
            inside = session.bench.instruments[name].device.units()[quantity]
            assert shown.unit == ("" if inside == "1" else inside), quantity


def test_handles_know_what_their_wire_cannot(session):
    actions = {name: handle.actions for name, handle in session.handles.items()}
    beta = ("self_test", "change_filter", "maintenance", "test_pump")
    assert actions == {"bam": (), "beta": beta, "teom": ("run",), "old": ("run",)}
    assert [session.handles[name].flow for name in ("bam", "beta", "teom")] == ["flow", "flow", "main_flow"]
    assert session.handles["bam"].hourly == "concentration"
    assert not session.handles["bam"].can_read("filter_temp")


def test_settings_are_set_and_refused_over_the_wire(session):
    teom, bam, beta = (session.handles[name] for name in ("teom", "bam", "beta"))
    with pytest.raises(Refused):
        teom.set("k0", 13000.0)  # it samples
    teom.set("run", False)
    teom.set("k0", 13000.0)
    assert teom.read("k0") == (13000.0, "g Hz2")
    teom.set("run", True)
    with pytest.raises(Refused):
        bam.set("k_factor", 1.05)  # a cycle runs
    beta.set("k_factor", 1.05)
    assert beta.read("k_factor") == (1.05, "")
    beta.set("change_filter", True)
    session.time.sleep(70.0)
    assert model(session, "beta", "changing") == 1.0


def test_a_k0_audit_is_done_by_stopping_and_reading_the_frequency(session):
    old = session.handles["old"]
    old.set("run", False)
    with_filter = old.read("frequency")[0]
    session.bench.command("old", Command("remove_filter", True, "panel"))
    session.time.sleep(1800.0)
    free = old.read("frequency")[0]
    assert free > with_filter


def test_faults_of_the_line_end_in_a_clear_error_or_in_the_right_value(session):
    session.time.sleep(3 * 3600.0 - 7300.0 + 1.0)
    with pytest.raises(DeviceTimeout):
        session.handles["teom"].concentration()
    bam = session.handles["bam"]
    # Each reply is the one to the request before: the second attempt finds the first one's, which is right.
    assert bam.read("k_factor") == (1.0, "")
    assert bam.concentration() == model(session, "bam", "concentration")
    assert bam.link.retries == 2
    session.time.sleep(60.0)
    assert session.handles["teom"].concentration() == pytest.approx(model(session, "teom", "concentration"), abs=0.001)
    assert bam.concentration() == model(session, "bam", "concentration")
