"""An ozone standard between a calibrator and a station analyzer, and what a coefficient does."""

import numpy as np
import pytest

from instruments.air import Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.errors import Refused
from instruments.plumbing import Tube, VentedManifold

from .conftest import play

QUIET = {"noise_factor": 0.0, "span_wander_pct": 0.0}


def standard(line, **options):
    hidden = {**QUIET, "ozone_fluctuation_pct": 0.0, **options.pop("hidden", {})}
    unit = build_unit(load("49i-PS"), "standard", 5, hidden=hidden, **options)
    unit.place(line.site)
    return unit


def analyzer(line, **settings):
    unit = build_unit(load("49i"), "o3", 5, hidden=QUIET, settings=settings)
    unit.place(line.site)
    return unit


def piped(source, room, unit, port):
    manifold = VentedManifold(source, room)
    manifold.add_consumer(unit, port)
    unit.connect(port, Tube(manifold, length_m=2.0, bore_m=0.004, flow_lpm=unit.entry.parameter("sample_flow")))
    return manifold


def mean(unit, quantity, start, count=30):
    return np.mean([unit.read(round((start + 10 * step) * 1e6), quantity) for step in range(count)])


def test_it_measures_the_ozone_of_a_calibrator(supply):
    line = supply(photometer_error_pct=2.0)
    unit = standard(line)
    piped(line.box.outlet, line.room, unit, "sample")
    line.tell(10, ozone=400.0, calibrator_mode="ozone")
    assert line.read(3000, "photometer_o3") == pytest.approx(400.0, abs=0.2)
    assert mean(unit, "o3", 3000) == pytest.approx(408.0 * 0.9999, rel=1e-3)


def test_it_feeds_a_station_analyzer_and_both_read_the_same(supply):
    line = supply()
    unit, station = standard(line, hidden={"ozonator_error_pct": 3.0}), analyzer(line)
    piped(unit.outlet, line.room, station, "span")
    for device in (unit, station):
        device.apply(10_000_000, Command("gas_mode", "span"))
    unit.apply(10_000_000, Command("ozone", 400.0))
    assert mean(unit, "o3", 3000) == pytest.approx(412.0, rel=2e-3)
    assert mean(station, "o3", 3000) == pytest.approx(mean(unit, "o3", 3000), rel=2e-3)
    unit.apply(4_000_000_000, Command("gas_mode", "zero"))
    assert abs(mean(station, "o3", 5000)) < 0.5
    # without the standard's gas the analyzer draws the room's air through the vent
    unit.apply(6_000_000_000, Command("gas_mode", "sample"))
    assert mean(station, "o3", 7000) == pytest.approx(30.0, rel=0.02)


@pytest.mark.parametrize(("old", "per_cent"), [(308.0, 1.19), (308.32, 1.29)])
def test_the_new_coefficient_reads_more_by_what_the_regulation_says(supply, old, per_cent):
    line = supply()
    stations = [analyzer(line, absorption_coefficient=value) for value in (old, 304.39)]
    before, after = (mean(unit, "o3", 3000) for unit in stations)
    assert 100.0 * (after / before - 1.0) == pytest.approx(per_cent, abs=0.005)


def test_a_calibrator_that_goes_by_another_coefficient_makes_less_ozone(supply):
    line = supply()
    line.tell(10, ozone=400.0, calibrator_mode="ozone")
    line.tell(2000, photometer_coefficient=304.39)
    assert line.gas(1999)[Species.O3] / line.gas(4000)[Species.O3] == pytest.approx(1.0119, abs=5e-5)
    assert line.read(4000, "photometer_o3") == pytest.approx(400.0, abs=0.2)


def test_lines_that_have_seen_no_ozone_lose_some_until_they_are_conditioned(supply):
    line = supply()
    unit = standard(line, warm=False)
    unit.apply(0, Command("gas_mode", "span"))
    unit.apply(0, Command("ozone", 200.0))
    at = [unit.intake.gas(second, second + 1).fractions[Species.O3, 0] for second in (120, 1200, 7200)]
    # 20 min at 200 nmol/mol take the loss to 1/e
    assert at == pytest.approx(
        [200.0 * (1.0 - 0.02 * np.exp(-0.09)), 200.0 * (1.0 - 0.02 * np.exp(-0.99)), 199.99], rel=1e-3
    )


def test_what_the_ozonator_cannot_make_is_refused_and_an_old_lamp_makes_less(supply):
    unit = standard(supply())
    with pytest.raises(Refused, match="too low"):
        unit.apply(0, Command("ozone", 10.0))
    with pytest.raises(Refused, match="too high"):
        unit.apply(0, Command("ozone", 1100.0))
    unit.apply(0, Command("ozone", 900.0))
    unit.apply(0, Command("gas_mode", "span"))
    unit.apply(1_000_000_000, Command("hidden.ozone_lamp_fraction", 0.5))
    assert unit.outlet.gas(900, 901).fractions[Species.O3, 0] == pytest.approx(900.0)
    assert unit.outlet.gas(2000, 2001).fractions[Species.O3, 0] == pytest.approx(625.0, rel=1e-3)


def test_polling_and_cuts_change_nothing(supply):
    def run(cuts):
        line = supply(flow_repeatability_pct=0.2, ozone_fluctuation_pct=0.5)
        unit = standard(line, hidden={"noise_factor": 1.0, "ozone_fluctuation_pct": 0.3})
        piped(line.box.outlet, line.room, unit, "sample")
        commands = [
            (33.3, line.box, "ozone", 300.0), (95.3, line.box, "calibrator_mode", "ozone"),
            (2003.7, unit, "hidden.ozone_wall_loss_pct", 5.0), (2500.2, unit, "gas_mode", "span"),
            (2600.2, unit, "ozone", 100.0), (5000.0, unit, "replace_o3_lamp", True), (6001.5, unit, "power", False),
            (7005.5, unit, "power", True),
        ]  # fmt: skip
        play(commands, cuts, lambda cut: unit.read(cut * 1_000_000, "o3"))
        return unit.steps.values(0, 900).tobytes()

    rng = np.random.default_rng(5)
    assert run(sorted(rng.integers(1, 9000, 40).tolist())) == run([8999])
