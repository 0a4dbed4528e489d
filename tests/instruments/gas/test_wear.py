"""Parts age with use and on the shelf, show it in readings and diagnostics, and are made new by maintenance."""

import numpy as np
import pytest

from instruments.air import Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.plumbing import Air
from instruments.wear import Service

MODELS = ("43i", "42i", "49i", "48i")
GAS = {Species.SO2: 100.0, Species.NO: 50.0, Species.NO2: 80.0, Species.O3: 60.0, Species.CO: 5.0, Species.H2O: 8.0}


def unit(model, **options):
    air = Air(1, "air", GAS, temperature_c=25.0, temperature_sd_c=0.0, pressure_hpa=1013.0, pressure_sd_hpa=0.0,
              log_sd=0.0, correlation_time_s=3600.0)  # fmt: skip
    made = build_unit(load(model), "unit", 1, **options)
    made.connect("room", air)
    made.connect("sample", air)
    return made


def means(made, first_h=0.5, last_h=1.5):
    table = made.recording(int(first_h * 360), int(last_h * 360))
    return {name: float(np.mean(values)) for name, values in table.items()}


@pytest.mark.parametrize(("model", "part"), [(m, part) for m in MODELS for part in load(m).wear])
def test_a_part_at_the_end_of_its_life_is_seen_and_a_new_one_makes_it_good(model, part):
    new = means(unit(model))
    old_unit = unit(model, service=Service(parts={part: 1.5 * load(model).wear[part].life_h}))
    old = means(old_unit)
    assert any(abs(old[name] - new[name]) > 1e-3 * abs(new[name]) for name in new)
    old_unit.apply(5400_000_000, Command(load(model).wear[part].replaced_by, True))
    renewed = means(old_unit, 2.0, 3.0)
    fresh = means(unit(model), 2.0, 3.0)
    assert renewed == pytest.approx(fresh, rel=2e-3, abs=0.05)


def test_a_converter_past_its_life_loses_no2_and_nothing_else():
    new, old = means(unit("42i")), means(unit("42i", service=Service(parts={"converter": 40_000.0})))
    assert old["no2"] < 0.9 * new["no2"]
    assert old["no"] == new["no"]
    assert old["converter_temp"] == new["converter_temp"]


def test_months_on_the_shelf_age_a_backup_unit():
    shelf = means(unit("49i", service=Service(hours=2000.0, shelf_days=400.0)))
    used = means(unit("49i", service=Service(hours=2000.0)))
    assert shelf["cell_a_intensity"] < used["cell_a_intensity"]


def test_a_recording_shows_what_a_reader_saw():
    made = unit("42i")
    made.apply(700_500_000, Command("averaging_time", 60))
    made.apply(1234_000_000, Command("no_coef", 1.1))
    made.apply(2000_000_000, Command("power", False))
    made.apply(2600_000_000, Command("power", True))
    table = made.recording(0, 400)
    for quantity in made.quantities():
        for step in (0, 5, 69, 70, 122, 123, 124, 198, 199, 200, 259, 260, 261, 270, 399):
            t_us = (step + 1) * 10_000_000
            if made.read(t_us, "powered"):
                assert table[quantity][step] == made.read(t_us, quantity), (quantity, step)
            else:
                assert np.isnan(table[quantity][step])


def test_a_share_at_a_second_knows_of_a_new_part_and_of_the_power():
    wear = unit("43i", service=Service(hours=5000.0)).wear
    old = wear.share_at("lamp", 7200.0)
    assert old == wear.share("lamp", np.array([7200.0]))[0] == wear.share_at("lamp", 7200.0)
    wear.replace(3600.0, "lamp")
    assert old < wear.share_at("lamp", 7200.0) < 1.0
    wear.switch(3600.0, running=False)
    assert wear.share_at("lamp", 7200.0) == 1.0
