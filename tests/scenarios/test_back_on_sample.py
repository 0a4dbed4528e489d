"""At the end of a run the air is looked at: valves that stuck and lines that hold gas are named."""

import json

import pytest

from calibration.procedures.common.procedure import Unit
from rig.cli.accept import AcceptOptions, accept
from rig.errors import DeviceTimeout
from rig.host.kinds import Channel
from rig.readings import MEANING
from rig.run import Reading
from scenarios.back_on_sample import look_at_air

PLAN = 'title = "Readiness"\nstandard = "hj818"\nprocedures = ["prepare", "zero_span"]\n[gas]\n'


def unit(name):
    channel = Channel(name, "nmol/mol", None, f"{name}_coef", None, f"span_{name}", name)
    return Unit(name, "gas", (channel,), 500.0)


class Air:
    """A run whose readings are functions of the time that was waited."""

    def __init__(self, **readings):
        self.readings = readings
        self.t = 0.0

    def read(self, device, quantity):
        return Reading(device, quantity, self.readings[device](self.t), "nmol/mol", self.t)

    def wait(self, seconds):
        self.t += seconds


def keys(notes):
    return [(note.key, note.values["device"]) for note in notes]


def test_air_is_seen_at_once():
    air = Air(so2=lambda t: 12.0)
    assert look_at_air(air, [unit("so2")]) == []
    assert air.t == 0.0


def test_a_reading_that_falls_is_waited_for():
    air = Air(so2=lambda t: 400.0 * 2.0 ** (-t / 60.0))
    assert look_at_air(air, [unit("so2")]) == []
    assert 60.0 <= air.t <= 100.0


def test_one_that_stays_is_named_and_not_waited_for_long():
    air = Air(so2=lambda t: 400.0, o3=lambda t: 30.0)
    [note] = look_at_air(air, [unit("so2"), unit("o3")])
    assert (note.key, note.values["device"], note.values["value"]) == ("safe.air_implausible", "so2", 400.0)
    assert air.t <= 60.0


def test_one_that_falls_too_slowly_is_named_after_five_minutes():
    air = Air(so2=lambda t: 500.0 - 0.3 * t)
    assert keys(look_at_air(air, [unit("so2")])) == [("safe.air_implausible", "so2")]
    assert air.t == 300.0


def test_one_that_is_silent_is_named_and_the_others_are_looked_at():
    def silent(t):
        raise DeviceTimeout("so2", "so2", 1.0)

    air = Air(so2=silent, o3=lambda t: 400.0)
    assert keys(look_at_air(air, [unit("so2"), unit("o3")])) == [
        ("safe.air_unseen", "so2"), ("safe.air_implausible", "o3"),
    ]  # fmt: skip


def test_who_interrupts_is_not_kept_waiting():
    air = Air(so2=lambda t: 400.0)

    def wait(seconds):
        raise KeyboardInterrupt

    air.wait = wait
    assert keys(look_at_air(air, [unit("so2")])) == [("safe.air_implausible", "so2")]


@pytest.mark.parametrize("value", [-100.0, float("nan")])
def test_what_no_air_reads(value):
    assert keys(look_at_air(Air(so2=lambda t: value), [unit("so2")])) == [("safe.air_implausible", "so2")]


def test_a_whole_run_looks_at_the_air_behind_its_last_step(tmp_path):
    (tmp_path / "plan.toml").write_text(PLAN)
    options = AcceptOptions(plan=str(tmp_path / "plan.toml"), devices=("co",), out=tmp_path / "out",
                            operator="simulated")  # fmt: skip
    assert accept(options) == 0
    lines = [line.split(",") for line in (tmp_path / "out" / "readings.csv").read_text().splitlines()]
    last = dict(zip(lines[0], lines[-1], strict=True))
    assert set(lines[0]) < set(MEANING)
    assert last["step"] == ""
    assert 0.0 < float(last["value"]) < 20.0  # falling still, below 40 % of 50 umol/mol
    keys = [note["key"] for note in json.loads((tmp_path / "out" / "result.json").read_text())["notes"]]
    assert "safe.air_implausible" not in keys
    assert "safe.close_cylinders" not in keys  # nobody's cylinders: the bench has ended with the run
