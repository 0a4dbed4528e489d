"""Offering a level of gas, waiting for it, and what was read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from calibration.procedures.common.context import Context
from calibration.procedures.common.procedure import Unit
from calibration.record import Level, Message, Trace
from calibration.statistics.summary import Summary, summarize
from rig.errors import RigFault
from rig.host.calibrator import GasRequest
from rig.host.handles import GasAnalyzer
from rig.host.references import CylinderReference
from rig.run import Reading, Run, StabilityRule, Window

TITRATION_GAS = "no2"
"""Key under which a plan gives the shortest wait of a titration: NO2 clings longer than NO."""


_LOOKS, _LOOK_EVERY_S = 5, 2.0
"""How often, and how far apart, the calibrator's own display is read."""


_ELSEWHERE, _ELSEWHERE_OF_SCALE = 0.3, 0.05
"""A calibrator that makes something farther from what it was asked for, by these shares of that and of full scale, does
not do what it was asked for (this project's choice, far above any flow controller's error)."""


_FADING = 0.05
"""The same share where the readings on it are not stable either: a gas that fades is no fault of the unit (this
project's choice)."""


_MOVED = 0.05
"""Change of the gas, of the larger of two levels, that no reading can sleep through."""


@dataclass(frozen=True, slots=True)
class MeasuredLevel:
    """A level with the readings behind it, by quantity; what was made, and how much the display of it scatters."""

    levels: dict[str, Level]
    window: Window
    made: float
    u_made: float


def full_scale(run: Run, device: str) -> float:
    """Full scale of an analyzer: its range as it says, in the unit of its gas."""
    value = run.look(device, "range")
    return float(value) if isinstance(value, int | float) else _default_full_scale(run.analyzer(device))


def _default_full_scale(analyzer: GasAnalyzer) -> float:
    return 50.0 if analyzer.kind == "co" else 500.0


def request(
    context: Context, gas: str, value: float, ozone: float | None = None, flow: float | None = None
) -> GasRequest:
    """The calibrator's task for ``value`` of ``gas``."""
    total = context.gas.total_flow if flow is None else flow
    if value <= 0.0:
        return GasRequest("zero", 0.0, None, total, "")
    if gas == "o3":
        return GasRequest(gas, value, ozone, total, "")
    return from_cylinder(context.run.supply.cylinder(gas), value, ozone, total)


def from_cylinder(cylinder: CylinderReference, value: float, ozone: float | None, total: float) -> GasRequest:
    """The task for ``value`` of a cylinder's gas; a mixture is set by its main one, in the certificate's proportion."""
    gas, main = cylinder.species, cylinder.main
    if gas == main:
        return GasRequest(gas, value, ozone, total, cylinder.port)
    return GasRequest(gas, value, ozone, total, cylinder.port, main, cylinder.main_per_one)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is to read a level: a unit, its quantities, its full scale, and the gas whose shortest wait counts for it."""

    device: str
    quantities: tuple[str, ...]
    scale: float
    wait_key: str | None = None


def asked_of(context: Context, unit: Unit) -> Asked:
    """The unit with its channels and its full scale as it says, to be waited for by its own gas."""
    names = tuple(channel.quantity for channel in unit.channels)
    return Asked(unit.name, names, full_scale(context.run, unit.name), unit.gas)


Windows = dict[tuple[str, ...], list[Level]]
"""What units read on some levels: by device, quantity, and whatever else tells one level from another."""


def keep(windows: Windows, made: Mapping[str, MeasuredLevel], *name: str) -> None:
    """Add what each unit read on a level to ``windows``, under its device, quantity and ``name``."""
    for device, its in made.items():
        for quantity, level in its.levels.items():
            windows.setdefault((device, quantity, *name), []).append(level)


def refusal(levels: Iterable[Level]) -> Message | None:
    """Why one of some levels is no measurement, the first of them; None if all count."""
    return next((level.refused for level in levels if level.refused is not None), None)


def measure_level(
    context: Context,
    device: str,
    quantities: Sequence[str],
    label: str,
    task: GasRequest,
    scale: float,
    trace: list[Reading],
    wait_key: str | None = None,
) -> MeasuredLevel:
    """Offer a gas to one unit; see :func:`measure_together`."""
    asked = Asked(device, tuple(quantities), scale, wait_key)
    return measure_together(context, [asked], label, task, trace)[device]


def measure_together(
    context: Context,
    units: Sequence[Asked],
    label: str,
    task: GasRequest,
    trace: list[Reading],
    *,
    flows: bool = False,
) -> dict[str, MeasuredLevel]:
    """Offer a gas, wait until each unit is stable on it, and return what each read, by device.

    What counts as nominal is what the calibrator says it made, or what was asked of it where it cannot tell.
    With ``flows`` the calibrator makes the gas already and is left alone.

    Raises:
        RigFault: the calibrator says that it makes something else altogether.
    """
    run, stability = context.run, context.gas.stability
    run.begin("level", label)
    run.step(f"{', '.join(unit.device for unit in units)}: {label}")
    asked = run.now()
    if not flows:
        run.offer(task)
    rules = [
        StabilityRule(
            device=unit.device, quantities=unit.quantities, window_s=stability.window, poll_s=stability.poll,
            least_s=stability.least_for(unit.wait_key or task.species), most_s=stability.most,
            drift=stability.drift_pct_full_scale * unit.scale / 100.0,
            scatter=stability.scatter_pct_full_scale * unit.scale / 100.0,
            first_s=stability.first, first_poll_s=stability.first_poll, settling_poll_s=stability.settling_poll,
        )
        for unit in units
    ]  # fmt: skip
    windows = run.wait_until_all(rules, trace)
    nominal, u_nominal = _made(run, task)
    scale = max(unit.scale for unit in units)
    share = _ELSEWHERE if all(window.stable for window in windows) else _FADING
    if abs(nominal - task.value) > share * task.value + _ELSEWHERE_OF_SCALE * scale:
        alarms = run.look(run.source.name, "alarms")
        said = f"; its alarms: {', '.join(map(str, alarms))}" if isinstance(alarms, tuple) and alarms else ""
        raise RigFault(
            f"calibrator: it was asked for {task.value:g} {task.species} and says that it makes {nominal:g}: a "
            f"cylinder or the zero air has run short, it has restarted, or somebody else commands it{said}"
        )
    found = {}
    for rule, window in zip(rules, windows, strict=True):
        levels = {
            name: _moving(context, rule.device, name, _level(label, asked, nominal, u_nominal, window, name, rule))
            for name in rule.quantities
        }
        found[rule.device] = MeasuredLevel(levels, window, nominal, u_nominal)
    return found


def _moving(context: Context, device: str, quantity: str, level: Level) -> Level:
    """The level, refused if the reading did not move at all since the one before, although the gas did."""
    before = context.seen.get((device, quantity))
    context.seen[device, quantity] = level
    if before is None or level.sd != 0.0 or before.sd != 0.0 or level.mean != before.mean:
        return level
    if abs(level.nominal - before.nominal) < _MOVED * max(level.nominal, before.nominal, 1e-9):
        return level
    values: dict[str, float | int | str | None] = {
        "device": device, "quantity": quantity, "value": level.mean, "unit": level.unit,
    }  # fmt: skip
    frozen = Message(key="gas.reading_stands_still", values=values)
    return level.model_copy(update={"stable": False, "refused": frozen})


def _level(
    label: str, asked: float, nominal: float, u_nominal: float, window: Window, quantity: str, rule: StabilityRule
) -> Level:
    summary = summarize([reading.value for reading in window.readings[quantity]])
    slope, unit = 60.0 * window.slope_per_s[quantity], window.readings[quantity][0].unit
    return Level(
        label=label, nominal=nominal, u_nominal=u_nominal, unit=unit, mean=summary.mean, sd=summary.sd,
        u_mean=_u_of_mean(summary), n=summary.n, effective_n=summary.effective_n, asked_t_s=asked,
        window_start_s=window.start_s, window_end_s=window.end_s, stable=window.stable, slope_per_min=slope,
        refused=None if window.stable else Message(
            key="gas.stability_not_reached",
            values={"level": label, "minutes": round(rule.most_s / 60.0, 1), "slope": slope, "unit": unit,
                    "limit": rule.drift / rule.window_s * 60.0, "s": summary.sd, "scatter": rule.scatter},
        ),
    )  # fmt: skip


def _made(run: Run, task: GasRequest) -> tuple[float, float]:
    """What is being made, and the standard uncertainty of that number by its own scatter.

    A calibrator's display of its flows flickers, so it is read several times; one that repeats itself is believed.
    """
    shown = None if task.ozone is not None else run.made()
    if shown is None:
        return task.value, 0.0
    several = [shown]
    while len(several) < _LOOKS:
        run.wait(_LOOK_EVERY_S)
        again = run.made()
        if again is None or again == several[-1]:
            return several[-1], 0.0
        several.append(again)
    summary = summarize(several)
    return summary.mean, summary.standard_error


Switch = Literal["calibrator", "port"]
"""What turns a gas on and off quickly: the calibrator, or each unit's own valve between the calibrator's line and its
zero port. A calibrator's ozone takes its time to come, and a valve does not."""


def turn(context: Context, devices: Sequence[str], *, gas: bool) -> None:
    """Turn the units' own valves to the calibrator's line, or to the zero port."""
    for device in devices:
        if gas:
            context.run.enter_gas(device)
        else:
            context.run.set(device, "gas_mode", "zero")


def trace_of(quantity: str, readings: Sequence[Reading], device: str | None = None) -> Trace:
    """The trace of one quantity, of one device where several were read."""
    own = [r for r in readings if r.quantity == quantity and device in (None, r.device)]
    return Trace(
        quantity=quantity, unit=own[0].unit if own else "", t_s=[r.t_s for r in own], value=[r.value for r in own]
    )


def _u_of_mean(summary: Summary) -> float:
    """Standard uncertainty of a mean reading: scatter over effectively independent readings, and resolution.

    Readings of a moving average overlap; how much one knows of the next is taken from the readings themselves
    (:func:`~calibration.statistics.summary.effective_sample_size`). What wanders more slowly than the window is long
    does not show in it; that is :func:`~calibration.procedures.references.slow_noise`.
    """
    return math.hypot(summary.effective_standard_error, resolution_of(summary.mean) / math.sqrt(12.0))


def resolution_of(value: float) -> float:
    """Step of a display of four significant digits, which is what these analyzers send."""
    magnitude = abs(value)
    return 10.0 ** (math.floor(math.log10(magnitude)) - 3) if magnitude >= 1e-3 else 1e-6
