"""Accuracy audit: the mean relative error over several levels; they may be blind, drawn and told to nobody before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from calibration.procedures.common.budgets import budget_of_means
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import (
    Asked,
    Windows,
    asked_of,
    keep,
    measure_together,
    refusal,
    request,
    trace_of,
)
from calibration.procedures.common.parameters import GasPlan, Levels, Parameters, Percent
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import as_read_by, reference_ids
from calibration.record import Column, Level, MeasuredData, Message, Table, Test
from calibration.statistics.hj_gas import mean_relative_error
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "accuracy_audit"


class AccuracyAuditPlan(Parameters):
    """What a plan may set of an accuracy audit: levels, or ranges that blind levels are drawn from."""

    levels_pct: Levels = Field(default=[10.0, 20.0, 40.0, 60.0, 80.0])
    blind_pct: list[tuple[Percent, Percent]] = Field(
        default=[], description="a level is drawn from each range, and levels_pct is not used"
    )
    draw: int = Field(default=1, ge=0, description="number of the draw; the inspector chooses it")

    @model_validator(mode="after")
    def _above_zero(self) -> Self:
        if not self.blind_pct and (not self.levels_pct or min(self.levels_pct) <= 0.0):
            raise ValueError("levels_pct above 0 (a relative error needs gas)")
        for low, high in self.blind_pct:
            if not 0.0 < low < high:
                raise ValueError(f"blind_pct: ranges from above 0 upwards, not {low:g} to {high:g}")
        return self

    def drawn(self, gas: str) -> list[float]:
        """The levels of one gas, % of full scale, in the order in which they are offered.

        Blind ones follow from the number of the draw, gas and place alone, so that a run can be repeated.
        """
        if not self.blind_pct:
            return list(self.levels_pct)
        digest = hashlib.sha256(f"{NAME}/{self.draw}/{gas}".encode()).digest()
        draw = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))
        levels = [round(float(draw.uniform(low, high)), 1) for low, high in self.blind_pct]
        return [levels[int(place)] for place in draw.permutation(len(levels))]

    def labels(self, gas: str) -> list[str]:
        """What the levels are called while they are offered: blind ones have numbers only."""
        if self.blind_pct:
            return [f"blind {number}" for number in range(1, len(self.blind_pct) + 1)]
        return [label_of(percent) for percent in self.drawn(gas)]


class AccuracyAudit(Procedure[AccuracyAuditPlan]):
    """One stable reading on each level; the mean of the magnitudes of the relative errors.

    The unit is not adjusted before. In an inspection calibrator and cylinders are the inspector's (the bench file names
    them), and the levels are blind: until the report nothing that an operator sees says how much was offered.
    """

    name = NAME
    parameters = AccuracyAuditPlan
    criteria: ClassVar[Mapping[str, str]] = {"mean_error": "%"}
    takes: ClassVar[Takes] = "same gas"

    def stages(self, units: Sequence[Unit], parameters: AccuracyAuditPlan, gas: GasPlan) -> list[Stage]:
        """The levels."""
        name = units[0].gas
        return [Stage(label, name, gas.wait(name)) for label in parameters.labels(name)]

    def wanted(self, unit: Unit, parameters: AccuracyAuditPlan, gas: GasPlan) -> list[Wanted]:
        """The levels; of blind ones both ends of what they are drawn from, for the draw is nobody's business."""
        blind = [end for ends in parameters.blind_pct for end in ends]
        return [
            Wanted("blind_pct" if blind else "levels_pct", percent, unit.gas, percent * unit.full_scale / 100.0, None,
                   gas.total_flow, gas.wait(unit.gas) / (120.0 if blind else 60.0))
            for percent in blind or parameters.levels_pct
        ]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: AccuracyAuditPlan) -> list[Outcome]:
        """Measure units of one gas together."""
        gas = units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        trace: list[Reading] = []
        found: Windows = {}
        for label, percent in zip(parameters.labels(gas), parameters.drawn(gas), strict=True):
            task = request(context, gas, percent * asked[0].scale / 100.0)
            keep(found, measure_together(context, asked, label, task, trace))
        return [
            _outcome(
                context,
                its,
                channel,
                [as_read_by(context, channel.quantity, level) for level in found[unit.name, channel.quantity]],
                trace,
            )
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]


def _outcome(context: Context, asked: Asked, channel: Channel, levels: list[Level], trace: list[Reading]) -> Outcome:
    subject = context.of_channel(asked.device, channel, asked.scale)
    refused = refusal(levels)
    errors = [None if its.mean is None else 100.0 * (its.mean - its.nominal) / its.nominal for its in levels]
    test = _judged(context, asked, channel, levels, errors, refused)
    table = Table(
        key=NAME,
        columns=[Column(key="level"), *(Column(key=key, unit=channel.unit, decimals=2) for key in ("nominal", "mean")),
                 Column(key="error", unit="%", decimals=2)],
        rows=[[its.label, its.nominal, its.mean, error] for its, error in zip(levels, errors, strict=True)],
    )  # fmt: skip
    data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=subject.full_scale, levels=levels,
                        tables=[table], traces=[trace_of(channel.quantity, trace, asked.device)])  # fmt: skip
    notes = [] if refused is None else [refused]
    return Outcome(asked.device, channel.quantity, data, [test], notes, reference_ids(context, channel.gas))


def _judged(
    context: Context, asked: Asked, channel: Channel, levels: Sequence[Level], errors: Sequence[float | None],
    refused: Message | None,
) -> Test:  # fmt: skip
    name = f"{NAME}.mean_error"
    subject = context.of_channel(asked.device, channel, asked.scale)
    if refused is not None:
        return context.judge.no_result(name, subject, "void", refused)
    known = [error for error in errors if error is not None]
    value = mean_relative_error([float(its.mean or 0.0) for its in levels], [its.nominal for its in levels])
    # |e| moves with the sign of e; near e = 0 the mean of magnitudes is larger than that, which is on the safe side.
    weights = [float(np.sign(error)) * 100.0 / (len(levels) * its.nominal)
               for its, error in zip(levels, known, strict=True)]  # fmt: skip
    budget = budget_of_means(context, channel.gas, levels, weights, channel.unit, same_gas=False)
    numbers = " + ".join(f"{abs(error):.2f}" for error in known)
    return context.judge.judge(name, subject, value=value, budget=budget, n=len(levels),
                               formula_numbers=f"({numbers}) / {len(levels)}")  # fmt: skip


PROCEDURE = AccuracyAudit()
