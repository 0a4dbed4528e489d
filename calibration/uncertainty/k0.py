"""Budget of a K0 verification: K0 from a weighed filter and two frequencies."""

from __future__ import annotations

import math

from calibration.statistics._arrays import not_negative
from calibration.statistics.hj_particles import k0_from_filter
from calibration.uncertainty.budget import Budget, Component


def k0_budget(
    filter_mass: float,
    frequency_without: float,
    frequency_with: float,
    u_mass: float,
    u_frequency: float,
    resolution: float = 0.0,
) -> tuple[float, Budget]:
    """Return K0 in g Hz^2 and its budget.

    K0 = m / D with D = 1/f1^2 - 1/f0^2: dK0/dm = 1/D, dK0/df1 = 2 m / (D^2 f1^3), dK0/df0 = -2 m / (D^2 f0^3). The two
    frequencies' errors are independent; the counter's resolution is rectangular in both, half a step to either side.

    Args:
        filter_mass: g.
        frequency_without: f0, Hz.
        frequency_with: f1, Hz.
        u_mass: standard uncertainty of the filter's certificate, g.
        u_frequency: of one frequency (drift and noise while it is read), Hz.
        resolution: step of the displayed frequency, Hz.

    Raises:
        BadArgument: as :func:`k0_from_filter`, or a negative uncertainty.
    """
    k0 = k0_from_filter(filter_mass, frequency_without, frequency_with)
    reciprocal = k0 / filter_mass
    by_with = 2.0 * filter_mass * reciprocal**2 / frequency_with**3
    by_without = -2.0 * filter_mass * reciprocal**2 / frequency_without**3
    step = not_negative(resolution, "resolution") / math.sqrt(12.0)
    u_f = not_negative(u_frequency, "u_frequency")
    return k0, Budget(
        (
            Component("filter_mass", "B", not_negative(u_mass, "u_mass"), "g", reciprocal),
            Component("frequency_without", "A", u_f, "Hz", by_without),
            Component("frequency_with", "A", u_f, "Hz", by_with),
            Component("resolution", "B", step, "Hz", math.hypot(by_without, by_with)),
        )
    )
