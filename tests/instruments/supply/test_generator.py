"""A zero-air generator: each medium that is used up lets its own gas pass."""

import numpy as np
import pytest

from instruments.air import Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.wear import Service

from .conftest import play

BELOW = {Species.SO2: 0.5, Species.NO: 0.5, Species.NO2: 0.5, Species.O3: 0.5, Species.CO: 0.025}


def test_zero_air_of_a_new_generator_keeps_the_makers_limits(supply):
    line = supply()
    line.tell(10, calibrator_mode="zero")
    found = line.gas(3600)
    assert all(found[species] < limit for species, limit in BELOW.items())
    assert line.read(3600, "dew_point", line.zero) < -20.0
    assert line.read(3600, "pressure", line.zero) == pytest.approx(30.0, abs=1.0)
    assert line.read(3600, "reactor_temp", line.zero) == pytest.approx(330.0, abs=3.0)
    assert line.read(3600, "alarms", line.zero) == ()


@pytest.mark.parametrize(
    ("medium", "passing"),
    [
        # NO is turned into NO2 in front of the charcoal, which has to take both
        ("charcoal", {Species.SO2: 4.0, Species.NO2: 30.0, Species.O3: 30.0}),
        ("purafil", {Species.NO: 10.0}),
        ("oxidiser", {Species.CO: 0.5}),
        ("drier", {Species.H2O: 12.0}),
    ],
)
def test_an_exhausted_medium_lets_the_right_gas_pass_and_no_other(supply, medium, passing):
    line = supply()
    line.tell(10, calibrator_mode="zero")
    before = line.gas(3599)
    line.tell(3600, line.zero, **{f"hidden__{medium}_used": 1.5})
    after = line.gas(7200)
    for species in Species:
        expected = passing.get(species, 0.0)
        assert after[species] - before[species] == pytest.approx(expected, rel=0.01, abs=1e-4), species
    line.tell(7200, line.zero, **{f"hidden__{medium}_used": 0.0})
    assert line.gas(10_000) == pytest.approx(before, abs=1e-4)


def test_a_medium_gives_out_with_what_it_has_taken_and_a_new_one_has_taken_nothing(supply):
    line = supply()
    # 64 ppb at 10 L/min take 2.7e7 of 1.5e8 a month
    line.tell(10, total_flow=9.0, calibrator_mode="zero")
    start = 40 * 86400
    for second in range(0, start, 6 * 3600):
        for unit in (line.zero, line.box, *line.bottles.values()):
            unit.advance(second * 1_000_000)
    dose = line.read(start, "flow", line.zero) * 1440.0 * 40.0 * (4.0 + 20.0 + 30.0 + 10.0) / 1.5e8
    value = line.zero.steps.values(start // 60 - 1, start // 60)[line.zero.rows["charcoal_dose"], 0]
    assert value == pytest.approx(dose, rel=1e-3)
    line.tell(start, line.zero, replace_charcoal=True)
    assert line.read(start + 3600, "charcoal_hours", line.zero) == pytest.approx(1.0)
    value = line.zero.steps.values(start // 60 + 59, start // 60 + 60)[line.zero.rows["charcoal_dose"], 0]
    assert value == pytest.approx(dose / (40.0 * 24.0), rel=1e-3)


def test_a_generator_of_half_a_year_of_service_has_worn_media():
    unit = build_unit(load("701"), "zero", 1, service=Service(hours=4400.0))
    from .conftest import still_air

    unit.connect("room", still_air())
    assert unit.outlet.gas(1000, 1001).fractions[Species.NO, 0] == pytest.approx(0.1 + 10.0 * 0.5, rel=0.01)


def test_a_cold_oxidiser_lets_co_pass_and_the_alarm_says_why(supply):
    line = supply()
    line.tell(10, calibrator_mode="zero")
    line.tell(100, line.zero, hidden__oxidiser_heat=0.3)
    assert line.gas(10_000)[Species.CO] == pytest.approx(0.505, abs=0.01)
    assert line.gas(10_000)[Species.SO2] < 0.5
    assert line.read(10_000, "alarms", line.zero) == ("reactor_temp:low",)


def test_a_weak_compressor_starves_the_calibrator(supply):
    line = supply()
    line.tell(10, concentration=400.0, calibrator_mode="span")
    assert line.gas(1000)[Species.SO2] == pytest.approx(400.0, rel=2e-3)
    line.tell(2000, line.zero, hidden__compressor_fraction=0.2)
    assert line.read(3000, "pressure", line.zero) == pytest.approx(30.0 * 3.0 / 4.96, abs=1.0)
    assert line.read(3000, "zero_flow") == pytest.approx(3000.0, rel=0.01)
    assert line.read(1000, "alarms") == ()
    assert line.read(3000, "alarms") == ("zero_flow_deviation:low",)
    assert line.gas(3000)[Species.SO2] == pytest.approx(50_000 * 0.04 / 3.04, rel=0.01)
    line.tell(4000, line.zero, power=False)
    assert line.box.outlet.offered_lpm(5000, 5001)[0] == pytest.approx(0.04)


def test_outside_air_may_be_drawn(supply):
    from .conftest import still_air

    line = supply()
    line.zero.connect("outside", still_air("outside", co=5.0))
    line.tell(10, line.zero, hidden__oxidiser_used=2.0)
    line.tell(10, calibrator_mode="zero")
    assert line.gas(1000)[Species.CO] == pytest.approx(0.505, rel=0.01)
    line.tell(2000, line.zero, intake="outside")
    assert line.gas(3000)[Species.CO] == pytest.approx(5.005, rel=0.01)


def test_polling_and_cuts_change_nothing(supply):
    def run(cuts):
        line = supply(flow_repeatability_pct=0.2)
        commands = [
            (95.3, line.box, "calibrator_mode", "zero"), (1003.7, line.zero, "hidden.charcoal_used", 0.97),
            (2011.2, line.box, "total_flow", 8.0), (2500.0, line.zero, "replace_charcoal", True),
            (4001.5, line.zero, "intake", "outside"), (5000.1, line.zero, "power", False),
        ]  # fmt: skip

        def look_at_the_gas(cut):
            line.box.outlet.gas(cut, cut + 1)

        def look_at_both(cut):
            line.read(cut, "pressure", line.zero)
            look_at_the_gas(cut)

        play(commands, cuts, look_at_both, look_at_the_gas)
        return line.box.outlet.values(0, 9000).tobytes() + line.zero.steps.values(0, 150).tobytes()

    rng = np.random.default_rng(5)
    assert run(sorted(rng.integers(1, 9000, 40).tolist())) == run([8999])
