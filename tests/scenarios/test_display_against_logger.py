"""What a logger gets of a unit, held against the unit: by a second port, by a person, and with a bad logger."""

import copy
import io
import json
import sys
import tomllib

import pytest

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from scenarios.opening import bench_path

DEMO = tomllib.loads(bench_path("demo").read_text())
PLAN = """
title = "linkage"
standard = "hj193"
procedures = ["display_against_logger"]
[gas]
total_flow = "5 L/min"
"""
PORTS = {"so2": {"kind": "serial", "protocol": "modbus-rtu"}, "nox": {"kind": "tcp", "protocol": "modbus-tcp"}}


def bench(ports=PORTS, faults=()):
    data = copy.deepcopy(DEMO)
    for device, port in ports.items():
        data["device"][device]["port"]["logger"] = port
    data["fault"] = list(faults)
    return data


def play(tmp_path, data, devices=("so2",), operator="simulated"):
    (tmp_path / "bench.json").write_text(json.dumps(data, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(PLAN)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator=operator))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


def test_a_second_port_tells_what_the_first_one_tells_while_the_reading_moves(tmp_path):
    code, record = play(tmp_path, bench(), devices=("so2", "nox"))
    assert code == 0
    assert {test.id for test in record.tests} == {
        f"{name}/display_against_logger/{quantity}/difference"
        for name, quantity in (("so2", "so2"), ("nox", "no"), ("nox", "nox"))
    }
    assert all(test.value < 0.5 and test.n == 24 for test in record.tests)
    [table] = record.procedures[0].data.tables
    assert {row[2] for row in table.rows} == {"logger"}
    logged = [row[4] for row in table.rows]
    assert max(logged) - min(logged) > 300.0  # it was seen on its way from zero to 80 %


def test_a_logger_that_is_a_reply_late_is_caught(tmp_path):
    stale = {"kind": "stale_reply", "device": "so2", "port": "logger", "at": "0 s"}
    code, record = play(tmp_path, bench(faults=[stale]))
    assert code == 1
    [test] = record.tests
    assert 2.0 < test.value < 60.0


@pytest.mark.parametrize(("factor", "code"), [(1.0, 0), (1.09, 1)])
def test_with_one_port_a_person_reads_the_logger(tmp_path, monkeypatch, factor, code):
    """A centre that shows ug/m3 at 0 C as if at 25 C is off by 9 %."""
    _, sound = play(tmp_path, bench(ports={}), operator="simulated")
    [table] = sound.procedures[0].data.tables
    assert [row[2] for row in table.rows] == ["by eye", "by eye"]
    answers = "\n".join(str(row[3] * factor) for row in table.rows) + "\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    (tmp_path / "again").mkdir()
    found, record = play(tmp_path / "again", bench(ports={}), operator="terminal")
    assert found == code
    assert record.tests[0].value == pytest.approx(100.0 * (factor - 1.0), abs=0.3)
    assert [note.key for note in record.procedures[0].notes] == ["display_against_logger.by_eye"]
