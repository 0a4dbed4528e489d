"""The raw readings of a run, from its journal: value, unit, two times, and whether they still count.

A reading that a gap has made the run repeat is still in the journal, and no longer part of any result; so are those
that were taken on the way back to the bench. A request that was not answered is a row without a value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rig.errors import RigFault
from rig.files import write_atomically
from rig.journal import Row
from rig.past import BACK, BEGIN, ENDING, GAP, RETURN, error_of, superseded

SUPERSEDED, GAP_CHECK, NO_ANSWER, ALARM = "superseded", "gap check", "no answer", "alarm "
"""Flags: measured again after a gap; read on the way back from one; not answered; an alarm that stood when the
device was last asked for its alarms."""

MEANING = {
    "row": "row of the journal",
    "t_s": "bench time since the run began",
    "time": "calendar time at the bench",
    "wall_time": "time of the computer when it was written",
    "step": "step of the plan; empty once the bench has been made safe",
    "device": "name in the bench file",
    "quantity": "what was read",
    "value": "as the device gave it, in unit; none if it did not answer",
    "unit": "of the value",
    "counts": "whether the plan goes on from it: false for what a gap has made the run repeat, and for no answer",
    "flags": f"{SUPERSEDED!r}, {GAP_CHECK!r}, {NO_ANSWER!r}, and '{ALARM}NAME' for each alarm that stood when the "
    "device was last asked for its alarms; separated by '; '",
}
"""Columns of an export, in order."""

OF_EQUAL_RUNS = tuple(name for name in MEANING if name not in ("row", "wall_time"))
"""Columns that two equal runs share, whenever they were made and however often they were cut off."""


@dataclass(frozen=True, slots=True)
class RunReading:
    """One request for a number and what came of it; the columns are those of :data:`MEANING`."""

    row: int
    t_s: float
    time: datetime
    wall_time: datetime
    step: str
    device: str
    quantity: str
    value: float | None
    unit: str
    flags: tuple[str, ...]

    @property
    def counts(self) -> bool:
        """Whether results rest on it."""
        return not {SUPERSEDED, GAP_CHECK, NO_ANSWER} & set(self.flags)


def readings_of(rows: Sequence[Row], epoch: datetime) -> Iterator[RunReading]:
    """Every reading in a journal, in the order in which it was taken.

    Args:
        rows: of the whole journal.
        epoch: calendar time of the bench's epoch.

    Raises:
        RigFault: the journal does not begin with a run.
    """
    if not rows or not isinstance(rows[0].request, dict) or "start_us" not in rows[0].request:
        raise RigFault("the journal holds no run: nothing of it had reached the disk")
    start_us = int(rows[0].request["start_us"])
    repeated = superseded(rows)
    step, returning = "", False
    alarms: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row.kind == BEGIN and row.request[0] == "test":
            step = str(row.request[1])
        elif row.kind == ENDING:
            step = ""
        elif row.kind in (RETURN, BACK, GAP):
            returning = row.kind == RETURN
        elif row.kind == "look" and row.request[1] == "alarms" and error_of(row.answer) is None:
            alarms[row.request[0]] = tuple(f"{ALARM}{alarm}" for alarm in row.answer or ())
        elif row.kind == "read":
            device, quantity = row.request
            answered = isinstance(row.answer, list)
            flags = [flag for flag, stands in (
                (SUPERSEDED, row.seq in repeated), (GAP_CHECK, returning), (NO_ANSWER, not answered),
            ) if stands]  # fmt: skip
            yield RunReading(
                row.seq, (row.t_us - start_us) / 1e6, epoch + timedelta(microseconds=row.t_us),
                datetime.fromtimestamp(row.wall, UTC), step, device, quantity,
                float(row.answer[0]) if answered else None, str(row.answer[1]) if answered else "",
                (*flags, *alarms.get(device, ())),
            )  # fmt: skip


def write_csv(readings: Iterable[RunReading], path: Path) -> None:
    """Write one line per reading, with the columns that equal runs share. Raises RigFault if it cannot be written."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(OF_EQUAL_RUNS)
    for reading in readings:
        writer.writerow([_as_text(name, reading) for name in OF_EQUAL_RUNS])
    write_atomically(path, text.getvalue())


def _as_text(name: str, reading: RunReading) -> str:
    value = getattr(reading, name)
    if name == "t_s":
        return f"{value:.3f}"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, tuple):
        return "; ".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def write_parquet(readings: Sequence[RunReading], path: Path, about: Mapping[str, Any]) -> None:
    """Write a table whose columns say what they mean, and whose head says the unit of each quantity.

    Args:
        readings: of one run.
        path: file to write.
        about: what the run is; it goes into the file's metadata as JSON, under ``run``.

    Raises:
        RigFault: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = pa.dictionary(pa.int32(), pa.string())
    moment = pa.timestamp("us", tz="UTC")
    kinds = {
        "row": pa.int64(), "t_s": pa.float64(), "time": moment, "wall_time": moment, "step": words, "device": words,
        "quantity": words, "value": pa.float64(), "unit": words, "counts": pa.bool_(), "flags": words,
    }  # fmt: skip
    own_units = {"t_s": "s"}
    fields = [
        pa.field(name, kinds[name], metadata={"meaning": meaning, "unit": own_units.get(name, "")})
        for name, meaning in MEANING.items()
    ]
    units = {f"{one.device}.{one.quantity}": one.unit for one in readings if one.unit}
    head = {"run": json.dumps(about, ensure_ascii=False), "units": json.dumps(units)}
    columns = [
        pa.array(
            ["; ".join(one.flags) if name == "flags" else getattr(one, name) for one in readings],
            type=pa.string() if kinds[name] == words else kinds[name],
        ).cast(kinds[name])
        for name in MEANING
    ]  # fmt: skip
    temporary = path.with_name(f".{path.name}.partial")
    try:
        pq.write_table(pa.table(columns, schema=pa.schema(fields, metadata=head)), temporary, compression="zstd")
        temporary.replace(path)
    except OSError as error:
        raise RigFault(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
