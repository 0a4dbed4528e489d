"""Formulas of HJ 193-2013, HJ 654-2013 and HJ 818-2018 for gas analyzers.

The standards' texts could not be read: each function says who reports its formula, or that it is recalled. Drift over
24 h: :func:`.day_to_day.daily_drift`; T90: :func:`.response.step_response`; multipoint line:
:func:`.regression.ordinary_least_squares`; converter by titration:
:func:`calibration.uncertainty.converter_efficiency`; port difference: :func:`.en_gas.port_difference`. Concentrations
in nmol/mol (CO umol/mol).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, exact_sum, finite, frozen, not_negative, pair, positive, vector
from calibration.statistics.errors import BadArgument
from calibration.statistics.summary import mean, summarize

DETECTION_FACTOR = 2.0
"""Detection limit in zero noises: HJ 193, 6.2 (recalled, high; its limits of 2 and 1 ppb agree)."""


def noise(readings: ArrayLike) -> float:
    """Return S = sqrt(sum (r - rm)^2 / (n - 1)): zero noise and span noise.

    HJ 193, 6.2 / HJ 654, 7 (symbols reported; means over 2 min, 25 of them or more: recalled).

    Raises:
        BadArgument: fewer than 2 readings, NaN or infinity.
    """
    return summarize(readings).sd


def detection_limit(zero_noise: float) -> float:
    """Return RDL = 2 S_0 (HJ 193, 6.2; from S_0: reported, the factor: recalled).

    Raises:
        BadArgument: a noise that is negative, NaN or infinite.
    """
    return DETECTION_FACTOR * not_negative(zero_noise, "zero_noise")


def indication_error(readings: ArrayLike, nominal: float, full_scale: float) -> float:
    """Return Le = 100 (mean - C_s) / R in % of full scale (HJ 193, 6.2; recalled: about 50 %, three readings).

    Raises:
        BadArgument: no readings, NaN or infinity, or a full scale not above zero.
    """
    return 100.0 * (_mean(readings, "readings") - finite(nominal, "nominal")) / positive(full_scale, "full_scale")


def precision(readings: ArrayLike) -> float:
    """Return P = sqrt(sum (C - Cm)^2 / (n - 1)) at 20 % or 80 % of full scale, in concentration.

    HJ 193, 6.2 (six readings reported, formula recalled).

    Raises:
        BadArgument: fewer than 2 readings, NaN or infinity.
    """
    return summarize(readings).sd


def flow_stability(flows: ArrayLike) -> Vector:
    """Return 100 (Q_i - Qm) / Qm in % of each flow (HJ 654, 7; recalled, low).

    Raises:
        BadArgument: fewer than 2 flows, NaN or infinity, or a mean not above zero.
    """
    found = vector(flows, "flows", least=2)
    middle = positive(mean(found), "flows")
    return frozen(100.0 * (found - middle) / middle)


@dataclass(frozen=True, slots=True)
class VoltageInfluence:
    """Attributes: change of the reading in % of full scale at the ``raised`` and the ``lowered`` supply."""

    raised: float
    lowered: float


def voltage_influence(nominal: float, raised: float, lowered: float, full_scale: float) -> VoltageInfluence:
    """Return 100 (X - W) / R and 100 (Y - W) / R: readings at 220 V, 10 % above and below (HJ 654, 7; recalled, high).

    Raises:
        BadArgument: NaN or infinity, or a full scale not above zero.
    """
    middle, scale = finite(nominal, "nominal"), positive(full_scale, "full_scale")
    return VoltageInfluence(
        100.0 * (finite(raised, "raised") - middle) / scale, 100.0 * (finite(lowered, "lowered") - middle) / scale
    )


def temperature_influence(readings: ArrayLike, temperature_step: float) -> float:
    """Return b_st = max(|M2 - (M1 + M3)/2|, |M4 - (M3 + M5)/2|) / dT.

    HJ 654, 7 (recalled, low): readings at 25, 35, 25, 15 and 25 C, step 10 C.

    Args:
        readings: M1 to M5.
        temperature_step: dT, above zero.

    Raises:
        BadArgument: other than five readings, NaN or infinity, or a step not above zero.
    """
    m = vector(readings, "readings")
    if m.size != 5:
        raise BadArgument("readings", "5 readings: M1 to M5", m.size)
    warm, cold = m[1] - 0.5 * (m[0] + m[2]), m[3] - 0.5 * (m[2] + m[4])
    return float(max(abs(warm), abs(cold))) / positive(temperature_step, "temperature_step")


def interference(with_interferent: ArrayLike, without: ArrayLike, full_scale: float) -> float:
    """Return IE = 100 (A_with - A_without) / R in % of full scale, of the means (HJ 654, 7; recalled, low).

    Raises:
        BadArgument: no readings, NaN or infinity, or a full scale not above zero.
    """
    change = _mean(with_interferent, "with_interferent") - _mean(without, "without")
    return 100.0 * change / positive(full_scale, "full_scale")


def relative_standard_deviation(values: ArrayLike) -> float:
    """Return 100 s / mean in %: precision audit of HJ 818 (reported), parallelism of three units in HJ 654 (recalled).

    Raises:
        BadArgument: fewer than 2 values, NaN or infinity, or a mean not above zero.
    """
    summary = summarize(values)
    return 100.0 * summary.sd / positive(summary.mean, "mean of values")


def mean_relative_error(readings: ArrayLike, nominal: ArrayLike) -> float:
    """Return 100/n sum |Y_i - X_i| / X_i in %: accuracy audit of HJ 818 (existence and limit reported, form recalled).

    Raises:
        BadArgument: lengths that differ, none, NaN or infinity, or a nominal value not above zero.
    """
    y, x = pair(readings, nominal, 1, "readings", "nominal")
    if not (x > 0.0).all():
        raise BadArgument("nominal", "concentrations above zero", float(x.min()))
    return 100.0 * exact_sum(np.abs(y - x) / x) / x.size


def relative_error(displayed: float, measured: float) -> float:
    """Return 100 (displayed - measured) / measured in %.

    Flow of a mass-flow controller (limit 2 %) or of an analyzer (10 %) against a meter, and the span drift
    (S' - S) / S of HJ 818 (all reported).

    Raises:
        BadArgument: NaN or infinity, or ``measured`` not above zero.
    """
    reference = positive(measured, "measured")
    return 100.0 * (finite(displayed, "displayed") - reference) / reference


def converter_efficiency_by_gas(readings: ArrayLike, nominal: float) -> float:
    """Return 100 mean / C_0 in %: NO2 standard gas on a converter (HJ 654, HJ 818; existence reported, form recalled).

    Raises:
        BadArgument: no readings, NaN or infinity, or a concentration not above zero.
    """
    return 100.0 * _mean(readings, "readings") / positive(nominal, "nominal")


def equivalent_concentration(cell_concentration: float, cell_length: float, path_length: float) -> float:
    """Return C_eq = C_cell L_cell / L_path: what a cell stands for in an open path (HJ 654, 2.2; recalled, medium).

    Raises:
        BadArgument: NaN or infinity, a negative concentration, or a length not above zero.
    """
    share = positive(cell_length, "cell_length") / positive(path_length, "path_length")
    return not_negative(cell_concentration, "cell_concentration") * share


def _mean(values: ArrayLike, name: str) -> float:
    return mean(vector(values, name, least=1))
