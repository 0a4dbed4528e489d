"""Rows of a real 1405-F beside rows of the model: what is found in the one must be found in the other."""

from pathlib import Path

import numpy as np
import pytest
from teom_support import World, apply, recorded, unit

ROWS = np.genfromtxt(
    Path(__file__).parents[2] / "data" / "teom-1405f-excerpt.csv", delimiter=",", names=True, dtype=None,
    encoding="utf-8",
)  # fmt: skip
COLUMNS = {
    "mc": "concentration", "mc_1h": "concentration_1h", "base": "base_concentration",
    "reference": "reference_concentration", "frequency": "frequency", "noise": "noise", "load": "filter_load",
    "bypass": "bypass_flow", "status": "status",
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    """40 rows of a unit like the real one, from 42 min past an hour on: warm moist air, bypass flow sagging."""
    device = unit(
        world=World(fine=lambda minute: 9.0 + 6.0 * np.cos(minute / 130.0), volatile=3.0, coarse=0.0,
                    temperature=32.0, humidity=76.0, pressure=988.0),
        hidden={"collected": 830.0, "noise_factor": 1.8},
    )  # fmt: skip
    device.advance(12 * 3600 * 1_000_000)
    apply(device, 10 * 3600 + 2700 + 1, "hidden.bypass_clog", 0.516)
    table = recorded(device, 10, 15)
    rows = np.arange(42 // 6, 42 // 6 + 40) * 36 - 1
    return {name: table[label][rows] for name, label in COLUMNS.items()}


def real():
    return {name: np.asarray(ROWS[name], dtype=float) for name in COLUMNS}


def rows_of(which, model):
    return real() if which == "real" else model


BOTH = pytest.mark.parametrize("which", ["real", "model"])


@BOTH
def test_the_value_is_base_less_reference_and_the_hour_value_that_of_the_full_hour(which, model):
    rows = rows_of(which, model)
    assert rows["mc"] == pytest.approx(rows["base"] - rows["reference"], abs=2e-4)
    hour = 3  # the row of 11:00
    assert rows["mc_1h"][hour : hour + 10] == pytest.approx(np.full(10, rows["mc"][hour]), abs=1e-5)


@BOTH
def test_second_differences_of_base_and_reference_come_in_pairs_of_opposite_parity(which, model):
    rows = rows_of(which, model)
    parity = []
    for name in ("base", "reference"):
        second = np.diff(rows[name], 2)
        apart = [np.abs(second[start:-1:2] - second[start + 1 :: 2]).max() for start in (0, 1)]
        assert min(apart) < 3e-4  # rounding of the file
        assert max(apart) > 0.1
        parity.append(int(np.argmin(apart)))
    assert sorted(parity) == [0, 1]


@BOTH
def test_the_frequency_alternates_by_a_millihertz_and_falls_from_like_phase_to_like_phase(which, model):
    frequency = rows_of(which, model)["frequency"]
    assert abs((frequency[1::2] - frequency[0::2]).mean() * 1e3) == pytest.approx(1.1, abs=0.2)
    fall = frequency[2:] - frequency[:-2]
    assert fall.mean() < 0.0
    assert (fall < 0.0).mean() > 0.85


@BOTH
def test_twelve_minutes_put_on_the_mass_that_base_and_reference_say(which, model):
    rows = rows_of(which, model)
    mass = 14976.0e6 / rows["frequency"] ** 2
    gained = mass[-1] - mass[1]
    said = ((rows["base"] + rows["reference"]) * 3.0 * 6.0 / 1000.0)[2:].sum() / 2.0
    assert gained == pytest.approx(said, rel=0.15)
    residual = mass[2:] - mass[:-2] - ((rows["base"] + rows["reference"]) * 0.018)[2:]
    assert 0.03 < residual.std() < 0.12


@BOTH
def test_noise_scatters_by_a_fifth_to_a_quarter_and_the_load_moves_in_steps(which, model):
    rows = rows_of(which, model)
    assert rows["noise"].mean() == pytest.approx(0.0043, rel=0.12)
    assert 0.13 < rows["noise"].std() / rows["noise"].mean() < 0.35
    assert rows["load"].mean() == pytest.approx(30.5, abs=1.5)
    assert rows["load"].std() == pytest.approx(0.8, abs=0.25)
    steps = rows["load"] / 0.2043
    assert np.abs(steps - np.round(steps)).max() < 0.1


@BOTH
def test_bit_4_is_set_where_the_bypass_flow_is_a_tenth_below_its_set_point(which, model):
    rows = rows_of(which, model)
    assert np.array_equal(rows["status"] == 16, rows["bypass"] < 0.9 * 13.67)
    assert set(rows["status"]) <= {0.0, 16.0}
    assert (rows["status"] == 16).any()
