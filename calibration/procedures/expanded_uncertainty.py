"""Expanded uncertainty at the limit value: the budget of all that the tests before it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Takes, Unit
from calibration.procedures.common.references import reference_ids
from calibration.record import Column, MeasuredData, Message, Table, Test
from calibration.uncertainty import Influence, Interferent, TypeTest, limit_value_uncertainty
from rig.host.kinds import Channel

NAME = "expanded_uncertainty"

_FROM: Mapping[str, tuple[str, str]] = {
    "repeatability": ("repeatability", "noise"),
    "rise": ("response", "rise"),
    "fall": ("response", "fall"),
    "lack_of_fit": ("lack_of_fit", "largest"),
    "drift_zero": ("long_term_drift", "zero"),
    "drift_span": ("long_term_drift", "high_net_relative"),
    "averaging": ("averaging_effect", "effect"),
    "port": ("port_difference", "difference"),
    "temperature": ("temperature_influence", "span"),
    "voltage": ("voltage_influence", "span"),
    "interferent": ("interference", "equivalent"),
}
"""Step of the plan, and criterion, that each characteristic comes from."""


class SiteRange(Parameters):
    """Range of an influence where the analyzer will stand, and its value when it was calibrated."""

    low: float
    high: float
    calibration: float

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if not self.low <= self.high:
            raise ValueError("low of high at the most")
        return self


class ExpandedUncertaintyPlan(Parameters):
    """What a plan must say of it: limit values, and the site."""

    limit_value: dict[str, float] = Field(min_length=1, description="hourly, of each quantity; nmol/mol, CO umol/mol")
    span_pct: float = Field(default=80.0, gt=0, le=100, description="level of the tests of influences, % of full scale")
    temperature: SiteRange = SiteRange(low=0.0, high=30.0, calibration=20.0)
    voltage: SiteRange = SiteRange(low=210.0, high=245.0, calibration=220.0)
    interferent_high: dict[str, float] = Field(
        default_factory=dict, description="highest value of each interferent at the site; nmol/mol, CO umol/mol"
    )
    reproducibility_pct: float = Field(default=0.0, ge=0, description="of the field test, % of the mean; 0: none made")


class ExpandedUncertainty(Procedure[ExpandedUncertaintyPlan]):
    """W = 2 u_c / LV: repeatability, lack of fit, drift, averaging, ports, influences, converter, calibration gas.

    It measures nothing: it takes what earlier steps of the plan found on the unit. One that gave no value leaves the
    uncertainty untested, and is named. Formulas: :mod:`calibration.uncertainty.en_gas`.
    """

    name = NAME
    parameters = ExpandedUncertaintyPlan
    criteria: ClassVar[Mapping[str, str]] = {"relative": "%"}
    takes: ClassVar[Takes] = "one"
    gas: ClassVar[bool] = False

    def judged(self, unit: Unit, parameters: ExpandedUncertaintyPlan) -> list[Judged]:
        """Every quantity that has a limit value."""
        return [Judged(channel.quantity, "%", tuple(self.criteria)) for channel in _channels(unit, parameters)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ExpandedUncertaintyPlan) -> list[Outcome]:
        """Add up."""
        [unit] = units
        return [_outcome(context, unit, channel, parameters) for channel in _channels(unit, parameters)]


def _channels(unit: Unit, parameters: ExpandedUncertaintyPlan) -> list[Channel]:
    return [channel for channel in unit.channels if channel.quantity in parameters.limit_value]


def _outcome(context: Context, unit: Unit, channel: Channel, plan: ExpandedUncertaintyPlan) -> Outcome:
    name, limit = f"{NAME}.relative", plan.limit_value[channel.quantity]
    subject = context.subject(unit.name, channel.quantity, "%", unit.full_scale)
    earlier = {test.id: test for test in context.tests}
    tests: dict[str, Test] = {}
    missing: list[str] = []
    for characteristic, (step, short) in _FROM.items():
        found = earlier.get(f"{unit.name}/{step}/{channel.quantity}/{short}")
        if found is None or found.value is None:
            missing.append(f"{step}.{short}")
        else:
            tests[characteristic] = found
    converter = None
    if unit.kind == "nox":
        its = earlier.get(f"{unit.name}/converter_efficiency/no2/lowest")
        if its is None or its.value is None:
            missing.append("converter_efficiency.lowest")
        else:
            converter = its.value
    references = reference_ids(context, channel.gas)
    if missing:
        why = Message(key="expanded_uncertainty.lacks", values={"what": ", ".join(missing)})
        data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=limit)
        test = context.judge.no_result(name, subject, "not tested", why)
        return Outcome(unit.name, channel.quantity, data, [test], [why], references)
    value = {characteristic: its.value or 0.0 for characteristic, its in tests.items()}
    result = limit_value_uncertainty(TypeTest(
        limit_value=limit, test_concentration=plan.span_pct * unit.full_scale / 100.0,
        repeatability_at_limit=value["repeatability"], reproducibility_percent=plan.reproducibility_pct,
        rise_time=60.0 * value["rise"], fall_time=60.0 * value["fall"], lack_of_fit_percent=value["lack_of_fit"],
        drift_zero=value["drift_zero"], drift_span_percent=value["drift_span"], averaging_percent=value["averaging"],
        port_percent=value["port"], calibration_gas_percent=2.0 * _gas_u_pct(context, channel),
        converter_percent=converter,
        influences=(
            Influence("surrounding_temperature", value["temperature"], plan.temperature.low, plan.temperature.high,
                      plan.temperature.calibration),
            Influence("supply_voltage", value["voltage"], plan.voltage.low, plan.voltage.high,
                      plan.voltage.calibration),
        ),
        interferents=_interferents(tests["interferent"], plan),
    ))  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [part.source, abs(part.contribution), 100.0 * abs(part.contribution) / limit]
        for part in result.budget.components
    ]
    rows.append(["combined", result.budget.combined, 50.0 * result.expanded / limit])
    columns = [Column(key="source"), Column(key="u", unit=channel.unit, decimals=3),
               Column(key="relative_u", unit="%", decimals=2)]  # fmt: skip
    data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=limit,
                        tables=[Table(key="uncertainty_budget", columns=columns, rows=rows)])  # fmt: skip
    test = context.judge.judge(name, subject, value=result.percent, budget=None, n=len(rows) - 1,
                               formula_numbers=f"2 × {result.budget.combined:.4g} / {limit:g} × 100 %")  # fmt: skip
    return Outcome(unit.name, channel.quantity, data, [test], [], references)


def _gas_u_pct(context: Context, channel: Channel) -> float:
    """Standard uncertainty of the calibration gas, %: of the cylinder, or of the photometer."""
    if channel.gas != "o3":
        return context.run.supply.cylinder(channel.gas).u_pct
    flows = context.run.supply.flows
    return 0.0 if flows is None else flows.ozone_u_pct


def _interferents(found: Test, plan: ExpandedUncertaintyPlan) -> tuple[Interferent, ...]:
    """The interferent that moved the reading most, as far as the site has it."""
    values = {} if found.message is None else found.message.values
    gas, tested = str(values.get("gas", "")), values.get("tested_at")
    high = plan.interferent_high.get(gas)
    if high is None or not isinstance(tested, int | float) or found.value is None:
        return ()
    return (Interferent(gas, found.value, float(tested), 0.0, high),)


PROCEDURE = ExpandedUncertainty()
