"""Twin runs: each fault of a gas analyzer moves what it declares, and nothing else by so much as a bit."""

import pytest
from gas_twins import CASES, MODELS, healthy, moved, onset_s, run, same

from rig.fault_library import library


@pytest.mark.parametrize(("name", "design"), CASES)
def test_what_is_declared_moves_and_all_else_is_equal_to_the_bit(name, design):
    fault = library()[name]
    found, begins = moved(name, design, None if fault.severity is None else fault.severity.typical)
    assert found, "the usual severity shows"
    assert begins >= onset_s(name) - 10, "nothing moves before it strikes"
    if fault.severity is not None:
        found = found | moved(name, design, fault.severity.high)[0] | moved(name, design, fault.severity.low)[0]
    assert found == set(fault.reveals[design])


@pytest.mark.parametrize("design", MODELS)
def test_two_healthy_twins_are_one(design):
    again = run(design)
    assert all(same(values, again[quantity]) for quantity, values in healthy(design).items())


def test_a_change_past_the_log_leaves_its_evidence_and_one_at_the_panel_an_entry():
    assert "audit_log" not in moved("coefficient_changed_unlogged", "so2", 0.9)[0]
    assert {"parameter_writes", "so2_coef"} <= moved("coefficient_changed_unlogged", "so2", 0.9)[0]
    assert "audit_log" in moved("background_changed", "so2", 6.0)[0]
