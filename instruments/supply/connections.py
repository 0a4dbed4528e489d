"""What ties a calibrator to its catalogue entry and to what feeds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from instruments.air import FloatArray, GasListener
from instruments.catalogue import CatalogueEntry
from instruments.supply.flows import Flows
from instruments.unit import Unit


class Figures(Mapping[str, float]):
    """A model's parameters by name, as the functions of this package take them."""

    def __init__(self, entry: CatalogueEntry) -> None:
        self._entry = entry

    def __getitem__(self, name: str) -> float:
        return self._entry.parameter(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entry.parameters)

    def __len__(self) -> int:
        return len(self._entry.parameters)


def minutes_ago(unit: Unit, label: str, begin: int, end: int) -> FloatArray:
    """A diagnostic of a unit of slower steps, by the second, as it stood at the end of the step before."""
    step_s = unit.step_s
    steps = np.maximum(np.arange(begin, end) // step_s - 1, 0)
    rows = unit.steps.values(int(steps[0]), int(steps[-1]) + 1)[unit.rows[label]]
    return np.asarray(rows[steps - steps[0]])


class PortDraw:
    """What a calibrator draws at one gas port."""

    def __init__(self, flows: Flows, port: str) -> None:
        self._flows, self._port = flows, port

    def gas_lpm(self, first: int, last: int) -> FloatArray:
        """Flow asked for at the port, L/min, by the second."""
        return self._flows.gas_lpm(self._port, first, last)

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when it changes."""
        self._flows.on_change(listener)
