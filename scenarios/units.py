"""The devices of a bench that can be tested, as plans see them: analyzers, and the calibrator."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.procedures.common.procedure import Unit
from instruments.catalogue import load
from rig.bench_file import MANUAL, BenchFile
from rig.host.kinds import channels_of, is_analyzer


def units_of(bench: BenchFile, devices: Sequence[str] = ()) -> list[Unit]:
    """Analyzers and calibrators of a bench in its order, or those of ``devices`` among them.

    Full scale is what the bench file says, or the model's range at delivery, in the unit of the gas; a calibrator has
    none.
    """
    found = []
    for name, section in bench.device.items():
        if devices and name not in devices:
            continue
        entry = None if section.model == MANUAL else load(section.model)
        if entry is None or entry.kind == "calibrator":
            found.append(Unit(name, "calibrator", (), 0.0))
            continue
        if not is_analyzer(entry.kind):
            continue
        if section.range is None:
            scale = float(entry.settings["range"].default)
        else:
            scale = section.range / 1000.0 if entry.kind == "co" else section.range
        found.append(Unit(name, entry.kind, channels_of(entry), scale))
    return found
