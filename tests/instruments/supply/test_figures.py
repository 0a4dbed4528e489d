"""Every figure of a model of supply is read by its model; every alarm and every part belongs to something."""

import time

import pytest
from watching import watched

from instruments import catalogue
from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.errors import Refused
from instruments.supply.points import AirPoint, BranchPoint

from .conftest import CONTENTS, still_air

KINDS = ("calibrator", "cylinder", "zero_air", "photometer", "meter")
# Balances are of the particle monitors; their figures are looked at with those.
MODELS = [model for model in catalogue.models() if load(model).kind in KINDS and load(model).design != "balance"]


def test_all_of_them_are_looked_at():
    assert {load(model).kind for model in MODELS} == set(KINDS)


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_is_read(model):
    entry = watched(model)
    room = still_air()
    unit = build_unit(entry, "unit", 1)
    if entry.kind == "calibrator":
        # by itself, with nothing around it, a calibrator has a room of its own
        unit.outlet.gas(0, 10)
        BranchPoint(unit, "out").stream(0, 10)
    unit.place(Site(room, room))
    if entry.kind == "calibrator":
        for port in ("a", "b"):
            unit.connect_cylinder(port, CONTENTS[port])
        for second, name, value in [
            (10, "gas", "b"), (11, "concentration", 450.0), (12, "ozone", 160.0), (13, "ozone_control", "constant"),
            (14, "calibrator_mode", "gpt"), (600, "calibrator_mode", "flows"), (601, "gas_flow_set", 50.0),
        ]:  # fmt: skip
            unit.apply(second * 1_000_000, Command(name, value))
        unit.read(1_200_000_000, "ozone_flow")
    elif entry.kind == "cylinder":
        unit.apply(10_000_000, Command("purge_regulator", True))
    elif entry.kind == "photometer":
        unit.apply(10_000_000, Command("gas_mode", "span"))
        with pytest.raises(Refused):
            unit.apply(10_000_000, Command("ozone", 1.0))
    elif entry.kind == "zero_air":
        unit.outlet.gas(0, 100)
    unit.read(1_200_000_000, "alarms")
    try:
        unit.read(1_200_000_000, "warming_up")
        unit.read(1_200_000_000, "chamber_volume")
    except KeyError:
        assert entry.kind in ("cylinder", "zero_air", "photometer", "meter")
    unit.recording(0, 1200 // unit.step_s)
    assert entry.parameters.unread == set()


@pytest.mark.parametrize("model", MODELS)
def test_alarms_are_of_things_that_can_be_seen_and_units_are_told(model):
    entry = load(model)
    unit = build_unit(entry, "unit", 1)
    assert set(entry.alarms) <= set(unit.quantities())
    units = unit.units()
    assert all(units.get(quantity) is not None for quantity in unit.quantities()), units
    if entry.kind == "meter":
        unit.offer("room", AirPoint(still_air()))
    else:
        unit.connect("room", still_air()) if hasattr(unit, "connect") else None
    assert unit.read(10_000_000, "audit_log") == ()


@pytest.mark.parametrize("model", MODELS)
def test_a_week_is_a_matter_of_a_third_of_a_second(model):
    room = still_air()
    unit = build_unit(load(model), "unit", 1)
    unit.place(Site(room, room))
    if load(model).kind == "calibrator":
        unit.connect_cylinder("a", CONTENTS["a"])
        unit.apply(0, Command("concentration", 400.0))
        unit.apply(0, Command("calibrator_mode", "span"))
    spent = 0.0
    for second in range(0, 2 * 86_400 + 1, 6 * 3600):
        room.gas(second, second + 1)
        begin = time.process_time()
        unit.advance(second * 1_000_000)
        spent += time.process_time() - begin
    # two days; a loaded machine may take three times as long as it should
    assert spent < 3.0 * 0.35 * 2.0 / 7.0
