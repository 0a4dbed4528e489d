"""The truth log: what a station software cannot know, line by line, to hold its records against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from rig.bench import Bench
from rig.errors import RigFault
from rig.faults import Fault

_EVERY_US = 10_000_000
"""Analyzers have a new value every ten seconds."""


class TruthLog:
    """Writes JSON lines.

    Every ten seconds of bench time, per analyzer: the gas at its inlet, what it shows, and its mode; and every fault
    as it begins and ends.

    Args:
        bench: the bench to watch.
        path: file to write.
    """

    def __init__(self, bench: Bench, path: Path) -> None:
        self._bench = bench
        try:
            self._file: TextIO = path.open("w", encoding="utf-8")
        except OSError as error:
            raise RigFault(f"{path}: cannot be written: {error.strerror or error}") from error
        self._open = True
        bench.fault_listeners.append(self._fault)
        self._write({"kind": "bench", "t_us": 0, "epoch": bench.file.bench.epoch.isoformat(), **bench.truth()})
        bench.clock.after(_EVERY_US, self._tick)

    def close(self) -> None:
        """No more lines."""
        if self._open:
            self._open = False
            self._file.close()

    def _tick(self) -> None:
        if not self._open:
            return
        now = self._bench.clock.now_us // _EVERY_US * _EVERY_US
        for name, instrument in self._bench.instruments.items():
            if instrument.entry.kind == "calibrator":
                continue
            device = instrument.device
            channels = ("no", "no2", "nox") if instrument.entry.kind == "nox" else (instrument.entry.kind,)
            inlet = ("no", "no2") if instrument.entry.kind == "nox" else channels
            powered = bool(device.read(now, "powered"))
            self._write(
                {
                    "kind": "reading",
                    "t_us": now,
                    "device": name,
                    "powered": powered,
                    "mode": device.read(now, "gas_mode"),
                    "air": {species: device.read(now, f"inlet_{species}") for species in inlet},
                    "shown": {channel: device.read(now, channel) for channel in channels} if powered else {},
                }
            )
        self._bench.clock.after(_EVERY_US, self._tick)

    def _fault(self, t_us: int, fault: Fault, begins: bool) -> None:
        self._write({"kind": "fault", "t_us": t_us, "name": fault.name, "device": fault.device,
                     "fault": fault.kind.name, "severity": fault.severity, "begins": begins})  # fmt: skip

    def _write(self, line: dict[str, Any]) -> None:
        if self._open:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
