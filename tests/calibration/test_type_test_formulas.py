"""Formulas of the European and Chinese type tests, step responses, titration flows, K0."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.statistics import (
    BadArgument,
    en_gas,
    hj_gas,
    hj_particles,
    response_time,
    step_response,
    titration_flows,
)

DATA = Path(__file__).parents[1] / "data"
GPT = json.loads((DATA / "gpt_worked_examples.json").read_text())
K0 = json.loads((DATA / "constructed_checks.json").read_text())["teom_k0"]
LEVELS = np.repeat([400.0, 200.0, 0.0, 300.0, 100.0, 475.0], 4)


def test_european_repeatability_and_detection_limit():
    readings = [0.1, -0.3, 0.2, 0.4, 0.0]
    s = np.std(readings, ddof=1)
    assert en_gas.repeatability(readings) == pytest.approx(s)
    assert en_gas.detection_limit(s, 0.98) == pytest.approx(3.3 * s / 0.98)


def test_lack_of_fit_in_the_centred_form_of_the_type_approval_report():
    generator = np.random.default_rng(5)
    y = 0.5 + 1.02 * LEVELS + 2e-5 * LEVELS**2 + generator.normal(0, 0.3, LEVELS.size)
    found = en_gas.residual_lack_of_fit(LEVELS, y)
    # Y = a + B (X - Xz), A = a - B Xz, as the report writes it.
    centre = LEVELS.mean()
    b = np.sum(y * (LEVELS - centre)) / np.sum((LEVELS - centre) ** 2)
    a = y.mean() - b * centre
    for level, residual, relative in zip(found.levels, found.residuals, found.relative_percent, strict=True):
        expected = y[level == LEVELS].mean() - (a + b * level)
        assert residual == pytest.approx(expected, abs=1e-10)
        if level > 0:
            assert relative == pytest.approx(100 * expected / level, abs=1e-10)
        else:
            assert math.isnan(relative)
            assert found.at_zero == residual
    above = found.levels > 0
    assert abs(found.largest_relative_percent) == np.abs(found.relative_percent[above]).max()
    assert en_gas.residual_lack_of_fit(LEVELS[LEVELS > 0], y[LEVELS > 0]).at_zero is None


def test_a_straight_analyzer_has_no_lack_of_fit():
    found = en_gas.residual_lack_of_fit(LEVELS, 3.0 + 0.97 * LEVELS)
    assert np.abs(found.residuals).max() < 1e-10
    with pytest.raises(BadArgument, match="3 levels"):
        en_gas.residual_lack_of_fit([0, 0, 100], [0.1, 0.2, 100])
    with pytest.raises(BadArgument, match="not negative"):
        en_gas.residual_lack_of_fit([-1, 0, 100], [0.1, 0.2, 100])


def test_span_drift_leaves_the_zero_drift_out():
    found = en_gas.zero_span_drift([0.1, 0.3], [400.0, 401.0], [1.2, 1.2], [405.0, 406.0])
    assert found.zero == pytest.approx(1.0)
    assert found.span == pytest.approx(4.0)
    assert found.span_percent == pytest.approx(100 * 4.0 / 405.5)


def test_averaging_port_and_influences():
    assert en_gas.averaging_effect([8.6, 8.6], [4.2, 4.3]) == pytest.approx(100 * (8.6 - 8.5) / 8.6)
    assert en_gas.surrounding_temperature_coefficient(8.2, 7.5, 7.3, 0.0, 20.0) == pytest.approx(0.04)
    assert en_gas.sensitivity_coefficient(100.0, 101.5, 80.0, 110.0) == pytest.approx(0.05)
    assert en_gas.port_difference([398.0, 400.0], [400.0, 400.0], 400.0) == pytest.approx(-0.25)
    with pytest.raises(BadArgument, match="another value than the first"):
        en_gas.sensitivity_coefficient(1.0, 2.0, 20.0, 20.0)


def test_field_reproducibility():
    first, second = np.array([20.0, 40.0, 60.0]), np.array([21.0, 38.0, 62.0])
    expected = 100 * math.sqrt(np.sum((first - second) ** 2) / 6) / ((first.mean() + second.mean()) / 2)
    assert en_gas.field_reproducibility(first, second) == pytest.approx(expected)


def test_chinese_noise_and_limits():
    readings = np.array([0.2, -0.1, 0.4, 0.0, 0.3])
    s = math.sqrt(np.sum((readings - readings.mean()) ** 2) / 4)
    assert hj_gas.noise(readings) == pytest.approx(s) == hj_gas.precision(readings)
    assert hj_gas.detection_limit(0.9) == pytest.approx(1.8)
    assert hj_gas.indication_error([252.0, 254.0, 253.0], 250.0, 500.0) == pytest.approx(0.6)
    assert hj_gas.relative_standard_deviation([98.0, 102.0]) == pytest.approx(100 * math.sqrt(8) / 100)
    assert hj_gas.mean_relative_error([51.0, 98.0], [50.0, 100.0]) == pytest.approx(2.0)


def test_worked_figures_of_a_quality_control_engine():
    # Standard 400 ppb, reading 394: -1.5 %; CO 40000, reading 39556: -1.11 % (reference, 5.1).
    assert hj_gas.relative_error(394.0, 400.0) == pytest.approx(-1.5)
    assert hj_gas.relative_error(39556.0, 40000.0) == pytest.approx(-1.11)


def test_chinese_influences():
    found = hj_gas.voltage_influence(400.0, 402.0, 397.0, 500.0)
    assert (found.raised, found.lowered) == (pytest.approx(0.4), pytest.approx(-0.6))
    assert hj_gas.temperature_influence([400, 408, 402, 390, 400], 10.0) == pytest.approx(1.1)
    assert hj_gas.interference([4.0, 6.0], [1.0, 1.0], 500.0) == pytest.approx(0.8)
    assert hj_gas.flow_stability([0.9, 1.1]) == pytest.approx([-10.0, 10.0])
    assert hj_gas.converter_efficiency_by_gas([96.0, 98.0], 100.0) == pytest.approx(97.0)
    assert hj_gas.equivalent_concentration(1000.0, 0.1, 200.0) == pytest.approx(0.5)


def test_particle_flow_foil_and_differences():
    found = hj_particles.flow_test([16.6, 16.8, 16.7], [16.7, 16.9, 16.8], 16.67)
    assert found.mean_deviation_percent == pytest.approx(100 * (16.7 - 16.67) / 16.67)
    assert found.relative_sd_percent == pytest.approx(100 * 0.1 / 16.7)
    assert found.indication_error_percent == pytest.approx(100 * (16.7 - 16.8) / 16.7)
    foil = hj_particles.foil_reproducibility([[800, 802, 804], [790, 800, 798], [799, 801, 803]], 800.0)
    assert foil == pytest.approx([0.25, -0.5, 0.125])
    assert hj_particles.indication_difference([21.0, 23.0], [20.0]) == pytest.approx(2.0)
    assert hj_particles.leak_flow(0.21, 0.08) == pytest.approx(0.13)
    rows = np.array([[10.0, 11.0, 12.0], [50.0, 50.0, 53.0]])
    spread = 100 * rows.std(axis=1, ddof=1) / rows.mean(axis=1)
    units = hj_particles.parallelism(rows)
    assert units.each == pytest.approx(spread)
    assert units.overall == pytest.approx(math.sqrt(np.mean(spread**2)))


def test_k0_of_the_constructed_check():
    k0 = hj_particles.k0_from_filter(K0["filter_mass_g"], K0["f0_Hz"], K0["f1_Hz"])
    assert k0 == pytest.approx(K0["K0_g_Hz2"], rel=1e-12)
    rounded = hj_particles.k0_from_filter(0.085, K0["if_f1_read_0_01Hz"]["f0"], K0["if_f1_read_0_01Hz"]["f1"])
    assert rounded == pytest.approx(K0["if_f1_read_0_01Hz"]["K0"], rel=1e-12)
    assert hj_particles.k0_difference(rounded, 12000.0) == pytest.approx(K0["if_f1_read_0_01Hz"]["percent"], rel=1e-9)
    with pytest.raises(BadArgument, match="frequency_with: expected a frequency below 250"):
        hj_particles.k0_from_filter(0.085, 250.0, 251.0)


@given(st.floats(5.0, 200.0), st.floats(0.0, 60.0), st.sampled_from([1.0, -1.0]), st.floats(0.5, 0.97))
def test_times_of_a_first_order_response_are_its_own(tau, dead, direction, fraction):
    t = np.arange(0.0, 2000.0, 0.5)
    begin = 100.25  # between two readings
    height = np.where(t < begin + dead, 0.0, 1.0 - np.exp(-(t - begin - dead) / tau))
    found = step_response(t, 5.0 + direction * 400.0 * height, begin, 5.0, 5.0 + direction * 400.0, fraction, 2.0)
    assert found.total == pytest.approx(dead - tau * math.log(1 - fraction), abs=0.3)
    first_seen = dead - tau * math.log(1 - 2.0 / 400.0)
    assert first_seen - 1e-6 <= found.lag <= first_seen + 0.5001
    assert found.travel == pytest.approx(found.total - found.lag)


def test_a_response_that_never_arrives_has_no_time():
    found = step_response([0, 1, 2, 3], [0.0, 0.0, 10.0, 40.0], 0.5, 0.0, 100.0)
    assert found.total is None
    assert found.travel is None
    assert found.lag == 1.5
    still = step_response([0, 1, 2, 3], [0.0] * 4, 0.5, 0.0, 100.0)
    assert (still.lag, still.total) == (None, None)
    assert step_response([0, 1, 2], [95.0, 96.0, 97.0], 0.5, 0.0, 100.0).total == 0.0
    mean = response_time([170.0, 175.0], [180.0, 181.0])
    assert mean.difference == pytest.approx(-8.0)


@pytest.mark.parametrize(
    ("times", "step_at", "final", "words"),
    [
        ([0, 1, 1, 2], 0.5, 100.0, "times: expected rising"),
        ([0, 1, 2, 3], 3.0, 100.0, "step_at"),
        ([0, 1, 2, 3], 0.5, 0.0, "final: expected another level"),
        ([0, 1, 2], 0.5, 100.0, "one length"),
    ],
)
def test_traces_without_a_step_are_refused(times, step_at, final, words):
    with pytest.raises(BadArgument, match=words):
        step_response(times, [0.0, 1.0, 2.0, 3.0], step_at, 0.0, final)


def test_titration_flows_of_the_200e_manual():
    example = GPT["teledyne_200E"]
    found = titration_flows(example["F_T_used"], example["NO_STD_ppm"], example["V_RC_cm3"], example["NO_OUT_ppm"])
    assert found.no == pytest.approx(example["F_NO_printed"], abs=0.05)
    assert found.ozone == pytest.approx(example["F_O_printed"], abs=0.5)
    assert (found.ozone + found.no) ** 2 == pytest.approx(example["sqrt_argument_printed"], rel=3e-4)
    assert found.dynamic_parameter == pytest.approx(2.75, rel=1e-12)
    assert found.complete
    as_printed = titration_flows(2750, 50.5, 180, 24.5 * 50.5 / 2750, ozone=260.0)
    here = example["computed_here"]
    assert as_printed.residence_time == pytest.approx(here["t_R_min"], rel=1e-12)
    assert as_printed.dynamic_parameter == pytest.approx(here["P_R_ppm_min"], rel=1e-12)
    assert as_printed.dilution == pytest.approx(here["F_D"], rel=1e-12)


def test_titration_flows_of_the_200au_manual():
    example = GPT["teledyne_200AU"]
    no_out = example["F_NO"] * example["NO_STD_ppm"] / example["F_T"]
    found = titration_flows(example["F_T"], example["NO_STD_ppm"], example["V_RC_cm3"], no_out, example["F_O"])
    assert found.residence_time == pytest.approx(example["t_R_printed"], abs=5e-3)
    assert found.dynamic_parameter == pytest.approx(example["P_R_printed"], abs=1e-2)
    assert found.dilution == pytest.approx(example["F_D_printed"], abs=0.05)
    assert found.no_out == pytest.approx(example["computed_here"]["NO_OUT_ppm"])
    assert found.complete


def test_a_titration_that_is_not_complete_says_so_and_one_without_dilution_is_refused():
    assert not titration_flows(3300, 50.5, 180, 0.45, ozone=600.0).complete  # too quick
    assert not titration_flows(3300, 50.5, 2000, 0.45, ozone=900.0).complete  # over two minutes
    with pytest.raises(BadArgument, match="total: expected a flow above"):
        titration_flows(200, 50.5, 180, 45.0)
