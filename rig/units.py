"""Quantities with units as people write them in bench files and on the command line: "500 ppb", "7 d", "8 MPa"."""

from __future__ import annotations

import re
from typing import Literal

Dimension = Literal["fraction", "length", "time", "flow", "volume", "pressure"]

_FACTORS: dict[Dimension, dict[str, float]] = {
    # base unit of each: nmol/mol, metre, second, litre per minute, litre, megapascal
    "fraction": {"ppb": 1.0, "nmol/mol": 1.0, "ppm": 1e3, "umol/mol": 1e3, "%": 1e7, "ppt": 1e-3, "pmol/mol": 1e-3},
    "length": {"m": 1.0, "cm": 1e-2, "mm": 1e-3},
    "time": {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0},
    "flow": {"L/min": 1.0, "l/min": 1.0, "lpm": 1.0, "cc/min": 1e-3, "mL/min": 1e-3, "ml/min": 1e-3, "sccm": 1e-3},
    "volume": {"L": 1.0, "l": 1.0, "mL": 1e-3, "ml": 1e-3, "cm3": 1e-3},
    "pressure": {"MPa": 1.0, "bar": 0.1, "kPa": 1e-3, "hPa": 1e-4, "psi": 0.00689476},
}
_BASE: dict[Dimension, str] = {
    "fraction": "nmol/mol", "length": "m", "time": "s", "flow": "L/min", "volume": "L", "pressure": "MPa",
}  # fmt: skip
_PATTERN = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S*)\s*")

_PART = re.compile(r"(\d+\.?\d*|\.\d+)\s*([^\W\d_]+)")
_SEVERAL = re.compile(rf"\s*{_PART.pattern}(?:\s*{_PART.pattern})+\s*")
"""A time of several parts: a sign or an exponent has no place in it."""


def parse_quantity(text: str, dimension: Dimension) -> float:
    """Return ``text`` as a number in the base unit of ``dimension``.

    Base units: nmol/mol for fractions, m, s, L/min, L, MPa. A time may be several, from the longest unit to the
    shortest: ``6 h 30 min``, ``1 d 12 h``.

    Raises:
        ValueError: no number, no unit, or a unit of another kind; the message says what was expected.
    """
    units = _FACTORS[dimension]
    match = _PATTERN.fullmatch(text)
    if dimension == "time" and (match is None or match[2] not in units) and _SEVERAL.fullmatch(text):
        return _summed(_PART.findall(text), units)
    if match is None:
        raise ValueError(f"a number with a unit of {dimension} ({', '.join(units)})")
    number, unit = match.groups()
    if unit not in units:
        raise ValueError(f"a unit of {dimension} ({', '.join(units)})")
    return float(number) * units[unit]


def _summed(parts: list[tuple[str, str]], units: dict[str, float]) -> float:
    """Sum of the parts of a time. Raises ValueError for a unit that is none, stands twice or in the wrong order."""
    factors = []
    for _, unit in parts:
        if unit not in units:
            raise ValueError(f"a unit of time ({', '.join(units)})")
        factors.append(units[unit])
    if sorted(set(factors), reverse=True) != factors:
        raise ValueError("each unit of time once, from the longest to the shortest, such as 1 d 6 h 30 min")
    return sum(float(number) * factor for (number, _), factor in zip(parts, factors, strict=True))


def base_unit(dimension: Dimension) -> str:
    """Return the unit that :func:`parse_quantity` returns numbers in."""
    return _BASE[dimension]
