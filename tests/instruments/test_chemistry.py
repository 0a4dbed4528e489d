import numpy as np
import pytest
from scipy.integrate import solve_ivp

from instruments.chemistry import number_density, titrated


# worked examples of training material on gas-phase titration (reported)
@pytest.mark.parametrize(
    ("seconds", "celsius", "made"), [(3.008, 22.0, 18.45), (9.34, 28.0, 42.43), (10.556, 35.0, 45.13)]
)
def test_training_material_anchors(seconds, celsius, made):
    got = titrated(np.array([180.0]), np.array([90.0]), seconds, np.array(celsius), np.array(1013.25), rate=1.8e-14)
    assert got[0] == pytest.approx(made, abs=0.05)


@pytest.mark.parametrize(("no", "o3"), [(450.0, 160.0), (160.0, 450.0), (200.0, 200.0), (200.0, 200.0 + 1e-7)])
def test_agrees_with_the_differential_equation(no, o3):
    k = 1.8e-14 * float(number_density(np.array(298.15), np.array(1013.25))) * 1e-9
    ode = solve_ivp(lambda _t, y: [k * (no - y[0]) * (o3 - y[0])], (0, 60), [0.0], rtol=1e-10, atol=1e-10).y[0, -1]
    got = titrated(np.array([no]), np.array([o3]), 60.0, np.array(25.0), np.array(1013.25), rate=1.8e-14)
    assert got[0] == pytest.approx(ode, rel=1e-6)
