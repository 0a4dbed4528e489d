"""Cleaning and renewing at a particle monitor, and the hours after it that do not count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import BETA, hands
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table
from rig.prompts import Deed

NAME = "particle_maintenance"
_PROMPTS = {
    "clean_head": "prompt.clean_head", "clean_nozzle": "prompt.clean_nozzle", "replace_tape": "prompt.replace_tape",
    "replace_bypass_filter": "prompt.replace_bypass_filter", "replace_purge_filter": "prompt.replace_purge_filter",
    "reseat_filter": "prompt.reseat_filter",
}  # fmt: skip
BetaWork = Literal["clean_head", "clean_nozzle", "replace_tape"]
OscillationWork = Literal["clean_head", "replace_bypass_filter", "replace_purge_filter", "reseat_filter"]


class ParticleMaintenancePlan(Parameters):
    """What a plan may set of maintenance."""

    beta: list[BetaWork] = Field(default=["clean_head", "clean_nozzle"], description="what is done at beta monitors")
    oscillation: list[OscillationWork] = Field(default=["clean_head", "replace_bypass_filter"])
    each: Seconds = Field(default=600.0, description="how long each of it takes")
    void: Seconds = Field(default=7200.0, description="hours after it that do not count")


class ParticleMaintenance(Procedure[ParticleMaintenancePlan]):
    """Have it done, and wait until the data count again; nothing is judged."""

    name = NAME
    parameters = ParticleMaintenancePlan
    criteria: ClassVar[Mapping[str, str]] = {}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Particle monitors."""
        return bool(unit.weighing)

    def stages(self, units: Sequence[Unit], parameters: ParticleMaintenancePlan, gas: GasPlan) -> list[Stage]:
        """The work, and the void hours."""
        [unit] = units
        work = self._work(unit, parameters)
        done = [
            Stage(its, "", parameters.each, hands=Message(key=_PROMPTS[its], values={"device": unit.name}))
            for its in work
        ]
        return [*done, Stage("void", "", parameters.void)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ParticleMaintenancePlan) -> list[Outcome]:
        """Do it."""
        [unit] = units
        device, run = unit.name, context.run
        rows: list[list[float | str | Message | None]] = []
        for work in self._work(unit, parameters):
            hands(context, _PROMPTS[work], device, Deed(device, work, True))
            run.wait(parameters.each)
            rows.append([work, run.now() / 3600.0])
        run.wait(parameters.void)
        void = Message(
            key="particle.void_hours", values={"device": device, "hours": round(parameters.void / 3600.0, 1)}
        )
        table = Table(key=NAME, columns=[Column(key="work"), Column(key="hours", unit="h", decimals=1)], rows=rows)
        data = MeasuredData(quantity=NAME, unit="h", full_scale=1.0, tables=[table])
        return [Outcome(device, None, data, [], [void])]

    @staticmethod
    def _work(unit: Unit, plan: ParticleMaintenancePlan) -> Sequence[str]:
        return plan.beta if unit.weighing == BETA else plan.oscillation


PROCEDURE = ParticleMaintenance()
