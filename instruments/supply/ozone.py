"""Ozone of a calibrator: what its generator can make, and gas-phase titration in its reaction chamber.

Design figures of a titration, 40 CFR 50 appendix F (reported by Teledyne's manual of the 200E, pp. 145-146):
dynamic parameter P_R = [NO]_RC * t_R >= 2.75 umol/mol min with t_R < 2 min, t_R = V_RC / (F_NO + F_O),
[NO]_RC = cylinder * F_NO / (F_NO + F_O).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instruments.air import FloatArray, Species
from instruments.chemistry import titrated
from instruments.errors import Refused


@dataclass(frozen=True, slots=True)
class TitrationDesign:
    """Figures of a titration as planned.

    Attributes:
        residence_min: t_R, minutes.
        dynamic_parameter: P_R, umol/mol min.
    """

    residence_min: float
    dynamic_parameter: float


def design(no_cylinder: float, gas_lpm: float, ozone_lpm: float, chamber_cm3: float) -> TitrationDesign:
    """Return residence time and dynamic parameter of a titration.

    Args:
        no_cylinder: NO of the cylinder, nmol/mol.
        gas_lpm: flow from the cylinder, L/min.
        ozone_lpm: flow through the ozone generator, L/min.
        chamber_cm3: volume of the reaction chamber, cm3.
    """
    flow = gas_lpm + ozone_lpm
    residence = chamber_cm3 / 1000.0 / flow
    return TitrationDesign(residence, no_cylinder / 1000.0 * gas_lpm / flow * residence)


def check_dose(ozone: float, total_lpm: float, low: float, high: float) -> None:
    """Raise Refused if the generator cannot make ``ozone`` (nmol/mol) in ``total_lpm``; 0 is the lamp off.

    ``low`` and ``high`` bound the dose, nmol/mol * L/min.
    """
    dose = ozone * total_lpm
    if dose > high:
        raise Refused("too high", f"ozone: {dose:.5g} ppb L/min is above {high:.5g}")
    if ozone < 0.0 or 0.0 < dose < low:
        raise Refused("too low", f"ozone: {dose:.5g} ppb L/min is below {low:.5g}")


def titrate(
    entering: FloatArray, flow_lpm: FloatArray, chamber_cm3: float, temperature_c: float, pressure_hpa: float
) -> FloatArray:
    """Return gas after the chamber, shape (len(Species), n), from ``entering`` of the same shape at ``flow_lpm``."""
    residence = chamber_cm3 / 1000.0 / np.maximum(flow_lpm, 1e-6) * 60.0
    no, o3 = np.ascontiguousarray(entering[Species.NO]), np.ascontiguousarray(entering[Species.O3])
    made = titrated(no, o3, residence, np.asarray(temperature_c), np.asarray(pressure_hpa))
    leaving = entering.copy()
    leaving[Species.NO] -= made
    leaving[Species.O3] -= made
    leaving[Species.NO2] += made
    return leaving
