import tomllib
from pathlib import Path

import numpy as np
import pytest

import instruments
from instruments.air import Species
from instruments.catalogue import load
from instruments.device import Command
from instruments.errors import Refused
from instruments.plumbing import Air, Tube, VentedManifold
from instruments.supply.calibrator import Calibrator
from instruments.supply.cylinder import Cylinder
from instruments.supply.ozone import design
from instruments.supply.settings import Hidden
from instruments.supply.zero_air import ZeroAir

TABLE = tomllib.loads((Path(instruments.__file__).parent / "catalogue" / "146i.toml").read_text(encoding="utf-8"))
FIGURES = load("146i").numbers()


def calibrator(**hidden):
    steady = {
        "flow_repeatability_pct": 0.0,
        "ozone_fluctuation_pct": 0.0,
        "ozone_fluctuation": 0.0,
        "photometer_noise_factor": 0.0,
    }
    truth = Hidden(**{**steady, **hidden})
    unit = Calibrator(load("146i"), "cal", 7, zero_air=ZeroAir({Species.SO2: 0.2}), hidden=truth)
    unit.connect_cylinder("a", Cylinder(Species.SO2, 50_000.0, 1.0))
    unit.connect_cylinder("b", Cylinder(Species.NO, 50_000.0, 1.0, {Species.NO2: 500.0}))
    return unit


def send(unit, seconds, **settings):
    for name, value in settings.items():
        unit.apply(int(seconds * 1e6), Command(name, value))


def settled(unit, second=2000):
    return unit.outlet.gas(second, second + 1).fractions[:, 0].copy()


def test_dilution_law():
    unit = calibrator()
    send(unit, 10, concentration=400.0, total_flow=5.0, calibrator_mode="span")
    assert settled(unit)[Species.SO2] == pytest.approx((50_000 * 0.04 + 0.2 * 4.96) / 5.0, rel=1e-9)


def test_flow_errors_follow_the_error_law():
    unit = calibrator(gas_flow_span_pct=2.0, gas_flow_offset_pct_fs=0.5, gas_flow_nonlinearity_pct_fs=1.0,
                      zero_flow_span_pct=-1.0, zero_flow_offset_pct_fs=0.3)  # fmt: skip
    send(unit, 10, concentration=400.0, calibrator_mode="span")
    gas, zero = 0.04 * 1.02 + 0.0005 + 0.01 * 4 * 0.4 * 0.6 * 0.1, 4.96 * 0.99 + 0.03
    assert settled(unit)[Species.SO2] == pytest.approx((50_000 * gas + 0.2 * zero) / (gas + zero), rel=1e-9)
    assert unit.outlet.offered_lpm(2000, 2001)[0] == pytest.approx(gas + zero)


def test_titration_conserves_nox_and_drops_no_by_the_no2_made():
    unit = calibrator(ozone_table_error_pct=5.0)
    send(unit, 10, gas="b", concentration=450.0, calibrator_mode="gpt")
    before = settled(unit)
    send(unit, 2500, ozone=160.0)
    after = settled(unit, 5000)
    assert before[Species.NO2] == pytest.approx(4.5)
    made = after[Species.NO2] - before[Species.NO2]
    assert made + after[Species.O3] == pytest.approx(168.0, rel=1e-9)
    assert made == pytest.approx(168.0, rel=5e-3)
    assert before[Species.NO] - after[Species.NO] == pytest.approx(made, rel=1e-9)


@pytest.mark.parametrize("target", [400.0, 450.0])
@pytest.mark.parametrize("total", [4.0, 5.0])
def test_chamber_meets_the_design_figures(target, total):
    plan = design(50_000.0, target / 50_000.0 * total, FIGURES["ozone_branch_flow"] / 1000, FIGURES["chamber_volume"])
    assert plan.dynamic_parameter >= 2.75
    assert plan.residence_min < 2.0


def test_photometer_error_shifts_true_ozone_and_is_not_shown():
    unit = calibrator(photometer_error_pct=2.0, photometer_offset=1.0)
    send(unit, 10, ozone=200.0, calibrator_mode="ozone")
    assert settled(unit)[Species.O3] == pytest.approx(205.0)
    assert unit.read(2_000_000_000, "photometer_o3") == pytest.approx(200.0)


@pytest.mark.parametrize(("ozone", "sd"), [(50.0, 0.5), (400.0, 1.0)])
def test_lamp_fluctuates_by_the_larger_of_both_figures_and_the_photometer_sees_it(ozone, sd):
    unit = calibrator(ozone_fluctuation_pct=0.5, ozone_fluctuation=1.0)
    send(unit, 10, ozone=ozone, calibrator_mode="ozone")
    points = np.arange(2000, 80_000, 100)
    true = unit.outlet.gas(0, 80_000).fractions[Species.O3, points]
    assert np.mean(true) == pytest.approx(ozone, abs=0.2)
    assert np.std(true) == pytest.approx(sd, rel=0.2)
    assert unit.read(int(points[7]) * 1_000_000, "photometer_o3") == pytest.approx(true[7], abs=0.3)  # 6 s ago
    send(unit, 80_000, ozone=0.0)
    assert (unit.outlet.gas(81_000, 82_000).fractions[Species.O3] < 1e-9).all()


def test_refusals_change_nothing():
    unit = calibrator()
    send(unit, 10, concentration=400.0, calibrator_mode="span")
    for name, value, reason in [("concentration", 2000.0, "too high"), ("concentration", 1.0, "too low"),
                                ("total_flow", 11.0, "too high"), ("gas", "c", "wrong settings"),
                                ("calibrator_mode", "gpt", "wrong settings"), ("nonsense", 1, "unknown"),
                                ("hidden.nonsense", 1.0, "unknown")]:  # fmt: skip
        with pytest.raises(Refused) as caught:
            unit.apply(20_000_000, Command(name, value))
        assert caught.value.reason == reason
    assert unit.read(21_000_000, "concentration") == 400.0
    send(unit, 30, calibrator_mode="standby", concentration=2000.0)
    with pytest.raises(Refused, match="too high"):
        send(unit, 31, calibrator_mode="span")


def test_power_off_offers_nothing():
    unit = calibrator()
    send(unit, 10, calibrator_mode="zero")
    assert unit.outlet.offered_lpm(100, 101)[0] == pytest.approx(5.0)
    send(unit, 200, power=False)
    assert unit.outlet.offered_lpm(300, 301)[0] == 0.0


def test_any_cut_gives_the_same_bytes():
    def run(cuts):
        unit = calibrator(flow_repeatability_pct=0.2, ozone_fluctuation_pct=0.5, ozone_fluctuation=1.0)
        for second, settings in [(100, {"concentration": 400.0, "calibrator_mode": "span"}), (3000, {"ozone": 160.0}),
                                 (4001, {"calibrator_mode": "standby", "gas": "b"}),
                                 (4500, {"calibrator_mode": "gpt"}), (9000, {"power": False})]:  # fmt: skip
            for cut in [c for c in cuts if c <= second]:
                unit.outlet.ensure(cut)
            send(unit, second, **settings)
        for cut in cuts:
            unit.outlet.ensure(cut)
        return unit.outlet.values(0, 12_000).tobytes()

    rng = np.random.default_rng(3)
    assert run(sorted(rng.integers(1, 12_000, 60).tolist())) == run([12_000])


def test_standby_gives_room_air_at_the_end_of_a_tube_that_had_computed_ahead():
    unit = calibrator()
    air = Air(1, "room", {Species.CO: 0.4}, temperature_c=24, temperature_sd_c=0, pressure_hpa=1000,
              pressure_sd_hpa=0, log_sd=0, correlation_time_s=600)  # fmt: skip
    tube = Tube(VentedManifold(unit.outlet, air), length_m=3.0, bore_m=0.004, flow_lpm=0.6)
    send(unit, 10, calibrator_mode="zero")
    assert tube.gas(900, 901).fractions[Species.CO, 0] < 0.01
    send(unit, 500, calibrator_mode="standby")
    assert tube.gas(900, 901).fractions[Species.CO, 0] == pytest.approx(0.4)


def test_hidden_truth_acts_from_its_instant():
    unit = calibrator()
    send(unit, 10, concentration=400.0, calibrator_mode="span")
    before = settled(unit, 999)
    unit.apply(1_000_000_000, Command("hidden.gas_flow_span_pct", 5.0))
    assert settled(unit, 999).tobytes() == before.tobytes()
    assert settled(unit)[Species.SO2] == pytest.approx((50_000 * 0.042 + 0.2 * 4.96) / 5.002, rel=1e-9)


def test_defaults_are_those_of_the_catalogue():
    unit = Calibrator(load("146i"), "cal", 7)
    assert {name: unit.read(0, name) for name in TABLE["settings"]} == {
        name: row["default"] for name, row in TABLE["settings"].items()
    }
