"""NO, NO2 and ozone in city air: photostationary state with fresh exhaust in it.

Ozone takes NO to NO2 within a minute, light splits NO2 again, and exhaust brings new NO all the time. In the air of a
district these balance: k NO O3 = j NO2 + fresh NO. Nearer to a road the exhaust has had less time.
"""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray
from instruments.chemistry import number_density, rate_constant

RENEWAL_PER_S = 9.0e-4
"""Fresh NO of a district per NO2 that is there, 1/s at mean traffic.

Choice of this project: on nights without ozone NO reaches about three times NO2, as in Beijing's winters of 2013-17.
"""

DILUTION_PER_S = 2.8e-4
"""Rate at which fresh NO mixes away where no ozone is left to burn it: an hour (choice of this project)."""

MOST_NO = 5.0
"""Most NO per NO2 in the air of a district (choice of this project: NO2 is a sixth of NOx at the worst of times)."""

PRIMARY_NO2 = 0.12
"""Share of NO2 in the nitrogen oxides of exhaust (recalled: 0.05 to 0.2)."""

CO_PER_NOX = 4.0e-3
"""CO of exhaust, umol/mol per nmol/mol of nitrogen oxides (choice of this project: molar ratio 4 of modern traffic)."""

YOUNG = 0.05
"""Share of local exhaust that has not met its ozone yet, as a balance: 40 ppb of ozone and 100 ppb of fresh NO leave
6 ppb of ozone, as 60 s of plug flow do (derived from :func:`~instruments.chemistry.titrated`)."""


def rate_per_ppb(temperature_c: FloatArray, pressure_hpa: FloatArray) -> FloatArray:
    """Return k of NO + O3, 1 / (nmol/mol s)."""
    kelvin = np.asarray(temperature_c + 273.15)
    return np.asarray(rate_constant(kelvin) * number_density(kelvin, pressure_hpa) * 1e-9)


def district_balance(
    no2: FloatArray, o3: FloatArray, j: FloatArray, traffic: FloatArray, rate: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return NO and O3 (nmol/mol) beside ``no2`` in the air of a district.

    NO / NO2 = (j + fresh NO) / (k O3 + dilution), held below :data:`MOST_NO`. Where that bites by day there was less
    ozone than light makes of NO2; the ozone returned is then the one that balances.

    Args:
        no2: nmol/mol.
        o3: nmol/mol.
        j: photolysis of NO2, 1/s.
        traffic: relative to its mean.
        rate: of NO + O3, 1 / (nmol/mol s).
    """
    source = j + RENEWAL_PER_S * traffic
    ratio = MOST_NO * -np.expm1(-source / (rate * o3 + DILUTION_PER_S) / MOST_NO)
    return ratio * no2, np.maximum(o3, (j / ratio - DILUTION_PER_S) / rate)


def with_exhaust(
    no: FloatArray, no2: FloatArray, o3: FloatArray, exhaust: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return NO, NO2 and O3 after ``exhaust`` (nmol/mol of nitrogen oxides) has come into the air, or is missing.

    NOx and OX = O3 + NO2 are what reactions leave alone. With the balance q = NO O3 / NO2 of the air, and what is young
    of the exhaust, NO2 is the smaller root of NO2**2 - (NOx + OX + q) NO2 + NOx OX = 0.
    """
    nox = no + no2 + exhaust
    ox = np.maximum(o3 + no2 + PRIMARY_NO2 * exhaust, 0.0)
    balance = no * o3 / np.maximum(no2, 1e-9) + YOUNG * np.maximum(exhaust, 0.0)
    half = 0.5 * (nox + ox + balance)
    # the small root as a quotient: the difference would lose its digits
    new_no2 = nox * ox / (half + np.sqrt(np.maximum(half * half - nox * ox, 0.0)))
    return nox - new_no2, new_no2, ox - new_no2
