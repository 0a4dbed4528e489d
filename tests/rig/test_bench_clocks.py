"""Clocks of a bench's instruments, from outside: on the wire, in records, in a recording, through a power cut."""

import pytest
import pyvisa
from gas_bench import clink, data, open_bench, recorded, routine

from instruments.clock import QUARTZ_PPM
from rig.bench_check import check_bench_data
from rig.errors import ConfigurationErrors
from rig.ports.visa import RigVisaLibrary

EXACT = {"clock_rate_ppm": 0.0}


@pytest.fixture
def bench():
    opened = []

    def make(**hidden):
        opened.append(open_bench(data(device__so2=clink("43i", hidden={**EXACT, **hidden}))))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def line_to(bench):
    manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
    so2 = manager.open_resource("ASRLso2::INSTR", read_termination="\r", write_termination="\r", encoding="latin-1")
    return lambda text: so2.query(chr(128 + 43) + text)


def seconds(reply):
    hours, minutes, rest = (int(part) for part in reply.split()[-1].split(":"))
    return 3600 * hours + 60 * minutes + rest


def test_a_clock_is_read_and_set_on_the_wire_and_drifts_from_there(bench):
    opened = bench(clock_rate_ppm=500.0)
    ask = line_to(opened)
    opened.clock.run_to(20 * 3600 * 1_000_000)
    ahead = seconds(ask("time")) - (28 * 3600 - 86_400)  # 8 o'clock and 20 h
    assert ahead == pytest.approx(36, abs=1)
    assert "ok" in ask("set time 04:00:00")
    assert seconds(ask("time")) == pytest.approx(4 * 3600, abs=1)
    assert opened.observed("so2", "clock_error") == pytest.approx(0.0, abs=1.5)
    opened.clock.run_to(40 * 3600 * 1_000_000)
    assert opened.observed("so2", "clock_error") == pytest.approx(36.0, abs=1.5)


def test_records_carry_the_stamps_of_a_wrong_clock(bench):
    right, wrong = bench(), bench(clock_zone_error_s=-28_800.0)
    stamps = []
    for opened in (right, wrong):
        ask = line_to(opened)
        opened.clock.run_to(3 * 3600 * 1_000_000)
        stamps.append(ask("lr01").split("lr01")[-1].split()[0])
    assert [stamp[:2] for stamp in stamps] in (["11", "03"], ["10", "02"])
    assert stamps[0][2:] == stamps[1][2:]


def test_a_recording_holds_the_error_of_every_clock_and_the_seed_draws_it():
    drift = {name: values[-1] / (24 * 3600) * 1e6
             for name, values in recorded(data(), 24, 600).items() if name.endswith("clock_error")}  # fmt: skip
    assert set(drift) == {f"{name}.clock_error" for name in ("so2", "o3", "calibrator", "standard")}
    assert len({round(ppm, 3) for ppm in drift.values()}) == 4
    assert all(abs(ppm) < QUARTZ_PPM + 5.0 for ppm in drift.values())
    again, other = (recorded(data(), 1, 600, seed=seed)["so2.clock_error"][-1] for seed in (1, 2))
    assert again != other


def test_a_cut_takes_the_time_from_a_clock_without_a_battery():
    cut = {"kind": "power_cut", "device": "so2", "at": "30 min", "for": "10 min"}
    for flat, expected in ((False, 0.0), (True, -820_917_600.0)):  # 2026-01-05 08:40 less 2000-01-01
        hidden = {**EXACT, "battery_flat": flat}
        table = recorded(data(device__so2=clink("43i", hidden=hidden), fault=[cut]), 1)
        assert abs(table["so2.clock_error"][20]) < 1.0
        assert table["so2.clock_error"][-1] == pytest.approx(expected, abs=1.0)


def test_a_fault_of_the_clock_comes_and_goes():
    utc = {"kind": "clock_keeps_utc", "device": "so2", "at": "20 min", "for": "20 min"}
    shown = recorded(data(device__so2=clink("43i", hidden=EXACT), fault=[utc]), 1)["so2.clock_error"]
    assert [round(shown[minute] / 3600.0, 3) for minute in (10, 30, 50)] == [0.0, -8.0, 0.0]


def test_the_hidden_truth_names_the_quartz(bench):
    drawn = open_bench(data())
    assert abs(drawn.truth()["devices"]["so2"]["clock_rate_ppm"]) <= QUARTZ_PPM
    assert bench().truth()["devices"]["so2"]["clock_rate_ppm"] == 0.0
    assert "clock_rate_ppm" not in drawn.truth()["devices"]["zero"]
    drawn.close()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"device__so2__hidden": {"clock_rate": 5.0}}, "device.so2.hidden.clock_rate: expected one of"),
        ({"device__so2__hidden": {"clock_rate_ppm": "20 ppm"}}, "device.so2.hidden.clock_rate_ppm: expected"),
        ({"device__so2__hidden": {"clock_zone_error_s": 1e6}}, "device.so2.hidden.clock_zone_error_s: expected"),
        ({"device__zero__hidden": {"battery_flat": True}}, "device.zero.hidden.battery_flat: expected one of"),
        ({"fault": [{"kind": "clock_quartz_off", "device": "zero", "at": "1 h"}]}, "fault.0.kind: expected a fault"),
        ({"fault": [{"kind": "clock_set_wrong", "device": "so2", "at": "1 h", "severity": 1e6}]}, "fault.0.severity:"),
    ],
)
def test_what_a_clock_cannot_be_is_one_clear_error(parts, words):
    with pytest.raises(ConfigurationErrors) as caught:
        check_bench_data(data(**parts), "bench.toml")
    assert len(caught.value.errors) == 1
    assert words in str(caught.value)


def test_a_routine_may_set_a_clock():
    setting = routine("10 min", "so2", clock_us=1_767_600_000_000_000)  # 2026-01-05 08:00
    shown = recorded(data(device__so2=clink("43i", hidden=EXACT), routine=[setting]), 1)["so2.clock_error"]
    assert shown[-1] == pytest.approx(-600.0, abs=1.0)
