"""Real devices that do not do what they should: exit 4, what was measured is kept, nobody else's port is touched."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from responder import ANSWERS, Responder, bench_of, clock
from rig_commands import RIG, complaints, rig, write_plan

QUICK = {
    "title": "Three levels on one analyzer", "standard": "hj818", "procedures": ["prepare", "zero_span", "multipoint"],
    "gas": {"stability": {"window": "0.5 s", "poll": "0.05 s", "most": "10 s", "drift_pct_full_scale": 0.6,
                          "scatter_pct_full_scale": 1.0, "least": {"default": "0.1 s"}}},
    "multipoint": {"levels_pct": [0.0, 40.0, 80.0]},
}  # fmt: skip


def accept(tmp_path, port):
    (tmp_path / "bench.toml").write_text(bench_of(port))
    plan = write_plan(tmp_path / "plan.toml", QUICK)
    done = rig("accept", "--bench", tmp_path / "bench.toml", "--plan", plan, "--out", tmp_path / "out",
               input="\n" * 200)  # fmt: skip  # the person at the bench takes every value that is proposed
    assert "Traceback" not in done.stderr
    result = tmp_path / "out" / "result.json"
    return done, json.loads(result.read_text()) if result.exists() else None


@pytest.mark.parametrize(("how", "words"), [("silent", "so2: no answer to"), ("junk", "was answered")])
def test_a_device_that_answers_nothing_or_junk_from_the_start(tmp_path, how, words):
    with Responder(how) as box:
        done, record = accept(tmp_path, box.path)
    assert done.returncode == 4
    assert words in done.stdout
    assert {test["verdict"] for test in record["tests"]} == {"error"}
    assert len(record["tests"]) == 5
    assert box.asked  # it was asked
    assert not any(text.startswith("set ") for text in box.asked)  # and nothing was set on a box that nobody knows


def test_another_model_than_the_file_says_is_refused_before_anything_is_set(tmp_path):
    with Responder(answers={"program no": "program no iSeries 48i 01.00.00"}) as box:
        done, record = accept(tmp_path, box.path)
    assert done.returncode == 3
    assert {test["verdict"] for test in record["tests"]} == {"not tested"}
    assert "48i" in done.stdout
    assert not any(text.startswith("set ") for text in box.asked)


def test_a_simulated_operator_does_not_stand_at_a_real_instrument(tmp_path):
    with Responder() as box:
        (tmp_path / "bench.toml").write_text(bench_of(box.path))
        done = rig("accept", "--bench", tmp_path / "bench.toml", "--operator", "simulated", "--out", tmp_path / "out")
    (line,) = complaints(done, 2)
    assert line.startswith("rig: --operator: expected terminal")
    assert not (tmp_path / "out").exists()


def test_a_device_that_dies_in_mid_run(tmp_path):
    with Responder(lives_for=45) as box:
        done, record = accept(tmp_path, box.path)
    assert done.returncode == 4
    verdicts = {test["id"]: test["verdict"] for test in record["tests"]}
    # 400 at 400, as at zero: what was measured is kept, and a reading that never moves is no measurement.
    assert verdicts["so2/zero_span/so2/zero"] == "fail"
    assert verdicts["so2/zero_span/so2/span"] == "void"
    assert verdicts["so2/multipoint/so2/slope"] == "error"
    readings = (tmp_path / "out" / "readings.csv").read_text().splitlines()
    assert len(readings) == 1 + 45 + 1  # and the request that was not answered
    assert "the port failed" in done.stdout or "no answer" in done.stdout
    assert "so2" in done.stdout


def test_a_port_that_another_process_holds(tmp_path):
    script = f"import sys; f = open({{path!r}}, 'rb', 0); print('open', flush=True); sys.stdin.read()"  # noqa: F541
    with Responder() as box:
        holder = subprocess.Popen([sys.executable, "-c", script.format(path=box.path)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)  # fmt: skip
        with holder:
            assert holder.stdout.readline() == b"open\n"
            done, record = accept(tmp_path, box.path)
            holder.stdin.close()
    (line,) = complaints(done, 4)
    assert line.startswith(f"rig: {box.path}: the port is held by process {holder.pid} (python")
    assert record is None
    assert not (tmp_path / "out").exists()
    assert box.asked == []


def test_a_prompt_that_nobody_can_answer_any_more(tmp_path):
    with Responder() as box:
        (tmp_path / "bench.toml").write_text(bench_of(box.path))
        plan = write_plan(tmp_path / "plan.toml", QUICK)
        done = rig("accept", "--bench", tmp_path / "bench.toml", "--plan", plan, "--out", tmp_path / "out")
    assert done.returncode == 4
    assert "a prompt needs an answer, but standard input has ended" in done.stdout
    assert json.loads((tmp_path / "out" / "result.json").read_text())["verdict"] == "error"


def test_check_connect_asks_and_sets_nothing(tmp_path):
    with Responder(answers=clock(90)) as box:
        (tmp_path / "bench.toml").write_text(bench_of(box.path))
        done = rig("check", tmp_path / "bench.toml", "--connect")
    assert done.returncode == 0, done.stdout + done.stderr
    said = dict(line.strip().split(maxsplit=1) for line in done.stdout.splitlines() if line.startswith("  "))
    assert said["model"] == "43i"
    assert said["firmware"] == "01.06.08"
    assert said["range"] == "500 nmol/mol"
    assert said["gas_unit"] == "ppb"
    assert said["mode"] == "remote"
    assert said["alarms"] == "none"
    ahead = int(said["clock"].split(", ")[1].split()[0])
    assert 88 <= ahead <= 91
    assert "ahead of the bench's" in said["clock"]
    assert "calibrator (manual, set by hand)" in done.stdout
    known = {*ANSWERS, "date", "time", "serial no"}
    assert set(box.asked) <= known
    assert not [text for text in box.asked if text.startswith("set ")]


def test_check_connect_tells_another_model_a_silent_box_and_a_missing_port(tmp_path):
    with Responder(answers={"program no": "program no iSeries 43C 01.00.00"}) as other, Responder("silent") as silent:
        text = bench_of(other.path)
        for name, port in (("b", silent.path), ("c", tmp_path / "none")):
            text += f'[device.{name}]\nmodel = "43i"\nresource = "ASRL{port}::INSTR"\n'
            text += 'protocol = "clink"\ntimeout = "0.2 s"\n'
        (tmp_path / "bench.toml").write_text(text)
        done = rig("check", tmp_path / "bench.toml", "--connect")
    assert done.returncode == 4
    assert "43C   but the file says 43i" in done.stdout
    assert "no proper answer b: no answer to 'program no'" in done.stdout
    assert f"cannot be opened {tmp_path}/none: there is no such serial port" in done.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_keeps_its_record_and_leaves_nothing(tmp_path, how):
    (tmp_path / "tmp").mkdir()
    out = tmp_path / "out"
    command = [*RIG, "accept", "--clock", "paced", "--speed", "60", "--device", "co", "--out", str(out)]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        for line in run.stderr:  # plain progress: this is no terminal
            if "zero, as found" in line:
                break
        assert "left 0" in line
        assert list((tmp_path / "tmp").glob("rig-*/co"))
        time.sleep(1.0)
        run.send_signal(how)
        run.send_signal(how)  # impatience must not leave the bench half safe
        said, complained = run.communicate(timeout=60)
    assert run.returncode == 4, said
    assert "Traceback" not in complained
    record = json.loads((out / "result.json").read_text())
    assert record["verdict"] == "error"
    keys = [note["key"] for note in record["notes"]]
    assert "run.interrupted" in keys
    assert "safe.done" in keys
    assert {test["verdict"] for test in record["tests"]} <= {"pass", "error", "not tested"}
    assert (out / "report.html").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_stations_own_routine_rests_while_procedures_have_its_calibrator(tmp_path):
    done = rig("accept", "--bench", "station", "--device", "so2", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "PASS" in done.stdout
