"""How much gas of each cylinder a plan uses, and whether what is left will do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from calibration.procedures.common.procedure import Unit, Wanted
from calibration.record import Message
from instruments.catalogue import CatalogueEntry, load
from rig.bench_file import BenchFile
from rig.errors import ConfigurationError
from rig.host.references import CylinderReference, cylinders_of, named_cylinders
from scenarios.itinerary import groups_of
from scenarios.plan_file import PlanFile, Step

_ATMOSPHERE_MPA = 0.101325
_USUAL = "cylinder-8l"
"""The model whose rule of replacement counts for a cylinder of which gauge and label are all that is known."""


class CylinderUse(BaseModel):
    """One cylinder and what a plan takes from it.

    ``lasts`` is None where the bench file does not say what is in it (neither a model, nor a gauge and a label).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    species: str
    litres: float = Field(description="at least, at 101.325 kPa: of every level its shortest wait and one window")
    volume_l: float | None
    pressure_mpa: float | None = Field(description="what is left at the bench's epoch, or by its gauge")
    pressure_after_mpa: float | None = Field(description="ideal gas: litres * 0.101325 MPa / volume less")
    replace_below_mpa: float | None
    lasts: bool | None


def gas_use(plan: PlanFile, units: Sequence[Unit], bench: BenchFile) -> list[CylinderUse]:
    """Return every cylinder that the plan draws from, in the order of the bench file.

    A level of ``value`` at a total flow takes total flow * value / content of the cylinder. Units that a step serves
    together share their levels.
    """
    found = []
    litres: dict[str, float] = {}
    cylinders = cylinders_of(bench)
    for step in plan.steps:
        for group in groups_of(step, units):
            for asked in _levels(step, group, plan):
                if asked.gas in cylinders:
                    flow = asked.total_flow * asked.value / cylinders[asked.gas].value
                    name = cylinders[asked.gas].name  # several gases may come from one mixture
                    litres[name] = litres.get(name, 0.0) + flow * asked.minutes
    for name, reference in named_cylinders(bench).items():
        if name in litres:
            found.append(_use(reference, litres[name], bench))
    return found


def too_short(uses: Sequence[CylinderUse], plan_path: Path, bench_path: Path) -> list[ConfigurationError]:
    """A mistake of the bench file for each cylinder of :func:`gas_use` that will not last for the plan."""
    return [
        ConfigurationError(
            bench_path,
            f"{use.id}.pressure",
            f"{_to_last(use):.2f} MPa or more ({plan_path} draws at least {use.litres:.1f} L, and below "
            f"{use.replace_below_mpa:g} MPa the cylinder is to be replaced); --gas-may-run-out begins all the same",
            f"{use.pressure_mpa:.2f} MPa",
        )
        for use in uses
        if use.lasts is False
    ]


def short_note(use: CylinderUse) -> Message:
    """What a report says of a cylinder that was known to be too short, and was used all the same."""
    values: dict[str, float | int | str | None] = {
        "cylinder": use.id, "pressure": use.pressure_mpa, "needed": round(_to_last(use), 2), "litres": use.litres,
    }  # fmt: skip
    return Message(key="gas.will_not_last", values=values)


def _to_last(use: CylinderUse) -> float:
    """Pressure with which the cylinder would last, MPa."""
    assert use.volume_l is not None  # of a cylinder that is known to last, or not to
    assert use.replace_below_mpa is not None
    return use.replace_below_mpa + use.litres * _ATMOSPHERE_MPA / use.volume_l


def _levels(step: Step, group: Sequence[Unit], plan: PlanFile) -> list[Wanted]:
    """Levels of a step on units that it serves together: each once, though every unit asks for it."""
    levels: dict[tuple[str, str, float, float | None], Wanted] = {}
    for unit in group:
        for asked in step.procedure.wanted(unit, step.parameters, plan.gas):
            key = (asked.key, asked.gas, asked.value, asked.ozone)
            if key not in levels or levels[key].minutes < asked.minutes:
                levels[key] = asked
    return list(levels.values())


def _use(reference: CylinderReference, litres: float, bench: BenchFile) -> CylinderUse:
    section = bench.cylinder[reference.name]
    volume = left = after = least = None
    if section.model is not None:
        entry = load(section.model)
        volume = entry.parameter("volume")
        left = entry.parameter("fill_pressure") if section.pressure is None else section.pressure
        least = _replace_below(entry)
    elif section.volume is not None and section.pressure is not None:  # read off a cylinder that is not of this process
        volume, left, least = section.volume, section.pressure, _replace_below(load(_USUAL))
    if volume is not None and left is not None:
        after = max(0.0, left - litres * _ATMOSPHERE_MPA / volume)
    return CylinderUse(
        id=reference.id, species=reference.species, litres=litres, volume_l=volume, pressure_mpa=left,
        pressure_after_mpa=after, replace_below_mpa=least,
        lasts=None if after is None or least is None else after >= least,
    )  # fmt: skip


def _replace_below(entry: CatalogueEntry) -> float:
    """Pressure at which a cylinder is to be replaced; what its regulator needs if the model does not say."""
    alarm = entry.alarms.get("pressure")
    return entry.parameter("regulator_pressure") if alarm is None or alarm.low is None else alarm.low
