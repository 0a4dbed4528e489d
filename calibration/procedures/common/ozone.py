"""A calibrator's ozone against a transfer standard: connection, conditioning, one comparison of several levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from calibration.procedures.common.alarms import is_of_temperature
from calibration.procedures.common.context import Context
from calibration.procedures.common.levels import Asked, measure_together, request
from calibration.procedures.common.parameters import GasPlan, Parameters, Percent, Seconds, each_level_once
from calibration.procedures.common.procedure import Stage, label_of
from calibration.procedures.common.references import slow_noise
from calibration.record import Column, Level, Message, Table
from calibration.statistics.summary import variance_by_level
from calibration.uncertainty import CommonError, LineBudgets, PointError, calibration_line_budgets
from rig.errors import RigFault
from rig.host.references import StandardReference
from rig.prompts import Deed, Prompt
from rig.run import Reading

OZONE, WORKING = "o3", "photometer_o3"
"""What the transfer standard reads, and what the calibrator's photometer does."""
_LEAST_LEVELS = 6
_WARM_UP_LONGEST_S, _WARM_UP_POLL_S = 7200.0, 60.0
_ATTEMPTS = 3
_CONNECTED = 0.5
"""Part of the calibrator's ozone that a standard must read to be taken for connected (this project's choice)."""


class OzonePlan(Parameters):
    """What a plan may set of any comparison of a calibrator's ozone with a transfer standard."""

    standard: str = "ozone_standard"
    full_scale: float = Field(default=500.0, gt=0, description="nmol/mol")
    levels_pct: Annotated[list[Percent], AfterValidator(each_level_once)] = Field(
        default=[0.0, 90.0, 70.0, 50.0, 30.0, 15.0], min_length=_LEAST_LEVELS
    )
    condition_pct: Percent = Field(default=90.0, gt=0)
    condition: Seconds = 1800.0

    def stages_of_a_comparison(self, gas: GasPlan) -> list[Stage]:
        """Conditioning, and the levels."""
        wait = gas.wait(OZONE)
        hands = Message(key="prompt.connect_standard", values={"device": self.standard})
        return [Stage("conditioning", "", self.condition, hands=hands),
                *(Stage(label_of(percent), OZONE, wait) for percent in self.levels_pct)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """Levels as both read them, in the order in which they were offered.

    Attributes:
        reference: of the transfer standard, means as shown.
        working: of the calibrator's photometer.
        x: the transfer standard's means, corrected by its certificate.
        y: the calibrator's means.
        standard: the certificate.
    """

    reference: tuple[Level, ...]
    working: tuple[Level, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    standard: StandardReference

    @property
    def unstable(self) -> list[Message]:
        """Why levels do not count."""
        return [level.refused for level in (*self.reference, *self.working) if level.refused is not None]

    def line(self, context: Context) -> LineBudgets:
        """Working on transfer standard; the certificate is common to all levels, noise fast and slow is not."""
        standard, x = self.standard, self.x
        values = {"certificate": standard.certificate}
        common = [CommonError("reference_certificate", standard.u_pct, "%", [value / 100.0 for value in x],
                              "basis.certificate", values)]  # fmt: skip
        if standard.u_offset > 0.0:
            common.append(CommonError("reference_certificate", standard.u_offset, "nmol/mol", [1.0] * len(x),
                                      "basis.certificate", values))  # fmt: skip
        fast = sum(
            variance_by_level(list(x), [(level.u_mean or 0.0) ** 2 for level in some])
            for some in (self.reference, self.working)
        )
        slow = slow_noise(context, self.reference) + slow_noise(context, self.working)
        expected = [
            PointError("repeatability", np.diag(fast), "basis.repeatability_pooled", {"n": len(x)}),
            PointError("drift", slow, "basis.slow_noise"),
        ]
        return calibration_line_budgets(x, self.y, common, expected)

    def table(self) -> Table:
        """The pairs, as the form of a transfer has them."""
        columns = [
            Column(key="level"), Column(key="transfer_standard", unit="nmol/mol", decimals=2),
            Column(key="corrected", unit="nmol/mol", decimals=2),
            Column(key="working_standard", unit="nmol/mol", decimals=2),
            Column(key="difference", unit="nmol/mol", decimals=2),
        ]  # fmt: skip
        rows: list[list[float | str | Message | None]] = [
            [level.label, level.mean, x, y, y - x]
            for level, x, y in zip(self.reference, self.x, self.y, strict=True)
        ]  # fmt: skip
        return Table(key="ozone_pairs", columns=columns, rows=rows)


def connect(context: Context, standard: str) -> None:
    """Have the transfer standard's sample line put on the calibrator's ozone."""
    deed = Deed(standard, "sample_line", "connected", home="open")
    context.run.prompt(Prompt("prompt.connect_standard", {"device": standard}, deeds=(deed,)))


def disconnect(context: Context, standard: str) -> None:
    """Have it taken off again."""
    deed = Deed(standard, "sample_line", "open", home="open")
    context.run.prompt(Prompt("prompt.disconnect_standard", {"device": standard}, deeds=(deed,)))


def warm(context: Context, devices: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Wait until no temperature of ``devices`` alarms any more, two hours at the most; alarms that stand then."""
    run, waited = context.run, 0.0
    while True:
        alarms: dict[str, tuple[str, ...]] = {}
        for device in devices:
            told = run.look(device, "alarms")
            # A concentration alarm is about the gas, not about the instrument.
            alarms[device] = tuple(a for a in told if not a.startswith(OZONE + ":")) if isinstance(told, tuple) else ()
        cold = any(is_of_temperature(alarm) for some in alarms.values() for alarm in some)
        if not cold or waited >= _WARM_UP_LONGEST_S:
            return alarms
        run.wait(_WARM_UP_POLL_S)
        waited += _WARM_UP_POLL_S


def condition(context: Context, calibrator: str, plan: OzonePlan, notes: list[Message]) -> None:
    """Let both drink high ozone, so that their walls take none of the levels; a standard that reads none is not on.

    Raises:
        RigFault: it still reads none after it has been connected three times.
    """
    run, level = context.run, plan.condition_pct * plan.full_scale / 100.0
    run.step(f"{calibrator}: conditioning")
    for attempt in range(1, _ATTEMPTS + 1):
        run.offer(request(context, OZONE, level))
        run.wait(plan.condition if attempt == 1 else context.gas.wait(OZONE))
        seen, made = run.read(plan.standard, OZONE).value, run.read(calibrator, WORKING).value
        if seen >= _CONNECTED * made:
            return
        notes.append(
            Message(key="ozone.not_connected",
                    values={"device": plan.standard, "seen": round(seen, 1), "made": round(made, 1)})
        )  # fmt: skip
        if attempt < _ATTEMPTS:
            connect(context, plan.standard)
    raise RigFault(
        f"{plan.standard}: it reads {seen:.1f} nmol/mol where {calibrator} makes {made:.1f}: no line between the two",
        plan.standard,
    )


def compare(context: Context, calibrator: str, plan: OzonePlan, trace: list[Reading]) -> Comparison:
    """Offer the levels in the plan's order, and read both on each."""
    asked = [Asked(plan.standard, (OZONE,), plan.full_scale, OZONE),
             Asked(calibrator, (WORKING,), plan.full_scale, OZONE)]  # fmt: skip
    reference, working = [], []
    for percent in plan.levels_pct:
        task = request(context, OZONE, percent * plan.full_scale / 100.0)
        measured = measure_together(context, asked, label_of(percent), task, trace)
        reference.append(measured[plan.standard].levels[OZONE])
        working.append(measured[calibrator].levels[WORKING])
    standard = context.run.supply.certified(plan.standard, OZONE)
    return Comparison(
        tuple(reference), tuple(working), tuple(standard.corrected(level.mean or 0.0) for level in reference),
        tuple(level.mean or 0.0 for level in working), standard,
    )  # fmt: skip
