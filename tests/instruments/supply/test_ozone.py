"""How the lamp is controlled, what the photometer makes of it, and whether a titration closes."""

import numpy as np
import pytest

from instruments.air import Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command


def ozone(line, second):
    return line.gas(second)[Species.O3]


def test_a_lamp_at_constant_drive_makes_less_as_it_ages_and_the_servos_do_not(supply):
    made = {}
    for control in ("constant", "reference", "photometer"):
        line = supply(generator=False)
        line.tell(10, ozone_control=control, ozone=300.0, calibrator_mode="ozone")
        before = ozone(line, 2000), line.read(2000, "ozone_drive")
        line.tell(2000, hidden__ozone_lamp_fraction=0.85)
        made[control] = ozone(line, 4000) / before[0], line.read(4000, "ozone_drive") / before[1]
    assert made["constant"][0] == pytest.approx(0.85, rel=1e-3)
    assert made["constant"][1] == pytest.approx(1.0, rel=1e-6)
    for servo in ("reference", "photometer"):
        assert made[servo][0] == pytest.approx(1.0, rel=1e-6)
        assert made[servo][1] == pytest.approx(1.0 / 0.85, rel=1e-3)


def test_a_servo_runs_out_of_lamp(supply):
    line = supply(generator=False, ozone_lamp_fraction=0.4)
    line.tell(10, ozone=1000.0, calibrator_mode="ozone")
    # 6000 ppb L/min x 1.25 x 0.4 in 5 L/min
    assert ozone(line, 2000) == pytest.approx(600.0, rel=1e-3)
    assert line.read(2000, "ozone_drive") == pytest.approx(5000.0)


def test_a_cold_lamp_makes_less_at_constant_drive(supply):
    unit = build_unit(
        load("146i"), "cal", 1, warm=False, hidden={"ozone_fluctuation_pct": 0.0, "ozone_fluctuation": 0.0}
    )
    for name, value in (("ozone_control", "constant"), ("ozone", 300.0), ("calibrator_mode", "ozone")):
        unit.apply(0, Command(name, value))
    early, late = (unit.outlet.gas(second, second + 1).fractions[Species.O3, 0] for second in (150, 7200))
    assert early < 0.8 * late
    assert late == pytest.approx(300.0, rel=5e-3)
    assert unit.read(150_000_000, "warming_up") is True
    assert unit.read(7_200_000_000, "warming_up") is False


def test_the_photometer_servo_hides_dirt_and_wrong_sensors_and_the_true_ozone_shows_them(supply):
    for fault, change in [
        ({"photometer_dirt": 0.5}, 1.0 / 0.95),
        ({"photometer_temperature_error_c": 3.08}, 308.15 / 311.23),
        ({"photometer_pressure_error_mmhg": 7.5}, 757.5 / 750.0),
    ]:
        line = supply(generator=False)
        line.tell(10, ozone=300.0, calibrator_mode="ozone")
        line.tell(2000, **{f"hidden__{name}": value for name, value in fault.items()})
        assert line.read(4000, "photometer_o3") == pytest.approx(300.0, rel=1e-4)
        assert ozone(line, 4000) == pytest.approx(300.0 * change, rel=1e-4)


def test_the_photometer_measures_every_six_seconds_with_its_noise(supply):
    line = supply(generator=False, photometer_noise_factor=1.0)
    line.tell(10, ozone=300.0, calibrator_mode="ozone")
    shown = np.array([line.read(second, "photometer_o3") for second in range(3000, 6000)])
    assert (shown.reshape(-1, 6) == shown.reshape(-1, 6)[:, :1]).all()
    assert np.std(shown[::6]) == pytest.approx(0.5, rel=0.15)


def test_the_preset_of_a_titration_finds_the_drive_that_the_table_misses(supply):
    line = supply(generator=False, ozone_table_error_pct=8.0)
    line.tell(10, gas="b", concentration=450.0, ozone=160.0, calibrator_mode="gpt")
    plain = line.gas(2000)
    line.tell(2000, calibrator_mode="gptps")
    assert line.gas(4000)[Species.O3] == pytest.approx(160.0, rel=1e-3)
    assert line.gas(4000)[Species.NO] < 1e-6
    line.tell(4000, calibrator_mode="gpt")
    preset = line.gas(6000)
    assert plain[Species.NO2] - preset[Species.NO2] == pytest.approx(160.0 * 0.08, rel=0.02)
    line.tell(6000, ozone=120.0)
    assert line.gas(8000)[Species.NO2] - 0.9 == pytest.approx(120.0 * 1.08, rel=0.01)


def test_gpt_closure(supply):
    """NO lost, NO2 made and ozone given by the photometer agree within the budget of its errors."""
    rng = np.random.default_rng(11)
    for trial in range(8):
        photometer, reference = rng.normal(0.0, 0.5, 2)
        line = supply(seed=trial, photometer_error_pct=photometer, ozone_table_error_pct=reference,
                      flow_repeatability_pct=0.1, ozone_fluctuation_pct=0.5)  # fmt: skip
        line.tell(10, gas="b", concentration=450.0, calibrator_mode="gpt")
        base = line.gas(3000)
        line.tell(3000, ozone=160.0, calibrator_mode="gptps")
        given = line.read(5000, "photometer_o3")
        line.tell(5000, calibrator_mode="gpt")
        after = line.gas(7000)
        lost, made = base[Species.NO] - after[Species.NO], after[Species.NO2] - base[Species.NO2]
        # flow repeatability 0.14 % of 450; ozone: photometer 0.5 %, lamp 0.25 %, chamber 0.4 % unreacted
        assert lost == pytest.approx(made, abs=3.0 * 0.0014 * 450.0)
        assert made == pytest.approx(given, rel=3.0 * 0.006 + 0.004)
        assert after[Species.O3] < 0.01 * 160.0


def test_drift_and_temperature_of_the_controllers(supply):
    line = supply(generator=False)
    line.tell(10, concentration=400.0, calibrator_mode="span")
    end = 11 * 86_400
    for second in range(0, end, 6 * 3600):
        for unit in (*line.bottles.values(), line.box):
            unit.advance(second * 1_000_000)
        if second == 86_400:
            line.tell(86_400, hidden__gas_flow_drift_pct_per_year=36.525)
    assert line.gas(end)[Species.SO2] == pytest.approx(400.0 * 1.01, rel=2e-4)
    line.tell(end, hidden__gas_flow_drift_pct_per_year=0.0)
    assert line.gas(end + 7200)[Species.SO2] == pytest.approx(400.0 * 1.01, rel=2e-4)


def test_a_leaking_solenoid_lets_the_gas_of_another_port_into_zero_air(supply):
    line = supply(generator=False)
    line.tell(10, calibrator_mode="zero")
    line.tell(1000, hidden__solenoid_leak_port="c", hidden__solenoid_leak_cc_min=1.0)
    found = line.gas(2000)
    assert found[Species.CO] == pytest.approx(3000.0 * 0.001 / 5.001, rel=1e-3)
    assert found[Species.SO2] < 1e-6
    bottle = line.bottles["c"]
    bottle.advance(7_200_000_000)
    drawn = bottle.steps.values(119, 120)[bottle.rows["drawn"], 0]
    assert drawn == pytest.approx(0.001 * (7200 - 1000) / 60.0 * 0.101325 / 8.0, rel=0.02)


def test_a_mistyped_cylinder_value_makes_wrong_gas_that_looks_right(supply):
    line = supply(generator=False)
    line.tell(10, concentration=400.0, calibrator_mode="span")
    line.tell(1000, cylinder_value_a=55_000.0)
    assert line.gas(2000)[Species.SO2] == pytest.approx(400.0 * 50.0 / 55.0, rel=1e-4)
    assert line.read(2000, "concentration_actual") == pytest.approx(400.0, rel=5e-3)
    assert "cylinder_value_a 50000 -> 55000" in line.read(2000, "audit_log")[-1]
