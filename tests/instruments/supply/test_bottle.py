"""Cylinders: used up, drifting, wrong, or with air in the regulator."""

import numpy as np
import pytest

from instruments.air import Species
from instruments.errors import Refused
from instruments.supply.cylinder import Cylinder

from .conftest import play


def advanced(line, until, start=0):
    for second in range(start, until + 1, 6 * 3600):
        for unit in (line.zero, *line.bottles.values(), line.box):
            unit.advance(second * 1_000_000)


def test_pressure_falls_by_the_gas_drawn_and_the_cylinder_is_empty_at_the_right_time(supply):
    line = supply(generator=False)
    bottle = line.bottles["a"]
    line.tell(10, bottle, hidden__used_before=0.97)  # 0.3 MPa left of 10
    line.tell(600, concentration=400.0, calibrator_mode="span")  # 40 cc/min
    # (0.3 MPa - 0.2 MPa) x 8 L / 0.101325 MPa = 7.895 L until the flow begins to fall
    enough = 600 + 0.1 * 8.0 / 0.101325 / 0.04 * 60.0
    assert line.gas(int(enough) - 120)[Species.SO2] == pytest.approx(400.0, rel=1e-3)
    advanced(line, int(enough))
    assert line.gas(int(enough) + 900)[Species.SO2] < 395.0
    # from there on the pressure falls exponentially with (0.2 MPa x 8 L / 0.101325 MPa) / 0.04 L/min = 395 min
    later = int(enough) + 395 * 60
    advanced(line, later + 100)
    assert line.gas(later)[Species.SO2] == pytest.approx(400.0 * np.exp(-1.0), rel=0.03)
    assert line.read(later, "gas_flow") == pytest.approx(40.0 * np.exp(-1.0), rel=0.03)
    assert line.read(later, "pressure", bottle) == pytest.approx(0.1, abs=0.05)
    assert line.read(later, "alarms", bottle) == ("pressure:low",)
    assert line.read(int(enough) - 120, "alarms") == ()
    assert line.read(later, "alarms") == ("gas_flow_deviation:low",)
    line.tell(later, bottle, replace_cylinder=True)
    line.tell(later, bottle, purge_regulator=True)
    assert line.gas(later + 600)[Species.SO2] == pytest.approx(400.0, rel=1e-3)
    assert line.read(later + 600, "pressure", bottle) == pytest.approx(10.0, abs=0.11)  # full


def test_content_drifts_faster_below_one_megapascal(supply):
    line = supply(generator=False)
    line.tell(0, line.bottles["a"], hidden__drift_pct_per_year=36.525)
    line.tell(0, line.bottles["b"], hidden__drift_pct_per_year=36.525, hidden__used_before=0.95)
    line.tell(0, line.bottles["c"], hidden__drift_pct_per_year=36.525)
    end = 10 * 86400
    advanced(line, end)
    content = {port: line.bottles[port].gas.gas(end, end + 1).fractions[:, 0] for port in "abc"}
    assert content["a"][Species.SO2] == pytest.approx(50_000 * (1 - 0.01), rel=1e-4)
    assert content["b"][Species.NO] == pytest.approx(50_000 * (1 - 0.05), rel=1e-4)
    assert content["c"][Species.CO] == 3000.0


def test_a_regulator_that_was_not_purged_gives_low_no_and_some_no2_for_a_while(supply):
    line = supply(generator=False)
    line.tell(10, gas="b", concentration=400.0, calibrator_mode="span")
    line.tell(3600, line.bottles["b"], fit_regulator=True)
    first, soon, later = line.gas(3600 + 90), line.gas(3600 + 360), line.gas(3600 + 1500)
    assert first[Species.NO] < 0.6 * 400.0
    assert 0.70 * 400 < soon[Species.NO] < 0.97 * 400.0
    assert soon[Species.NO2] > 10.0
    assert later[Species.NO] == pytest.approx(400.0, rel=0.01)
    line.tell(9000, line.bottles["b"], fit_regulator=True)
    line.tell(9030, line.bottles["b"], purge_regulator=True)
    assert line.gas(9200)[Species.NO] == pytest.approx(400.0, rel=1e-3)


def test_wrong_gas_and_deviation(supply):
    line = supply(generator=False)
    line.tell(10, concentration=400.0, calibrator_mode="span")
    line.tell(1000, line.bottles["a"], hidden__deviation_pct=-3.0)
    assert line.gas(2000)[Species.SO2] == pytest.approx(388.0, rel=1e-6)
    line.tell(2001, line.bottles["a"], hidden__really="no")
    assert line.gas(3000)[Species.SO2] < 1e-3
    assert line.gas(3000)[Species.NO] == pytest.approx(388.0, rel=1e-6)
    with pytest.raises(Refused):
        line.tell(3001, line.bottles["a"], hidden__really="tea")


def test_a_mixture_brings_all_its_gases_in_their_proportions(supply):
    line = supply(generator=False)
    line.bottles["a"].fill(Cylinder(Species.SO2, 50_000.0, 1.0, others={Species.NO: 45_000.0, Species.CO: 2_000.0}))
    line.tell(10, concentration=400.0, calibrator_mode="span")
    found = line.gas(1000)
    assert found[Species.SO2] == pytest.approx(400.0, rel=1e-9)
    assert found[Species.NO] == pytest.approx(360.0, rel=1e-9)
    assert found[Species.CO] == pytest.approx(16.0, rel=1e-9)
    with pytest.raises(ValueError, match="further component"):
        Cylinder(Species.NO, 1.0, 1.0, others={Species.NO: 1.0})
    with pytest.raises(ValueError, match="certified components"):
        Cylinder(Species.NO, 1.0, 1.0, {Species.CO: 1.0}, others={Species.CO: 1.0})


def test_a_closed_valve_gives_nothing_and_the_gauge_follows_the_room(supply):
    line = supply(generator=False)
    line.tell(10, concentration=400.0, calibrator_mode="span")
    line.tell(1000, line.bottles["a"], valve="closed")
    assert line.gas(2000)[Species.SO2] < 1e-3
    assert line.read(2000, "gas_flow") == 0.0
    assert line.read(2000, "gas_flow_deviation") == -100.0
    assert line.read(2000, "alarms") == ("gas_flow_deviation:low",)
    line.tell(2000, calibrator_mode="zero")
    assert line.read(2100, "alarms") == (), "nobody asks for gas"
    assert line.read(2000, "pressure", line.bottles["a"]) == pytest.approx(10.0 * 298.15 / 293.15, abs=0.06)


def test_polling_and_cuts_change_nothing(supply):
    def run(cuts):
        line = supply(generator=False, flow_repeatability_pct=0.2)
        bottle = line.bottles["a"]
        commands = [
            (33.3, bottle, "hidden.used_before", 0.9795), (95.3, line.box, "concentration", 900.0),
            (95.4, line.box, "calibrator_mode", "span"), (2003.7, bottle, "hidden.drift_pct_per_year", 90.0),
            (3011.2, bottle, "fit_regulator", True), (5000.0, bottle, "replace_cylinder", True),
            (6001.5, bottle, "valve", "closed"), (7005.5, bottle, "valve", "open"),
        ]  # fmt: skip

        def look_at_the_gas(cut):
            line.box.outlet.gas(cut, cut + 1)

        def look_at_both(cut):
            line.read(cut, "pressure", bottle)
            look_at_the_gas(cut)

        play(commands, cuts, look_at_both, look_at_the_gas)
        return line.box.outlet.values(0, 9000).tobytes() + bottle.steps.values(0, 150).tobytes()

    rng = np.random.default_rng(5)
    assert run(sorted(rng.integers(1, 9000, 40).tolist())) == run([8999])
