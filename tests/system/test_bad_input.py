"""Bad input through the real command: an exit code, lines that name file, key, expected, found; nothing left over."""

import json
import math
import os
import subprocess
import sys

import pytest
from rig_commands import DEMO, PLAN, RIG, changed, complaints, rig, write, write_plan

from instruments.catalogue import models

NO_CALIBRATOR = changed(DEMO, device__calibrator=None, certificate=None, tube=None, cylinder=None)
SEVERAL_LINES = {"real beside emulated": 5, "no calibrator": 8}
TCP = {"kind": "tcp", "protocol": "clink", "id": 43}

BENCHES = {
    "unknown model": (
        changed(DEMO, device__so2__model="43x"),
        [f"device.so2.model: expected one of {', '.join(models())}, or manual, found '43x'"],
    ),
    "unknown key": (
        changed(DEMO, device__so2__colour="red"),
        ["device.so2.colour: expected no such key here, found 'red'"],
    ),
    "wrong unit": (
        changed(DEMO, device__so2__range="500 mm"),
        ["device.so2.range: expected a unit of fraction (ppb, nmol/mol, ppm, umol/mol,", "found '500 mm'"],
    ),
    "no unit": (
        changed(DEMO, device__so2__range=500),
        ["device.so2.range: expected text with a unit of fraction, such as"],
    ),
    "not a number": (changed(DEMO, cylinder__so2__u_pct=math.nan), ["cylinder.so2.u_pct: expected", "found nan"]),
    "infinite": (
        changed(DEMO, cylinder__so2__value="1e999 ppm"),
        ["cylinder.so2.value: expected a finite number, found inf"],
    ),
    "text for a number": (changed(DEMO, cylinder__so2__u_pct="0.5"), ["cylinder.so2.u_pct: expected", "found '0.5'"]),
    "no zone": (changed(DEMO, bench__epoch="2026-01-05T08:00:00"), ["bench.epoch: expected a time with its zone"]),
    "hidden parameter": (
        changed(DEMO, device__nox__hidden={"mood": 1}),
        ["device.nox.hidden.mood: expected one of clock_rate_ppm"],
    ),
    "hidden value": (
        changed(DEMO, device__nox__hidden={"converter_efficiency": 93}),
        ["device.nox.hidden.converter_efficiency: expected", "found 93"],
    ),
    "setting": (
        changed(DEMO, device__co__settings={"averaging_time": 7}),
        ["device.co.settings.averaging_time: expected a value that the model takes", "found 7"],
    ),
    "range beyond the model": (
        changed(DEMO, device__so2__range="900 ppm"),
        ["device.so2.range: expected a value that the"],
    ),
    "protocol": (
        changed(DEMO, device__so2__port__a__protocol="bayern"),
        ["device.so2.port.a.protocol: expected a protocol of the 43i (", "clink", "found 'bayern'"],
    ),
    "line option": (
        changed(DEMO, device__so2__port__a__options={"loud": True}),
        ["device.so2.port.a.options.loud: expected"],
    ),
    "two ids of one box": (
        changed(DEMO, device__so2__port__b={"protocol": "clink", "id": 44}),
        ["device.so2.port.b.id: expected 43, the box's one id"],
    ),
    "one TCP port twice": (
        changed(DEMO, device__so2__port__b={**TCP, "tcp_port": 9880}, device__so2__port__c={**TCP, "tcp_port": 9880}),
        ["device.so2.port.c.tcp_port: expected a TCP port that device.so2.port.b.tcp_port does not have, found 9880"],
    ),
    "real beside emulated": (
        changed(DEMO, device__so2={"model": "43i", "resource": "ASRL/dev/ttyUSB9::INSTR", "protocol": "clink"}),
        ["device.nox: expected a bench all of whose devices are emulated, or all real as so2 is"],
    ),
    "no resource": (
        changed(NO_CALIBRATOR, device={"so2": {"model": "43i", "resource": "the grey box", "protocol": "clink"}}),
        ["device.so2.resource: expected a serial port or socket, such as ASRL/dev/tty", "found 'the grey box'"],
    ),
    "neither port nor resource": (
        changed(DEMO, device__so2__port=None),
        ["device.so2.port: expected a port, or a resource"],
    ),
    "missing cylinder": (
        changed(DEMO, cylinder__so2=None),
        ["cylinder.so2: expected a cylinder of so2 for so2, found none"],
    ),
    "expired cylinder": (
        changed(DEMO, cylinder__so2__expires="2025-12-31"),
        ["cylinder.so2.expires: expected a certificate that is valid on 2026-01-05, found expired on 2025-12-31"],
    ),
    "expired flows": (changed(DEMO, certificate__calibrator__expires="2025-12-31"), ["certificate.calibrator.expires"]),
    "one gas port twice": (
        changed(DEMO, cylinder__no__port="a"),
        ["cylinder.no.port: expected a port that cylinder.so2 is not connected to, found 'a'"],
    ),
    "no tube": (changed(DEMO, tube__so2=None), ["tube: expected a tube from the calibrator to so2, found none"]),
    "a tube to nowhere": (changed(DEMO, tube__so2__to="so3.span"), ["tube.so2.to: expected <analyzer>.sample"]),
    "no calibrator": (NO_CALIBRATOR, ["device: expected one calibrator", "found none"]),
    "two calibrators": (
        changed(DEMO, device__second={"model": "146i", "port": {"a": {"protocol": "clink"}}}),
        ["device: expected one calibrator", "found 2 of them"],
    ),
    "fault on nobody": (
        changed(DEMO, fault=[{"kind": "silence", "device": "ozone", "at": "1 min"}]),
        ["fault.0.device: expected a device of this bench (so2, nox, o3, co, calibrator, flow_meter), found 'ozone'"],
    ),
    "fault of no kind": (
        changed(DEMO, fault=[{"kind": "gremlin", "device": "so2", "at": "1 min"}]),
        ["fault.0.kind: expected silence, delay", "or a fault of the library", "found 'gremlin'"],
    ),
    "fault without its severity": (
        changed(DEMO, fault=[{"kind": "delay", "device": "so2", "at": "1 min"}]),
        ["fault.0.severity: expected a time of 0 s or more", "found nothing"],
    ),
    "fault of a wrong parameter": (
        changed(DEMO, fault=[{"kind": "cause", "device": "so2", "at": "1 h", "parameter": "mood", "severity": 1}]),
        ["fault.0.parameter: expected one of clock_rate_ppm", "found 'mood'"],
    ),
    "fault of a wrong value": (
        changed(
            DEMO, fault=[{"kind": "cause", "device": "so2", "at": "1 h", "parameter": "leak_fraction", "severity": 3}]
        ),
        ["fault.0.severity: expected for leak_fraction: less than or equal to 1, found 3"],
    ),
    "fault that this kind cannot have": (
        changed(DEMO, fault=[{"kind": "span_step", "device": "calibrator", "at": "1 h", "severity": 3}]),
        ["fault.0.kind: expected a fault that a 146i can have, found 'span_step'"],
    ),
}


@pytest.mark.parametrize("case", BENCHES)
def test_a_bad_bench(tmp_path, case):
    data, words = BENCHES[case]
    bench = write(tmp_path / "bench.json", data)
    done = rig("accept", "--bench", bench, "--out", tmp_path / "out", "--operator", "simulated")
    lines = complaints(done, 2)
    assert len(lines) == SEVERAL_LINES.get(case, 1), done.stderr
    assert lines[0].startswith(f"rig: {bench}: ")
    for word in words:
        assert word in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_concentration_that_the_calibrator_cannot_make(tmp_path):
    bench = write(tmp_path / "bench.json", changed(DEMO, cylinder__so2__value="0.5 ppm"))
    done = rig("accept", "--bench", bench, "--device", "so2", "--out", tmp_path / "out")
    lines = complaints(done, 2)
    assert (
        "zero_span.span_pct: expected a level that calibrator can make (cylinder gas: 4 L/min is above 0.1" in lines[0]
    )
    assert "found 80 % of full scale of so2, 400 nmol/mol of so2" in lines[0]
    assert not (tmp_path / "out").exists()


PLANS = {
    "unknown key": (changed(PLAN, multipoint__leves=[1.0]), ["multipoint.leves: expected no such key here"]),
    "level above full scale": (
        changed(PLAN, multipoint__levels_pct=[0.0, 50.0, 120.0]),
        ["multipoint.levels_pct.2: expected less than or equal to 100, found 120.0"],
    ),
    "level below zero": (
        changed(PLAN, multipoint__levels_pct=[-5.0, 50.0, 80.0]),
        ["multipoint.levels_pct.0: expected"],
    ),
    "a level twice": (
        changed(PLAN, multipoint__levels_pct=[0.0, 50.0, 50.0]),
        ["multipoint.levels_pct: expected each level once (50 stands twice)"],
    ),
    "not a number": (
        changed(PLAN, multipoint__levels_pct=[0.0, math.nan, 50.0]),
        ["multipoint.levels_pct.1: expected"],
    ),
    "more ozone than NO": (
        changed(PLAN, converter_efficiency__ozone_pct=[90.0]),
        ["converter_efficiency: expected ozone_pct"],
    ),
    "no window": (
        changed(PLAN, gas__stability__window="5 s"),
        ["gas.stability: expected a window of at least two polls"],
    ),
    "unknown gas": (changed(PLAN, gas__stability__least__so3="5 min"), ["gas.stability.least.so3", "'default', 'so2'"]),
    "unknown standard": (changed(PLAN, standard="hj999"), ["standard: expected one of ", "hj818, ", "found 'hj999'"]),
    "a procedure twice": (
        changed(PLAN, procedures=["prepare", "prepare"]),
        ["procedures: expected each procedure once"],
    ),
    "wrong unit": (changed(PLAN, gas__total_flow="5 m"), ["gas.total_flow: expected a unit of flow"]),
}


@pytest.mark.parametrize("case", PLANS)
def test_a_bad_plan(tmp_path, case):
    data, words = PLANS[case]
    plan = write_plan(tmp_path / "plan.toml", data)
    done = rig("accept", "--plan", plan, "--out", tmp_path / "out")
    lines = complaints(done, 2)
    assert len(lines) == 1
    assert lines[0].startswith(f"rig: {plan}: ")
    for word in words:
        assert word in lines[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "expected a bench file, found no such file"),
        ("directory", "expected a bench file that can be read, found Is a directory"),
        (b"\x7fELF\x02\x01\xff\xfe\x00", "expected a bench file (text in UTF-8), found bytes that are no such text"),
        (b"[bench\nepoch", "expected valid TOML, found"),
        (b"", "bench: expected a value, found nothing"),
    ],
)
def test_a_file_that_is_no_bench(tmp_path, content, words):
    path = tmp_path / "bench.toml"
    if content == "directory":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    for line in complaints(rig("check", path), 2):
        assert line.startswith(f"rig: {path}: ")
    assert words in rig("check", path).stderr


OPTIONS = {
    "--bench": (["--bench", "nope"], ["--bench: expected a path, or one of demo, ", "found 'nope'"]),
    "--plan": (["--plan", "nope"], ["--plan: expected a path, or one of ", "gas-check, ", "found 'nope'"]),
    "--device": (["--device", "nope"], ["--device: expected a device of", "(so2, nox, o3, co), found 'nope'"]),
    "--device calibrator": (["--device", "calibrator"], ["--device: expected a device of", "found 'calibrator'"]),
    "--seed": (["--seed", "-1"], ["--seed: expected a whole number of 0 or more, found -1"]),
    "--speed": (
        ["--clock", "paced", "--speed", "0.5"],
        ["--speed: expected a number of 1 or more (1e+06 at the most)", "found 0.5"],
    ),
    "--speed nan": (
        ["--clock", "paced", "--speed", "nan"],
        ["--speed: expected a number of 1 or more (1e+06 at the most)", "found nan"],
    ),
    "--speed alone": (["--speed", "60"], ["--speed: expected --clock paced beside it, found none"]),
    "--clock": (["--clock", "sundial"], ["Invalid value for '--clock'"]),
    "unknown option": (["--benhc", "demo"], ["No such option: --benhc"]),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_a_bad_option(tmp_path, case):
    options, words = OPTIONS[case]
    (line,) = complaints(rig("accept", *options, "--out", tmp_path / "out"), 2)
    for word in words:
        assert word in line
    assert not (tmp_path / "out").exists()


def test_mistakes_of_bench_plan_and_options_are_told_together(tmp_path):
    bench = write(tmp_path / "bench.json", changed(DEMO, device__so2__model="43x"))
    plan = write_plan(tmp_path / "plan.toml", changed(PLAN, standard="hj999"))
    lines = complaints(rig("accept", "--bench", bench, "--plan", plan, "--seed", "-1"), 2)
    assert [line.split(": ")[1] for line in lines] == [str(bench), str(plan), "--seed"]


def test_results_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    (line,) = complaints(rig("accept", "--out", tmp_path / "file" / "out"), 2)
    assert line == f"rig: --out: expected a folder that can be written, found {tmp_path}/file/out: Not a directory"
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "journal.sqlite").touch()
    (line,) = complaints(rig("accept", "--out", tmp_path / "old"), 2)
    assert line.startswith("rig: --out: expected a folder without a run in it")
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["journal.sqlite"]


def test_options_of_an_emulated_bench_on_a_real_one(tmp_path):
    cylinder = DEMO["cylinder"]["so2"] | {"expires": "2090-12-31"}
    so2 = {"model": "43i", "resource": f"ASRL{tmp_path}/none::INSTR", "protocol": "clink"}
    bench = {
        "bench": DEMO["bench"], "device": {"so2": so2, "calibrator": {"model": "manual"}}, "cylinder": {"so2": cylinder}
    }  # fmt: skip
    path = write(tmp_path / "bench.json", bench)
    lines = complaints(rig("accept", "--bench", path, "--seed", "3", "--clock", "virtual"), 2)
    assert [line.split(": ")[1] for line in lines] == ["--seed", "--clock"]
    # The same bench without them gets as far as the port, which is not there; nothing is left of the run.
    (line,) = complaints(rig("accept", "--bench", path, "--out", tmp_path / "a" / "b"), 4)
    assert line == f"rig: {tmp_path}/none: there is no such serial port"
    assert not (tmp_path / "a").exists()
    # A certificate of a real bench is held against today, not against the epoch.
    bench["cylinder"]["so2"]["expires"] = "2026-01-31"
    (line,) = complaints(rig("accept", "--bench", write(path, bench)), 2)
    assert "cylinder.so2.expires" in line


def test_two_boxes_with_one_id_on_lines_of_their_own_are_no_mistake(tmp_path):
    bench = write(tmp_path / "bench.json", changed(DEMO, device__nox__port__a__id=43))
    done = rig("check", bench, "--connect")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "42i" in done.stdout


def test_an_unknown_model_has_no_page():
    (line,) = complaints(rig("catalog", "43x"), 2)
    assert line == f"rig: MODEL: expected one of {', '.join(models())}, found '43x'"


@pytest.mark.parametrize("how", ["folder here", "folder on PYTHONPATH", "module on PYTHONPATH"])
def test_a_foreign_package_of_our_name_is_named(tmp_path, how):
    if how.startswith("module"):
        (tmp_path / "instruments.py").write_text("")
    else:
        (tmp_path / "instruments").mkdir()
        (tmp_path / "instruments" / "__init__.py").write_text("")
    if how.endswith("here"):
        command, environment = [sys.executable, "-m", "rig", "check", "demo"], os.environ
    else:
        command, environment = [*RIG, "check", "demo"], {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    (line,) = complaints(done, 2)
    assert "the package 'instruments' must lie beside 'rig'" in line
    assert str(tmp_path / "instruments") in line


def test_python_m_rig_is_rig(tmp_path):
    done = subprocess.run([sys.executable, "-m", "rig", "check", "demo"], cwd=tmp_path, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("a bench without mistakes\n")


def test_rig_check_names_all_mistakes_of_a_file_at_once(tmp_path):
    data = changed(
        DEMO, bench__epoch=5, device__so2__model="43x", device__so2__colour="red", device__nox__hidden={"mood": 1},
        device__nox__range="500 mm", device__co__settings={"averaging_time": 7}, cylinder__no__port="a",
        cylinder__co__expires="soon", tube__so2__to="so3.span",
        certificate__o3={"certificate": "X", "expires": "2030-01-01"},
        fault=[
            {"kind": "silence", "at": "1 parsec", "device": "so2"},
            {"kind": "gremlin", "device": "so2", "at": "1 min"},
            {"kind": "silence", "device": "ozone", "at": "1 min", "for": "soon"},
            {"kind": "delay", "device": "nobody", "at": "1 min", "severity": "late"},
        ],
    )  # fmt: skip
    path = write(tmp_path / "bench.json", data)
    lines = complaints(rig("check", path), 2)
    keys = sorted(line.removeprefix(f"rig: {path}: ").partition(": expected")[0] for line in lines)
    # so2 itself is in doubt, but it is named: what leads to it is not called a mistake beside.
    assert keys == sorted([
        "bench.epoch", "device.so2.model", "device.so2.colour", "device.nox.hidden.mood", "device.nox.range",
        "device.co.settings.averaging_time", "cylinder.co.expires", "tube.so2.to", "certificate.o3",
        "cylinder.no.port", "fault.0.at", "fault.1.kind", "fault.2.for", "fault.2.device",
        "fault.3.device", "fault.3.severity",
    ])  # fmt: skip
    assert json.loads(path.read_text())["device"]["so2"]["model"] == "43x"
