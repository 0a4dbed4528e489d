"""Efficiency of a NOx converter by gas-phase titration, and its budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from calibration.statistics.lack_of_fit import lack_of_fit_known
from calibration.statistics.regression import ordinary_least_squares
from calibration.uncertainty.budget import Budget, Component
from calibration.uncertainty.scatter import FloatArray, scale_of

EfficiencyForm = Literal["slope", "ratio"]
"""How several titrations give one efficiency: as the slope of a line, or, of rounds at one level, as the ratio of their
mean falls of NOx and NO."""

_SMALL = 1e-9
"""Least uncertainty of a point, in its own unit: keeps readings without any noise from being divided by nothing."""


@dataclass(frozen=True, slots=True)
class Titration:
    """Mean readings of one titration, unit of the analyzer: ozone off (mean of before and after) and on."""

    no_original: float
    no_titrated: float
    nox_original: float
    nox_titrated: float


@dataclass(frozen=True, slots=True, eq=False)
class TitrationSeries:
    """All readings of a converter test in order of time; neighbouring titrations share the original between them.

    Attributes:
        no, nox: mean readings, unit of the analyzer, shape (readings,).
        noise_no, noise_nox: covariance of the readings of each channel by noise and resolution, shape (readings,
            readings); the channels are independent of each other.
        steps: of each titration the indices of its readings: original before, titrated, original after.
        flow_covariance: of the relative error that a mass-flow controller's wandering gives each reading, shape
            (readings, readings); both controllers alike and independent of each other. None if flows do not wander.
    """

    no: FloatArray
    nox: FloatArray
    noise_no: FloatArray
    noise_nox: FloatArray
    steps: Sequence[tuple[int, int, int]]
    flow_covariance: FloatArray | None = None

    def titrations(self) -> list[Titration]:
        """Each titration with the mean of its originals."""
        return [
            Titration(
                0.5 * float(self.no[before] + self.no[after]), float(self.no[during]),
                0.5 * float(self.nox[before] + self.nox[after]), float(self.nox[during]),
            )
            for before, during, after in self.steps
        ]  # fmt: skip


def converter_efficiency(
    titrations: Sequence[Titration], impurity: float = 0.0, form: EfficiencyForm = "slope"
) -> float:
    """Return the converter efficiency in %: 100 x slope of NO2 converted on NO2 made; a single point gives its ratio.

    made = fall of NO + impurity; converted = made - fall of NOx. 40 CFR 50 Appendix F, 1.5.10 (reported by CLD 780 TR
    manual p. 159, Eq. 12). With one titration: 100 x (1 - fall of NOx / fall of NO), the two-point form. Of the form
    ``ratio`` that is taken of the means of all titrations, which were made at one level (HJ 654 and HJ 818 annex B,
    three rounds, as remembered).

    Raises:
        ValueError: nothing was titrated, two titrations (which a line always meets), or all made the same NO2.
    """
    if not titrations:
        raise ValueError("at least one titration is needed")
    fall = [t.no_original - t.no_titrated for t in titrations]
    lost = [t.nox_original - t.nox_titrated for t in titrations]
    if len(titrations) == 1 or form == "ratio":
        if sum(fall) <= 0.0:
            raise ValueError("NO did not fall: nothing was titrated")
        return 100.0 * (1.0 - sum(lost) / sum(fall))
    made = [f + impurity for f in fall]
    line = ordinary_least_squares(made, [m - gone for m, gone in zip(made, lost, strict=True)])
    return 100.0 * line.slope


def converter_efficiency_budget(series: TitrationSeries, form: EfficiencyForm = "slope") -> tuple[float, Budget]:
    """Return the efficiency in % and its budget.

    The efficiency depends on every reading once, so its derivatives are taken by each reading: what two titrations
    share is counted as shared. The cylinder's value and constant errors
    of the dilution act on all readings alike and cancel in the ratio. What a controller's flow does between one reading
    and the next does not cancel: more cylinder gas raises NO and NOx by what was there before the ozone, more zero air
    thins everything. The scatter of the points about the line is weighed against what was expected.

    Raises:
        ValueError: as :func:`converter_efficiency`.
    """
    titrations = series.titrations()
    value = converter_efficiency(titrations, form=form)
    slope_by_point = _slope_by_point(titrations, form)
    by_no, by_nox = _point_by_reading(series, value / 100.0)
    by_gas = by_no * _as_original(series, series.no) + by_nox * _as_original(series, series.nox)
    by_zero = by_no * series.no + by_nox * series.nox
    from_readings = by_no @ series.noise_no @ by_no.T + by_nox @ series.noise_nox @ by_nox.T
    from_flows = np.zeros_like(from_readings)
    if series.flow_covariance is not None:
        for effect in (by_gas, by_zero):
            from_flows += effect @ series.flow_covariance @ effect.T
    factor, dof = 1.0, math.inf
    if len(titrations) >= 3 and form == "slope":
        made = [t.no_original - t.no_titrated for t in titrations]
        converted = [m - (t.nox_original - t.nox_titrated) for m, t in zip(made, titrations, strict=True)]
        total = from_readings + from_flows + _SMALL**2 * np.eye(len(titrations))
        scale = scale_of(lack_of_fit_known(made, converted, total))
        factor, dof = scale.factor, scale.dof

    def through(covariance: FloatArray) -> float:
        return 100.0 * factor * math.sqrt(max(float(slope_by_point @ covariance @ slope_by_point), 0.0))

    n = len(titrations)
    parts = (
        Component("repeatability", "A", through(from_readings), "%", 1.0, dof, scale="points",
                  basis_key="basis.repeatability_pooled", basis_values={"n": n}),
        Component("flow_repeatability", "A", through(from_flows), "%", 1.0, dof, scale="points",
                  basis_key="basis.flow_repeatability"),
        Component("cylinder", "B", 0.0, "%", 0.0, cancels=True, basis_key="basis.cancels_same_gas"),
        Component("dilution_flow", "B", 0.0, "%", 0.0, cancels=True, basis_key="basis.cancels_same_flow"),
    )  # fmt: skip
    return value, Budget(parts)


def _slope_by_point(titrations: Sequence[Titration], form: EfficiencyForm) -> FloatArray:
    """Derivatives of the efficiency (as a fraction) by each point's converted - efficiency x made.

    For a ratio: 1 / sum(made).
    For a line: d / sxx, d = made - mean(made). What an error of made does to the slope by moving d itself is
    proportional to the residuals and left out.
    """
    made = np.array([t.no_original - t.no_titrated for t in titrations])
    if len(titrations) == 1 or form == "ratio":
        return np.full(len(made), 1.0 / made.sum())
    d = made - made.mean()
    return np.asarray(d / np.sum(d * d))


def _point_by_reading(series: TitrationSeries, efficiency: float) -> tuple[FloatArray, FloatArray]:
    """Derivatives of converted - efficiency x made by each NO and each NOx reading, shape (titrations, readings).

    converted - efficiency x made = (1 - efficiency) (NO original - NO titrated) - (NOx original - NOx titrated).
    """
    by_no = np.zeros((len(series.steps), len(series.no)))
    by_nox = np.zeros_like(by_no)
    for row, (before, during, after) in enumerate(series.steps):
        for column, share in ((before, 0.5), (after, 0.5), (during, -1.0)):
            by_no[row, column] += (1.0 - efficiency) * share
            by_nox[row, column] -= share
    return by_no, by_nox


def _as_original(series: TitrationSeries, values: FloatArray) -> FloatArray:
    """Readings as they would be without ozone: what a relative change of the gas flow acts on."""
    original = values.copy()
    for before, during, after in series.steps:
        original[during] = 0.5 * (values[before] + values[after])
    return original
