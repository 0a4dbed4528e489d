"""A campaign beside manual samplers: days of filters and of the monitors' hourly means, weighings before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import Field

from calibration.procedures.common.context import Context
from calibration.procedures.common.parameters import LitresPerMinute, Parameters, Seconds
from calibration.procedures.common.weighing import lay_out, weigh
from calibration.record import Message
from calibration.statistics.summary import mean
from rig.errors import BadReply
from rig.run import Deed, Prompt, Sight

HOUR_S = 3600.0
_AFTER_THE_HOUR_S = 300.0
"""Hourly means are read so long after the hour: a monitor has formed it by then."""
_HOURS = 24
NO_REASON = "none"
_UG = {"mg/m3": 1000.0}


class CampaignPlan(Parameters):
    """What a plan may set of a campaign.

    ``samplers`` (one, or two side by side) and ``balance`` are names on the bench. A day counts with at least
    ``least_hours`` hourly means and ``least_minutes`` of sampling. ``blanks`` filters go to the field and back.
    """

    samplers: list[str] = Field(min_length=1, max_length=2)
    balance: str = "balance"
    days: int = Field(ge=3)
    first_filter: int = Field(default=1, ge=1)
    blanks: int = Field(default=3, ge=1)
    conditioning: Seconds = 86400.0
    agree_ug: float = Field(default=40.0, gt=0, description="two weighings of a filter that count lie no further apart")
    least_hours: int = Field(default=20, ge=1, le=24)
    least_minutes: float = Field(default=1380.0, gt=0)
    sampler_flow: LitresPerMinute = 16.67
    doubted_flow_pct: float = Field(default=25.0, gt=0, description="volume over minutes, from it: read again once")
    reasons: list[str] = Field(
        default=["filter torn", "power cut", "sampler opened", "wrong filter"],
        description="for which a person may exclude a sample",
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """One filter of one sampler: what was read of it, and why it does not count (empty: it does)."""

    sampler: str
    number: int
    volume_m3: float
    minutes: float
    excluded: str
    gross_mg: float = 0.0
    tare_mg: float = 0.0

    def value(self, blank_mg: float) -> float | None:
        """Mass concentration, ug/m3; None where it does not count."""
        if self.excluded or self.volume_m3 <= 0.0:
            return None
        return 1000.0 * (self.gross_mg - self.tare_mg - blank_mg) / self.volume_m3


@dataclass(slots=True)
class Day:
    """One day: samples, and of each monitor its hourly means, ug/m3."""

    number: int
    samples: list[Sample] = field(default_factory=list)
    hours: dict[str, list[float]] = field(default_factory=dict)


def hourly_means(context: Context, devices: Sequence[str], until_s: float) -> dict[str, list[float]]:
    """Read the means of the 24 hours that begin at ``until_s`` (bench seconds), each shortly after its end."""
    run = context.run
    found: dict[str, list[float]] = {device: [] for device in devices}
    for hour in range(1, _HOURS + 1):
        _wait_until(context, until_s + hour * HOUR_S + _AFTER_THE_HOUR_S)
        for device, values in found.items():
            value = _hourly(context, device)
            if value is not None:
                values.append(value)
    run.step(f"{run.now() / 86400.0:.0f} d")
    return found


def _hourly(context: Context, device: str) -> float | None:
    """Mean of the hour that has ended, ug/m3; None where the monitor has none."""
    for name in ("concentration_1h", "concentration"):
        if context.run.look(device, name) is None:
            continue
        try:
            reading = context.run.read(device, name)
        except BadReply:
            return None
        return reading.value * _UG.get(reading.unit, 1.0) if math.isfinite(reading.value) else None
    return None


def next_hour(context: Context) -> float:
    """Bench second at which the next full hour begins."""
    now = context.run.start_us / 1e6 + context.run.now()
    return math.ceil(now / HOUR_S) * HOUR_S


def _wait_until(context: Context, bench_s: float) -> None:
    now = context.run.start_us / 1e6 + context.run.now()
    if bench_s > now:
        context.run.wait(bench_s - now)


def day_means(days: Sequence[Day], device: str, least_hours: int) -> list[float | None]:
    """Daily means of a monitor; None for a day of too few hours."""
    return [mean(day.hours[device]) if len(day.hours[device]) >= least_hours else None for day in days]


def state_of(context: Context, device: str, setting: str) -> str:
    """In which state a device counts its volume, as a person reads it off: ``actual`` or ``standard``."""
    return context.run.prompt(
        Prompt("prompt.volume_state", {"device": device}, choices=("actual", "standard"), expected="actual",
               sight=Sight(device, setting))
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Campaign:
    """All days, and the mean field blank, mg."""

    days: list[Day]
    blank_mg: float
    blanks_mg: tuple[float, ...]

    def reference(self, day: Day, sampler: str) -> float | None:
        """What a sampler found on a day, ug/m3."""
        return next((its.value(self.blank_mg) for its in day.samples if its.sampler == sampler), None)

    def excluded(self, day: Day) -> str:
        """Why samples of a day do not count, with commas; empty if all do."""
        return ", ".join(dict.fromkeys(its.excluded for its in day.samples if its.excluded))


def conduct_campaign(
    context: Context, devices: Sequence[str], plan: CampaignPlan, notes: list[Message]
) -> Campaign:  # fmt: skip
    """Weigh, sample day after day, and weigh again."""
    run = context.run
    count = plan.days * len(plan.samplers)
    filters = list(range(plan.first_filter, plan.first_filter + count))
    blanks = list(range(plan.first_filter + count, plan.first_filter + count + plan.blanks))
    run.step("weighing before")
    tare = _weighed(context, plan, [*filters, *blanks], notes)
    carried = plan.samplers[0]
    for number in blanks:
        _hands(context, "prompt.carry_blank", carried, number,
               (Deed(carried, "fit_filter", number), Deed(carried, "remove_filter", True)))  # fmt: skip
    days = []
    left = iter(filters)
    for number in range(1, plan.days + 1):
        begin = next_hour(context)
        _wait_until(context, begin)
        fitted = {sampler: next(left) for sampler in plan.samplers}
        for sampler, one in fitted.items():
            deeds = (Deed(sampler, "fit_filter", one), Deed(sampler, "start", True))
            _hands(context, "prompt.fit_filter", sampler, one, deeds)
        day = Day(number, hours=hourly_means(context, devices, begin))
        day.samples += [_taken_out(context, sampler, one, plan, notes) for sampler, one in fitted.items()]
        days.append(day)
    run.step("weighing after")
    gross = _weighed(context, plan, [*filters, *blanks], notes)
    for day in days:
        day.samples = [
            Sample(its.sampler, its.number, its.volume_m3, its.minutes, its.excluded, gross[its.number],
                   tare[its.number])
            for its in day.samples
        ]  # fmt: skip
    gained = tuple(gross[number] - tare[number] for number in blanks)
    return Campaign(days, mean(gained), gained)


def _weighed(
    context: Context, plan: CampaignPlan, filters: list[int], notes: list[Message]
) -> Mapping[int, float]:  # fmt: skip
    lay_out(context, plan.balance, filters)
    context.run.wait(plan.conditioning)
    found = {number: weigh(context, plan.balance, number, plan.agree_ug / 1000.0, notes) for number in filters}
    deeds = tuple(Deed(plan.balance, "put_away", number) for number in filters)
    context.run.prompt(Prompt("prompt.put_filters_away", {"first": filters[0], "last": filters[-1]}, deeds=deeds))
    return found


def _hands(context: Context, key: str, sampler: str, number: int, deeds: tuple[Deed, ...]) -> None:
    context.run.prompt(Prompt(key, {"sampler": sampler, "filter": number}, deeds=deeds))


def _taken_out(context: Context, sampler: str, number: int, plan: CampaignPlan, notes: list[Message]) -> Sample:
    """Volume and minutes as the sampler shows them, whether a person excludes the sample, and the filter taken out."""
    run = context.run
    values: dict[str, float | int | str] = {"sampler": sampler, "filter": number}
    minutes = float(run.prompt(Prompt("prompt.read_minutes", values, unit="min", lowest=0.0, highest=1500.0,
                                      sight=Sight(sampler, "minutes", 0))))  # fmt: skip
    wanted = plan.sampler_flow * minutes / 1000.0
    for attempt in (1, 2):
        volume = float(run.prompt(Prompt("prompt.read_volume", values, unit="m3", lowest=0.0, highest=1000.0,
                                         sight=Sight(sampler, "volume", 3))))  # fmt: skip
        if attempt == 1 and abs(volume - wanted) > plan.doubted_flow_pct / 100.0 * wanted:
            read: dict[str, float | int | str | None] = {**values, "volume": volume, "minutes": minutes}
            notes.append(Message(key="comparison.volume_doubted", values=read))
            continue
        break
    _hands(
        context,
        "prompt.take_filter",
        sampler,
        number,
        (Deed(sampler, "stop", True), Deed(sampler, "remove_filter", True)),
    )
    reason = run.prompt(
        Prompt("prompt.exclude_sample", values, expected=NO_REASON, choices=(NO_REASON, *plan.reasons))
    )  # fmt: skip
    if reason == NO_REASON:
        reason = "too short" if minutes < plan.least_minutes else ""
    return Sample(sampler, number, volume, minutes, reason)
