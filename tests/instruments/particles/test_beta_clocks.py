"""Beta monitors whose clock drifts or is set: their hours follow it, and no hour and no count is lost on the way."""

import numpy as np
import pytest
from beta_support import HOUR_US, MINUTE_US

from instruments.device import Command

DAY_US = 24 * HOUR_US


def records(unit, until_us):
    """Ends of the hours that the unit has recorded, minutes of bench time."""
    for t in range(6 * HOUR_US, until_us + 1, 6 * HOUR_US):
        unit.advance(t)
    steps = until_us // MINUTE_US
    first = max(0, steps - 24 * 60)
    return np.unique(unit.recording(first, steps)["record_s"]) / 60.0


@pytest.mark.parametrize("model", ["BAM-1020", "5014i"])
@pytest.mark.parametrize("ppm", [-500.0, 500.0])
def test_hours_follow_a_clock_that_drifts_and_none_is_lost(make, model, ppm):
    unit = make(model, hidden={"clock_rate_ppm": ppm})
    ends = records(unit, 20 * DAY_US)
    gaps = np.diff(ends)
    assert set(gaps) <= {59.0, 60.0, 61.0}
    assert len(ends) in (24, 25)
    off = unit.read(20 * DAY_US, "clock_error") / 60.0  # 500 ppm in 20 days: 14.4 minutes
    assert off == pytest.approx(ppm * 1e-6 * 20 * 1440, abs=0.01)
    assert ends[-1] % 60.0 == pytest.approx(-off % 60.0, abs=1.0)


def test_a_drifting_5014i_has_a_mean_of_a_whole_day(make):
    exact, fast = (make("5014i", hidden={"clock_rate_ppm": ppm}) for ppm in (0.0, 500.0))
    for unit in (exact, fast):
        records(unit, 4 * DAY_US)
    shown = [unit.read(4 * DAY_US, "concentration_24h") for unit in (exact, fast)]
    assert shown[1] == pytest.approx(shown[0], rel=0.02)


@pytest.mark.parametrize("model", ["BAM-1020", "5014i"])
def test_a_clock_that_is_set_moves_the_hours_from_there_on(make, model):
    unit = make(model, hidden={"clock_rate_ppm": 0.0})
    unit.apply(5 * HOUR_US + 10 * MINUTE_US, Command("clock_us", 5 * HOUR_US + 30 * MINUTE_US))
    ends = records(unit, DAY_US)
    assert ends[ends <= 300.0] == pytest.approx(np.arange(0.0, 301.0, 60.0))
    assert set(ends[ends > 330.0] % 60.0) == {40.0}


def test_a_flat_battery_begins_the_hour_with_the_power(make):
    unit = make("BAM-1020", hidden={"battery_flat": True})
    unit.apply(5 * HOUR_US + 10 * MINUTE_US, Command("power", False))
    unit.apply(5 * HOUR_US + 25 * MINUTE_US, Command("power", True))
    ends = records(unit, DAY_US)
    assert set(ends[ends > 400.0] % 60.0) == {25.0}


def test_counts_of_an_hour_that_follows_a_clock_do_not_depend_on_cuts(make):
    def play(cuts):
        unit = make("BAM-1020", hidden={"clock_rate_ppm": 500.0, "clock_jump_s": 29.0})
        unit.apply(3 * HOUR_US, Command("k_factor", 1.02))
        for minute in cuts:
            unit.read(minute * MINUTE_US, "flow")
        return unit.recording(0, 1440)

    whole, cut = play([]), play(range(201, 1440, 7))
    assert all(np.array_equal(values, cut[label], equal_nan=True) for label, values in whole.items())
