"""The classic unit: smoothing, precision, constants, humidity and pressure steps, half hours."""

import numpy as np
import pytest
from teom_support import Room, World, apply, at, recorded, unit
from waves import wave

HOUR = 3600
CLEAN = {"fine": 0.0, "volatile": 0.0, "coarse": 0.0, "giant": 0.0}


def test_precision_is_within_5_in_ten_minutes_and_1_5_in_an_hour():
    concentration = recorded(unit("1400a", World(**CLEAN)), 0, 120)["concentration"]
    ten, hour = concentration.reshape(-1, 60).mean(axis=1), concentration.reshape(-1, 360).mean(axis=1)
    assert 0.2 < ten.std() < 2.5
    assert 0.05 < hour.std() < 0.75
    assert abs(hour.mean()) < 0.1
    assert (hour < 0.0).any()


def test_a_step_of_the_air_goes_through_two_smoothings_in_a_row():
    world = World(fine=lambda minute: np.where(minute < 180, 20.0, 120.0), volatile=0.0, coarse=0.0, giant=0.0)
    table = recorded(unit("1400a", world, settings={"size": "tsp"}), 0, 6)
    shown = table["concentration"]
    low, high = shown[360:1080].mean(), shown[1620:].mean()
    assert low == pytest.approx(20.0, abs=1.0)
    assert high == pytest.approx(120.0, abs=1.0)
    t = np.arange(1, 121) * 10.0
    expected = 20.0 + 100.0 * (1.0 - (1.0 + t / 300.0) * np.exp(-t / 300.0))
    assert np.abs(shown[1080:1200] - expected).max() < 4.0
    fast = recorded(unit("1400a", world, settings={"size": "tsp", "mass_averaging": 60, "rate_averaging": 60}), 0, 6)
    assert fast["concentration"][1080 + 24] > shown[1080 + 24] + 20.0


def test_constants_a_and_b_are_those_of_the_us_equivalence_and_leave_base_values_alone():
    plain = recorded(unit("1400a"), 0, 6)
    device = unit("1400a", settings={"constant_a": 3.0, "constant_b": 1.03})
    us = recorded(device, 0, 6)
    for label in ("concentration", "concentration_30min", "concentration_1h"):
        assert us[label] == pytest.approx(3.0 + 1.03 * plain[label])
    assert np.array_equal(us["total_mass"], plain["total_mass"])
    apply(device, 5 * HOUR, "constant_b", 1.0, by="unlogged")
    assert device.read(at(5 * HOUR + 20), "concentration") != us["concentration"][1801]
    assert device.read(at(5 * HOUR - 20), "concentration") == us["concentration"][1797]
    assert device.read(at(6 * HOUR), "audit_log") == ()
    assert device.read(at(6 * HOUR), "parameter_writes") == 1


def test_half_hours_hours_and_eight_hours_are_means_of_what_was_shown():
    table = recorded(unit("1400a", World(fine=wave(30.0, 10.0, 100.0))), 0, 24)
    half = table["concentration"].reshape(-1, 180).mean(axis=1)
    assert table["concentration_30min"][179::180] == pytest.approx(half)
    hour = half.reshape(-1, 2).mean(axis=1)
    assert table["concentration_1h"][359::360] == pytest.approx(hour)
    assert table["concentration_8h"][-1] == pytest.approx(hour[-8:].mean())
    assert table["concentration_24h"][-1] == pytest.approx(hour.mean())


def test_fifty_degrees_lose_what_is_volatile_and_thirty_keep_it_longer():
    cloud = {"fine": 0.0, "coarse": 0.0, "giant": 0.0,
             "volatile": lambda minute: np.where((minute >= 120) & (minute < 240), 60.0, 0.0)}  # fmt: skip
    cool = {"cap_temp_set": 30.0, "case_temp_set": 30.0, "air_temp_set": 30.0}
    hot_mass = recorded(unit("1400a", World(**cloud)), 0, 8)["total_mass"]
    cool_mass = recorded(unit("1400a", World(**cloud), settings=cool), 0, 8)["total_mass"]
    arrived = 60.0 * 3.0 * 120 / 1000
    assert cool_mass[1500] - cool_mass[700] > 0.7 * arrived
    assert hot_mass[1500] - hot_mass[700] < 0.5 * arrived
    assert hot_mass[-1] - hot_mass[700] < 0.1 * arrived


@pytest.mark.parametrize(("model", "least", "most"), [("1400a", 0.4, 5.0), ("1405-F", 0.0, 0.5)])
def test_a_humidity_step_moves_the_mass_for_half_an_hour_and_less_behind_a_drier(model, least, most):
    settings = {f"{label}_temp_set": 30.0 for label in ("cap", "case", "air")}
    step = World(**CLEAN, temperature=25.0, humidity=lambda minute: np.where(minute < 300, 40.0, 66.8))
    flat = World(**CLEAN, temperature=25.0, humidity=40.0)
    moist = recorded(unit(model, step, settings=settings), 0, 10)["frequency"]
    dry = recorded(unit(model, flat, settings=settings), 0, 10)["frequency"]
    apparent = 14976.0e6 * (1.0 / moist**2 - 1.0 / dry**2)
    assert abs(apparent[:1790]).max() < 1e-6
    after = apparent[1800:]
    assert least < after[-1] < most
    reached = after / after[-1]
    assert 0.55 < reached[120] < 0.72  # 20 min
    assert reached[360] > 0.93


def test_a_pressure_step_moves_the_frequency_for_a_while():
    settings = {"size": "pm10"}
    step = World(**CLEAN, pressure=lambda minute: np.where(minute < 120, 1010.0, 1000.0))
    moved = recorded(unit("1400a", step, settings=settings), 0, 6)["frequency"]
    flat = recorded(unit("1400a", World(**CLEAN), settings=settings), 0, 6)["frequency"]
    apparent = 14976.0e6 * (1.0 / moved**2 - 1.0 / flat**2)
    assert apparent[721] == pytest.approx(-0.5, abs=0.05)
    assert abs(apparent[-1]) < 0.02


def test_the_rooms_air_conditioner_is_in_the_temperatures_and_faintly_in_the_frequency():
    cycling = Room(lambda second: 25.0 + 2.0 * np.sin(second * 2.0 * np.pi / 1200.0))
    moved, still = recorded(unit("1400a", room=cycling), 0, 6), recorded(unit("1400a"), 0, 6)
    assert np.ptp(moved["enclosure_temp"]) == pytest.approx(4.0, abs=0.1)
    assert 0.0005 < np.ptp(moved["cap_temp"] - still["cap_temp"]) < 0.01
    apparent = 14976.0e6 * (1.0 / moved["frequency"] ** 2 - 1.0 / still["frequency"] ** 2)
    assert 0.003 < np.ptp(apparent[720:] - np.linspace(apparent[720], apparent[-1], len(apparent) - 720)) < 0.2


def test_a_loaded_filter_is_called_for_and_then_takes_the_flow():
    device = unit("1400a", hidden={"collected": 9000.0})
    table = recorded(device, 0, 3)
    assert table["filter_load"].mean() == pytest.approx(112.0, abs=2.0)
    assert device.read(at(3 * HOUR), "alarms") == ("exchange_filter",)
    assert device.read(at(3 * HOUR), "status") == 8.0
    full = recorded(unit("1400a", hidden={"collected": 15500.0}), 0, 3)
    assert full["main_flow"].mean() < 2.3
    assert full["bypass_flow"].mean() == pytest.approx(13.67, abs=0.01)


def test_standard_volumes_raise_the_concentration_of_warm_thin_air():
    world = World(temperature=35.0, pressure=950.0)
    actual = recorded(unit("1400a", world), 0, 6)["concentration"]
    standard = recorded(unit("1400a", world, settings={"volume_state": "standard"}), 0, 6)["concentration"]
    # The epoch's first smoothing knows the true volume only.
    factor = 1013.25 / 950.0 * (308.15 / 298.15)
    assert (standard[720:] / actual[720:]).mean() == pytest.approx(factor, rel=0.01)


def test_a_stored_k0_five_percent_high_reads_five_percent_high():
    right = recorded(unit("1400a"), 0, 24)["concentration"]
    wrong = recorded(unit("1400a", settings={"k0": 14976.0 * 1.05}), 0, 24)["concentration"]
    assert (wrong[360:] / right[360:]).mean() == pytest.approx(1.05, abs=0.001)


def test_the_head_decides_what_is_weighed():
    dusty = {"fine": 20.0, "volatile": 0.0, "coarse": 60.0, "giant": 30.0}

    def mean(size, **hidden):
        device = unit("1400a", World(**dusty), settings={"size": size}, hidden=hidden)
        return recorded(device, 0, 24)["concentration"][720:].mean()

    pm2_5, pm10, tsp = mean("pm2.5"), mean("pm10"), mean("tsp")
    assert 19.0 < pm2_5 < 26.0
    assert 60.0 < pm10 < 85.0
    assert tsp == pytest.approx(110.0, abs=2.0)
    assert mean("pm2.5", wrong_head=1.0) == pytest.approx(pm10, abs=1.0)
    assert mean("pm10", wrong_head=1.0) == pytest.approx(pm2_5, abs=1.0)
    assert mean("pm10", head_missing=1.0) == pytest.approx(tsp, abs=1.5)


def test_vibration_is_noise_that_a_data_check_rejects_and_no_bias():
    quiet, loud = unit("1400a", World(**CLEAN)), unit("1400a", World(**CLEAN), hidden={"noise_factor": 20.0})
    tables = recorded(quiet, 0, 24), recorded(loud, 0, 24)
    assert tables[0]["noise"].max() < 0.01 < 0.04 < np.median(tables[1]["noise"])
    assert abs(tables[1]["concentration"].mean()) < 1.0
    assert tables[1]["concentration"].std() > 3.0 * tables[0]["concentration"].std()
