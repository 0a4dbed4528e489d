"""The interval of a K0 verification holds the true difference as often as it says."""

from types import SimpleNamespace

import numpy as np

from calibration.criteria import Judge, Subject, load_criteria
from calibration.procedures.k0_verification import K0VerificationPlan, _judged, _Repeat
from calibration.statistics.hj_particles import k0_from_filter
from rig.host.plate import Piece

K0, FREE, MASS, U_MASS, STORED = 14976.0, 359.42, 0.08312, 2e-5, 14900.0
SEATING, U_HZ = 4e-4, 0.002


def test_coverage_over_a_thousand_verifications():
    random = np.random.default_rng(1)
    context = SimpleNamespace(
        judge=Judge((load_criteria("hj655"),), "simple"),
        subject=lambda device, quantity, unit, scale: Subject(device, "teom/k0", quantity, unit, scale),
    )
    true, plan, held = 100.0 * (K0 - STORED) / STORED, K0VerificationPlan(), 0
    piece = Piece("3", MASS, U_MASS, "X", None, "S")
    for _ in range(1000):
        mass = MASS + U_MASS * random.standard_normal()
        found = []
        for _ in range(3):
            swinging = mass * (1.0 + SEATING * random.standard_normal())
            loaded = (swinging / K0 + FREE**-2) ** -0.5 + U_HZ * random.standard_normal()
            free = FREE + U_HZ * random.standard_normal()
            k0 = k0_from_filter(MASS, free, loaded)
            found.append(_Repeat(free, loaded, U_HZ, U_HZ, k0, k0))
        interval = _judged(context, "teom", found, piece, STORED, plan).interval
        held += interval.low <= true <= interval.high
    # 950 are expected; the larger of two estimates of the scatter is taken, which errs on the wide side.
    assert 935 <= held <= 995
