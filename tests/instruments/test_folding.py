"""What stands for an interval, against the same by hand."""

import numpy as np
import pytest

from instruments.folding import BITS, HIGHEST, LAST, LOWEST, MEAN, Fold, all_words, values_that_stood

NONE = np.nan
BORDERS = np.array([0, 3, 5, 7])


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        (MEAN, [3.0, 4.0, NONE]), (BITS, [5.0, 4.0, NONE]), (HIGHEST, [4.0, 4.0, NONE]), (LOWEST, [1.0, 4.0, NONE]),
        (LAST, [1.0, 4.0, NONE]), (Fold("worst", (4.0, 1.0)), [1.0, 4.0, NONE]),
    ],
)  # fmt: skip
def test_what_has_no_value_is_left_out(fold, expected):
    values = np.array([4.0, 4.0, 1.0, 4.0, NONE, NONE, NONE, 9.0])  # the last is in no interval
    np.testing.assert_array_equal(fold.apply(values, BORDERS), expected)


def test_a_bit_of_a_long_word_is_kept():
    word = float(1 << 31 | 1 << 27)
    assert BITS.apply(np.array([word, 1.0, 0.0]), np.array([0, 3])).tolist() == [word + 1.0]


def test_alarms_are_joined_and_modes_stand_by_their_length():
    alarms = np.array(["", "b:low a:high", "", "c:high", "c:high", "", "", "late"])
    assert all_words(alarms, BORDERS).tolist() == ["a:high b:low", "c:high", ""]
    modes = np.array(["zero", "span", "span", "sample", "sample", "zero", "sample"])
    assert values_that_stood(modes, BORDERS).tolist() == ["span+zero", "sample", "zero+sample"]
