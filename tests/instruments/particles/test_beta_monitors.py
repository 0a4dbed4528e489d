"""What is asked of both beta monitors alike: a week's work, figures and settings that are read, units."""

import time

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
