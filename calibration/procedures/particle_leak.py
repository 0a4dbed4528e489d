"""Leak check of a particle monitor: the inlet is closed, and what flows all the same came in past it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import (
    BETA,
    enter_test_mode,
    hands,
    in_turn,
    is_fdms,
    leave_test_mode,
    shown,
)
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table
from calibration.statistics.hj_particles import leak_flow
from rig.prompts import Deed

NAME = "particle_leak"
QUANTITY = "leak"
_FLOWS = ("main_flow", "bypass_flow")


class ParticleLeakPlan(Parameters):
    """What a plan may set of a leak check."""

    settle: Seconds = Field(default=600.0, description="from each step at the bench to the first reading")
    readings: int = Field(default=5, ge=1)
    every: Seconds = Field(default=60.0, gt=0)
    recover: Seconds = Field(default=3600.0, description="from the open inlet until the unit is used again")


class ParticleLeak(Procedure[ParticleLeakPlan]):
    """Cap the inlet and read the flows.

    Of an oscillating balance the flows with the vacuum off count as zero, and where it has a valve both positions are
    looked at; its pump and its valve are moved by the unit's own wizard only, for otherwise the valve may be damaged.
    """

    name = NAME
    parameters = ParticleLeakPlan
    criteria: ClassVar[Mapping[str, str]] = {"beta": "L/min", "main": "L/min", "bypass": "L/min"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Particle monitors."""
        return bool(unit.weighing)

    def judged(self, unit: Unit, parameters: ParticleLeakPlan) -> list[Judged]:
        """One flow of a beta monitor, two of an oscillating balance."""
        shorts = ("beta",) if unit.weighing == BETA else ("main", "bypass")
        return [Judged(QUANTITY, "L/min", shorts)]

    def stages(self, units: Sequence[Unit], parameters: ParticleLeakPlan, gas: GasPlan) -> list[Stage]:
        """Capped, and open again."""
        [unit] = units
        once = parameters.settle + (parameters.readings - 1) * parameters.every
        times = 1 if unit.weighing == BETA else 3
        hands_wanted = Message(key="prompt.cap_inlet", values={"device": unit.name})
        return [Stage(NAME, "", times * once + parameters.recover, hands=hands_wanted)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ParticleLeakPlan) -> list[Outcome]:
        """Cap, read, uncap, wait."""
        [unit] = units
        device = unit.name
        cap, uncap = (Deed(device, "cap_inlet", on, home=False) for on in (True, False))
        rows: dict[str, tuple[float, ...]] = {}
        if unit.weighing == BETA:
            enter_test_mode(context, device, pump=True)
            hands(context, "prompt.cap_inlet", device, cap)
            rows["capped"] = _read(context, device, ("flow",), parameters)
            hands(context, "prompt.uncap_inlet", device, uncap)
            leave_test_mode(context, device)
            leaks = {"beta": rows["capped"][0]}
        else:
            hands(context, "prompt.vacuum_off", device, Deed(device, "pump", False, home=True))
            rows["vacuum_off"] = _read(context, device, _FLOWS, parameters)
            hands(context, "prompt.vacuum_on", device, Deed(device, "pump", True, home=True))
            hands(context, "prompt.cap_inlet", device, cap)
            positions = ("base", "reference") if is_fdms(context, device) else ("base",)
            for position in positions:
                if len(positions) > 1:
                    turn = Deed(device, "valve", position, home="auto")
                    hands(context, "prompt.turn_valve", device, turn, position=position)
                rows[position] = _read(context, device, _FLOWS, parameters)
            if len(positions) > 1:
                hands(context, "prompt.valve_auto", device, Deed(device, "valve", "auto", home="auto"))
            hands(context, "prompt.uncap_inlet", device, uncap)
            leaks = {
                short: max(leak_flow(rows[position][at], rows["vacuum_off"][at]) for position in positions)
                for at, short in enumerate(("main", "bypass"))
            }
        context.run.wait(parameters.recover)
        subject = context.subject(device, QUANTITY, "L/min", 1.0)
        tests = [
            context.judge.judge(f"{NAME}.{short}", subject, value=leak, budget=None, n=parameters.readings)
            for short, leak in leaks.items()
            if f"{NAME}.{short}" in context.judge
        ]
        flows = ("flow",) if unit.weighing == BETA else _FLOWS
        table = Table(
            key=NAME,
            columns=[Column(key="state"), *(Column(key=name, unit="L/min", decimals=3) for name in flows)],
            rows=[[state, *values] for state, values in rows.items()],
        )
        data = MeasuredData(quantity=QUANTITY, unit="L/min", full_scale=1.0, tables=[table])
        return [Outcome(device, None, data, tests)]


def _read(context: Context, device: str, names: tuple[str, ...], plan: ParticleLeakPlan) -> tuple[float, ...]:
    """Means of some flows, after the settling time."""
    found: list[tuple[float, ...]] = []
    context.run.wait(plan.settle)
    in_turn(context, plan.readings, plan.every,
            lambda: found.append(tuple(shown(context, device, its, "L/min", -1.0, 30.0) for its in names)))  # fmt: skip
    return tuple(sum(values) / len(values) for values in zip(*found, strict=True))


PROCEDURE = ParticleLeak()
