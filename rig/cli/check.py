"""``rig check``: all mistakes of a bench or plan file; with --connect, who answers at each port."""

from __future__ import annotations

import calendar
import sys
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from instruments.ambient.settings import ReplaySection, build_atmosphere
from instruments.device import Value
from instruments.protocols.ends import CLOCK_STAMP
from rig.bench import Bench
from rig.bench_check import examined
from rig.bench_file import BenchFile, DeviceSection, read_bench_data
from rig.clock import VirtualClock
from rig.errors import (
    EXIT_CONFIGURATION,
    EXIT_FAULT,
    EXIT_PASS,
    ConfigurationError,
    ConfigurationErrors,
    Refused,
    RigError,
    RigFault,
)
from rig.recording import record
from scenarios.opening import bench_path, load_plan, plan_path

if TYPE_CHECKING:
    from rig.host.handles import Handle
    from rig.session import Session

_ASKED = ("model", "serial", "firmware", "range", "gas_unit", "mode", "gas_mode", "calibrator_mode", "averaging_time",
          "alarms")  # fmt: skip
_DAY_S = 86_400
_TRIAL_S = 600


def check(name: str, *, connect: bool) -> int:
    """Check a file. Raises ConfigurationErrors with everything that is wrong."""
    path = _path(name)
    if _is_plan(path):
        if connect:
            raise ConfigurationError("--connect", "", "a bench file", f"{path}, a plan")
        load_plan(str(path))
        sys.stdout.write(f"{path}: a plan without mistakes\n")
        return EXIT_PASS
    file = _without_mistakes(path)
    if any(section.model.endswith(".toml") for section in file.device.values()):
        _let_live(file, path)
    if connect:
        return _connect(file, path)
    sys.stdout.write(f"{path}: a bench without mistakes\n")
    return EXIT_PASS


def _without_mistakes(path: Path) -> BenchFile:
    """The bench, with its recording read whole, as a run would. Raises ConfigurationErrors: mistakes of both."""
    file, errors = examined(read_bench_data(path), str(path))
    section = None if file is None else file.air.get("ambient")
    if file is not None and isinstance(section, ReplaySection):
        try:
            build_atmosphere(section, 0, "ambient", file.bench.epoch, path.parent, str(path))
        except ConfigurationErrors as several:
            errors += several.errors
        except ConfigurationError as error:
            errors.append(error)
    if errors or file is None:
        raise ConfigurationErrors(errors)
    return file


def _let_live(file: BenchFile, path: Path) -> None:
    """Let a bench with models of one's own live for ten minutes: a figure that a model lacks is found when asked for.

    Raises:
        ConfigurationError: the first figure that is missing.
    """
    bench = Bench(file, str(path), VirtualClock())
    try:
        for _ in record(bench, _TRIAL_S, _TRIAL_S):
            pass
    finally:
        bench.close()


def _path(name: str) -> Path:
    known = []
    for find in (bench_path, plan_path):
        try:
            return find(name)
        except ConfigurationError as error:
            known.append(error.expected.removeprefix("a path, or one of "))
    raise ConfigurationError("FILE", "", f"a path, a bench ({known[0]}) or a plan ({known[1]})", repr(name))


def _is_plan(path: Path) -> bool:
    """Whether the file is meant as a plan: it has a table that only plans have, and none that only benches have."""
    try:
        keys = set(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    plan_only = {"procedures", "standard", "zero_span", "multipoint", "converter_efficiency"}
    return bool(keys & plan_only) and not keys & {"bench", "device"}


def _connect(file: BenchFile, path: Path) -> int:
    """Ask every device who it is and how it stands. Only reports are requested: nothing on the bench changes."""
    from rig.session import open_session

    troubles: dict[str, RigFault] = {}
    session = open_session(file, path, troubles=troubles)
    code = EXIT_FAULT if troubles else EXIT_PASS
    try:
        for device, section in file.device.items():
            where = section.resource or ("set by hand" if section.model == "manual" else
                                         "emulated elsewhere" if section.elsewhere else "emulated here")  # fmt: skip
            sys.stdout.write(f"{device} ({section.model}, {where})\n")
            if device in troubles:
                sys.stdout.write(f"  {'cannot be opened':<16} {troubles[device]}\n")
            elif device not in session.handles:
                known = ", ".join(port.address for port in section.ports.values())
                sys.stdout.write(f"  not asked: no VISA library reaches {known}\n" if known else "  it has no port\n")
            elif section.model != "manual":
                code = max(code, _introduce(session, session.handles[device], section))
    finally:
        session.close()
    return code


def _introduce(session: Session, handle: Handle, section: DeviceSection) -> int:
    """Print what a device says of itself; return 0, 2 if it is not the one of the file, 4 if it gave no answer."""
    code = EXIT_PASS
    stated = {"model": section.model, "serial": section.serial}
    try:
        for quantity in _ASKED:
            answer = handle.read_if_told(quantity)
            if answer is None:
                continue
            shown = f"{_shown(answer[0])} {answer[1]}".rstrip()
            if stated.get(quantity) and shown.casefold() != stated[quantity].casefold():
                shown += f"   but the file says {stated[quantity]}"
                code = EXIT_CONFIGURATION
            sys.stdout.write(f"  {quantity:<16} {shown}\n")
        clock = _clock(handle)
        if clock is not None:
            sys.stdout.write(f"  {'clock':<16} {_compared(session, clock)}\n")
        elif (stamp := handle.read_if_told(CLOCK_STAMP)) is not None:
            sys.stdout.write(f"  {'clock':<16} {_stamp_compared(session, int(stamp[0]))}\n")  # type: ignore[arg-type]
    except (RigError, Refused) as error:
        sys.stdout.write(f"  {'no proper answer':<16} {error}\n")
        return EXIT_FAULT
    return code


def _clock(handle: Handle) -> datetime | None:
    """The device's own clock, local calendar without a zone; None if it cannot tell. Read again across midnight."""
    while True:
        before, time_of_day, after = (handle.read_if_told(q) for q in ("clock_date", "clock_time", "clock_date"))
        if before is None or time_of_day is None:
            return None
        if before == after:
            microseconds = int(before[0]) + int(time_of_day[0])  # type: ignore[arg-type]  # both are instants
            return datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + timedelta(microseconds=microseconds)


def _now(session: Session) -> datetime:
    """The bench's time, local calendar without a zone."""
    epoch = session.file.bench.epoch
    if session.bench is None and session.file.bench.started_wall is None:
        # A real bench stands in the present: its zone is the epoch's.
        return datetime.now(timezone(epoch.utcoffset() or timedelta())).replace(tzinfo=None)
    return epoch.replace(tzinfo=None) + timedelta(microseconds=session.time.now_us())


def _stamp_compared(session: Session, stamp: int) -> str:
    """A clock that tells day of the year, hour and minute, and how many minutes it is ahead of the bench's."""
    now = _now(session)
    year = datetime(now.year, 1, 1)  # noqa: DTZ001 - local calendar, as the box has it
    own = int((now - year).total_seconds()) // 60
    length = 24 * 60 * (366 if calendar.isleap(now.year) else 365)
    ahead = (stamp - own + length // 2) % length - length // 2  # across New Year the short way
    said = f"{abs(ahead)} min {'ahead of' if ahead > 0 else 'behind'}" if ahead else "as"
    shown = year + timedelta(minutes=stamp)
    return f"{shown:%m-%d %H:%M}, {said} the bench's ({now:%m-%d %H:%M})"


def _compared(session: Session, clock: datetime) -> str:
    """The clock, and how far it is ahead of the bench's, whole seconds as instruments tell them."""
    now = _now(session)
    ahead = round((clock - now.replace(microsecond=0)).total_seconds())
    days, seconds = divmod(abs(ahead), _DAY_S)
    apart = (f"{days} d " if days else "") + f"{seconds} s"
    said = "as the bench's" if ahead == 0 else f"{apart} {'ahead of' if ahead > 0 else 'behind'} the bench's"
    return f"{clock:%Y-%m-%d %H:%M:%S}, {said} ({now:%Y-%m-%d %H:%M:%S})"


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
