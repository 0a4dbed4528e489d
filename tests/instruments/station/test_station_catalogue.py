"""Every figure of the station's models and of the open path is read by the model; what the tables name is there."""

import numpy as np
import pytest
from watching import watched

from instruments import catalogue
from instruments.air import Species
from instruments.build import build_unit
from instruments.device import Command
from instruments.draw import Draw
from instruments.gas.calibration_cell import CalibrationCell

MODELS = ("shelter", "manifold", "ups", "doas-generic", "chamber", "variac")
HOUR = 3_600_000_000


def build(model, site, entry=None, **options):
    unit = build_unit(entry or catalogue.load(model), "unit", 1, **options)
    place = site(humidity_pct=60.0, temperature_c=15.0, gas={Species.SO2: 0.6})
    unit.place(place)
    if model == "doas-generic":
        content = np.array([100_000.0 * (species is Species.SO2) for species in Species])
        unit.offer_cell("a", CalibrationCell(1.0, {Species.SO2: 100_000.0}, content))
    if model == "ups":
        unit.feed("x", ups=False, draw=Draw.steady(100.0), order=1)
    return unit


@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_is_read(model, site):
    entry = watched(model)
    unit = build(model, site, entry)
    if model == "ups":
        unit.switchings(0, HOUR)
    for mode in ("sample", "span") if model == "doas-generic" else ("",):
        if mode:
            unit.apply(HOUR, Command("gas_mode", mode))
        for quantity in (*unit.quantities(), "alarms"):
            unit.read(HOUR + 600_000_000, quantity)
    for on in (False, True):
        unit.apply(2 * HOUR, Command("power", on))
    unit.read(2 * HOUR + 60_000_000, "alarms")
    assert entry.parameters.unread == set()


OTHER = {
    "shelter": {"setpoint": 22.0, "heat_setpoint": 26.0, "hysteresis": 2.0, "ac_enabled": False,
                "dehumidify_above": 30.0, "humidify_below": 45.0},
    "manifold": {"set_temperature": 50.0, "heating": False},
    "ups": {"restart_stagger": 60.0},
    "chamber": {"setpoint": 35.0},
    "variac": {"voltage": 198.0, "output": False},
    "doas-generic": {"gas_mode": "zero", "integration_so2": 30, "integration_no2": 30, "integration_o3": 30,
                     "path_length": 400.0, "cell": "a", "light_limit": 100.0, "deviation_limit": 20.0,
                     "density_compensation": False, "wavelength_offset": 50.0, "span_concentration": 100.0,
                     "so2_bkg": 1.0, "so2_coef": 1.1, "no2_bkg": 1.0, "no2_coef": 1.1, "o3_bkg": 1.0, "o3_coef": 1.1},
}  # fmt: skip


@pytest.mark.parametrize(("model", "setting"), [(model, setting) for model in MODELS for setting in OTHER[model]])
def test_every_setting_does_something(model, setting, site):
    def seen(changed):
        unit = build(model, site)
        if setting in ("cell", "span_concentration"):
            unit.apply(0, Command("gas_mode", "span"))
        if setting == "span_concentration":
            unit.apply(0, Command("cell", "a"))
        if changed:
            unit.apply(0, Command(setting, OTHER[model][setting]))
        if setting == "span_concentration":
            unit.apply(HOUR, Command("calibrate_so2_coef", True))
        if model == "ups":
            unit.apply(HOUR, Command("hidden.mains", False))
            unit.apply(2 * HOUR, Command("hidden.mains", True))
            return unit.switchings(0, 3 * HOUR)
        return [unit.read(t * HOUR, quantity) for t in (1, 2, 3, 4, 5) for quantity in unit.quantities()]

    assert set(OTHER[model]) == set(catalogue.load(model).settings)
    assert seen(True) != seen(False)


@pytest.mark.parametrize("model", MODELS)
def test_names_of_the_tables_are_the_models_own(model, site):
    unit = build_unit(catalogue.load(model), "unit", 1)
    unit.place(site())
    known = {*unit.quantities(), *unit.settings, *(f"{part}_hours" for part in unit.entry.wear)}
    assert set(unit.entry.alarms) <= known
    assert set(unit.entry.key_parameters) <= known
    for part in unit.entry.wear.values():
        unit.apply(0, Command(part.replaced_by, True))
    for channel in unit.entry.channels.values():
        assert {channel.background, channel.coefficient} <= set(unit.settings)
        assert {channel.calibrate_zero, channel.calibrate_span} <= set(unit.actions)
        assert channel.gas in unit.reported()


@pytest.mark.parametrize("model", MODELS)
def test_a_recording_is_what_was_read_and_has_units(model, site):
    unit = build(model, site)
    unit.apply(HOUR // 2, Command("power", False))
    unit.apply(HOUR // 2 + 300_000_000, Command("power", True))
    table = unit.recording(0, 360)
    assert set(table) == set(unit.quantities()) == set(unit.recorded_units())
    assert all(unit.units().values())
    texts = unit.alarm_texts(table)
    for step in (0, 100, 178, 212, 359):
        t = (step + 1) * 10_000_000
        assert [table[q][step] for q in unit.quantities()] == [unit.read(t, q) for q in unit.quantities()]
        assert texts[step] == " ".join(unit.read(t, "alarms"))
    assert all(values[190] != values[190] for values in table.values())  # nothing is seen without power
