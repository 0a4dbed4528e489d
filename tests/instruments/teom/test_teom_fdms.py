"""The 1405-F against what real 1405-F data show: base and reference, valve, drier, filter change, noise."""

import numpy as np
import pytest
from teom_support import World, apply, at, recorded, series, unit
from waves import wave

HOUR, PHASE = 3600, 360
CLEAN = {"fine": 0.0, "volatile": 0.0, "coarse": 0.0, "giant": 0.0}


def phases(table, label):
    """Values at the ends of the 6-min phases."""
    return table[label][35::36]


def test_mass_resolution_and_noise_are_those_of_real_units():
    table = recorded(unit(world=World(**CLEAN)), 0, 96)
    mass = 14976.0 / phases(table, "frequency") ** 2 * 1e6
    assert np.std(mass[2:] - mass[:-2]) == pytest.approx(0.060, rel=0.15)  # 12 min, like phase with like phase
    noise = phases(table, "noise")
    assert noise.mean() == pytest.approx(0.0023, rel=0.05)
    assert noise.std() == pytest.approx(0.0006, rel=0.15)
    assert phases(table, "filter_load").std() == pytest.approx(0.9, rel=0.25)
    assert phases(table, "concentration").std() < 1.5
    assert abs(phases(table, "concentration").mean()) < 0.5
    assert (phases(table, "concentration") < 0.0).any()


def test_the_noise_at_39_percent_load_is_not_that_of_the_load():
    device = unit(hidden={"collected": 1700.0})
    table = recorded(device, 0, 12)
    assert phases(table, "filter_load").mean() == pytest.approx(39.5, abs=1.5)
    assert phases(table, "noise").mean() == pytest.approx(0.0023, rel=0.1)


def test_base_and_reference_differ_by_a_millihertz_that_the_concentration_does_not_see():
    table = recorded(unit(world=World(**CLEAN)), 0, 24)
    frequency = phases(table, "frequency")
    step = (frequency[1::2] - frequency[0::2]).mean() * 1e3
    assert step == pytest.approx(1.0, abs=0.15)
    stuck = recorded(unit(world=World(**CLEAN), hidden={"valve_travel": 0.0}), 0, 24)
    still = phases(stuck, "frequency")
    assert abs((still[1::2] - still[0::2]).mean() * 1e3) < 0.05


def test_base_less_reference_finds_what_the_filter_loses_and_a_50_degree_unit_does_not():
    world = {"fine": 40.0, "volatile": 15.0, "coarse": 0.0, "giant": 0.0}
    fdms = recorded(unit(world=World(**world)), 0, 72)
    lossy = recorded(unit("1400a", World(**world), settings={"size": "pm2.5"}), 0, 72)
    through = 1.0 - 0.02  # the cyclone takes the upper end of the fine mode
    assert fdms["concentration"][3600:].mean() == pytest.approx(55.0 * through, abs=1.5)
    assert fdms["reference_concentration"][3600:].mean() == pytest.approx(-7.5 * through, abs=1.0)
    assert lossy["concentration"][3600:].mean() == pytest.approx(40.0 * through, abs=1.5)
    assert fdms["base_concentration"] - fdms["reference_concentration"] == pytest.approx(fdms["concentration"])


def test_six_minute_values_are_a_running_hour():
    draw = np.random.default_rng(5).standard_normal((2, 10080 + 1))
    slow, fast = np.empty(10081), np.empty(10081)  # log anomalies of a city: 20 h, and 12 min within the hour
    for path, tau, sd, drawn in ((slow, 1200.0, 0.6, draw[0]), (fast, 12.0, 0.25, draw[1])):
        path[0] = 0.0
        for minute in range(1, 10081):
            keep = np.exp(-1.0 / tau)
            path[minute] = keep * path[minute - 1] + sd * np.sqrt(1.0 - keep**2) * drawn[minute]
    city = World(fine=lambda minute: 20.0 * np.exp(slow[minute] + fast[minute]))
    mc = phases(recorded(unit(world=city), 0, 168), "concentration")
    spells = mc[: len(mc) // 100 * 100].reshape(-1, 100)  # the real files hold 100 rows each
    away = spells - spells.mean(axis=1, keepdims=True)
    lag_1 = (away[:, 1:] * away[:, :-1]).sum(axis=1) / (away**2).sum(axis=1)
    assert lag_1.mean() == pytest.approx(0.98, abs=0.015)


def test_second_differences_of_the_base_come_in_equal_pairs_as_in_real_data():
    base = phases(recorded(unit(), 0, 12), "base_concentration")
    second = np.diff(base, 2)
    even, odd = second[0::2][: len(second) // 2], second[1::2][: len(second) // 2]
    pairs = min(np.abs(even - odd).max(), np.abs(even[1:] - odd[:-1]).max())
    assert pairs < 1e-9
    assert np.abs(second).max() > 0.01


def test_hour_values_stand_for_an_hour_and_long_means_are_means_of_hours():
    device = unit(world=World(fine=wave(30.0, 20.0, 200.0)))
    table = recorded(device, 0, 48)
    hours = table["concentration_1h"][359::360]
    assert np.array_equal(hours, table["concentration"][359::360])
    assert (table["concentration_1h"][360 * 30 : 360 * 31 - 1] == table["concentration_1h"][360 * 30]).all()
    for label, count in (("concentration_12h", 12), ("concentration_24h", 24), ("concentration_xxh", 8)):
        assert table[label][-1] == pytest.approx(hours[-count:].mean())


def test_a_filter_change_shows_the_bits_of_a_real_one_and_an_hour_of_zeros():
    device = unit()
    apply(device, 12 * HOUR + 60, "remove_filter")
    apply(device, 12 * HOUR + 360, "fit_filter", 0.0903)
    table = recorded(device, 0, 24)
    begin = (12 * HOUR + 60) // 10
    changing = slice(begin + 1, begin + 28)
    assert (table["status"][changing] == 201326608).all()  # bits 27, 26, 4: read in a real file
    assert table["main_flow"][changing].mean() == pytest.approx(1.13, abs=0.01)
    assert (table["filter_load"][changing] == 150.0).all()
    assert table["frequency"][begin + 20] == pytest.approx(359.42, abs=0.01)
    assert table["frequency"][begin + 100] == pytest.approx(269.45, abs=0.2)
    after = phases(table, "concentration")[12 * 10 :]
    zeros = int(np.flatnonzero(after)[0]) * 6
    assert 60 <= zeros <= 84
    assert table["status"][begin + 200] == 0.0
    reference = phases(table, "reference_concentration")[12 * 10 :]
    first, later = reference[zeros // 6], reference[zeros // 6 + 60]
    assert first < later - 3.0  # a new filter loses mass for hours, and the difference does not care
    concentration = after[zeros // 6 + 10 :]
    assert concentration.mean() == pytest.approx(table["concentration"][360 * 3 : 360 * 11].mean(), abs=3.0)


def test_a_badly_seated_filter_falls_for_hundreds_of_micrograms_and_is_noisy():
    device = unit(hidden={"looseness": 1.0})
    table = recorded(device, 0, 12)
    assert 1.0 < phases(table, "noise").mean() < 2.5
    assert phases(table, "base_concentration")[20:].mean() < -200.0
    assert np.abs(phases(table, "raw_reference")[20:]).max() > 1000.0


def test_drier_and_valve_and_cooler_do_what_the_air_asks_of_them():
    winter = recorded(unit(world=World(temperature=14.0, humidity=88.0)), 0, 3)
    summer = recorded(unit(world=World(temperature=32.0, humidity=76.0)), 0, 3)
    assert winter["dryer_dew_point"].mean() == pytest.approx(-8.3, abs=0.5)
    assert summer["dryer_dew_point"].mean() == pytest.approx(-2.3, abs=0.5)
    assert winter["cooler_temp"].mean() == pytest.approx(4.0, abs=0.01)
    assert winter["cooler_temp"].std() == pytest.approx(0.03, rel=0.15)
    assert np.array_equal(np.unique(winter["valve_position"]), [0.0, 1.0])
    assert np.array_equal(winter["valve_position"], np.arange(1080) // 36 % 2)
    assert winter["vacuum"].mean() == pytest.approx(0.32, abs=0.01)
    assert winter["main_flow"].mean() == pytest.approx(3.0, abs=0.001)
    assert winter["bypass_flow"].std() == pytest.approx(0.022, rel=0.2)


def test_a_spent_drier_makes_the_particles_heavier():
    moist = World(fine=50.0, volatile=0.0, coarse=0.0, temperature=30.0, humidity=85.0)
    dry = recorded(unit(world=moist), 0, 24)["concentration"][2400:].mean()
    wet_unit = unit(world=moist, hidden={"dryer": 0.0})
    wet = recorded(wet_unit, 0, 24)["concentration"][2400:].mean()
    assert wet > 1.2 * dry
    assert "dryer" in wet_unit.read(at(24 * HOUR), "alarms")


def test_a_warm_purge_filter_gives_back_what_it_holds():
    device = unit(world=World(fine=20.0, volatile=20.0))
    sound = recorded(device, 0, 12)["concentration"][2000:].mean()
    ill = unit(world=World(fine=20.0, volatile=20.0), hidden={"cooler": 0.0})
    assert recorded(ill, 0, 12)["concentration"][2000:].mean() < sound - 5.0
    assert "cooler" in ill.read(at(12 * HOUR), "alarms")


@pytest.mark.parametrize("hidden", [{"valve_travel": 0.0}, {"valve_return": 0.0}])
def test_a_valve_that_sticks_makes_the_difference_vanish_and_sets_bit_5(hidden):
    device = unit(hidden=hidden)
    table = recorded(device, 0, 24)
    assert abs(table["concentration"][3000:].mean()) < 1.0
    assert set(np.unique(table["status"])) == {0.0, 32.0}
    assert (table["status"] == 32.0).mean() == pytest.approx(0.5)


def test_the_valve_wears_and_is_made_new():
    from instruments.wear import Service

    old = unit(service=Service(parts={"valve": 60000.0}))
    assert "fdms_valve" in old.read(at(HOUR), "alarms") or "fdms_valve" in old.read(at(HOUR - 400), "alarms")
    apply(old, HOUR, "service_valve")
    assert not any("fdms_valve" in old.read(at(HOUR + t), "alarms") for t in range(400, 4000, 300))


def test_manual_valve_positions_stand_for_the_leak_check():
    device = unit(hidden={"leak_main": 0.1, "leak_reference": 0.3, "leak_bypass": 0.4, "main_flow_zero": 0.02})
    apply(device, HOUR, "pump", False)
    zero = series(device, HOUR + 60, HOUR + 360, "main_flow", every=10).mean()
    apply(device, HOUR + 400, "cap_inlet", True)
    apply(device, HOUR + 400, "valve", "base")
    apply(device, HOUR + 400, "pump", True)
    base = series(device, HOUR + 420, HOUR + 700, "main_flow", every=10).mean() - zero
    bypass = series(device, HOUR + 420, HOUR + 700, "bypass_flow", every=10).mean()
    apply(device, HOUR + 700, "valve", "reference")
    reference = series(device, HOUR + 720, HOUR + 1000, "main_flow", every=10).mean() - zero
    assert zero == pytest.approx(0.02, abs=0.002)
    assert base == pytest.approx(0.1, abs=0.002)
    assert reference == pytest.approx(0.4, abs=0.002)
    assert bypass == pytest.approx(0.4, abs=0.02)
    assert device.read(at(HOUR + 900), "inlet_flow") == 0.0
