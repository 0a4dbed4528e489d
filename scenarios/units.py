"""The devices of a bench that can be tested, as plans see them: analyzers, the calibrator, monitors, weather."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.procedures.common.procedure import Unit
from instruments.catalogue import load
from rig.bench_file import MANUAL, BenchFile
from rig.host.kinds import MONITOR, channels_of, is_analyzer, weighing_of
from scenarios.plan_file import PlanFile

SENSORS = ("weather", "visibility", "doas")
"""Kinds that have neither channels that a calibrator's gas reaches nor a full scale."""


def units_of(bench: BenchFile, devices: Sequence[str] = ()) -> list[Unit]:
    """Analyzers, calibrators, particle monitors and sensors of a bench in its order, or those of ``devices`` of them.

    Full scale is what the bench file says, or the model's range at delivery, in the unit of the gas; what is not
    calibrated with gas has none.
    """
    found = []
    for name, section in bench.device.items():
        if devices and name not in devices:
            continue
        entry = None if section.model == MANUAL else load(section.model)
        if entry is None or entry.kind == "calibrator":
            found.append(Unit(name, "calibrator", (), 0.0))
            continue
        if entry.kind in SENSORS:
            found.append(Unit(name, entry.kind, (), 0.0, section.backup is not None, method=entry.method))
            continue
        if entry.kind == MONITOR and (section.resource is not None or section.port):
            weighing = weighing_of(entry)
            found.append(Unit(name, MONITOR, (), 0.0, section.backup is not None, weighing, entry.method))
        if not is_analyzer(entry.kind):
            continue
        if section.range is None:
            scale = float(entry.settings["range"].default)
        else:
            scale = section.range / 1000.0 if entry.kind == "co" else section.range
        found.append(Unit(name, entry.kind, channels_of(entry), scale, section.backup is not None, method=entry.method))
    return found


def chosen_units(plan: PlanFile, bench: BenchFile, devices: Sequence[str] = ()) -> list[Unit]:
    """Devices of a bench that a plan tests (one of its steps serves them), or those of ``devices`` among them."""
    return [
        unit
        for unit in units_of(bench, devices)
        if (plan.units == "all" or unit.backup)
        and plan.is_for(unit.kind)
        and any(step.procedure.serves(unit) for step in plan.steps)
    ]


def to_open(plan: PlanFile, bench: BenchFile, devices: Sequence[str]) -> tuple[str, ...]:
    """Devices that a plan looks at when it tests ``devices``: also the units that they stand in for; all if empty."""
    replaced = [its.of for name in devices if (its := bench.device[name].backup) is not None and its.of is not None]
    return tuple(dict.fromkeys([*devices, *(replaced if plan.units == "backups" else ())]))
