"""Sample flow of an analyzer: what it displays against a reference meter in its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.flows import FLOW_QUANTITIES, FlowPair, believable, compare_flow
from calibration.procedures.common.hands import put_down
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Needed, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table

NAME = "sample_flow"
QUANTITY = "sample_flow"
_CELLS = ("flow_a", "flow_b")
"""Flows of an analyzer of two cells, which has no display of their sum."""
_BELIEVED_PCT = 40.0
"""Difference that is believed at once: a leak or a dirty orifice may well make a third (this project's choice)."""
_CONNECTING_S = 60.0


class SampleFlowPlan(Parameters):
    """What a plan may set of a check of the sample flow."""

    meter: str = "flow_meter"
    settle: Seconds = 30.0
    readings: int = Field(default=10, ge=3)
    every: Seconds = Field(default=5.0, gt=0)


class SampleFlow(Procedure[SampleFlowPlan]):
    """Hold a meter in the sample line and compare.

    Litres are as they are at the inlet: that is what an analyzer with a critical orifice draws and displays.
    """

    name = NAME
    parameters = SampleFlowPlan
    criteria: ClassVar[Mapping[str, str]] = {"error": "%"}
    gas = False

    def rests_on(self, unit: Unit, parameters: SampleFlowPlan) -> list[Needed]:
        """The meter."""
        return [Needed("meter", parameters.meter, FLOW_QUANTITIES)]

    def judged(self, unit: Unit, parameters: SampleFlowPlan) -> list[Judged]:
        """One flow."""
        return [Judged(QUANTITY, "%", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: SampleFlowPlan, gas: GasPlan) -> list[Stage]:
        """Connecting, reading, taking off."""
        reading = parameters.settle + (parameters.readings - 1) * parameters.every
        return [Stage(NAME, "", 2.0 * _CONNECTING_S + reading)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: SampleFlowPlan) -> list[Outcome]:
        """Compare, and judge the error."""
        [unit] = units
        pair, notes = measure_sample_flow(context, unit.name, parameters)
        shown, measured = pair.display, pair.measured
        subject = context.subject(unit.name, QUANTITY, "L/min", 1.0)
        test = context.judge.judge(
            f"{NAME}.error", subject, value=pair.error_pct, budget=pair.budget(), n=pair.display_summary.n,
            formula_numbers=f"({shown:.4g} − {measured:.4g}) / {measured:.4g} × 100 %",
        )  # fmt: skip
        table = Table(
            key="sample_flow",
            columns=[Column(key="display", unit="L/min", decimals=3), Column(key="reference", unit="L/min", decimals=3),
                     Column(key="error", unit="%", decimals=2)],
            rows=[[shown, measured, pair.error_pct]],
        )  # fmt: skip
        data = MeasuredData(quantity=QUANTITY, unit="L/min", full_scale=1.0, tables=[table])
        state = Message(key="flow.actual_state", values={"meter": parameters.meter})
        return [Outcome(unit.name, QUANTITY, data, [test], [state, *notes], [pair.standard.id])]


def measure_sample_flow(
    context: Context, device: str, plan: SampleFlowPlan
) -> tuple[FlowPair, list[Message]]:  # fmt: skip
    """Displayed and measured sample flow, also for its stability over days; the meter is taken off again.

    Returns:
        the comparison, and what there is to say of how it came about.
    """
    place = f"{device}.sample"

    def read() -> FlowPair:
        context.run.wait(plan.settle)
        return compare_flow(context, plan.meter, lambda: displayed_flow(context, device), reference_c=None,
                            readings=plan.readings, every_s=plan.every)  # fmt: skip

    pair, notes = believable(context, plan.meter, place, (f"{device}.span", f"{device}.zero"), read, _BELIEVED_PCT)
    put_down(context, plan.meter, place)
    return pair, notes


def displayed_flow(context: Context, device: str) -> float:
    """The flow that an analyzer says that it draws, L/min: of both cells together where it has two.

    Raises:
        KeyError: it tells no flow. RigError: no proper answer.
    """
    run = context.run
    name = run.analyzer(device).flow
    first = run.read(device, name).value
    if name != _CELLS[0]:
        return first
    second = run.look(device, _CELLS[1])
    return first + float(second) if isinstance(second, int | float) else first


PROCEDURE = SampleFlow()
