"""Twin runs: each fault of the library moves what it declares, and nothing else by so much as a bit."""

from functools import cache

import numpy as np
import pytest

from instruments.air import Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.plumbing import Air
from rig.fault_library import library

MODELS = {"so2": "43i", "nox": "42i", "o3": "49i", "co": "48i"}
AMBIENT = {Species.SO2: 40.0, Species.NO: 60.0, Species.NO2: 50.0, Species.O3: 70.0, Species.CO: 3.0, Species.H2O: 8.0}
ROOM = {Species.SO2: 1.0, Species.NO: 2.0, Species.NO2: 8.0, Species.O3: 5.0, Species.CO: 0.4, Species.H2O: 10.0}
ONSET_S, END_S = 3700, 6 * 3600
CASES = [
    (name, design) for name, fault in library().items() for design in fault.kinds
    if design in MODELS and not name.startswith("clock_")  # those: tests/instruments/test_clock_faults.py
]  # fmt: skip


def unit(design):
    made = build_unit(load(MODELS[design]), "unit", 1)
    made.connect("room", Air(1, "room", ROOM, temperature_c=25.0, temperature_sd_c=0.5, pressure_hpa=1010.0,
                             pressure_sd_hpa=3.0, log_sd=0.2, correlation_time_s=3600.0))  # fmt: skip
    made.connect("sample", Air(1, "air", AMBIENT, temperature_c=15.0, temperature_sd_c=2.0, pressure_hpa=1010.0,
                               pressure_sd_hpa=3.0, log_sd=0.4, correlation_time_s=3600.0))  # fmt: skip
    return made


def seen(made):
    table = made.recording(0, END_S // 10)
    table["alarms"] = made.alarm_texts(table)
    found = dict(table)
    for name in ("parameter_writes", "audit_log", *made.settings):
        found[name] = np.array([made.read(END_S * 1_000_000, name)], dtype=object)
    return found


@cache
def healthy(design):
    return seen(unit(design))


def moved(name, design, severity, onset_s=ONSET_S):
    """Observables that differ in a run with the fault from the run without it."""
    made = unit(design)
    made.advance(1800 * 1_000_000)
    for act in library()[name].acts:
        was = made.read(onset_s * 1_000_000, act.command)
        made.apply(onset_s * 1_000_000, Command(act.command, act.value(was, severity), by=act.by))
    ill = seen(made)
    return {
        quantity for quantity, values in healthy(design).items()
        if not all(a == b or (a != a and b != b) for a, b in zip(values.tolist(), ill[quantity].tolist(), strict=True))
    }  # fmt: skip


@pytest.mark.parametrize(("name", "design"), CASES)
def test_what_is_declared_moves_and_all_else_is_equal_to_the_bit(name, design):
    fault = library()[name]
    found = set()
    severities = (True,) if fault.severity is None else (fault.severity.typical, fault.severity.high)
    for severity in severities:
        found |= moved(name, design, severity)
    assert found == set(fault.reveals[design])


def test_a_change_past_the_log_leaves_its_evidence_and_one_at_the_panel_an_entry():
    assert "audit_log" not in moved("coefficient_changed_unlogged", "so2", 0.9)
    assert {"parameter_writes", "so2_coef"} <= moved("coefficient_changed_unlogged", "so2", 0.9)
    assert "audit_log" in moved("background_changed_so2", "so2", 6.0)
