"""``rig plan``: what a plan will be on a bench, before anyone opens a valve."""

from __future__ import annotations

import re
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from rig.errors import EXIT_FAIL, EXIT_PASS, ConfigurationError
from scenarios.air_time import LEAST_VALID_PCT, MOST_HOURS, Loss
from scenarios.gas_use import CylinderUse
from scenarios.opening import begins_at, load_bench, load_plan
from scenarios.preflight import check_plan
from scenarios.schedule import Schedule, schedule

_WIDTH = 100
_RULE = "article 18(2) of the operation rules of national city stations"


def plan(
    name: str, bench: str, devices: Sequence[str], begin: str | None, valid_pct: float | None, *, as_json: bool
) -> int:
    """Print it; return 0, or 1 if something stands in its way.

    Raises:
        ConfigurationErrors: a mistake in a file or option, or the bench cannot carry the plan.
    """
    if valid_pct is not None and not 0.0 <= valid_pct <= 100.0:
        raise ConfigurationError("--city-valid", "", "a share from 0 to 100, %", f"{valid_pct:g}")
    plan_file, plan_path = load_plan(name)
    file, bench_path = load_bench(bench)
    start = begins_at(file, time.time()) if begin is None else _instant(begin, file.bench.epoch)
    check_plan(plan_file, plan_path, file, bench_path, tuple(devices), start.date())
    found = schedule(plan_file, name, file, bench, start, devices=devices, valid_pct=valid_pct)
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=1) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _page(found)))
    return EXIT_FAIL if found.obstacles else EXIT_PASS


def _instant(text: str, epoch: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError("--begin", "", 'a date and time, such as "2026-01-06T09:00"', repr(text)) from None
    return found if found.tzinfo else found.replace(tzinfo=epoch.tzinfo)


def _page(found: Schedule) -> Iterator[str]:
    yield f"{found.plan} on {found.bench}: {found.title}"
    least, most = (found.end - found.begin).total_seconds(), (found.latest - found.begin).total_seconds()
    yield (
        f"begins {_at(found.begin)}, ends {_at(found.end)} at the earliest ({_long(least)}; "
        f"{_long(most)} if every level takes its longest wait)"
    )
    if found.by_hand:
        yield "the calibrator is set by hand: somebody is needed at each level"
    yield ""
    yield from _sequence(found)
    yield ""
    yield from _gas(found.cylinders)
    yield ""
    yield "references"
    width = max((len(reference.id) for reference in found.references), default=0)
    for reference in found.references:
        state = "" if reference.valid else "   RUNS OUT BEFORE THE END"
        yield f"  {reference.id:<{width}}  valid until {reference.expires}{state}   {reference.certificate}"
    yield ""
    yield from _data(found.losses)
    yield ""
    yield "not confirmed in the documents"
    for choice in found.unconfirmed:
        head = f"  {choice.name:<34} {choice.mark:<9} "
        yield from textwrap.wrap(f"{head}{choice.value} ({choice.source})", _WIDTH, subsequent_indent=" " * len(head))
    if not found.unconfirmed:
        yield "  nothing"


def _sequence(found: Schedule) -> Iterator[str]:
    from reports.messages import Words
    from reports.phrases import Phrases

    say = Phrases(Words("en")).say
    width = max(len("step"), *(len(entry.step) for entry in found.entries))
    units = min(24, max(len("units"), *(len(", ".join(entry.units)) for entry in found.entries)))
    yield f"{'start':<16}  {'h:min':>7}  {'step':<{width}}  {'units':<{units}}  levels and gas"
    for entry in found.entries:
        gas = f"{entry.levels} of {', '.join(entry.gases)}" if entry.levels else ""
        names = textwrap.wrap(", ".join(entry.units), units)
        line = f"{_at(entry.start)}  {_hours(entry.takes_s):>7}  {entry.step:<{width}}  {names[0]:<{units}}  {gas}"
        yield line.rstrip()
        for more in names[1:]:
            yield f"{'':<{27 + width}}  {more}"
        for hands in entry.hands:
            what = re.sub(r" Press Enter[^.]*\.$", "", say(hands.what))
            yield from textwrap.wrap(f"{_at(hands.at)}  {'hands':>7}  {what}", _WIDTH, subsequent_indent=" " * 27)


def _gas(cylinders: Sequence[CylinderUse]) -> Iterator[str]:
    yield "gas, at least"
    if not cylinders:
        yield "  none from cylinders"
    for use in cylinders:
        head = f"  {use.id:<24} {use.litres:>8.1f} L"
        if use.pressure_mpa is None:
            yield f"{head}   the bench file does not say how much is left"
            continue
        after = f"{use.pressure_mpa:.2f} MPa, {use.pressure_after_mpa:.2f} after"
        if use.lasts:
            yield f"{head}   {after}"
        else:
            yield f"{head}   {after}: WILL NOT LAST (to be replaced below {use.replace_below_mpa:g} MPa)"


def _data(losses: Sequence[Loss]) -> Iterator[str]:
    yield "data of the air lost, at least, if these units stand in a station: hours without a valid mean"
    if not losses:
        yield "  none"
    for loss in losses:
        off = f"{', '.join(loss.devices)} off the air for {loss.minutes:.0f} min"
        yield f"  {loss.pollutant:<5} {loss.hours:>5} h   {off}"
    longest = [loss for loss in losses if loss.hours > MOST_HOURS]
    if not longest:
        return
    names = ", ".join(loss.pollutant for loss in longest)
    needed = f"more than {MOST_HOURS:g} h only while {LEAST_VALID_PCT:g} % of the city's stations have valid data"
    said = {
        "depends": f"{_RULE}: {needed} (say which share with --city-valid); otherwise put a backup in first: {names}",
        "allowed": f"{_RULE}: {needed}, as they have: {names}",
        "forbidden": f"FORBIDDEN by {_RULE}: {needed}. Put a backup in first: {names}",
    }
    yield from textwrap.wrap(said[longest[0].ruling], _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _hours(seconds: float) -> str:
    """A stretch of time as hours and minutes: 168:00."""
    hours, minutes = divmod(round(seconds / 60.0), 60)
    return f"{hours}:{minutes:02d}"


def _long(seconds: float) -> str:
    """A stretch of time as days, hours and minutes."""
    days, rest = divmod(round(seconds / 60.0), 1440)
    return (f"{days} d " if days else "") + f"{rest // 60} h {rest % 60} min"


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"
