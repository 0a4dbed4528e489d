import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.units import parse_quantity


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [("500 ppb", "fraction", 500.0), ("50ppm", "fraction", 5e4), ("4 mm", "length", 0.004), ("7 d", "time", 604800.0),
     ("150 cc/min", "flow", 0.15), ("1e3 ppb", "fraction", 1000.0), (".5 min", "time", 30.0),
     ("6 h 30 min", "time", 23400.0), ("1d12h", "time", 129600.0), (" 1 min  0.5 s 2 ms ", "time", 60.502)],
)  # fmt: skip
def test_quantities_with_units(text, dimension, value):
    assert parse_quantity(text, dimension) == pytest.approx(value)


@pytest.mark.parametrize("text", ["500", "500 furlong", "ppb", "", "5 5 ppb", "nan ppb"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(ValueError, match="fraction"):
        parse_quantity(text, "fraction")


@pytest.mark.parametrize("text", ["30 min 6 h", "1 h 1 h", "1 h -5 min", "6 h 30", "1 h 2 ppb", "1e3 s 1 ms"])
def test_a_time_of_several_parts_goes_from_long_to_short(text):
    with pytest.raises(ValueError, match="unit of time"):
        parse_quantity(text, "time")


@pytest.mark.parametrize("dimension", ["length", "fraction"])
def test_only_times_have_several_parts(dimension):
    with pytest.raises(ValueError, match=f"unit of {dimension}"):
        parse_quantity("1 m 20 cm" if dimension == "length" else "1 ppm 20 ppb", dimension)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_clear_refusal(text):
    try:
        value = parse_quantity(text, "time")
    except ValueError as error:
        assert "unit of time" in str(error)  # noqa: PT017
    else:
        assert isinstance(value, float)
