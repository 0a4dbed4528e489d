"""First-order recursions against scipy's own, and their independence of how they are cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from instruments.filters import first_order, lag

INPUTS = np.random.default_rng(1).standard_normal((3, 1000))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 999), max_size=12), st.floats(0.0, 1.0))
def test_a_lag_is_the_same_however_it_is_cut(cuts, decay):
    whole = lag(INPUTS, np.ones(3), decay)
    parts, last, state = [], 0, np.ones(3)
    for cut in [*sorted(set(cuts)), 1000]:
        parts.append(lag(INPUTS[:, last:cut], state, decay))
        last, state = cut, parts[-1][:, -1].copy()
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


@pytest.mark.parametrize("count", [1, 2, 1000])
@pytest.mark.parametrize("decay", [0.0, 0.3, 0.999, 1.0])
def test_both_agree_with_scipy(count, decay):
    inputs, start = INPUTS[:, :count], np.array([2.0, -1.0, 0.0])
    state = (decay * start)[:, None]
    recursion = lfilter([1.0], [1.0, -decay], inputs, zi=state)[0]
    np.testing.assert_allclose(first_order(inputs, start, decay), recursion, rtol=1e-12, atol=1e-12)
    lagged = lfilter([1.0 - decay], [1.0, -decay], inputs, zi=state)[0]
    np.testing.assert_allclose(lag(inputs, start, decay), lagged, rtol=1e-12, atol=1e-12)


def test_a_lag_leaves_its_inputs_alone_and_holds_at_decay_one():
    inputs = INPUTS.copy()
    assert (lag(inputs, np.array([5.0, 6.0, 7.0]), 1.0) == np.array([[5.0], [6.0], [7.0]])).all()
    assert inputs.tobytes() == INPUTS.tobytes()


def test_a_lag_follows_a_step_exponentially():
    step = lag(np.ones((1, 50)), np.zeros(1), np.exp(-1.0 / 10.0))[0]
    np.testing.assert_allclose(step, 1.0 - np.exp(-np.arange(1, 51) / 10.0), rtol=1e-12)


@pytest.mark.parametrize(("level", "start", "decay"), [(8.0, 8.0, 0.9), (0.1, 3.0, 0.99), (1e-30, 0.0, 0.5)])
def test_a_row_at_rest_is_the_recursion_to_the_bit(level, start, decay):
    inputs = np.full((1, 40_000), level)
    whole = first_order(inputs * (1.0 - decay), np.array([start]), decay)
    # Cut where it has long settled: the rest is not computed point by point, and must not show it.
    settled = lag(inputs[:, :20_000], np.array([start]), decay)
    rest = lag(inputs[:, 20_000:], settled[:, -1].copy(), decay)
    assert np.concatenate((settled, rest), axis=1).tobytes() == whole.tobytes()


def test_an_input_that_moves_once_in_the_middle_is_no_rest():
    inputs = np.full((1, 4096), 8.0)
    inputs[0, 1000] = 9.0
    assert lag(inputs, np.array([8.0]), 0.5)[0, 1000:1002].tolist() == [8.5, 8.25]


def test_a_lag_may_be_written_over_its_inputs():
    inputs = INPUTS.copy()
    assert lag(inputs, np.ones(3), 0.9, out=inputs) is inputs
    assert inputs.tobytes() == lag(INPUTS, np.ones(3), 0.9).tobytes()
