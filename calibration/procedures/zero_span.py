"""Zero/span check: as found before any set command, adjusted if the plan allows and the bands ask for it, as left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from calibration.criteria import Judge
from calibration.procedures.common.conduct import as_text
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import MeasuredLevel, full_scale, measure_level, request, trace_of
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Procedure, Stage, Unit, Wanted
from calibration.procedures.common.references import nox_share, point_errors, reference_errors, reference_ids
from calibration.record import Level, Message, Setting, Test, ZeroSpanData
from calibration.statistics.summary import variance_dof
from calibration.uncertainty import Budget, Component
from instruments.errors import Refused
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "zero_span"


class ZeroSpanPlan(Parameters):
    """What a plan may set of a zero/span check."""

    span_pct: float = Field(default=80.0, gt=0, le=100)
    adjust: Literal["never", "if-needed"] = "never"


class ZeroSpan(Procedure[ZeroSpanPlan]):
    """Zero/span check of each channel of a unit.

    Deviations: ZD = reading - zero; SD = (reading - standard) / standard, relative to the gas, not to full scale.
    Bands: within, adjust, out of control. Out of control is a fail whatever is adjusted: data are in question.
    """

    name = NAME
    parameters = ZeroSpanPlan
    criteria: ClassVar[Mapping[str, str]] = {"zero": "quantity", "span": "%"}

    def stages(self, units: Sequence[Unit], parameters: ZeroSpanPlan, gas: GasPlan) -> list[Stage]:
        """Zero and span as found, channel by channel."""
        return [
            Stage(label, unit.gas, gas.wait(unit.gas))
            for unit in units
            for _ in unit.channels
            for label in ("as_found_zero", "as_found_span")
        ]

    def wanted(self, unit: Unit, parameters: ZeroSpanPlan, gas: GasPlan) -> list[Wanted]:
        """The span gas."""
        percent = parameters.span_pct
        minutes = len(unit.channels) * gas.wait(unit.gas) / 60.0
        return [Wanted.level(unit, "span_pct", percent, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ZeroSpanPlan) -> list[Outcome]:
        """Check one channel after the other."""
        [unit] = units
        return [_check(context, unit.name, channel, parameters) for channel in unit.channels]


def _check(context: Context, device: str, channel: Channel, plan: ZeroSpanPlan) -> Outcome:
    run = context.run
    scale = full_scale(run, device)
    trace: list[Reading] = []
    found = _look_at_both(context, device, channel, plan, scale, trace, "as_found")
    bands = _bands(context.judge, channel, scale)
    # A reading that has not settled lies in no band, and nothing is adjusted by it.
    band = {k: _band(_deviation(v, k), bands[k]) if v.stable else "" for k, v in found.items()}
    unsettled = [level.refused for level in found.values() if level.refused is not None]
    coefficients: list[Setting] = []
    notes: list[Message] = []
    left: dict[str, Level] = {}
    changed: dict[str, str] = {}
    if unsettled:
        notes += unsettled
    elif "adjust" in band.values() and "out of control" not in band.values():
        if plan.adjust == "never":
            notes.append(Message(key="zero_span.adjustment_forbidden"))
        else:
            coefficients, trouble, changed = _adjust(context, device, channel, plan, scale, band, trace)
            notes += trouble
            left = _look_at_both(context, device, channel, plan, scale, trace, "as_left")
    elif "out of control" in band.values():
        notes.append(Message(key="zero_span.out_of_control"))
    else:
        notes.append(Message(key="zero_span.within"))
    tests = [
        _judged(context, device, channel, scale, label, found[label], left.get(label), plan)
        for label in ("zero", "span")
    ]  # fmt: skip
    passed = all(test.verdict == "pass" for test in tests)
    outcome: Literal["pass", "pass after adjustment", "fail", "void"] = "fail"
    if any(test.verdict == "void" for test in tests):
        outcome = "void"
    elif passed:
        outcome = "pass after adjustment" if left else "pass"
    data = ZeroSpanData(
        quantity=channel.quantity,
        unit=channel.unit,
        full_scale=scale,
        as_found=[found[k].model_copy(update={"band": band[k]}) for k in ("zero", "span")],
        as_left=[
            left[k].model_copy(update={"band": _band(_deviation(left[k], k), bands[k]) if left[k].stable else ""})
            for k in ("zero", "span")
            if k in left
        ],
        zero_bands=bands["zero"],
        span_bands_pct=bands["span"],
        bands_mark=context.judge.criterion("zero_span.zero").mark,
        bands_source=context.judge.criterion("zero_span.zero").source,
        adjust=plan.adjust,
        outcome=outcome,
        coefficients=coefficients,
        trace=trace_of(channel.quantity, trace),
    )
    return Outcome(device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas), changed)


def _look_at_both(
    context: Context, device: str, channel: Channel, plan: ZeroSpanPlan, scale: float, trace: list[Reading], when: str
) -> dict[str, Level]:
    return {
        "zero": _level(context, device, channel, 0.0, scale, trace, f"{when}_zero").levels[channel.quantity],
        "span": _level(context, device, channel, plan.span_pct * scale / 100.0, scale, trace, f"{when}_span").levels[
            channel.quantity
        ],
    }


def _level(
    context: Context, device: str, channel: Channel, value: float, scale: float, trace: list[Reading], label: str
) -> MeasuredLevel:
    measured = measure_level(context, device, [channel.quantity], label, request(context, channel.gas, value), scale,
                             trace, channel.gas)  # fmt: skip
    if channel.quantity != "nox":
        return measured
    level = measured.levels["nox"]
    full = level.nominal * nox_share(context)
    return replace(measured, levels={"nox": level.model_copy(update={"nominal": full})}, made=full)


def _bands(judge: Judge, channel: Channel, scale: float) -> dict[str, tuple[float, float]]:
    bands = {}
    for label in ("zero", "span"):
        criterion = judge.criterion(f"zero_span.{label}")
        high = criterion.limits(scale, channel.quantity)[1]
        assert high is not None  # the criteria of a check have two-sided limits
        bands[label] = (high, criterion.control_limit(scale))
    return bands


def _deviation(level: Level, label: str) -> float:
    assert level.mean is not None  # a measured level has a mean
    if label == "zero":
        return level.mean - level.nominal
    return 100.0 * (level.mean - level.nominal) / level.nominal


def _band(deviation: float, limits: tuple[float, float]) -> str:
    if abs(deviation) <= limits[0]:
        return "within"
    return "adjust" if abs(deviation) <= limits[1] else "out of control"


def _adjust(
    context: Context, device: str, channel: Channel, plan: ZeroSpanPlan, scale: float, band: dict[str, str],
    trace: list[Reading],
) -> tuple[list[Setting], list[Message], dict[str, str]]:  # fmt: skip
    """Adjust what lies in the band "adjust": background on zero gas, then coefficient on span gas.

    Returns the settings before and after, what there is to say of them, and all as they were left; those of other
    channels among them where the instrument calibrates several by one command.

    The action of the instrument itself is used on the gas that it was stable on; span always follows a new zero.
    """
    run = context.run
    together = run.analyzer(device).calibrated_together(channel)
    names = tuple(name for its in together for name in (its.background, its.coefficient) if name is not None)
    before = {name: run.look(device, name) for name in names}
    trouble: list[Message] = []
    try:
        if band["zero"] == "adjust" and channel.calibrate_zero is not None:
            _level(context, device, channel, 0.0, scale, trace, "zero")
            run.set(device, channel.calibrate_zero, True, adjust=True)
        span = _level(context, device, channel, plan.span_pct * scale / 100.0, scale, trace, "span")
        run.set(device, "span_concentration", span.made)
        run.set(device, channel.calibrate_span, True, adjust=True)
    except Refused as refused:
        trouble.append(
            Message(key="zero_span.adjustment_refused",
                    values={"device": device, "setting": channel.coefficient, "reason": refused.reason})
        )  # fmt: skip
    changed = []
    left = {}
    for name in names:
        after = run.look(device, name)
        left[name] = as_text(after)
        setting = Setting(name=name, as_found=_short(before[name]), as_left=_short(after))
        changed.append(setting)
        if setting.as_found != setting.as_left:
            trouble.append(
                Message(
                    key="zero_span.adjusted",
                    values={"setting": name, "before": setting.as_found, "after": setting.as_left},
                )
            )
    return changed, trouble, left


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _judged(
    context: Context, device: str, channel: Channel, scale: float, label: str, found: Level, left: Level | None,
    plan: ZeroSpanPlan,
) -> Test:  # fmt: skip
    level = left if left is not None else found
    value = _deviation(level, label)
    budget = _budget(context, channel, label, level)
    numbers = (
        f"{level.mean:.4g} − {level.nominal:.4g}" if label == "zero"
        else f"({level.mean:.4g} − {level.nominal:.4g}) / {level.nominal:.4g} × 100 %"
    )  # fmt: skip
    subject = context.of_channel(device, channel, scale)
    test = context.judge.judge(
        f"{NAME}.{label}",
        subject,
        value=value,
        budget=budget,
        n=level.n,
        formula_numbers=numbers,
        as_found=_deviation(found, label),
        as_left=None if left is None else _deviation(left, label),
        message=level.refused,
    )
    if level.stable:
        return test
    return test.model_copy(update={"verdict": "void", "p_conform": None, "assurance": "not applicable"})


def _budget(context: Context, channel: Channel, label: str, level: Level) -> Budget:
    assert level.mean is not None  # a measured level has all three
    assert level.u_mean is not None
    assert level.effective_n is not None
    # ZD = Z - Z0; SD = S/S0 - 1: by S its derivative is 1/S0, by S0 it is -S/S0^2.
    by_reading, by_nominal = (1.0, -1.0) if label == "zero" else (
        100.0 / level.nominal, -100.0 * level.mean / level.nominal**2
    )  # fmt: skip
    parts = [
        Component("repeatability", "A", level.u_mean, channel.unit, by_reading,
                  variance_dof(level.n, level.effective_n), basis_key="basis.repeatability",
                  basis_values={"n": level.n, "s": level.sd or 0.0, "unit": channel.unit})
    ]  # fmt: skip
    others = [
        Component(
            point.source,
            "B",
            point.through(np.ones(1)),
            channel.unit,
            by_reading if point.source == "drift" else by_nominal,
            basis_key=point.basis_key,
        )
        for point in point_errors(context, channel.gas, [level])[1:]
    ]
    references = [
        Component(error.source, "B", error.u, error.unit, by_nominal * error.dx[0],
                  basis_key=error.basis_key, basis_values=error.basis_values)
        for error in reference_errors(context, channel.gas, [level.nominal])
    ]  # fmt: skip
    return Budget((*parts, *others, *references))


PROCEDURE = ZeroSpan()
