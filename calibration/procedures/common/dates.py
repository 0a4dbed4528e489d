"""Days, months and years of service by the calendar, as rules count them."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta

from rig.run import Run


def months_later(day: date, months: int) -> date:
    """The same day some months later (or earlier, if negative), or the last one of a month that is shorter."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def years_between(first: date, last: date) -> float:
    """Years from ``first`` to ``last``: whole ones by the calendar, and the part of the year that has begun."""
    whole = last.year - first.year
    if months_later(first, 12 * whole) > last:
        whole -= 1
    begun = months_later(first, 12 * whole)
    return whole + (last - begun).days / (months_later(first, 12 * (whole + 1)) - begun).days


def moment(run: Run) -> datetime:
    """The time at the bench now, in its own zone."""
    return run.supply.epoch + timedelta(microseconds=run.start_us) + timedelta(seconds=run.now())


def shown(when: datetime) -> str:
    """A calendar time as reports print it, to the minute, with its zone."""
    return when.isoformat(sep=" ", timespec="minutes")
