"""Flows of a gas-phase titration: how much NO, ozone air and dilution air make it complete.

Teledyne 200E manual, section 8.2.3, equations 8-1 to 8-7, read; the same as 40 CFR 50 Appendix F, 1.4 (recalled, high).
Flows in cm3/min at 25 C and 760 mm Hg, the reaction chamber in cm3, concentrations in ppm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from calibration.statistics._arrays import positive
from calibration.statistics.errors import BadArgument

COMPLETE = 2.75
"""Dynamic parameter, ppm min, from which less than 1 % of the ozone is left (Teledyne 9110EH p. 147; reported)."""

LONGEST_RESIDENCE = 2.0
"""Residence time, min, which the chamber must keep below (Teledyne 200E manual p. 145; reported)."""


@dataclass(frozen=True, slots=True)
class TitrationFlows:
    """Flows of a titration and what they come to.

    Attributes:
        no: flow of the NO standard, F_NO.
        ozone: flow through the ozone generator, F_O.
        dilution: F_D = F_T - F_O - F_NO.
        total: F_T.
        no_out: NO concentration at the manifold before any ozone, ppm.
        residence_time: t_R in the chamber, min.
        dynamic_parameter: P_R, ppm min.
    """

    no: float
    ozone: float
    dilution: float
    total: float
    no_out: float
    residence_time: float
    dynamic_parameter: float

    @property
    def complete(self) -> bool:
        """Does the reaction go to its end: P_R at least 2.75 ppm min and t_R below 2 min?"""
        # The design flow meets 2.75 exactly; what a hundredth part of a flow display hides must not refuse it.
        return self.dynamic_parameter >= COMPLETE * (1.0 - 1e-9) and self.residence_time < LONGEST_RESIDENCE


def titration_flows(
    total: float, no_standard: float, chamber: float, no_out: float, ozone: float | None = None
) -> TitrationFlows:
    """Return the flows for an NO concentration at the manifold.

    F_NO = NO_OUT F_T / NO_STD;  F_O = sqrt(NO_STD F_NO V_RC / 2.75) - F_NO, the largest for which the reaction is
    complete;  t_R = V_RC / (F_O + F_NO);  P_R = NO_STD F_NO / (F_O + F_NO) t_R.

    Args:
        total: F_T, demand of the analyzers and at least a tenth more.
        no_standard: NO_STD, concentration of the cylinder.
        chamber: V_RC.
        no_out: NO_OUT, usually 90 % of the range.
        ozone: F_O where the generator has a flow of its own; None takes the formula's.

    Raises:
        BadArgument: a value not above zero, or flows that leave nothing for dilution.
    """
    f_t, standard, volume = positive(total, "total"), positive(no_standard, "no_standard"), positive(chamber, "chamber")
    f_no = positive(no_out, "no_out") * f_t / standard
    f_o = math.sqrt(standard * f_no * volume / COMPLETE) - f_no if ozone is None else positive(ozone, "ozone")
    if not 0.0 < f_o < f_t - f_no:
        raise BadArgument("total", f"a flow above those of NO and ozone air ({f_no:.6g} and {f_o:.6g})", f_t)
    through = f_o + f_no
    residence = volume / through
    return TitrationFlows(
        no=f_no,
        ozone=f_o,
        dilution=f_t - through,
        total=f_t,
        no_out=no_out,
        residence_time=residence,
        dynamic_parameter=standard * f_no / through * residence,
    )
