"""Reference meters: where they are held, reference states, errors, certificates."""

import numpy as np
import pytest

from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.errors import Refused
from instruments.supply.meter import Certificate
from instruments.supply.points import BranchPoint, InletPoint
from instruments.wear import Service

from .conftest import play, still_air


def meter(line, model="alicat-m-10slpm", **hidden):
    unit = build_unit(load(model), "meter", 2, hidden={"noise_factor": 0.0, **hidden})
    unit.place(line.site)
    unit.offer("calibrator.out", BranchPoint(line.box, "out"))
    unit.offer("calibrator.gas", BranchPoint(line.box, "gas"))
    unit.offer("calibrator.zero", BranchPoint(line.box, "zero"))
    return unit


def hold(unit, at, name, **settings):
    for key, value in {"connected_to": name, **settings}.items():
        unit.apply(round(at * 1e6), Command(key, value))


@pytest.mark.parametrize("reference", [0.0, 20.0, 25.0])
def test_the_same_flow_at_three_reference_temperatures(supply, reference):
    line = supply(flow_pct_per_c=0.0)
    unit = meter(line)
    hold(unit, 5, "calibrator.out", reference_temperature=reference)
    line.tell(10, total_flow=5.0, calibrator_mode="zero")
    # the calibrator counts litres at 25 deg C, and the gas has 25 deg C and 1013.25 hPa
    assert unit.read(600_000_000, "mass_flow") == pytest.approx(5.0 * (273.15 + reference) / 298.15, abs=0.005)
    assert unit.read(600_000_000, "volumetric_flow") == pytest.approx(5.0, abs=0.005)
    assert unit.read(600_000_000, "pressure") == pytest.approx(1013.25, abs=0.06)


def test_the_flow_at_the_inlet_of_an_analyzer(supply):
    line = supply()
    so2 = build_unit(load("43i"), "so2", 2, hidden={"leak_fraction": 0.1})
    so2.place(line.site)
    unit = meter(line, "alicat-m-1slpm")
    unit.offer("so2.sample", InletPoint(so2, "sample", line.room))
    hold(unit, 5, "so2.sample")
    nominal = load("43i").parameter("sample_flow")
    assert unit.read(100_000_000, "mass_flow") == pytest.approx(0.9 * nominal, abs=0.001)
    so2.apply(200_000_000, Command("hidden.leak_fraction", 0.0))
    assert unit.read(300_000_000, "mass_flow") == pytest.approx(nominal, abs=0.001)
    so2.apply(400_000_000, Command("gas_mode", "span"))
    assert unit.read(500_000_000, "mass_flow") == 0.0


def test_a_table_made_with_a_meter_corrects_a_curved_controller(supply):
    line = supply(gas_flow_nonlinearity_pct_fs=1.5, gas_flow_span_pct=2.0, flow_pct_per_c=0.0)
    unit = meter(line, "alicat-m-100sccm")
    hold(unit, 5, "calibrator.gas")
    old = line.box.settings["gas_flow_table"]
    line.tell(10, calibrator_mode="drives")
    pairs = []
    for number in range(1, 21):
        line.tell(number * 100, gas_drive=250.0 * number)
        pairs.append(f"{250.0 * number:g}:{1000.0 * unit.read((number * 100 + 90) * 1_000_000, 'mass_flow'):.4f}")
    line.tell(2200, calibrator_mode="flows", gas_flow_set=45.0)
    assert line.read(2300, "gas_flow") == pytest.approx(45.0, abs=0.1)
    wrong = 1000.0 * unit.read(2_300_000_000, "mass_flow")
    assert wrong == pytest.approx(45.0 * 1.02 + 1.5 * 4 * 0.45 * 0.55, abs=0.05)
    line.tell(2400, gas_flow_table=" ".join(pairs))
    assert 1000.0 * unit.read(2_500_000_000, "mass_flow") == pytest.approx(45.0, abs=0.05)
    assert line.read(2500, "gas_flow_table_old") == old
    assert any("gas_flow_table " in entry for entry in line.read(2500, "audit_log"))


def test_tables_that_are_none_are_refused(supply):
    line = supply()
    good = str(line.box.settings["gas_flow_table"])
    for table, reason in [("", "20 pairs"), ("1:2 " * 19, "20 pairs, not 19"), ("a:b " * 20, "blanks between"),
                          (good.replace("500:10", "500:2"), "rising flows"), (good.replace("5000:", "6000:"), "6000"),
                          (good.replace("250:5 ", "250:-5 "), "above 0")]:  # fmt: skip
        with pytest.raises(Refused, match=reason):
            line.tell(10, gas_flow_table=table)


def test_a_soap_film_swells_dry_gas_and_a_piston_does_not(supply):
    line = supply(flow_pct_per_c=0.0)
    line.tell(10, total_flow=5.0, calibrator_mode="zero")
    shown = {}
    for model in ("gilibrator-2", "defender-530"):
        unit = meter(line, model)
        hold(unit, 20, "calibrator.zero")
        shown[model] = unit.read(600_000_000, "volumetric_flow")
    # 31.6 hPa of vapour at 25 deg C, of 1013.25
    assert shown["gilibrator-2"] / shown["defender-530"] == pytest.approx(1.0 / (1.0 - 31.6 / 1013.25), rel=2e-3)


def test_true_errors_act_and_the_certificate_is_what_people_know(supply):
    line = supply(flow_pct_per_c=0.0)
    unit = meter(line, flow_error_pct=-1.0, temperature_error_c=3.0, drift_pct_per_year=1.0)
    unit.certify("mass_flow", Certificate("GB-2025-11", "2026-08-31", 0.8, reference_c=25.0))
    hold(unit, 5, "calibrator.out")
    line.tell(10, total_flow=5.0, calibrator_mode="zero")
    assert unit.read(600_000_000, "volumetric_flow") == pytest.approx(4.95, abs=0.005)
    assert unit.read(600_000_000, "mass_flow") == pytest.approx(4.95 * 298.15 / 301.15, abs=0.006)
    assert unit.read(600_000_000, "mass_flow_certificate") == "GB-2025-11"
    assert unit.read(600_000_000, "mass_flow_expires") == "2026-08-31"
    with pytest.raises(ValueError, match="volumetric_flow"):
        unit.certify("humidity", Certificate("x", "2026-01-01", 1.0))


def test_a_year_of_drift_counts_from_the_last_calibration(supply):
    line = supply(flow_pct_per_c=0.0)
    unit = build_unit(load("alicat-m-10slpm"), "m", 1, hidden={"drift_pct_per_year": 1.0, "noise_factor": 0.0},
                      service=Service(hours=8766.0))  # fmt: skip
    unit.place(line.site)
    unit.offer("out", BranchPoint(line.box, "out"))
    hold(unit, 5, "out")
    line.tell(10, total_flow=8.0, calibrator_mode="zero")
    assert unit.read(600_000_000, "mass_flow") == pytest.approx(8.08, abs=0.005)


def test_over_range_is_told_and_unknown_points_are_refused(supply):
    line = supply()
    unit = meter(line, "alicat-m-1slpm")
    hold(unit, 5, "calibrator.out")
    line.tell(10, total_flow=5.0, calibrator_mode="zero")
    assert unit.read(600_000_000, "volumetric_flow") == pytest.approx(1.28)
    assert unit.read(600_000_000, "alarms") == ("volumetric_flow:high",)
    with pytest.raises(Refused, match="kitchen"):
        hold(unit, 700, "kitchen")


def test_the_climate_of_the_room_after_the_probes_lag(supply):
    from instruments.atmosphere import Site

    line = supply()
    cold = still_air("outside", h2o=5.0)
    cold._temperature = (5.0, 0.0)
    unit = build_unit(load("reference-climate"), "climate", 1, hidden={"noise_factor": 0.0, "humidity_error_pct": 2.0})
    unit.place(Site(cold, line.room))
    assert unit.read(600_000_000, "temperature") == pytest.approx(25.0)
    # 12 mmol/mol are 12.16 hPa of 31.6
    assert unit.read(600_000_000, "humidity") == pytest.approx(38.4 + 2.0, abs=0.3)
    assert unit.read(600_000_000, "pressure") == pytest.approx(1013.25)
    hold(unit, 1000, "outside")
    assert unit.read(1_060_000_000, "temperature") == pytest.approx(5.0 + 20.0 * np.exp(-1.0), abs=0.3)
    assert unit.read(2_000_000_000, "temperature") == pytest.approx(5.0, abs=0.02)


@pytest.mark.parametrize("model", ["alicat-m-10slpm", "defender-530", "reference-climate"])
def test_polling_and_cuts_change_nothing(supply, model):
    def run(cuts):
        line = supply(flow_repeatability_pct=0.2)
        unit = build_unit(load(model), "meter", 2)
        unit.place(line.site)
        unit.offer("out", BranchPoint(line.box, "out"))
        commands = [
            (33.3, unit, "connected_to", "out"), (95.3, line.box, "calibrator_mode", "zero"),
            (2003.7, unit, "hidden.pressure_error_hpa", 5.0), (2500.2, line.box, "total_flow", 7.0),
            (6001.5, unit, "connected_to", "room"),
        ]  # fmt: skip
        play(commands, cuts, lambda cut: unit.read(cut * 1_000_000, "pressure"))
        return unit.steps.values(0, 9000).tobytes()

    rng = np.random.default_rng(5)
    assert run(sorted(rng.integers(1, 9000, 40).tolist())) == run([9000])


def test_a_laminar_meter_that_is_set_to_another_gas_is_wrong_by_the_viscosities(supply):
    line = supply(flow_pct_per_c=0.0)
    unit = meter(line)
    hold(unit, 5, "calibrator.out")
    line.tell(10, total_flow=5.0, calibrator_mode="zero")
    right = unit.read(600_000_000, "volumetric_flow")
    unit.apply(600_000_000, Command("gas", "CO2"))
    entry = load("alicat-m-10slpm")
    ratio = entry.parameter("viscosity_Air") / entry.parameter("viscosity_CO2")
    assert unit.read(700_000_000, "volumetric_flow") == pytest.approx(ratio * right, abs=0.01)


def test_a_tare_takes_an_offset_off_and_a_tare_in_a_flow_takes_the_flow_off(supply):
    line = supply(flow_pct_per_c=0.0)
    unit = meter(line, flow_offset=0.2)
    hold(unit, 5, "calibrator.out")
    assert unit.read(20_000_000, "volumetric_flow") == pytest.approx(0.2, abs=0.005)
    unit.apply(30_000_000, Command("tare_flow", True))
    assert unit.read(60_000_000, "volumetric_flow") == 0.0
    line.tell(70, total_flow=5.0, calibrator_mode="zero")
    assert unit.read(600_000_000, "volumetric_flow") == pytest.approx(5.0, abs=0.01)
    unit.apply(600_000_000, Command("tare_flow", True))
    assert unit.read(700_000_000, "volumetric_flow") == 0.0
    assert unit.settings["flow_tare"] == pytest.approx(5.2, abs=0.01)
