"""The backend @rig as PyVISA's own users see it."""

import time

import pytest
import pyvisa
from pyvisa.errors import VisaIOError

from instruments.device import Command


@pytest.fixture
def manager():
    opened = pyvisa.ResourceManager("demo?seed=7@rig")
    yield opened
    opened.close()


def so2(manager):
    return manager.open_resource("ASRLso2::INSTR", read_termination="\r", write_termination="\r", encoding="latin-1")


def test_devices_are_listed_and_answer(manager):
    assert manager.list_resources("?*") == tuple(
        f"ASRL{name}::INSTR" for name in ("so2", "nox", "o3", "co", "calibrator", "flow_meter")
    )
    device = so2(manager)
    assert device.query("\xabinstr name").startswith("instr name")
    assert device.query("\xabso2 coef") == "so2 coef 1.000"


def test_waiting_for_an_answer_moves_the_bench_time_by_the_line_rate(manager):
    clock = manager.visalib.bench.virtual_clock
    device = so2(manager)
    before = clock.now_us
    reply = device.query("\xabso2 coef")
    bytes_on_the_line = len("\xabso2 coef\r") + len(reply) + 1
    assert clock.now_us - before == pytest.approx(bytes_on_the_line * 10e6 / 9600 + 20_000, abs=10)


def test_a_wrong_address_is_silence_and_takes_the_time_out_of_bench_time(manager):
    clock = manager.visalib.bench.virtual_clock
    device = so2(manager)
    device.timeout = 700
    started, before = time.monotonic(), clock.now_us
    with pytest.raises(VisaIOError, match="TMO"):
        device.query("\xaaso2")
    assert clock.now_us - before == pytest.approx(700_000, abs=20_000)
    assert time.monotonic() - started < 5.0


def test_what_is_not_on_the_bench_cannot_be_opened(manager):
    with pytest.raises(VisaIOError, match="RSRC_NFOUND"):
        manager.open_resource("ASRLghost::INSTR")


def test_readings_do_not_depend_on_who_polls_in_between():
    def readings(polls):
        opened = pyvisa.ResourceManager("demo?seed=3@rig")
        try:
            bench = opened.visalib.bench
            clock = bench.virtual_clock
            out = []
            steps = [(60, "gas", "a"), (61, "concentration", 300.0), (62, "calibrator_mode", "span")]
            for at, name, value in steps:
                for t in sorted(p for p in polls if p < at):
                    if t * 1_000_000 > clock.now_us:
                        clock.run_to(t * 1_000_000)
                        bench.instruments["so2"].device.read(clock.now_us, "so2")
                clock.run_to(at * 1_000_000)
                bench.command("calibrator", Command(name, value))
            bench.command("so2", Command("gas_mode", "span"))
            for t in range(100, 3000, 100):
                for poll in sorted(p for p in polls if t - 100 < p < t):
                    clock.run_to(max(poll * 1_000_000, clock.now_us))
                    for device in ("so2", "nox", "o3"):
                        bench.instruments[device].device.read(clock.now_us, "alarms")
                clock.run_to(t * 1_000_000)
                out.append(bench.instruments["so2"].device.read(clock.now_us, "so2"))
            return out
        finally:
            opened.close()

    assert readings([]) == readings([7, 33, 59, 119, 333, 601, 602, 1207, 1999, 2501])


@pytest.mark.rig(bench="demo", seed=5, overrides={"device": {"so2": {"hidden": {"span_error_pct": 7.0}}}})
def test_the_plugin_gives_a_bench_whose_time_is_this_process_s(bench):
    before = time.monotonic()
    time.sleep(3600)
    assert time.monotonic() - before == pytest.approx(3600.0, abs=0.01)
    assert bench.hidden("so2", "span_error_pct") == 7.0
