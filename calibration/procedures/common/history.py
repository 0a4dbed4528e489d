"""What became of a unit's settings: as last recorded, as its own log tells, as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from calibration.procedures.common.context import Context
from calibration.record import Message, Record
from rig.host.evidence import AuditReading, LogEntry, read_log

How = Literal["calibration", "by hand", "hidden"]
"""How a setting changed: by a calibration that the log tells of, otherwise but told, or untold."""

_DIGITS = 1e-3
"""Part by which a value on the wire may differ from the same value in the log: wires carry four digits."""
_CLOCK = timedelta(hours=1)
"""By how much a unit's clock may be off from the bench's when its lines are held against a record's end."""
_WORDS = {"True": "on", "False": "off"}


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that is not as it was recorded, or as the log made it last."""

    setting: str
    before: str
    after: str
    how: How
    entry: LogEntry | None = None

    def told(self, device: str) -> Message:
        """The change as a sentence."""
        values: dict[str, float | int | str | None] = {
            "device": device, "setting": self.setting, "before": self.before, "after": self.after,
        }  # fmt: skip
        if self.how == "hidden":
            return Message(key="key_parameters.hidden_change", values=values)
        if self.entry is None:
            return Message(key="key_parameters.unexplained_change", values=values)
        values |= {"by": self.entry.by, "when": f"{self.entry.at:%Y-%m-%d %H:%M}"}
        key = "calibrated" if self.how == "calibration" else "changed_by_hand"
        return Message(key=f"key_parameters.{key}", values=values)


def log_of(context: Context, device: str) -> AuditReading | None:
    """The unit's own log of its settings; None where nobody can read it.

    Raises:
        RigError: the unit has no power.
    """
    lines, writes = context.run.look(device, "audit_log"), context.run.look(device, "parameter_writes")
    if not isinstance(lines, tuple) or not isinstance(writes, int | float):
        return None
    return AuditReading(read_log(lines), int(writes))


def last_settings(last: Record, device: str, serial: str) -> dict[str, str]:
    """Settings of a unit as an earlier run left them; the unit is that of this serial number, or, without one, name."""
    same = [its.name for its in last.devices if (its.serial == serial if serial else its.name == device)]
    found: dict[str, str] = {}
    for entry in last.procedures:
        if entry.device in same:
            found |= {setting.name: setting.as_left for setting in entry.settings}
    return found


def changes_of(context: Context, device: str, settings: Mapping[str, str], log: AuditReading | None) -> list[Change]:
    """Every setting that is not as it was last recorded, or not as the unit's own log made it last.

    Args:
        context: with the record of an earlier run, if there is one.
        device: the unit.
        settings: as they are now, as text.
        log: the unit's own log, if it could be read.
    """
    identity = context.run.identity(device)
    recorded = {} if context.last is None else last_settings(context.last, identity.name, identity.serial)
    since = None if context.last is None else _end_of(context.last)
    found = []
    for name, now in settings.items():
        lines = [] if log is None else [entry for entry in log.entries if entry.setting == name]
        if lines and not _same(lines[-1].new, now):
            found.append(Change(name, lines[-1].new, now, "hidden"))
            continue
        before = recorded.get(name)
        if not before or _same(before, now):
            continue
        later = [entry for entry in lines if since is None or entry.at >= since - _CLOCK]
        if later:
            how: How = "calibration" if later[-1].by == "calibration" else "by hand"
            found.append(Change(name, before, now, how, later[-1]))
        else:
            found.append(Change(name, before, now, "by hand" if log is None else "hidden"))
    return found


def _end_of(last: Record) -> datetime:
    """When an earlier run ended, in the local calendar of its bench, as a unit's clock shows it."""
    return datetime.fromisoformat(last.run.epoch).replace(tzinfo=None) + timedelta(microseconds=last.run.ended_us)


def _same(one: str, other: str) -> bool:
    one, other = _WORDS.get(one, one), _WORDS.get(other, other)
    try:
        a, b = float(one), float(other)
    except ValueError:
        return one == other
    return abs(a - b) <= _DIGITS * max(abs(a), abs(b))
