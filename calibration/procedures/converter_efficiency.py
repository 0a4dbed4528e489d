"""NOx converter efficiency by gas-phase titration (40 CFR 50 Appendix F and HJ 818 annex B, as reported)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import AfterValidator, Field, field_validator, model_validator

from calibration.criteria import Subject
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.converter_factor import factor_back, factor_to_one
from calibration.procedures.common.levels import (
    TITRATION_GAS,
    MeasuredLevel,
    full_scale,
    measure_level,
    request,
    trace_of,
)
from calibration.procedures.common.parameters import (
    GasPlan,
    LitresPerMinute,
    Parameters,
    Percent,
    each_level_once,
)
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit, Wanted, label_of
from calibration.procedures.common.references import FloatArray, flow_covariance, nox_share, reference_ids, slow_noise
from calibration.record import ConverterData, Level, LineFit, Message, Test, TitrationPoint
from calibration.statistics import ordinary_least_squares
from calibration.statistics.summary import variance_by_level
from calibration.uncertainty import EfficiencyForm, Titration, TitrationSeries, converter_efficiency_budget
from rig.host.calibrator import Flows
from rig.host.kinds import converter_factor
from rig.run import Reading

NAME = "converter_efficiency"
_CHANNELS = ("no", "nox")


_NOTHING = 1e-6
"""Original below which there is no NO at all, nmol/mol."""
_LEAST_POINTS = 3
"""Titrations that a slope needs; with two, nothing would tell whether they lie on a line."""


class ConverterPlan(Parameters):
    """What a plan may set of a converter test by gas-phase titration."""

    no_pct: float = Field(default=90.0, gt=0, le=100)
    ozone_pct: Annotated[list[Annotated[Percent, Field(gt=0)]], AfterValidator(each_level_once)] = Field(
        default=[16.0, 32.0, 48.0, 64.0], min_length=1
    )
    total_flow: LitresPerMinute = 4.0
    least_no_remainder_pct: float = Field(default=10.0, ge=0)
    least_no2_made_pct: float = Field(default=5.0, gt=0, description="of the NO original")
    most_original_change_pct: float = Field(default=1.0, gt=0)
    most_residence_min: float = Field(default=2.0, gt=0)
    least_dynamic_parameter: float = Field(default=2.75, gt=0)
    repeats: int = Field(default=1, ge=0)
    rounds: int = Field(default=1, ge=1, description="titrations at each level of ozone")

    @model_validator(mode="after")
    def _leaves_no(self) -> Self:
        most = self.no_pct * (1.0 - self.least_no_remainder_pct / 100.0)
        if max(self.ozone_pct) > most:
            raise ValueError(f"ozone_pct up to {most:g}, so that {self.least_no_remainder_pct:g} % of the NO remain")
        return self

    @field_validator("ozone_pct")
    @classmethod
    def _a_point_or_a_line(cls, value: list[float]) -> list[float]:
        if len(value) == 2:
            raise ValueError("one level (the ratio of its rounds), or three and more (a line)")
        return value

    @property
    def form(self) -> EfficiencyForm:
        """Slope of a line over several levels; of one level the ratio of what its rounds made and lost."""
        return "slope" if len(self.ozone_pct) >= _LEAST_POINTS else "ratio"

    @property
    def in_order(self) -> list[float]:
        """Every titration's level, % of full scale, in order of time: each level with all its rounds."""
        return [percent for percent in self.ozone_pct for _ in range(self.rounds)]


class ConverterEfficiency(Procedure[ConverterPlan]):
    """Titrate NO with ozone at several levels and see how much of the NO2 made the converter turns back into NO.

    The stored converter factor is set to 1.000 for the test and put back. Total flow is the same with the ozone lamp
    off and on; NO and NOx originals are read before and after each titration, and a titration is repeated if the
    originals moved too far. One level with several rounds gives the ratio of its means; three levels and more give the
    slope of a line, and each the ratio of its lowest titration. Points whose operating point is out of specification
    are refused and say why; the others are judged if at least three, or all rounds, are left. An original after a
    titration waits as long as a titration: NO2 must leave.
    """

    name = NAME
    parameters = ConverterPlan
    criteria: ClassVar[Mapping[str, str]] = {"efficiency": "%", "lowest": "%"}

    def serves(self, unit: Unit) -> bool:
        """Only what has a converter."""
        return converter_factor(unit.channels) is not None

    def judged(self, unit: Unit, parameters: ConverterPlan) -> list[Judged]:
        """The converter belongs to NO2."""
        return [Judged("no2", "%", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: ConverterPlan, gas: GasPlan) -> list[Stage]:
        """Originals and titrations in turn."""
        original = Stage("original", "no", gas.wait("no"))
        found = [original]
        for percent in parameters.in_order:
            found += [Stage(label_of(percent), TITRATION_GAS, gas.wait(TITRATION_GAS)), original]
        return found

    def wanted(self, unit: Unit, parameters: ConverterPlan, gas: GasPlan) -> list[Wanted]:
        """NO alone, and with each of the ozone levels."""
        no, flow = parameters.no_pct * unit.full_scale / 100.0, parameters.total_flow
        minutes = gas.wait(TITRATION_GAS) / 60.0
        alone = Wanted("no_pct", parameters.no_pct, unit.gas, no, 0.0, flow, minutes * (len(parameters.in_order) + 1))
        return [
            alone,
            *(
                Wanted(
                    "ozone_pct",
                    percent,
                    unit.gas,
                    no,
                    percent * unit.full_scale / 100.0,
                    flow,
                    parameters.rounds * minutes,
                )
                for percent in parameters.ozone_pct
            ),
        ]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ConverterPlan) -> list[Outcome]:
        """Titrate, and judge the slope and the lowest point."""
        [unit] = units
        return [_titrate(context, unit.name, parameters)]


@dataclass
class _Series:
    """What has been measured so far: all levels in order of time, and the usable titrations among them."""

    context: Context
    device: str
    plan: ConverterPlan
    scale: float
    trace: list[Reading] = field(default_factory=list)
    levels: list[MeasuredLevel] = field(default_factory=list)
    points: list[TitrationPoint] = field(default_factory=list)
    usable: list[tuple[TitrationPoint, tuple[int, int, int]]] = field(default_factory=list)

    def measure(self, label: str, ozone: float, wait_key: str) -> int:
        """Offer NO with this much ozone (0: lamp off, same flows), read, return the index of the level."""
        task = request(self.context, "no", self.plan.no_pct * self.scale / 100.0, ozone, self.plan.total_flow)
        self.levels.append(
            measure_level(self.context, self.device, _CHANNELS, label, task, self.scale, self.trace, wait_key)
        )
        return len(self.levels) - 1

    def mean(self, index: int, channel: str) -> float:
        """Mean reading of a channel at a level."""
        return float(_means([self.levels[index].levels[channel]])[0])

    def readings(self, steps: Sequence[tuple[int, int, int]]) -> TitrationSeries:
        """All readings with their uncertainties, and the titrations ``steps`` among them."""
        no, nox = ([level.levels[channel] for level in self.levels] for channel in _CHANNELS)
        return TitrationSeries(
            no=_means(no), nox=_means(nox), noise_no=self._noise(no), noise_nox=self._noise(nox), steps=steps,
            flow_covariance=flow_covariance(self.context, no),
        )  # fmt: skip

    def _noise(self, levels: Sequence[Level]) -> FloatArray:
        """Covariance of the means of one channel: noise fast and slow."""
        # The noise goes with what is read, and NO falls while the nominal value stays.
        read = [level.model_copy(update={"nominal": level.mean}) for level in levels]
        fast = variance_by_level(_means(levels), [(level.u_mean or 0.0) ** 2 for level in levels])
        return np.asarray(np.diag(fast) + slow_noise(self.context, read))


def _titrate(context: Context, device: str, plan: ConverterPlan) -> Outcome:
    run = context.run
    notes: list[Message] = []
    factor = factor_to_one(context, device, notes)
    series = _Series(context, device, plan, full_scale(run, device))
    before = series.measure("original", 0.0, "no")
    for percent in plan.in_order:
        label, ozone = f"{percent:g} %", percent * series.scale / 100.0
        for attempt in range(plan.repeats + 1):
            during = series.measure(label, ozone, TITRATION_GAS)
            flows = run.flows()
            after = series.measure("original", 0.0, TITRATION_GAS)
            step = (before, during, after)
            point = _point(series, label, ozone, step, flows, attempt)
            before = after
            if point.refused is None or point.refused.key != "converter.no_original_changed":
                break
        series.points.append(point)
        if point.refused is None:
            series.usable.append((point, step))
        if point.repeats:
            notes.append(Message(key="converter.titration_repeated", values={"level": label, "n": point.repeats}))
    meddled = factor_back(context, device, factor)
    fit, tests = _evaluate(series)
    if meddled is not None:
        notes.append(meddled)
        tests = [test.model_copy(update={"verdict": "void", "message": meddled}) for test in tests]
    brought = _brought_no2(series)
    if brought > 0.0:
        notes.append(Message(key="converter.cylinder_no2", values={"value": round(brought, 2), "unit": "nmol/mol"}))
    data = ConverterData(
        unit="nmol/mol", points=series.points, fit=fit, stored_factor=factor,
        traces=[trace_of(quantity, series.trace) for quantity in _CHANNELS],
        windows=[level.levels["nox"] for level in series.levels],
    )  # fmt: skip
    return Outcome(device, None, data, tests, notes, reference_ids(context, "no"))


def _means(levels: Sequence[Level]) -> FloatArray:
    return np.array([level.mean for level in levels], dtype=np.float64)


def _brought_no2(series: _Series) -> float:
    """NO2 that the cylinder's gas brings along, nmol/mol at the outlet."""
    return (nox_share(series.context) - 1.0) * series.plan.no_pct * series.scale / 100.0


def _point(
    series: _Series, label: str, ozone: float, step: tuple[int, int, int], flows: Flows | None, attempt: int
) -> TitrationPoint:
    before, during, after = (series.levels[index] for index in step)
    no_before, no_during, no_after = (series.mean(index, "no") for index in step)
    nox_before, nox_during, nox_after = (series.mean(index, "nox") for index in step)
    titration = Titration(0.5 * (no_before + no_after), no_during, 0.5 * (nox_before + nox_after), nox_during)
    fall, lost = titration.no_original - titration.no_titrated, titration.nox_original - titration.nox_titrated
    made = fall + _brought_no2(series)
    remainder = 100.0 * titration.no_titrated / max(titration.no_original, _NOTHING)
    cylinder = series.context.run.supply.cylinder("no")
    residence, parameter = (None, None) if flows is None else _operating_point(flows, cylinder.value)
    refused = _refusal(series.plan, titration, no_before, no_after, remainder, residence, parameter,
                       (before, during, after))  # fmt: skip
    return TitrationPoint(
        label=label, ozone_set=ozone, no_before=no_before, nox_before=nox_before, no_titrated=titration.no_titrated,
        nox_titrated=titration.nox_titrated, no_after=no_after, nox_after=nox_after, no2_made=made,
        no2_converted=made - lost, efficiency_pct=100.0 * (1.0 - lost / fall) if fall > 0.0 else None,
        no_remainder_pct=remainder, total_flow_lpm=None if flows is None else flows.total_cc / 1000.0,
        residence_min=residence, dynamic_parameter=parameter, repeats=attempt, refused=refused,
    )  # fmt: skip


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
    original = max(titration.no_original, _NOTHING)
    change = 100.0 * abs(no_after - no_before) / original
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
    made = titration.no_original - titration.no_titrated
    if made < plan.least_no2_made_pct * original / 100.0 or original == _NOTHING:
        return Message(key="converter.no2_made_small", values={"value": round(made, 1), "unit": "nmol/mol"})
    return None


def _evaluate(series: _Series) -> tuple[LineFit | None, list[Test]]:
    judge, usable = series.context.judge, series.usable
    name = series.context.step
    subject = Subject(series.device, f"{series.device}/{name}", "no2", "%", 100.0, name)
    names = [f"{NAME}.efficiency", f"{NAME}.lowest"]
    needed = _LEAST_POINTS if series.plan.form == "slope" else series.plan.rounds
    if len(usable) < needed:
        why = Message(key="converter.too_few_points", values={"n": len(usable), "needed": needed})
        return None, [judge.no_result(name, subject, "void", why) for name in names]
    value, budget = converter_efficiency_budget(series.readings([step for _, step in usable]), series.plan.form)
    ratios = [point.efficiency_pct for point, _ in usable if point.efficiency_pct is not None]
    point, step = usable[ratios.index(min(ratios))]
    single = series.readings([step])
    low_value, low_budget = converter_efficiency_budget(single)
    [one] = single.titrations()
    lost, fallen = one.nox_original - one.nox_titrated, one.no_original - one.no_titrated
    remark = Message(key="converter.lowest_point", values={"value": round(low_value, 1), "level": point.label})
    tests = [
        judge.judge(names[0], subject, value=value, budget=budget, n=len(usable),
                    formula_numbers=f"100 × {value / 100.0:.4f}",
                    message=None if series.plan.form == "slope" else
                    Message(key="converter.ratio_of_rounds", values={"n": len(usable)})),
        judge.judge(names[1], subject, value=low_value, budget=low_budget, n=1, message=remark,
                    formula_numbers=f"(1 − {lost:.2f} / {fallen:.2f}) × 100 %"),
    ]  # fmt: skip
    return _fit([point for point, _ in usable]) if series.plan.form == "slope" else None, tests


def _fit(points: list[TitrationPoint]) -> LineFit:
    line = ordinary_least_squares([p.no2_made for p in points], [p.no2_converted for p in points])
    band = line.confidence_band(np.linspace(0.0, max(p.no2_made for p in points), 41))
    return LineFit(
        slope=line.slope, intercept=line.intercept, se_slope=line.se_slope, se_intercept=line.se_intercept,
        covariance=line.covariance, residual_sd=line.residual_sd, dof=line.dof, r=line.r if line.r is not None else 0.0,
        residuals=[float(v) for v in line.residuals], band_x=[float(v) for v in band.x],
        band_low=[float(v) for v in band.low], band_high=[float(v) for v in band.high],
    )  # fmt: skip


PROCEDURE = ConverterEfficiency()
