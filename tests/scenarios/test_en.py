"""EN 14211, 14212, 14625, 14626: the type test in the laboratory and the expanded uncertainty at the limit value."""

import math

import pytest

from rig.errors import ConfigurationErrors
from scenarios.opening import load_bench, load_plan
from scenarios.preflight import check_plan
from tests.helpers.type_bench import bench_of, plan_of, play

PLANS = {"en-14211": "nox", "en-14212": "so2", "en-14625": "o3", "en-14626": "co"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A good CO analyzer through all of EN 14626, with 12 h in place of the 14 days."""
    return play(tmp_path_factory.mktemp("en"), bench_of("co_a"), plan_of("en-14626", every='"12 h"'))


def values_of(record):
    return {test.criterion: test for test in record.tests}


def test_a_good_analyzer_passes(whole):
    code, record = whole
    assert code == 0
    found = values_of(record)
    assert found["zero_noise.detection_limit"].value == pytest.approx(3.3 * found["zero_noise.noise"].value)
    assert found["response_time.rise"].value < 3.0
    assert abs(found["averaging_effect.effect"].value) < 2.0
    assert found["temperature_influence.span"].unit == "umol/mol/K"
    assert {test.document for test in record.tests} == {"EN 14626", "HJ 818-2018"}


def test_the_uncertainty_is_that_of_all_tests_together(whole):
    """Added up by hand from the results that the record holds."""
    _, record = whole
    found, limit, share = {name: test.value for name, test in values_of(record).items()}, 8.6, 8.6 / 40.0
    step = {test.id.split("/")[1]: test.value for test in record.tests if test.criterion == "span_noise.noise"}
    times = 60.0 * (found["response_time.rise"] + found["response_time.fall"])
    squares = [(step["repeatability"] / math.sqrt(3600.0 / times)) ** 2]
    percents = ("lack_of_fit.largest", "long_term_drift.high_net_relative", "averaging_effect.effect",
                "port_difference.difference")  # fmt: skip
    squares += [(found[name] / 100.0 * limit) ** 2 / 3.0 for name in percents]
    squares.append(found["long_term_drift.zero"] ** 2 / 3.0)
    spread = {"temperature_influence.span": (-20.0, 10.0), "voltage_influence.span": (-10.0, 25.0)}
    for name, (low, high) in spread.items():
        squares.append((share * found[name]) ** 2 * (low * low + high * high + low * high) / 3.0)
    interferent = values_of(record)["interference.equivalent"]
    reach = {"so2": 100.0, "no": 200.0}[interferent.message.values["gas"]]
    squares.append((interferent.value / 400.0) ** 2 * reach**2 / 3.0)
    squares.append((0.5 / 100.0 * limit) ** 2)  # the cylinder's standard uncertainty
    assert found["expanded_uncertainty.relative"] == pytest.approx(200.0 * math.sqrt(sum(squares)) / limit)
    [entry] = [its for its in record.procedures if its.procedure == "expanded_uncertainty"]
    [table] = entry.data.tables
    assert table.rows[-1][0] == "combined"
    assert table.rows[-1][1] ** 2 == pytest.approx(sum(row[1] ** 2 for row in table.rows[:-1] if row[1] is not None))


def test_without_one_of_its_tests_there_is_no_uncertainty(tmp_path):
    code, record = play(tmp_path, bench_of("co_a"), plan_of("en-14626", "response", "expanded_uncertainty"))
    assert code == 3
    test = values_of(record)["expanded_uncertainty.relative"]
    assert test.verdict == "not tested"
    assert "lack_of_fit.largest" in test.message.values["what"]
    assert "response.rise" not in test.message.values["what"]


def test_a_bent_response_is_a_lack_of_fit(tmp_path):
    bench = bench_of("co_a")
    bench["device"]["co_a"]["hidden"] = {"linearity_pct_fs": 5.0}
    code, record = play(tmp_path, bench, plan_of("en-14626", "lack_of_fit", "port_difference"))
    assert code == 1
    failed = [test.criterion for test in record.tests if test.verdict == "fail"]
    assert failed == ["lack_of_fit.largest", "lack_of_fit.zero"]


@pytest.mark.parametrize("name", PLANS)
def test_the_embedded_bench_can_carry_it(name):
    plan, path = load_plan(name)
    bench, where = load_bench("type-test")
    check_plan(plan, path, bench, where, (), bench.bench.epoch.date())
    assert plan.kinds == (PLANS[name],)


def test_a_plan_for_another_gas_says_so(tmp_path):
    with pytest.raises(ConfigurationErrors) as caught:
        play(tmp_path, bench_of("co_a"), plan_of("en-14212"))
    assert "expected an analyzer of kind so2 to test" in str(caught.value)
