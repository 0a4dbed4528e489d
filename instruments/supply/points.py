"""Points at which a reference meter can be held: the room, an inlet, the outlet or a branch of a calibrator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np

from instruments.air import FloatArray, GasListener, GasSource, Species
from instruments.plumbing import Consumer
from instruments.steps import Steps
from instruments.supply.calibrator import Calibrator
from instruments.supply.outlet import GAS_TRUE, OFFERED, ZERO_TRUE

ZERO_K = 273.15
STANDARD_HPA = 1013.25
Branch = Literal["out", "gas", "zero"]
_ROWS = {"out": OFFERED, "gas": GAS_TRUE, "zero": ZERO_TRUE}


@dataclass(frozen=True, slots=True)
class Stream:
    """Gas that flows at a point, second by second, each of shape (n,).

    Attributes:
        standard_lpm: flow, L/min at 0 deg C and 1013.25 hPa.
        temperature_c, pressure_hpa: the gas as it is there.
        water: its water vapour, mmol/mol.
    """

    standard_lpm: FloatArray
    temperature_c: FloatArray
    pressure_hpa: FloatArray
    water: FloatArray


class Point(Protocol):
    """Somewhere to measure."""

    def stream(self, first: int, last: int) -> Stream:
        """Return seconds ``first`` to ``last`` (exclusive)."""
        ...

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` from which second on anything here is no longer what it was."""
        ...


class AirPoint:
    """Still air: a room, the outside."""

    def __init__(self, air: GasSource) -> None:
        self._air = air

    def stream(self, first: int, last: int) -> Stream:
        """No flow; temperature, pressure and water of the air."""
        gas = self._air.gas(first, last)
        return Stream(np.zeros(last - first), gas.temperature_c, gas.pressure_hpa, gas.fractions[Species.H2O])

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when the air changes."""
        self._air.on_change(listener)


class InletPoint:
    """The inlet of something that draws ``air``: its flow is litres as they are there (a critical orifice).

    Args:
        unit: an analyzer, or anything that draws gas.
        port: its port (``sample``, ``span``).
        air: what it draws while the meter is in line.
    """

    def __init__(self, unit: Consumer, port: str, air: GasSource) -> None:
        self._unit, self._port, self._air = unit, port, air

    def stream(self, first: int, last: int) -> Stream:
        """The flow drawn at the port."""
        gas = self._air.gas(first, last)
        drawn = self._unit.demand_at(self._port, first, last)
        standard = drawn * ZERO_K / (gas.temperature_c + ZERO_K) * gas.pressure_hpa / STANDARD_HPA
        return Stream(standard, gas.temperature_c, gas.pressure_hpa, gas.fractions[Species.H2O])

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when demand or air change."""
        self._unit.on_demand_change(listener)
        self._air.on_change(listener)


class Drawing(Protocol):
    """Something that draws air from outside, and knows in its rows how much."""

    step_s: ClassVar[int]
    rows: Mapping[str, int]
    steps: Steps


class DrawnPoint:
    """The inlet of a particle monitor or a sampler: L/min of outside air as it is there (row ``inlet_flow``).

    Args:
        unit: the monitor; its rows are by its steps.
        air: the air at its head.
    """

    def __init__(self, unit: Drawing, air: GasSource) -> None:
        self._unit, self._air = unit, air

    def stream(self, first: int, last: int) -> Stream:
        """The flow drawn at the head in the step that each second lies in."""
        gas, step_s = self._air.gas(first, last), self._unit.step_s
        low, high = first // step_s, -(-last // step_s)
        rows = self._unit.steps.values(low, high)[self._unit.rows["inlet_flow"]]
        drawn = np.repeat(rows, step_s)[first - low * step_s : last - low * step_s]
        standard = drawn * ZERO_K / (gas.temperature_c + ZERO_K) * gas.pressure_hpa / STANDARD_HPA
        return Stream(standard, gas.temperature_c, gas.pressure_hpa, gas.fractions[Species.H2O])

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when the monitor or the air is no longer what it was."""
        self._unit.steps.on_forgotten(listener, self._unit.step_s)
        self._air.on_change(listener)


class BranchPoint:
    """A calibrator's outlet (``out``), or one of its controllers by itself (``gas``, ``zero``)."""

    def __init__(self, calibrator: Calibrator, branch: Branch) -> None:
        self._box, self._row = calibrator, _ROWS[branch]

    def stream(self, first: int, last: int) -> Stream:
        """What truly flows there; the calibrator counts litres at a reference temperature of its own."""
        gas = self._box.outlet.gas(first, last)
        flow = self._box.outlet.values(first, last)[self._row]
        reference = self._box.figures["flow_reference_c"] + ZERO_K
        return Stream(flow * ZERO_K / reference, gas.temperature_c, gas.pressure_hpa, gas.fractions[Species.H2O])

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when the calibrator changes."""
        self._box.outlet.on_change(listener)
