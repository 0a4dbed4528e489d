"""Budgets of any model by GTC, Monte Carlo as their judge, and budgets in closed form against both."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from GTC import reporting, result, ureal  # the library itself as a judge of Budget
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.statistics import BadArgument, between_sampler_uncertainty
from calibration.uncertainty import (
    Budget,
    Component,
    Influence,
    Input,
    Interferent,
    Titration,
    TypeTest,
    adaptive_monte_carlo,
    converter_efficiency,
    k0_budget,
    limit_value_uncertainty,
    monte_carlo,
    numerical_tolerance,
    propagate,
    validates,
)
from calibration.uncertainty.model import exp, log, sqrt

DATA = Path(__file__).parents[1] / "data"
FOUR = [Input(name, 0.0, 1.0) for name in "abcd"]


def total(*values):
    return sum(values[1:], values[0])


def test_gauge_block_of_the_gum():
    # JCGM 100:2008, H.1.6: 25, 9.7, 2.9 and 16.6 nm with 18, 25.6, 50 and 2 degrees of freedom: u 32 nm, dof 16
    # (cut down from 16.7); recalled.
    parts = {"standard": (25.0, 18), "difference": (9.7, 25.6), "expansion": (2.9, 50), "temperature": (16.6, 2)}
    own = Budget(tuple(Component(name, "B", u, "nm", 1.0, dof) for name, (u, dof) in parts.items()))
    assert own.combined == pytest.approx(32, abs=0.5)
    assert int(own.dof) == 16
    found = propagate(total, [Input(name, 0.0, u, "nm", dof) for name, (u, dof) in parts.items()])
    assert found.u == pytest.approx(own.combined, rel=1e-12)
    assert found.dof == pytest.approx(own.dof, rel=1e-9)
    assert own.expanded(0.99) == pytest.approx(2.92 * 32, rel=0.02)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.floats(0.01, 10), st.floats(-5, 5).filter(lambda c: abs(c) > 0.01), st.floats(1, 200)),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_our_budget_is_gtcs(parts):
    own = Budget(tuple(Component(str(i), "A", u, "", c, dof) for i, (u, c, dof) in enumerate(parts)))
    judge = result(total(*(c * ureal(0.0, u, dof) for u, c, dof in parts)))
    assert own.combined == pytest.approx(judge.u, rel=1e-9)
    assert own.dof == pytest.approx(judge.df, rel=1e-6)
    assert own.expanded() == pytest.approx(reporting.k_factor(min(judge.df, 1e6)) * judge.u, rel=1e-3)


def test_a_model_that_bends_keeps_its_signs_and_degrees_of_freedom():
    inputs = [Input("a", 2.0, 0.1, "V", 5, type="A"), Input("b", 3.0, 0.2, "ohm", 7)]
    found = propagate(lambda a, b: a * a / b, inputs)
    assert found.value == pytest.approx(4 / 3)
    sensitivities = [component.sensitivity for component in found.budget.components]
    assert sensitivities == pytest.approx([4 / 3, -4 / 9])
    assert found.u == pytest.approx(math.hypot(0.4 / 3, 0.8 / 9)) == found.budget.combined
    assert found.dof == pytest.approx(found.budget.dof)
    assert [component.type for component in found.budget.components] == ["A", "B"]


def test_correlations_count_in_both_methods():
    inputs = [Input("a", 5.0, 0.3), Input("b", 5.0, 0.4), Input("c", 1.0, 0.0)]

    def difference(a, b, c):
        return (a - b) * c

    found = propagate(difference, inputs, {("a", "b"): 0.8})
    expected = math.sqrt(0.09 + 0.16 - 2 * 0.8 * 0.12)
    assert found.u == pytest.approx(expected)
    assert found.budget.combined == pytest.approx(0.5)
    trial = monte_carlo(difference, inputs, np.random.default_rng(1), correlations={("a", "b"): 0.8})
    assert trial.u == pytest.approx(expected, rel=0.01)


def test_functions_serve_numbers_arrays_and_uncertain_numbers():
    def model(intensity, clean):
        return sqrt(exp(log(clean / intensity) * 2.0))

    found = propagate(model, [Input("intensity", 4.0, 0.04), Input("clean", 8.0, 0.08)])
    assert found.value == pytest.approx(2.0) == model(4.0, 8.0)
    assert found.u == pytest.approx(2.0 * math.sqrt(2) * 0.01)
    assert model(np.array([4.0, 2.0]), np.array([8.0, 8.0])) == pytest.approx([2.0, 4.0])


def test_four_normal_quantities_of_jcgm_101():
    # 9.2.2: u 2.00, 95 % interval -3.92 to 3.92; recalled.
    found = monte_carlo(total, FOUR, np.random.default_rng(101), 400_000)
    assert (found.value, found.u) == (pytest.approx(0, abs=0.02), pytest.approx(2.0, abs=0.01))
    assert (found.low, found.high) == (pytest.approx(-3.92, abs=0.04), pytest.approx(3.92, abs=0.04))


def test_four_rectangular_quantities_of_jcgm_101():
    # 9.2.3: the same uncertainties, -3.88 to 3.88; 9.2.4: one of ten times the width, -17.0 to 17.0 where the GUM
    # says -19.9 to 19.9; recalled.
    half = math.sqrt(3.0)
    same = [Input.rectangular(q.name, -half, half) for q in FOUR]
    found = monte_carlo(total, same, np.random.default_rng(102), 400_000)
    assert found.high == pytest.approx(3.88, abs=0.03)
    wide = [*same[:3], Input.rectangular("d", -10 * half, 10 * half)]
    found = monte_carlo(total, wide, np.random.default_rng(103), 400_000)
    assert found.high == pytest.approx(17.0, abs=0.1)
    budget = propagate(total, wide)
    assert budget.expanded() == pytest.approx(19.9, abs=0.05)
    assert not validates(budget.value, budget.expanded(), budget.u, found, digits=2)


def test_mass_calibration_of_jcgm_101():
    # 9.3: the first-order budget gives 0.0539 mg and is wrong, the true uncertainty is 0.0754 mg; recalled.
    inputs = [
        Input("reference", 100_000.000, 0.050, "mg"), Input("added", 1.234, 0.020, "mg"),
        Input.rectangular("air", 1.10, 1.30, "kg/m3"), Input.rectangular("weight", 7000.0, 9000.0, "kg/m3"),
        Input.rectangular("steel", 7950.0, 8050.0, "kg/m3"),
    ]  # fmt: skip

    def model(reference, added, air, weight, steel):
        return (reference + added) * (1.0 + (air - 1.2) * (1.0 / weight - 1.0 / steel)) - 100_000.0

    budget = propagate(model, inputs)
    found = monte_carlo(model, inputs, np.random.default_rng(104), 400_000, interval="shortest")
    assert budget.u == pytest.approx(0.0539, abs=5e-5)
    assert found.value == pytest.approx(1.234, abs=5e-4)
    assert found.u == pytest.approx(0.0754, abs=3e-4)
    assert (found.low, found.high) == (pytest.approx(1.0834, abs=3e-3), pytest.approx(1.3825, abs=3e-3))
    assert not validates(budget.value, budget.expanded(), budget.u, found, digits=2)


@pytest.mark.parametrize(
    ("quantity", "kurtosis"),
    [
        (Input("q", 3.0, 0.5, distribution="rectangular"), 1.8),
        (Input("q", 3.0, 0.5, distribution="triangular"), 2.4),
        (Input("q", 3.0, 0.5, distribution="arcsine"), 1.5),
        (Input("q", 3.0, 0.5), 3.0),
    ],
)
def test_each_distribution_has_its_own_shape_and_the_stated_u(quantity, kurtosis):
    values = quantity.draw(np.random.default_rng(9), 200_000)
    assert values.mean() == pytest.approx(3.0, abs=0.01)
    assert values.std() == pytest.approx(0.5, rel=0.01)
    assert np.mean(((values - values.mean()) / values.std()) ** 4) == pytest.approx(kurtosis, rel=0.03)


def test_few_readings_widen_the_draw_as_student_says():
    found = monte_carlo(lambda q: q, [Input("q", 0.0, 1.0, dof=5)], np.random.default_rng(8), 400_000)
    assert found.high == pytest.approx(2.571, abs=0.04)  # t table of 40 CFR 1065.602, 5 degrees of freedom


def test_adaptive_trials_stop_when_the_digits_stand():
    def square(a, b):
        return a * a + b

    inputs = [Input("a", 1.0, 0.1), Input("b", 0.0, 0.2)]
    found = adaptive_monte_carlo(square, inputs, np.random.default_rng(5), digits=1)
    assert found.settled
    assert found.trials % 10_000 == 0
    again = adaptive_monte_carlo(square, inputs, np.random.default_rng(5), digits=1)
    assert again == found
    finer = adaptive_monte_carlo(square, inputs, np.random.default_rng(5), digits=2)
    assert finer.trials > found.trials
    hasty = adaptive_monte_carlo(square, inputs, np.random.default_rng(5), digits=4, most_trials=30_000)
    assert (hasty.settled, hasty.trials) == (False, 30_000)
    assert validates(1.0, 1.96 * math.hypot(0.2, 0.2), math.hypot(0.2, 0.2), finer)


def test_numerical_tolerance_is_half_the_last_digit():
    # JCGM 101:2008, 7.9.2, examples: 0.035 to two digits 0.0005, 0.04 to one 0.005; recalled.
    assert numerical_tolerance(0.035) == pytest.approx(0.0005)
    assert numerical_tolerance(0.035, 1) == pytest.approx(0.005)
    assert numerical_tolerance(99.6, 2) == pytest.approx(5.0)  # rounds to 100: three digits before the point
    assert numerical_tolerance(0.0) == 0.0


def k0(mass, without, with_filter):
    return mass / (1.0 / with_filter**2 - 1.0 / without**2)


def test_budget_of_k0_is_gtcs_and_monte_carlos():
    value, own = k0_budget(0.085, 250.0, 208.1377, 0.00004, 0.004)
    inputs = [Input("m", 0.085, 0.00004, "g"), Input("f0", 250.0, 0.004, "Hz"), Input("f1", 208.1377, 0.004, "Hz")]
    judge = propagate(k0, inputs)
    assert value == pytest.approx(judge.value, rel=1e-12)
    assert own.combined == pytest.approx(judge.u, rel=1e-9)
    ours, theirs = (sorted(c.sensitivity for c in b.components if c.u > 0) for b in (own, judge.budget))
    assert ours == pytest.approx(theirs, rel=1e-9)
    trial = monte_carlo(k0, inputs, np.random.default_rng(3))
    assert validates(value, own.expanded(), own.combined, trial)
    assert 0.01 < 100 * own.combined / value < 0.06


def test_k0_intervals_cover_a_thousand_verifications():
    generator, hits = np.random.default_rng(1405), 0
    for _ in range(1000):
        mass, f0 = generator.uniform(0.08, 0.1), generator.uniform(200, 300)
        f1 = 1.0 / math.sqrt(1.0 / f0**2 + mass / 12_000.0)
        stated = mass + generator.normal(0, 0.00005)
        shown = [round((f + generator.normal(0, 0.003)) / 0.01) * 0.01 for f in (f0, f1)]
        value, budget = k0_budget(stated, shown[0], shown[1], 0.00005, 0.003, resolution=0.01)
        hits += abs(value - 12_000.0) <= budget.expanded()
    assert 0.93 < hits / 1000 < 0.97


def type_test(**changes):
    found = {
        "limit_value": 104.6, "test_concentration": 500.0, "repeatability_at_limit": 1.0, "reproducibility_percent":
        2.0, "rise_time": 60.0, "fall_time": 60.0, "lack_of_fit_percent": 2.0, "drift_zero": 1.5, "drift_span_percent":
        2.0, "averaging_percent": 3.0, "port_percent": 0.5, "calibration_gas_percent": 3.0, "converter_percent": 98.5,
    }  # fmt: skip
    return TypeTest(**(found | changes))


def test_expanded_uncertainty_at_the_limit_value_written_out():
    # NO2: hourly limit 200 ug/m3 = 104.6 nmol/mol at 20 C.
    lv = 104.6
    test = type_test(
        influences=[Influence("pressure", 0.5, 95.0, 103.0, 101.3), Influence("surroundings", 0.3, 20.0, 30.0, 20.0)],
        interferents=[
            Interferent("water", -1.2, 19.0, 6.0, 21.0), Interferent("ammonia", 0.4, 200.0, 0.0, 20.0),
            Interferent("ozone", 0.9, 200.0, 0.0, 100.0),
        ],
    )  # fmt: skip
    found = limit_value_uncertainty(test)
    rectangular = [2.0 * lv / 100, 1.5, 2.0 * lv / 100, 3.0 * lv / 100, 0.5 * lv / 100, 1.5 * lv / 100]
    pressure = lv / 500 * 0.5 * math.sqrt((1.7**2 + 6.3**2 - 1.7 * 6.3) / 3)
    surroundings = lv / 500 * 0.3 * math.sqrt(100 / 3)
    negative = 1.2 / 19.0 * math.sqrt((21**2 + 6**2 + 21 * 6) / 3)
    square = (0.02 * lv) ** 2 + sum(r * r / 3 for r in rectangular) + pressure**2 + surroundings**2
    square += negative**2 + (0.03 * lv / 2) ** 2
    assert found.budget.combined == pytest.approx(math.sqrt(square))
    assert found.expanded == pytest.approx(2 * math.sqrt(square))
    assert found.percent == pytest.approx(200 * math.sqrt(square) / lv)
    counted = {c.source for c in found.budget.components if c.contribution > 0}
    assert "interferents_negative" in counted
    assert not {"interferents_positive", "repeatability"} & counted


def test_the_larger_of_repeatability_and_reproducibility_counts():
    quiet = limit_value_uncertainty(type_test(reproducibility_percent=0.0, repeatability_at_limit=3.0))
    part = next(c for c in quiet.budget.components if c.source == "repeatability")
    assert part.u == pytest.approx(3.0 / math.sqrt(3600 / 120))
    without = limit_value_uncertainty(type_test(converter_percent=None)).budget.components
    assert all(c.source != "converter" for c in without)


@settings(max_examples=40)
@given(st.floats(-5, 5), st.floats(0.1, 10), st.floats(-10, 10), st.floats(0.1, 10))
def test_influence_scatter_is_the_root_mean_square_over_its_range(low, width, calibration, b):
    influence = Influence("x", b, low, low + width, calibration)
    values = np.linspace(low, low + width, 20_001)
    assert influence.scatter() == pytest.approx(math.sqrt(np.mean((values - calibration) ** 2)), rel=1e-3)


def test_a_between_sampler_uncertainty_is_an_input_like_any_other():
    u = between_sampler_uncertainty([10.0, 20.0, 30.0], [10.5, 19.0, 30.5])
    found = propagate(lambda mean: mean / math.sqrt(2.0), [Input("mean", 20.0, u.u, "ug/m3", u.n, type="A")])
    assert found.u == pytest.approx(u.u / math.sqrt(2.0))
    assert found.dof == pytest.approx(3)


def test_inputs_that_cannot_be_are_refused():
    good, other = Input("a", 1.0, 0.1), Input("b", 1.0, 0.1)
    few, flat = Input("few", 1.0, 0.1, dof=4), Input.rectangular("flat", 0, 1)
    generator = np.random.default_rng(1)
    for call, words in (
        (lambda: Input("a", math.nan, 0.1), r"a\.value: expected a finite number"),
        (lambda: Input("a", 1.0, -0.1), r"a\.u: expected a finite number not negative"),
        (lambda: Input("a", 1.0, 0.1, dof=0.0), r"a\.dof"),
        (lambda: Input("a", 1.0, 0.1, dof=4, distribution="rectangular"), "infinite ones"),
        (lambda: Input("a", 1.0, 0.1, distribution="student"), "finite ones"),
        (lambda: Input.rectangular("a", 2.0, 1.0), r"a\.low"),
        (lambda: propagate(total, []), "inputs: expected at least one"),
        (lambda: propagate(total, [good, good]), "a twice"),
        (lambda: propagate(total, [good, other], {("a", "c"): 0.5}), r"correlations\[a, c\]"),
        (lambda: propagate(total, [good, other], {("a", "b"): 1.0}), "above -1 and below 1"),
        (lambda: propagate(total, [good, other], {("a", "b"): 0.5, ("b", "a"): 0.5}), "each pair once"),
        (lambda: propagate(total, [good, few], {("a", "few"): 0.5}), "infinite degrees of freedom, found few"),
        (lambda: propagate(total, [good, flat], {("a", "flat"): 0.5}), "found flat"),
        (
            lambda: propagate(total, [good, other, Input("c", 1.0, 0.1)],
                              {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}),
            "positive definite",
        ),
        (lambda: monte_carlo(total, [good], generator, 10), "trials"),
        (lambda: monte_carlo(lambda a: 1.0, [good], generator), "one result per trial"),
        (lambda: monte_carlo(lambda a: (a - 1.0) / 0.0, [good], generator), "finite results"),
        (lambda: monte_carlo(total, [good], generator, coverage=1.0), "coverage"),
        (lambda: numerical_tolerance(-1.0), "u: expected"),
        (lambda: limit_value_uncertainty(type_test(limit_value=0.0)), "limit_value"),
        (lambda: limit_value_uncertainty(type_test(influences=[Influence("p", 1.0, 2.0, 1.0, 1.0)])), r"p\.low"),
        (lambda: limit_value_uncertainty(type_test(interferents=[Interferent("w", 1, 0, 0, 1)])), r"w\.tested_at"),
        (lambda: k0_budget(0.085, 250.0, 208.0, -1.0, 0.0), "u_mass"),
    ):  # fmt: skip
        with pytest.raises(BadArgument, match=words):
            call()


def test_converter_of_the_constructed_titrations():
    example = json.loads((DATA / "gpt_worked_examples.json").read_text())["constructed_converter"]
    points = [Titration(p["NO_orig"], p["NO_rem"], p["NOx_orig"], p["NOx_rem"]) for p in example["points"]]
    truth = 100.0 * example["truth_efficiency"]
    assert converter_efficiency(points, example["NO2_IMP"]) == pytest.approx(truth, abs=1e-9)
    for point in points:
        # The two-point form of CLD 780 TR, p. 91, and of EN 14211.
        assert converter_efficiency([point]) == pytest.approx(truth, abs=1e-9)
