"""Routines that tell a device to do what it cannot are mistakes of the bench file, not weeks of wrong data."""

import tomllib
from pathlib import Path

import pytest

from rig.bench_check import check_bench_data
from rig.errors import ConfigurationErrors

DEMO = tomllib.loads((Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text())


def mistakes(**wanted):
    routine = {"name": "check", "at": "1 h", "steps": [{"device": "so2", "set": wanted}]}
    try:
        check_bench_data({**DEMO, "routine": [routine]}, "bench.toml")
    except ConfigurationErrors as several:
        return [str(error) for error in several.errors]
    return []


def test_what_a_device_can_do_is_no_mistake():
    wanted = {
        "gas_mode": "span",
        "calibrate_so2_bkg": True,
        "replace_lamp": True,
        "hidden.leak_fraction": 0.1,
        "power": False,
    }
    assert mistakes(**wanted) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("gas_mod", "span", "expected a setting or action of the 43i (mode, gas_mode"),
        ("gas_mode", "spam", "expected a value that the model takes (invalid: gas_mode: one of sample, zero, span"),
        ("averaging_time", 61, "expected a value that the model takes (invalid: averaging_time: one of 10, 20"),
        ("replace_lampx", True, "expected a setting or action of the 43i"),
        ("hidden.mood", 1.0, "expected a hidden parameter of the 43i"),
    ],
)
def test_what_it_cannot_is_named_with_its_place(name, value, expected):
    (told,) = mistakes(**{name: value})
    assert told.startswith(f"bench.toml: routine.0.steps.0.set.{name}: {expected}")
