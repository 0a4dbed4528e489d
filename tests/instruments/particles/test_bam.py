"""The BAM-1020 against its document and against arithmetic: timeline, counts, volumes, flags, hands, mains."""

import numpy as np
import pytest
from beta_support import HOUR_US, MINUTE_US, Outside, day_of_three
from waves import wave

from instruments.errors import Refused
from instruments.particles.bam_cycle import Phase
from instruments.particles.flags import BIT, LETTERS, RELAY

CLEAN = {"fine": 0.0, "volatile": 0.0, "coarse": 0.0, "giant": 0.0}
DRY = {"kappa": 0.0, "volatile": 0.0, "humidity": 20.0}


def at(hour):
    return round(hour * HOUR_US)


def minute_values(unit, quantity, hour):
    return np.array([unit.read(at(hour) + k * MINUTE_US, quantity) for k in range(1, 61)])


def word(unit, hour):
    return int(unit.read(at(hour) + MINUTE_US, "flags"))


# -- timeline ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [4, 6, 8, 10])
def test_the_pump_runs_60_minus_two_counts_minus_two_minutes(make, count):
    unit = make("BAM-1020", settings={"count_time": count})
    pumping = minute_values(unit, "flow", 2) > 10.0
    expected = np.zeros(60, dtype=bool)
    expected[count + 1 : 59 - count] = True
    assert (pumping == expected).all()
    assert pumping.sum() == 60 - 2 * count - 2
    counting = minute_values(unit, "count_rate", 2) > 0.0
    assert counting[:count].all()
    assert counting[60 - count :].all()
    assert not counting[count]


def test_the_phase_says_where_the_cycle_is(make, do):
    unit = make("BAM-1020")
    phases = minute_values(unit, "phase", 2).astype(int).tolist()
    assert (
        phases
        == [Phase.CLEAN_COUNT] * 8 + [Phase.MOVING] + [Phase.SAMPLING] * 42 + [Phase.MOVING] + [Phase.LOADED_COUNT] * 8
    )
    do(unit, 4.5, "maintenance", True)
    assert unit.read(at(4.6), "phase") == Phase.MAINTENANCE
    assert unit.read(at(4.6), "flags_now") == BIT["M"]
    do(unit, 4.7, "maintenance", False)
    assert unit.read(at(4.8), "phase") == Phase.WAITING


@pytest.mark.parametrize(("count", "volume"), [(8, 0.701), (4, 0.835)])
def test_the_volume_of_an_hour(make, count, volume):
    unit = make("BAM-1020", settings={"count_time": count})
    assert unit.read(at(5) + MINUTE_US, "qtot") == pytest.approx(volume, abs=0.003)


def test_a_record_is_there_at_the_end_of_its_hour_and_stays_for_one(make):
    outside = Outside(fine=lambda minute: np.where((minute >= 120) & (minute < 180), 400.0, 20.0), **DRY)
    unit = make("BAM-1020", outside)
    last_second = at(3) - 1_000_000
    assert unit.read(last_second, "concentration") < 40.0  # the loaded hour is not over
    assert unit.read(at(3), "concentration") == pytest.approx(400.0, rel=0.05)
    assert unit.read(at(4) - 1_000_000, "concentration") == pytest.approx(400.0, rel=0.05)
    assert unit.read(at(4), "concentration") < 40.0
    assert unit.read(at(3), "record_s") == 3 * 3600.0


def test_early_mode_has_the_record_at_minute_55(make):
    unit = make("BAM-1020", settings={"cycle": "early"})
    assert unit.read(at(5) - 5 * MINUTE_US, "record_s") == 5 * 3600.0 - 300.0
    assert unit.read(at(5) - 6 * MINUTE_US, "record_s") == 4 * 3600.0 - 300.0


def test_a_wrong_clock_shifts_the_cycle(make):
    unit = make("BAM-1020", hidden={"clock_jump_s": 600.0})
    assert unit.read(at(5), "record_s") == 5 * 3600.0 - 600.0


def test_a_change_of_the_count_time_waits_for_the_next_hour(make, do):
    unit = make("BAM-1020")
    do(unit, 2.3, "count_time", 4)
    assert (minute_values(unit, "flow", 2) > 10.0).sum() == 42
    assert (minute_values(unit, "flow", 3) > 10.0).sum() == 50


# -- counting statistics ----------------------------------------------------------------------------------------------


def test_the_detection_limit_is_that_of_the_document(make, hours):
    unit = make("BAM-1020", Outside(**CLEAN))
    values = hours(unit, "concentration", 1, 24 * 28)
    sigma = values.std(ddof=1)
    assert 2.0 * sigma < 4.8
    assert sigma > 2.0  # it counts, it does not draw at will
    days = values.reshape(-1, 24).mean(axis=1)
    assert 2.0 * days.std(ddof=1) < 1.4
    assert abs(values.mean()) < 0.5


def test_four_minute_counts_make_the_hour_noisier(make, hours):
    unit = make("BAM-1020", Outside(**CLEAN), settings={"count_time": 4, "size": "pm10"})
    sigma = hours(unit, "concentration", 1, 24 * 21).std(ddof=1)
    assert sigma == pytest.approx(2.85, abs=0.3)


def test_the_noise_follows_from_the_counts(make, hours):
    few = make("BAM-1020", Outside(**CLEAN), hidden={"detector_fraction": 0.3})
    sigma = hours(few, "concentration", 1, 24 * 14).std(ddof=1)
    # (A / mu) sqrt(2 / N) / V with N = 0.3 x 20000 x 480 counts, and a little of the tape
    expected = 0.95 / 0.285 * 1000.0 * np.sqrt(2.0 / (0.3 * 20000.0 * 480.0)) / 0.7014
    assert sigma == pytest.approx(expected, rel=0.12)


def test_clean_air_has_negative_hours(make, hours):
    values = hours(make("BAM-1020", Outside(**{**CLEAN, "fine": 2.0})), "concentration", 1, 200)
    assert 0.05 < (values < 0.0).mean() < 0.45
    assert values.min() >= -15.0


def test_pm25_above_pm10_happens_side_by_side_and_not_always(make, hours):
    outside = Outside(coarse=3.0, giant=0.0)
    fine = hours(make("BAM-1020", outside, name="fine"), "concentration", 1, 200)
    all_ = hours(make("BAM-1020", outside, name="all", settings={"size": "pm10", "count_time": 4}),
                 "concentration", 1, 200)  # fmt: skip
    assert 0.02 < (fine > all_).mean() < 0.4
    assert all_.mean() > fine.mean()


# -- mass -------------------------------------------------------------------------------------------------------------


def test_the_mean_is_the_mass_that_passes_the_head(make, hours):
    outside = Outside(**{**DRY, "fine": 60.0, "coarse": 50.0})
    fine = hours(make("BAM-1020", outside), "concentration", 1, 100).mean()
    coarse = hours(make("BAM-1020", outside, settings={"size": "pm10"}), "concentration", 1, 100).mean()
    assert fine == pytest.approx(60.0 * 0.991 + 50.0 * 0.038, abs=1.0)
    assert coarse == pytest.approx(60.0 + 50.0 * 0.877 + 20.0 * 0.119, abs=1.0)


def test_k_background_and_mu_act_as_their_formula_says(make, hours):
    outside = Outside(**{**DRY, "fine": 200.0})
    plain = hours(make("BAM-1020", outside), "concentration", 1, 48).mean()
    for settings, expected in [
        ({"k_factor": 1.05}, 1.05 * plain),
        ({"bkgd": -4.0}, plain - 4.0),
        ({"mu": 0.30}, plain * 0.285 / 0.30),
    ]:
        unit = make("BAM-1020", outside, settings=settings)
        assert hours(unit, "concentration", 1, 48).mean() == pytest.approx(expected, rel=0.003), settings


@pytest.mark.parametrize(
    ("hidden", "ratio"),
    [
        ({"leak_fraction": 0.1}, 0.9),
        ({"flow_sensor_error_pct": 1.0}, 1 / 1.01),
        ({"temperature_sensor_error_c": 2.93}, 293.15 / 296.08),
        ({"pressure_sensor_error_hpa": 10.0}, 1.01),
        ({"attenuation_error_pct": 3.0}, 1.03),
        ({"static_ug": 7.0}, 1.0 + 7.0 / 0.7014 / 500.0),
    ],
)
def test_causes_move_the_concentration_by_what_physics_says(make, hours, hidden, ratio):
    outside = Outside(**{**DRY, "fine": 500.0, "coarse": 0.0, "giant": 0.0})
    sound = hours(make("BAM-1020", outside), "concentration", 1, 72).mean()
    ill = hours(make("BAM-1020", outside, hidden=hidden), "concentration", 1, 72).mean()
    # the cut-off moves with the flow, too: some tenths of a per cent of the fine particles
    assert ill / sound == pytest.approx(ratio, abs=0.004)


def test_the_head_sees_the_true_flow(make):
    unit = make("BAM-1020", hidden={"flow_sensor_error_pct": 10.0, "leak_fraction": 0.05})
    t = at(2) + 30 * MINUTE_US
    assert unit.read(t, "flow") == pytest.approx(16.7, rel=0.02)
    assert unit.read(t, "inlet_flow") == pytest.approx(16.7 / 1.1 * 0.95, rel=0.02)


def test_standard_volumes_and_actual_volumes(make, hours):
    outside = Outside(**{**DRY, "fine": 300.0}, temperature=-5.0, pressure=950.0)
    actual = hours(make("BAM-1020", outside), "concentration", 1, 48).mean()
    standard = make("BAM-1020", outside, settings={"concentration_state": "standard"})
    factor = (1013.25 / 950.0) * (268.15 / 298.15)
    assert hours(standard, "concentration", 1, 48).mean() / actual == pytest.approx(factor, rel=0.003)
    assert standard.read(at(40) + MINUTE_US, "qtot") == pytest.approx(0.7014 / factor, rel=0.005)
    held = make("BAM-1020", outside, settings={"flow_control": "standard"})
    assert held.read(at(2) + 30 * MINUTE_US, "inlet_flow") == pytest.approx(16.7 * factor, rel=0.01)


def test_heads_swapped_and_a_missing_cyclone(make, hours):
    outside = Outside(**DRY)
    fine = hours(make("BAM-1020", outside), "concentration", 1, 48).mean()
    coarse = hours(make("BAM-1020", outside, settings={"size": "pm10"}), "concentration", 1, 48).mean()
    missing = make("BAM-1020", outside, hidden={"wrong_head": 1.0})
    assert hours(missing, "concentration", 1, 48).mean() == pytest.approx(coarse, abs=1.0)
    swapped = make("BAM-1020", outside, settings={"size": "pm10"}, hidden={"wrong_head": 1.0})
    assert hours(swapped, "concentration", 1, 48).mean() == pytest.approx(fine, abs=1.0)


# -- humidity ---------------------------------------------------------------------------------------------------------

HUMID = {"humidity": 90.0, "volatile": 0.0, "fine": 100.0, "coarse": 0.0, "giant": 0.0, "temperature_room": 20.0}


def test_heating_holds_the_tape_at_35_per_cent_in_humid_air(make, hours):
    unit = make("BAM-1020", Outside(**HUMID))
    assert hours(unit, "hour_rh", 1, 3) == pytest.approx(35.0, abs=0.1)
    assert hours(unit, "concentration", 1, 48).mean() == pytest.approx(0.991 * 100.0 * 1.0897, rel=0.01)


def test_a_heater_stuck_off_leaves_the_water_on_the_particles(make, hours):
    unit = make("BAM-1020", Outside(**HUMID), hidden={"heater_available": 0.0})
    assert hours(unit, "hour_rh", 1, 3) == pytest.approx(90.0, abs=0.5)
    assert hours(unit, "concentration", 1, 48).mean() == pytest.approx(0.991 * 100.0 * 2.5, rel=0.02)


def test_a_heater_stuck_on_dries_more_than_it_should_and_drives_volatiles_off(make, hours):
    air = {**HUMID, "volatile": 40.0, "fine": 60.0}
    held = hours(make("BAM-1020", Outside(**air)), "concentration", 1, 48).mean()
    stuck = make("BAM-1020", Outside(**air), hidden={"heater_least": 1.0})
    assert hours(stuck, "filter_temp", 1, 2) == pytest.approx(40.0, abs=0.5)
    assert hours(stuck, "hour_rh", 1, 2).max() < 32.0
    assert hours(stuck, "concentration", 1, 48).mean() < held - 2.0


def test_a_humidity_sensor_that_reads_low_lets_the_tape_get_wet(make, hours):
    unit = make("BAM-1020", Outside(**HUMID), hidden={"rh_sensor_error_pct": -30.0})
    assert hours(unit, "hour_rh", 1, 3) == pytest.approx(35.0, abs=0.1)  # it shows what it holds
    sound = make("BAM-1020", Outside(**HUMID))
    wet, dry = (hours(one, "concentration", 1, 48).mean() for one in (unit, sound))
    assert wet > 1.15 * dry


def test_volatile_matter_is_lost_from_a_warm_tape_within_the_reported_range(make, hours):
    air = {**DRY, "volatile": 25.0, "fine": 75.0, "coarse": 0.0, "giant": 0.0}
    losses = {}
    for temperature in (5.0, 25.0, 38.0):
        outside = Outside(**{**air, "temperature": temperature, "temperature_room": temperature})
        mean = hours(make("BAM-1020", outside), "concentration", 1, 96).mean()
        losses[temperature] = 1.0 - mean / (0.991 * 100.0)
    assert losses[5.0] < 0.02
    assert losses[5.0] < losses[25.0] < losses[38.0]
    assert 0.05 < losses[38.0] < 0.20


def test_five_degrees_above_outside(make):
    unit = make("BAM-1020", Outside(temperature_room=15.0, temperature=15.0), settings={"heater_mode": "delta"})
    assert unit.read(at(2), "hour_delta") == pytest.approx(5.0, abs=0.01)


def test_the_shelters_air_conditioner_is_in_the_readings(make, hours):
    steady = make("BAM-1020", Outside(**CLEAN))
    cycling = Outside(**CLEAN, temperature_room=lambda minute: 25.0 + 12.0 * ((minute % 60) > 30))
    moved = make("BAM-1020", cycling)
    shift = hours(moved, "concentration", 1, 100).mean() - hours(steady, "concentration", 1, 100).mean()
    # warmer air between source and counter at the second count: more counts, less mass
    assert -6.0 < shift < -1.5


def test_an_alkaline_tape_gains_from_sulphur_dioxide(make, hours):
    outside = Outside(**CLEAN, so2=40.0)
    gain = hours(make("BAM-1020", outside, hidden={"alkaline_tape": 0.2}), "concentration", 1, 48).mean()
    assert gain == pytest.approx(0.2 * 40.0 * 2.62, rel=0.1)


# -- flags ------------------------------------------------------------------------------------------------------------


def test_the_letters_fold_most_significant_first():
    assert [BIT[letter] for letter in "EUMILRNFPDCT"] == [0x800 >> place for place in range(12)]
    assert LETTERS == "EUMILRNFPDCT"
    assert sum(BIT[letter] for letter in "CPNRLIMU") == RELAY


@pytest.mark.parametrize(
    ("hidden", "letter", "full_scale"),
    [
        ({"tape_broken": True}, "T", True),
        ({"nozzle_stuck": True}, "N", True),
        ({"membrane_stuck": True}, "R", True),
        ({"membrane_error_pct": 7.0}, "D", False),
        ({"detector_fraction": 0.1}, "C", True),
        ({"internal_fault": True}, "I", True),
        ({"telemetry_fault": True}, "U", True),
        ({"pump_fraction": 0.0}, "F", True),
        ({"pump_stuck_on": True}, "F", True),
        ({"temperature_sensor_off": True}, "F", True),
    ],
)
def test_each_cause_raises_its_letter_and_no_other(make, hidden, letter, full_scale):
    unit = make("BAM-1020", hidden=hidden)
    assert word(unit, 4) == BIT[letter]
    assert unit.read(at(4) + MINUTE_US, "alarms") == (letter,)
    value = unit.read(at(4) + MINUTE_US, "concentration")
    assert (value == 985.0) == full_scale


def test_a_sound_unit_has_no_letter(make):
    unit = make("BAM-1020")
    assert [word(unit, hour) for hour in range(1, 60)] == [0] * 59
    assert unit.read(at(60), "alarms") == ()


def test_the_membrane_reads_its_mass(make):
    unit = make("BAM-1020")
    found = np.array([unit.read(at(hour) + MINUTE_US, "membrane_abs") for hour in range(1, 40)])
    assert found.mean() == pytest.approx(0.8, rel=0.002)
    assert 0.0 < found.std() < 0.01


def test_a_weak_pump_first_loses_regulation_and_then_the_sample(make):
    slow = make("BAM-1020", hidden={"pump_fraction": 0.73})
    t = at(2) + 30 * MINUTE_US
    assert slow.read(t, "flow") == pytest.approx(15.5, abs=0.35)
    assert word(slow, 3) == BIT["F"]
    assert slow.read(at(3) + MINUTE_US, "concentration") < 200.0  # kept
    assert slow.read(at(3) + MINUTE_US, "qtot") == pytest.approx(0.655, abs=0.02)
    weak = make("BAM-1020", hidden={"pump_fraction": 0.65})
    pumping = minute_values(weak, "flow", 2) > 5.0
    assert word(weak, 3) == BIT["F"]
    assert pumping.sum() == 2  # more than a minute out by 10 %: the sample ends
    assert weak.read(at(3) + MINUTE_US, "concentration") == 985.0  # too little air for a figure


def test_heavy_load_ends_the_sample_early_and_the_partial_volume_counts(make):
    outside = Outside(fine=200.0, coarse=6000.0, humidity=20.0, kappa=0.0, volatile=0.0, giant=0.0)
    unit = make("BAM-1020", outside, settings={"size": "pm10", "count_time": 4, "range": 10000.0})
    assert word(unit, 3) == BIT["P"]
    assert unit.read(at(3) + MINUTE_US, "qtot") < 0.5
    assert unit.read(at(3) + MINUTE_US, "concentration") == pytest.approx(200.0 + 0.877 * 6000.0, rel=0.03)


def test_values_end_at_the_range(make):
    unit = make("BAM-1020", Outside(**{**DRY, "fine": 2000.0}))
    assert unit.read(at(3), "concentration") == 985.0
    assert word(unit, 3) == 0


def test_negatives_clipped_by_the_offset(make, hours):
    values = hours(make("BAM-1020", Outside(**CLEAN), settings={"offset": 0.0}), "concentration", 1, 100)
    assert values.min() == 0.0
    assert (values == 0.0).mean() > 0.4


def test_a_dirty_vane_makes_a_saw_tooth(make, hours):
    values = hours(make("BAM-1020", Outside(**CLEAN), hidden={"nozzle_dirt": 0.8}), "concentration", 1, 100)
    assert np.corrcoef(values[1:], values[:-1])[0, 1] < -0.3
    assert values.std() > 5.0


def test_rain_in_the_head(make, hours):
    dry, wet = Outside(**CLEAN, rain=0.0), Outside(**CLEAN, rain=5.0)
    ill = {"rain_in": 0.5}
    assert hours(make("BAM-1020", wet, hidden=ill), "concentration", 1, 20).mean() > 100.0
    assert hours(make("BAM-1020", dry, hidden=ill), "concentration", 1, 20).mean() < 5.0


def test_a_frozen_value(make, hours, do):
    unit = make("BAM-1020")
    do(unit, 10.2, "hidden.frozen", True)
    assert len(set(hours(unit, "concentration", 1, 10))) > 3
    assert len(set(hours(unit, "concentration", 10, 30))) == 1
    assert unit.read(at(30) + MINUTE_US, "record_s") == 30 * 3600.0


# -- mains ------------------------------------------------------------------------------------------------------------


def test_a_power_cut_in_mid_hour_costs_the_hour_and_nothing_else(make, do):
    unit, other = make("BAM-1020", settings={"k_factor": 1.02}), make("BAM-1020", settings={"k_factor": 1.02})
    do(unit, 10.5, "power", False)
    assert unit.read(at(10.6), "flow") == 0.0
    assert unit.read(at(10.6), "alarms") == ()
    do(unit, 10.7, "power", True)
    assert minute_values(unit, "flow", 10)[42:].max() == 0.0  # waits for the full hour
    assert word(unit, 11) == BIT["L"]
    assert unit.read(at(11) + MINUTE_US, "concentration") == 985.0
    assert word(unit, 12) == 0
    assert unit.read(at(12) + MINUTE_US, "qtot") == pytest.approx(0.701, abs=0.003)
    assert unit.read(at(12), "k_factor") == 1.02
    assert [unit.read(at(h), "concentration") for h in range(11)] == [
        other.read(at(h), "concentration") for h in range(11)
    ]
    # a cold counter warms within the first hours, then the two are the same unit again
    late = [(unit.read(at(h), "concentration"), other.read(at(h), "concentration")) for h in range(20, 30)]
    assert all(abs(a - b) <= 1.0 for a, b in late)


def test_hours_without_power_have_no_record(make, do):
    unit = make("BAM-1020")
    do(unit, 5.3, "power", False)
    do(unit, 9.1, "power", True)
    assert unit.read(at(9.05), "record_s") == 5 * 3600.0
    assert unit.read(at(10) + MINUTE_US, "record_s") == 10 * 3600.0
    assert word(unit, 10) == BIT["L"]


def test_settings_survive_on_the_battery_and_only_there(make, do):
    for flat, left in [(False, 1.05), (True, 1.0)]:
        unit = make("BAM-1020", settings={"k_factor": 1.05, "size": "pm10"}, hidden={"battery_flat": flat})
        do(unit, 2.0, "power", False)
        assert unit.read(at(2.1), "k_factor") == 1.05
        do(unit, 3.0, "power", True)
        assert unit.read(at(3.1), "k_factor") == left
        assert unit.read(at(3.1), "size") == "pm10"  # a head is no setting of a memory


# -- hands ------------------------------------------------------------------------------------------------------------


def test_maintenance_marks_its_hour_and_waits_for_the_next(make, do):
    unit = make("BAM-1020", hidden={"clock_rate_ppm": 0.0})
    do(unit, 3.2, "maintenance", True)
    do(unit, 3.4, "maintenance", False)
    assert [word(unit, hour) for hour in (3, 4, 5)] == [0, BIT["M"], 0]
    assert unit.read(at(4) + MINUTE_US, "concentration") == 985.0
    assert unit.read(at(6), "audit_log") == (
        "1970-01-01 03:12:00 panel maintenance False -> True", "1970-01-01 03:24:00 panel maintenance True -> False",
    )  # fmt: skip


def test_the_leak_test(make, do):
    for leak, shown in [(0.0, 0.0), (0.02, 0.02 * 2.5 * 16.7), (0.06, 0.06 * 2.5 * 16.7)]:
        unit = make("BAM-1020", hidden={"leak_fraction": leak})
        do(unit, 1.0, "maintenance", True)
        do(unit, 1.0, "test_pump", True)
        assert unit.read(at(1.1), "flow") == pytest.approx(16.7, rel=0.02)
        do(unit, 1.2, "cap_inlet", True)
        assert unit.read(at(1.3), "flow") == pytest.approx(shown, abs=0.05)
        assert unit.read(at(1.3), "inlet_flow") == 0.0
        do(unit, 1.4, "cap_inlet", False)
        assert unit.read(at(1.5), "flow") == pytest.approx(16.7, rel=0.02)


def test_a_capped_inlet_while_sampling_is_a_flow_error(make, do):
    unit = make("BAM-1020")
    do(unit, 2.0, "cap_inlet", True)
    assert word(unit, 3) & BIT["F"]


def test_a_zero_filter_gives_the_background(make, hours, do):
    unit = make("BAM-1020", Outside(fine=300.0), hidden={"static_ug": 2.0})
    do(unit, 0.0, "zero_filter", True)
    background = hours(unit, "concentration", 1, 72).mean()
    assert background == pytest.approx(2.0 / 0.7014, abs=1.0)
    do(unit, 72.0, "bkgd", -round(background, 1))
    assert abs(hours(unit, "concentration", 73, 144).mean()) < 1.5
    do(unit, 144.0, "zero_filter", False)
    assert hours(unit, "concentration", 145, 150).mean() > 250.0


def placed(unit, do, hour, foil):
    do(unit, hour, "maintenance", True)
    do(unit, hour, "place_foil", foil)
    reading = unit.read(at(hour) + 17 * MINUTE_US, "foil_reading")
    do(unit, hour + 0.3, "remove_foil")
    do(unit, hour + 0.3, "maintenance", False)
    return reading


def test_the_units_own_foil_reads_its_certificate_and_another_units_does_not(make, do):
    unit = make("BAM-1020", serial="A100")
    certificate = unit.read(0, "foil_certificate")
    own = [placed(unit, do, hour, True) for hour in (1.1, 2.1, 3.1)]
    assert own == pytest.approx([certificate] * 3, rel=0.01)
    assert len(set(own)) == 3
    strangers = [placed(unit, do, 4.1 + n, serial) for n, serial in enumerate(("B200", "C300", "D400", "E500"))]
    assert sum(abs(found / certificate - 1.0) > 0.02 for found in strangers) >= 2
    assert placed(unit, do, 10.1, "A100") == pytest.approx(certificate, rel=0.01)
    assert placed(unit, do, 11.1, 0.9) == pytest.approx(0.9, rel=0.01)


def test_a_changed_attenuation_is_found_by_the_foil(make, do):
    unit = make("BAM-1020", hidden={"attenuation_error_pct": 4.0})
    reading = placed(unit, do, 1.1, True)
    assert reading / unit.read(0, "foil_certificate") == pytest.approx(1.04, abs=0.01)


def test_a_foil_takes_its_time_and_a_sampling_unit_takes_none(make, do):
    unit = make("BAM-1020")
    with pytest.raises(Refused, match="maintenance"):
        do(unit, 1.0, "place_foil")
    do(unit, 1.0, "maintenance", True)
    do(unit, 1.0, "place_foil")
    assert unit.read(at(1) + 15 * MINUTE_US, "foil_reading") == 0.0
    assert unit.read(at(1) + 16 * MINUTE_US, "foil_reading") > 0.7
    for nonsense in (0.0, 99.0, False, ("a",)):
        with pytest.raises(Refused, match="foil"):
            do(unit, 1.5, "place_foil", nonsense)


def test_a_roll_ends_after_sixty_days_and_a_new_one_costs_an_hour(make, do):
    from instruments.wear import Service

    unit = make("BAM-1020", service=Service(hours=5000.0, parts={"tape": 1437.0}))
    flags = [word(unit, hour) for hour in range(1, 8)]
    assert flags[0] == 0
    assert flags[-1] == BIT["T"]
    do(unit, 7.5, "replace_tape")
    assert word(unit, 8) & BIT["M"]
    assert word(unit, 9) == 0
    assert unit.read(at(9), "tape_left") == pytest.approx(99.9, abs=0.1)
    old = make("BAM-1020", service=Service(hours=20000.0))
    assert old.read(at(1), "tape_left") > 0.0  # whoever ran it has changed the tape when it was due


def test_maintenance_mends_what_it_touches(make, do):
    unit = make("BAM-1020", hidden={"tape_broken": True, "nozzle_dirt": 0.9, "head_dirt": 0.4, "pump_fraction": 0.5,
                                    "leak_fraction": 0.1})  # fmt: skip
    for action in ("replace_tape", "clean_nozzle", "clean_head", "rebuild_pump"):
        do(unit, 2.0, action)
    assert unit.read(at(2), "hidden.nozzle_dirt") == 0.0
    assert unit.read(at(2), "hidden.tape_broken") is False
    assert unit.read(at(2), "hidden.leak_fraction") == 0.1  # a worn seal is not dirt
    assert word(unit, 4) == 0


def test_a_self_test_finds_what_does_not_move(make, do):
    unit = make("BAM-1020", hidden={"membrane_stuck": True, "nozzle_stuck": True})
    do(unit, 1.5, "self_test")
    assert unit.read(at(1.6), "self_test_result") == BIT["R"] | BIT["N"]
    do(unit, 2.0, "hidden.membrane_stuck", False)
    do(unit, 2.0, "hidden.nozzle_stuck", False)
    do(unit, 2.5, "self_test")
    assert unit.read(at(2.6), "self_test_result") == 0


def test_an_external_reset(make, do):
    unit = make("BAM-1020")
    do(unit, 2.5, "external_reset")
    assert word(unit, 3) == BIT["E"]
    assert word(unit, 4) == 0


# -- the contract -----------------------------------------------------------------------------------------------------

COMMANDS = [
    (1.47, "hidden.leak_fraction", 0.04), (2.205, "count_time", 4), (3.61, "k_factor", 1.03), (4.33, "power", False),
    (5.57, "power", True), (7.12, "maintenance", True), (7.13, "place_foil", True), (7.5, "maintenance", False),
    (9.4, "hidden.pump_fraction", 0.7), (11.71, "hidden.pump_fraction", 1.0), (12.3, "clean_nozzle", True),
    (13.2, "cap_inlet", True), (13.9, "cap_inlet", False), (15.01, "hidden.membrane_stuck", True),
    (16.45, "external_reset", True), (17.5, "hidden.heater_least", 1.0), (18.25, "hidden.tape_broken", True),
    (19.25, "replace_tape", True), (20.9, "zero_filter", True), (21.35, "hidden.pump_stuck_on", True),
]  # fmt: skip


def wild():
    """Air that makes everything vary: dust that blocks the tape, humidity, temperature."""
    return Outside(
        fine=wave(60.0, 50.0, 37.0),
        volatile=lambda minute: 15.0 + 10.0 * np.cos(minute / 91.0),
        coarse=lambda minute: np.where((minute // 150) % 3 == 1, 5000.0, 60.0),
        humidity=wave(60.0, 35.0, 200.0),
        temperature=wave(15.0, 10.0, 230.0),
        pressure=wave(1000.0, 1.0, 90.0),
        temperature_room=lambda minute: 25.0 + ((minute // 13) % 2),
    )  # fmt: skip


def test_same_commands_same_bits_whoever_polls_and_however_it_is_cut(make):
    options = {"settings": {"size": "pm10", "range": 10000.0}}
    units = [make("BAM-1020", wild(), **options) for _ in range(3)]
    last = day_of_three(units, COMMANDS, "flow")
    assert (last[0] == last[2]).all()
    assert (last[1] == last[2]).all()
    assert len(set(last[2][units[0].rows["flags"]])) > 6


def test_a_change_of_the_air_is_seen(make):
    outside = Outside(**{**DRY, "fine": 50.0})
    unit = make("BAM-1020", outside)
    unit.advance(at(20))
    outside.change(10 * 3600, fine=500.0)
    assert unit.read(at(10), "concentration") < 70.0
    assert unit.read(at(11), "concentration") == pytest.approx(500.0, rel=0.05)
