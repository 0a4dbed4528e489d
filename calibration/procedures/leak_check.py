"""Leak check: a cap on the sample inlet, and what flows all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.procedures.sample_flow import displayed_flow
from calibration.record import Column, MeasuredData, Message, Table
from rig.run import Deed, Prompt

NAME = "leak_check"
QUANTITY = "leak"


class LeakCheckPlan(Parameters):
    """What a plan may set of a leak check."""

    settle: Seconds = Field(default=120.0, description="from the cap to the first reading")
    readings: int = Field(default=5, ge=1)
    every: Seconds = Field(default=10.0, gt=0)
    recover: Seconds = Field(default=300.0, description="from the cap's removal until the unit is used again")


class LeakCheck(Procedure[LeakCheckPlan]):
    """Cap the inlet that is open, wait, and read the flow that the unit still shows, over that before.

    A tight unit draws nothing then. What comes in behind the cap is room air, and it would come in all the same with
    the cap off: the share of it is what gas from the inlet is diluted by.
    """

    name = NAME
    parameters = LeakCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {"flow": "%"}
    gas = False

    def judged(self, unit: Unit, parameters: LeakCheckPlan) -> list[Judged]:
        """One share."""
        return [Judged(QUANTITY, "%", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: LeakCheckPlan, gas: GasPlan) -> list[Stage]:
        """Capped, and open again."""
        reading = parameters.settle + (parameters.readings - 1) * parameters.every
        hands = Message(key="prompt.cap_inlet", values={"device": units[0].name})
        return [Stage(NAME, "", reading + parameters.recover, hands=hands)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: LeakCheckPlan) -> list[Outcome]:
        """Cap, read, uncap, wait."""
        [unit] = units
        run, device = context.run, unit.name
        before = displayed_flow(context, device)
        run.prompt(Prompt("prompt.cap_inlet", {"device": device}, deeds=(Deed(device, "inlet_cap", True, home=False),)))
        run.wait(parameters.settle)
        shown = [displayed_flow(context, device)]
        while len(shown) < parameters.readings:
            run.wait(parameters.every)
            shown.append(displayed_flow(context, device))
        uncap = Deed(device, "inlet_cap", False, home=False)
        run.prompt(Prompt("prompt.uncap_inlet", {"device": device}, deeds=(uncap,)))
        run.wait(parameters.recover)
        after = displayed_flow(context, device)
        capped = sum(shown) / len(shown)
        subject = context.subject(device, QUANTITY, "%", 100.0)
        name = f"{NAME}.flow"
        if before <= 0.0:
            test = context.judge.no_result(
                name, subject, "void", Message(key="leak.no_flow", values={"device": device})
            )
        else:
            test = context.judge.judge(
                name, subject, value=100.0 * capped / before, budget=None, n=len(shown),
                formula_numbers=f"{capped:.3g} / {before:.3g} × 100 %",
            )  # fmt: skip
        table = Table(
            key="leak_check",
            columns=[Column(key=key, unit="L/min", decimals=3) for key in ("flow_before", "flow_capped", "flow_after")],
            rows=[[before, capped, after]],
        )
        data = MeasuredData(quantity=QUANTITY, unit="%", full_scale=100.0, tables=[table])
        return [Outcome(device, None, data, [test])]


PROCEDURE = LeakCheck()
