"""``rig score``: a station software's log held against the served truth."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from rig.errors import ConfigurationError
from rig.files import write_atomically
from rig.score.expected import Window
from rig.score.findings import Verdict, judge
from rig.score.log_file import Key, Logged, read_log
from rig.score.truth_file import Shown, Truth, read_truth


def score(
    truth_file: Path, log_file: Path, average_s: int, label: Literal["begin", "end"], every_s: int | None,
    out: Path | None,
) -> int:  # fmt: skip
    """Print what was found; return 0 for a sound log, 1 for one with defects.

    Raises:
        ConfigurationError: a file cannot be read, or the log has no quantity that the truth knows.
    """
    truth = read_truth(truth_file)
    log = read_log(log_file, truth.epoch)
    common = [key for key in log if key[:2] in truth.series]
    for device, quantity, _ in log:
        if (device, quantity) not in truth.series:
            sys.stderr.write(f"rig: {log_file}: {device}.{quantity} is not in the truth log: left out\n")
    if not common:
        known = ", ".join(f"{device}.{quantity}" for device, quantity in truth.series)
        raise ConfigurationError("--log", "", f"a quantity of the truth log ({known})", f"{log_file}: none of them")
    offset = truth.epoch.utcoffset() or timedelta()
    verdicts = []
    for key in common:
        window = Window(float(every_s or _distance(log[key], average_s)), float(average_s), label)
        verdicts.append(judge(key, log[key], _shown(truth, key, log_file), window, offset.total_seconds()))
    for verdict in verdicts:
        for line in _lines(verdict, truth):
            sys.stdout.write(line + "\n")
    if out is not None:
        write_atomically(out, json.dumps([_data(verdict, truth) for verdict in verdicts], indent=1) + "\n")
        sys.stdout.write(f"{out}\n")
    return 0 if all(verdict.sound for verdict in verdicts) else 1


def _shown(truth: Truth, key: Key, log_file: Path) -> Shown:
    device, quantity, port = key
    if not port:
        return truth.series[device, quantity]
    try:
        return truth.by_port(device, quantity, port)
    except KeyError:
        known = ", ".join(truth.ports.names(device))
        raise ConfigurationError(str(log_file), "port", f"a port of {device} ({known})", repr(port)) from None


def _distance(log: Logged, average_s: int) -> float:
    """Distance of records: the usual one between their times."""
    times = np.unique(log.times_s)
    return float(np.median(np.diff(times))) if len(times) > 1 else float(average_s or 60)


def _lines(verdict: Verdict, truth: Truth) -> list[str]:
    by = f" by port {verdict.port}" if verdict.port else ""
    head = f"{verdict.device}.{verdict.quantity}{by}: {verdict.records} records"
    lines = [f"{head}, sound" if verdict.sound else head]
    for finding in verdict.findings:
        where = "" if finding.first_s is None else f", first {_stamp(truth, finding.first_s)}"
        line = "" if finding.line is None else f" (line {finding.line})"
        lines.append(f"  {finding.defect}: {finding.count}{where}{line}: {finding.detail}")
    return lines


def _stamp(truth: Truth, seconds: float) -> str:
    return (truth.epoch + timedelta(seconds=seconds)).isoformat()


def _data(verdict: Verdict, truth: Truth) -> dict[str, object]:
    return {
        "device": verdict.device, "quantity": verdict.quantity, "port": verdict.port or None,
        "records": verdict.records, "expected": verdict.expected, "sound": verdict.sound,
        "findings": [
            {"defect": one.defect, "count": one.count, "line": one.line, "detail": one.detail,
             "first": None if one.first_s is None else _stamp(truth, one.first_s)}
            for one in verdict.findings
        ],
    }  # fmt: skip
