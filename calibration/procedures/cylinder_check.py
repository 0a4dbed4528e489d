"""Cross-check of a cylinder: the one in use against another, through the calibrator and an analyzer.

Both are diluted to the same level in turn (in use, other, in use, ...); an analyzer's reading over what was made should
be the same on both. Slope and zero of the analyzer cancel, and so do the flows; the two certificates do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.hands import told
from calibration.procedures.common.levels import Asked, from_cylinder, full_scale, measure_together, refusal, trace_of
from calibration.procedures.common.parameters import GasPlan, Parameters, Percent
from calibration.procedures.common.procedure import CYLINDER, Judged, Needed, Procedure, Stage, Unit, Wanted, label_of
from calibration.procedures.common.ratios import difference_pct, responses, scatter_components
from calibration.procedures.common.references import reference_errors
from calibration.record import Column, Level, MeasuredData, Message, PrepareCheck, Table
from calibration.uncertainty import Budget, Component
from instruments.device import Value
from rig.host.calibrator import GasRequest
from rig.host.references import CylinderReference
from rig.prompts import Deed, Prompt
from rig.run import Reading

NAME = "cylinder_check"
_SAME = 1e-4
"""Relative difference up to which a stored value is the certified one: displays round."""


class CylinderCheckPlan(Parameters):
    """What a plan may set of a cross-check."""

    against: str = Field(description="name of the other cylinder in the bench file")
    level_pct: Percent = Field(default=80.0, gt=0)
    rounds: int = Field(default=2, ge=1, description="changes to the other cylinder and back")


class CylinderCheck(Procedure[CylinderCheckPlan]):
    """Compare the cylinder in use with another one of the same gas; the plan names the analyzer."""

    name = NAME
    parameters = CylinderCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {"difference": "%"}

    def rests_on(self, unit: Unit, parameters: CylinderCheckPlan) -> list[Needed]:
        """The other cylinder."""
        return [Needed("against", f"{CYLINDER}{parameters.against}")]

    def judged(self, unit: Unit, parameters: CylinderCheckPlan) -> list[Judged]:
        """The gas that the analyzer is calibrated with."""
        return [Judged(unit.channels[0].quantity, unit.channels[0].unit, tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: CylinderCheckPlan, gas: GasPlan) -> list[Stage]:
        """One more of the cylinder in use than of the other."""
        return [
            Stage(label_of(parameters.level_pct), unit.gas, gas.wait(unit.gas))
            for unit in units for _ in range(2 * parameters.rounds + 1)
        ]  # fmt: skip

    def wanted(self, unit: Unit, parameters: CylinderCheckPlan, gas: GasPlan) -> list[Wanted]:
        """The level, from the cylinder in use."""
        minutes = (parameters.rounds + 1) * gas.wait(unit.gas) / 60.0
        return [Wanted.level(unit, "level_pct", parameters.level_pct, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: CylinderCheckPlan) -> list[Outcome]:
        """Change to and fro, and judge the difference."""
        [unit] = units
        run, channel = context.run, unit.channels[0]
        own, other = run.supply.cylinder(channel.gas), run.supply.spare_of(parameters.against, channel.gas)
        scale = full_scale(run, unit.name)
        subject = context.of_channel(unit.name, channel, scale)
        trouble = _not_comparable(own, other, channel.gas)
        if trouble is not None:
            test = context.judge.no_result(f"{NAME}.difference", subject, "void", trouble)
            return [Outcome(unit.name, channel.quantity, None, [test], [trouble], [own.id, other.id])]
        value = parameters.level_pct * scale / 100.0
        trace: list[Reading] = []
        levels: dict[str, list[Level]] = {own.id: [], other.id: []}
        checks: dict[str, PrepareCheck] = {}
        for cylinder in (*(own, other) * parameters.rounds, own):
            task = from_cylinder(cylinder, value, None, context.gas.total_flow)
            _open(context, task)
            asked = Asked(unit.name, (channel.quantity,), scale, channel.gas)
            measured = measure_together(context, [asked], label_of(parameters.level_pct), task, trace, flows=True)
            levels[cylinder.id].append(measured[unit.name].levels[channel.quantity])
            if cylinder.id not in checks:
                checks[cylinder.id] = _stored(context, cylinder)
                trouble = trouble or _elsewhere(context, cylinder)
        test = context.judge.judge(
            f"{NAME}.difference", subject, value=difference_pct(levels[own.id], levels[other.id]),
            budget=_budget(context, channel.gas, levels[own.id], levels[other.id], (own, other)),
            n=sum(level.n for some in levels.values() for level in some),
            formula_numbers=f"{responses(levels[own.id]).mean():.5f} / {responses(levels[other.id]).mean():.5f} × 100 %"
                            " − 100 %",
        )  # fmt: skip
        trouble = trouble or refusal(lv for some in levels.values() for lv in some)
        if trouble is not None:
            test = test.model_copy(update={"verdict": "void", "p_conform": None, "assurance": "not applicable",
                                           "message": trouble})  # fmt: skip
        notes = [
            Message(key="cylinder_check.stored_differs",
                    values={"cylinder": name, "found": check.found.partition(": ")[2], "expected": check.expected})
            for name, check in checks.items() if not check.ok
        ]  # fmt: skip
        data = MeasuredData(
            quantity=channel.quantity, unit=channel.unit, full_scale=scale,
            levels=[level for some in levels.values() for level in some], tables=[_table(levels, channel.unit)],
            checks=list(checks.values()), traces=[trace_of(channel.quantity, trace)],
        )  # fmt: skip
        return [Outcome(unit.name, channel.quantity, data, [test], notes, [own.id, other.id])]


def _not_comparable(own: CylinderReference, other: CylinderReference, gas: str) -> Message | None:
    if other.species != gas or other.name == own.name:
        return Message(key="cylinder_check.not_another", values={"cylinder": other.id, "gas": gas, "own": own.id})
    return None


def _stored(context: Context, cylinder: CylinderReference) -> PrepareCheck:
    """The value that the calibrator holds for the cylinder at the open port, against the certificate."""
    calibrator = context.run.source.name
    prompt = Prompt("prompt.read_cylinder_value", {"device": calibrator, "port": cylinder.port},
                    unit=cylinder.main_unit, expected=cylinder.main_value, lowest=0.0, highest=1e8)  # fmt: skip
    found = context.run.stored(cylinder.port, cylinder.main_unit)
    if found is None:
        found = float(told(context, calibrator, f"cylinder_value_{cylinder.port}", prompt))
    return PrepareCheck(
        name="stored_value", found=f"{cylinder.id}: {found:.6g} {cylinder.main_unit}",
        expected=f"{cylinder.main_value:.6g} {cylinder.main_unit}", ok=abs(found / cylinder.main_value - 1.0) <= _SAME,
    )  # fmt: skip


def _open(context: Context, task: GasRequest) -> None:
    """Let the calibrator make the gas from this very cylinder.

    A calibrator that takes its gas by name opens the port of its own choice; then a person sets it at its keypad.
    """
    calibrator = context.run.source.name
    context.run.offer(task)
    if _port(context, task.port) == task.port:
        return
    wanted: tuple[tuple[str, Value], ...] = (
        ("calibrator_mode", "standby"), ("total_flow", task.total_flow), ("gas", task.port),
        ("concentration", task.value), ("calibrator_mode", "span"),
    )  # fmt: skip
    deeds = tuple(Deed(calibrator, setting, its) for setting, its in wanted)
    values: dict[str, float | int | str] = {"device": calibrator, "port": task.port, "value": task.value}
    context.run.prompt(Prompt("prompt.open_port", values, deeds=deeds))


def _port(context: Context, asked: str) -> str:
    """The gas port that is open, by the wire or as a person reads it off."""
    calibrator = context.run.source.name
    prompt = Prompt("prompt.read_port", {"device": calibrator}, expected=asked, choices=tuple("abcdef"))
    return told(context, calibrator, "gas", prompt)


def _elsewhere(context: Context, cylinder: CylinderReference) -> Message | None:
    """Why nothing is compared: another port than this cylinder's is open all the same."""
    port = _port(context, cylinder.port)
    if port == cylinder.port:
        return None
    values: dict[str, float | int | str | None] = {
        "device": context.run.source.name, "port": port, "asked": cylinder.port,
    }  # fmt: skip
    return Message(key="cylinder_check.other_port", values=values)


def _budget(
    context: Context, gas: str, own: Sequence[Level], other: Sequence[Level], both: tuple[CylinderReference, ...]
) -> Budget:
    parts = scatter_components(context, gas, own, other)
    for cylinder, side in zip(both, (1.0, -1.0), strict=True):
        parts.append(Component("cylinder", "B", cylinder.u_pct, "%", side, basis_key="basis.certificate",
                               basis_values={"certificate": cylinder.certificate}))  # fmt: skip
    for error in reference_errors(context, gas, [own[0].nominal]):
        if error.source != "cylinder":
            parts.append(Component(error.source, "B", error.u, error.unit, 100.0 * error.dx[0] / own[0].nominal,
                                   cancels=True, basis_key="basis.cancels_same_flow"))  # fmt: skip
    return Budget(tuple(parts))


def _table(levels: Mapping[str, Sequence[Level]], unit: str) -> Table:
    columns = [Column(key="cylinder"), Column(key="made", unit=unit, decimals=2),
               Column(key="reading", unit=unit, decimals=2), Column(key="response", decimals=4)]  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [name, level.nominal, level.mean, (level.mean or 0.0) / level.nominal]
        for name, some in levels.items() for level in some
    ]  # fmt: skip
    return Table(key="cylinder_check", columns=columns, rows=rows)


PROCEDURE = CylinderCheck()
