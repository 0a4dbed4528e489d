"""A sensor beside a reference: both read in turn, and what their mean difference is uncertain by."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calibration.procedures.common.context import Context
from calibration.record import Message
from calibration.statistics.summary import Summary, mean, summarize, variance_dof
from calibration.uncertainty import Budget, Component
from rig.host.references import StandardReference


@dataclass(frozen=True, slots=True)
class Beside:
    """Readings of a sensor and of what it is held against, one by one.

    Attributes:
        shown, reference: of equal length, at least two.
        step: resolution of what the sensor shows.
    """

    shown: Sequence[float]
    reference: Sequence[float]
    step: float

    @property
    def differences(self) -> list[float]:
        """Shown less reference, reading by reading."""
        return [shown - true for shown, true in zip(self.shown, self.reference, strict=True)]

    @property
    def summary(self) -> Summary:
        """Of the differences."""
        return summarize(self.differences)

    @property
    def means(self) -> tuple[float, float]:
        """Mean of what was shown and of the reference."""
        return mean(self.shown), mean(self.reference)

    def budget(
        self, unit: str, u_reference: float, basis: Message, scale: float = 1.0
    ) -> Budget:  # fmt: skip
        """Uncertainty of ``scale`` times the mean difference.

        Args:
            unit: of the readings.
            u_reference: standard uncertainty of the reference, in that unit.
            basis: where that comes from.
            scale: from the difference to what is judged.
        """
        its = self.summary
        dof = variance_dof(its.n, its.effective_n)
        return Budget((
            Component("repeatability", "A", its.effective_standard_error, unit, scale, dof,
                      basis_key="basis.repeatability", basis_values={"n": its.n, "s": its.sd, "unit": unit}),
            Component("resolution", "B", self.step / math.sqrt(12.0), unit, scale, basis_key="basis.resolution",
                      basis_values={"step": self.step, "unit": unit}),
            Component("reference", "B", u_reference, unit, scale, basis_key=basis.key,
                      basis_values={key: value for key, value in basis.values.items() if value is not None}),
        ))  # fmt: skip


def read_beside(
    context: Context, pairs: Sequence[tuple[Callable[[], float], Callable[[], float]]], steps: Sequence[float],
    readings: int, every_s: float,
) -> list[Beside]:  # fmt: skip
    """Read several quantities of a sensor and of their references in turn.

    Args:
        context: of the procedure.
        pairs: for each quantity, what reads the sensor and what reads the reference.
        steps: resolution of each.
        readings: of each.
        every_s: bench seconds from one to the next.
    """
    shown: list[list[float]] = [[] for _ in pairs]
    true: list[list[float]] = [[] for _ in pairs]
    for number in range(readings):
        if number:
            context.run.wait(every_s)
        for place, (sensor, reference) in enumerate(pairs):
            shown[place].append(sensor())
            true[place].append(reference())
    return [Beside(*its) for its in zip(shown, true, steps, strict=True)]


def certificate_of(standard: StandardReference) -> Message:
    """Where a reference's uncertainty comes from: its certificate."""
    return Message(key="basis.certificate", values={"certificate": standard.certificate})


def by_the_plan(name: str) -> Message:
    """Where it comes from: a parameter of the plan."""
    return Message(key="basis.plan_parameter", values={"name": name})
