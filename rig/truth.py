"""The truth log: what a station software cannot know, line by line, to hold its records against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO, cast

from instruments.air import GRID_US, Gas, GasSource, Species
from instruments.gas.base import PointAnalyzer
from instruments.observing import Observing
from instruments.supply.calibrator import Calibrator
from rig.bench import Bench, Instrument
from rig.errors import ConfigurationError
from rig.faults import Fault

_EVERY_US = 10_000_000
"""Analyzers have a new value every ten seconds."""

_POLLUTANTS = (Species.SO2, Species.NO, Species.NO2, Species.O3, Species.CO)


_CHANNELS = {"nox": ("no", "no2", "nox"), "photometer": ("o3",)}
"""What an analyzer shows that is not named as its kind is."""


def fault_line(t_us: int, fault: Fault, begins: bool) -> dict[str, Any]:
    """A fault that begins or ends, as a line of the log and as an event of ``truth.json``.

    ``number`` is its place in the bench file; ``port`` None means every port; ``matching`` stands in Latin-1.
    """
    line = fault.line
    return {
        "kind": "fault", "t_us": t_us, "name": fault.name, "device": fault.device, "fault": fault.kind.name,
        "parameter": fault.parameter, "severity": fault.severity, "begins": begins, "number": fault.number,
        "port": None if line is None else line.port, "probability": None if line is None else line.probability,
        "nth": None if line is None else line.nth,
        "matching": None if line is None or line.matching is None else line.matching.pattern.decode("latin-1"),
    }  # fmt: skip


class TruthLog:
    """Writes JSON lines; fractions in nmol/mol (CO umol/mol), as everywhere inside.

    First ``bench``: hidden truth as built, the faults that are planned, and of every port the wire that it is on. Then,
    for each instant of the analyzers' grid (every ten seconds of bench time, from 0 on), however late the wall clock
    lets it be written:

    - ``air``: ambient air and the air of the room;
    - ``offer``, per calibrator: its mode, the gas at its outlet, and its flow in L/min;
    - ``reading``, per analyzer: its mode, the gas at its open inlet, its alarms, and what it shows. A client reads this
      value from that instant until the next, unless a fault of its line stands between them.

    And ``fault``: every fault as it begins and ends; ``line``: every message that a fault of a line has struck, with
    the bytes as they should have gone and as they went (:class:`~rig.line_condition.LineEvent`).

    Args:
        bench: the bench to watch.
        path: file to write.

    Raises:
        ConfigurationError: the file cannot be written.
    """

    def __init__(self, bench: Bench, path: Path) -> None:
        self._bench = bench
        try:
            self._file: TextIO = path.open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError("--truth", "", "a file that can be written",
                                     f"{path}: {error.strerror or error}") from None  # fmt: skip
        self._open = True
        self._next_us = 0
        bench.fault_listeners.append(self._fault)
        bench.line_listeners.append(lambda event: self._write(event.as_dict()))
        self._write({"kind": "bench", "t_us": 0, "epoch": bench.file.bench.epoch.isoformat(), "ports": _ports(bench),
                     **bench.truth()})  # fmt: skip
        self._file.flush()
        bench.clock.after(0, self._tick)

    def close(self) -> None:
        """No more lines."""
        if self._open:
            self._open = False
            self._file.close()

    def _tick(self) -> None:
        if not self._open:
            return
        # A paced clock may be late; what was at an instant can still be told afterwards.
        while self._next_us <= self._bench.clock.now_us:
            self._instant(self._next_us)
            self._next_us += _EVERY_US
        self._file.flush()
        self._bench.clock.after(max(0, self._next_us - self._bench.clock.now_us), self._tick)

    def _instant(self, t_us: int) -> None:
        bench = self._bench
        self._write({"kind": "air", "t_us": t_us, "ambient": _air(bench.ambient, t_us), "room": _air(bench.room, t_us)})
        for name, instrument in bench.instruments.items():
            if isinstance(instrument.device, Calibrator):
                self._write(_offer(name, instrument.device, t_us))
        for name, instrument in bench.instruments.items():
            if not isinstance(instrument.device, Calibrator):
                self._write(_reading(name, instrument, t_us))

    def _fault(self, t_us: int, fault: Fault, begins: bool) -> None:
        self._write(fault_line(t_us, fault, begins))

    def _write(self, line: dict[str, Any]) -> None:
        if self._open:
            self._file.write(json.dumps(line) + "\n")


def _ports(bench: Bench) -> dict[str, dict[str, str]]:
    """Of each device's ports the wire as ``line`` events name it: boxes on one shared line have one."""
    return {
        name: {port: condition.name for port, condition in instrument.conditions.items()}
        for name, instrument in bench.instruments.items()
    }


def _offer(name: str, calibrator: Calibrator, t_us: int) -> dict[str, Any]:
    point = t_us // GRID_US
    return {
        "kind": "offer", "t_us": t_us, "device": name, "powered": calibrator.read(t_us, "powered"),
        "mode": calibrator.read(t_us, "calibrator_mode"), "gas": _air(calibrator.outlet, t_us),
        "flow_lpm": float(calibrator.outlet.offered_lpm(point, point + 1)[0]),
    }  # fmt: skip


def _reading(name: str, instrument: Instrument, t_us: int) -> dict[str, Any]:
    device, kind = instrument.device, instrument.entry.kind
    if not isinstance(device, PointAnalyzer):
        assert isinstance(device, Observing)  # all instruments but calibrators are units
        powered = bool(device.read(t_us, "powered"))
        shown = {quantity: device.read(t_us, quantity) for quantity in device.reported()} if powered else {}
        return {"kind": "reading", "t_us": t_us, "device": name, "powered": powered, "shown": shown}
    channels = _CHANNELS.get(kind, (kind,))
    inlet = ("no", "no2") if kind == "nox" else channels
    powered = bool(device.read(t_us, "powered"))
    return {
        "kind": "reading", "t_us": t_us, "device": name, "powered": powered, "mode": device.read(t_us, "gas_mode"),
        "air": {species: device.read(t_us, f"inlet_{species}") for species in inlet},
        "alarms": list(cast(tuple[str, ...], device.read(t_us, "alarms"))) if powered else [],
        "shown": {channel: device.read(t_us, channel) for channel in channels} if powered else {},
    }  # fmt: skip


def _air(source: GasSource, t_us: int) -> dict[str, float]:
    point = t_us // GRID_US
    gas: Gas = source.gas(point, point + 1)
    return {species.name.lower(): float(gas.fractions[species, 0]) for species in _POLLUTANTS}
