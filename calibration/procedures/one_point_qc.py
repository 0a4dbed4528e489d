"""One-point quality-control checks over weeks: precision and bias at their upper bounds, and audits between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Windows, asked_of, keep, measure_together, refusal, request
from calibration.procedures.common.parameters import GasPlan, Levels, Parameters, Seconds, WaitKey
from calibration.procedures.common.procedure import (
    Gap,
    Judged,
    Procedure,
    Stage,
    Takes,
    Unit,
    Wanted,
    by_gas,
    label_of,
)
from calibration.procedures.common.references import nox_share, reference_ids
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table
from calibration.statistics.epa_part_58 import PrecisionAndBias, percent_differences, precision_and_bias
from rig.host.kinds import Channel

NAME = "one_point_qc"
_DAY_S = 86_400.0


def _values() -> dict[WaitKey, float]:
    return {"so2": 80.0, "no": 80.0, "o3": 80.0, "co": 5.0}


class OnePointPlan(Parameters):
    """What a plan may set of it."""

    checks: int = Field(default=13, ge=2)
    every: Seconds = Field(default=14.0 * _DAY_S, gt=0, description="from one check to the next")
    values: dict[WaitKey, float] = Field(default_factory=_values, description="of each gas, nmol/mol (CO umol/mol)")
    audits: int = Field(default=2, ge=0, description="after so many of the checks, evenly spaced, an audit follows")
    audit_pct: Levels = Field(default=[10.0, 20.0, 60.0], min_length=1, description="% of full scale")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.audits > self.checks:
            raise ValueError(f"audits: {self.checks} at the most, one after each check")
        if min(self.audit_pct) <= 0.0:
            raise ValueError("audit_pct: levels above zero")
        return self

    def audited(self) -> set[int]:
        """Numbers of the checks, from 1, that an audit follows."""
        return {round((i + 1) * self.checks / self.audits) for i in range(self.audits)}


class OnePointQc(Procedure[OnePointPlan]):
    """d = (measured - audit) / audit of one gas, again and again without adjustment (40 CFR 58 appendix A, 4).

    ``cv`` is the upper bound of the coefficient of variation (90 %), ``bias`` that of the absolute bias (95 %); whether
    the bias has a sign is told, and what share of the audits' differences lies within m -+ 1.96 S of the checks, where
    95 % should: a judgement of the bounds, not of the unit. In between the units sample as always.
    """

    name = NAME
    parameters = OnePointPlan
    criteria: ClassVar[Mapping[str, str]] = {"cv": "%", "bias": "%"}
    takes: ClassVar[Takes] = "all"
    after_a_gap: ClassVar[Gap] = "day"

    def judged(self, unit: Unit, parameters: OnePointPlan) -> list[Judged]:
        """Percentages of each channel."""
        return [Judged(channel.quantity, "%", tuple(self.criteria)) for channel in unit.channels]

    def serves(self, unit: Unit) -> bool:
        """Every gas that a plan can give a value for."""
        return super().serves(unit) and unit.gas in _values()

    def stages(self, units: Sequence[Unit], parameters: OnePointPlan, gas: GasPlan) -> list[Stage]:
        """A check of each gas, maybe an audit, and the time between."""
        way: list[Stage] = []
        for number in range(1, parameters.checks + 1):
            for name, _ in by_gas(units):
                way.append(Stage("check", name, gas.wait(name)))
                if number in parameters.audited():
                    way += [Stage(label_of(percent), name, gas.wait(name)) for percent in parameters.audit_pct]
            if number < parameters.checks:
                way.append(Stage("until_next_check", "", parameters.every))
        return way

    def wanted(self, unit: Unit, parameters: OnePointPlan, gas: GasPlan) -> list[Wanted]:
        """The gas of the checks, and those of the audits."""
        value, minutes = parameters.values[unit.gas], gas.wait(unit.gas) / 60.0  # type: ignore[index]
        found = [Wanted(f"values.{unit.gas}", 100.0 * value / unit.full_scale, unit.gas, value, None, gas.total_flow,
                        parameters.checks * minutes)]  # fmt: skip
        if not parameters.audits:
            return found
        return found + [
            Wanted.level(unit, "audit_pct", percent, gas, parameters.audits * minutes)
            for percent in parameters.audit_pct
        ]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: OnePointPlan) -> list[Outcome]:
        """Check, wait, check again; nothing is adjusted."""
        run = context.run
        asked = {unit.name: asked_of(context, unit) for unit in units}
        checks: Windows = {}
        audits: Windows = {}
        begun = run.now()
        for number in range(1, parameters.checks + 1):
            run.begin("day", context.step)
            for gas, group in by_gas(units):
                some = [asked[unit.name] for unit in group]
                levels = [(checks, "check", parameters.values[gas])]  # type: ignore[index]
                if number in parameters.audited():
                    levels += [(audits, label_of(p), p * some[0].scale / 100.0) for p in parameters.audit_pct]
                for into, label, value in levels:
                    made = measure_together(context, some, label, request(context, gas, value), [])
                    keep(into, made)
            if number < parameters.checks:
                run.rest()
                run.step(f"{', '.join(asked)}: until_next_check")
                run.wait(max(0.0, begun + number * parameters.every - run.now()))
                for unit in units:
                    run.enter_gas(unit.name)
        return [
            _outcome(context, unit.name, channel, asked[unit.name].scale, parameters,
                     checks[unit.name, channel.quantity], audits.get((unit.name, channel.quantity), []))
            for unit in units
            for channel in unit.channels
        ]  # fmt: skip


def _outcome(
    context: Context, device: str, channel: Channel, scale: float, plan: OnePointPlan, checks: list[Level],
    audits: list[Level],
) -> Outcome:  # fmt: skip
    share = nox_share(context) if channel.quantity == "nox" else 1.0
    subject = context.subject(device, channel.quantity, "%", scale)
    references = reference_ids(context, channel.gas)
    days = [i * plan.every / _DAY_S for i in range(len(checks))]
    refused = refusal((*checks, *audits))
    names = [f"{NAME}.{short}" for short in OnePointQc.criteria if f"{NAME}.{short}" in context.judge]
    if refused is not None:
        tests = [context.judge.no_result(name, subject, "void", refused) for name in names]
        data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=scale, levels=[*checks, *audits])
        return Outcome(device, channel.quantity, data, tests, [refused], references)
    d = _differences(checks, share)
    found = precision_and_bias(d)
    audited = _differences(audits, share) if audits else []
    tests = []
    results = {
        "cv": (found.precision, f"{found.sd:.3g} × √((n − 1) / χ²)"),
        "bias": (found.bias, f"{found.mean_absolute:.3g} + t × {found.sd_absolute:.3g} / √{found.n}"),
    }  # fmt: skip
    notes = []
    if audited:
        inside = 100.0 * found.audits_inside(audited)
        notes = [Message(key="one_point_qc.audits", values={
            "inside": round(inside), "n": len(audited), "low": round(found.audit_low, 2),
            "high": round(found.audit_high, 2),
        })]  # fmt: skip
    for short, (value, numbers) in results.items():
        if f"{NAME}.{short}" in context.judge:
            # An upper bound already: its confidence is in the rule, and nothing is added to it.
            tests.append(
                context.judge.judge(f"{NAME}.{short}", subject, value=value, budget=None, n=found.n,
                                    formula_numbers=numbers, message=_sign(found) if short == "bias" else None)
            )  # fmt: skip
    data = _data(channel, scale, share, days, checks, audits, d, audited, found)
    return Outcome(device, channel.quantity, data, tests, notes, references)


def _differences(levels: Sequence[Level], share: float) -> list[float]:
    measured = [level.mean or 0.0 for level in levels]
    return [float(value) for value in percent_differences(measured, [share * level.nominal for level in levels])]


def _sign(found: PrecisionAndBias) -> Message:
    key = {"+": "one_point_qc.positive", "-": "one_point_qc.negative", "": "one_point_qc.unsigned"}[found.sign]
    return Message(key=key, values={"mean": round(found.mean, 2), "n": found.n})


def _data(
    channel: Channel, scale: float, share: float, days: Sequence[float], checks: list[Level], audits: list[Level],
    d: Sequence[float], audited: Sequence[float], found: PrecisionAndBias,
) -> MeasuredData:  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [day, share * level.nominal, level.mean, value] for day, level, value in zip(days, checks, d, strict=True)
    ]
    audit_rows: list[list[float | str | Message | None]] = [
        [level.label, share * level.nominal, level.mean, value] for level, value in zip(audits, audited, strict=True)
    ]
    gases = [Column(key=key, unit=channel.unit, decimals=2) for key in ("nominal", "mean")]
    last = Column(key="difference", unit="%", decimals=2)
    tables = [Table(key="checks", columns=[Column(key="day", decimals=0), *gases, last], rows=rows)]
    if audit_rows:
        tables.append(Table(key="audits", columns=[Column(key="level"), *gases, last], rows=audit_rows))
    chart = Chart(key="checks", kind="series", x_unit="d", y_unit="%", names=[channel.quantity], x=[list(days)],
                  y=[list(d)], limit_low=found.audit_low, limit_high=found.audit_high)  # fmt: skip
    return MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=scale, levels=[*checks, *audits],
                        tables=tables, charts=[chart])  # fmt: skip


PROCEDURE = OnePointQc()
