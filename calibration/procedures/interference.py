"""Interference: what a unit shows of a gas that is not its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from calibration.procedures.common.budgets import budget_of_means, scaled
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, asked_of, measure_together, refusal, request
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Equipment, Missing, Procedure, Stage, Takes, Unit, Wanted
from calibration.procedures.common.references import reference_ids
from calibration.record import Column, Level, MeasuredData, Message, Table, Test
from calibration.statistics.epa_part_53 import interference_equivalent
from calibration.statistics.hj_gas import interference
from calibration.uncertainty import Budget
from rig.host.kinds import Channel

NAME = "interference"

Gas = Literal["so2", "no", "o3", "co"]


def _usual() -> dict[str, dict[Gas, float]]:
    return {
        "so2": {"no": 400.0, "o3": 200.0}, "nox": {"so2": 400.0, "co": 40.0}, "o3": {"so2": 400.0, "no": 400.0},
        "co": {"so2": 400.0, "no": 400.0},
    }  # fmt: skip


class InterferencePlan(Parameters):
    """What a plan may set of it."""

    gases: dict[str, dict[Gas, float]] = Field(
        default_factory=_usual, description="by kind of analyzer: interferents and their values, nmol/mol (CO umol/mol)"
    )
    repeats: int = Field(default=3, ge=1)

    @field_validator("gases")
    @classmethod
    def _not_their_own(cls, gases: dict[str, dict[Gas, float]]) -> dict[str, dict[Gas, float]]:
        own = {"so2": "so2", "nox": "no", "o3": "o3", "co": "co"}
        for kind, some in gases.items():
            if kind not in own:
                raise ValueError(f"kinds of analyzers ({', '.join(own)})")
            if own[kind] in some or not some or min(some.values()) <= 0.0:
                raise ValueError(f"for {kind} at least one gas other than its own, with a value above zero")
        return gases


class Interference(Procedure[InterferencePlan]):
    """Zero gas and zero gas with an interferent in turn; the means of some repeats, of each interferent.

    ``each`` is the largest (A_with - A_without) / R in % of full scale (HJ 654), ``equivalent`` the largest in the unit
    of the gas, ``total`` the sum of the magnitudes (40 CFR 53.23 (d)). One calibrator makes one gas at a time, so that
    the unit's own gas is not there meanwhile.
    """

    name = NAME
    parameters = InterferencePlan
    criteria: ClassVar[Mapping[str, str]] = {"each": "%", "equivalent": "quantity", "total": "quantity"}
    takes: ClassVar[Takes] = "same gas"

    def missing(self, units: Sequence[Unit], parameters: InterferencePlan, bench: Equipment) -> list[Missing]:
        """A cylinder of each interferent."""
        kind = units[0].kind
        return [
            Missing(f"cylinder.{gas}", f"a cylinder of the interferent {gas}", "none")
            for gas in parameters.gases.get(kind, {})
            if gas not in bench.gases
        ] + ([] if kind in parameters.gases else [Missing("cylinder", f"interferents for {kind} in the plan", "none")])

    def stages(self, units: Sequence[Unit], parameters: InterferencePlan, gas: GasPlan) -> list[Stage]:
        """Zero gas and each interferent in turn."""
        way: list[Stage] = []
        for name in parameters.gases.get(units[0].kind, {}):
            way += [Stage("zero", name, gas.wait(name)), Stage(name, name, gas.wait(name))]
        return way * parameters.repeats

    def wanted(self, unit: Unit, parameters: InterferencePlan, gas: GasPlan) -> list[Wanted]:
        """The interferents."""
        return [
            Wanted(f"gases.{unit.kind}.{name}", 0.0, name, value, None, gas.total_flow,
                   parameters.repeats * gas.wait(name) / 60.0)
            for name, value in parameters.gases.get(unit.kind, {}).items()
        ]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: InterferencePlan) -> list[Outcome]:
        """Measure units of one kind together."""
        asked = [asked_of(context, unit) for unit in units]
        interferents = parameters.gases[units[0].kind]
        windows: dict[tuple[str, str, Gas], tuple[list[Level], list[Level]]] = {}
        for _ in range(parameters.repeats):
            for gas, value in interferents.items():
                for place, amount in enumerate((0.0, value)):
                    label = gas if amount else "zero"
                    made = measure_together(context, asked, label, request(context, gas, amount), [])
                    for device, its in made.items():
                        for quantity, level in its.levels.items():
                            # Nothing of the unit's own gas is there: what is made has no part in its budget.
                            own = level.model_copy(update={"nominal": 0.0, "u_nominal": 0.0, "label": label})
                            windows.setdefault((device, quantity, gas), ([], []))[place].append(own)
        return [
            _outcome(context, channel, its, {gas: windows[unit.name, channel.quantity, gas] for gas in interferents},
                     interferents)
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]  # fmt: skip


def _outcome(
    context: Context, channel: Channel, asked: Asked, found: Mapping[Gas, tuple[list[Level], list[Level]]],
    interferents: Mapping[Gas, float],
) -> Outcome:  # fmt: skip
    subject = context.of_channel(asked.device, channel, asked.scale)
    means = {
        gas: ([lv.mean or 0.0 for lv in without], [lv.mean or 0.0 for lv in within])
        for gas, (without, within) in found.items()
    }
    averages = [(sum(within) / len(within), sum(without) / len(without)) for without, within in means.values()]
    equivalents = interference_equivalent([a for a, _ in averages], [b for _, b in averages])
    largest = max(found, key=lambda gas: abs(equivalents.each[list(found).index(gas)]))
    budgets = {gas: _budget(context, channel, *pair) for gas, pair in found.items()}
    everything = Budget(tuple(part for budget in budgets.values() for part in budget.components))
    without, within = means[largest]
    difference = float(equivalents.each[list(found).index(largest)])
    told = f"{sum(within) / len(within):.4g} − {sum(without) / len(without):.4g}"
    results: dict[str, tuple[float, Budget, str]] = {
        "each": (interference(within, without, asked.scale), scaled(budgets[largest], 100.0 / asked.scale),
                 f"({told}) / {asked.scale:g} × 100 %"),
        "equivalent": (difference, budgets[largest], told),
        "total": (equivalents.total, everything, " + ".join(f"|{value:.3g}|" for value in equivalents.each)),
    }  # fmt: skip
    remark = Message(
        key="interference.largest", values={"gas": largest, "n": len(within), "tested_at": interferents[largest]}
    )
    refused = refusal(lv for pair in found.values() for some in pair for lv in some)
    tests: list[Test] = []
    for short, (value, budget, numbers) in results.items():
        name = f"{NAME}.{short}"
        if name not in context.judge:
            continue
        if refused is not None:
            tests.append(context.judge.no_result(name, subject, "void", refused))
        else:
            tests.append(context.judge.judge(name, subject, value=value, budget=budget, n=len(within),
                                             formula_numbers=numbers, message=remark))  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [gas, interferents[gas], b, a, float(change)]
        for (gas, (a, b)), change in zip(zip(found, averages, strict=True), equivalents.each, strict=True)
    ]
    columns = [Column(key="interferent"), Column(key="interferent_value", decimals=0),
               *(Column(key=key, unit=channel.unit, decimals=2) for key in ("without", "with", "change"))]  # fmt: skip
    data = MeasuredData(
        quantity=channel.quantity, unit=channel.unit, full_scale=asked.scale,
        levels=[lv for pair in found.values() for some in pair for lv in some],
        tables=[Table(key="interference", columns=columns, rows=rows)],
    )  # fmt: skip
    references = [one for gas in interferents for one in reference_ids(context, gas)]
    return Outcome(asked.device, channel.quantity, data, tests, [] if refused is None else [refused],
                   list(dict.fromkeys(references)))  # fmt: skip


def _budget(context: Context, channel: Channel, without: list[Level], within: list[Level]) -> Budget:
    weights = [-1.0 / len(without)] * len(without) + [1.0 / len(within)] * len(within)
    return budget_of_means(context, channel.gas, [*without, *within], weights, channel.unit, same_gas=True)


PROCEDURE = Interference()
