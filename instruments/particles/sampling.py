"""A beta monitor's way from the open air to the spot: heads, heating, flow, pump, what a minute of air leaves.

A step is a minute. What no state of the unit changes is computed for many minutes at once (:class:`Around`); the load
on the spot, which does, is summed minute by minute (:mod:`instruments.particles.spot`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray, Species
from instruments.atmosphere import Site, growth
from instruments.particles.flow import STANDARD_HPA, FlowWatch, Pump, flow_state
from instruments.particles.heating import ZERO_K, Heater, evaporation, heated
from instruments.particles.hidden import BetaHidden
from instruments.particles.inlet import Inlet
from instruments.particles.spot import Loads, Spot
from instruments.signal import WhiteNoise
from instruments.steps import SECOND_US
from instruments.unit import Unit
from instruments.wear import Service

MINUTE_S = 60
_SO2_UG_PER_PPB = 2.62
"""SO2, ug/m3 per nmol/mol at 298 K (physics.md, units)."""
_RENEWED = ("tape", "nozzle", "head")
"""Parts whose hours at the epoch are those since the last round of maintenance, unless ``service.parts`` says more."""


@dataclass(frozen=True, slots=True)
class Around:
    """What reaches the unit, minute by minute, if the pump draws what the control wants; each of shape (n,).

    Attributes:
        steps: index of each minute. minute: minute of the unit's own clock, counted from a midnight.
        shown, flow, inlet: flow that the control wants on the display; what that is at the tape and through the inlet,
            L/min at outside conditions.
        true, told: see :class:`~instruments.particles.flow.FlowState`.
        leak: part of the air at the tape that has not come through the inlet.
        solid, volatile, hygroscopic: what a minute of air leaves on the tape, ug (see :class:`Spot`).
        kappa, wet: hygroscopicity; water over dry mass per kappa at the humidity of the tape.
        left: part of the volatile mass that a minute of air leaves on the tape.
        pump: share of a good pump's flow and vacuum.
        rate: counts per minute through clean tape of nominal thickness. normal: standard normal numbers for them.
        dirt: of nozzle and vane, 0 to 1. tape: share of a roll that is left. head: share of a clean head.
        dry: dry mass of each mode outside, ug/m3, shape (len(Mode), n). gas: SO2 that the tape takes up, ug/m3.
        rain: ug of water per minute.
        rows: diagnostics that go to the rows as they are.
    """

    steps: NDArray[np.int64]
    minute: NDArray[np.int64]
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
    rate: FloatArray
    normal: FloatArray
    dirt: FloatArray
    tape: FloatArray
    head: FloatArray
    dry: FloatArray
    gas: FloatArray
    rain: FloatArray
    rows: Mapping[str, FloatArray]


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


class Sampling(Unit):
    """A beta monitor up to its tape."""

    step_s = MINUTE_S
    hidden_model: ClassVar[type[BetaHidden]] = BetaHidden
    hidden: BetaHidden
    surroundings: ClassVar[tuple[str, ...]] = (
        "ambient_temp", "ambient_pressure", "filter_temp", "filter_rh", "heater_power", "tape_left",
    )  # fmt: skip
    """Diagnostics that :meth:`around` gives."""

    def __init__(self, *arguments: Any, service: Service | None = None, **options: Any) -> None:
        entry = arguments[0] if arguments else options["entry"]
        service = service or Service()
        fresh = {part: service.hours % entry.wear[part].life_h for part in _RENEWED if part in entry.wear}
        service = service.model_copy(update={"parts": {**fresh, **service.parts}})
        super().__init__(*arguments, service=service, **options)
        p: Mapping[str, float] = entry.numbers()
        self._p = p
        self._site: Site | None = None
        self._count_noise = WhiteNoise(self.seed, f"{self.name}/counts")
        self._flow_noise = WhiteNoise(self.seed, f"{self.name}/flow")
        self._pump = Pump(
            p["pump_free_flow"], p["pump_vacuum"], p["tape_drop"], p["tape_drop_per_ug"], p["design_flow"]
        )  # fmt: skip
        self._capped = False
        self._zero_filter = False
        self._inlets: tuple[object, Inlet] | None = None

    # -- surroundings ---------------------------------------------------------------------------------------------

    def place(self, site: Site) -> None:
        """Stand in a shelter with the inlet in the outside air."""
        self._site = site
        site.outside.on_change(self)
        site.room.on_change(self)
        self.gas_changed(0)

    def inlet(self) -> Inlet:
        """The inlet as it stands."""
        key = (self.settings["size"], self.hidden)
        if self._inlets is None or self._inlets[0] != key:
            self._inlets = (key, Inlet(str(key[0]), self._p["design_flow"], self.hidden))
        return self._inlets[1]

    def heater(self) -> Heater:
        """The heater as it stands."""
        return Heater(
            str(self.settings["heater_mode"]), self.number("rh_setpoint"), self.number("delta_setpoint"),
            self._p["heater_reach"], self._p["heater_idle"], self.hidden.heater_available, self.hidden.heater_least,
        )  # fmt: skip

    def around(self, first: int, last: int) -> Around:
        """Return what reaches the unit in steps ``first`` to ``last``."""
        if self._site is None:
            raise RuntimeError(f"{self.name}: place(site) comes before any reading")
        p, h, count = self._p, self.hidden, last - first
        weather = self._site.outside.weather(first, last)
        aerosol = self._site.outside.aerosol(first, last)
        room = self._site.room.gas(first * MINUTE_S, (last - 1) * MINUTE_S + 1)
        room_c, room_hpa = room.temperature_c[::MINUTE_S], room.pressure_hpa[::MINUTE_S]
        warmth = self.warmth(first, last)
        shown_c = weather.temperature_c + h.temperature_sensor_error_c + self.number("at_offset")
        if h.temperature_sensor_off:
            shown_c = np.full(count, p["at_low"])
        shown_hpa = weather.pressure_hpa + h.pressure_sensor_error_hpa + self.number("bp_offset")
        rh_error = h.rh_sensor_error_pct + self.number("rh_offset")
        sample = heated(
            weather.temperature_c, weather.humidity_pct, room_c, self.heater(), tube_exchange=h.tube_exchange,
            warmth=warmth, rh_error_pct=rh_error, filter_error_c=h.filter_sensor_error_c,
            outside_error_c=shown_c - weather.temperature_c,
        )  # fmt: skip
        state = flow_state(
            weather.temperature_c, weather.pressure_hpa, shown_c, shown_hpa,
            control=str(self.settings["flow_control"]), told_as=str(self.settings["concentration_state"]),
            standard_c=self.number("standard_temperature"), sensor_error_pct=h.flow_sensor_error_pct,
            slope=self.number("flow_slope"),
        )  # fmt: skip
        gas = np.zeros(count)
        if h.alkaline_tape > 0.0:
            outside = self._site.outside.gas(first * MINUTE_S, (last - 1) * MINUTE_S + 1)
            gas = h.alkaline_tape * _SO2_UG_PER_PPB * outside.fractions[Species.SO2][::MINUTE_S]
        shift = (self.clock_offset_us + round(h.clock_error_s * SECOND_US)) // (MINUTE_S * SECOND_US)
        tape, head = self.share("tape", first, last), self.share("head", first, last)
        dirt = 1.0 - self.share("nozzle", first, last) * (1.0 - h.nozzle_dirt)
        leak = 1.0 - (1.0 - h.leak_fraction) * (1.0 - p["debris_leak"] * dirt)
        if h.nozzle_stuck:
            leak = np.full(count, p["open_nozzle_leak"])
        rows = {
            "ambient_temp": shown_c, "ambient_pressure": shown_hpa,
            "filter_temp": sample.temperature_c + h.filter_sensor_error_c,
            "filter_rh": np.clip(sample.humidity_pct + rh_error, 0.0, 100.0),
            "heater_power": 100.0 * sample.power, "tape_left": 100.0 * tape,
        }  # fmt: skip
        if not self.powered:
            rows = {label: values if label == "tape_left" else np.zeros(count) for label, values in rows.items()}
        shown = self.number("flow_setpoint") * (1.0 + p["flow_noise"] * self._flow_noise.values(first, last))
        flow = shown * state.true
        inlet = flow * (1.0 - leak)
        rain = h.rain_in * p["rain_mass"] * weather.rain_mm_h
        dust = np.zeros(count) if self._zero_filter else inlet / 1000.0
        fine, volatile, coarse, giant = dust * (self.inlet().penetration(inlet, head) * aerosol.mass)
        return Around(
            steps=np.arange(first, last),
            minute=np.arange(first, last) + shift, shown=shown, flow=flow, inlet=inlet, true=state.true,
            told=state.told, leak=leak, solid=((fine + coarse) + giant) + (inlet / 1000.0 * gas + rain),
            volatile=volatile, hygroscopic=aerosol.kappa * fine, kappa=aerosol.kappa,
            wet=growth(np.ones(count), sample.humidity_pct) - 1.0,
            left=evaporation(sample.temperature_c, p["volatile_minutes"], p["volatile_step"]),
            pump=h.pump_fraction * self.share("pump", first, last),
            rate=self._rate(room_c, room_hpa, warmth) * self.share("detector", first, last),
            normal=self._count_noise.values(first, last), dirt=dirt, tape=tape, head=head, dry=aerosol.mass, gas=gas,
            rain=rain, rows=rows,
        )  # fmt: skip

    def _rate(self, room_c: FloatArray, room_hpa: FloatArray, warmth: FloatArray) -> FloatArray:
        """Counts per minute through clean tape: a cold unit counts less, warm air in the gap lets more through."""
        p = self._p
        box_kelvin = room_c + p["box_rise"] + ZERO_K
        density = (room_hpa / STANDARD_HPA) * ((p["box_rise"] + 25.0 + ZERO_K) / box_kelvin)
        gap = np.exp(-self.true_mu() * p["gap_air"] * p["gap_uncorrected"] * (density - 1.0))
        cold = 1.0 - p["cold_loss"] * (1.0 - warmth)
        return np.asarray(60.0 * p["count_rate"] * self.hidden.detector_fraction * cold * gap)

    def true_mu(self) -> float:
        """True mass attenuation, cm2/mg."""
        return float(self._p["attenuation"] * (1.0 + self.hidden.attenuation_error_pct / 100.0))

    # -- air through the spot ---------------------------------------------------------------------------------------

    def through(self, around: Around, part: slice) -> dict[str, FloatArray]:
        """Flows through a clean spot, minute by minute."""
        rows = np.array([self.drawn(around, index, 0.0) for index in range(part.start, part.stop)]).T
        return dict(zip(("flow", "inlet_flow", "pressure_drop"), rows, strict=True))

    def sample(self, around: Around, begin: int, end: int, spot: Spot, watch: FlowWatch) -> Drawn:
        """Let minutes ``begin`` to ``end`` of air through ``spot``, or fewer, if ``watch`` ends the sample.

        As long as the pump can draw what the control wants, many minutes are one sum; where it cannot, each minute's
        load decides about the next one's flow. Both give the same bits.
        """
        if not self._capped:
            part = slice(begin, end)
            loads = spot.take(around, part)
            resistance = self._pump.resistance(np.concatenate(([spot.load], loads.load[:-1])))
            drop, most = resistance * around.flow[part], self._pump.most_lpm(resistance, around.pump[part])
            if (around.flow[part] <= most).all() and watch.fine(around.shown[part], drop):
                none = np.zeros(end - begin)
                return Drawn(around.shown[part], around.inlet[part], drop, loads, none, none, none, none, none)
        flows, spots = [], []
        for index in range(begin, end):
            shown, through, fall = self.drawn(around, index, spot.load)
            spot = self._taken(around, index, spot, through)
            ends = watch.minute(shown, fall, spot.load)
            flows.append((shown, through, fall, *watch.state()))
            spots.append(spot)
            if ends:
                break
        shown_by, inlet_by, drop_by, *watched = np.array(flows, dtype=np.float64).T
        return Drawn(shown_by, inlet_by, drop_by, Loads.of(spots), *watched)

    def _taken(self, around: Around, index: int, spot: Spot, inlet: float) -> Spot:
        """The spot after a minute with ``inlet`` L/min through the inlet."""
        if inlet == float(around.inlet[index]):
            part = slice(index, index + 1)
            return spot.take(around, part).last()
        cubic = inlet / 1000.0
        passed = np.array(self.inlet().at(inlet, float(around.head[index])))
        fine, volatile, coarse, giant = (0.0 if self._zero_filter else cubic) * (passed * around.dry[:, index])
        rain = around.rain[index] if inlet > 0.0 else 0.0
        return spot.after(
            fine + coarse + giant + cubic * around.gas[index] + rain, volatile, around.kappa[index] * fine,
            kappa=around.kappa[index], wet=around.wet[index], left=around.left[index],
        )  # fmt: skip

    def drawn(self, around: Around, index: int, load_ug: float) -> tuple[float, float, float]:
        """What the pump draws in one minute through that load.

        Returns:
            The flow shown, the flow through the inlet at outside conditions, the drop across the tape in mmHg.
        """
        resistance = self._pump.resistance(load_ug)
        share, true, leak = float(around.pump[index]), float(around.true[index]), float(around.leak[index])
        most = self._pump.most_lpm(resistance, share)
        flow, shown = float(around.flow[index]), float(around.shown[index])
        if self._capped:
            flow = min(flow * leak * self._p["leak_test_gain"], most)
            return flow / true, 0.0, self._pump.vacuum_mmhg * share
        if flow > most:
            return most / true, most * (1.0 - leak), resistance * most
        return shown, float(around.inlet[index]), resistance * flow
