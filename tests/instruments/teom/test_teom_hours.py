"""What a TEOM files by the hour goes by its own clock: one that is wrong, drifts, is set, or loses its battery."""

import numpy as np
import pytest
from faces import START_US
from feeding import whole
from teom_support import World, apply, at, recorded, series, unit

from instruments import catalogue
from instruments.protocols.ak import AkDevice, AkOptions
from instruments.protocols.dialects import dialect

HOUR = 3600
MINUTE = 60
MODELS = ["1400a", "1405-F"]
both = pytest.mark.parametrize("model", MODELS)


def clocked(model, world=None, **hidden):
    return unit(
        model, world or World(fine=lambda minute: 30.0 + minute / 60.0), hidden={"clock_rate_ppm": 0.0, **hidden}
    )


def ends(device, hours):
    """Minutes at which the hours were filed that are known at the end of so many hours, the last day's."""
    device.advance(at(hours * HOUR))
    t, found = hours * HOUR, []
    while (filed := device.read(at(t), "hour_s")) > max(0.0, (hours - 24.0) * HOUR):
        found.append(filed / MINUTE)
        t = filed - 1
    return np.array(found[::-1])


def hour_before(model, concentration, end_minute):
    """What the hour that ends then comes to, from what was shown step by step."""
    end = round(end_minute * 6)
    return concentration[end - 1] if model == "1405-F" else concentration[end - 360 : end].mean()


@both
@pytest.mark.parametrize("fast_min", [20.0, -25.0])
def test_a_clock_that_is_wrong_moves_the_records_of_the_hours_and_nothing_else(model, fast_min):
    right, wrong = clocked(model), clocked(model, clock_jump_s=60.0 * fast_min)
    tables = [recorded(device, 0, 30) for device in (right, wrong)]
    moved = {name for name in tables[0] if not np.array_equal(tables[0][name], tables[1][name])}
    spans = ("30min", "8h") if model == "1400a" else ("xxh", "12h")
    by_clock = {f"concentration_{span}" for span in ("1h", "24h", *spans)}
    assert moved <= by_clock | {"clock_error"}
    assert {"clock_error", "concentration_1h", "concentration_24h"} <= moved
    assert set(ends(right, 30) % 60.0) == {0.0}
    assert set(ends(wrong, 30) % 60.0) == {-fast_min % 60.0}
    concentration = tables[1]["concentration"]
    for end in ends(wrong, 30):
        shown = wrong.read(at(end * MINUTE), "concentration_1h")
        assert shown == pytest.approx(hour_before(model, concentration, end), rel=1e-9)
        assert wrong.read(at(end * MINUTE + 59 * MINUTE), "concentration_1h") == shown
    last = ends(wrong, 30)[-1]
    day = [hour_before(model, concentration, last - 60.0 * back) for back in range(24)]
    assert wrong.read(at(30 * HOUR), "concentration_24h") == pytest.approx(np.mean(day), rel=1e-9)


@both
def test_a_clock_that_is_set_moves_the_hours_from_there_on_as_on_the_5014i(model):
    device = clocked(model)
    apply(device, 5 * HOUR + 10 * MINUTE, "clock_us", at(5 * HOUR + 30 * MINUTE))
    found = ends(device, 24)
    assert found[found <= 300.0] == pytest.approx(np.arange(60.0, 301.0, 60.0))
    assert set(found[found > 310.0] % 60.0) == {40.0}
    assert device.read(at(5 * HOUR + 5 * MINUTE), "hour_s") == 5 * HOUR  # the past stays what it was


@both
def test_an_hour_over_which_the_clock_is_set_is_not_filed_and_one_that_it_shows_twice_is(model):
    on, back = clocked(model), clocked(model)
    apply(on, 5 * HOUR + 50 * MINUTE, "clock_us", at(6 * HOUR + 10 * MINUTE))
    assert ends(on, 9)[4:] == pytest.approx([300.0, 400.0, 460.0, 520.0])
    apply(back, 6 * HOUR + 10 * MINUTE, "clock_us", at(5 * HOUR + 50 * MINUTE))
    assert ends(back, 8)[4:] == pytest.approx([300.0, 360.0, 380.0, 440.0])


@both
def test_hours_that_lie_elsewhere_since_the_clock_was_set_do_not_count_for_the_day(model):
    device = clocked(model)
    apply(device, 30 * HOUR, "clock_us", at(30 * HOUR + 30 * MINUTE))
    found = ends(device, 34)
    assert found[-4:] == pytest.approx([1830.0, 1890.0, 1950.0, 2010.0])
    since = [device.read(at(end * MINUTE), "concentration_1h") for end in found[-4:]]
    assert device.read(at(34 * HOUR), "concentration_24h") == pytest.approx(np.mean(since), rel=1e-9)


@both
@pytest.mark.parametrize("ppm", [-5000.0, 5000.0])
def test_hours_follow_a_clock_that_drifts_and_none_is_lost(model, ppm):
    device = clocked(model, clock_rate_ppm=ppm)
    for hours in range(6, 4 * 24 + 1, 6):
        device.advance(at(hours * HOUR))
    found = ends(device, 4 * 24)
    assert np.diff(found) == pytest.approx(np.full(len(found) - 1, 60.0 / (1.0 + ppm * 1e-6)), abs=0.17)
    off = device.read(at(4 * 24 * HOUR), "clock_error") / MINUTE
    assert (found[-1] + off) % 60.0 == pytest.approx(0.0, abs=0.2) or (found[-1] + off) % 60.0 > 59.8


def test_a_flat_battery_begins_the_hour_with_the_power():
    device = clocked("1400a", battery_flat=True)
    apply(device, 5 * HOUR + 600, "power", False)
    apply(device, 5 * HOUR + 1500, "power", True)
    found = ends(device, 12)
    assert set(found[found > 330.0] % 60.0) == {25.0}


def test_the_void_hours_of_a_filter_change_are_those_of_the_units_clock():
    def void(device):
        apply(device, 12 * HOUR + 1800, "run", False)
        apply(device, 12 * HOUR + 1810, "remove_filter")
        apply(device, 12 * HOUR + 1830, "fit_filter", 0.09)
        apply(device, 12 * HOUR + 1900, "run", True)
        device.advance(at(15 * HOUR))
        shown = series(device, 12 * HOUR, 15 * HOUR, "concentration_1h", every=MINUTE)
        return 12 * 60.0 + 1 + np.flatnonzero(shown == 0.0)

    # Values come back 72 min after 12:32: the clock that is right has one full hour before that, the fast one two.
    for device, begins, hours in ((clocked("1405-F"), 780, 1), (clocked("1405-F", clock_jump_s=1200.0), 760, 2)):
        assert void(device).tolist() == list(range(begins, begins + 60 * hours))


@both
def test_hours_do_not_depend_on_who_looks_in_between(model):
    def play(looks):
        device = clocked(model, clock_rate_ppm=700.0, clock_jump_s=3.0)
        apply(device, 3 * HOUR + 7, "clock_us", at(3 * HOUR + 2999))
        for t in looks:
            device.read(at(t), "concentration_1h")
        return recorded(device, 0, 9)

    whole_, cut = play([]), play(range(3 * HOUR + 60, 9 * HOUR, 517))
    assert all(np.array_equal(values, cut[label]) for label, values in whole_.items())


class Served:
    """The face of a real unit at an instant."""

    def __init__(self, device, t_us):
        self.device, self.at_us = device, t_us

    def read(self, quantity):
        return self.device.read(self.at_us, quantity)

    def read_at(self, quantity, t_us):
        return self.device.read(t_us, quantity)

    def now_us(self):
        return self.at_us

    def clock_us(self):
        return self.device.clock_us(self.at_us)


@both
def test_stored_records_bear_the_time_of_the_clock_that_filed_them(model):
    device = clocked(model, clock_jump_s=1207.0)  # an hour ends in the middle of a measuring step
    device.clock.begin(START_US)
    apply(device, 5 * HOUR, "clock_us", START_US + at(5 * HOUR))
    line = AkDevice(dialect(catalogue.load(model), "ak").table, Served(device, at(8 * HOUR)), 52, AkOptions())
    whole(line, b"\x024SSTO K0 B\x03")
    records = whole(line, b"\x024ASTO K0 48\x03").decode().strip("\x03\r\n").split("\r\n")[1:]
    stamps = [record.split(",")[0] for record in records if record[3:5] == "00"]
    # set back over 05:00, which comes twice
    assert stamps == ["01:00:00", "02:00:00", "03:00:00", "04:00:00", "05:00:00", "06:00:00", "07:00:00", "08:00:00"]
    place = 4 if model == "1400a" else 3
    values = [float(record.split(",")[place]) for record in records if record[3:5] == "00"]
    made = [(60.0 * k) * MINUTE - 1210 for k in range(1, 6)] + [k * HOUR for k in range(6, 9)]
    assert values == pytest.approx([device.read(at(t), "concentration_1h") for t in made], abs=5e-3)
