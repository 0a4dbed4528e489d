"""Flow of a particle monitor by a reference meter at its inlet: against design, against its display, its scatter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.flows import FLOW_QUANTITIES, FlowPair, flow_at_state
from calibration.procedures.common.hands import hold, put_down
from calibration.procedures.common.monitors import (
    BETA,
    certified,
    enter_test_mode,
    flow_shown,
    in_turn,
    interrupt_power,
    leave_test_mode,
    scatter,
)
from calibration.procedures.common.parameters import GasPlan, LitresPerMinute, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Needed, Procedure, Stage, Unit
from calibration.record import Chart, Column, MeasuredData, Message, Table, Test
from calibration.statistics.hj_particles import flow_test
from calibration.statistics.summary import summarize, variance_dof
from calibration.uncertainty import Budget
from rig.prompts import Prompt, Sight

NAME = "particle_flow"
QUANTITY = "flow"
_BELIEVED_PCT = 40.0
"""Difference beyond which the meter's connection is looked at first (this project's choice)."""
_ATTEMPTS = 3
_STATES = ("actual", "standard")


class ParticleFlowPlan(Parameters):
    """What a plan may set of a flow test."""

    meter: str = "flow_meter"
    design: LitresPerMinute = Field(default=16.67, description="set flow, of a unit whose wire does not tell its own")
    settle: Seconds = 300.0
    readings: int = Field(default=73, ge=3)
    every: Seconds = Field(default=300.0, gt=0)
    power_cuts: int = Field(default=0, ge=0, description="interruptions of the power before the test")
    off: Seconds = Field(default=300.0, gt=0, description="how long each lasts")
    warm_up: Seconds = Field(default=3600.0, description="from each to what comes next")
    recover: Seconds = Field(default=3600.0, description="from the meter's removal until the unit is used again")


class ParticleFlow(Procedure[ParticleFlowPlan]):
    """Hold a meter at the inlet and read it and the display in turn, for hours or for minutes.

    Both flows are brought to one state: litres of outside air, or litres at the temperature that the monitor counts at.
    With ``power_cuts`` the same is asked of a unit whose power was interrupted.
    """

    name = NAME
    parameters = ParticleFlowPlan
    criteria: ClassVar[Mapping[str, str]] = {"mean_deviation": "%", "relative_sd": "%", "indication": "%"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Particle monitors."""
        return bool(unit.weighing)

    def rests_on(self, unit: Unit, parameters: ParticleFlowPlan) -> list[Needed]:
        """The meter."""
        return [Needed("meter", parameters.meter, FLOW_QUANTITIES)]

    def judged(self, unit: Unit, parameters: ParticleFlowPlan) -> list[Judged]:
        """One flow."""
        return [Judged(QUANTITY, "%", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: ParticleFlowPlan, gas: GasPlan) -> list[Stage]:
        """Interruptions, readings, and until the unit is used again."""
        cuts = parameters.power_cuts * (parameters.off + parameters.warm_up)
        reading = parameters.settle + (parameters.readings - 1) * parameters.every
        place = f"{units[0].name}.inlet"
        wanted = Message(key="prompt.hold_meter", values={"meter": parameters.meter, "place": place})
        return [Stage(NAME, "", cuts + reading + parameters.recover, hands=wanted)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ParticleFlowPlan) -> list[Outcome]:
        """Compare, and judge."""
        [unit] = units
        device, run, place = unit.name, context.run, f"{unit.name}.inlet"
        interrupt_power(context, [device], parameters.power_cuts, parameters.off, parameters.warm_up)
        if unit.weighing == BETA:
            enter_test_mode(context, device, pump=True)
        reference_c = _counted_at(context, unit)
        notes = [Message(key="flow.actual_state", values={"meter": parameters.meter})]
        standard = run.supply.certified(parameters.meter, *FLOW_QUANTITIES)
        pairs: list[tuple[float, float, float]] = []
        for attempt in range(1, _ATTEMPTS + 1):
            hold(context, parameters.meter, place, ("room",))
            run.wait(parameters.settle)
            reference, display = flow_at_state(context, standard, reference_c)[0], flow_shown(context, device)
            if reference > 0.0 and abs(display / reference - 1.0) <= _BELIEVED_PCT / 100.0:
                break
            notes.append(
                Message(key="flow.connection_doubted",
                        values={"meter": parameters.meter, "place": place, "display": round(display, 3),
                                "measured": round(reference, 3), "attempt": attempt})
            )  # fmt: skip
        in_turn(context, parameters.readings, parameters.every,
                lambda: pairs.append((run.now(), flow_at_state(context, standard, reference_c)[0],
                                      flow_shown(context, device))))  # fmt: skip
        put_down(context, parameters.meter, place)
        if unit.weighing == BETA:
            leave_test_mode(context, device)
        run.wait(parameters.recover)
        set_flow = run.look(device, "flow_setpoint")
        design = float(set_flow) if isinstance(set_flow, int | float) else parameters.design
        measured, shown = [pair[1] for pair in pairs], [pair[2] for pair in pairs]
        if min(measured) <= 0.0:
            void = Message(key="particle_flow.no_flow", values={"device": device, "meter": parameters.meter})
            subject = context.subject(device, QUANTITY, "L/min", 1.0)
            tests = [context.judge.no_result(f"{NAME}.{short}", subject, "void", void)
                     for short in self.criteria if f"{NAME}.{short}" in context.judge]  # fmt: skip
        else:
            pair = FlowPair(sum(shown) / len(shown), sum(measured) / len(measured), summarize(shown),
                            summarize(measured), standard, None, None)  # fmt: skip
            tests = _tests(context, device, pair, measured, shown, design)
        hours = [(pair[0] - pairs[0][0]) / 3600.0 for pair in pairs]
        columns = [Column(key=key, unit="L/min", decimals=3) for key in ("set_flow", "reference", "display")]
        table = Table(
            key=NAME,
            columns=columns,
            rows=[[design, sum(measured) / len(measured), sum(shown) / len(shown)]],
        )
        chart = Chart(key=NAME, kind="series", x_unit="h", y_unit="L/min", names=["reference", "display"],
                      x=[hours, hours], y=[measured, shown])  # fmt: skip
        data = MeasuredData(quantity=QUANTITY, unit="L/min", full_scale=1.0, tables=[table], charts=[chart])
        return [Outcome(device, QUANTITY, data, tests, notes, [standard.id])]


def _counted_at(context: Context, unit: Unit) -> float | None:
    """Temperature of the state that a display counts litres at, deg C; None: as they are outside."""
    setting = "flow_control" if unit.weighing == BETA else "volume_state"
    state = context.run.look(unit.name, setting)
    if state is None:
        values = {"device": unit.name, "setting": setting}
        state = context.run.prompt(
            Prompt("prompt.read_setting", values, expected="actual", choices=_STATES, sight=Sight(unit.name, setting))
        )
    if state == "actual" or unit.weighing != BETA:
        return None  # the flows of an oscillating balance are shown as they are; only its concentrations are not
    at = context.run.look(unit.name, "standard_temperature")
    if isinstance(at, int | float):
        return float(at)
    question = Prompt("prompt.read_setting", {"device": unit.name, "setting": "standard_temperature"}, unit="deg C",
                      lowest=0.0, highest=25.0, sight=Sight(unit.name, "standard_temperature", 2))  # fmt: skip
    return float(context.run.prompt(question))


def _tests(
    context: Context, device: str, pair: FlowPair, measured: Sequence[float], shown: Sequence[float], design: float
) -> list[Test]:
    """The three figures of HJ 655, 6.2.3."""
    found = flow_test(measured, shown, design)
    subject = context.subject(device, QUANTITY, "L/min", 1.0)
    summary, n = pair.measured_summary, len(measured)
    by_design = 100.0 / design
    away = Budget((scatter("reference_scatter", summary, "L/min", by_design),
                   certified(pair.standard, pair.measured, by_design)))  # fmt: skip
    tests = []
    if f"{NAME}.mean_deviation" in context.judge:
        numbers = f"({found.mean_reference:.4g} − {design:.4g}) / {design:.4g} × 100 %"
        tests.append(context.judge.judge(f"{NAME}.mean_deviation", subject, value=found.mean_deviation_percent,
                                         budget=away, n=n, formula_numbers=numbers))  # fmt: skip
    if f"{NAME}.relative_sd" in context.judge:
        tests.append(context.judge.judge_deviation(f"{NAME}.relative_sd", subject, s=found.relative_sd_percent,
                                                   dof=variance_dof(n, summary.effective_n), n=n))  # fmt: skip
    if f"{NAME}.indication" in context.judge:
        numbers = f"({found.mean_reference:.4g} − {found.mean_monitor:.4g}) / {found.mean_reference:.4g} × 100 %"
        tests.append(context.judge.judge(f"{NAME}.indication", subject, value=found.indication_error_percent,
                                         budget=pair.budget(), n=n, formula_numbers=numbers))  # fmt: skip
    return tests


PROCEDURE = ParticleFlow()
