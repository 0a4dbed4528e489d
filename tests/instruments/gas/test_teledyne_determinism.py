"""The same timed commands give the same readings, bit for bit, though filter and cycles have a memory. And speed."""

import random
import time

import pytest
from teledyne_bench import CHANNEL, FULL, GAS, HOUR, MODELS, Breath, tell, unit

from instruments.air import Species
from instruments.plumbing import Air

END = 5400.0
SCHEDULE = {
    "T100": [(1300.0, {"hidden__hvps_shift": 5.0}), (1790.5, {"hidden__cooler_fraction": 0.9}),
             (2400.0, {"filter_size": 60}), (2500.0, {"calibrate_lamp": True}), (3000.0, {"so2_slope": 1.1})],
    "T200": [(1301.0, {"hidden__autozero_leak": 0.1}), (1790.5, {"hidden__cooler_fraction": 0.9}),
             (2400.0, {"filter_size": 60}), (2500.0, {"ozonator": False}), (2700.0, {"ozonator": True}),
             (3000.0, {"ce_factor": 0.97})],
    "T300": [(1303.3, {"auto_zero": True}), (1400.0, {"auto_zero_interval": 1.0}), (2400.0, {"filter_size": 100}),
             (2500.0, {"calibrate_dark": True}), (3000.0, {"hidden__wheel_leak": 0.05})],
    "T400": [(1301.0, {"hidden__valve_leak": 0.1}), (1790.5, {"hidden__lamp_flicker": 3.0}),
             (2400.0, {"filter_size": 100}), (2500.0, {"tpc": False}), (3000.0, {"o3_offset": 2.0})],
}  # fmt: skip
SHARED = [(3500.2, {"power": False}), (3700.0, {"power": True}), (4001.0, {"adaptive_filter": False}),
          (4444.4, {"hidden__leak_fraction": 0.2}), (4700.0, {"adaptive_filter": True})]  # fmt: skip


def breath(model):
    full = FULL[model]
    return Breath(**{GAS[model].name: [(0, 0.0), (600, full), (1900, 0.4 * full), (2001, full), (4500, 0.0)]})


def quantities(made):
    return (*made.quantities(), "alarms")


def play(model, polls=(), seed=1):
    made = unit(model, breath(model), seed=seed)
    todo = [(t, 0, commands) for t, commands in (*SCHEDULE[model], *SHARED)] + [(t, 1, name) for t, name in polls]
    for t, is_poll, what in sorted(todo, key=lambda one: one[:2]):
        if is_poll:
            made.read(int(t * 1e6), what)
        else:
            tell(made, t, **what)
    return {q: [made.read(int(t * 1e6), q) for t in range(10, int(END), 7)] for q in quantities(made)}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_polls_change_nothing(model, seed):
    rng = random.Random(seed)
    names = quantities(unit(model))
    polls = [(rng.uniform(0.0, END), rng.choice(names)) for _ in range(200)]
    assert play(model, polls) == play(model)


@pytest.mark.parametrize("model", MODELS)
def test_another_seed_gives_other_readings(model):
    assert play(model, seed=2)[CHANNEL[model]] != play(model)[CHANNEL[model]]


@pytest.mark.parametrize("model", MODELS)
def test_advancing_in_small_or_large_steps(model):
    def run(hours):
        made = unit(model, breath(model), settings={"auto_zero": True} if model == "T300" else None)
        for hour in range(hours, 31, hours):
            made.advance(hour * 3_600_000_000)
        return {q: [made.read(t * 60_000_000, q) for t in range(1500, 1800, 7)] for q in quantities(made)}

    assert run(6) == run(1) == run(5)


@pytest.mark.parametrize("model", MODELS)
def test_a_change_of_the_gas_is_the_same_whenever_it_is_heard_of(model):
    """A unit that has computed ahead forgets what the gas has made untrue."""

    class Late(Breath):
        def on_change(self, listener):
            self.listener = listener

    late = Late(**{GAS[model].name: 0.0})
    ahead, told = unit(model, late), unit(model, breath(model))
    ahead.read(2_000_000_000, CHANNEL[model])
    late.plan = breath(model).plan
    late.listener.gas_changed(600)
    for t in range(10, 2400, 7):
        assert ahead.read(t * 1_000_000, CHANNEL[model]) == told.read(t * 1_000_000, CHANNEL[model])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("command", [{"power": False}, {"hidden__leak_fraction": 0.5}, {"filter_size": 7}])
def test_a_command_changes_nothing_before_it(model, command):
    times = [int(t * 1e6) for t in (600.0, 1234.5, 1799.9, 1804.9)]

    def seen(made):
        return [made.read(t, q) for t in times for q in (*quantities(made), "powered", "inlet_flow")]

    made = unit(model, breath(model))
    before = seen(made)
    made.advance(2_400_000_000)
    tell(made, 1805.0, **command)
    assert seen(made) == before


@pytest.mark.parametrize("model", MODELS)
def test_a_recording_is_what_was_read(model):
    made = unit(model, breath(model))
    for t, commands in SCHEDULE[model]:
        tell(made, t, **commands)
    step = type(made).step_s
    table = made.recording(0, 3600 // step)
    for k in range(0, 3600 // step, 37):
        for quantity in made.quantities():
            assert made.read((k + 1) * step * 1_000_000, quantity) == table[quantity][k], (quantity, k)


@pytest.mark.parametrize("model", MODELS)
def test_a_week_takes_a_moment(model):
    """0.3 s of processor time on an idle core, with the gas in the cell; three times that on a loaded machine."""
    made = unit(model)
    outside = Air(1, "ambient", dict.fromkeys(Species, 10.0), temperature_c=15.0, temperature_sd_c=2.0,
                  pressure_hpa=1013.0, pressure_sd_hpa=3.0, log_sd=0.5, correlation_time_s=1800.0)  # fmt: skip
    made.connect("sample", outside)
    spent = 0.0
    for hour in range(6, 169, 6):
        outside.gas(hour * 3600, hour * 3600 + 1)
        begun = time.process_time()
        made.advance(int(hour * HOUR * 1e6))
        spent += time.process_time() - begun
    assert spent < 0.9
