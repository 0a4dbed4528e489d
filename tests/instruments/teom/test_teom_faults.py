"""Twin runs: a unit with and without a fault. What the library names moves; all else is equal to the last bit."""

from functools import cache

import numpy as np
import pytest
from teom_support import World, apply, recorded, unit
from waves import wave

from instruments.errors import Refused
from rig.fault_library import library

MODEL = {"teom": "1400a", "teom-fdms": "1405-F"}
FAULTS = {
    name: fault for name, fault in library().items()
    if set(fault.kinds) & set(MODEL) and not name.startswith("clock_")  # those: tests/instruments/test_clock_faults.py
}  # fmt: skip
CASES = [(name, kind) for name, fault in FAULTS.items() for kind in fault.kinds if kind in MODEL]
BEGINS = (3 * 3600 + 100, 4 * 3600 + 3)
"""Instants at which the faults begin: in base and in reference."""
HOURS = 10


def world():
    return World(
        fine=wave(40.0, 20.0, 90.0),
        volatile=wave(12.0, 4.0, 140.0),
        humidity=wave(60.0, 15.0, 200.0),
        pressure=wave(1005.0, 3.0, 300.0),
    )


@cache
def healthy(kind):
    return run(kind)


def run(kind, fault=None, severity=None, begin=0):
    device = unit(MODEL[kind], world())
    if fault is not None:
        device.advance(begin * 1_000_000)
        for act in fault.acts:
            was = device.read(begin * 1_000_000, act.command) if act.form else False
            apply(device, begin, act.command, act.value(was, severity), act.by)
    table = recorded(device, 0, HOURS)
    return {**table, "alarms": device.alarm_texts(table)}


def moved(kind, fault, severity, begin):
    """Observables that differ by anything at all."""
    sound, ill = healthy(kind), run(kind, fault, severity, begin)
    return {label for label in sound if not np.array_equal(sound[label], ill[label])}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_what_a_fault_reveals_moves_and_all_else_is_equal_to_the_last_bit(name, kind):
    fault = FAULTS[name]
    typical = None if fault.severity is None else fault.severity.typical
    differs = moved(kind, fault, typical, BEGINS[0])
    assert differs, "a fault that nothing shows"
    assert differs <= set(fault.reveals[kind]), "moves and is not named"
    if fault.severity is not None:
        for severity in (fault.severity.low, fault.severity.high):
            differs = differs | moved(kind, fault, severity, BEGINS[1])
    assert differs == set(fault.reveals[kind])


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_nothing_moves_before_a_fault_begins(name, kind):
    fault = FAULTS[name]
    sound = healthy(kind)
    ill = run(kind, fault, None if fault.severity is None else fault.severity.typical, BEGINS[0])
    step = BEGINS[0] // 10 - 1  # the step that ends at the instant of the fault is seen with it
    assert all(np.array_equal(sound[label][:step], ill[label][:step]) for label in sound)


def test_a_fault_of_the_dynamics_system_does_not_befall_the_classic_unit():
    assert not FAULTS["teom_cooler_failed"].befalls("teom")
    with pytest.raises(Refused):
        apply(unit("1400a"), 10, "hidden.cooler", 0.0)
