"""Type-test statistics of EN 14211 (NO, NO2), 14212 (SO2), 14625 (O3) and 14626 (CO).

Response times: :mod:`.response`; converter: the two-point form of
:func:`calibration.uncertainty.converter_efficiency`; expanded uncertainty at the limit value:
:mod:`calibration.uncertainty.en_gas`. What is *reported* stands in a Swedish calculation sheet or in a TUV
type-approval report; the rest is recalled (high). Concentrations in one and the same unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, exact_sum, finite, frozen, not_negative, pair, positive, vector
from calibration.statistics.equivalence_to_reference import between_sampler_uncertainty
from calibration.statistics.errors import BadArgument
from calibration.statistics.lines import OrdinaryLine
from calibration.statistics.regression import ordinary_least_squares
from calibration.statistics.summary import mean, summarize

DETECTION_FACTOR = 3.3
"""Detection limit in standard deviations of the zero reading (reported)."""


def repeatability(readings: ArrayLike) -> float:
    """Return s_r = sqrt(sum (x - xm)^2 / (n - 1)); the standards take 20 readings per level; reported.

    Raises:
        BadArgument: fewer than 2 readings, NaN or infinity.
    """
    return summarize(readings).sd


def detection_limit(repeatability_at_zero: float, slope: float = 1.0) -> float:
    """Return 3.3 s_r,z / B, with B the slope of the calibration function; reported.

    Raises:
        BadArgument: a negative standard deviation, or a slope not above zero.
    """
    s = not_negative(repeatability_at_zero, "repeatability_at_zero")
    return DETECTION_FACTOR * s / positive(slope, "slope")


@dataclass(frozen=True, slots=True, eq=False)
class ResidualLackOfFit:
    """Residuals of the level means about the line through all readings.

    Attributes:
        line: the line.
        levels: concentrations, rising; read-only.
        residuals: mean reading of each level less the line; read-only.
        relative_percent: 100 residual / concentration, NaN at zero; read-only.
        at_zero: residual at zero; None if zero was not among the levels.
        largest_relative_percent: of largest magnitude above zero, with its sign.
    """

    line: OrdinaryLine
    levels: Vector
    residuals: Vector
    relative_percent: Vector
    at_zero: float | None
    largest_relative_percent: float


def residual_lack_of_fit(x: ArrayLike, y: ArrayLike) -> ResidualLackOfFit:
    """Return lack of fit as the European standards judge it: by each level's residual, not by a test of variances.

    Y = A + B X by least squares on all readings; r_c = mean(Y)_c - (A + B c), relative r_c / c x 100 %; reported (TUV
    report on a Serinus 30, p. 83). At least six concentrations, zero among them; reported.

    Args:
        x: concentration of each reading, not negative; shape (n,).
        y: readings, shape (n,).

    Raises:
        BadArgument: as :func:`ordinary_least_squares`, negative concentrations, or fewer than 3 levels.
    """
    xs, ys = pair(x, y, least=3)
    if (xs < 0.0).any():
        raise BadArgument("x", "concentrations not negative", float(xs.min()))
    line = ordinary_least_squares(xs, ys)
    levels, level_of = np.unique(xs, return_inverse=True)
    if levels.size < 3:
        raise BadArgument("x", "at least 3 levels, since a line meets any two", levels.size)
    residuals = np.array([exact_sum(part) / part.size for part in _by_level(line.residuals, level_of, levels.size)])
    relative = np.full(levels.size, np.nan)
    above = levels > 0.0
    relative[above] = 100.0 * residuals[above] / levels[above]
    largest = relative[above][np.argmax(np.abs(relative[above]))]
    return ResidualLackOfFit(
        line=line,
        levels=frozen(levels),
        residuals=frozen(residuals),
        relative_percent=frozen(relative),
        at_zero=float(residuals[0]) if levels[0] == 0.0 else None,
        largest_relative_percent=float(largest),
    )


@dataclass(frozen=True, slots=True)
class ZeroSpanDrift:
    """Drift at zero and at span, the zero's taken out of the span's.

    Attributes:
        zero: unit of the readings.
        span: unit of the readings.
        span_percent: span in % of the later span reading (how long-term drift is stated).
    """

    zero: float
    span: float
    span_percent: float


def zero_span_drift(
    zero_before: ArrayLike, span_before: ArrayLike, zero_after: ArrayLike, span_after: ArrayLike
) -> ZeroSpanDrift:
    """Return D_z = C_z,2 - C_z,1 and D_s = (C_s,2 - C_s,1) - D_z of the means.

    Short-term drift (12 h, 20 readings each) in concentration; long-term drift at span as 100 D_s / C_s,2.

    Raises:
        BadArgument: no readings of one kind, NaN or infinity, or a later span mean not above zero.
    """
    z1, s1, z2, s2 = (
        _mean(values, name)
        for values, name in (
            (zero_before, "zero_before"),
            (span_before, "span_before"),
            (zero_after, "zero_after"),
            (span_after, "span_after"),
        )
    )
    zero = z2 - z1
    span = (s2 - s1) - zero
    return ZeroSpanDrift(zero, span, 100.0 * span / positive(s2, "span_after"))


def averaging_effect(constant: ArrayLike, alternating: ArrayLike) -> float:
    """Return E_av = 100 (C_const - 2 C_var) / C_const in %.

    ``constant``: readings of constant test gas; ``alternating``: while zero and test gas alternate, every 45 s (TUV
    report on a Serinus 30, p. 100; reported). The formula is recalled, high.

    Raises:
        BadArgument: no readings, NaN or infinity, or a constant mean not above zero.
    """
    steady = positive(_mean(constant, "constant"), "constant")
    return 100.0 * (steady - 2.0 * _mean(alternating, "alternating")) / steady


def surrounding_temperature_coefficient(
    at_temperature: float, before: float, after: float, temperature: float, reference_temperature: float
) -> float:
    """Return b_st = |x_T - (x_1 + x_2)/2| / |T - T_0|: reading at T against the mean of those at T_0 around it.

    Agreed with printed coefficients of a TUV report from its raw data (0.040 and 0.045 against 0.040 and 0.046).

    Raises:
        BadArgument: NaN or infinity, or two equal temperatures.
    """
    middle = 0.5 * (finite(before, "before") + finite(after, "after"))
    return sensitivity_coefficient(at_temperature, middle, temperature, reference_temperature)


def sensitivity_coefficient(first: float, second: float, first_influence: float, second_influence: float) -> float:
    """Return b = |C_1 - C_2| / |x_1 - x_2|: pressure, gas temperature and voltage of the European type tests.

    Raises:
        BadArgument: NaN or infinity, or two equal values of the influence.
    """
    distance = abs(finite(first_influence, "first_influence") - finite(second_influence, "second_influence"))
    if distance == 0.0:
        raise BadArgument("second_influence", "another value than the first", second_influence)
    return abs(finite(first, "first") - finite(second, "second")) / distance


def port_difference(sample_port: ArrayLike, calibration_port: ArrayLike, test_concentration: float) -> float:
    """Return 100 (x_sample - x_calibration) / c_t in %, of the means.

    HJ 654 divides by the mean at the calibration port instead: give that as the test concentration (recalled).

    Raises:
        BadArgument: no readings, NaN or infinity, or a concentration not above zero.
    """
    difference = _mean(sample_port, "sample_port") - _mean(calibration_port, "calibration_port")
    return 100.0 * difference / positive(test_concentration, "test_concentration")


def field_reproducibility(first: ArrayLike, second: ArrayLike) -> float:
    """Return s_r,f = 100 sqrt(sum d^2 / (2 n)) / mean in %, of two analyzers side by side.

    Raises:
        BadArgument: no pairs, lengths that differ, NaN or infinity, or a mean not above zero.
    """
    scatter = between_sampler_uncertainty(first, second).u
    return 100.0 * scatter / positive(0.5 * (mean(first) + mean(second)), "mean of first and second")


def _mean(values: ArrayLike, name: str) -> float:
    return mean(vector(values, name, least=1))


def _by_level(values: Vector, level_of: np.ndarray[tuple[int], np.dtype[np.intp]], levels: int) -> list[Vector]:
    return [values[level_of == index] for index in range(levels)]
