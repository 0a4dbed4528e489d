"""Expanded uncertainty of a gas analyzer at the limit value, from its type test: EN 14211 and its siblings, annex E.

All formulas: recalled, high in form and medium in detail; each term says which. The data quality objective is 15 % for
continuous measurement of O3, NO2, SO2 and CO.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calibration.statistics._arrays import finite, not_negative, positive
from calibration.statistics.errors import BadArgument
from calibration.uncertainty.budget import Budget, Component

COVERAGE_FACTOR = 2.0
"""U = 2 u_c."""

HOUR = 3600.0
"""Averaging time of the limit value, seconds."""


@dataclass(frozen=True, slots=True)
class Influence:
    """A quantity of the site that moves the reading: sample gas pressure and temperature, surroundings, voltage.

    Attributes:
        name: source of the budget.
        coefficient: b, unit of the limit value per unit of the quantity, measured at the test concentration.
        low, high: range of the quantity at the site.
        calibration: its value when the analyzer was calibrated.
    """

    name: str
    coefficient: float
    low: float
    high: float
    calibration: float

    def scatter(self) -> float:
        """Root mean square distance from the calibration's value, over a range in which all values are as likely."""
        up, down = self.high - self.calibration, self.low - self.calibration
        return math.sqrt((up * up + down * down + up * down) / 3.0)


@dataclass(frozen=True, slots=True)
class Interferent:
    """A gas of the site that the analyzer takes for its own.

    Attributes:
        name: source of the budget.
        error: reading with it less reading without, at the limit value; its sign counts.
        tested_at: concentration of the interferent in that test, above zero.
        low, high: its range at the site.
    """

    name: str
    error: float
    tested_at: float
    low: float
    high: float

    def contribution(self) -> float:
        """Uncertainty with the sign of the error: its concentration is anything from low to high."""
        square = (self.high**2 + self.low**2 + self.high * self.low) / 3.0
        return self.error / positive(self.tested_at, f"{self.name}.tested_at") * math.sqrt(square)


@dataclass(frozen=True, slots=True)
class TypeTest:
    """What a type test found; limits of the standards are not here.

    Attributes:
        limit_value: LV, hourly, nmol/mol (CO umol/mol), above zero; all concentrations are in its unit.
        test_concentration: c_t, at which the influences were measured.
        repeatability_at_limit: s_r at the limit value.
        reproducibility_percent: s_r,f of the field test, % of the mean.
        rise_time, fall_time: seconds.
        lack_of_fit_percent: largest residual, % of the level.
        drift_zero: long-term drift at zero.
        drift_span_percent: long-term drift at span, %.
        averaging_percent: averaging effect.
        port_percent: difference of sample and calibration port.
        calibration_gas_percent: expanded uncertainty of the calibration gas, %.
        converter_percent: efficiency of the converter, None where there is none.
        influences: of the site.
        interferents: of the site.
    """

    limit_value: float
    test_concentration: float
    repeatability_at_limit: float
    reproducibility_percent: float
    rise_time: float
    fall_time: float
    lack_of_fit_percent: float
    drift_zero: float
    drift_span_percent: float
    averaging_percent: float
    port_percent: float
    calibration_gas_percent: float
    converter_percent: float | None = None
    influences: Sequence[Influence] = ()
    interferents: Sequence[Interferent] = ()


@dataclass(frozen=True, slots=True)
class LimitValueUncertainty:
    """Attributes: ``budget`` at the limit value, ``expanded`` U = 2 u_c in its unit, ``percent`` W = 100 U / LV."""

    budget: Budget
    expanded: float
    percent: float


def limit_value_uncertainty(test: TypeTest) -> LimitValueUncertainty:
    """Return the budget at the limit value and the expanded uncertainty.

    Repeatability s_r / sqrt(m), m = 3600 / (t_r + t_f) readings an hour, or the field reproducibility where that is
    larger: it contains the other. Lack of fit, drifts, averaging, ports and converter rectangular: X / sqrt(3).
    Influences (LV / c_t) b x root mean square distance from the calibration. Interferents: positive and negative errors
    are added apart, and the larger sum counts. Calibration gas U / 2.

    Raises:
        BadArgument: NaN or infinity, or a limit value, test concentration or response time not above zero.
    """
    limit = positive(test.limit_value, "limit_value")
    share = limit / positive(test.test_concentration, "test_concentration")
    seconds = positive(test.rise_time, "rise_time") + positive(test.fall_time, "fall_time")
    repeatability = not_negative(test.repeatability_at_limit, "repeatability_at_limit") / math.sqrt(HOUR / seconds)
    reproducibility = not_negative(test.reproducibility_percent, "reproducibility_percent") / 100.0 * limit
    parts = [
        Component("field_reproducibility", "A", reproducibility, "", 1.0)
        if reproducibility >= repeatability
        else Component("repeatability", "A", repeatability, "", 1.0)
    ]
    percents = {
        "lack_of_fit": test.lack_of_fit_percent,
        "drift_span": test.drift_span_percent,
        "averaging": test.averaging_percent,
        "port": test.port_percent,
    }
    if test.converter_percent is not None:
        percents["converter"] = 100.0 - test.converter_percent
    for name, percent in percents.items():
        parts.append(_rectangular(name, finite(percent, f"{name}_percent") / 100.0 * limit))
    parts.append(_rectangular("drift_zero", finite(test.drift_zero, "drift_zero")))
    for influence in test.influences:
        if not influence.low <= influence.high:
            raise BadArgument(f"{influence.name}.low", f"a value not above {influence.high}", influence.low)
        parts.append(Component(influence.name, "B", influence.scatter(), "", share * influence.coefficient))
    parts.extend(_interferents(test.interferents))
    gas = not_negative(test.calibration_gas_percent, "calibration_gas_percent") / 100.0 * limit / 2.0
    parts.append(Component("calibration_gas", "B", gas, "", 1.0))
    budget = Budget(tuple(parts))
    expanded = COVERAGE_FACTOR * budget.combined
    return LimitValueUncertainty(budget, expanded, 100.0 * expanded / limit)


def _rectangular(name: str, half_width: float) -> Component:
    return Component(name, "B", abs(half_width) / math.sqrt(3.0), "", 1.0)


def _interferents(interferents: Sequence[Interferent]) -> list[Component]:
    """One component for the larger sum; the smaller is named, and counts nothing."""
    if not interferents:
        return []
    positive_sum = math.fsum(max(i.contribution(), 0.0) for i in interferents)
    negative_sum = math.fsum(max(-i.contribution(), 0.0) for i in interferents)
    return [
        Component("interferents_positive", "B", positive_sum, "", 1.0, cancels=positive_sum < negative_sum),
        Component("interferents_negative", "B", negative_sum, "", -1.0, cancels=negative_sum <= positive_sum),
    ]
