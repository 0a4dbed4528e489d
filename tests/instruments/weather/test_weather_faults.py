"""Twin runs of every fault of the weather instruments: what is declared moves, all else differs by exactly nothing."""

import numpy as np
import pytest

from instruments.device import Command
from rig.fault_library import library
from tests.instruments.weather.conftest import at, placed, rough_day

MODELS = {"weather_transmitter": "WXT536", "cup_vane": "CV-6", "visibility_meter": "PWD22"}
CASES = [
    (name, design)
    for name, fault in library().items()
    for design in fault.kinds
    if design in MODELS
]  # fmt: skip
START_S, END_S = 901, 27000


def apply_fault(unit, fault, t_us):
    severity = 0.0 if fault.severity is None else fault.severity.typical
    for act in fault.acts:
        was = unit.read(t_us, act.command) if act.form is not None else True
        unit.apply(t_us, Command(act.command, act.value(was, severity), act.by))


@pytest.mark.parametrize(("name", "design"), CASES)
def test_the_declared_observables_move_and_no_others(name, design):
    fault = library()[name]
    well, ill = (placed(MODELS[design], rough_day()) for _ in range(2))
    apply_fault(ill, fault, at(START_S))
    last = END_S // well.step_s
    one, other = well.recording(0, last), ill.recording(0, last)
    moved = {label for label in one if not np.array_equal(one[label], other[label], equal_nan=True)}
    declared = set(fault.reveals[design])
    assert declared <= set(one), declared - set(one)
    assert moved == declared
    before = START_S // well.step_s - 1
    assert all(np.array_equal(one[label][:before], other[label][:before], equal_nan=True) for label in one)
    texts, others = well.alarm_texts(one), ill.alarm_texts(other)
    raised = {word.split(":")[0] for line in np.unique(others[texts != others]) for word in str(line).split()}
    cleared = {word.split(":")[0] for line in np.unique(texts[texts != others]) for word in str(line).split()}
    assert raised - {w.split(":")[0] for line in np.unique(texts) for w in str(line).split()} <= declared
    assert cleared <= declared | raised


def test_every_design_has_its_faults_and_every_one_can_be_applied():
    for design in MODELS:
        assert sum(fault.befalls(design) for fault in library().values()) >= 8
