"""Mistakes by which an expert knows a poor simulation of gas analyzers; both families where both have the part.

Each test says what a model with that mistake would show.
"""

import numpy as np
import pytest
from teledyne_bench import CHANNEL, GAS, Breath, read, series, unit

THERMO = {
    "43i": ("so2", "so2", 400.0),
    "42i": ("no", "no", 400.0),
    "49i": ("o3", "o3", 400.0),
    "48i": ("co", "co", 40.0),
}
TELEDYNE = {model: (CHANNEL[model], GAS[model].name.lower(), 40.0 if model == "T300" else 400.0) for model in CHANNEL}
BOTH = {**THERMO, **TELEDYNE}
STEP_AT = 3600
RAMP_S = {"T100": 240.0, "T200": 420.0, "T300": 750.0, "T400": 224.0}
"""Length of the long average of each T model: samples of its cycle."""


def correlation(values, lag):
    away = values - values.mean()
    return float((away[lag:] * away[:-lag]).mean() / (away * away).mean())


def stepped(model, **options):
    """A unit without noise that gets its gas at the inlet, from nothing, at an instant."""
    _, gas, full = BOTH[model]
    return unit(model, Breath(**{gas: [(0, 0.0), (STEP_AT, full)]}), noise_factor=0.0, span_wander_pct=0.0, **options)


@pytest.mark.parametrize("model", BOTH)
def test_readings_of_an_averaged_channel_are_not_white(model):
    """Neighbours share most of their average: white noise would have 0 here."""
    made = unit(model)
    values = series(made, BOTH[model][0], 7200.0, 1500, 10.0)
    # 60 s on steps of 10 s share five parts of six; the T series' long averages still more
    assert correlation(values, 1) > 0.75
    assert abs(correlation(values, 100)) < 0.4  # and no more than drift a quarter of an hour later


@pytest.mark.parametrize("model", THERMO)
def test_three_hundred_seconds_are_as_quiet_as_the_average_says(model):
    """Drawn anew at each output, noise would be as large at 300 s as at 10 s."""
    sd = {}
    for averaging in (10, 300):
        made = unit(model, settings={"averaging_time": averaging})
        sd[averaging] = series(made, BOTH[model][0], 7200.0, 600, 300.0).std()
    assert sd[10] / sd[300] > 2.0  # sqrt(30) for white light, less for what flickers
    assert sd[10] / sd[300] < np.sqrt(30.0) * 1.15


@pytest.mark.parametrize("model", THERMO)
def test_a_moving_average_gives_a_straight_ramp(model):
    """An exponential of the same T90 would rise three times as fast at its beginning as at its middle."""
    made = stepped(model, settings={"averaging_time": 300})
    rise = np.diff(series(made, BOTH[model][0], STEP_AT + 60.0, 12, 20.0))
    assert rise.max() / rise.min() < 1.05
    assert rise.mean() == pytest.approx(BOTH[model][2] * 20.0 / 300.0, rel=0.03)
    end = series(made, BOTH[model][0], STEP_AT + 360.0, 2, 600.0)
    assert end[0] == pytest.approx(end[1], rel=2e-3)  # it arrives; an exponential would creep for half an hour


@pytest.mark.parametrize("model", TELEDYNE)
def test_below_its_thresholds_an_adaptive_filter_is_a_straight_ramp_too(model):
    made = stepped(model, settings={"adaptive_filter": False})
    every = RAMP_S[model] / 12.0
    rise = np.diff(series(made, BOTH[model][0], STEP_AT + 3.0 * every, 8, every))
    assert rise.max() / rise.min() < 1.3  # an exponential: 4


def test_sulphur_dioxide_takes_minutes_through_a_line(line):
    """A lag of the cell alone would be at 99 per cent in half a minute of the gas's arrival."""
    for model in ("43i", "T100"):
        rig = line(model, noise_factor=0.0, span_wander_pct=0.0, span_pct_per_c=0.0)
        rig.offer(0.0, calibrator_mode="zero")
        rig.tell("calibrator", 3600.0, gas="a", concentration=400.0, calibrator_mode="span")
        end = rig.mean("so2", "so2", 3600.0 + 9000.0, 10)
        shares = np.array([rig.read("so2", "so2", 3600.0 + t) for t in range(0, 3600, 10)]) / end
        within = 10 * (1 + int(np.flatnonzero(shares < 0.99)[-1]))
        assert 300.0 <= within <= 1200.0, model  # 10 to 20 min in an ordinary line, filter and all (notes, section 2)


@pytest.mark.parametrize("model", ["42i", "T200"])
def test_nitric_oxide_is_not_nitrogen_dioxide(model):
    """A model that takes NOx for NO2 shows 400 ppb."""
    made = unit(model, Breath(no=400.0))
    seen = series(made, "no2", 7200.0, 60, 60.0)
    assert abs(seen.mean()) < 1.0
    assert seen.std() > 0.05  # a difference of two channels has its noise
    assert series(made, "no", 7200.0, 60, 60.0).mean() == pytest.approx(400.0, rel=0.005)


def test_channels_that_take_turns_make_nitrogen_dioxide_swing_in_a_plume():
    """Two channels that see the same instant would give no NO2 at all from a plume of NO."""
    plume = [(0, 10.0), *((3600 + 60 * k, 200.0 if k % 2 else 10.0) for k in range(20))]
    made = unit("42i", Breath(no=plume), settings={"averaging_time": 10})
    seen = series(made, "no2", 3600.0, 120, 10.0)
    assert seen.min() < -20.0
    assert seen.max() > 20.0


@pytest.mark.parametrize("model", BOTH)
def test_the_air_conditioner_is_in_the_temperatures_and_in_the_reading(model):
    """An analyzer immune to its shelter would show neither; one without a case would follow at once."""
    half = 900
    wave = Breath(temperature_c=25.0)
    plain = wave.gas

    def cycling(first, last):
        gas = plain(first, last)
        gas.temperature_c[:] += 1.5 * np.sign(np.sin(np.pi * (np.arange(first, last) + 0.5) / half))
        return gas

    wave.gas = cycling
    channel, gas, full = BOTH[model]
    quiet = {"noise_factor": 0.0, "span_wander_pct": 0.0}
    made, still = (unit(model, Breath(**{gas: full}), room=room, **quiet) for room in (wave, Breath()))
    name = next(n for n in ("internal_temp", "box_temp", "bench_temp") if n in made.diagnostics)
    hot, cold = (2 * half * 8 + half * k for k in (1, 2))  # ends of a warm and of a cold half
    swing = np.mean([read(made, name, hot + 2 * half * k) - read(made, name, cold + 2 * half * k) for k in range(4)])
    assert 0.5 < swing <= 3.1
    moved = [read(made, channel, t) - read(still, channel, t) for t in (hot, cold)]
    shift = abs(moved[0] - moved[1]) / full / swing
    assert 1e-5 < shift < 2e-3  # per degree; data sheets: below 0.1 to 0.2 %


def test_water_is_seen_by_an_analyzer_that_has_no_drier():
    """Chemiluminescence loses 0.3 to 0.4 % per mmol/mol of water; a dry model loses nothing on a summer's day."""
    dry, humid = (
        unit("42i", Breath(no=400.0, h2o=water), noise_factor=0.0, span_wander_pct=0.0) for water in (0.0, 20.0)
    )
    loss = 1.0 - read(humid, "no", 7200.0) / read(dry, "no", 7200.0)
    assert 20.0 * 0.003 * 0.9 < loss < 20.0 * 0.00415
