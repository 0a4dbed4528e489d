"""Influence of the supply's voltage: readings at the nominal voltage, above it and below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar, Self

from pydantic import Field, model_validator

from calibration.procedures.common.budgets import budget_of_means, scaled
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.influence import (
    InfluencePlan,
    influence_outcome,
    influence_stages,
    lacking,
    read_under,
)
from calibration.procedures.common.parameters import GasPlan, Seconds
from calibration.procedures.common.procedure import Equipment, Judged, Missing, Procedure, Stage, Takes, Unit, Wanted
from calibration.procedures.common.visits import excess, visit_gases
from calibration.record import Level, Message
from calibration.statistics.en_gas import sensitivity_coefficient
from calibration.statistics.hj_gas import voltage_influence
from calibration.uncertainty import Budget
from rig.host.kinds import Channel

NAME = "voltage_influence"


class VoltagePlan(InfluencePlan):
    """What a plan may set of it."""

    nominal: float = Field(default=220.0, gt=0, description="V")
    change_pct: float = Field(default=10.0, gt=0, le=15, description="% of the nominal voltage, to each side")
    settle: Seconds = Field(default=600.0, ge=0, description="at each voltage, before gas is offered")

    @property
    def voltages(self) -> list[float]:
        """Nominal, raised, lowered, V."""
        step = self.nominal * self.change_pct / 100.0
        return [self.nominal, self.nominal + step, self.nominal - step]

    @model_validator(mode="after")
    def _is_of_a_mains(self) -> Self:
        if not 100.0 <= self.nominal <= 250.0:
            raise ValueError("a nominal voltage of a mains, 100 to 250 V")
        return self


class VoltageInfluence(Procedure[VoltagePlan]):
    """W at the nominal voltage, X above it, Y below it, on the same gas.

    ``change`` is (X - W) / R or (Y - W) / R in % of full scale, whichever is larger (HJ 654); ``zero`` and ``span`` are
    |X - Y| over the difference of the voltages (EN 14211).
    """

    name = NAME
    parameters = VoltagePlan
    criteria: ClassVar[Mapping[str, str]] = {"change": "%", "zero": "quantity/V", "span": "quantity/V"}
    takes: ClassVar[Takes] = "all"

    def judged(self, unit: Unit, parameters: VoltagePlan) -> list[Judged]:
        """Per channel."""
        return [Judged(channel.quantity, channel.unit, tuple(self.criteria)) for channel in unit.channels]

    def missing(self, units: Sequence[Unit], parameters: VoltagePlan, bench: Equipment) -> list[Missing]:
        """An adjustable supply."""
        return lacking(bench, "variac", "on which the units hang")

    def stages(self, units: Sequence[Unit], parameters: VoltagePlan, gas: GasPlan) -> list[Stage]:
        """To each voltage, and a visit there."""
        return influence_stages(units, parameters, gas, parameters.voltages, parameters.settle)

    def wanted(self, unit: Unit, parameters: VoltagePlan, gas: GasPlan) -> list[Wanted]:
        """The span gas at each voltage."""
        return list(visit_gases(unit, parameters.levels(), gas, len(parameters.voltages)))

    def perform(self, context: Context, units: Sequence[Unit], parameters: VoltagePlan) -> list[Outcome]:
        """All units hang on the supply together."""
        run, values = context.run, parameters.voltages
        supply = run.of_kind("variac")[0]

        def arrive(volts: float) -> Message | None:
            run.set(supply, "voltage", volts)
            run.wait(parameters.settle)
            shown = run.read(supply, "output_voltage").value
            if abs(shown - volts) <= 0.25 * parameters.change_pct / 100.0 * parameters.nominal:
                return None
            return Message(key="influence.voltage_not_reached",
                           values={"device": supply, "limit": volts, "found": round(shown, 1)})  # fmt: skip

        asked, windows, refused = read_under(context, units, parameters.levels(), values, arrive)
        run.restore(supply, "voltage")
        found = []
        for unit in units:
            scale = asked[unit.name].scale
            for channel in unit.channels:
                levels = {short: windows.get((unit.name, channel.quantity, short), []) for short in parameters.levels()}
                per_volt = partial(_per_volt, context, channel, values)
                criteria = {
                    "change": ("span", partial(_change, context, channel, scale)),
                    "zero": ("zero", per_volt), "span": ("span", per_volt),
                }  # fmt: skip
                found.append(influence_outcome(context, NAME, channel, asked[unit.name], values, "V", levels, criteria,
                                               refused))  # fmt: skip
        return found


def _change(context: Context, channel: Channel, scale: float, levels: Sequence[Level]) -> tuple[float, Budget, str]:
    x = excess(levels)
    both = voltage_influence(x[0], x[1], x[2], scale)
    at, value = (1, both.raised) if abs(both.raised) >= abs(both.lowered) else (2, both.lowered)
    budget = budget_of_means(context, channel.gas, [levels[0], levels[at]], [-1.0, 1.0], channel.unit, same_gas=True)
    return value, scaled(budget, 100.0 / scale), f"({x[at]:.4g} − {x[0]:.4g}) / {scale:g} × 100 %"


def _per_volt(
    context: Context, channel: Channel, voltages: Sequence[float], levels: Sequence[Level]
) -> tuple[float, Budget, str]:
    x, step = excess(levels), abs(voltages[1] - voltages[2])
    value = sensitivity_coefficient(x[1], x[2], voltages[1], voltages[2])
    pair = [levels[1], levels[2]]
    budget = budget_of_means(context, channel.gas, pair, [1.0 / step, -1.0 / step], channel.unit, same_gas=True)
    return value, budget, f"|{x[1]:.4g} − {x[2]:.4g}| / {step:g}"


PROCEDURE = VoltageInfluence()
