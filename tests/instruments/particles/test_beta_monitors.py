"""What is asked of both beta monitors alike: a week's work, figures and settings that are read, units."""

import time

import numpy as np
import pytest
from beta_support import HOUR_US, unread

from instruments.catalogue import load

MODELS = ("BAM-1020", "5014i")

LIFE = [
    (2.1, "hidden.nozzle_stuck", True), (4.2, "hidden.temperature_sensor_off", True),
    (5.2, "hidden.temperature_sensor_off", False), (5.5, "heater_mode", "delta"), (6.0, "maintenance", True),
    (6.1, "test_pump", True), (6.2, "cap_inlet", True), (6.3, "place_foil", True), (6.4, "self_test", True),
]  # fmt: skip
OWN_LIFE = {
    "BAM-1020": [(4.1, "hidden.nozzle_stuck", False), (6.7, "maintenance", False), (6.8, "hidden.pump_stuck_on", True)],
    "5014i": [],
}


@pytest.mark.parametrize(("model", "seconds"), [("BAM-1020", 0.5), ("5014i", 0.6)])
def test_a_week_takes_a_fraction_of_a_second_of_work(make, model, seconds):
    unit = make(model)
    start = time.process_time()
    for hour in range(6, 24 * 7 + 1, 6):
        unit.advance(hour * HOUR_US)
    assert time.process_time() - start < seconds


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_and_every_setting_is_read(do, model):
    def visit(unit):
        for hour, name, value in sorted(LIFE + OWN_LIFE[model]):
            do(unit, hour, name, value)
        unit.read(9 * HOUR_US, "concentration")

    shown_only = {"mode", "gas_unit"}
    assert unread(model, visit) <= shown_only & set(load(model).settings)


@pytest.mark.parametrize("model", MODELS)
def test_every_quantity_has_a_unit(make, model):
    unit = make(model)
    assert set(unit.quantities()) == set(unit.units())


@pytest.mark.parametrize(("model", "hourly"), [("BAM-1020", "concentration"), ("5014i", "concentration_1h")])
def test_what_is_shown_at_the_epoch_is_what_the_same_air_gives_later(make, do, model, hourly):
    """A unit that has been running has a record; without one its first hour was 0 and without a flag."""
    unit = make(model)
    first = unit.recording(0, 59)
    later = np.mean([unit.read(hour * HOUR_US + 60_000_000, hourly) for hour in range(2, 26)])
    assert later > 30.0
    assert first[hourly][0] == pytest.approx(later, rel=0.05)
    assert (first[hourly] == first[hourly][0]).all()
    if model == "BAM-1020":
        assert first["qtot"][0] == pytest.approx(unit.read(5 * HOUR_US, "qtot"), rel=0.01)
        assert first["hour_temp"][0] == pytest.approx(20.0)
    for name, value in (("power", False), ("power", True)):
        do(unit, 30.2 if value else 30.0, name, value)
    again = unit.recording(30 * 60 + 10, 30 * 60 + 20)
    told = again["ambient_temp"][np.isfinite(again["ambient_temp"])]
    assert 5 < len(told) < 10
    assert told == pytest.approx(20.0)
