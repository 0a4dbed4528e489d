"""Twin runs of beta monitors, samplers, balances: what the library names moves, all else is equal to the last bit."""

import pytest
from twin_support import BEGINS, CASES, FAULTS, MODEL, apply, healthy, moved_by, recorded, same, unit

from instruments.errors import Refused


def test_the_library_knows_the_designs():
    assert {kind for _, kind in CASES} == set(MODEL)
    assert len(FAULTS) >= 65


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_what_a_fault_reveals_moves_and_nothing_else(name, kind):
    assert moved_by(name, kind) == [label for label in healthy(kind) if label in FAULTS[name].reveals[kind]], (
        "in any of its twins"
    )
    assert set(FAULTS[name].reveals[kind]) <= set(healthy(kind))


@pytest.mark.parametrize("kind", MODEL)
def test_two_healthy_twins_are_one(kind):
    table = recorded(unit(kind), kind)
    assert all(same(values, healthy(kind)[label]) for label, values in table.items())


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_nothing_moves_before_a_fault_begins(name, kind):
    ill = unit(kind)
    apply(ill, BEGINS[0], FAULTS[name])
    table, sound = recorded(ill, kind), healthy(kind)
    before = int(BEGINS[0] * 3600) // ill.step_s
    assert all(same(values[:before], sound[label][:before]) for label, values in table.items())


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, k in CASES if FAULTS[n].severity])
def test_the_whole_scale_can_be_set(name, kind):
    for severity in (FAULTS[name].severity.low, FAULTS[name].severity.high):
        try:
            apply(unit(kind), 1.0, FAULTS[name], severity)
        except Refused as refused:
            pytest.fail(f"severity {severity:g}: {refused}")
