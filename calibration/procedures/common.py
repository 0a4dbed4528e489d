"""What procedures share: offering a level and waiting for it, snapshots of settings, traces."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from calibration.criteria import Judge
from calibration.procedures.parameters import GasPlan
from calibration.record import Level, Message, ProcedureData, ProcedureRun, Setting, Test, Trace
from calibration.statistics.summary import Summary, summarize
from rig.errors import RigFault
from rig.host.calibrator import GasRequest
from rig.host.handles import GasAnalyzer
from rig.host.kinds import snapshot_settings
from rig.run import Reading, Run, StabilityRule, Window

TITRATION_GAS = "no2"
"""Key under which a plan gives the shortest wait of a titration: NO2 clings longer than NO."""


_LOOKS, _LOOK_EVERY_S = 5, 2.0
"""How often, and how far apart, the calibrator's own display is read."""


_ELSEWHERE, _ELSEWHERE_OF_SCALE = 0.3, 0.05
"""A calibrator that makes something farther from what it was asked for, by these shares of that and of full scale, does
not do what it was asked for (this project's choice, far above any flow controller's error)."""


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a procedure needs beside its own parameters."""

    run: Run
    judge: Judge
    gas: GasPlan


@dataclass
class Outcome:
    """What a procedure leaves: its data, the tests that follow from it, notes."""

    data: ProcedureData | None = None
    tests: list[Test] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    """Settings that the procedure changed for good, as it left them (text as in a snapshot)."""


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
    port = "" if gas == "o3" else context.run.supply.cylinder(gas).port
    return GasRequest(gas, value, ozone, total, port)


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
    """Offer a gas, wait until the analyzer is stable on it, and return what it read.

    What counts as nominal is what the calibrator says it made, or what was asked of it where it cannot tell.

    Raises:
        RigFault: the calibrator says that it makes something else altogether.
    """
    run, stability = context.run, context.gas.stability
    run.step(f"{device}: {label}")
    asked = run.now()
    run.offer(task)
    rule = StabilityRule(
        device=device, quantities=tuple(quantities), window_s=stability.window, poll_s=stability.poll,
        least_s=stability.least_for(wait_key or task.species), most_s=stability.most,
        drift=stability.drift_pct_full_scale * scale / 100.0, scatter=stability.scatter_pct_full_scale * scale / 100.0,
    )  # fmt: skip
    window = run.wait_until(rule, trace)
    nominal, u_nominal = _made(run, task)
    if abs(nominal - task.value) > _ELSEWHERE * task.value + _ELSEWHERE_OF_SCALE * scale:
        raise RigFault(
            f"calibrator: it was asked for {task.value:g} {task.species} and says that it makes {nominal:g}: "
            f"it has restarted, or somebody else commands it"
        )
    levels = {}
    for quantity in quantities:
        summary = summarize([reading.value for reading in window.readings[quantity]])
        levels[quantity] = Level(
            label=label, nominal=nominal, u_nominal=u_nominal, unit=window.readings[quantity][0].unit,
            mean=summary.mean, sd=summary.sd, u_mean=_u_of_mean(summary), n=summary.n,
            effective_n=summary.effective_n, asked_t_s=asked, window_start_s=window.start_s,
            window_end_s=window.end_s, stable=window.stable, slope_per_min=60.0 * window.slope_per_s[quantity],
            refused=None if window.stable else Message(
                key="gas.stability_not_reached",
                values={"level": label, "minutes": round(stability.most / 60.0, 1),
                        "slope": 60.0 * window.slope_per_s[quantity], "unit": window.readings[quantity][0].unit,
                        "limit": rule.drift / stability.window * 60.0, "s": summary.sd, "scatter": rule.scatter},
            ),
        )  # fmt: skip
    return MeasuredLevel(levels, window, nominal, u_nominal)


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


def trace_of(quantity: str, readings: Sequence[Reading]) -> Trace:
    """The trace of one quantity."""
    own = [reading for reading in readings if reading.quantity == quantity]
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


def snapshot(run: Run, device: str) -> dict[str, str]:
    """Settings that shape a reading, as text; what the device cannot tell is left out."""
    found = {}
    for name in snapshot_settings(run.analyzer(device).channels):
        value = run.look(device, name)
        if value is not None:
            found[name] = as_text(value)
    return found


def as_text(value: object) -> str:
    """A setting as a snapshot holds it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def carry_out(
    context: Context,
    procedure: str,
    device: str,
    body: Callable[[], Outcome],
    *,
    repeat: int = 0,
) -> tuple[ProcedureRun, list[Test]]:
    """Run ``body`` between two snapshots of the settings; a change that it did not make itself voids its tests.

    Args:
        context: run and judge.
        procedure: its name.
        device: what it is done to.
        body: the procedure itself.
        repeat: running number if the same procedure is done again.
    """
    run = context.run
    started = run.now()
    before = snapshot(run, device)
    run.enter_gas(device)
    outcome = body()
    after = snapshot(run, device)
    settings = [Setting(name=n, as_found=v, as_left=after.get(n, "")) for n, v in before.items()]
    changed = [s for s in settings if s.as_left != outcome.left.get(s.name, s.as_found)]
    status = "done"
    tests, notes = outcome.tests, outcome.notes
    if changed:
        status = "void"
        reason = Message(
            key="device.setting_changed",
            values={
                "device": device,
                "setting": changed[0].name,
                "before": changed[0].as_found,
                "after": changed[0].as_left,
            },
        )
        tests = [t.model_copy(update={"verdict": "void", "message": reason}) for t in tests]
        notes = [*notes, reason]
    identifier = f"{device}/{procedure}" + (f"/{repeat}" if repeat else "")
    result = ProcedureRun(
        id=identifier, procedure=procedure, device=device, status=status,  # type: ignore[arg-type]
        started_s=started, ended_s=run.now(), gas_port=run.analyzer(device).identity.gas_port, settings=settings,
        references=outcome.references, notes=notes, data=outcome.data,
    )  # fmt: skip
    run.record(result)
    return result, tests
