"""Every function that takes readings refuses what is none, by one error that names the argument."""

import copy
import inspect
import math
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from calibration import statistics, uncertainty
from calibration.statistics import BadArgument, en_gas, epa_part_53, hj_gas, hj_particles

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
HOUSES = ("en_gas", "epa_part_53", "hj_gas", "hj_particles")

ONE = {
    "readings of summarize": (statistics.summarize, "readings"),
    "readings of allan_deviation": (statistics.allan_deviation, "readings"),
    "readings of daily_drift": (statistics.daily_drift, "readings"),
    "values of grubbs": (statistics.grubbs, "values"),
    "values of dixon": (statistics.dixon, "values"),
    "readings of tolerance_interval": (statistics.tolerance_interval, "readings"),
    "readings of distribution_free_interval": (statistics.distribution_free_interval, "readings"),
    "differences of precision_and_bias": (statistics.precision_and_bias, "differences"),
    "readings of epa noise": (epa_part_53.noise, "readings"),
    "readings of zero_drift_12h": (epa_part_53.zero_drift_12h, "readings"),
    "readings of hj noise": (hj_gas.noise, "readings"),
    "readings of hj precision": (hj_gas.precision, "readings"),
    "flows of flow_stability": (hj_gas.flow_stability, "flows"),
    "readings of repeatability": (en_gas.repeatability, "readings"),
}
TWO = {
    "ordinary_least_squares": (statistics.ordinary_least_squares, "x", "y"),
    "deming": (statistics.deming, "x", "y"),
    "york": (lambda x, y: statistics.york(x, y, 1.0, 1.0), "x", "y"),
    "equivalence": (lambda x, y: statistics.equivalence(x, y, 0.5, 30.0), "reference", "candidate"),
    "drift": (statistics.drift, "times", "readings"),
    "residual_lack_of_fit": (en_gas.residual_lack_of_fit, "x", "y"),
    "flow_test": (lambda x, y: hj_particles.flow_test(x, y, 16.67), "reference", "monitor"),
    "between_sampler_uncertainty": (statistics.between_sampler_uncertainty, "first", "second"),
    "collocated_precision": (statistics.collocated_precision, "primary", "collocated"),
    "percent_differences": (statistics.percent_differences, "measured", "audit"),
    "mean_relative_error": (hj_gas.mean_relative_error, "readings", "nominal"),
    "interference_equivalent": (epa_part_53.interference_equivalent, "with_interferent", "without"),
    "response_time": (statistics.response_time, "rises", "falls"),
}
GOOD = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
RISING = [1.1, 2.3, 2.9, 4.4, 5.2, 6.0]


def spoilt(value):
    return [*GOOD[:3], value, *GOOD[4:]]


@pytest.mark.parametrize("case", ONE)
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (spoilt(math.nan), r"expected finite numbers, found {0}\[3\] is nan"),
        (spoilt(-math.inf), r"expected finite numbers, found {0}\[3\] is -inf"),
        (spoilt(None), r"{0}"),
        (spoilt("four"), r"expected a one-dimensional sequence of finite numbers, found \["),
        ([GOOD, GOOD], "expected a one-dimensional sequence, found 2 dimensions"),
        (3.0, "expected a one-dimensional sequence, found 0 dimensions"),
        ([], "expected at least"),
        (np.ma.masked_invalid(spoilt(math.nan)), "expected finite numbers, found masked values"),
        ([1j, 2.0, 3.0], "expected a one-dimensional sequence of finite numbers"),
    ],
)
def test_what_is_no_run_of_readings_is_refused(case, bad, words):
    function, argument = ONE[case]
    with pytest.raises(BadArgument, match=words.format(argument)) as caught:
        function(bad)
    assert caught.value.argument == argument


@pytest.mark.parametrize("case", TWO)
def test_what_are_no_pairs_is_refused(case):
    function, first, second = TWO[case]
    function(GOOD, RISING)  # good pairs are not refused
    for bad, good, argument in ((spoilt(math.nan), GOOD, first), (GOOD, spoilt(math.inf), second)):
        with pytest.raises(BadArgument) as caught:
            function(bad, good)
        assert caught.value.argument == argument
    with pytest.raises(BadArgument, match="sequences of one length, found 6 and 5 values") as caught:
        function(GOOD, GOOD[:5])
    assert caught.value.argument == f"{first} and {second}"
    with pytest.raises(BadArgument, match="at least"):
        function([], [])


def test_constant_readings_have_no_scatter_and_are_no_error():
    still = [400.1] * 8
    assert hj_gas.noise(still) == 0.0
    assert statistics.allan_deviation(still).deviations == pytest.approx(0.0, abs=1e-12)
    interval = statistics.tolerance_interval(still)
    assert (interval.low, interval.high) == (400.1, 400.1)
    assert statistics.precision_and_bias([2.0] * 5).precision == 0.0
    assert statistics.deming(GOOD, [7.0] * 6).slope == 0.0


def test_the_error_survives_a_worker_process():
    error = BadArgument("x", "finite numbers", "x[2] is nan")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert isinstance(other, ValueError)
        assert (str(other), other.argument) == (str(error), "x")
        assert str(other) == "x: expected finite numbers, found x[2] is nan"


def test_every_function_stands_on_the_page():
    page = PAGE.read_text(encoding="utf-8")
    packages = {statistics: (*HOUSES,), uncertainty: ()}
    for package, modules in packages.items():
        for name in package.__all__:
            found = getattr(package, name)
            if inspect.isfunction(found) or name in modules:
                assert f"`{name}" in page, f"{name} is not on docs/statistics.md"
                assert found.__doc__


def test_the_pages_example_says_what_comes_out():
    example = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    made, shown, refused = re.fullmatch(r"(.*)\n(line\.slope.*?)  +#.*\n(hj_gas.*?)  +#.*\n", example, re.S).groups()
    names = {}
    exec(made, names)
    assert eval(shown, names) == pytest.approx((2.1597, 0.1355, 2.743), abs=5e-4)
    with pytest.raises(BadArgument, match=r"readings: expected finite numbers, found readings\[2\] is nan"):
        eval(refused, names)


def test_results_and_their_arrays_cannot_be_changed():
    for result, field in (
        (statistics.allan_deviation(GOOD), "deviations"),
        (statistics.york(GOOD, GOOD, 1.0, 1.0), "residuals"),
        (en_gas.residual_lack_of_fit(GOOD, GOOD), "residuals"),
        (hj_particles.parallelism([GOOD, GOOD]), "each"),
    ):
        with pytest.raises(ValueError, match="read-only"):
            getattr(result, field)[0] = 1.0
        with pytest.raises(AttributeError):
            setattr(result, field, None)
