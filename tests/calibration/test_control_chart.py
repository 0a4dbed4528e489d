"""Control charts: limits against a published example, each rule by a series that breaks it, one that just does not."""

import numpy as np
import pytest

from calibration.statistics.control_chart import control_chart
from calibration.statistics.errors import BadArgument

FLOW_RATES = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
"""NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, batches of a flow rate; recalled."""

BASE = [0.0, 1.128] * 10
"""Centre 0.564, sigma 1: every moving range is 1.128."""


def rules(*values):
    chart = control_chart([*BASE, *(0.564 + value for value in values)], baseline=len(BASE))
    assert chart.centre == pytest.approx(0.564)
    assert chart.sigma == pytest.approx(1.0)
    return [(signal.rule, signal.index - len(BASE)) for signal in chart.signals if signal.index >= len(BASE)]


def test_limits_of_the_published_example():
    chart = control_chart(FLOW_RATES)
    assert chart.centre == pytest.approx(50.81)
    assert chart.limits == pytest.approx((45.8159, 55.8041), abs=5e-4)
    assert chart.signals == ()
    assert chart.baseline == 10


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_each_rule_and_what_just_does_not_break_it(side):
    def of(*values):
        return rules(*(side * value for value in values))

    assert of(3.1) == [("beyond 3 sigma", 0)]
    assert of(2.9) == []
    assert of(2.1, -0.5, 2.1) == [("2 of 3 beyond 2 sigma", 2)]
    assert of(2.1, -0.5, -0.5, 2.1) == []
    assert of(2.1, -2.1) == []
    assert of(1.1, 1.2, -0.2, 1.1, 1.2) == [("4 of 5 beyond 1 sigma", 4)]
    assert of(1.1, 1.2, -0.2, 1.1, 0.9) == []
    assert of(-0.1, *[0.2, 0.3] * 4)[-1] == ("8 on one side", 8)
    assert of(-0.1, *[0.2, 0.3] * 3, 0.2) == []
    assert ("6 rising or falling", 5) in of(-1.4, -0.9, -0.4, 0.1, 0.6, 0.9)
    assert of(-1.4, -0.9, -0.4, 0.1, 0.1, 0.9) == []


def test_a_good_unit_is_hardly_ever_called_bad():
    """The scatter of a normal series is found from its ranges, and 0.27 % of it lie beyond three sigma."""
    random = np.random.default_rng(5)
    chart = control_chart(random.normal(3.0, 2.0, 20_000), baseline=20_000)
    assert chart.sigma == pytest.approx(2.0, rel=0.02)
    share = sum(signal.rule == "beyond 3 sigma" for signal in chart.signals) / 20_000
    assert share == pytest.approx(0.0027, abs=0.0012)


@pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, float("nan"), 2.0]])
def test_bad_values(values):
    with pytest.raises(BadArgument):
        control_chart(values)


def test_a_baseline_of_two_is_none():
    with pytest.raises(BadArgument, match="3 or more"):
        control_chart(FLOW_RATES, baseline=2)
