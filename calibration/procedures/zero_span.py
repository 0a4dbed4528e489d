"""Zero/span check: as found before any set command, adjusted if the plan allows and the bands ask for it, as left."""

from __future__ import annotations

from typing import Literal

from calibration.criteria import Judge, Subject
from calibration.procedures.common import (
    Context,
    MeasuredLevel,
    Outcome,
    full_scale,
    measure_level,
    request,
    resolution_of,
    trace_of,
    u_of_mean,
)
from calibration.procedures.parameters import ZeroSpanPlan
from calibration.procedures.references import reference_errors, reference_ids
from calibration.record import Level, Message, Setting, Test, ZeroSpanData
from calibration.uncertainty import Budget, Component
from instruments.errors import Refused
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "zero_span"


def zero_span(context: Context, device: str, channel: Channel, plan: ZeroSpanPlan) -> Outcome:
    """Check one channel at zero and span.

    Deviations: ZD = reading - zero; SD = (reading - standard) / standard, relative to the gas, not to full scale.
    Bands: within, adjust, out of control. Out of control is a fail whatever is adjusted: data are in question.
    """
    run = context.run
    scale = full_scale(run, device)
    trace: list[Reading] = []
    found = _look_at_both(context, device, channel, plan, scale, trace, "as_found")
    bands = _bands(context.judge, scale)
    band = {label: _band(_deviation(level, label), bands[label]) for label, level in found.items()}
    coefficients: list[Setting] = []
    notes: list[Message] = []
    left: dict[str, Level] = {}
    if "adjust" in band.values() and "out of control" not in band.values():
        if plan.adjust == "never":
            notes.append(Message(key="zero_span.adjustment_forbidden"))
        else:
            coefficients, trouble = _adjust(context, device, channel, plan, scale, band, trace)
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
    outcome: Literal["pass", "pass after adjustment", "fail"] = "fail"
    if passed:
        outcome = "pass after adjustment" if left else "pass"
    data = ZeroSpanData(
        quantity=channel.quantity,
        unit=channel.unit,
        full_scale=scale,
        as_found=[found[k].model_copy(update={"band": band[k]}) for k in ("zero", "span")],
        as_left=[
            left[k].model_copy(update={"band": _band(_deviation(left[k], k), bands[k])})
            for k in ("zero", "span")
            if k in left
        ],
        zero_bands=bands["zero"],
        span_bands_pct=bands["span"],
        bands_mark=context.judge.criteria.criterion["zero_span.zero"].mark,
        bands_source=context.judge.criteria.criterion["zero_span.zero"].source,
        adjust=plan.adjust,
        outcome=outcome,
        coefficients=coefficients,
        trace=trace_of(channel.quantity, trace),
    )
    return Outcome(data, tests, notes, reference_ids(context, channel.gas))


def settings_adjusted(channel: Channel, plan: ZeroSpanPlan) -> tuple[str, ...]:
    """Settings that the check may change for good."""
    if plan.adjust == "never":
        return ()
    return tuple(name for name in (channel.background, channel.coefficient) if name is not None)


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
    return measure_level(context, device, [channel.quantity], label, request(context, channel.gas, value), scale, trace,
                         channel.gas)  # fmt: skip


def _bands(judge: Judge, scale: float) -> dict[str, tuple[float, float]]:
    bands = {}
    for label in ("zero", "span"):
        criterion = judge.criteria.criterion[f"zero_span.{label}"]
        high = criterion.limits(scale)[1]
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
) -> tuple[list[Setting], list[Message]]:  # fmt: skip
    """Adjust what lies in the band "adjust": background on zero gas, then coefficient on span gas.

    The action of the instrument itself is used on the gas that it was stable on; span always follows a new zero.
    """
    run = context.run
    names = settings_adjusted(channel, plan)
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
    for name in names:
        after = run.look(device, name)
        setting = Setting(name=name, as_found=_short(before[name]), as_left=_short(after))
        changed.append(setting)
        if setting.as_found != setting.as_left:
            trouble.append(
                Message(
                    key="zero_span.adjusted",
                    values={"setting": name, "before": setting.as_found, "after": setting.as_left},
                )
            )
    return changed, trouble


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _judged(
    context: Context, device: str, channel: Channel, scale: float, label: str, found: Level, left: Level | None,
    plan: ZeroSpanPlan,
) -> Test:  # fmt: skip
    level = left if left is not None else found
    value = _deviation(level, label)
    budget = _budget(context, device, channel, label, level)
    numbers = (
        f"{level.mean:.4g} − {level.nominal:.4g}" if label == "zero"
        else f"({level.mean:.4g} − {level.nominal:.4g}) / {level.nominal:.4g} × 100 %"
    )  # fmt: skip
    subject = Subject(device, f"{device}/{NAME}/{channel.quantity}", channel.quantity, channel.unit, scale)
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
    return test if level.stable else test.model_copy(update={"verdict": "void"})


def _budget(context: Context, device: str, channel: Channel, label: str, level: Level) -> Budget:
    assert level.mean is not None  # a measured level has both
    assert level.sd is not None
    averaging = context.run.look(device, "averaging_time")
    step = resolution_of(level.mean)
    poll = context.gas.stability.poll
    u = u_of_mean(level, step, float(averaging) if isinstance(averaging, int | float) else poll, poll)
    per = 1.0 if label == "zero" else 100.0 / level.nominal
    parts = [
        Component("repeatability", "A", u, channel.unit, per, max(1.0, level.n - 1.0),
                  basis_key="basis.repeatability", basis_values={"n": level.n, "s": level.sd, "unit": channel.unit})
    ]  # fmt: skip
    for error in reference_errors(context, channel.gas, [level.nominal]):
        assert level.mean is not None
        # SD = S/S0 - 1: by S0 its derivative is -S/S0^2.
        sensitivity = 0.0 if label == "zero" else -100.0 * level.mean / level.nominal**2 * error.dx[0]
        parts.append(Component(error.source, "B", error.u, error.unit, sensitivity,
                               basis_key=error.basis_key, basis_values=error.basis_values))  # fmt: skip
    return Budget(tuple(parts))
