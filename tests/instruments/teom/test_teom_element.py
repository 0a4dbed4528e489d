"""The tapered element: mass and frequency, and K0 by a weighed filter through the unit's own wizard."""

import json
from pathlib import Path

import numpy as np
import pytest
from teom_support import World, apply, at, recorded, series, unit

from instruments.errors import Refused
from instruments.particles.teom_element import frequency_hz, k0_of, mass_g

KNOWN = json.loads((Path(__file__).parents[2] / "data" / "teom_k0.json").read_text(encoding="utf-8"))
HOUR = 3600


def test_frequency_mass_and_k0_agree_with_the_constructed_example():
    bare = mass_g(KNOWN["K0_g_Hz2"], KNOWN["f0_Hz"])
    loaded = frequency_hz(KNOWN["K0_g_Hz2"], bare + KNOWN["filter_mass_g"])
    assert float(loaded) == pytest.approx(KNOWN["f1_Hz"], rel=1e-13)
    assert k0_of(KNOWN["filter_mass_g"], KNOWN["f0_Hz"], float(loaded)) == pytest.approx(
        KNOWN["K0_recovered"], rel=1e-12
    )
    coarse = KNOWN["if_f1_read_0_01Hz"]
    assert k0_of(KNOWN["filter_mass_g"], coarse["f0"], coarse["f1"]) == pytest.approx(coarse["K0"], rel=1e-12)
    with pytest.raises(ValueError, match="lowers the frequency"):
        k0_of(0.085, 208.0, 250.0)


def verified(device, begin, grams, certified=None):
    """A verification: start, take the filter off, wait, read, fit the weighed one, wait, read. Returns K0."""
    apply(device, begin, "start_k0")
    apply(device, begin + 10, "remove_filter")
    apply(device, begin + HOUR, "k0_free")
    apply(device, begin + HOUR + 10, "fit_filter", grams)
    apply(device, begin + 2 * HOUR, "k0_filter", certified or grams)
    return device.read(at(begin + 2 * HOUR + 20), "k0_audit")


@pytest.mark.parametrize("model", ["1405-F", "1400a"])
def test_k0_round_trip_of_a_unit_with_the_constructed_element(model):
    device = unit(model, hidden={"k0": 12000.0, "free_frequency": 250.0}, settings={"k0": 12000.0})
    found = verified(device, HOUR, 0.085)
    assert device.read(at(2 * HOUR - 10), "frequency") == pytest.approx(KNOWN["f0_Hz"], abs=2e-3)
    assert device.read(at(3 * HOUR), "frequency") == pytest.approx(KNOWN["f1_Hz"], abs=0.15)
    assert found == pytest.approx(12000.0, rel=0.004)  # no two seatings swing the same mass
    assert device.read(at(3 * HOUR + 20), "k0_difference") == pytest.approx(100.0 * (found - 12000.0) / 12000.0)
    assert device.read(at(3 * HOUR + 20), "k0") == 12000.0  # the wizard never types a new one in


def test_seatings_scatter_by_a_tenth_of_a_percent_and_have_no_bias():
    device = unit()
    found = []
    for number in range(16):
        begin = (1 + 3 * number) * HOUR
        found.append(verified(device, begin, 0.0912))
        apply(device, begin + 2 * HOUR + 60, "end_k0")
    difference = np.array(found) / 14976.0 - 1.0
    assert 0.0004 < difference.std() < 0.002
    assert abs(difference.mean()) < 3.0 * 0.001 / 4.0


@pytest.mark.parametrize(("stored", "certified", "expected"), [(14976.0 * 1.05, 0.0912, -4.8), (14976.0, 0.0921, 1.0)])
def test_a_wrong_stored_k0_or_a_wrong_weight_shows_in_the_difference(stored, certified, expected):
    device = unit(settings={"k0": stored})
    verified(device, HOUR, 0.0912, certified)
    assert device.read(at(3 * HOUR + 30), "k0_difference") == pytest.approx(expected, abs=0.45)


def test_the_wizard_refuses_what_makes_no_sense_and_then_nothing_has_changed():
    device, twin = unit(), unit()
    for name, value, reason in [
        ("k0_free", True, "wrong settings"),  # sampling is on
        ("k0_filter", 0.0912, "wrong settings"),  # no frequency without a filter yet
        ("k0_filter", 91.2, "too high"),  # milligrams
        ("fit_filter", 91.2, "too high"),
        ("fit_filter", -0.1, "too low"),
        ("fit_filter", "heavy", "invalid"),
        ("cap_inlet", 1, "invalid"),
        ("remove_filter", False, "invalid"),
    ]:
        with pytest.raises(Refused) as caught:
            apply(device, 1000, name, value)
        assert caught.value.reason == reason, name
    both = recorded(device, 0, 3), recorded(twin, 0, 3)
    assert all(np.array_equal(both[0][label], both[1][label]) for label in both[0])


def test_frequency_falls_as_mass_comes_on_and_never_rises_over_hours():
    device = unit("1400a", World(fine=80.0, volatile=0.0))
    shown = series(device, 0, 48 * HOUR, "frequency", every=HOUR)
    assert (np.diff(shown) < 0.0).all()
    mass = 14976.0 / shown**2 * 1e6
    through = 80.0 + 25.0 * 0.85 + 5.0 * 0.2
    per_hour = np.diff(mass).mean()
    assert per_hour == pytest.approx(through * 3.0 * 60 / 1000, rel=0.05)


def test_f_and_k0_are_seen_through_a_loose_filter_until_it_is_seated_again():
    device = unit(hidden={"looseness": 0.5})
    assert device.read(at(5 * HOUR), "noise") > 0.1
    apply(device, 5 * HOUR, "reseat_filter")
    assert device.read(at(6 * HOUR), "noise") < 0.01
    assert device.read(at(6 * HOUR), "hidden.looseness") == 0.0
