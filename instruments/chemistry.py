"""Nitric oxide and ozone in a tube or a titration chamber: NO + O3 -> NO2 + O2 in plug flow, in closed form.

Second-order kinetics of two species with one stoichiometry: with D = NO - O3 constant along the way and
E = exp(-|D| k' t), the scarcer one is minor * |D| * E / (major - minor * E), and x / (1 + x k' t) when both are equal.
Rate constant: k = 3.0e-12 exp(-1500 K / T) cm3 / (molecule s), NASA/JPL Publication 19-5, table 1 (recalled).
"""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray

BOLTZMANN = 1.380649e-23
"""J/K, exact in the SI."""

_EQUAL = 1e-9
"""Below this |D| k' t the equal-start form is used: the other would lose its digits."""


def rate_constant(temperature_k: FloatArray) -> FloatArray:
    """Return k of NO + O3, cm3 / (molecule s), at absolute temperature ``temperature_k``."""
    return np.asarray(3.0e-12 * np.exp(-1500.0 / temperature_k))


def number_density(temperature_k: FloatArray, pressure_hpa: FloatArray) -> FloatArray:
    """Return molecules per cm3 of an ideal gas."""
    return np.asarray(pressure_hpa * 100.0 / (BOLTZMANN * temperature_k) * 1e-6)


def titrated(
    no: FloatArray,
    o3: FloatArray,
    residence_s: FloatArray,
    temperature_c: FloatArray,
    pressure_hpa: FloatArray,
    rate: float | None = None,
) -> FloatArray:
    """Return the NO2 made (equally the NO and the O3 used up) in plug flow, nmol/mol.

    Args:
        no: nitric oxide at the entrance, nmol/mol, shape (n,).
        o3: ozone at the entrance, nmol/mol, shape (n,).
        residence_s: time spent, seconds, shape (n,) or ().
        temperature_c: gas temperature, shape (n,) or ().
        pressure_hpa: gas pressure, shape (n,) or ().
        rate: rate constant to use in place of :func:`rate_constant`, cm3 / (molecule s).
    """
    kelvin = np.asarray(temperature_c + 273.15)
    constant = rate_constant(kelvin) if rate is None else np.asarray(rate)
    dose = constant * number_density(kelvin, pressure_hpa) * 1e-9 * residence_s
    major, minor = np.maximum(no, o3), np.minimum(no, o3)
    difference = major - minor
    exponent = difference * dose
    surviving = np.exp(-exponent)
    equal = exponent < _EQUAL
    if not equal.any():
        return np.asarray(minor - minor * difference * surviving / (major - minor * surviving))
    left = np.where(
        equal,
        minor / (1.0 + minor * dose),
        minor * difference * surviving / np.where(equal, 1.0, major - minor * surviving),
    )
    return np.asarray(minor - left)
