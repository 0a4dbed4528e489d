"""NOx converter efficiency by gas-phase titration (40 CFR 50 Appendix F and HJ 818 annex B, as reported)."""

from __future__ import annotations

import math

import numpy as np

from calibration.criteria import Subject
from calibration.procedures.common import (
    TITRATION_GAS,
    Context,
    MeasuredLevel,
    Outcome,
    full_scale,
    measure_level,
    request,
    resolution_of,
    trace_of,
    u_of_mean,
)
from calibration.procedures.parameters import ConverterPlan
from calibration.procedures.references import reference_ids
from calibration.record import ConverterData, Level, LineFit, Message, Setting, Test, TitrationPoint
from calibration.statistics.regression import ordinary_least_squares
from calibration.uncertainty import Titration, converter_efficiency, converter_efficiency_budget
from rig.host.calibrator import Flows
from rig.host.kinds import CONVERTER_FACTOR
from rig.run import Reading

NAME = "converter_efficiency"
_CHANNELS = ("no", "nox")


def converter(context: Context, device: str, plan: ConverterPlan) -> Outcome:
    """Titrate NO with ozone at several levels and see how much of the NO2 made the converter turns back into NO.

    The stored converter factor is set to 1.000 for the test and put back. Total flow is the same with the ozone lamp
    off and on; NO and NOx originals are read before and after each titration, and a titration is repeated if the
    originals moved too far. Points whose operating point is out of specification are refused and say why.
    """
    run = context.run
    scale = full_scale(run, device)
    notes: list[Message] = []
    factor = _factor_to_one(context, device, notes)
    trace: list[Reading] = []
    windows: list[Level] = []
    points: list[TitrationPoint] = []
    usable: list[Titration] = []
    u_no = u_nox = 0.0
    before = _original(context, device, plan, scale, trace, windows)
    for percent in plan.ozone_pct:
        for attempt in range(plan.repeats + 1):
            task = request(context, "no", plan.no_pct * scale / 100.0, percent * scale / 100.0, plan.total_flow)
            label = f"{percent:g} %"
            titrated = measure_level(context, device, _CHANNELS, label, task, scale, trace, TITRATION_GAS)
            windows.append(titrated.levels["nox"])
            flows = run.flows()
            after = _original(context, device, plan, scale, trace, windows)
            point, titration = _point(
                context, plan, label, percent * scale / 100.0, before, titrated, after, flows, attempt
            )
            before = after
            if point.refused is None or point.refused.key != "converter.no_original_changed":
                break
        points.append(point)
        if point.refused is None:
            usable.append(titration)
        u_no = max(u_no, _u(context, device, titrated.levels["no"]))
        u_nox = max(u_nox, _u(context, device, titrated.levels["nox"]))
    if factor is not None:
        run.restore(device, CONVERTER_FACTOR)
    fit, tests = _evaluate(context, device, plan, points, usable, u_no, u_nox)
    data = ConverterData(
        unit="nmol/mol", points=points, fit=fit, stored_factor=factor,
        traces=[trace_of(quantity, trace) for quantity in _CHANNELS], windows=windows,
    )  # fmt: skip
    return Outcome(data, tests, notes, reference_ids(context, "no"))


def _factor_to_one(context: Context, device: str, notes: list[Message]) -> Setting | None:
    found = context.run.look(device, CONVERTER_FACTOR)
    if not isinstance(found, int | float):
        notes.append(Message(key="converter.factor_not_readable", values={"device": device}))
        return None
    context.run.set(device, CONVERTER_FACTOR, 1.0)
    notes.append(Message(key="converter.factor_set", values={"before": f"{found:.3f}", "after": "1.000"}))
    return Setting(name=CONVERTER_FACTOR, as_found=f"{found:.3f}", as_left=f"{found:.3f}")


def _original(
    context: Context, device: str, plan: ConverterPlan, scale: float, trace: list[Reading], windows: list[Level]
) -> MeasuredLevel:
    """NO without ozone, at the flows of the titration."""
    task = request(context, "no", plan.no_pct * scale / 100.0, 0.0, plan.total_flow)
    measured = measure_level(context, device, _CHANNELS, "original", task, scale, trace, "no")
    windows.append(measured.levels["nox"])
    return measured


def _mean(measured: MeasuredLevel, quantity: str) -> float:
    value = measured.levels[quantity].mean
    assert value is not None  # a measured level has a mean
    return value


def _u(context: Context, device: str, level: Level) -> float:
    averaging = context.run.look(device, "averaging_time")
    poll = context.gas.stability.poll
    return u_of_mean(level, resolution_of(level.mean or 0.0),
                     float(averaging) if isinstance(averaging, int | float) else poll, poll)  # fmt: skip


def _point(
    context: Context, plan: ConverterPlan, label: str, ozone: float, before: MeasuredLevel, titrated: MeasuredLevel,
    after: MeasuredLevel, flows: Flows | None, attempt: int,
) -> tuple[TitrationPoint, Titration]:  # fmt: skip
    no_before, no_after, no = _mean(before, "no"), _mean(after, "no"), _mean(titrated, "no")
    nox_before, nox_after, nox = _mean(before, "nox"), _mean(after, "nox"), _mean(titrated, "nox")
    titration = Titration(0.5 * (no_before + no_after), no, 0.5 * (nox_before + nox_after), nox)
    made = titration.no_original - no
    converted = made - (titration.nox_original - nox)
    remainder = 100.0 * no / titration.no_original
    cylinder = context.run.supply.cylinder("no")
    residence, parameter = (None, None) if flows is None else _operating_point(flows, cylinder.value)
    refused = _refusal(plan, titration, no_before, no_after, remainder, residence, parameter,
                       (before, titrated, after))  # fmt: skip
    point = TitrationPoint(
        label=label, ozone_set=ozone, no_before=no_before, nox_before=nox_before, no_titrated=no, nox_titrated=nox,
        no_after=no_after, nox_after=nox_after, no2_made=made, no2_converted=converted,
        efficiency_pct=100.0 * converted / made if made > 0.0 else None, no_remainder_pct=remainder,
        total_flow_lpm=None if flows is None else flows.total_cc / 1000.0, residence_min=residence,
        dynamic_parameter=parameter, repeats=attempt, refused=refused,
    )  # fmt: skip
    return point, titration


def _operating_point(flows: Flows, cylinder_nmol_per_mol: float) -> tuple[float, float]:
    """Residence time in min and dynamic parameter in ppm min.

    t_R = V / (F_O + F_NO); P_R = [NO]_cylinder F_NO / (F_O + F_NO) t_R (Teledyne 200E manual pp. 145-146, after
    40 CFR 50 Appendix F 1.4).
    """
    through = flows.ozone_cc + flows.gas_cc
    if through <= 0.0:
        return math.inf, 0.0
    residence = flows.chamber_cm3 / through
    return residence, cylinder_nmol_per_mol / 1000.0 * flows.gas_cc / through * residence


def _refusal(
    plan: ConverterPlan, titration: Titration, no_before: float, no_after: float, remainder: float,
    residence: float | None, parameter: float | None, measured: tuple[MeasuredLevel, ...],
) -> Message | None:  # fmt: skip
    for some in measured:
        for level in some.levels.values():
            if level.refused is not None:
                return level.refused
    change = 100.0 * abs(no_after - no_before) / titration.no_original
    if change > plan.most_original_change_pct:
        return Message(key="converter.no_original_changed",
                       values={"value": round(change, 2), "limit": plan.most_original_change_pct})  # fmt: skip
    if remainder < plan.least_no_remainder_pct:
        return Message(key="converter.no_remainder_low",
                       values={"value": round(remainder, 1), "limit": plan.least_no_remainder_pct})  # fmt: skip
    if residence is not None and residence >= plan.most_residence_min:
        return Message(key="converter.residence_time_long",
                       values={"value": round(residence, 2), "limit": plan.most_residence_min})  # fmt: skip
    if parameter is not None and parameter < plan.least_dynamic_parameter:
        return Message(key="converter.dynamic_parameter_low",
                       values={"value": round(parameter, 2), "limit": plan.least_dynamic_parameter})  # fmt: skip
    if titration.no_original - titration.no_titrated <= 0.0:
        return Message(key="converter.no2_made_small", values={"value": 0, "unit": "nmol/mol"})
    return None


def _evaluate(
    context: Context, device: str, plan: ConverterPlan, points: list[TitrationPoint], usable: list[Titration],
    u_no: float, u_nox: float,
) -> tuple[LineFit | None, list[Test]]:  # fmt: skip
    subject = Subject(device, f"{device}/{NAME}", "no2", "%", 100.0)
    names = [f"{NAME}.efficiency", f"{NAME}.lowest"]
    if len(usable) < len(plan.ozone_pct):
        first = next(point.refused for point in points if point.refused is not None)
        return None, [context.judge.no_result(name, subject, "void", first) for name in names]
    flows = context.run.supply.flows
    repeatability = 0.0 if flows is None else flows.repeatability_pct
    value, budget = converter_efficiency_budget(usable, u_no, u_nox, flow_repeatability_pct=repeatability)
    lowest = min(range(len(usable)), key=lambda i: converter_efficiency([usable[i]]))
    low_value, low_budget = converter_efficiency_budget(
        [usable[lowest]],
        u_no,
        u_nox,
        flow_repeatability_pct=repeatability,
    )
    point = usable[lowest]
    lost, fallen = point.nox_original - point.nox_titrated, point.no_original - point.no_titrated
    tests = [
        context.judge.judge(
            names[0],
            subject,
            value=value,
            budget=budget,
            n=len(usable),
            formula_numbers=f"100 × {value / 100.0:.4f}",
        ),
        context.judge.judge(
            names[1],
            subject,
            value=low_value,
            budget=low_budget,
            n=1,
            formula_numbers=f"(1 − {lost:.2f} / {fallen:.2f}) × 100 %",
            message=Message(
                key="converter.lowest_point", values={"value": round(low_value, 1), "level": points[lowest].label}
            ),
        ),
    ]
    return _fit(points) if len(usable) >= 3 else None, tests


def _fit(points: list[TitrationPoint]) -> LineFit:
    line = ordinary_least_squares([p.no2_made for p in points], [p.no2_converted for p in points])
    band = line.confidence_band(np.linspace(0.0, max(p.no2_made for p in points), 41))
    return LineFit(
        slope=line.slope, intercept=line.intercept, se_slope=line.se_slope, se_intercept=line.se_intercept,
        covariance=line.covariance, residual_sd=line.residual_sd, dof=line.dof, r=line.r if line.r is not None else 0.0,
        residuals=[float(v) for v in line.residuals], band_x=[float(v) for v in band.x],
        band_low=[float(v) for v in band.low], band_high=[float(v) for v in band.high],
    )  # fmt: skip
