"""The pytest plug-in as a developer of station software meets it: a project of his own, nothing of ours in it."""

import os
import subprocess
import sys

import pytest

from instruments.catalogue import models


@pytest.fixture
def project(tmp_path):
    """Run pytest on a test file in a folder of its own."""

    def run(text, *options, **environment):
        (tmp_path / "test_station.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "-q", *options]
        variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")} | environment
        return subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False,
                              timeout=110)  # fmt: skip

    return run


STRANGER = """
import time

import pytest
import serial


def ask(line, text):
    line.write_raw(b"\\xab" + text.encode() + b"\\r")
    return line.read()


def test_an_hour_of_the_bench_is_no_hour_of_mine(bench):
    begun = time.monotonic()
    time.sleep(3600.0)
    assert time.monotonic() - begun == pytest.approx(3600.0, abs=1e-4)  # each look at the clock takes a microsecond
    assert bench.clock.now_us == pytest.approx(3_600_000_000, abs=100)


@pytest.mark.rig(seed=7)
def test_a_seed(bench):
    assert bench.seed == 7


@pytest.mark.rig(overrides={"device": {"so2": {"hidden": {"span_error_pct": 7.0}}},
                            "fault": [{"kind": "silence", "device": "co", "at": "1 min"}]})
def test_overrides(bench):
    assert bench.hidden("so2", "span_error_pct") == 7.0
    assert bench.truth()["faults"][0]["device"] == "co"
    assert bench.hidden("nox", "span_error_pct") == 0.0  # the rest of the bench stands


@pytest.mark.rig(bench="my-bench.toml")
def test_a_bench_file_of_my_own(bench):
    assert list(bench.instruments) == ["box"]


@pytest.mark.parametrize("number", range(3))
@pytest.mark.rig(speed=50, overrides={"device": {"so2": {"port": {"net": {"kind": "tcp", "protocol": "clink"}}}}})
def test_served(served_bench, tmp_path, number):
    places = {(e.device, e.port): e.address for e in served_bench.endpoints}
    assert places["so2", "a"] == str(tmp_path / "ports" / "so2")
    assert places["so2", "net"].startswith("127.0.0.1:")
    assert served_bench.speed == 50
    with serial.Serial(places["so2", "a"], 9600, timeout=5) as port:
        port.write(bytes([128 + 43]) + b"so2 coef\\r")
        assert port.read_until(b"\\r") == b"so2 coef 1.000\\r"
    served_bench.wait(0.1)
    assert served_bench.call(lambda bench: bench.clock.now_us) > 4_000_000
"""

MY_BENCH = """
[bench]
epoch = "2026-01-05T08:00:00+08:00"
[device.box]
model = "49i"
[device.box.port.a]
protocol = "clink"
"""


def test_both_fixtures_under_xdist(project, tmp_path):
    (tmp_path / "my-bench.toml").write_text(MY_BENCH)
    done = project(STRANGER, "-n", "3", "--strict-markers", "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_nothing_of_a_served_bench_is_left_over(project, tmp_path):
    text = (
        "import pathlib\nkept = []\n"
        "def test_one(served_bench, tmp_path):\n    kept.append(tmp_path / 'ports')\n"
        "    assert len(list(kept[0].iterdir())) == 6\n"
        "def test_two():\n    assert list(kept[0].iterdir()) == []\n"
    )
    done = project(text)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


WRONG = {
    "unknown option": ('rig(sede=7)', "mark rig: no such option 'sede'; there are bench, overrides, seed, speed"),
    "no keyword": ('rig("demo")', "mark rig: options have names, such as bench='demo'"),
    "unknown bench": ('rig(bench="nope")', "--bench: expected a path, or one of demo, "),
    "unknown model": (
        'rig(overrides={"device": {"so2": {"model": "43x"}}})',
        f"device.so2.model: expected one of {', '.join(models())}, or manual, found '43x'",
    ),
    "bad fault": (
        'rig(overrides={"fault": [{"kind": "silence", "device": "so9", "at": "1 s"}]})',
        "fault.0.device: expected a device of this bench",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_marker_is_told_in_one_line(project, case):
    marker, words = WRONG[case]
    done = project(f"import pytest\n@pytest.mark.{marker}\ndef test_one(bench):\n    pass\n")
    assert done.returncode == 1
    assert words in done.stdout
    assert "Traceback" not in done.stdout
    assert "rig/pytest_plugin.py" not in done.stdout  # the rig's insides are not the reader's affair


def test_a_project_with_an_instruments_package_of_its_own_is_told(project, tmp_path):
    (tmp_path / "instruments").mkdir()
    (tmp_path / "instruments" / "__init__.py").write_text("")
    text = "import instruments\n\ndef test_one(bench):\n    pass\n\ndef test_two():\n    pass\n"
    done = project(text, PYTHONPATH=str(tmp_path))
    assert "the package 'instruments' must lie beside 'rig'" in done.stdout
    assert "1 passed, 1 error" in done.stdout  # who does not use the fixtures is not held up


def test_without_the_fixtures_nothing_heavy_is_loaded(project):
    text = (
        "import sys\n\ndef test_one():\n    assert not {'numpy', 'simpy', 'pyvisa', 'rig.bench'} & set(sys.modules)\n"
    )
    done = project(text)
    assert "1 passed" in done.stdout, done.stdout
