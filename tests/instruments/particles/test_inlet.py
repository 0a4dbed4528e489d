"""Cutter heads: what passes them, and how flow, dirt and wrong mounting change it."""

import numpy as np
import pytest

from instruments.atmosphere import Mode
from instruments.particles.inlet import Inlet, InletHidden, cutoff_um

DESIGN = 16.67


def passed(size, flow=DESIGN, clean=1.0, **hidden):
    return Inlet(size, DESIGN, InletHidden(**hidden)).penetration(np.array([flow]), np.array([clean]))[:, 0]


def test_a_pm10_head_lets_fine_and_most_coarse_particles_through_and_few_giants():
    fine, volatile, coarse, giant = passed("pm10")
    assert fine == pytest.approx(1.0, abs=0.01)
    assert volatile == fine
    assert 0.8 < coarse < 0.95
    assert giant < 0.2


def test_a_cyclone_takes_the_coarse_particles():
    fine, _, coarse, giant = passed("pm2.5")
    assert 0.97 < fine < 1.0
    assert coarse < 0.08
    assert giant < 1e-6


def test_ten_per_cent_less_flow_moves_the_cutoff_by_five_per_cent():
    assert cutoff_um("pm2.5", 0.9) / cutoff_um("pm2.5", 1.0) == pytest.approx(1.05, abs=0.005)
    assert cutoff_um("pm10", 1.0) == 10.0


@pytest.mark.parametrize("size", ["pm10", "pm2.5"])
def test_less_flow_lets_more_coarse_particles_through_and_more_flow_fewer(size):
    low, design, high = (passed(size, flow)[Mode.COARSE] for flow in (0.9 * DESIGN, DESIGN, 1.1 * DESIGN))
    assert low > design > high


def test_heads_swapped_and_heads_missing():
    assert passed("pm2.5", wrong_head=1.0) == pytest.approx(passed("pm10"))
    assert passed("pm10", wrong_head=1.0) == pytest.approx(passed("pm2.5"))
    assert passed("pm10", head_missing=1.0) == pytest.approx(np.ones(4))
    half = passed("pm2.5", wrong_head=0.5)[Mode.COARSE]
    assert half == pytest.approx((passed("pm2.5")[Mode.COARSE] + passed("pm10")[Mode.COARSE]) / 2.0)


def test_a_shifted_cutoff_changes_the_coarse_part_only_where_it_cuts():
    assert passed("pm2.5", cutoff_factor=1.3)[Mode.COARSE] > 2.0 * passed("pm2.5")[Mode.COARSE]
    assert passed("pm2.5", cutoff_factor=0.8)[Mode.FINE] < passed("pm2.5")[Mode.FINE]


def test_dirt_cuts_lower_and_lets_giants_bounce():
    dirty = passed("pm10", clean=0.7)
    assert dirty[Mode.COARSE] < passed("pm10")[Mode.COARSE]
    assert dirty[Mode.GIANT] > 0.05
    assert passed("pm10", head_dirt=0.3) == pytest.approx(dirty)


def test_gauze_and_filtered_air():
    gauze = passed("pm10", gauze=1.0) / passed("pm10")
    assert gauze[Mode.COARSE] < 0.5 < gauze[Mode.FINE] < 1.0
    assert passed("pm10", filtered=0.4) == pytest.approx(0.6 * passed("pm10"))


def test_one_instant_and_many_agree():
    inlet = Inlet("pm2.5", DESIGN, InletHidden(head_dirt=0.1))
    for flow in (0.0, 8.0, 16.0, 19.0, 60.0):
        assert inlet.at(flow, 0.95) == pytest.approx(inlet.penetration(np.array([flow]), np.array([0.95]))[:, 0])


def test_no_heads_and_an_unknown_size():
    assert passed("tsp") == pytest.approx(np.ones(4))
    with pytest.raises(ValueError, match=r"pm1'.*pm10, pm2\.5"):
        Inlet("pm1", DESIGN, InletHidden())
