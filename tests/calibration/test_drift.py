"""Trends that know their readings remember each other, day-to-day drift, and the Allan deviation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter

from calibration.statistics import BadArgument, allan_deviation, daily_drift, drift, summarize


def remembering(generator, n, phi):
    return lfilter([1.0], [1.0, -phi], generator.normal(size=n + 200))[200:]


def test_a_trend_of_independent_readings_is_that_of_scipy():
    generator = np.random.default_rng(1)
    t = np.arange(0.0, 60.0, 2.0)
    # Residuals that alternate remember nothing: the plain standard error stands.
    y = 0.3 * t + np.where(np.arange(30) % 2, 1.0, -1.0) * (1 + 0.1 * generator.uniform(size=30))
    found, judge = drift(t, y), stats.linregress(t, y)
    assert found.rate == pytest.approx(judge.slope)
    assert found.u_rate == pytest.approx(judge.stderr) == found.u_rate_independent
    assert found.dof == 28
    assert found.p == pytest.approx(judge.pvalue, rel=1e-6)
    low, high = found.interval()
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 28) * judge.stderr)


@pytest.mark.parametrize(("phi", "low", "high"), [(0.0, 0.93, 0.99), (0.5, 0.90, 0.98), (0.8, 0.88, 0.98)])
def test_intervals_of_the_rate_cover_although_readings_remember(phi, low, high):
    generator, t = np.random.default_rng(17), np.arange(120.0)
    hits = plain = 0
    for _ in range(700):
        found = drift(t, 0.01 * t + remembering(generator, 120, phi))
        begin, end = found.interval()
        hits += begin <= 0.01 <= end
        plain += abs(found.rate - 0.01) <= 1.98 * found.u_rate_independent
    assert low < hits / 700 < high
    if phi == 0.8:
        assert plain / 700 < 0.65  # what a plain trend would claim at 95 %


def test_a_slow_wave_is_no_drift_but_a_ramp_is_one():
    generator, t = np.random.default_rng(4), np.arange(100.0)
    wave = remembering(generator, 100, 0.9)
    assert drift(t, wave).p > 0.05
    assert drift(t, wave + 0.5 * t).p < 0.001


def test_readings_on_a_line_drift_for_certain_and_constant_ones_not_at_all():
    t = np.arange(10.0)
    assert drift(t, 2.0 + 0.5 * t).p < 1e-12
    still = drift(t, np.full(10, 400.0))
    assert (still.rate, still.u_rate, still.p, still.autocorrelation) == (0.0, 0.0, 1.0, None)


@pytest.mark.parametrize(
    ("times", "words"),
    [([0, 1, 2, 3, 5], "equal intervals"), ([0, 0, 0, 0, 0], "rising"), ([0, 1, 2, 3], "at least 5")],
)
def test_times_of_no_trend_are_refused(times, words):
    with pytest.raises(BadArgument, match=words):
        drift(times, np.arange(float(len(times))))


def test_daily_drift_starts_anew_after_an_adjustment():
    found = daily_drift([0.2, 0.9, 2.6, 0.4], [math.nan, math.nan, 0.1, math.nan])
    assert found.differences == pytest.approx([0.7, 1.7, 0.3])
    assert found.largest == pytest.approx(1.7)
    assert daily_drift([400.0, 396.0]).percent == pytest.approx([-1.0])
    assert daily_drift([0.0, -1.0, 2.0]).percent is None
    assert daily_drift([0.0, -3.0, -2.0]).largest == -3.0


def test_days_that_do_not_fit_are_refused():
    with pytest.raises(BadArgument, match="readings: expected at least 2"):
        daily_drift([1.0])
    with pytest.raises(BadArgument, match="adjusted: expected shape"):
        daily_drift([1.0, 2.0], [1.0])
    with pytest.raises(BadArgument, match="adjusted"):
        daily_drift([1.0, 2.0], [math.inf, 1.0])


def test_allan_deviation_of_the_nine_frequencies_of_nist():
    # NBS Monograph 140, annex 8.E, as printed in NIST SP 1065, table 31; recalled.
    found = allan_deviation([892, 809, 823, 798, 671, 644, 883, 903, 677], averaging=[1, 2])
    assert found.deviations == pytest.approx([91.22945, 85.95287], abs=5e-6)


def test_allan_deviation_of_the_thousand_points_of_nist():
    # Generator and answers: NIST SP 1065, 12.4, tables 32 and 33; recalled.
    state, values = 1234567890, []
    for _ in range(1000):
        values.append(state / 2147483647)
        state = 16807 * state % 2147483647
    assert values[0] == pytest.approx(0.5748904732)
    summary = summarize(values)
    assert summary.mean == pytest.approx(0.4897745, abs=5e-8)
    assert summary.sd == pytest.approx(0.2884664, abs=5e-8)
    found = allan_deviation(values, averaging=[1, 10, 100])
    assert found.deviations == pytest.approx([2.922319e-01, 9.159953e-02, 3.241343e-02], rel=2e-7)


def test_white_noise_falls_with_the_root_of_time_and_its_interval_covers():
    generator, hits = np.random.default_rng(6), 0
    for _ in range(200):
        found = allan_deviation(generator.normal(0, 2.0, 400), interval=10.0)
        low, high = found.interval(0.9)
        truth = 2.0 / np.sqrt(found.averaging_times / 10.0)
        hits += (low <= truth) & (truth <= high)
    assert list(found.averaging_times) == [10, 20, 40, 80, 160, 320, 640, 1280]
    assert all(0.84 < share < 0.96 for share in hits / 200)


@given(st.floats(-1e4, 1e4), st.floats(0.1, 100), st.integers(0, 99))
def test_level_does_not_matter_and_scale_scales(level, scale, seed):
    values = np.random.default_rng(seed).normal(size=64)
    found, other = allan_deviation(values), allan_deviation(level + scale * values)
    assert other.deviations == pytest.approx(scale * found.deviations, rel=1e-6)


def test_a_ramp_alone_has_the_deviation_of_a_ramp():
    found = allan_deviation(0.2 * np.arange(64.0), averaging=[1, 4])
    assert found.deviations == pytest.approx(np.array([0.2, 0.8]) / math.sqrt(2.0))


@pytest.mark.parametrize(
    ("readings", "interval", "averaging", "words"),
    [
        ([1.0, 2.0], 1.0, None, "at least 3"),
        ([1.0, 2.0, 3.0], 0.0, None, "interval"),
        ([1.0, 2.0, 3.0, 4.0], 1.0, [3], "whole numbers from 1 to 2"),
        ([1.0, 2.0, 3.0, 4.0], 1.0, [1.5], "whole numbers"),
        ([1.0, math.inf, 3.0], 1.0, None, r"readings\[1\]"),
    ],
)
def test_readings_without_an_allan_deviation_are_refused(readings, interval, averaging, words):
    with pytest.raises(BadArgument, match=words):
        allan_deviation(readings, interval, averaging)
