"""Reports of a Teledyne box's data acquisition system: means of test functions over full periods of its own clock."""

from __future__ import annotations

import re
from collections.abc import Callable

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.teledyne_rows import DataRow
from instruments.protocols.teledyne_table import TeledyneTable

_MINUTE_US = 60_000_000
_KEPT_H = 24
"""Hours of readings that an instrument keeps (see :meth:`instruments.device.Face.read_at`)."""
_REPORT = re.compile(r'REPORT "(?P<name>[^"]+)"(?: RECORDS=(?P<records>\d{1,4}))?(?: (?P<form>COMPACT|VERBOSE))?')


def data_report(table: TeledyneTable, face: Face, text: str) -> list[tuple[int, str]]:
    """Answer ``REPORT "name" [RECORDS=number] [COMPACT|VERBOSE]`` (manual 300M p. 7-1, read), the oldest record first.

    A record is the mean of the readings at the full minutes of a period of the box's clock; those of the last 24 h are
    there. Verbose lines carry a name each (read), compact ones are the values alone (recalled).

    Returns:
        the box's clock at the end of each record, and the text.

    Raises:
        Refused: no such channel, or another form.
    """
    found = _REPORT.fullmatch(" ".join(text.upper().split()))
    if found is None:
        raise Refused("unknown", text)
    rows = table.data.get(found["name"])
    if rows is None:
        raise Refused("unknown", f"no data channel {found['name']}")
    period_us = rows[0].minutes * _MINUTE_US
    clock_us, now_us = face.clock_us(), face.now_us()
    last_us = clock_us - clock_us % period_us
    lines: list[tuple[int, str]] = []
    for back in range(min(int(found["records"] or 1), _KEPT_H * 60 // rows[0].minutes) - 1, -1, -1):
        end_us = last_us - back * period_us
        begin_us = end_us - period_us - clock_us + now_us
        if begin_us < 0:
            continue  # before the bench's epoch nothing was recorded
        told = [_mean(table, face, row, begin_us) for row in rows]
        if found["form"] == "COMPACT":
            lines.append((end_us, f"{rows[0].channel} : {' '.join(told)}"))
        else:
            lines += [(end_us, f"{row.channel} : {row.label}={mean}") for row, mean in zip(rows, told, strict=True)]
    return lines


def _mean(table: TeledyneTable, face: Face, row: DataRow, begin_us: int) -> str:
    test = table.tests[row.test]
    values = table.values

    def at(t_us: int) -> Callable[[str], Value]:
        return lambda name: face.read_at(name, t_us)

    unit = values.unit(test, face.read)
    total = 0.0
    for minute in range(1, row.minutes + 1):
        read = at(begin_us + minute * _MINUTE_US)
        total += values.to_wire(test, float(read(test.of)), unit, read)  # type: ignore[arg-type]  # a number
    return f"{total / row.minutes:.{values.decimals(test, unit)}f} {unit}".rstrip()
