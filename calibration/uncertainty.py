"""Uncertainty budgets after JCGM 100:2008 (GUM): sources, sensitivities, combined uncertainty, intervals.

Sources that are fully correlated over the levels of a calibration (one cylinder, one mass-flow controller's span) are
carried as one component each, with the sensitivity of the result to the source as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.statistics.distributions import chi_square_survival, coverage_factor
from calibration.statistics.regression import OrdinaryLine, ordinary_least_squares

FloatArray = NDArray[np.float64]

_SURPRISE = 0.05
"""Probability below which a scatter is taken as more than was expected."""


@dataclass(frozen=True, slots=True)
class Component:
    """One source of uncertainty.

    Attributes:
        source: its name.
        type: "A" (by statistics) or "B" (by other means).
        u: standard uncertainty in the source's own unit.
        unit: that unit.
        sensitivity: change of the result per change of the source.
        dof: degrees of freedom of ``u``; infinite where it is taken as known.
        cancels: named because a reader looks for it; it cancels and counts nothing.
        basis_key, basis_values: where ``u`` comes from, as a message.
    """

    source: str
    type: Literal["A", "B"]
    u: float
    unit: str
    sensitivity: float
    dof: float = math.inf
    cancels: bool = False
    basis_key: str = ""
    basis_values: Mapping[str, float | int | str] = field(default_factory=dict)

    @property
    def contribution(self) -> float:
        """Its share of the result's standard uncertainty, not negative."""
        return 0.0 if self.cancels else abs(self.u * self.sensitivity)


@dataclass(frozen=True, slots=True)
class Budget:
    """Components of one result."""

    components: tuple[Component, ...]

    @property
    def combined(self) -> float:
        """Combined standard uncertainty."""
        return math.sqrt(math.fsum(c.contribution**2 for c in self.components))

    @property
    def dof(self) -> float:
        """Effective degrees of freedom (Welch-Satterthwaite, JCGM 100:2008 G.4.1); infinite if nothing limits them."""
        combined = self.combined
        if combined == 0.0:
            return math.inf
        spent = math.fsum((c.contribution / combined) ** 4 / c.dof for c in self.components)
        return 1.0 / spent if spent > 0.0 else math.inf

    def expanded(self, coverage: float = 0.95) -> float:
        """Half-width of the interval that covers with probability ``coverage``."""
        return coverage_factor(coverage, self.dof) * self.combined


@dataclass(frozen=True, slots=True)
class CommonError:
    """An error of the references that is one and the same number for all levels.

    Attributes:
        source, unit, basis_key, basis_values: as in :class:`Component`.
        u: its standard uncertainty.
        dx: change of each level's true value per unit of the error, shape (levels,).
    """

    source: str
    u: float
    unit: str
    dx: Sequence[float]
    basis_key: str = ""
    basis_values: Mapping[str, float | int | str] = field(default_factory=dict)


def calibration_line_budgets(
    x: ArrayLike, y: ArrayLike, correlated: Sequence[CommonError], expected_u: ArrayLike | None = None
) -> tuple[OrdinaryLine, Budget, Budget]:
    """Fit y on the nominal x and return the line with the budgets of its slope and intercept.

    What differs from level to level (repeatability of readings and of flows, resolution) is already in the scatter
    of the points about the line and must not be given again among ``correlated``. Six points tell their scatter only
    roughly, so where what is known beforehand (``expected_u``, per level, in the unit of y) is larger than what the
    scatter shows, the larger stands: a lucky draw of points that lie on a line must not promise more than the
    instruments can do.

    Args:
        x: nominal values, shape (levels,).
        y: readings, shape (levels,).
        correlated: reference errors, each common to all levels.
        expected_u: standard uncertainty of each point from independent sources, shape (levels,).

    Raises:
        ValueError: as ordinary_least_squares.
    """
    line = ordinary_least_squares(x, y)
    xs = np.asarray(x, dtype=np.float64)
    d = xs - line.x_mean
    slope_from_scatter, intercept_from_scatter = line.se_slope, line.se_intercept
    dof: float = line.dof
    source, key = "residual_scatter", "basis.residual_scatter"
    values: Mapping[str, float | int | str] = {"n": len(xs)}
    if expected_u is not None:
        expected = np.broadcast_to(np.asarray(expected_u, dtype=np.float64), xs.shape)
        # slope = sum(d y)/sxx and intercept = mean(y) - slope x_mean are linear in y.
        slope_weights = d / line.sxx
        intercept_weights = 1.0 / len(xs) - line.x_mean * slope_weights
        slope_expected = float(np.sqrt(np.sum((slope_weights * expected) ** 2)))
        intercept_expected = float(np.sqrt(np.sum((intercept_weights * expected) ** 2)))
        if slope_expected > slope_from_scatter:
            slope_from_scatter, intercept_from_scatter = slope_expected, max(intercept_expected, intercept_from_scatter)
            dof, source, key = math.inf, "repeatability", "basis.repeatability_pooled"
    type_: Literal["A", "B"] = "A" if math.isfinite(dof) else "B"
    slope_parts = [Component(source, type_, slope_from_scatter, "", 1.0, dof, basis_key=key, basis_values=values)]
    intercept_parts = [
        Component(source, type_, intercept_from_scatter, "", 1.0, dof, basis_key=key, basis_values=values)
    ]
    for error in correlated:
        slope_gradient, intercept_gradient = _gradients(line, xs, np.asarray(y, dtype=np.float64))
        dx = np.asarray(error.dx, dtype=np.float64)
        for parts, gradient in ((slope_parts, slope_gradient), (intercept_parts, intercept_gradient)):
            parts.append(
                Component(error.source, "B", error.u, error.unit, float(gradient @ dx),
                          basis_key=error.basis_key, basis_values=error.basis_values)
            )  # fmt: skip
    return line, Budget(tuple(slope_parts)), Budget(tuple(intercept_parts))


def _gradients(line: OrdinaryLine, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Derivatives of slope and intercept by each x: the line's error when the true x is not the nominal one."""
    d, e = x - line.x_mean, y - float(np.mean(y))
    slope_by_x = (e - 2.0 * line.slope * d) / line.sxx
    intercept_by_x = -line.slope / len(x) - line.x_mean * slope_by_x
    return slope_by_x, intercept_by_x


@dataclass(frozen=True, slots=True)
class Titration:
    """Mean readings of one titration, unit of the analyzer: ozone off (mean of before and after) and on."""

    no_original: float
    no_titrated: float
    nox_original: float
    nox_titrated: float


def converter_efficiency(titrations: Sequence[Titration], impurity: float = 0.0) -> float:
    """Return the converter efficiency in %: 100 x slope of NO2 converted on NO2 made; a single point gives its ratio.

    made = fall of NO + impurity; converted = made - fall of NOx. 40 CFR 50 Appendix F, 1.5.10 (reported by CLD 780 TR
    manual p. 159, Eq. 12). With one titration: 100 x (1 - fall of NOx / fall of NO), the two-point form.

    Raises:
        ValueError: nothing was titrated, or all titrations made the same NO2.
    """
    if not titrations:
        raise ValueError("at least one titration is needed")
    fall = [t.no_original - t.no_titrated for t in titrations]
    lost = [t.nox_original - t.nox_titrated for t in titrations]
    if len(titrations) == 1:
        if fall[0] <= 0.0:
            raise ValueError("NO did not fall: nothing was titrated")
        return 100.0 * (1.0 - lost[0] / fall[0])
    made = [f + impurity for f in fall]
    line = ordinary_least_squares(made, [m - gone for m, gone in zip(made, lost, strict=True)])
    return 100.0 * line.slope


def converter_efficiency_budget(
    titrations: Sequence[Titration],
    u_no: float,
    u_nox: float,
    *,
    flow_repeatability_pct: float = 0.0,
    impurity: float = 0.0,
) -> tuple[float, Budget]:
    """Return the efficiency in % and its budget.

    A reading's error enters made and converted at once, so sensitivities are taken by each reading (central
    differences; the function is smooth). ``u_no`` and ``u_nox`` are the standard uncertainties of a mean reading
    (noise, resolution, drift between originals); originals are means of two such readings. The cylinder's value and
    the dilution act on all readings alike and cancel in the ratio; flows that differ from reading to reading
    (``flow_repeatability_pct``, standard uncertainty of a concentration) do not. The scatter of the points about the
    line is a safeguard: if it is larger than chance explains, it stands instead of what was expected.
    """
    value = converter_efficiency(titrations, impurity)
    names = ("no_original", "no_titrated", "nox_original", "nox_titrated")
    rows = np.array([[getattr(t, name) for name in names] for t in titrations])

    def efficiency(table: FloatArray) -> float:
        return converter_efficiency([Titration(*row) for row in table.tolist()], impurity)

    gradient = _central_differences(efficiency, rows)
    u_of = np.array([u_no / math.sqrt(2.0), u_no, u_nox / math.sqrt(2.0), u_nox])
    from_readings = float(np.sqrt(np.sum((gradient * u_of) ** 2)))
    dof = math.inf
    source, key = "repeatability", "basis.repeatability_pooled"
    # The flows wander between readings: each reading has a dilution of its own, shared by NO and NOx.
    original = gradient[:, 0] * rows[:, 0] + gradient[:, 2] * rows[:, 2]
    titrated = gradient[:, 1] * rows[:, 1] + gradient[:, 3] * rows[:, 3]
    flow_sensitivity = float(np.sqrt(np.sum(titrated**2) + np.sum(original**2) / 2.0)) / 100.0
    from_flows = flow_sensitivity * flow_repeatability_pct
    if len(titrations) >= 3:
        made = rows[:, 0] - rows[:, 1] + impurity
        line = ordinary_least_squares(made, made - (rows[:, 2] - rows[:, 3]))
        scatter, expected = 100.0 * line.se_slope, math.hypot(from_readings, from_flows)
        # Two degrees of freedom scatter widely: only what chance would hardly bring puts the expectation aside.
        if (
            scatter > 0.0
            and chi_square_survival(line.dof * (scatter / max(expected, 1e-12)) ** 2, line.dof) < _SURPRISE
        ):
            from_readings, dof = math.sqrt(max(scatter**2 - from_flows**2, 0.0)), line.dof
            source, key = "residual_scatter", "basis.residual_scatter"
    parts = [
        Component(source, "A", from_readings, "%", 1.0, dof, basis_key=key, basis_values={"n": len(titrations)}),
        Component(
            "flow_repeatability",
            "B",
            flow_repeatability_pct,
            "%",
            flow_sensitivity,
            basis_key="basis.flow_repeatability",
        ),
        Component("cylinder", "B", 0.0, "%", 0.0, cancels=True, basis_key="basis.cancels_same_gas"),
        Component("dilution_flow", "B", 0.0, "%", 0.0, cancels=True, basis_key="basis.cancels_same_flow"),
    ]
    return value, Budget(tuple(parts))


def _central_differences(function: Callable[[FloatArray], float], table: FloatArray) -> FloatArray:
    step = 1e-4 * max(1.0, float(np.max(np.abs(table))))
    gradient = np.empty_like(table)
    for index in np.ndindex(*table.shape):
        shifted = table.copy()
        shifted[index] = table[index] + step
        above = function(shifted)
        shifted[index] = table[index] - step
        gradient[index] = (above - function(shifted)) / (2.0 * step)
    return gradient
