"""Numbers as printed: matching digits, no eight digits, no U of zero, no contradiction of the verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration import record
from calibration.record import Interval
from reports import numbers

BASE = {
    "id": "a/b/c", "procedure": "multipoint", "procedure_id": "a/b", "criterion": "multipoint.slope", "document": "D",
    "clause": "1", "limit_mark": "read", "device": "a", "quantity": "so2", "unit": "1", "u": None, "verdict": "pass",
}  # fmt: skip


def a_test(value, half=None, **more):
    interval = None if half is None else Interval(low=value - half, high=value + half)
    return record.Test.model_validate({**BASE, "value": value, "interval": interval, **more})


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (0.125, 2, "0.12"), (0.135, 2, "0.14"), (-0.001, 2, "0.00"), (-1.5, 0, "−2"), (2.675, 2, "2.68"),
        (None, 2, "–"), (float("nan"), 2, "–"), (float("inf"), 0, "–"),
    ],
)  # fmt: skip
def test_fixed_rounds_half_to_even_as_written(value, places, shown):
    assert numbers.fixed(value, places) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.0123456, "0.0123"), (123456.0, "123456"), (-0.5, "−0.500"), (1.5e-7, "1.50 × 10⁻⁷"), (None, "–"),
     (2.5e9, "2.50 × 10⁹")],
)  # fmt: skip
def test_significant(value, shown):
    assert numbers.significant(value) == shown


@pytest.mark.parametrize(("u", "places"), [(0.0074, 4), (0.0996, 2), (1.23, 1), (12.3, 0), (350.0, 0), (0.0, 0)])
def test_two_digits_of_an_uncertainty(u, places):
    assert numbers.places_for(u) == places


@pytest.mark.parametrize(
    ("p", "shown"), [(0.0, "< 0.1 %"), (1.0, "> 99.9 %"), (0.12, "12 %"), (0.0314, "3.1 %"), (0.968, "96.8 %")]
)
def test_a_probability_is_never_certain(p, shown):
    assert numbers.percent(p) == shown


def test_value_and_uncertainty_have_matching_digits():
    shown = numbers.result(a_test(1.01234567, 0.0073210, limit_low=0.95, limit_high=1.05))
    assert (shown.value, shown.expanded, shown.coverage) == ("1.0123", "0.0073", "95 %")


def test_digits_stop_two_beyond_what_the_standard_prints():
    shown = numbers.result(a_test(1.01234567, 0.000000123, limit_low=0.95, limit_high=1.05))
    assert (shown.value, shown.expanded) == ("1.01235", "1.2 × 10⁻⁷")


def test_no_uncertainty_is_no_zero():
    assert numbers.result(a_test(1.0, 0.0)).expanded == ""
    assert numbers.result(a_test(1.0)).expanded == ""


def test_a_lopsided_interval_is_given_by_its_ends():
    test = a_test(96.2, None, decimals=1).model_copy(update={"interval": Interval(low=95.0, high=96.6)})
    shown = numbers.result(test)
    assert shown.expanded == ""
    assert shown.interval == "[95.00, 96.60]"


@pytest.mark.parametrize(("verdict", "shown"), [("fail", "0.9496"), ("pass", "0.950")])
def test_the_printed_value_stands_on_the_side_of_the_verdict(verdict, shown):
    assert numbers.result(a_test(0.9496, limit_low=0.95, limit_high=1.05, verdict=verdict)).value == shown


@pytest.mark.parametrize(
    ("r", "shown"), [(0.99999712, "> 0.9999"), (0.99964, "0.9996"), (1.0, "1.0000"), (-0.9999999, "< −0.9999")]
)
def test_a_correlation_is_not_one_by_rounding(r, shown):
    assert numbers.result(a_test(r, criterion="multipoint.correlation", decimals=4)).value == shown


@given(
    value=st.floats(-1e4, 1e4), half=st.floats(1e-9, 1e4), decimals=st.integers(0, 5),
    limit=st.floats(-1e4, 1e4).map(lambda x: round(x, 3)),
)  # fmt: skip
def test_a_fail_never_prints_as_a_pass(value, half, decimals, limit):
    verdict = "pass" if value >= limit else "fail"
    test = a_test(value, half, decimals=decimals, limit_low=limit, verdict=verdict)
    shown = numbers.result(test)
    printed = float(shown.value.replace(numbers.MINUS, "-"))
    assert abs(printed - value) <= 0.5 * 10.0**-decimals * 1.001
    if abs(value - limit) > 10.0 ** -(decimals + 5):
        assert (printed >= limit) == (verdict == "pass")


@pytest.mark.parametrize(("fraction", "shown"), [(0.001, "< 1 %"), (0.254, "25 %"), (1.0, "100 %")])
def test_share(fraction, shown):
    assert numbers.share(fraction) == shown


def test_a_small_part_is_not_nothing():
    assert numbers.fixed_or_less(0.0002, 3) == "< 0.001"
    assert numbers.fixed_or_less(0.0123, 3) == "0.012"


def test_big_contents_of_gas_are_shown_as_people_say_them():
    assert numbers.amount(50_000.0, "nmol/mol") == (50.0, "umol/mol")
    assert numbers.amount(400.0, "nmol/mol") == (400.0, "nmol/mol")
    assert numbers.amount(5_000.0, "umol/mol") == (5_000.0, "umol/mol")
