"""A power cut in mid-hour: what a gas analyzer keeps and loses; and pumps that age while they run."""

import numpy as np
import pytest
from gas_twins import MODELS, SPAN, unit

from instruments.air import UNIT_OF, Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.plumbing import Air
from instruments.wear import Service

SECOND = 1_000_000
OFF, ON = 5400, 5700


def still(values):
    return Air(1, "still", values, temperature_c=25.0, temperature_sd_c=0.0, pressure_hpa=1010.0, pressure_sd_hpa=0.0,
               log_sd=0.0, correlation_time_s=3600.0)  # fmt: skip


def cut(design, **hidden):
    """A unit that has seen span gas until the mains went, and nothing at all since they came back."""
    entry = load(MODELS[design])
    channel = next(iter(entry.channels.values()))
    made = build_unit(entry, "unit", 1, settings={"gas_mode": "span"}, hidden=hidden)
    for port, values in (("room", {}), ("sample", {}), ("zero", {}), ("span", SPAN)):
        made.connect(port, still(values))
    made.apply(600 * SECOND, Command(channel.coefficient, 1.05, by="panel"))
    made.advance(OFF * SECOND)
    made.apply(OFF * SECOND, Command("power", False))
    made.apply(OFF * SECOND, Command("gas_mode", "zero"))
    made.apply(ON * SECOND, Command("power", True))
    made.advance(3 * 3600 * SECOND)
    return made, channel


@pytest.mark.parametrize("design", MODELS)
def test_settings_and_log_are_kept_and_averages_begin_anew(design):
    made, channel = cut(design)
    quantity = next(iter(made.entry.channels))
    full = SPAN[made.gas]
    assert made.read((OFF - 60) * SECOND, quantity) > 0.8 * full
    assert made.read((ON - 60) * SECOND, "powered") is False
    table = made.recording(0, 3 * 3600 // made.step_s)
    off = table[quantity][OFF // made.step_s + 1 : ON // made.step_s - 1]
    assert np.isnan(off).all(), "nothing is shown, and nothing is made up"
    assert made.read(3 * 3600 * SECOND, channel.coefficient) == 1.05
    assert any(channel.coefficient in line for line in made.read(3 * 3600 * SECOND, "audit_log"))
    # Without a new beginning of the averages the span gas of before the cut would still be in them.
    settled = table[quantity][(ON + 1800) // made.step_s :]
    assert np.abs(settled).max() < 0.1 * full
    assert UNIT_OF[made.gas]


@pytest.mark.parametrize("design", MODELS)
def test_a_flat_battery_loses_the_settings_and_a_dead_pump_the_flow(design):
    made, channel = cut(design, battery_flat=True)
    default = made.entry.settings[channel.coefficient].default
    assert made.read(3 * 3600 * SECOND, channel.coefficient) == default
    assert made.read(3 * 3600 * SECOND, "gas_mode") == "sample"
    made, _ = cut(design, pump_restarts=False)
    assert made.read((OFF - 60) * SECOND, "inlet_flow") > 0.3
    assert made.read(3 * 3600 * SECOND, "inlet_flow") < 0.01
    assert any(alarm.startswith(("sample_flow", "flow_")) for alarm in made.read(3 * 3600 * SECOND, "alarms"))


@pytest.mark.parametrize("design", ["so2", "nox", "o3", "co"])
def test_a_pump_ages_from_day_to_day_while_it_runs(design):
    made, part = unit(design), load(MODELS[design]).wear["pump"]
    drawn = [float(made.read(0, "inlet_flow"))]
    made.apply(40 * 86_400 * SECOND, Command("change_filter", True))
    drawn.append(float(made.read(40 * 86_400 * SECOND + SECOND, "inlet_flow")))
    law = part.share(np.array([0.0, 960.0]), 0.0)
    assert drawn[1] / drawn[0] == pytest.approx(law[1] / law[0], rel=1e-5)
    assert drawn[1] < drawn[0]


@pytest.mark.parametrize("design", sorted(MODELS))
def test_a_sample_filter_clogs_in_weeks_and_a_new_one_gives_the_flow_back(design):
    """Flow and pressure fall slowly, ozone and SO2 a little; what a fault has clogged is new after a change as well."""
    made, shown = unit(design), "flow_a" if design == "o3" else "sample_flow"
    first, old, changed = 3600, 20 * 86_400, 20 * 86_400 + 7200
    begun = made.read(first * SECOND, "inlet_flow"), made.read(first * SECOND, shown)
    for day in range(1, 20):
        made.advance(day * 86_400 * SECOND)
    clogged = made.read(old * SECOND, "inlet_flow"), made.read(old * SECOND, shown)
    # 480 h at 0.3 per 1000 h: 14 % of the pores, which take half as much of the flow
    assert clogged[0] / begun[0] == pytest.approx(1.0 - 0.5 * 0.3 * 0.48, rel=0.02)
    assert clogged[1] < 0.97 * begun[1]
    made.apply(old * SECOND, Command("hidden.filter_clogged", 0.6))
    assert made.read((old + 3600) * SECOND, "inlet_flow") < 0.8 * begun[0]
    made.apply((old + 3600) * SECOND, Command("change_filter", True))
    assert made.read(changed * SECOND, "inlet_flow") == pytest.approx(begun[0], rel=0.02)
    assert made.read(changed * SECOND, "sample_filter_hours") == pytest.approx(1.0)


def test_routine_service_keeps_the_filter_younger_than_the_unit():
    entry = load("43i")
    used = build_unit(entry, "so2", 1, service=Service(hours=4000.0))
    assert used.read(0, "sample_filter_hours") == pytest.approx(4000.0 % 336.0)
    neglected = build_unit(entry, "so2", 1, service=Service(hours=4000.0, parts={"sample_filter": 900.0}))
    assert neglected.read(0, "sample_filter_hours") == 900.0


def test_who_asks_ahead_over_midnight_changes_nothing():
    def run(asked):
        made = unit("so2")
        for hour in (6, 12, 18):
            made.advance(hour * 3600 * SECOND)
        if asked:
            made.demand_at("sample", 0, 100_000)
        for second, mode in ((84_000, "span"), (85_000, "sample"), (90_000, "zero")):
            made.advance(second * SECOND)
            made.apply(second * SECOND, Command("gas_mode", mode))
        made.advance(92_000 * SECOND)
        return made.demand_at("sample", 70_000, 92_000), made.recording(8000, 9000)

    (flow, table), (other, beside) = run(asked=False), run(asked=True)
    assert np.array_equal(flow, other)
    assert all(np.array_equal(table[name], beside[name]) for name in table)
    assert len(set(flow.tolist())) == 3, "nothing, and the flows of two days"


def started(model, off_s, on_s=None):
    """A unit in 70 nmol/mol of ozone, without mains from ``off_s`` to ``on_s``, an hour and a half after that."""
    made = build_unit(load(model), "unit", 1)
    for port in ("room", "sample") if model == "49i-PS" else ("room", "sample", "zero", "span"):
        made.connect(port, still({Species.O3: 70.0, Species.CO: 1.0}))
    if on_s is not None:
        made.apply(off_s * SECOND, Command("power", False))
        made.apply(on_s * SECOND, Command("power", True))
    steps = ((on_s or off_s) + 5400) // made.step_s
    table = made.recording(0, steps)
    return made, table, made.alarm_texts(table), (on_s or 0) // made.step_s


@pytest.mark.parametrize("model", ["49i", "49i-PS", "49C"])
def test_no_ozone_is_worked_out_before_the_lamp_is_there(model):
    """Dividing by the light of no lamp made 270000 nmol/mol; the lamp's coming up made thousands in the cells."""
    _, table, alarms, on = started(model, 3600, 4320)
    assert np.isnan(table["o3"][on - 5]), "off"
    assert np.isnan(table["o3"][on]) != np.isfinite(table["o3"][on + 1]), "nothing before the first step is over"
    dark = np.array(["lamp_temp:low" in text.split() for text in alarms[on + 1 :]])
    waiting = int(np.argmin(dark))
    assert 300 / 10 < waiting < 1800 / 10
    for label in ("o3", "cell_a_o3", "cell_b_o3"):
        first = table[label][on + 1 :]
        assert (first[: waiting - 1] == 0.0).all(), "told to be nothing by the lamp's alarm beside it"
        assert np.abs(first[waiting + 10 :] - 70.0).max() < 70.0
    light = table["cell_a_intensity"][on + 1 :]
    assert light[0] < 45_000.0
    assert "cell_a_intensity:low" in alarms[on + 1]
    assert (np.diff(light[: 600 // 10]) > 0.0).all()
    assert light[-1] == pytest.approx(table["cell_a_intensity"][300], rel=0.01)
    assert table["o3"][-1] == pytest.approx(70.0, abs=2.0)


@pytest.mark.parametrize("model", ["49i", "49i-PS", "T400"])
def test_a_unit_that_has_been_running_shows_the_air_from_its_first_step(model):
    """A light before the epoch that was the same made 0."""
    made, table, alarms, _ = started(model, 0)
    settled = np.median(table["o3"][100:])
    assert np.abs(table["o3"][:5] - settled).max() < 3.0 * (6.0 if model == "T400" else 1.0)
    assert alarms[0] == ""
    assert made.read(0, "powered") is True


def test_the_unit_is_up_when_its_first_step_is_over():
    made, _, _, _ = started("43i", 3600, 4320)
    assert made.read(4320 * SECOND, "power") is True
    assert made.read(4325 * SECOND, "powered") is False
    assert made.read(4330 * SECOND, "powered") is True
