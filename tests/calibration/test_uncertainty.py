import numpy as np
import pytest

from calibration.uncertainty import (
    Budget,
    CommonError,
    Component,
    Titration,
    calibration_line_budgets,
    converter_efficiency,
    converter_efficiency_budget,
)

LEVELS = np.array([0.0, 50.0, 100.0, 200.0, 300.0, 400.0])


def test_welch_satterthwaite_of_equal_parts():
    budget = Budget((Component("a", "A", 1.0, "1", 1.0, dof=4.0), Component("b", "A", 1.0, "1", 1.0, dof=4.0)))
    assert budget.combined == pytest.approx(2**0.5)
    assert budget.dof == pytest.approx(8.0)


def test_what_cancels_counts_nothing():
    budget = Budget((Component("a", "B", 3.0, "1", 1.0), Component("b", "B", 9.0, "1", 1.0, cancels=True)))
    assert budget.combined == pytest.approx(3.0)


def test_cylinder_error_goes_straight_into_the_slope():
    cylinder = CommonError("cylinder", 1.0, "%", LEVELS / 100.0)
    _, slope, intercept = calibration_line_budgets(LEVELS, 1.02 * LEVELS + 1.0, [cylinder])
    assert slope.components[1].contribution == pytest.approx(0.0102)
    assert intercept.components[1].contribution == pytest.approx(0.0, abs=1e-12)


def test_lucky_points_do_not_promise_more_than_the_instruments_can():
    _, slope, _ = calibration_line_budgets(LEVELS, LEVELS, [], expected_u=0.5)
    assert slope.combined == pytest.approx(0.5 / np.sqrt(np.sum((LEVELS - LEVELS.mean()) ** 2)))


def test_intervals_of_slope_and_intercept_cover_the_truth():
    generator = np.random.default_rng(20260105)
    runs, hits = 1500, np.zeros(2)
    for _ in range(runs):
        cylinder, flow, offset = generator.normal(0, 0.5), generator.normal(0, 0.4), generator.normal(0, 0.4)
        shape = np.where(LEVELS > 0, 1.0, 0.0)
        true = LEVELS * (1 + (cylinder + flow) / 100) + offset * shape
        reading = 1.01 * true + 2.0 + generator.normal(0, 0.8, len(LEVELS))
        errors = [
            CommonError("cylinder", 0.5, "%", LEVELS / 100),
            CommonError("flow", 0.4, "%", LEVELS / 100),
            CommonError("offset", 0.4, "nmol/mol", shape),
        ]
        line, slope, intercept = calibration_line_budgets(LEVELS, reading, errors)
        hits += abs(line.slope - 1.01) <= slope.expanded(), abs(line.intercept - 2.0) <= intercept.expanded()
    assert np.all((hits / runs > 0.93) & (hits / runs < 0.975)), hits / runs


def _titrations(efficiency, generator, u):
    for ozone in (80.0, 160.0, 240.0, 320.0):
        no, nox = 400.0, 402.0
        yield Titration(
            no + generator.normal(0, u / 2**0.5), no - ozone + generator.normal(0, u),
            nox + generator.normal(0, u / 2**0.5), nox - (1 - efficiency) * ozone + generator.normal(0, u),
        )  # fmt: skip


def test_interval_of_the_converter_efficiency_covers_the_truth():
    generator = np.random.default_rng(42)
    runs, hits = 1000, 0
    for _ in range(runs):
        value, budget = converter_efficiency_budget(list(_titrations(0.93, generator, 0.5)), 0.5, 0.5)
        hits += abs(value - 93.0) <= budget.expanded()
    assert 0.93 < hits / runs < 0.99


def test_published_form_with_a_constructed_converter():
    titrations = [Titration(450, r, 455, x) for r, x in ((90, 444.2), (180, 446.9), (270, 449.6), (360, 452.3))]
    assert converter_efficiency(titrations) == pytest.approx(97.0)
    assert converter_efficiency(titrations[:1]) == pytest.approx(97.0)


def test_nothing_titrated_is_refused():
    with pytest.raises(ValueError, match="nothing was titrated"):
        converter_efficiency([Titration(400, 400, 400, 400)])
