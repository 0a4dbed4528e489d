"""Difference between the sample port and the calibration port: the same gas through the one and the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.budgets import budget_of_means, scaled
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, Windows, asked_of, keep, measure_together, refusal, request
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Equipment, Missing, Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids
from calibration.procedures.common.visits import excess
from calibration.record import Column, Level, MeasuredData, Message, Table
from calibration.statistics.en_gas import port_difference
from rig.host.kinds import Channel

NAME = "port_difference"
SAMPLE = "sample"


class PortPlan(Parameters):
    """What a plan may set of it."""

    level_pct: float = Field(default=80.0, gt=0, le=100)
    repeats: int = Field(default=3, ge=1)


class PortDifference(Procedure[PortPlan]):
    """Gas through the calibration port and the sample port in turn: 100 (x_sample - x_calibration) / x_calibration.

    What lies before the one port only (a filter, its holder, a valve, a line) shows in it.
    """

    name = NAME
    parameters = PortPlan
    criteria: ClassVar[Mapping[str, str]] = {"difference": "%"}
    takes: ClassVar[Takes] = "same gas"

    def missing(self, units: Sequence[Unit], parameters: PortPlan, bench: Equipment) -> list[Missing]:
        """Lines from the calibrator to both ports."""
        return [
            Missing("tube", f"tubes from the calibrator to {SAMPLE} and to the zero or span port of {unit.name}",
                    ", ".join(sorted(bench.ports[unit.name])) or "none")
            for unit in units
            if SAMPLE not in bench.ports[unit.name] or len(bench.ports[unit.name]) < 2
        ]  # fmt: skip

    def stages(self, units: Sequence[Unit], parameters: PortPlan, gas: GasPlan) -> list[Stage]:
        """Both ports in turn."""
        name = units[0].gas
        return [Stage(label_of(parameters.level_pct), name, gas.wait(name))] * (2 * parameters.repeats)

    def wanted(self, unit: Unit, parameters: PortPlan, gas: GasPlan) -> list[Wanted]:
        """The level."""
        minutes = 2 * parameters.repeats * gas.wait(unit.gas) / 60.0
        return [Wanted.level(unit, "level_pct", parameters.level_pct, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: PortPlan) -> list[Outcome]:
        """Measure units of one gas together."""
        run, gas = context.run, units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        task = request(context, gas, parameters.level_pct * asked[0].scale / 100.0)
        windows: Windows = {}
        for _ in range(parameters.repeats):
            for port in ("calibration", SAMPLE):
                for unit in units:
                    if port == SAMPLE:
                        run.set(unit.name, "gas_mode", SAMPLE)
                    else:
                        run.enter_gas(unit.name)
                label = label_of(parameters.level_pct)
                keep(windows, measure_together(context, asked, label, task, []), port)
        return [
            _outcome(context, channel, its, windows[unit.name, channel.quantity, "calibration"],
                     windows[unit.name, channel.quantity, SAMPLE])
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]  # fmt: skip


def _outcome(
    context: Context, channel: Channel, asked: Asked, calibration: list[Level], sample: list[Level]
) -> Outcome:
    subject = context.of_channel(asked.device, channel, asked.scale)
    name, n = f"{NAME}.difference", len(sample)
    rows: list[list[float | str | Message | None]] = [
        [float(i + 1), c.mean, s.mean, None if c.mean is None or s.mean is None else s.mean - c.mean]
        for i, (c, s) in enumerate(zip(calibration, sample, strict=True))
    ]
    columns = [Column(key="number", decimals=0),
               *(Column(key=key, unit=channel.unit, decimals=2)
                 for key in ("calibration_port", "sample_port", "deviation"))]  # fmt: skip
    data = MeasuredData(
        quantity=channel.quantity, unit=channel.unit, full_scale=asked.scale, levels=[*calibration, *sample],
        tables=[Table(key="ports", columns=columns, rows=rows)],
    )  # fmt: skip
    references = reference_ids(context, channel.gas)
    refused = refusal((*calibration, *sample))
    if refused is not None:
        test = context.judge.no_result(name, subject, "void", refused)
        return Outcome(asked.device, channel.quantity, data, [test], [refused], references)
    readings = excess([*calibration, *sample])
    by_calibration = sum(readings[:n]) / n
    value = port_difference(readings[n:], readings[:n], by_calibration)
    budget = budget_of_means(context, channel.gas, [*calibration, *sample], [-1.0 / n] * n + [1.0 / n] * n,
                             channel.unit, same_gas=True)  # fmt: skip
    numbers = f"({sum(readings[n:]) / n:.5g} − {by_calibration:.5g}) / {by_calibration:.5g} × 100 %"
    test = context.judge.judge(name, subject, value=value, budget=scaled(budget, 100.0 / by_calibration), n=n,
                               formula_numbers=numbers)  # fmt: skip
    return Outcome(asked.device, channel.quantity, data, [test], [], references)


PROCEDURE = PortDifference()
