"""A power cut in mid-hour: what a gas analyzer keeps and loses; and pumps that age while they run."""

import numpy as np
import pytest
from gas_twins import MODELS, SPAN, unit

from instruments.air import UNIT_OF
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
