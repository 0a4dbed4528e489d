"""Twin runs over the fault rows of the T series: what is declared moves, all else differs by exactly nothing."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from teledyne_bench import MODELS, Breath, tell, unit

from rig.fault_library import LibraryFault

FILE = Path(__file__).parents[3] / "rig" / "fault_library" / "teledyne.toml"
FAULTS = {name: LibraryFault.model_validate(row) for name, row in tomllib.loads(FILE.read_text("utf-8")).items()}
MODEL = {model.lower(): model for model in MODELS}
CASES = [(name, design) for name, fault in FAULTS.items() for design in fault.kinds]
AT, UNTIL = 3600, 6 * 3600


def air():
    """Air in which every gas comes and goes."""

    def waves(low, high):
        return [(i * 900, high if i % 2 else low) for i in range(UNTIL // 900)]

    return Breath(so2=waves(60.0, 5.0), no=waves(10.0, 80.0), no2=waves(100.0, 30.0), o3=waves(90.0, 20.0),
                  co=waves(12.0, 0.5), h2o=10.0)  # fmt: skip


def twins(name, design, severity):
    """What differs between a unit with the fault and one without."""
    bad, good = unit(MODEL[design], air()), unit(MODEL[design], air())
    for act in FAULTS[name].acts:
        was = bad.read(AT * 1_000_000, act.command)
        tell(bad, AT, **{act.command.replace(".", "__"): act.value(was, severity)})
    step = type(bad).step_s
    left, right = bad.recording(0, UNTIL // step), good.recording(0, UNTIL // step)
    moved = {q for q in bad.quantities() if not np.array_equal(left[q], right[q])}
    for quantity in moved:
        assert np.array_equal(left[quantity][: AT // step - 1], right[quantity][: AT // step - 1])
    if (bad.alarm_texts(left) != good.alarm_texts(right)).any():
        moved.add("alarms")
    return moved


@pytest.mark.parametrize(("name", "design"), CASES)
def test_what_a_fault_reveals_moves_and_nothing_else(name, design):
    fault = FAULTS[name]
    severities = (1.0,) if fault.severity is None else (
        fault.severity.low, fault.severity.typical, fault.severity.high
    )  # fmt: skip
    found = [twins(name, design, severity) for severity in severities]
    declared = set(fault.reveals[design])
    assert set().union(*found) == declared
    usual = found[len(found) // 2]
    assert usual >= declared - {"alarms"}, "the typical severity shows"
