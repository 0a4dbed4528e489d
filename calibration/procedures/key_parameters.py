"""Key technical parameters: all of them read, held against filed ranges, the last record, and the unit's own log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from calibration.procedures.common.conduct import as_text
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.history import Change, changes_of, log_of
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Setting, Table, Test
from rig.host.evidence import AuditReading
from rig.host.kinds import FiledRange
from rig.run import Prompt

NAME = "key_parameters"
QUANTITY = "parameters"
YES, NO = "yes", "no"
_LINES = 20
"""Lines of the unit's own log that the record keeps, the newest."""


class KeyParametersPlan(Parameters):
    """Nothing is left open: which parameters there are, and their ranges, is data of each model."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One parameter as it was read."""

    filed: FiledRange
    value: float
    unit: str

    @property
    def ok(self) -> bool:
        return self.filed.holds(self.value)


class KeyParameters(Procedure[KeyParametersPlan]):
    """Read everything that a network files of an analyzer, and ask who changed what.

    Three verdicts: how many parameters lie outside their filed ranges; how many settings are not as they were last
    recorded (record of an earlier run, ``--last-record``) without a calibration in the unit's own log; how many changes
    that log does not tell of. A setting that differs from what the log last made it has been changed past the log, and
    so has a memory that was written more often than the log has lines. No wire carries the log: on a served or real
    bench a person looks it through on the display, and their word stands for it.
    """

    name = NAME
    parameters = KeyParametersPlan
    criteria: ClassVar[Mapping[str, str]] = {"outside": "1", "changed": "1", "hidden": "1"}
    gas = False

    def judged(self, unit: Unit, parameters: KeyParametersPlan) -> list[Judged]:
        """The unit as a whole."""
        return [Judged(QUANTITY, "1", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: KeyParametersPlan, gas: GasPlan) -> list[Stage]:
        """Reading takes a moment."""
        return [Stage(NAME, "", 0.0)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: KeyParametersPlan) -> list[Outcome]:
        """Read, compare, judge."""
        [unit] = units
        run, device = context.run, unit.name
        read, silent = _read(context, device)
        found = {name: run.look(device, name) for name in run.shaping(device)}
        settings = {name: as_text(value) for name, value in found.items() if value is not None}
        log = log_of(context, device)
        changes = changes_of(context, device, settings, log)
        notes = [Message(key="key_parameters.not_told", values={"device": device, "setting": name}) for name in silent]
        notes += [change.told(device) for change in changes]
        if context.last is None:
            notes.append(Message(key="key_parameters.no_last_record", values={"device": device}))
        tests = [
            _outside(context, device, read),
            _changed(context, device, [its for its in changes if its.how == "by hand"], len(settings)),
            _by_eye(context, device, notes)
            if log is None
            else _hidden(context, device, [its for its in changes if its.how == "hidden"], log),
        ]
        data = MeasuredData(
            quantity=QUANTITY, unit="1", full_scale=1.0, tables=_tables(read, log),
            settings=[Setting(name=its.setting, as_found=its.before, as_left=its.after) for its in changes],
        )  # fmt: skip
        return [Outcome(device, None, data, tests, notes)]


def _read(context: Context, device: str) -> tuple[list[_Read], list[str]]:
    """Every key parameter that the device tells, in its filed order; names of those that it does not."""
    run = context.run
    found, silent = [], []
    for filed in run.analyzer(device).filed:
        if run.look(device, filed.name) is None:
            silent.append(filed.name)
            continue
        reading = run.read(device, filed.name)
        found.append(_Read(filed, reading.value, reading.unit or filed.unit))
    return found, silent


def _outside(context: Context, device: str, read: Sequence[_Read]) -> Test:
    outside = [its for its in read if not its.ok]
    message = None
    if outside:
        worst = outside[0]
        message = Message(
            key="key_parameters.outside",
            values={"device": device, "setting": worst.filed.name, "found": worst.value, "unit": worst.unit,
                    "expected": worst.filed.shown, "n": len(outside)},
        )  # fmt: skip
    subject = context.subject(device, QUANTITY, "1", 1.0)
    return context.judge.judge(f"{NAME}.outside", subject, value=float(len(outside)), budget=None, n=len(read),
                               message=message)  # fmt: skip


def _changed(context: Context, device: str, changes: Sequence[Change], n: int) -> Test:
    subject = context.subject(device, QUANTITY, "1", 1.0)
    message = changes[0].told(device) if changes else None
    return context.judge.judge(f"{NAME}.changed", subject, value=float(len(changes)), budget=None, n=n,
                               message=message)  # fmt: skip


def _hidden(context: Context, device: str, changes: Sequence[Change], log: AuditReading) -> Test:
    subject, name = context.subject(device, QUANTITY, "1", 1.0), f"{NAME}.hidden"
    past = log.unlogged or 0
    count = max(len(changes), past)
    message = changes[0].told(device) if changes else None
    if message is None and past:
        message = Message(key="key_parameters.past_the_log", values={"device": device, "n": past})
    return context.judge.judge(name, subject, value=float(count), budget=None, n=log.writes,
                               formula_numbers=f"{log.writes} − {len(log.entries)}", message=message)  # fmt: skip


def _by_eye(context: Context, device: str, notes: list[Message]) -> Test:
    """What a person finds who looks the log through: whether a record explains every change."""
    answer = context.run.prompt(Prompt("prompt.read_log", {"device": device}, expected=YES, choices=(YES, NO)))
    notes.append(Message(key="key_parameters.log_by_eye", values={"device": device}))
    subject, unexplained = context.subject(device, QUANTITY, "1", 1.0), answer != YES
    message = Message(key="key_parameters.unexplained_line", values={"device": device}) if unexplained else None
    return context.judge.judge(f"{NAME}.hidden", subject, value=float(unexplained), budget=None, n=1,
                               message=message)  # fmt: skip


def _tables(read: Sequence[_Read], log: AuditReading | None) -> list[Table]:
    found = [
        Table(
            key=NAME,
            columns=[Column(key="setting"), Column(key="value"), Column(key="unit"), Column(key="filed_range"),
                     Column(key="mark"), Column(key="result")],
            rows=[[its.filed.name, float(f"{its.value:.6g}"), its.unit, its.filed.shown, its.filed.mark,
                   "within" if its.ok else "outside"] for its in read],
        )
    ]  # fmt: skip
    if log is not None and log.entries:
        found.append(
            Table(
                key="own_log",
                columns=[Column(key="when"), Column(key="by"), Column(key="setting"), Column(key="before"),
                         Column(key="after")],
                rows=[[f"{its.at:%Y-%m-%d %H:%M:%S}", its.by, its.setting, its.old, its.new]
                      for its in log.entries[-_LINES:]],
            )
        )  # fmt: skip
    return found


PROCEDURE = KeyParameters()
