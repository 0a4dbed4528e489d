"""Runs on a bench that outlives them: killed, made safe by the guard, taken up again; and disks that take no more."""

import json
import os
import resource
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rig_commands import RIG

from instruments.device import Command
from rig.errors import RigFault
from rig.journal import read_journal
from rig.serve import ServedBench
from scenarios.opening import load_bench

PLAN = """
title = "Zero and span of CO, then three levels"
standard = "hj818"
procedures = ["prepare", "zero_span", "multipoint"]
[gas.stability]
window = "3 min"
poll = "10 s"
most = "40 min"
drift_pct_full_scale = 0.6
scatter_pct_full_scale = 1.0
[gas.stability.least]
default = "2 min"
[multipoint]
levels_pct = [0.0, 40.0, 80.0]
"""
SPEED = 600


@pytest.fixture
def serve(tmp_path):
    servers = []

    def start():
        endpoints = tmp_path / "endpoints.json"
        command = [*RIG, "serve", "demo", "--speed", str(SPEED), "--endpoints", str(endpoints),
                   "--folder", str(tmp_path / "p")]  # fmt: skip
        servers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        deadline = time.monotonic() + 60
        while not endpoints.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        return endpoints

    yield start
    for server in servers:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
        server.stdout.close()


def rows(out):
    try:
        return read_journal(out / "journal.sqlite")
    except RigFault:  # it is being made
        return []


def killed_when(endpoints, folder, happened, text=PLAN):
    """Begin a run, SIGKILL it as soon as its journal shows what ``happened`` asks for, and wait for the guard."""
    plan, out = folder / "plan.toml", folder / "out"
    plan.write_text(text)
    command = [*RIG, "accept", "--bench", str(endpoints), "--plan", str(plan), "--device", "co", "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + 60
        while not any(map(happened, rows(out))):
            assert run.poll() is None, run.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run.kill()
        _, words = run.communicate(timeout=60)  # the guard holds its end until it has done
    return out, words


def resumed(out):
    done = subprocess.run([*RIG, "accept", "--resume", str(out)], capture_output=True, text=True, timeout=120)
    return done, json.loads((out / "result.json").read_text())


def test_a_killed_run_leaves_the_bench_safe_and_goes_on_at_the_level(serve, tmp_path):
    endpoints = serve()
    out, words = killed_when(endpoints, tmp_path, lambda row: row.request == ["level", "40 %"])
    assert "was killed; its bench is being made safe" in words
    assert "Close the cylinders" in words
    safe = [row.request for row in rows(out) if row.kind == "safe"]
    assert safe[0] == ["standby"]
    assert ["co", "gas_mode", "sample"] in safe
    verified = subprocess.run([*RIG, "verify", str(out)], capture_output=True, text=True)
    assert (verified.returncode, verified.stdout.splitlines()[-1]) == (3, "UNFINISHED")

    done, record = resumed(out)
    assert done.returncode == 0, done.stdout + done.stderr
    [gap] = record["run"]["wall"]["gaps"]
    assert (gap["step"], gap["repeats"], gap["power_lost"]) == ("multipoint", "level", [])
    after = rows(out)
    begun = [row.request[1] for row in after if row.kind == "begin" and row.request[0] == "level"]
    assert begun[-2:] == ["40 %", "80 %"]
    assert begun.count("zero") == 1
    assert subprocess.run([*RIG, "verify", str(out)], capture_output=True).returncode == 0


def test_after_a_power_gap_come_warm_up_and_a_check_of_zero_and_span(tmp_path):
    file, path = load_bench("demo")
    # Slow enough that a time-out of a second of the wall's does not outlast the warm-up.
    with ServedBench(file, path, tmp_path / "p", SPEED / 2) as served:
        endpoints = tmp_path / "endpoints.json"
        served.write_endpoints(endpoints)
        out, _ = killed_when(endpoints, tmp_path, lambda row: row.request == ["test", "zero_span"],
                             PLAN.replace(', "multipoint"', ""))  # fmt: skip
        served.call(lambda bench: bench.command("co", Command("power", False)))
        time.sleep(4.0)  # twenty minutes: long enough for what is cold then to be cold after a time-out, too
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(resumed, out)
            while not any(row.kind == "return" for row in rows(out)) and not done.done():
                time.sleep(0.05)
            served.call(lambda bench: bench.command("co", Command("power", True)))
            done, record = done.result()
    assert done.returncode == 0, done.stdout + done.stderr
    [gap] = record["run"]["wall"]["gaps"]
    assert (gap["repeats"], gap["power_lost"]) == ("test", ["co"])
    checked = [entry for entry in record["procedures"] if entry["id"].startswith("co/after_power_gap")]
    assert [entry["procedure"] for entry in checked] == ["prepare", "zero_span"]
    assert checked[1]["data"]["outcome"] == "pass"
    assert "prepare.waited_for_warm_up" in [note["key"] for note in checked[0]["notes"]]


def test_a_full_disk_is_told_and_nothing_that_was_committed_is_lost(tmp_path):
    plan, out = tmp_path / "plan.toml", tmp_path / "disk" / "out"
    plan.write_text(PLAN)
    (tmp_path / "disk").mkdir()
    command = [*RIG, "accept", "--plan", str(plan), "--device", "co", "--out", str(out)]

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    full = subprocess.run(command, capture_output=True, text=True, preexec_fn=small)
    assert full.returncode == 4, full.stdout + full.stderr
    assert "the journal cannot be written" in full.stdout + full.stderr
    kept = len(rows(out))
    assert kept > 20
    done, record = resumed(out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert record["verdict"] == "pass"
    assert len(rows(out)) > kept


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_of_half_a_megabyte(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this container may not mount")
    try:
        full = subprocess.run([*RIG, "accept", "--out", str(disk / "out")], capture_output=True, text=True)
        assert full.returncode == 4, full.stdout + full.stderr
        assert "database or disk is full" in full.stdout + full.stderr
        assert subprocess.run([*RIG, "verify", str(disk / "out")], capture_output=True).returncode == 3
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        done, record = resumed(disk / "out")
        assert (done.returncode, record["verdict"]) == (0, "pass"), done.stdout + done.stderr
    finally:
        subprocess.run(["umount", str(disk)], check=False)
