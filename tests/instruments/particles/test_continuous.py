"""The 5014i: mass every minute, slopes, fresh spots, radon, hours that count."""

import numpy as np
import pytest
from beta_support import HOUR_US, MINUTE_US, Outside, day_of_three
from waves import wave

from instruments.errors import Refused
from instruments.particles.slopes import pooled_slope, running_slope

CLEAN = {"fine": 0.0, "volatile": 0.0, "coarse": 0.0, "giant": 0.0}
DRY = {"kappa": 0.0, "volatile": 0.0, "humidity": 20.0}


def at(hour):
    return round(hour * HOUR_US)


def minutes(unit, quantity, hour, count=60):
    return np.array([unit.read(at(hour) + k * MINUTE_US, quantity) for k in range(1, count + 1)])


def test_the_detection_limit_of_hour_and_day(make, hours):
    values = hours(make("5014i", Outside(**CLEAN)), "concentration_1h", 1, 24 * 21)
    assert 2.5 < 2.0 * values.std(ddof=1) < 4.0
    days = hours(make("5014i", Outside(**CLEAN)), "concentration_24h", 24, 24 * 21)[::24]
    assert 2.0 * days.std(ddof=1) < 1.0
    assert abs(values.mean()) < 0.4
    assert (values < 0.0).mean() > 0.2


def test_the_hour_is_the_mass_of_the_hour(make, hours):
    unit = make("5014i", Outside(**{**DRY, "fine": 120.0}))
    assert hours(unit, "concentration_1h", 1, 48).mean() == pytest.approx(120.0 * 0.991 + 40.0 * 0.038, rel=0.01)
    pm10 = make("5014i", Outside(**{**DRY, "fine": 120.0}), settings={"size": "pm10"})
    assert hours(pm10, "concentration_1h", 1, 48).mean() == pytest.approx(120.0 + 40 * 0.877 + 20 * 0.119, rel=0.01)


def test_the_running_value_is_a_ramp_over_its_averaging_time_and_the_hour_comes_at_its_end(make):
    outside = Outside(**{**DRY, "fine": lambda minute: np.where(minute >= 180, 600.0, 50.0)})
    unit = make("5014i", outside)
    running = minutes(unit, "concentration", 3)
    assert running[4] < 150.0
    assert 200.0 < running[14] < 480.0
    assert running[35] == pytest.approx(600.0, rel=0.1)
    assert unit.read(at(4) - 1_000_000, "concentration_1h") < 80.0
    assert unit.read(at(4), "concentration_1h") == pytest.approx(600.0 * 0.991, rel=0.03)
    assert unit.read(at(4), "record_s") == 4 * 3600.0


def test_a_longer_averaging_time_is_quieter(make):
    noise = []
    for seconds in (1200, 3600):
        unit = make("5014i", Outside(**CLEAN), settings={"averaging_time": seconds})
        noise.append(minutes(unit, "concentration", 2, 20 * 60).std())
    assert noise[0] / noise[1] == pytest.approx(3.0**1.5, rel=0.4)


def test_a_fresh_spot_comes_at_midnight_and_costs_five_minutes(make):
    unit = make("5014i")
    unit.advance(at(24) - MINUTE_US)
    changing = minutes(unit, "changing", 24)
    assert changing[:5].all()
    assert not changing[5:].any()
    assert minutes(unit, "flow", 24)[:5].max() == 0.0
    assert unit.read(at(24) + 2 * MINUTE_US, "alarms") == ()
    assert unit.read(at(24), "mass") > 300.0
    assert abs(unit.read(at(24) + 10 * MINUTE_US, "mass")) < 40.0
    assert unit.read(at(25), "hour_valid") == 1.0


def test_the_change_can_be_set(make):
    unit = make("5014i", settings={"change_hour": 3, "change_interval": 12})
    found = [hour for hour in range(1, 30) if unit.read(at(hour) + 3 * MINUTE_US, "changing")]
    assert found == [3, 15, 27]


def test_a_full_spot_is_changed_early(make):
    unit = make("5014i", Outside(**{**DRY, "fine": 900.0}))
    found = [m for m in range(10, 20 * 60) if unit.read(m * MINUTE_US, "changing") and m > 10]
    first = found[0]
    assert first == pytest.approx(1500.0 / (900.0 * 0.991 * 16.67e-3), abs=8)
    assert unit.read(at(10), "concentration_1h") == pytest.approx(894.0, rel=0.02)


def test_a_spot_that_throttles_the_flow_is_changed_and_a_weak_pump_alone_is_not(make):
    loaded = make("5014i", Outside(**{**DRY, "fine": 900.0}), hidden={"pump_fraction": 0.8})
    assert sum(loaded.read(at(0) + m * MINUTE_US, "changing") for m in range(10, 600)) >= 5
    weak = make("5014i", Outside(**CLEAN), hidden={"pump_fraction": 0.6})
    assert not minutes(weak, "changing", 2, 120).any()
    assert weak.read(at(3), "alarms") == ("flow:low",)


def test_volatile_matter_goes_and_a_heater_stuck_on_makes_it_worse(make, hours):
    air = {**DRY, "fine": 60.0, "volatile": 30.0, "coarse": 0.0, "giant": 0.0}
    means = []
    for t, hidden in [(5.0, {}), (28.0, {}), (28.0, {"heater_least": 1.0})]:
        unit = make("5014i", Outside(**air, temperature=t, temperature_room=t), hidden=hidden)
        means.append(hours(unit, "concentration_1h", 1, 72).mean())
    assert means[0] > 84.0
    assert means[0] > means[1] + 8.0 > means[2] + 8.0
    assert means[2] == pytest.approx(60.0, abs=4.0)


def test_drier_air_takes_water_off_the_spot_and_makes_negative_minutes(make):
    falling = Outside(fine=10.0, coarse=0.0, giant=0.0, volatile=0.0, temperature_room=20.0,
                      humidity=lambda minute: np.where(minute < 600, 85.0, 30.0))  # fmt: skip
    unit = make("5014i", falling, hidden={"heater_available": 0.0})
    assert minutes(unit, "concentration", 10, 60).min() < -40.0


def test_radon_is_corrected_by_alpha_counts_and_not_without_them(make, hours):
    night = {"radon_factor": 30.0}
    plain = make("5014i", Outside(**{**DRY, "fine": 20.0}))
    corrected = make("5014i", Outside(**{**DRY, "fine": 20.0}), hidden=night)
    blind = make("5014i", Outside(**{**DRY, "fine": 20.0}), hidden={**night, "alpha_fraction": 0.0})
    base, good, bad = (hours(unit, "concentration_1h", 1, 24 * 6) for unit in (plain, corrected, blind))
    assert (bad - base).std() > 2.0 * (good - base).std()
    assert corrected.read(at(144) + 30 * MINUTE_US, "radon") > 30.0
    assert blind.read(at(144) + 30 * MINUTE_US, "radon") == 0.0


@pytest.mark.parametrize(
    ("hidden", "ratio"),
    [
        ({"leak_fraction": 0.1}, 0.9),
        ({"flow_sensor_error_pct": 2.0}, 1 / 1.02),
        ({"attenuation_error_pct": -3.0}, 0.97),
    ],
)
def test_causes_move_the_concentration_by_what_physics_says(make, hours, hidden, ratio):
    outside = Outside(**{**DRY, "fine": 500.0, "coarse": 0.0, "giant": 0.0})
    sound = hours(make("5014i", outside), "concentration_1h", 1, 48).mean()
    assert hours(make("5014i", outside, hidden=hidden), "concentration_1h", 1, 48).mean() / sound == pytest.approx(
        ratio, abs=0.004
    )


def test_k_background_and_clipped_negatives(make, hours):
    outside = Outside(**{**DRY, "fine": 200.0})
    plain, scaled = (
        hours(make("5014i", outside, settings=one), "concentration_1h", 1, 24).mean()
        for one in ({}, {"k_factor": 1.1, "bkgd": -3.0})
    )
    assert scaled == pytest.approx(1.1 * plain - 3.0, abs=0.1)
    clipped = hours(make("5014i", Outside(**CLEAN), settings={"offset": 0.0}), "concentration_1h", 1, 100)
    assert clipped.min() == 0.0


def test_a_cut_in_mid_hour_takes_a_fresh_spot_and_the_hour_needs_45_minutes(make, do):
    for off, on, valid in [(10.2, 10.3, 1.0), (10.2, 10.6, 0.0)]:
        unit = make("5014i", settings={"k_factor": 1.04})
        before = unit.read(at(10), "concentration_1h")
        do(unit, off, "power", False)
        do(unit, on, "power", True)
        assert unit.read(at(on) + 3 * MINUTE_US, "changing") == 1.0
        assert abs(unit.read(at(on) + 10 * MINUTE_US, "mass")) < 150.0
        assert unit.read(at(11), "hour_valid") == valid
        assert (unit.read(at(11), "concentration_1h") == before) == (not valid)
        assert unit.read(at(12), "k_factor") == 1.04


def test_the_day_is_the_mean_of_the_valid_hours(make, do):
    outside = Outside(**{**DRY, "fine": lambda minute: 50.0 + minute / 20.0})
    unit = make("5014i", outside)
    do(unit, 12.1, "power", False)
    do(unit, 14.5, "power", True)
    hourly = {hour: unit.read(at(hour), "concentration_1h") for hour in range(7, 31) if hour not in (13, 14, 15)}
    assert unit.read(at(30), "concentration_24h") == pytest.approx(np.mean(list(hourly.values())), abs=1e-6)


def test_foils_and_the_leak_test(make, do):
    unit = make("5014i", serial="T1")
    with pytest.raises(Refused, match="maintenance"):
        do(unit, 1.0, "place_foil")
    do(unit, 1.0, "maintenance", True)
    do(unit, 1.0, "place_foil")
    assert unit.read(at(1) + 8 * MINUTE_US, "foil_reading") == pytest.approx(unit.read(0, "foil_certificate"), rel=0.01)
    do(unit, 1.2, "remove_foil")
    do(unit, 1.3, "test_pump", True)
    do(unit, 1.3, "hidden.leak_fraction", 0.03)
    do(unit, 1.4, "cap_inlet", True)
    assert unit.read(at(1.5), "flow") == pytest.approx(0.03 * 2.5 * 16.67, abs=0.05)
    do(unit, 1.6, "cap_inlet", False)
    do(unit, 1.7, "maintenance", False)
    assert unit.read(at(1.7) + 3 * MINUTE_US, "changing") == 1.0
    assert unit.read(at(2), "hour_valid") == 0.0
    assert unit.read(at(3), "hour_valid") == 1.0


def test_a_torn_tape(make, do):
    unit = make("5014i")
    do(unit, 5.5, "hidden.tape_broken", True)
    assert unit.read(at(6), "alarms") == ("tape_fault:high",)
    assert unit.read(at(7), "hour_valid") == 0.0
    do(unit, 7.2, "replace_tape")
    assert unit.read(at(8.2), "alarms") == ()
    assert unit.read(at(9), "hour_valid") == 1.0


def test_a_filter_change_by_hand_and_a_self_test(make, do):
    unit = make("5014i", hidden={"pump_fraction": 0.3})
    do(unit, 5.5, "change_filter")
    assert unit.read(at(5.5) + 3 * MINUTE_US, "changing") == 1.0
    do(unit, 6.0, "self_test")
    assert unit.read(at(6.1), "self_test_result") == 8.0


def test_same_commands_same_bits_whoever_polls_and_however_it_is_cut(make):
    def air():
        return Outside(
            fine=wave(160.0, 150.0, 37.0),
            volatile=lambda minute: 15.0 + 10.0 * np.cos(minute / 91.0),
            humidity=wave(60.0, 35.0, 200.0),
            temperature=wave(15.0, 10.0, 230.0),
        )  # fmt: skip

    commands = [
        (1.47, "hidden.leak_fraction", 0.04), (2.205, "averaging_time", 3600), (3.61, "k_factor", 1.03),
        (4.33, "power", False), (5.57, "power", True), (7.12, "maintenance", True), (7.13, "place_foil", True),
        (7.5, "maintenance", False), (9.4, "hidden.pump_fraction", 0.8), (11.71, "hidden.pump_fraction", 1.0),
        (12.3, "clean_nozzle", True), (13.2, "cap_inlet", True), (13.9, "cap_inlet", False),
        (14.2, "change_filter", True),
        (15.1, "hidden.radon_factor", 20.0), (17.5, "hidden.heater_least", 1.0), (18.25, "hidden.tape_broken", True),
        (19.25, "replace_tape", True), (20.9, "zero_filter", True), (21.5, "mass_limit", 200.0),
    ]  # fmt: skip
    units = [make("5014i", air(), settings={"change_interval": 4}) for _ in range(3)]
    last = day_of_three(units, commands, "concentration")
    assert (last[0] == last[2]).all()
    assert (last[1] == last[2]).all()


def test_slopes_against_numpys_own_fit():
    rng = np.random.default_rng(3)
    mass = np.cumsum(rng.normal(1.0, 0.3, 200))
    flow = np.full(200, 16.0)
    age = np.concatenate((np.arange(1.0, 101.0), np.arange(1.0, 101.0)))
    slope, litres = running_slope(mass, flow, age, 30, 150)
    for index in (0, 49, 60, 99, 149):
        points = int(min(age[50 + index], 30))
        part = mass[50 + index - points + 1 : 51 + index]
        expected = np.polyfit(np.arange(points), part, 1)[0] if points > 1 else 0.0
        assert slope[index] == pytest.approx(expected, abs=1e-9)
    assert litres == pytest.approx(np.full(150, 16.0))
    jump = np.concatenate((3.0 + 2.0 * np.arange(20.0), 500.0 + 2.0 * np.arange(30.0)))
    assert pooled_slope(jump, np.repeat([1.0, 2.0], [20, 30])) == pytest.approx(2.0)
    assert pooled_slope(jump[:1], np.ones(1)) == 0.0
