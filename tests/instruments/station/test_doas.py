"""The open path: light in fog, noise against light, path and time, the cell, cross-talk, the beam, and its statuses."""

import random
import time
from itertools import pairwise

import numpy as np
import pytest

from instruments import catalogue
from instruments.air import Species
from instruments.build import build_unit
from instruments.device import Command
from instruments.errors import Refused
from instruments.gas.calibration_cell import CalibrationCell
from instruments.wear import Service

MINUTE = 60_000_000
HOUR = 60 * MINUTE
CELL_HIDDEN = {"local_log_sd": 0.0}


@pytest.fixture
def doas(site):
    def make(hidden=None, settings=None, service=None, warm=True, seed=1, **weather):
        place = site(**{"wind_m_s": 0.0, **weather})
        unit = build_unit(catalogue.load("doas-generic"), "doas", seed, hidden=hidden, settings=settings,
                          service=service, warm=warm)  # fmt: skip
        unit.place(place)
        return unit

    return make


def insert(unit, name="a", length_m=1.0, t_us=0, **gas):
    certified = {Species[label.upper()]: value for label, value in gas.items()}
    content = np.array([certified.get(species, 0.0) for species in Species])
    unit.offer_cell(name, CalibrationCell(length_m, certified, content))
    unit.apply(t_us, Command("cell", name))


def results(unit, quantity, begin, end, every=3 * MINUTE):
    return table(unit, (quantity,), begin, end, every)[0]


def table(unit, quantities, begin, end, every=3 * MINUTE):
    rows = []
    for t in range(begin, end, every):
        unit.advance(t)
        rows.append([unit.read(t, quantity) for quantity in quantities])
    return np.array(rows).T


@pytest.mark.parametrize(("visibility_km", "light"), [(2.0, 38.0), (0.5, 2.0), (20.0, 90.7)])
def test_fog_takes_light(doas, visibility_km, light):
    unit = doas(visibility_km=visibility_km)
    assert unit.read(HOUR, "light") == pytest.approx(light, abs=0.5)
    assert unit.read(HOUR, "alarms") == (("light:low",) if light < 10.0 else ())


def test_rain_takes_light_and_it_comes_back(doas):
    unit = doas(rain=((60, 90),), rain_mm_h=50.0)
    before, during, after = (unit.read(t * MINUTE, "light") for t in (50, 80, 100))
    assert during == pytest.approx(before * np.exp(-0.5 * 0.248 * 50.0**0.67), abs=0.2)
    assert after == pytest.approx(before, abs=0.2)


@pytest.mark.parametrize(
    ("change", "factor"),
    [({"hidden": {"lamp_fraction": 0.25}}, 2.0), ({"settings": {"path_length": 1000.0}}, 0.5),
     ({"settings": {f"integration_{g}": 180 for g in ("so2", "no2", "o3")}}, 3.0**-0.5),
     ({"hidden": {"noise_factor": 3.0}}, 3.0)],
)  # fmt: skip
def test_noise_goes_with_path_light_and_time(doas, change, factor):
    """A zero on the open path: clean air, so that all that moves is noise."""
    clean = {"gas": dict.fromkeys((Species.SO2, Species.NO2, Species.O3, Species.CO), 1e-9), "visibility_km": 1e9}

    def seen(hidden=None, settings=None):
        unit = doas({**CELL_HIDDEN, **(hidden or {})}, settings, **clean)
        rows = table(unit, ("so2", "no2", "o3", "so2_dev", "no2_dev", "o3_dev"), 9 * MINUTE, 90 * HOUR, 9 * MINUTE)
        return rows[:3].std(axis=1), rows[3:].mean(axis=1)

    (good, good_dev), (other, other_dev) = seen(), seen(**change)
    assert np.array(other) / np.array(good) == pytest.approx(factor, rel=0.12)
    assert np.array(good) == pytest.approx([0.15, 0.25, 0.5], rel=0.1)
    # what the fit states is what is there, and a little structure
    assert np.array(good_dev) == pytest.approx(np.array(good), rel=0.15)
    assert np.array(other_dev) / np.array(good_dev) == pytest.approx(factor, rel=0.15)


@pytest.mark.parametrize(("path_m", "cell_m"), [(500.0, 1.0), (300.0, 1.0), (500.0, 0.5)])
def test_a_cell_looks_like_its_equivalent_on_the_path(doas, path_m, cell_m):
    unit = doas(settings={"path_length": path_m, "gas_mode": "span"})
    insert(unit, length_m=cell_m, so2=100_000.0)
    assert unit.read(HOUR, "so2_equivalent") == pytest.approx(100_000.0 * cell_m / path_m)
    mean = results(unit, "so2", HOUR, 5 * HOUR).mean()
    # 1 m of 100 ppm is 200 ppb on 500 m
    assert mean == pytest.approx(100_000.0 * cell_m / path_m, rel=0.003)


def test_calibration_takes_zero_and_cell_and_is_refused_in_the_dark(doas):
    unit = doas({"span_error_pct": 6.0, "reference_mismatch": 1.0}, service=Service(hours=1500.0))
    insert(unit, no2=100_000.0)
    unit.apply(0, Command("gas_mode", "zero"))
    assert unit.read(10 * MINUTE, "no2") > 1.0
    unit.apply(10 * MINUTE, Command("calibrate_no2_bkg", True))
    unit.apply(10 * MINUTE, Command("gas_mode", "span"))
    assert unit.read(20 * MINUTE, "no2") == pytest.approx(212.0, rel=0.01)
    unit.apply(20 * MINUTE, Command("calibrate_no2_coef", True))
    assert unit.read(30 * MINUTE, "no2") == pytest.approx(200.0, abs=2.0)
    assert unit.read(30 * MINUTE, "no2_coef") == pytest.approx(1 / 1.06, rel=0.01)
    assert [line.split()[2:4] for line in unit.read(30 * MINUTE, "audit_log")] == [
        ["remote", "cell"], ["remote", "gas_mode"], ["calibration", "no2_bkg"],
        ["remote", "gas_mode"], ["calibration", "no2_coef"],
    ]  # fmt: skip
    insert(unit, "half", 0.5, t_us=30 * MINUTE, no2=100_000.0)
    assert unit.read(40 * MINUTE, "no2") == pytest.approx(100.0, abs=2.0)
    unit.apply(40 * MINUTE, Command("gas_mode", "sample"))
    unit.apply(40 * MINUTE, Command("hidden.blocked", 1.0))
    held = unit.read(40 * MINUTE, "so2")
    assert unit.read(50 * MINUTE, "so2_status") == 3.0
    assert unit.read(50 * MINUTE, "so2") == held
    with pytest.raises(Refused, match="light"):
        unit.apply(50 * MINUTE, Command("calibrate_so2_bkg", True))


def test_one_gas_after_the_other(doas):
    settings = {"integration_so2": 30, "integration_no2": 60, "integration_o3": 90}
    unit = doas(settings=settings, log_sd=0.8)
    ends = {"so2": 30, "no2": 90, "o3": 180}
    for gas, end in ends.items():
        values = [unit.read(second * 1_000_000, gas) for second in range(3605, 3605 + 720)]
        changes = [3605 + k + 1 for k, (a, b) in enumerate(pairwise(values)) if a != b]
        assert changes == list(range(3600 + end if end > 5 else 3780, 3605 + 720, 180)), gas
    # another programme begins anew
    unit.apply(4400_000_000, Command("integration_so2", 120))
    values = [unit.read(second * 1_000_000, "so2") for second in range(4390, 4600)]
    changes = [4391 + k for k, (a, b) in enumerate(pairwise(values)) if a != b]
    assert changes == [4520]


def test_status_is_of_light_and_of_deviation(doas):
    unit = doas(gas={Species.SO2: 0.05})
    assert unit.read(HOUR, "o3_status") == 0.0
    assert (results(unit, "so2_status", HOUR, 9 * HOUR) == 1.0).mean() > 0.8
    unit.apply(9 * HOUR, Command("light_limit", 99.0))
    assert unit.read(9 * HOUR, "o3_status") == 2.0
    assert unit.read(9 * HOUR - MINUTE, "o3_status") == 0.0


def test_without_compensation_cold_air_reads_high(doas):
    cold = {"temperature_c": -10.0, "swing_c": 0.0, "log_sd": 0.0, "gas": {Species.NO2: 100.0}}
    good = results(doas(CELL_HIDDEN, **cold), "no2", HOUR, 3 * HOUR).mean()
    plain = results(doas(CELL_HIDDEN, {"density_compensation": False}, **cold), "no2", HOUR, 3 * HOUR).mean()
    assert good == pytest.approx(100.0, rel=0.01)
    assert plain / good == pytest.approx(293.15 / 263.15 * 1000.0 / 1013.25, rel=0.01)


def test_a_path_typed_wrong_scales_everything(doas):
    good, bad = doas(log_sd=0.0), doas({"path_length_m": 450.0}, log_sd=0.0)
    for gas in ("so2", "no2", "o3"):
        means = [results(unit, gas, HOUR, 11 * HOUR).mean() for unit in (good, bad)]
        assert means[1] / means[0] == pytest.approx(0.9, rel=0.03)


def test_aromatics_leak_into_the_fit_when_its_references_are_poor(doas):
    smog = {"log_sd": 0.0, "gas": {Species.SO2: 1.0, Species.CO: 3.0}}
    good, poor = doas(CELL_HIDDEN, **smog), doas({"residual_factor": 20.0, **CELL_HIDDEN}, **smog)
    means = [results(unit, "so2", HOUR, 5 * HOUR).mean() for unit in (good, poor)]
    assert means[0] == pytest.approx(1.0, abs=0.4)
    # 24 ppb of aromatics, one percent of them nineteen times more, and ozone
    assert means[1] - means[0] == pytest.approx(19 * (0.01 * 24.0 + 0.001 * 40.0), rel=0.1)
    assert poor.read(3 * HOUR, "so2_dev") > 3.0 * good.read(3 * HOUR, "so2_dev")


def test_a_shifted_scale_loses_signal_and_is_taken_up_by_wavelength_calibration(doas):
    unit = doas({"wavelength_shift_pm": 45.0}, settings={"gas_mode": "span"})
    insert(unit, so2=100_000.0)
    low = results(unit, "so2", HOUR, 3 * HOUR).mean()
    assert low == pytest.approx(200.0 * (1.0 - 0.3**2), rel=0.01)
    assert unit.read(2 * HOUR, "wavelength_shift") == pytest.approx(45.0, abs=3.0)
    assert "wavelength_shift:high" in unit.read(2 * HOUR, "alarms")
    deviation = unit.read(2 * HOUR, "so2_dev")
    unit.apply(3 * HOUR, Command("calibrate_wavelength", True))
    assert unit.read(3 * HOUR + MINUTE, "wavelength_offset") == pytest.approx(45.0, abs=3.0)
    assert results(unit, "so2", 3 * HOUR + 6 * MINUTE, 5 * HOUR).mean() == pytest.approx(200.0, rel=0.005)
    assert unit.read(5 * HOUR, "so2_dev") < 0.8 * deviation


def test_branch_alignment_dirt_and_age_take_light_and_work_gives_it_back(doas):
    unit = doas(service=Service(hours=2000.0))
    aged = unit.read(10 * MINUTE, "light")
    assert aged == pytest.approx(90.7 * 0.8**2 * 0.8, abs=0.7)
    unit.apply(20 * MINUTE, Command("replace_lamp", True))
    unit.apply(20 * MINUTE, Command("clean_optics", True))
    new = unit.read(30 * MINUTE, "light")
    assert new == pytest.approx(90.7, abs=0.5)
    assert unit.read(30 * MINUTE, "lamp_hours") == pytest.approx(1.0 / 6.0)
    unit.apply(30 * MINUTE, Command("hidden.misalignment_mrad", 0.5))
    unit.apply(30 * MINUTE, Command("hidden.optics_dirt", 0.5))
    unit.apply(30 * MINUTE, Command("hidden.blocked", 0.5))
    assert unit.read(40 * MINUTE, "light") == pytest.approx(new * np.exp(-2.0) * 0.25, abs=0.1)
    unit.apply(40 * MINUTE, Command("align", True))
    unit.apply(40 * MINUTE, Command("clean_optics", True))
    assert unit.read(50 * MINUTE, "light") == pytest.approx(new * 0.5, abs=0.2)
    assert unit.read(35 * MINUTE, "light") == pytest.approx(new * np.exp(-2.0) * 0.25, abs=0.1)


def test_wind_sways_the_masts(doas):
    calm, storm = doas(), doas(wind_m_s=20.0)
    assert storm.read(HOUR, "light") < 0.95 * calm.read(HOUR, "light")


def test_masts_bend_with_the_day(doas):
    unit = doas({"bend_mrad_per_c": 0.05}, temperature_c=20.0, swing_c=8.0, sun_w_m2=0.0)
    for hour in range(2, 16):
        unit.advance(hour * HOUR)
    # 20 C at 9 h, 28 C at 15 h
    straight, bent = unit.read(9 * HOUR, "light"), unit.read(15 * HOUR, "light")
    assert bent / straight == pytest.approx(np.exp(-2.0 * (0.4 / 0.5) ** 2), rel=0.02)


def test_the_path_follows_a_point_but_is_not_it(doas):
    unit = doas(log_sd=0.5)
    minutes, path, point = np.arange(3, 300, 3), [], []
    for minute in minutes.tolist():
        path.append(unit.read(minute * MINUTE, "no2"))
        point.append(unit._site.outside.gas(minute * 60 - 60, minute * 60).fractions[Species.NO2].mean())
    path, point = np.array(path), np.array(point)
    assert 0.9 < np.corrcoef(path, point)[0, 1] < 0.999
    assert np.std(np.log(path / point)) > 0.03
    # averaging along the path takes what is fast
    assert np.std(np.diff(np.log(path))) < np.std(np.diff(np.log(point))) + 0.05


def test_power_loses_the_turn_and_keeps_the_calibration(doas):
    unit = doas(settings={"so2_coef": 1.1})
    unit.apply(62 * MINUTE, Command("power", False))
    assert unit.read(65 * MINUTE, "light") == 0.0
    assert unit.read(65 * MINUTE, "alarms") == ()
    held = unit.read(62 * MINUTE, "so2")
    unit.apply(70 * MINUTE, Command("power", True))
    assert unit.read(70 * MINUTE + 50_000_000, "so2") == held
    assert unit.read(71 * MINUTE, "so2") != held
    assert unit.read(71 * MINUTE, "so2_coef") == 1.1
    assert unit.read(71 * MINUTE, "light") < 70.0
    assert unit.read(3 * HOUR, "light") > 85.0


SCHEDULE = [
    (7.3, "gas_mode", "zero"), (16.11, "calibrate_so2_bkg", True), (20.0, "gas_mode", "span"),
    (31.5, "hidden.wavelength_shift_pm", 30.0), (40.02, "integration_no2", 180), (55.5, "gas_mode", "sample"),
    (60.0, "hidden.blocked", 0.97), (66.6, "power", False), (71.2, "power", True), (90.1, "replace_lamp", True),
    (100.0, "align", True), (101.0, "calibrate_wavelength", True), (110.7, "so2_coef", 1.05),
    (111.0, "path_length", 480.0),
]  # fmt: skip


@pytest.mark.parametrize("case", range(4))
def test_polls_change_nothing(doas, case):
    rng = random.Random(case)

    def play(polls):
        unit = doas(service=Service(hours=500.0))
        insert(unit, so2=100_000.0, o3=20_000.0)
        for minute, name, value in sorted([*SCHEDULE, *((t, "poll", None) for t in polls)], key=lambda one: one[0]):
            t = round(minute * 60e6)
            if name == "poll":
                unit.read(t, "so2")
            else:
                unit.apply(t, Command(name, value))
        return [unit.read(round(t * 10e6), q) for t in range(1, 780) for q in (*unit.quantities(), "alarms")]

    assert play([rng.uniform(0.0, 130.0) for _ in range(80)]) == play([])


def test_what_it_does_not_take_is_refused(doas):
    unit = doas()
    for name, value in [
        ("integration_so2", 200), ("gas_mode", "noon"), ("hidden.blocked", 1.5), ("path_length", 10.0), ("tune", True),
    ]:  # fmt: skip
        with pytest.raises(Refused):
            unit.apply(0, Command(name, value))
    with pytest.raises(Refused, match="one of none, not 'x'"):
        unit.apply(0, Command("cell", "x"))
    with pytest.raises(ValueError, match="none"):
        insert(unit, "none", so2=1.0)


def test_a_week_takes_a_fraction_of_a_second(doas):
    unit = doas()
    for hour in range(0, 168, 6):
        unit._site.outside.gas(hour * 3600, (hour + 6) * 3600)
    unit, begin = doas(), time.process_time()
    for hour in range(6, 169, 6):
        unit.advance(hour * HOUR)
    assert time.process_time() - begin < 0.8  # 0.16 s on a quiet machine, a third of it the outside air
