"""What the fields of a form can be filled from: the scopes of its sheets, and the rows of its tables.

A scope maps the first word of a path to what it stands for: parts of the record, and a few things made of them:
``model`` (maker and model), ``period``, ``day``, ``begin`` and ``end`` on the bench's clock, ``deviation`` (of a
level's mean from what was offered), ``judged`` (the worst verdict on a procedure), ``row`` (of a table of the record).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from calibration.record import (
    DeviceInfo,
    Level,
    MeasuredData,
    MultipointData,
    PrepareData,
    ProcedureRun,
    Record,
    ZeroSpanData,
)
from reports.forms.definition import Form

Scope = Mapping[str, Any]
_WORST = ("error", "fail", "undecided", "void", "not tested", "pass")


def scopes(form: Form, record: Record) -> Iterator[Scope]:
    """Yield what each sheet of ``form`` is about in ``record``; nothing where it holds none of that."""
    if form.each == "run":
        yield _scope(record)
    elif form.each == "device":
        worked_on = {procedure.device for procedure in record.procedures}
        for device in record.devices:
            if device.name in worked_on and device.kind in form.kinds:
                yield _scope(record, device)
    else:
        for procedure in record.procedures:
            if procedure.procedure in form.procedures:
                yield _scope(record, _device(record, procedure.device), procedure)


def rows(source: str, scope: Scope) -> Iterator[Scope]:
    """Yield a scope for each row of a table whose rows are of ``source``, in the order of the record."""
    kind, _, names = source.partition(":")
    record, procedures = scope["record"], scope["procedures"]
    wanted = names.split(",") if names else []
    if kind == "devices":
        yield from ({**scope, **_of_device(device)} for device in record.devices)
    elif kind == "references":
        yield from ({**scope, "reference": reference} for reference in record.references)
    elif kind in ("tests", "failures"):
        yield from _tests(scope, wanted, failures=kind == "failures")
    elif kind == "procedures":
        yield from (
            {**scope, **_of_procedure(record, procedure)}
            for procedure in procedures
            if not isinstance(procedure.data, PrepareData)
        )
    for procedure in procedures:
        inside = {**scope, **_of_procedure(record, procedure)}
        if kind == "levels" and procedure.procedure in wanted:
            yield from ({**inside, **_of_level(record, level)} for level in _levels(procedure))
        elif kind == "table" and isinstance(procedure.data, MeasuredData):
            for table in procedure.data.tables:
                keys = [column.key for column in table.columns]
                if table.key in wanted:
                    yield from ({**inside, "row": dict(zip(keys, row, strict=True))} for row in table.rows)
        elif kind == "checks" and isinstance(procedure.data, MeasuredData):
            yield from ({**inside, "check": check} for check in procedure.data.checks)


def _tests(scope: Scope, wanted: list[str], *, failures: bool) -> Iterator[Scope]:
    procedures = {procedure.id: procedure for procedure in scope["procedures"]}
    for test in scope["record"].tests:
        procedure = procedures.get(test.procedure_id)
        if procedure is None or (wanted and test.procedure not in wanted):
            continue
        if not failures or test.verdict in ("fail", "error"):
            yield {**scope, **_of_procedure(scope["record"], procedure), "test": test}


def _scope(record: Record, device: DeviceInfo | None = None, procedure: ProcedureRun | None = None) -> Scope:
    found: dict[str, Any] = {"record": record, "run": record.run, "procedures": record.procedures}
    ends = [_moment(record, 0.0), _moment(record, (record.run.ended_us - record.run.started_us) / 1e6)]
    if device is not None:
        found |= _of_device(device)
        found["procedures"] = [one for one in record.procedures if one.device == device.name]
    if procedure is not None:
        found |= _of_procedure(record, procedure)
        found["procedures"] = [procedure]
        ends = [_moment(record, procedure.started_s), _moment(record, procedure.ended_s)]
    found["period"] = " – ".join(f"{end:%Y-%m-%d %H:%M}" for end in ends)
    return found


def _of_device(device: DeviceInfo) -> Scope:
    return {"device": device, "model": f"{device.maker} {device.model}".strip()}


def _of_procedure(record: Record, procedure: ProcedureRun) -> Scope:
    verdicts = {test.verdict for test in record.tests if test.procedure_id == procedure.id}
    return {
        "procedure": procedure, "data": procedure.data, "fit": getattr(procedure.data, "fit", None),
        "judged": next((verdict for verdict in _WORST if verdict in verdicts), None),
        **_when(record, procedure.started_s, procedure.ended_s),
    }  # fmt: skip


def _of_level(record: Record, level: Level) -> Scope:
    start = level.asked_t_s if level.window_start_s is None else level.window_start_s
    end = start if level.window_end_s is None else level.window_end_s
    deviation = None if level.mean is None else level.mean - level.nominal
    return {"level": level, "deviation": deviation, **_when(record, start, end)}


def _levels(procedure: ProcedureRun) -> list[Level]:
    data = procedure.data
    if isinstance(data, ZeroSpanData):
        return [*data.as_found, *data.as_left]
    return data.levels if isinstance(data, MultipointData | MeasuredData) else []


def _when(record: Record, start_s: float, end_s: float) -> Scope:
    start, end = _moment(record, start_s), _moment(record, end_s)
    return {"day": f"{start:%Y-%m-%d}", "begin": f"{start:%m-%d %H:%M}", "end": f"{end:%m-%d %H:%M}"}


def _moment(record: Record, t_s: float) -> datetime:
    """An instant of the run on the bench's clock."""
    epoch = datetime.fromisoformat(record.run.epoch).replace(tzinfo=None)
    return epoch + timedelta(microseconds=record.run.started_us, seconds=t_s)


def _device(record: Record, name: str) -> DeviceInfo | None:
    return next((device for device in record.devices if device.name == name), None)
