"""A calibrator with three cylinders, a vented manifold and a tube to the span port of each analyzer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from instruments.air import Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command, Value
from instruments.gas.base import PointAnalyzer
from instruments.plumbing import Air, Tube, VentedManifold
from instruments.supply.calibrator import Calibrator
from instruments.supply.cylinder import Cylinder
from instruments.supply.settings import Hidden
from instruments.supply.zero_air import ZeroAir

AMBIENT = {Species.SO2: 5.0, Species.NO: 10.0, Species.NO2: 20.0, Species.O3: 30.0, Species.CO: 0.5, Species.H2O: 10.0}
ROOM = {Species.SO2: 1.0, Species.O3: 5.0, Species.CO: 0.4, Species.H2O: 10.0}


class Line:
    """Analyzers by kind on one calibrator. Times are seconds."""

    def __init__(self, models: tuple[str, ...], seed: int, hidden: Mapping[str, Value], warm: bool, log_sd: float):
        self.ambient = Air(
            seed, "ambient", AMBIENT, temperature_c=15.0, temperature_sd_c=2.0, pressure_hpa=1013.0,
            pressure_sd_hpa=3.0, log_sd=log_sd, correlation_time_s=1800.0,
        )  # fmt: skip
        self.room = Air(
            seed, "room", ROOM, temperature_c=25.0, temperature_sd_c=0.5, pressure_hpa=1013.0, pressure_sd_hpa=3.0,
            log_sd=0.0, correlation_time_s=1800.0,
        )  # fmt: skip
        self.calibrator = Calibrator(
            load("146i"), "calibrator", seed, zero_air=ZeroAir(), hidden=Hidden(flow_repeatability_pct=0.0)
        )
        self.calibrator.connect_cylinder("a", Cylinder(Species.SO2, 50_000.0, 1.0))
        self.calibrator.connect_cylinder("b", Cylinder(Species.NO, 50_000.0, 1.0, {Species.NO2: 100.0}))
        self.calibrator.connect_cylinder("c", Cylinder(Species.CO, 5_000.0, 1.0))
        self.manifold = VentedManifold(self.calibrator.outlet, self.room)
        self.analyzers: dict[str, PointAnalyzer] = {}
        for model in models:
            entry = load(model)
            unit = build_unit(entry, entry.kind, seed, hidden=hidden, warm=warm)
            unit.connect("room", self.room)
            unit.connect("sample", self.ambient)
            self.manifold.add_consumer(unit, "span")
            flow = entry.parameter("sample_flow")
            unit.connect("span", Tube(self.manifold, length_m=3.0, bore_m=0.004, flow_lpm=flow))
            self.analyzers[entry.kind] = unit

    def tell(self, kind: str, at: float, **settings: Value) -> None:
        device = self.calibrator if kind == "calibrator" else self.analyzers[kind]
        for name, value in settings.items():
            device.apply(int(at * 1e6), Command(name.replace("__", "."), value))

    def offer(self, at: float, **settings: Value) -> None:
        """Let the calibrator make gas, and every analyzer draw it."""
        self.tell("calibrator", at, **settings)
        for kind in self.analyzers:
            self.tell(kind, at, gas_mode="span")

    def read(self, kind: str, quantity: str, at: float) -> float:
        value = self.analyzers[kind].read(int(at * 1e6), quantity)
        assert isinstance(value, float)
        return value

    def mean(self, kind: str, quantity: str, start: float, count: int = 60, every: float = 60.0) -> float:
        return sum(self.read(kind, quantity, start + i * every) for i in range(count)) / count


@pytest.fixture
def line() -> Callable[..., Line]:
    def make(*models: str, seed: int = 1, warm: bool = True, log_sd: float = 0.5, **hidden: Value) -> Line:
        return Line(models, seed, hidden, warm, log_sd)

    return make
