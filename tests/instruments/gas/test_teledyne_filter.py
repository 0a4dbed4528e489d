"""The adaptive filter: fast on a step, quiet on a constant gas, the same however a series is cut. STABIL. Noise."""

import numpy as np
import pytest
from teledyne_bench import CHANNEL, FULL, GAS, MODELS, Breath, read, series, tell, unit

from instruments.catalogue import load
from instruments.gas.teledyne.adaptive import AdaptiveFilter, carried, trailing_mean

LONG = AdaptiveFilter(long=12, short=2, delta=5.0, percent=10.0, hold=6, adaptive=True)


def one_by_one(adaptive, values, fresh):
    """The rule as the manual tells it, value by value."""
    seen, shown, left, out = [], 0.0, 0, []
    for value, is_fresh in zip(values, fresh, strict=True):
        left = max(left - 1, 0)
        if is_fresh:
            seen.append(value)
            average = np.mean(seen[-adaptive.long :])
            gap = abs(value - average)
            if adaptive.adaptive and gap > adaptive.delta and gap > adaptive.percent / 100.0 * abs(average):
                left = adaptive.hold
            shown = np.mean(seen[-adaptive.short :]) if left > 0 else average
        out.append(shown)
    return np.array(out)


@pytest.fixture
def signal():
    rng = np.random.default_rng(5)
    values = np.repeat([0.0, 100.0, 103.0, 20.0, 400.0], 60) + rng.normal(0.0, 1.5, 300)
    fresh = rng.random(300) > 0.2
    fresh[0] = True
    return values, fresh


@pytest.mark.parametrize("adaptive", [True, False])
def test_the_filter_is_the_manuals_rule(signal, adaptive):
    rule = AdaptiveFilter(12, 2, 5.0, 10.0, 6, adaptive)
    out, _ = rule.filtered(np.empty(0), *signal, 0.0, 0.0)
    np.testing.assert_allclose(out, one_by_one(rule, *signal), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cuts", [(1,), (7, 8, 9), (60, 61, 66, 130), tuple(range(1, 300))])
def test_the_filter_does_not_see_where_a_series_is_cut(signal, cuts):
    values, fresh = signal
    whole, whole_left = LONG.filtered(np.empty(0), values, fresh, 0.0, 0.0)
    parts, lefts, shown, left = [], [], 0.0, 0.0
    for first, last in zip((0, *cuts), (*cuts, 300), strict=True):
        earlier = values[:first][fresh[:first]][-(LONG.long - 1) :]
        out, stays = LONG.filtered(earlier, values[first:last], fresh[first:last], shown, left)
        shown, left = out[-1], stays[-1]
        parts.append(out)
        lefts.append(stays)
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(np.concatenate(lefts), whole_left)


def test_both_thresholds_must_be_passed():
    def first_after(step, level):
        values = np.concatenate((np.full(20, level), [level + step]))
        out, _ = LONG.filtered(np.empty(0), values, np.ones(21, dtype=bool), 0.0, 0.0)
        return out[-1] - level

    assert first_after(9.0, 10.0) == pytest.approx(9.0 / 2)  # 8.25 above the long average: both passed
    assert first_after(9.0, 200.0) == pytest.approx(9.0 / 12)  # less than 10 %
    assert first_after(4.0, 1.0) == pytest.approx(4.0 / 12)  # less than 5
    assert first_after(-9.0, 10.0) == pytest.approx(-9.0 / 2)  # down as well as up


def test_the_filter_is_not_linear(signal):
    values, fresh = signal
    twice, _ = LONG.filtered(np.empty(0), 0.01 * values, fresh, 0.0, 0.0)
    once, _ = LONG.filtered(np.empty(0), values, fresh, 0.0, 0.0)
    assert np.abs(twice - 0.01 * once).max() > 0.1


def test_averages_of_what_there_is():
    assert trailing_mean(np.array([1.0, 2.0]), np.array([3.0, 4.0]), 3).tolist() == [2.0, 3.0]
    assert trailing_mean(np.empty(0), np.array([3.0, 5.0]), 9).tolist() == [3.0, 4.0]
    assert carried(np.array([1.0, 2.0, 3.0]), np.array([False, True, False]), 9.0).tolist() == [9.0, 2.0, 2.0]


STEP_AT = 7201
LAG = {"T100": 20.0, "T200": 20.0, "T300": 10.0, "T400": 10.0}
RISE = {"T100": 100.0, "T200": 60.0, "T300": 60.0, "T400": 20.0}
"""Seconds from the step to the first response, and from there to 95 %, data sheets."""


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("begin", [STEP_AT, STEP_AT + 5, STEP_AT + 31])
def test_rise_time_is_the_data_sheets(model, begin):
    breath = Breath(**{GAS[model].name: [(0, 0.0), (begin, FULL[model])]})
    made = unit(model, breath, noise_factor=0.0, span_wander_pct=0.0)
    rise = series(made, CHANNEL[model], begin, 400, 1.0) / FULL[model]
    begun, done = np.argmax(rise > 0.01), np.argmax(rise > 0.95)
    assert begun <= LAG[model] + 10.0  # a value stands for a measuring step
    assert done < LAG[model] + RISE[model]
    assert rise[:begun].max() < 0.01
    assert np.all(rise[done:] > 0.94)


@pytest.mark.parametrize("model", MODELS)
def test_a_step_too_small_for_the_filter_takes_its_long_average(model):
    entry = load(model)
    small = 0.4 * float(entry.settings["filter_delta"].default)
    breath = Breath(**{GAS[model].name: [(0, FULL[model]), (STEP_AT, FULL[model] + small)]})
    made = unit(model, breath, noise_factor=0.0, span_wander_pct=0.0)
    rise = (series(made, CHANNEL[model], STEP_AT, 600, 1.0) - read(made, CHANNEL[model], STEP_AT - 1)) / small
    made_long = float(entry.settings["filter_size"].default) * type(made).sample_s
    assert np.argmax(rise > 0.5) == pytest.approx(0.5 * made_long, abs=30.0)
    # with the adaptive filter off, a large step is no faster
    breath = Breath(**{GAS[model].name: [(0, 0.0), (STEP_AT, FULL[model])]})
    slow = unit(model, breath, noise_factor=0.0, span_wander_pct=0.0, settings={"adaptive_filter": False})
    rise = series(slow, CHANNEL[model], STEP_AT, 600, 1.0) / FULL[model]
    assert np.argmax(rise > 0.5) == pytest.approx(0.5 * made_long, abs=30.0)


@pytest.mark.parametrize("model", MODELS)
def test_zero_noise_and_detection_limit_are_the_data_sheets(model):
    channels = ("no", "nox") if model == "T200" else (CHANNEL[model],)
    made = unit(model)
    every = 360.0  # beyond the longest average, so that values are independent
    seen = np.array([[read(made, channel, 7200.0 + i * every) for channel in channels] for i in range(1000)])
    for values in seen.T:
        noise = np.sqrt(np.mean(np.var(values.reshape(40, 25), axis=1, ddof=1)))
        # 960 degrees of freedom: 99.9 % within 8 %; the flicker moves within a run by a few per cent more
        assert noise == pytest.approx(load(model).parameter("zero_noise"), rel=0.14)
    limit = {"T100": 0.4, "T200": 0.4, "T300": 0.04, "T400": 0.6}[model]
    assert 2.0 * load(model).parameter("zero_noise") == pytest.approx(limit)


@pytest.mark.parametrize("model", MODELS)
def test_the_short_average_is_noisier_while_it_stands(model):
    step = [(0, 0.0), (STEP_AT, FULL[model])]
    quick, quiet = [], []
    for seed in range(80):
        made = unit(model, Breath(**{GAS[model].name: step}), seed=seed, span_wander_pct=0.0)
        long_s = float(load(model).settings["filter_size"].default) * type(made).sample_s
        quick.append(read(made, CHANNEL[model], STEP_AT + 0.9 * long_s))
        quiet.append(read(made, CHANNEL[model], STEP_AT + 3000.0))
    assert np.std(quick) > 1.4 * np.std(quiet)


@pytest.mark.parametrize("model", MODELS)
def test_stabil_is_the_scatter_of_the_last_readings(model):
    made = unit(model, Breath(**{GAS[model].name: [(0, 0.0), (STEP_AT, 0.5 * FULL[model])]}))
    quantity = str(made.settings.get("stabil_gas", CHANNEL[model]))
    every = 10.0 if type(made).step_s == 10 else 12.0
    for t in (7000.0, STEP_AT + 120.0, STEP_AT + 3000.0):
        last = series(made, quantity, t - 24 * every, 25, every)
        assert read(made, "stabil", t) == pytest.approx(np.std(last, ddof=1), rel=1e-9)
    assert read(made, "stabil", STEP_AT + 120.0) > 20.0 * read(made, "stabil", 7000.0)


def test_stabil_of_another_gas():
    made = unit("T200", Breath(no=100.0, no2=20.0))
    tell(made, 7200.0, stabil_gas="no2")
    assert read(made, "stabil", 7300.0) == pytest.approx(np.std(series(made, "no2", 7012.0, 25, 12.0), ddof=1))


def test_the_filter_begins_anew_at_power_on():
    made = unit("T300", Breath(co=40.0), noise_factor=0.0)
    tell(made, 7200.0, power=False)
    tell(made, 7300.0, power=True)
    # one value is there, and nothing of the time before
    assert read(made, "co", 7310.0) == pytest.approx(float(made.steps.history.value(made.rows["raw_co"], 730)))


@pytest.mark.parametrize("model", MODELS)
def test_readings_of_an_average_are_not_white(model):
    made = unit(model)
    step = type(made).step_s
    values = made.recording(1000, 1000 + 6 * 3600 // step)[CHANNEL[model]]
    values = values - values.mean()
    span = float(load(model).settings["filter_size"].default) * type(made).sample_s
    near, far = (float(np.mean(values[k:] * values[:-k]) / np.var(values)) for k in (
        max(1, round(0.1 * span / step)), round(1.5 * span / step)))  # fmt: skip
    assert near > 0.7
    assert far < 0.4
