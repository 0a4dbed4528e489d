"""Influence of the surrounding temperature: readings in a climatic chamber that warms and cools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Self

from pydantic import Field, model_validator

from calibration.procedures.common.budgets import budget_of_means
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.influence import (
    InfluencePlan,
    influence_outcome,
    influence_stages,
    lacking,
    read_under,
)
from calibration.procedures.common.parameters import GasPlan, Seconds
from calibration.procedures.common.procedure import Equipment, Missing, Procedure, Stage, Takes, Unit, Wanted
from calibration.procedures.common.visits import excess, visit_gases
from calibration.record import Level, Message
from calibration.statistics.en_gas import surrounding_temperature_coefficient
from calibration.uncertainty import Budget
from rig.host.kinds import Channel

NAME = "temperature_influence"
_POLL_S = 60.0


class TemperaturePlan(InfluencePlan):
    """What a plan may set of it: the temperatures, reference and others in turn."""

    temperatures: list[float] = Field(
        default=[25.0, 35.0, 25.0, 15.0, 25.0], description="degC: reference, another, reference, and so on"
    )
    settle: Seconds = Field(default=1800.0, ge=0, description="at each temperature, before gas is offered")
    tolerance: float = Field(default=1.0, gt=0, description="degC, within which the chamber has arrived")
    most: Seconds = Field(default=14400.0, gt=0, description="longest way of the chamber to a temperature")

    @model_validator(mode="after")
    def _goes_and_comes_back(self) -> Self:
        chosen = self.temperatures
        if len(chosen) < 3 or len(chosen) % 2 == 0 or len(set(chosen[::2])) != 1 or chosen[0] in chosen[1::2]:
            raise ValueError("temperatures that go from the reference to another one and back, each time")
        return self


class TemperatureInfluence(Procedure[TemperaturePlan]):
    """b = |x(T) - (x1 + x2) / 2| / |T - T0|: readings at T against the mean of those at T0 before and after it.

    What drifts steadily meanwhile cancels, and so does the gas: it is the same at all temperatures. The calibrator
    stands outside of the chamber. The largest coefficient counts.
    """

    name = NAME
    parameters = TemperaturePlan
    criteria: ClassVar[Mapping[str, str]] = {"zero": "quantity/K", "span": "quantity/K"}
    takes: ClassVar[Takes] = "all"

    def missing(self, units: Sequence[Unit], parameters: TemperaturePlan, bench: Equipment) -> list[Missing]:
        """A chamber."""
        return lacking(bench, "chamber", "in which the units stand")

    def stages(self, units: Sequence[Unit], parameters: TemperaturePlan, gas: GasPlan) -> list[Stage]:
        """To each temperature, and a visit there."""
        return influence_stages(units, parameters, gas, parameters.temperatures, parameters.settle)

    def wanted(self, unit: Unit, parameters: TemperaturePlan, gas: GasPlan) -> list[Wanted]:
        """The span gas at each temperature."""
        return list(visit_gases(unit, parameters.levels(), gas, len(parameters.temperatures)))

    def perform(self, context: Context, units: Sequence[Unit], parameters: TemperaturePlan) -> list[Outcome]:
        """All units stand in the chamber together."""
        chamber = context.run.of_kind("chamber")[0]
        values = parameters.temperatures
        asked, windows, refused = read_under(
            context, units, parameters.levels(), values, partial(_arrive, context, chamber, parameters)
        )
        context.run.restore(chamber, "setpoint")
        found = []
        for unit in units:
            for channel in unit.channels:
                levels = {short: windows.get((unit.name, channel.quantity, short), []) for short in parameters.levels()}
                judged = partial(_judged, context, channel, values)
                criteria = {short: (short, judged) for short in self.criteria}
                found.append(influence_outcome(context, NAME, channel, asked[unit.name], values, "degC", levels,
                                               criteria, refused))  # fmt: skip
        return found


def _arrive(context: Context, chamber: str, plan: TemperaturePlan, temperature: float) -> Message | None:
    """Bring the chamber to a temperature and let the units take it."""
    run = context.run
    run.set(chamber, "setpoint", temperature)
    begun = run.now()
    while abs((air := run.read(chamber, "temperature").value) - temperature) > plan.tolerance:
        if run.now() - begun >= plan.most:
            return Message(key="influence.temperature_not_reached",
                           values={"device": chamber, "limit": temperature, "found": round(air, 1)})  # fmt: skip
        run.wait(_POLL_S)
    run.wait(plan.settle)
    return None


def _judged(
    context: Context, channel: Channel, temperatures: Sequence[float], levels: Sequence[Level]
) -> tuple[float, Budget, str]:
    x, reference = excess(levels), temperatures[0]
    found = {
        i: surrounding_temperature_coefficient(x[i], x[i - 1], x[i + 1], temperatures[i], reference)
        for i in range(1, len(x), 2)
    }
    at = max(found, key=lambda i: found[i])
    step = abs(temperatures[at] - reference)
    weights = [-0.5 / step, 1.0 / step, -0.5 / step]
    budget = budget_of_means(context, channel.gas, levels[at - 1 : at + 2], weights, channel.unit, same_gas=True)
    numbers = f"|{x[at]:.4g} − ({x[at - 1]:.4g} + {x[at + 1]:.4g}) / 2| / {step:g}"
    return found[at], budget, numbers


PROCEDURE = TemperatureInfluence()
