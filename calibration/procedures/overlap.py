"""Overlap: a backup beside the unit that it stands in for, both on the same air, if that unit still runs."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Procedure, Stage, Unit
from calibration.record import Chart, Column, MeasuredData, Message, Table
from calibration.statistics.summary import summarize
from rig.errors import DeviceTimeout, RigError

NAME = "overlap"


class OverlapPlan(Parameters):
    """What a plan may set of an overlap."""

    minutes: float = Field(default=30.0, gt=0)
    every: Seconds = Field(default=60.0, gt=0)
    settle: Seconds = Field(default=600.0, description="from the calibrator's gas back to ambient air")


class Overlap(Procedure[OverlapPlan]):
    """Read both units side by side and form the differences.

    Nothing is judged: the old unit is suspected, and the air is no standard. The mean difference, with what it is known
    to, is what a reader needs who must join the two series of data.
    """

    name = NAME
    parameters = OverlapPlan
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Units that stand in for another one."""
        return unit.backup and bool(unit.channels)

    def stages(self, units: Sequence[Unit], parameters: OverlapPlan, gas: GasPlan) -> list[Stage]:
        """The time side by side, if the old unit answers."""
        return [Stage(NAME, "", 0.0)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: OverlapPlan) -> list[Outcome]:
        """Read, or say why not."""
        [unit] = units
        replaced = context.run.identity(unit.name).replaces
        assert replaced is not None  # it serves backups only
        common = [c.quantity for c in unit.channels if c.quantity in replaced.quantities]
        old = replaced.name
        if not old or not common or not _answers(context, old, common[0]):
            note = Message(key="overlap.not_possible", values={"device": unit.name, "replaced": replaced.shown})
            data = MeasuredData(quantity=unit.channels[0].quantity, unit=unit.channels[0].unit,
                                full_scale=unit.full_scale)  # fmt: skip
            return [Outcome(unit.name, None, data, notes=[note])]
        try:
            return self._beside(context, unit, old, common, parameters)
        except DeviceTimeout as silent:
            if silent.device != old:
                raise
            note = Message(key="overlap.fell_silent", values={"device": unit.name, "replaced": replaced.shown})
            return [Outcome(unit.name, None, None, notes=[note])]

    def _beside(
        self, context: Context, unit: Unit, old: str, common: Sequence[str], parameters: OverlapPlan
    ) -> list[Outcome]:
        run = context.run
        run.wait(parameters.settle)
        read: dict[tuple[str, str], list[float]] = {(name, q): [] for name in (old, unit.name) for q in common}
        minutes: list[float] = []
        begun = run.now()
        while run.now() - begun < parameters.minutes * 60.0:
            run.wait(parameters.every)
            minutes.append((run.now() - begun) / 60.0)
            for (name, quantity), values in read.items():
                values.append(run.read(name, quantity).value)
        outcomes = []
        for channel in (c for c in unit.channels if c.quantity in common):
            ours, theirs = read[unit.name, channel.quantity], read[old, channel.quantity]
            summary = summarize([a - b for a, b in zip(ours, theirs, strict=True)])
            said = Message(
                key="overlap.difference",
                values={"device": unit.name, "replaced": old, "quantity": channel.quantity, "value": summary.mean,
                        "u": summary.effective_standard_error, "unit": channel.unit, "n": summary.n},
            )  # fmt: skip
            decimals = 2
            table = Table(
                key=NAME,
                columns=[Column(key=key, unit=channel.unit, decimals=decimals)
                         for key in ("backup_mean", "replaced_mean", "difference", "standard_uncertainty")],
                rows=[[sum(ours) / len(ours), sum(theirs) / len(theirs), summary.mean,
                       summary.effective_standard_error]],
            )  # fmt: skip
            chart = Chart(key=NAME, kind="series", x_unit="min", y_unit=channel.unit, names=[unit.name, old],
                          x=[minutes, minutes], y=[ours, theirs])  # fmt: skip
            data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=unit.full_scale,
                                tables=[table], charts=[chart])  # fmt: skip
            outcomes.append(Outcome(unit.name, channel.quantity, data, notes=[said]))
        return outcomes


def _answers(context: Context, device: str, quantity: str) -> bool:
    """Whether the old unit can still be read."""
    try:
        context.run.read(device, quantity)
    except (RigError, KeyError):
        return False
    return True


PROCEDURE = Overlap()
