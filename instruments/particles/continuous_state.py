"""The state of a continuous beta monitor from minute to minute."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter


@dataclass(slots=True)
class Running:
    """What goes on from minute to minute; each field is a row."""

    # what is shown
    concentration: float = 0.0
    concentration_1h: float = 0.0
    concentration_24h: float = 0.0
    hour_valid: float = 0.0
    record_s: float = 0.0
    mass: float = 0.0
    changing: float = 1.0
    tape_fault: float = 0.0
    flow: float = 0.0
    pressure_drop: float = 0.0
    count_rate: float = 0.0
    alpha_rate: float = 0.0
    radon: float = 0.0
    foil_reading: float = 0.0
    # what only the next minute needs
    inlet_flow: float = 0.0
    ahead: float = 0.0
    told: float = 0.0
    age: float = 0.0
    spot: float = 0.0
    left: float = -1.0
    solid: float = 0.0
    volatile: float = 0.0
    hygroscopic: float = 0.0
    load: float = 0.0
    daughters: float = 0.0
    alpha_mean: float = 0.0
    clean_counts: float = 0.0
    off_5: float = 0.0
    off_10: float = 0.0
    foil_minutes: float = 0.0
    foil_before: float = 0.0
    foil_after: float = 0.0
    self_test_result: float = 0.0

    def fresh(self, minutes: float) -> None:
        """A new spot comes under the counter; it takes ``minutes``."""
        self.spot += 1.0
        self.left = minutes
        self.solid = self.volatile = self.hygroscopic = self.load = self.daughters = self.alpha_mean = 0.0
        self.clean_counts = self.age = self.mass = self.off_5 = self.off_10 = 0.0

    def idle(self) -> None:
        """No air, no counts."""
        self.flow = self.inlet_flow = self.told = self.pressure_drop = self.count_rate = self.alpha_rate = 0.0


FIELDS = tuple(field.name for field in fields(Running))
SHOWN = FIELDS[: FIELDS.index("inlet_flow")]
row = attrgetter(*FIELDS)
"""The fields of the state as a tuple, in the order of :data:`FIELDS`."""
DEFAULTS: dict[str, float] = dict(zip(FIELDS, row(Running()), strict=True))
