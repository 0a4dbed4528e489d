"""Time left: told from the levels to go, held against what a run really took."""

import pytest

from calibration.procedures.common.procedure import Stage, Unit
from instruments.catalogue import load
from rig.cli.accept import AcceptOptions, accept
from rig.cli.progress import Progress, clock_text
from rig.host.kinds import channels_of
from scenarios.itinerary import Block, TimeLeft, itinerary
from scenarios.opening import load_plan

PLAN, _ = load_plan("gas-check")


def test_the_way_of_the_embedded_plan():
    blocks = itinerary(
        PLAN, [Unit("so2", "so2", channels_of(load("43i")), 500.0), Unit("nox", "nox", channels_of(load("42i")), 500.0)]
    )
    assert [(b.step, b.device) for b in blocks] == [
        ("prepare", "so2"), ("prepare", "nox"), ("zero_span", "so2"), ("zero_span", "nox"), ("multipoint", "so2"),
        ("multipoint", "nox"), ("converter_efficiency", "nox"),
    ]  # fmt: skip
    assert [stage.label for stage in blocks[3].stages] == ["as_found_zero", "as_found_span"] * 2
    assert blocks[4].stages[0] == Stage("zero", "so2", PLAN.gas.stability.least["so2"] + PLAN.gas.stability.window)
    assert len(blocks[6].stages) == 9


WAY = [
    Block("zero_span", "a", (Stage("zero", "so2", 100.0), Stage("span", "so2", 100.0))),
    Block("multipoint", "a", (Stage("zero", "so2", 100.0), Stage("10 %", "so2", 100.0))),
    Block("multipoint", "b", (Stage("zero", "co", 50.0),)),
]


def test_levels_that_take_longer_stretch_those_to_come():
    left = TimeLeft(WAY)
    assert left.left_s(0.0) == 450.0
    left.begin("a", "zero_span", 0.0)
    left.begin("a", "zero", 0.0)
    assert left.left_s(40.0) == 410.0
    left.begin("a", "span", 150.0)  # half as long again as the least
    assert left.left_s(150.0) == pytest.approx(1.5 * 350.0)
    assert left.step == "zero_span"


def test_what_is_passed_over_is_not_waited_for_and_an_extra_level_is_no_step_back():
    left = TimeLeft(WAY)
    left.begin("a", "zero_span", 0.0)
    left.begin("a", "zero", 0.0)
    left.begin("a", "as_left_zero", 100.0)
    assert left.left_s(100.0) == 100.0 + 350.0
    left.begin("b", "multipoint", 200.0)  # a has broken down
    left.begin("b", "zero", 200.0)
    assert left.left_s(200.0) == 50.0
    assert left.left_s(300.0) == 0.0


def test_the_estimate_against_a_whole_run(tmp_path, monkeypatch):
    told = []
    step = Progress.step

    def spy(progress, text):
        step(progress, text)
        now = progress._now_s()
        told.append((now, progress._left.left_s(now)))

    monkeypatch.setattr(Progress, "step", spy)
    accept(AcceptOptions(out=tmp_path / "out", operator="simulated"))
    end = told[-1][0] + told[-1][1]
    assert end > 8 * 3600.0
    for now, left in told:
        assert now + left == pytest.approx(end, rel=0.25)
    # the titrations come last, and nothing before them tells how long NO2 takes
    for now, left in told[len(told) // 2 :]:
        assert now + left == pytest.approx(end, rel=0.08)


def test_hours_minutes_and_seconds():
    assert clock_text(9070.4) == "02:31:10"
    assert clock_text(-3.0) == "00:00:00"
    assert clock_text(3599.7) == "01:00:00"
