"""Numbers for people: rounded, with matching digits, never as the computer holds them.

Rounding is half to even, the usual rule of measurement (and of GB/T 8170): it adds no bias over many results.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from calibration.record import Interval, Test

MINUS = "\N{MINUS SIGN}"
NOTHING = "–"
MOST_PLACES = 9
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Result:
    """A measured value as printed: the value, its expanded uncertainty to the same digits, and the interval.

    ``expanded`` is empty where no uncertainty is known; ``interval`` is used instead where the interval is lopsided.
    """

    value: str
    expanded: str
    interval: str
    coverage: str


def fixed(value: float | None, places: int) -> str:
    """Return ``value`` with ``places`` decimals, a true minus sign and no negative zero; a dash for nothing."""
    if value is None or not math.isfinite(value):
        return NOTHING
    rounded = round_half_even(value, places)
    text = format(abs(rounded), "f")
    return MINUS + text if rounded < 0 else text


def round_half_even(value: float, places: int) -> Decimal:
    """Round the shortest decimal form of ``value`` (what a person would have written) to ``places`` decimals."""
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def places_for(uncertainty: float, digits: int = 2) -> int:
    """Return the decimals that show ``uncertainty`` with ``digits`` significant digits, from 0 to 9."""
    if not math.isfinite(uncertainty) or uncertainty <= 0:
        return 0
    places = digits - 1 - math.floor(math.log10(uncertainty))
    if abs(round_half_even(uncertainty, places)).adjusted() > math.floor(math.log10(uncertainty)):
        places -= 1  # 0.0996 becomes 0.10, not 0.100
    return min(MOST_PLACES, max(0, places))


def significant(value: float | None, digits: int = 3) -> str:
    """Return ``value`` with ``digits`` significant digits; powers of ten only where plain digits would mislead."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 6:
        return fixed(value, min(MOST_PLACES, max(0, digits - 1 - exponent)))
    mantissa = fixed(value / 10.0**exponent, digits - 1)
    return f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPTS)}"


def shortest(value: float) -> str:
    """Return a number that somebody chose (a limit, a set value) as short as it can be written."""
    text = f"{value:.10g}"
    if "e" in text:
        return significant(value)
    return MINUS + text[1:] if text.startswith("-") else text


def percent(probability: float) -> str:
    """Return a probability in per cent; never 0 % or 100 %, which no measurement can claim."""
    if not 0 <= probability <= 1:
        return NOTHING
    if probability < 0.001:
        return "< 0.1 %"
    if probability > 0.999:
        return "> 99.9 %"
    share = 100 * probability
    return f"{fixed(share, 1 if min(share, 100 - share) < 9.95 else 0)} %"


def share(fraction: float) -> str:
    """Return a part of a whole in per cent, none of them a rounded nothing."""
    return "< 1 %" if fraction < 0.005 else f"{fixed(100 * fraction, 0)} %"


def fixed_or_less(value: float, places: int) -> str:
    """Return a positive value with ``places`` decimals, or ``< 0.001`` for one that these would make nothing."""
    return fixed(value, places) if round_half_even(value, places) else f"< {fixed(10.0**-places, places)}"


def half_width(interval: Interval | None, value: float | None) -> float | None:
    """Return the expanded uncertainty of a symmetric interval round ``value``; None if lopsided or absent."""
    if interval is None or value is None:
        return None
    below, above = value - interval.low, interval.high - value
    if below <= 0 or above <= 0 or abs(above - below) > 0.05 * (above + below):
        return None
    return (above + below) / 2


def result(test: Test) -> Result:
    """Return the printed result of a test.

    Decimals follow the uncertainty (two significant digits), but are never fewer than the standard prints, nor more
    than two beyond it; then as many more as are needed for the printed value to stand on the same side of the limit
    as the verdict says.
    """
    value, interval = test.value, test.interval
    if value is None or not math.isfinite(value):
        return Result(NOTHING, "", "", "")
    expanded, places = half_width(interval, value), places_of(test)
    if interval is None:
        shown = coefficient(value, places) if test.criterion.endswith("correlation") else fixed(value, places)
        return Result(shown, "", "", "")
    coverage = f"{shortest(100 * interval.coverage)} %"
    if expanded is not None:
        some = round_half_even(expanded, places) > 0
        return Result(fixed(value, places), fixed(expanded, places) if some else significant(expanded, 2), "", coverage)
    if interval.high <= interval.low:
        return Result(fixed(value, places), "", "", "")
    fine = max(places, min(places_for((interval.high - interval.low) / 2), places + 3))
    shown = fixed(value, _honest_places(test, value, fine))
    return Result(shown, "", f"[{fixed(interval.low, fine)}, {fixed(interval.high, fine)}]", coverage)


def places_of(test: Test) -> int:
    """Return the decimals of a test's result, as :func:`result` prints it."""
    if test.value is None or not math.isfinite(test.value):
        return test.decimals
    expanded, places = half_width(test.interval, test.value), test.decimals
    if expanded is not None:
        places = min(max(places_for(expanded), test.decimals), test.decimals + 2)
    return _honest_places(test, test.value, places)


def coefficient(r: float, places: int) -> str:
    """Return a correlation coefficient; one that only rounding makes 1 as ``> 0.9999``."""
    if abs(r) < 1 and abs(round_half_even(r, places)) == 1:
        nines = f"0.{'9' * places}"
        return f"> {nines}" if r > 0 else f"< {MINUS}{nines}"
    return fixed(r, places)


def amount(value: float, unit: str) -> tuple[float, str]:
    """Return a content of gas in the unit that people use for its size: from 10,000 nmol/mol up, umol/mol."""
    return (value / 1000, "umol/mol") if unit == "nmol/mol" and abs(value) >= 10_000 else (value, unit)


def _honest_places(test: Test, value: float, places: int) -> int:
    """Return decimals, ``places`` if they will do, with which the printed value does not contradict the verdict."""
    meets = {"pass": True, "fail": False}.get(test.verdict)
    for candidate in (*range(places, test.decimals + 6), *range(test.decimals, places)):
        shown = float(round_half_even(value, candidate))
        if meets is None or within(shown, test.limit_low, test.limit_high) == meets:
            return int(candidate)
    return places


def within(value: float, low: float | None, high: float | None) -> bool:
    """Whether ``value`` meets limits, either of which may be missing."""
    return (low is None or value >= low) and (high is None or value <= high)
