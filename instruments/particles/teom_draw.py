"""What a tapered-element monitor draws: main and bypass flow, what they bring to the filter, the vacuum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Mode
from instruments.particles import teom_element as element
from instruments.particles.inlet import Inlet
from instruments.particles.teom_air import ATM_HPA, ZERO_C, Draught, Prepared, Stretch, draught

if TYPE_CHECKING:
    from instruments.particles.teom import Teom

_LOOSE_BYPASS = 0.5
"""Part of the particles that pass a filter at its rim that hardly holds (choice of this project)."""
_ROOM_SHARE = 0.3
"""Fine particles in the shelter over those outside (choice of this project)."""
_LEAST_METERED_LPM = 0.1
"""Flow below which the firmware no longer divides by it (choice of this project)."""


def draw(unit: Teom, steps: Stretch, prepared: Prepared) -> None:
    """Add the flows, what is on the filter, its load, and the vacuum."""
    hidden, figures, rows, around = unit.hidden, unit.figures, steps.rows, steps.around
    asked = (unit.number("main_flow_set"), unit.number("bypass_flow_set"))
    pump = hidden.pump_fraction * unit.share("pump", steps.first, steps.last)
    flows = draught(around, steps.seen, hidden, figures, asked, pump)
    on = (rows["exchange"] == 0.0) * float(unit.sampling)
    leak = hidden.leak_main + unit.leak_on_path(steps.path)
    main = (np.minimum(leak, flows.main_lpm) if unit.bench.capped else flows.main_lpm) * on
    leak = np.minimum(leak, main)
    opened = (1.0 - hidden.bypass_clog) * unit.share("bypass_filter", steps.first, steps.last)
    leak_bypass = np.minimum(hidden.leak_bypass, flows.bypass_lpm) * on
    bypass = leak_bypass if unit.bench.capped else flows.bypass_lpm * np.minimum(flows.headroom * opened, 1.0) * on
    # The filter's own choking is left out here: it moves the head's flow by less than 18 %, and only beyond 100 % load.
    head = np.maximum(main * np.minimum(flows.headroom, 1.0) - leak + bypass - leak_bypass, 0.0)
    kept = _collect(unit, steps, prepared, flows, main, leak, head)
    _show_flows(unit, steps, flows, main * kept, bypass)
    rows["inlet_flow"] = np.maximum(main * kept - leak + bypass - leak_bypass, 0.0)
    fallen = (element.EXCHANGE_FLOW_LPM + figures["exchange_bypass"]) * rows["exchange"]
    total = (main * kept + bypass + fallen) / (figures["main_flow"] + figures["bypass_flow"])
    jitter = figures["vacuum_noise"] * (1.0 + hidden.pump_pulsation) * unit.white("vacuum", steps.first, steps.last)
    outside = around.pressure_hpa / ATM_HPA
    if unit.powered and unit.settings["pump"] is True:
        drawn = figures["vacuum"] * total / np.maximum(pump, 0.05)
        rows["vacuum"] = np.round(np.clip(drawn + jitter, 0.0, outside), 3)
    else:
        rows["vacuum"] = np.round(outside, 3)
    density = steps.seen.used_hpa / ATM_HPA * ((figures["standard_temp"] + ZERO_C) / (steps.seen.used_c + ZERO_C))
    for line in ("main_flow", "bypass_flow"):
        rows[f"{line}_mass"] = np.round(rows[line] * density, 4)
    metered = rows["main_flow_mass"] if unit.settings["volume_state"] == "standard" else rows["main_flow"]
    rows["sample_flow"] = np.maximum(metered, _LEAST_METERED_LPM)


def _collect(
    unit: Teom, steps: Stretch, prepared: Prepared, flows: Draught, main: FloatArray, leak: FloatArray,
    head: FloatArray,
) -> FloatArray:  # fmt: skip
    """Add what is on the filter; return the share of the main flow that the filter lets the pump keep up."""
    figures, rows, around = unit.figures, steps.rows, steps.around
    inlet = Inlet(str(unit.settings["size"]), figures["main_flow"] + figures["bypass_flow"], unit.hidden)
    passed = around.mass * inlet.penetration(head, unit.share("head", steps.first, steps.last))
    held = prepared.passing * (1.0 - _LOOSE_BYPASS * unit.hidden.looseness)
    rows["filter_temp"] = 0.5 * (rows["case_true"] + rows["air_true"])
    flowing = main / figures["main_flow"]
    air = element.DepositAir(
        main, flows.headroom, leak, held * (passed[Mode.FINE] + passed[Mode.COARSE] + passed[Mode.GIANT]),
        held * passed[Mode.VOLATILE] + prepared.added_ug_m3, held * _ROOM_SHARE * around.mass[Mode.FINE],
        element.loss_rate(rows["filter_temp"], flowing, figures["volatile_loss_rate"]),
    )  # fmt: skip
    stable, volatile = unit.hidden.collected, 0.0
    if unit.warm_at_start:  # volatile matter is in balance with the air of the first step
        brought = float(air.flow_lpm[0]) / 60.0e3 * unit.duty * float(air.volatile_ug_m3[0])
        volatile = brought / float(air.loss_per_s[0])
    rows["stable"], rows["volatile"], kept = unit.deposit.collect(
        unit.before("stable", steps.first, stable), unit.before("volatile", steps.first, volatile), air
    )
    return kept


def _show_flows(unit: Teom, steps: Stretch, flows: Draught, main: FloatArray, bypass: FloatArray) -> None:
    """Add what the flow meters and the pressure sensor at the filter show."""
    hidden, figures, rows = unit.hidden, unit.figures, steps.rows
    exchange = rows["exchange"] > 0.0
    for label, true, bias, zero, fallen in (
        ("main_flow", main, hidden.main_flow_bias, hidden.main_flow_zero, element.EXCHANGE_FLOW_LPM),
        ("bypass_flow", bypass, hidden.bypass_flow_bias, hidden.bypass_flow_zero, figures["exchange_bypass"]),
    ):
        metered = np.where(exchange, fallen, zero + (1.0 + bias) * true / flows.ratio)
        noise = figures[f"{label}_noise"] * (1.0 + hidden.pump_pulsation) * unit.white(label, steps.first, steps.last)
        rows[label] = np.round((metered + noise) * float(unit.powered), 4)
    rows["total_flow"] = rows["main_flow"] + rows["bypass_flow"]
    load = unit.deposit.load_pct(rows["stable"] + rows["volatile"], main) * (1.0 - _LOOSE_BYPASS * hidden.looseness)
    load = load + figures["load_noise"] * unit.white("load", steps.first, steps.last) * (main > 0.0)
    step = figures["load_step"]
    load = np.round(np.round(np.maximum(load, 0.0) / step) * step, 4)
    rows["filter_load"] = np.where(exchange, element.EXCHANGE_LOAD_PCT, load)
