import pytest

from instruments.air import Species
from instruments.errors import Refused
from instruments.supply.cylinder import Cylinder
from instruments.supply.mass_flow import MassFlowController


def test_cylinder_content_and_certificate_differ_by_the_hidden_deviation():
    cylinder = Cylinder(Species.NO, 50_000.0, 2.0, {Species.NO2: 100.0}, deviation_pct=-0.8)
    assert cylinder.composition()[Species.NO] == pytest.approx(49_600.0)
    assert cylinder.composition()[Species.NO2] == 100.0
    assert cylinder.standard_uncertainty == 500.0


def test_impurity_cannot_be_the_main_species():
    with pytest.raises(ValueError, match="main species"):
        Cylinder(Species.NO, 1.0, 1.0, {Species.NO: 1.0})


def test_controller_range():
    controller = MassFlowController("zero air", 10.0, 5.0)
    controller.check(0.5)
    with pytest.raises(Refused, match="too low"):
        controller.check(0.49)
    with pytest.raises(Refused, match="too high"):
        controller.check(10.01)
