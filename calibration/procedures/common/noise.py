"""Noise: the scatter of means over equal intervals on one gas, whatever gas that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from calibration.criteria import Subject
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import MeasuredLevel, asked_of, measure_together, request
from calibration.procedures.common.parameters import Parameters, Seconds
from calibration.procedures.common.procedure import Unit, label_of
from calibration.procedures.common.series import Series, collect
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table, Test
from calibration.statistics.summary import Summary, summarize, variance_dof

AVERAGING = "averaging_time"


class NoisePlan(Parameters):
    """What a plan may set of a noise test."""

    count: int = Field(default=25, ge=10)
    interval: Seconds = Field(default=120.0, gt=0, description="each datum is the mean over one interval")
    poll: Seconds = Field(default=10.0, gt=0)

    @property
    def length_s(self) -> float:
        """How long the readings take, s."""
        return self.count * self.interval


def too_long_averaging(context: Context, device: str, interval_s: float) -> Message | None:
    """Why noise is not measured on this unit: its averaging time is longer than the interval of the data.

    Neighbouring data would share readings, and the noise that they show would be too small.
    """
    found = context.run.look(device, AVERAGING)
    if not isinstance(found, int | float) or found <= interval_s:
        return None
    return Message(key="noise.averaging_too_long",
                   values={"device": device, "found": float(found), "limit": interval_s})  # fmt: skip


def standing_still(series: Series) -> Message | None:
    """That a series does not move at all: a frozen reading, which would look like a unit without noise."""
    if max(series.means) > min(series.means):
        return None
    return Message(key="gas.reading_stands_still",
                   values={"device": series.device, "quantity": series.quantity, "value": series.means[0],
                           "unit": series.unit})  # fmt: skip


def scatter_of(series: Series) -> tuple[Summary, float]:
    """The summary of a series, and the degrees of freedom of its variance (data that remember each other tell less)."""
    summary = summarize(series.means)
    return summary, variance_dof(summary.n, summary.effective_n)


def noise_data(series: Series, scale: float, level: Level, summary: Summary) -> MeasuredData:
    """A series of means for the record: as a table and as a chart with the mean and two deviations to each side."""
    minutes = [(t_s - series.begun_s) / 60.0 for t_s in series.t_s]
    rows: list[list[float | str | Message | None]] = [
        [float(number), at, mean] for number, (at, mean) in enumerate(
            zip(minutes, series.means, strict=True), start=1
        )
    ]  # fmt: skip
    table = Table(
        key="noise",
        columns=[Column(key="number", decimals=0), Column(key="time", unit="min", decimals=1),
                 Column(key="mean", unit=series.unit, decimals=3)],
        rows=rows,
    )  # fmt: skip
    chart = Chart(
        key="noise", kind="series", x_unit="min", y_unit=series.unit, names=[series.quantity],
        x=[minutes], y=[list(series.means)],
        limit_low=summary.mean - 2.0 * summary.sd, limit_high=summary.mean + 2.0 * summary.sd,
    )  # fmt: skip
    return MeasuredData(quantity=series.quantity, unit=series.unit, full_scale=scale, levels=[level],
                        tables=[table], charts=[chart])  # fmt: skip


def noise_of(
    context: Context, units: Sequence[Unit], plan: NoisePlan, percent: float, factors: Mapping[str, float],
    references: Sequence[str],
) -> list[Outcome]:  # fmt: skip
    """Read units together on one gas, and judge the scatter of their means; an outcome for each channel.

    Args:
        context: run, judge, step.
        units: those that breathe the gas; one whose averaging time is too long is left out, and its outcomes say so.
        plan: how many means, of which length.
        percent: of their gas, % of full scale; units of several gases can share zero gas only.
        factors: full name of each criterion, and what the scatter is multiplied with; those that no document has are
            passed over.
        references: names of what the gas rests on.
    """
    names = [name for name in factors if name in context.judge]
    refused = {unit.name: too_long_averaging(context, unit.name, plan.interval) for unit in units}
    asked = {unit.name: asked_of(context, unit) for unit in units if refused[unit.name] is None}
    made: dict[str, MeasuredLevel] = {}
    found: dict[tuple[str, str], Series] = {}
    if asked:
        task = request(context, units[0].gas, percent * max(its.scale for its in asked.values()) / 100.0)
        made = measure_together(context, list(asked.values()), label_of(percent), task, [])
        context.run.step(f"{', '.join(asked)}: noise")
        every = collect(context.run, list(asked.values()), plan.count, plan.interval, plan.poll)
        found = {(series.device, series.quantity): series for series in every}
    outcomes = []
    for unit in units:
        for channel in unit.channels:
            why = refused[unit.name]
            if why is not None:
                subject = context.of_channel(unit.name, channel, unit.full_scale)
                tests = [context.judge.no_result(name, subject, "void", why) for name in names]
                outcomes.append(Outcome(unit.name, channel.quantity, tests=tests, notes=[why]))
                continue
            series, level = found[unit.name, channel.quantity], made[unit.name].levels[channel.quantity]
            scale = asked[unit.name].scale
            tests, notes = _judged(context, context.of_channel(unit.name, channel, scale), series, names, factors)
            notes += [] if level.refused is None else [level.refused]
            data = noise_data(series, scale, level, summarize(series.means))
            outcomes.append(Outcome(unit.name, channel.quantity, data, tests, notes, list(references)))
    return outcomes


def _judged(
    context: Context, subject: Subject, series: Series, names: Sequence[str], factors: Mapping[str, float]
) -> tuple[list[Test], list[Message]]:
    frozen = standing_still(series)
    if frozen is not None:
        return [context.judge.no_result(name, subject, "void", frozen) for name in names], [frozen]
    summary, dof = scatter_of(series)
    tests = []
    for name in names:
        factor = factors[name]
        numbers = f"{factor:g} × {summary.sd:.3g}" if factor != 1.0 else f"s({summary.n}) = {summary.sd:.3g}"
        tests.append(
            context.judge.judge_deviation(name, subject, s=summary.sd, dof=dof, n=summary.n, factor=factor,
                                          formula_numbers=numbers)
        )  # fmt: skip
    return tests, []
