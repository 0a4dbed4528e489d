"""Levels of an open path: readings of all its gases, one a cycle, and what a cell is on a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calibration.procedures.common.context import Context
from calibration.statistics.hj_gas import equivalent_concentration
from calibration.statistics.summary import Summary, summarize, variance_dof
from calibration.uncertainty import Component
from rig.cells import CellReference

GASES = ("so2", "no2", "o3")
NO_CELL = "none"
"""What the setting ``cell`` is called while none is inserted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Readings of one gas behind one cell, nmol/mol."""

    summary: Summary

    @property
    def mean(self) -> float:
        """Their mean."""
        return self.summary.mean

    @property
    def sd(self) -> float:
        """Their standard deviation."""
        return self.summary.sd

    @property
    def dof(self) -> float:
        """Degrees of freedom of their variance."""
        return variance_dof(self.summary.n, self.summary.effective_n)

    def components(self, weight: float = 1.0) -> tuple[Component, ...]:
        """What their mean is uncertain by."""
        its = self.summary
        return (
            Component("repeatability", "A", its.effective_standard_error, "nmol/mol", weight, self.dof,
                      basis_key="basis.repeatability", basis_values={"n": its.n, "s": its.sd, "unit": "nmol/mol"}),
        )  # fmt: skip


def look_through(context: Context, device: str, readings: int, cycle_s: float) -> dict[str, Seen]:
    """Readings of every gas, one in each cycle of the unit."""
    values: dict[str, list[float]] = {gas: [] for gas in GASES}
    for number in range(readings):
        if number:
            context.run.wait(cycle_s)
        for gas, its in values.items():
            its.append(context.run.read(device, gas).value)
    return {gas: Seen(summarize(its)) for gas, its in values.items()}


def cell_level(context: Context, name: str, gas: str, path_m: float) -> tuple[float, CellReference]:
    """What a cell is on a path of ``path_m`` by its certificate, nmol/mol, and the cell."""
    cell = context.run.supply.cells[name]
    return equivalent_concentration(cell.components[gas], cell.length_m, path_m), cell


def the_largest_talk(found: Mapping[str, Mapping[str, Seen]], gas: str) -> tuple[str, float]:
    """Behind which other gas's cell a gas changes most, and by how much, nmol/mol; by nothing where it is alone."""
    changes = {other: its[gas].mean - found["zero"][gas].mean for other, its in found.items() if other != gas}
    talker = max(changes, key=lambda other: abs(changes[other]))
    return talker, changes[talker]
