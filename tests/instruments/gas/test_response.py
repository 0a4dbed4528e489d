"""What all four kinds share: averaging ramps, noise, spans, leaks, settings with their past, power."""

import numpy as np
import pytest

from instruments.air import Species
from instruments.catalogue import load
from instruments.device import Command
from instruments.errors import Refused

SPANS = [("43i", "so2", "so2", {"gas": "a"}, 400.0), ("42i", "nox", "no", {"gas": "b"}, 400.0),
         ("48i", "co", "co", {"gas": "c"}, 40.0)]  # fmt: skip


def spanned(rig, gas, target, start=0.0):
    rig.offer(start, **gas, concentration=target, calibrator_mode="span")


@pytest.mark.parametrize(("model", "kind", "quantity", "gas", "target"), SPANS)
def test_a_good_unit_reads_true(line, model, kind, quantity, gas, target):
    rig = line(model)
    spanned(rig, gas, target)
    assert rig.mean(kind, quantity, 3600.0, 30) == pytest.approx(target, rel=0.004)


def test_a_good_ozone_unit_reads_true(line):
    rig = line("49i")
    rig.offer(0.0, ozone=400.0, calibrator_mode="ozone")
    assert rig.mean("o3", "o3", 3600.0, 30) == pytest.approx(400.0, rel=0.004)


def t90(rig, averaging):
    rig.tell("co", 0.0, averaging_time=averaging)
    rig.offer(0.0, calibrator_mode="zero")
    rig.tell("calibrator", 3600.0, gas="c", concentration=40.0, calibrator_mode="span")
    return next(t for t in range(0, 1200, 10) if rig.read("co", "co", 3600.0 + t) > 36.0)


@pytest.mark.parametrize(("averaging", "lowest", "highest"), [(10, 30, 60), (60, 70, 100), (300, 280, 320)])
def test_rise_time_follows_the_moving_average(line, averaging, lowest, highest):
    # W = 10, 60, 300 s behind a lag of 10 s: 29, 65, 280 s, and the way from the calibrator comes on top
    assert lowest <= t90(line("48i"), averaging) <= highest


def test_a_moving_average_gives_a_ramp(line):
    rig = line("48i", noise_factor=0.0)
    rig.tell("co", 0.0, averaging_time=300)
    rig.offer(0.0, calibrator_mode="zero")
    rig.tell("calibrator", 3600.0, gas="c", concentration=40.0, calibrator_mode="span")
    rise = [rig.read("co", "co", 3600.0 + t) for t in range(100, 280, 20)]
    np.testing.assert_allclose(np.diff(rise), 40.0 * 20.0 / 300.0, rtol=0.05)


@pytest.mark.parametrize(
    ("model", "kind", "quantity"),
    [("43i", "so2", "so2"), ("42i", "nox", "no"), ("42i", "nox", "nox"), ("49i", "o3", "o3"), ("48i", "co", "co")],
)
def test_zero_noise_is_the_catalogues(line, model, kind, quantity):
    rig = line(model)
    rig.offer(0.0, calibrator_mode="zero")
    # 40 runs of 25 values, two minutes apart
    values = np.array([rig.read(kind, quantity, 3600.0 + 120.0 * i) for i in range(1000)]).reshape(40, 25)
    noise = np.sqrt(np.mean(np.var(values, axis=1, ddof=1)))
    # 960 degrees of freedom: 99.9 % within 8 %; the flicker moves within a run by a few per cent more
    assert noise == pytest.approx(load(model).parameter("zero_noise"), rel=0.14)


def test_noise_grows_as_the_lamp_fades(line):
    def scatter(**hidden):
        rig = line("43i", **hidden)
        rig.offer(0.0, calibrator_mode="zero")
        return np.std([rig.read("so2", "so2", 3600.0 + 60.0 * i) for i in range(200)])

    assert scatter(lamp_fraction=0.25) == pytest.approx(2.0 * scatter(), rel=0.01)


def test_span_error_and_linearity(line):
    rig = line("48i", span_error_pct=7.0, linearity_pct_fs=1.0, noise_factor=0.0, span_wander_pct=0.0)
    spanned(rig, {"gas": "c"}, 25.0)
    zero_signal = rig.analyzers["co"].number("co_bkg") - load("48i").parameter("zero_signal")
    assert zero_signal == pytest.approx(0.0)
    assert rig.read("co", "co", 3600.0) == pytest.approx((25.0 + 0.5) * 1.07, rel=1e-3)


def test_a_leak_draws_room_air_and_less_through_the_inlet(line):
    rig = line("48i", noise_factor=0.0)
    spanned(rig, {"gas": "c"}, 40.0)
    tight = rig.read("co", "co", 1800.0)
    rig.tell("co", 1800.0, hidden__leak_fraction=0.25)
    water = 0.25 * rig.room.gas(3600, 3601).fractions[Species.H2O, 0]
    expected = 0.75 * tight + 0.25 * 0.4 + 0.004 * water
    assert rig.read("co", "co", 3600.0) == pytest.approx(expected, rel=2e-3)
    # the pump has aged by half an hour meanwhile
    assert rig.read("co", "inlet_flow", 3600.0) == pytest.approx(0.75 * rig.read("co", "inlet_flow", 1700.0), rel=1e-5)
    assert rig.read("co", "sample_flow", 3600.0) == pytest.approx(rig.read("co", "sample_flow", 1700.0), abs=0.05)


def test_a_drift_begins_when_it_is_told_to(line):
    rig = line("48i", noise_factor=0.0, span_wander_pct=0.0, span_pct_per_c=0.0)
    rig.offer(0.0, gas="c", concentration=40.0, calibrator_mode="span")
    for hour in range(6, 49, 6):
        rig.analyzers["co"].advance(hour * 3_600_000_000)
    before = rig.read("co", "co", 48 * 3600.0)
    rig.tell("co", 48 * 3600.0, hidden__span_drift_pct_per_day=12.0)
    assert rig.read("co", "co", 48 * 3600.0 + 600.0) == pytest.approx(before * (1 + 12 / 14400), rel=5e-4)
    rig.analyzers["co"].advance(54 * 3_600_000_000)
    rig.tell("co", 54 * 3600.0, hidden__span_drift_pct_per_day=0.0)
    rig.analyzers["co"].advance(60 * 3_600_000_000)
    assert rig.read("co", "co", 60 * 3600.0) == pytest.approx(before * 1.03, rel=1e-3)


def test_sensor_errors_are_compensated_into_the_reading(line):
    good, bad = line("48i", noise_factor=0.0), line("48i", noise_factor=0.0, pressure_sensor_error_mmhg=15.0)
    for rig in (good, bad):
        spanned(rig, {"gas": "c"}, 40.0)
    pressure = good.read("co", "pressure", 1800.0)
    assert bad.read("co", "pressure", 1800.0) == pytest.approx(pressure + 15.0, abs=0.11)
    lower = (good.read("co", "co", 1800.0) + 1.4) * pressure / (pressure + 15.0) - 1.4
    assert bad.read("co", "co", 1800.0) == pytest.approx(lower, rel=2e-3)


def test_calibration_makes_the_reading_right(line):
    rig = line("43i", zero_offset=6.0, span_error_pct=-5.0, noise_factor=0.0)
    rig.offer(0.0, calibrator_mode="zero")
    assert rig.read("so2", "so2", 3600.0) > 4.0
    rig.tell("so2", 3600.0, calibrate_so2_bkg=True)
    assert rig.read("so2", "so2", 3600.0) == pytest.approx(0.0, abs=1e-3)
    spanned(rig, {"gas": "a"}, 400.0, 3600.0)
    assert rig.read("so2", "so2", 9000.0) < 385.0
    rig.tell("so2", 9000.0, span_concentration=400.0, calibrate_so2_coef=True)
    assert rig.read("so2", "so2", 9000.0) == pytest.approx(400.0, rel=2e-4)


def test_calibration_out_of_limits_is_refused_and_changes_nothing(line):
    rig = line("43i")
    rig.offer(0.0, calibrator_mode="zero")
    before = rig.read("so2", "so2_coef", 3600.0)
    with pytest.raises(Refused):
        rig.tell("so2", 3600.0, calibrate_so2_coef=True)
    assert rig.read("so2", "so2_coef", 3600.0) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("so2_coef", "x"), ("so2_coef", float("nan")), ("so2_coef", True), ("instrument_id", 300), ("gas_mode", "vent"),
     ("averaging_time", 17), ("pres_comp", 1), ("hidden.lamp_fraction", -1.0), ("hidden.nothing", 1.0), ("tea", 1.0),
     ("power", "off"), ("calibrate_tea", True)],
)  # fmt: skip
def test_nonsense_is_refused(line, name, value):
    with pytest.raises(Refused):
        line("43i").analyzers["so2"].apply(1, Command(name, value))


def test_a_power_cut_cools_and_warms_up_again(line):
    rig = line("42i")
    unit = rig.analyzers["nox"]
    assert unit.read(600_000_000, "warming_up") is False
    rig.tell("nox", 600.0, power=False)
    assert unit.read(1_200_000_000, "powered") is False
    assert unit.read(500_000_000, "powered") is True
    assert unit.read(1_200_000_000, "inlet_flow") == 0.0
    cold = rig.read("nox", "converter_temp", 1800.0)
    assert cold < 100.0
    rig.tell("nox", 1800.0, power=True)
    assert unit.read(1_860_000_000, "warming_up") is True
    assert "converter_temp:low" in unit.read(1_860_000_000, "alarms")
    assert unit.read(1_860_000_000, "uptime_s") == pytest.approx(60.0, abs=10.0)
    assert rig.read("nox", "converter_temp", 1800.0 + 7200.0) == pytest.approx(325.0, abs=2.0)
    assert unit.read(9_000_000_000, "warming_up") is False


def test_a_unit_built_cold_warms_up(line):
    rig = line("43i", warm=False)
    assert rig.analyzers["so2"].read(30_000_000, "warming_up") is True
    assert rig.read("so2", "chamber_temp", 30.0) < 30.0
    assert rig.analyzers["so2"].read(7_200_000_000, "warming_up") is False


def test_a_span_check_after_days_on_ambient_air(line):
    rig = line("43i")
    for hour in range(6, 73, 6):
        for device in (*rig.analyzers.values(), rig.calibrator):
            device.advance(hour * 3_600_000_000)
    spanned(rig, {"gas": "a"}, 400.0, 72 * 3600.0)
    assert rig.read("so2", "so2", 73 * 3600.0) == pytest.approx(400.0, rel=0.01)


def test_every_observable_of_the_catalogue_can_be_read(line):
    rig = line("43i", "42i", "49i", "48i")
    for kind, unit in rig.analyzers.items():
        for quantity in (*unit.reported(), *unit.diagnostics, *load(unit.entry.name).alarms):
            assert np.isfinite(rig.read(kind, quantity, 900.0)), (kind, quantity)
        with pytest.raises(KeyError):
            unit.read(900_000_000, "tea")


def test_healthy_units_have_no_alarms(line):
    rig = line("43i", "42i", "49i", "48i")
    assert {kind: unit.read(3_600_000_000, "alarms") for kind, unit in rig.analyzers.items()} == dict.fromkeys(
        rig.analyzers, ()
    )
