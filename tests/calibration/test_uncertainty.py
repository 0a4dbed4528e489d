from dataclasses import replace

import numpy as np
import pytest

from calibration.statistics import ChiSquareFit, window_covariance
from calibration.uncertainty import (
    EXPECTATION_DOF,
    Budget,
    CommonError,
    Component,
    PointError,
    Titration,
    TitrationSeries,
    calibration_line_budgets,
    converter_efficiency,
    converter_efficiency_budget,
    scale_of,
)

LEVELS = np.array([0.0, 50.0, 100.0, 200.0, 300.0, 400.0])


def test_welch_satterthwaite_of_equal_parts():
    budget = Budget((Component("a", "A", 1.0, "1", 1.0, dof=4.0), Component("b", "A", 1.0, "1", 1.0, dof=4.0)))
    assert budget.combined == pytest.approx(2**0.5)
    assert budget.dof == pytest.approx(8.0)


def test_what_cancels_counts_nothing():
    budget = Budget((Component("a", "B", 3.0, "1", 1.0), Component("b", "B", 9.0, "1", 1.0, cancels=True)))
    assert budget.combined == pytest.approx(3.0)


def test_parts_scaled_by_one_estimate_spend_its_degrees_of_freedom_together():
    parts = [Component(name, "A", 1.0, "1", 1.0, dof=4.0, scale="points") for name in "ab"]
    assert Budget(tuple(parts)).dof == pytest.approx(4.0)
    known = Component("c", "B", 2.0**0.5, "1", 1.0)
    assert Budget((*parts, known)).dof == pytest.approx(16.0)


def test_cylinder_error_goes_straight_into_the_slope():
    cylinder = CommonError("cylinder", 1.0, "%", LEVELS / 100.0)
    found = calibration_line_budgets(LEVELS, 1.02 * LEVELS + 1.0, [cylinder])
    assert found.slope.components[1].contribution == pytest.approx(0.0102)
    assert found.intercept.components[1].contribution == pytest.approx(0.0, abs=1e-12)
    assert found.straight is None


def independent(u):
    return PointError("readings", np.diag(np.full(len(LEVELS), float(u) ** 2)))


def test_lucky_points_do_not_promise_more_than_the_instruments_can():
    found = calibration_line_budgets(LEVELS, LEVELS, [], [independent(0.5)])
    expected = 0.5 / np.sqrt(np.sum((LEVELS - LEVELS.mean()) ** 2))
    assert found.straight.chi2 == pytest.approx(0.0, abs=1e-18)
    assert found.slope.combined == pytest.approx(expected * np.sqrt(EXPECTATION_DOF / (EXPECTATION_DOF + 4)))
    assert found.slope.dof == EXPECTATION_DOF + 4


def test_points_far_from_a_line_widen_the_interval():
    bent = LEVELS + 5.0 * np.sin(LEVELS / 60.0)
    calm, bad = (calibration_line_budgets(LEVELS, y, [], [independent(0.5)]) for y in (LEVELS, bent))
    assert bad.straight.p < 1e-6
    assert bad.slope.combined > 4.0 * calm.slope.combined


def test_the_pattern_of_a_common_error_is_not_taken_for_scatter():
    shape = np.where(LEVELS > 0, 1.0, 0.0)
    offset = CommonError("offset", 2.0, "nmol/mol", shape)
    y = LEVELS + 3.0 * shape
    with_it = calibration_line_budgets(LEVELS, y, [offset], [independent(0.3)])
    without = calibration_line_budgets(LEVELS, y, [], [independent(0.3)])
    assert with_it.straight.p > 0.1
    assert without.straight.p < 1e-3
    assert with_it.slope.components[0].u < 0.6 * without.slope.components[0].u


def test_an_error_that_all_levels_share_shifts_the_intercept_as_a_whole():
    together = PointError("drift", np.full((6, 6), 0.25))
    found = calibration_line_budgets(LEVELS, LEVELS, [], [independent(1e-3), together])
    part = next(c for c in found.intercept.components if c.source == "drift")
    scale = np.sqrt(EXPECTATION_DOF / (EXPECTATION_DOF + 4))
    assert part.contribution == pytest.approx(0.5 * scale)
    assert next(c for c in found.slope.components if c.source == "drift").contribution == pytest.approx(0.0, abs=1e-9)


def test_scale_weighs_expectation_and_points():
    scale = scale_of(ChiSquareFit(chi2=16.0, dof=4, f=4.0, p=0.003))
    assert scale.factor**2 == pytest.approx((12.0 + 16.0) / 16.0)
    assert scale.dof == 16.0


def test_intervals_of_slope_and_intercept_cover_the_truth():
    generator = np.random.default_rng(20260105)
    runs, hits = 3000, np.zeros(2)
    noise = 0.3 + 0.002 * LEVELS
    times = 1200.0 * np.arange(6)
    wander = 0.002**2 * np.outer(LEVELS, LEVELS) * window_covariance(times, times + 300.0, 1800.0)
    root = np.linalg.cholesky(wander + 1e-12 * np.eye(6))
    shape = np.where(LEVELS > 0, 1.0, 0.0)
    for _ in range(runs):
        cylinder, offset = generator.normal(0, 0.2), generator.normal(0, 0.4)
        true = LEVELS * (1 + cylinder / 100) + offset * shape
        reading = 1.01 * true + 2.0 + generator.normal(0, noise) + root @ generator.normal(size=6)
        errors = [
            CommonError("cylinder", 0.2, "%", LEVELS / 100),
            CommonError("offset", 0.4, "nmol/mol", shape),
        ]
        expected = [PointError("readings", np.diag(noise**2)), PointError("flows", wander)]
        found = calibration_line_budgets(LEVELS, reading, errors, expected)
        hits += (
            abs(found.line.slope - 1.01) <= found.slope.expanded(),
            abs(found.line.intercept - 2.0) <= found.intercept.expanded(),
        )
    assert np.all((hits / runs > 0.94) & (hits / runs < 0.97)), hits / runs


STEPS = [(0, 1, 2), (2, 3, 4), (4, 5, 6), (6, 7, 8)]
OZONE = np.array([0.0, 80.0, 0.0, 160.0, 0.0, 240.0, 0.0, 320.0, 0.0])


def series(efficiency, u, generator=None, flow_u=0.0, time=1200.0):
    begin = 900.0 * np.arange(9)
    flows = flow_u**2 * window_covariance(begin, begin + 300.0, time)
    draw = np.zeros(9) if generator is None else generator.normal(size=9)
    gas = np.linalg.cholesky(flows + 1e-18 * np.eye(9)) @ draw
    noise = (np.zeros(9), np.zeros(9)) if generator is None else generator.normal(0, u, (2, 9))
    no = 400.0 * (1 + gas) - OZONE + noise[0]
    nox = 402.0 * (1 + gas) - (1 - efficiency) * OZONE + noise[1]
    covariance = u**2 * np.eye(9)
    return TitrationSeries(no, nox, covariance, covariance, STEPS, flows)


@pytest.mark.parametrize(("u", "flow_u"), [(0.5, 0.0), (0.1, 0.001), (0.4, 0.001)])
def test_interval_of_the_converter_efficiency_covers_the_truth(u, flow_u):
    generator = np.random.default_rng(42)
    runs, hits = 1000, 0
    for _ in range(runs):
        # series() lets one controller wander; the budget counts two, each of the same size
        drawn = series(0.93, u, generator, flow_u * 2**0.5)
        value, budget = converter_efficiency_budget(replace(drawn, flow_covariance=drawn.flow_covariance / 2.0))
        hits += abs(value - 93.0) <= budget.expanded()
    assert 0.935 < hits / runs < 0.98, hits / runs


def test_a_flow_that_remembers_for_long_cancels_between_originals_and_titration():
    u = {
        time: converter_efficiency_budget(series(0.97, 1e-3, None, 0.001, time))[1].combined for time in (600, 1e4, 1e7)
    }
    assert u[600] > 2.0 * u[1e4] > 20.0 * u[1e7]


def test_shared_originals_count_once():
    """A wrong original between two titrations raises one point and the next: the slope sees their difference."""
    exact = series(0.97, 0.01)
    value, _ = converter_efficiency_budget(exact)
    moved = exact.nox.copy()
    moved[4] += 0.1
    shifted, _ = converter_efficiency_budget(replace(exact, nox=moved))
    only = np.zeros((9, 9))
    only[4, 4] = 0.1**2
    _, budget = converter_efficiency_budget(replace(exact, noise_no=np.zeros((9, 9)), noise_nox=only))
    assert budget.components[0].u / scale_by_luck(4) == pytest.approx(abs(shifted - value), rel=1e-3)


def scale_by_luck(points):
    return (EXPECTATION_DOF / (EXPECTATION_DOF + points - 2)) ** 0.5


def test_one_titration_has_the_budget_of_its_ratio():
    one = replace(series(0.97, 0.5), steps=[(0, 1, 2)])
    value, budget = converter_efficiency_budget(one)
    assert value == pytest.approx(97.0)
    # lost / fall: NOx by 1/80 and NO by 0.03/80; the original is the mean of two readings
    expected = 100.0 * 0.5 / 80.0 * np.hypot(1.0, 0.03) * np.sqrt(1.5)
    assert budget.combined == pytest.approx(expected, rel=1e-6)


def test_published_form_with_a_constructed_converter():
    titrations = [Titration(450, r, 455, x) for r, x in ((90, 444.2), (180, 446.9), (270, 449.6), (360, 452.3))]
    assert converter_efficiency(titrations) == pytest.approx(97.0)
    assert converter_efficiency(titrations[:1]) == pytest.approx(97.0)
    assert converter_efficiency(titrations, impurity=0.9) == pytest.approx(97.0)


def test_nothing_titrated_is_refused():
    with pytest.raises(ValueError, match="nothing was titrated"):
        converter_efficiency([Titration(400, 400, 400, 400)])
