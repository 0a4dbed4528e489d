"""Air through a filter: what the pump draws, what it leaves, and how the load throttles it.

As long as the pump can draw what the control wants, many minutes are one sum; where it cannot, each minute's load
decides about the next one's flow. Both give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instruments.air import FloatArray
from instruments.particles.flow import FlowWatch, Pump
from instruments.particles.inlet import Inlet
from instruments.particles.spot import Loads, Spot


@dataclass(frozen=True, slots=True)
class Air:
    """Air on its way to a filter, minute by minute, if the pump draws what the control wants; each of shape (n,).

    Attributes:
        shown, flow, inlet: flow that the control wants on the display; what that is at the filter and through the
            inlet, L/min at outside conditions.
        true: true litres at outside conditions per litre shown.
        told: litres of the state in which volumes and concentrations are told, per litre shown.
        leak: part of the air at the filter that has not come through the inlet.
        solid, volatile, hygroscopic: what a minute of air leaves on the filter, ug (see :class:`Spot`).
        kappa, wet: hygroscopicity; water over dry mass per kappa at the humidity of the filter.
        left: part of the volatile mass that a minute of air leaves on the filter.
        pump: share of a good pump's flow and vacuum. head: share of a clean head.
        dry: dry mass of each mode outside, ug/m3, shape (len(Mode), n). gas: gas that the filter takes up, ug/m3.
        rain: ug of water per minute.
    """

    shown: FloatArray
    flow: FloatArray
    inlet: FloatArray
    true: FloatArray
    told: FloatArray
    leak: FloatArray
    solid: FloatArray
    volatile: FloatArray
    hygroscopic: FloatArray
    kappa: FloatArray
    wet: FloatArray
    left: FloatArray
    pump: FloatArray
    head: FloatArray
    dry: FloatArray
    gas: FloatArray
    rain: FloatArray


@dataclass(frozen=True, slots=True)
class Drawn:
    """Minutes of air, each of shape (n,).

    Attributes:
        shown, inlet: flow shown and through the inlet, L/min. drop: across the tape, mmHg.
        loads: what came of the spot.
        off_5, off_10, warned, failed, blocked: see :class:`~instruments.particles.flow.FlowWatch`.
    """

    shown: FloatArray
    inlet: FloatArray
    drop: FloatArray
    loads: Loads
    off_5: FloatArray
    off_10: FloatArray
    warned: FloatArray
    failed: FloatArray
    blocked: FloatArray


@dataclass(frozen=True, slots=True)
class AirPath:
    """Inlet, filter and pump as they stand.

    Attributes:
        inlet: the heads. pump: pump and clean filter.
        capped: the inlet is closed. filtered: a filter on the inlet takes all particles.
        leak_gain: flow through a leak with the inlet closed over that while sampling.
    """

    inlet: Inlet
    pump: Pump
    capped: bool
    filtered: bool
    leak_gain: float

    def sample(self, air: Air, begin: int, end: int, spot: Spot, watch: FlowWatch) -> Drawn:
        """Let minutes ``begin`` to ``end`` of air through ``spot``, or fewer, if ``watch`` ends the sample."""
        if not self.capped:
            part = slice(begin, end)
            loads = spot.take(air, part)
            resistance = self.pump.resistance(np.concatenate(([spot.load], loads.load[:-1])))
            drop, most = resistance * air.flow[part], self.pump.most_lpm(resistance, air.pump[part])
            if (air.flow[part] <= most).all() and watch.fine(air.shown[part], drop):
                none = np.zeros(end - begin)
                return Drawn(air.shown[part], air.inlet[part], drop, loads, none, none, none, none, none)
        flows, spots = [], []
        for index in range(begin, end):
            shown, through, fall = self.drawn(air, index, spot.load)
            spot = self._taken(air, index, spot, through)
            ends = watch.minute(shown, fall, spot.load)
            flows.append((shown, through, fall, *watch.state()))
            spots.append(spot)
            if ends:
                break
        shown_by, inlet_by, drop_by, *watched = np.array(flows, dtype=np.float64).T
        return Drawn(shown_by, inlet_by, drop_by, Loads.of(spots), *watched)

    def _taken(self, air: Air, index: int, spot: Spot, inlet: float) -> Spot:
        """The spot after a minute with ``inlet`` L/min through the inlet."""
        if inlet == float(air.inlet[index]):
            return spot.take(air, slice(index, index + 1)).last()
        cubic = inlet / 1000.0
        passed = np.array(self.inlet.at(inlet, float(air.head[index])))
        fine, volatile, coarse, giant = (0.0 if self.filtered else cubic) * (passed * air.dry[:, index])
        rain = air.rain[index] if inlet > 0.0 else 0.0
        return spot.after(
            fine + coarse + giant + cubic * air.gas[index] + rain, volatile, air.kappa[index] * fine,
            kappa=air.kappa[index], wet=air.wet[index], left=air.left[index],
        )  # fmt: skip

    def drawn(self, air: Air, index: int, load_ug: float) -> tuple[float, float, float]:
        """What the pump draws in one minute through that load.

        Returns:
            The flow shown, the flow through the inlet at outside conditions, the drop across the filter in mmHg.
        """
        resistance = self.pump.resistance(load_ug)
        share, true, leak = float(air.pump[index]), float(air.true[index]), float(air.leak[index])
        most = self.pump.most_lpm(resistance, share)
        flow, shown = float(air.flow[index]), float(air.shown[index])
        if self.capped:
            flow = min(flow * leak * self.leak_gain, most)
            return flow / true, 0.0, self.pump.vacuum_mmhg * share
        if flow > most:
            return most / true, most * (1.0 - leak), resistance * most
        return shown, float(air.inlet[index]), resistance * flow

    def through(self, air: Air, part: slice) -> dict[str, FloatArray]:
        """Flows through a clean filter, minute by minute."""
        rows = np.array([self.drawn(air, index, 0.0) for index in range(part.start, part.stop)]).T
        return dict(zip(("flow", "inlet_flow", "pressure_drop"), rows, strict=True))
