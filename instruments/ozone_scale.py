"""The scale of ozone: which absorption coefficient the bench's true mole fractions go with.

A photometer that calculates with another coefficient a reads true x SCALE / a. Ozone on the bench, in the air as in a
calibrator's gas, is counted on the scale of 308 atm-1 cm-1 that networks used until the transition to 304.39
(40 CFR 50 appendix D; read): a device set to 304.39 reads 1.19 % above one set to 308, and one set to 308.32
(1.1476e-17 cm2) 0.10 % below it.
"""

from __future__ import annotations

SCALE = 308.0
"""atm-1 cm-1, at 0 deg C."""


def reading_factor(coefficient: float) -> float:
    """Return reading over true ozone of a perfect photometer that calculates with ``coefficient``."""
    return SCALE / coefficient
