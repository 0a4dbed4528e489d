"""What beta-attenuation monitors share: the air on its way to the tape, spot, counts, foils, hands at the unit.

A step is a minute. What no state of the unit changes is computed for many minutes at once (:class:`Around`); the load
on the spot, which does, is summed minute by minute (:mod:`instruments.particles.spot`).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray, Species
from instruments.atmosphere import Site, growth
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.particles.counting import counts, density_mg_cm2
from instruments.particles.flow import STANDARD_HPA, FlowWatch, Pump, flow_state
from instruments.particles.foil import foil_density
from instruments.particles.heating import ZERO_K, Heater, evaporation, heated
from instruments.particles.hidden import BetaHidden
from instruments.particles.inlet import Inlet
from instruments.particles.spot import Loads, Spot
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise
from instruments.steps import SECOND_US, Moment
from instruments.unit import Unit
from instruments.wear import Service

MINUTE_S = 60
_SO2_UG_PER_PPB = 2.62
"""SO2, ug/m3 per nmol/mol at 298 K (physics.md, units)."""
_RENEWED = ("tape", "nozzle", "head")
"""Parts whose hours at the epoch are those since the last round of maintenance, unless ``service.parts`` says more."""
_CURES: Mapping[str, tuple[str, ...]] = {
    "replace_tape": ("tape_broken", "alkaline_tape"), "clean_nozzle": ("nozzle_dirt",), "clean_head": ("head_dirt",),
    "rebuild_pump": ("pump_fraction",), "replace_detector": ("detector_fraction",),
}  # fmt: skip


UNITS: Mapping[str, str] = {
    "concentration": "ug/m3", "concentration_1h": "ug/m3", "concentration_24h": "ug/m3", "hour_valid": "1",
    "qtot": "m3", "flags": "1", "record_s": "s", "hour_temp": "deg C", "hour_pressure": "hPa", "hour_rh": "%",
    "hour_delta": "deg C", "membrane_abs": "mg/cm2", "foil_reading": "mg/cm2", "mass": "ug", "changing": "1",
    "tape_fault": "1", "flow": "L/min", "pressure_drop": "mmHg", "count_rate": "1/s", "alpha_rate": "1/s",
    "radon": "Bq/m3", "ambient_temp": "deg C", "ambient_pressure": "hPa", "filter_temp": "deg C", "filter_rh": "%",
    "heater_power": "%", "tape_left": "%",
}  # fmt: skip
"""Units of the diagnostics."""


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


class BetaMonitor(Unit):
    """A beta monitor up to its tape; kinds add the cycle."""

    step_s = MINUTE_S
    hidden_model: ClassVar[type[BetaHidden]] = BetaHidden
    hidden: BetaHidden
    actions: tuple[str, ...] = ("place_foil", "remove_foil", "cap_inlet", "zero_filter", "self_test")
    surroundings: ClassVar[tuple[str, ...]] = (
        "ambient_temp", "ambient_pressure", "filter_temp", "filter_rh", "heater_power", "tape_left",
    )  # fmt: skip
    """Diagnostics that :meth:`around` gives."""
    looked_up: ClassVar[tuple[str, ...]] = ("inlet_flow", "self_test_result")
    """Rows of memory that can be read: what a meter on the inlet shows, what a test has found."""

    def __init__(self, *arguments: Any, service: Service | None = None, **options: Any) -> None:
        entry = arguments[0] if arguments else options["entry"]
        service = service or Service()
        fresh = {part: service.hours % entry.wear[part].life_h for part in _RENEWED if part in entry.wear}
        service = service.model_copy(update={"parts": {**fresh, **service.parts}})
        super().__init__(*arguments, service=service, **options)
        self._p: Mapping[str, float] = entry.numbers()
        self._site: Site | None = None
        self._count_noise = WhiteNoise(self.seed, f"{self.name}/counts")
        self._flow_noise = WhiteNoise(self.seed, f"{self.name}/flow")
        self._tape = OrnsteinUhlenbeck(self.seed, f"{self.name}/tape", 12.0 * 3600.0, 3600.0)
        self._foil: float | None = None
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

    def pump(self) -> Pump:
        """The pump and the tape before it."""
        p = self._p
        return Pump(p["pump_free_flow"], p["pump_vacuum"], p["tape_drop"], p["tape_drop_per_ug"], p["design_flow"])

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
            outside_error_c=h.temperature_sensor_error_c,
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

    # -- tools for the cycles -------------------------------------------------------------------------------------

    def true_mu(self) -> float:
        """True mass attenuation, cm2/mg."""
        return float(self._p["attenuation"] * (1.0 + self.hidden.attenuation_error_pct / 100.0))

    def counted(
        self, around: Around, part: slice, load_ug: FloatArray | float, tape: float, extra: FloatArray | float = 0.0
    ) -> FloatArray:
        """Counts of each minute of ``part``.

        Args:
            around: the surroundings.
            part: which minutes.
            load_ug: mass on the spot.
            tape: part of the rate that this piece of tape lets through, over nominal tape.
            extra: counts that do not come from the source.
        """
        through = np.exp(-self.true_mu() / (1000.0 * self._p["area"]) * np.asarray(load_ug))
        return counts(around.rate[part] * tape * through + extra, around.normal[part])

    def foil_rows(
        self, around: Around, part: slice, spot: int, count: float, minutes: float, before: float, after: float,
        reading: float,
    ) -> dict[str, FloatArray]:  # fmt: skip
        """A foil in the beam: ``count`` minutes of tape alone, as many with the foil, then its mass per area.

        Args:
            around: the surroundings.
            part: which minutes.
            spot: number of the piece of tape.
            count: minutes of each count.
            minutes: minutes since the foil was placed, before ``part``.
            before: counts of the tape alone so far.
            after: counts with the foil so far.
            reading: the last reading.
        """
        assert self._foil is not None
        bare = self.counted(around, part, 0.0, self.tape_rate(spot))
        covered = self.counted(around, part, 1000.0 * self._p["area"] * self._foil, self.tape_rate(spot))
        done = minutes + np.arange(1.0, part.stop - part.start + 1.0)
        first, second = done <= count, (done > count) & (done <= 2.0 * count)
        alone, with_foil = (
            before + np.cumsum(np.where(first, bare, 0.0)),
            after + np.cumsum(np.where(second, covered, 0.0)),
        )
        readings = np.full(len(done), reading)
        if done[-1] >= 2.0 * count and alone[-1] > 0.0 and with_foil[-1] > 0.0:
            found = density_mg_cm2(float(alone[-1]), float(with_foil[-1]), self.number("mu"))
            readings[done >= 2.0 * count] = found
        return {
            "foil_minutes": done, "foil_before": alone, "foil_after": with_foil, "foil_reading": readings,
            "count_rate": np.where(first, bare, covered) / 60.0,
        }  # fmt: skip

    def tape_rate(self, spot: int) -> float:
        """Count rate through a piece of tape over that through tape of nominal thickness."""
        wander = self._p["tape_wander"] * float(self._tape.values(spot, spot + 1)[0])
        return math.exp(-self.true_mu() * wander)

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
        most, flow, shown = (
            self._pump.most_lpm(resistance, share),
            float(around.flow[index]),
            float(around.shown[index]),
        )
        if self._capped:
            flow = min(flow * leak * self._p["leak_test_gain"], most)
            return flow / true, 0.0, self._pump.vacuum_mmhg * share
        if flow > most:
            return most / true, most * (1.0 - leak), resistance * most
        return shown, float(around.inlet[index]), resistance * flow

    @property
    def _pump(self) -> Pump:
        if self._pumps is None:
            self._pumps = self.pump()
        return self._pumps

    _pumps: Pump | None = None

    # -- hands at the unit ----------------------------------------------------------------------------------------

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act; maintenance of a part also mends what was wrong with it. Raises Refused."""
        part = self.wear.action(command.name)
        if part is not None and command.name in ("replace_tape", "clean_nozzle"):
            self.settle(t_us)
            self.opened(self.step_at(t_us), command.name)
        super().apply(t_us, command)
        if part is not None and command.name in _CURES:
            new = self.hidden_model()
            cured = {name: getattr(new, name) for name in _CURES[command.name]}
            self.hidden = self.hidden.model_copy(update=cured)

    @abstractmethod
    def opened(self, step: int, why: str) -> None:
        """Somebody opens the tape compartment at ``step``: the spot is gone."""

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Foils, caps and filters that hands put on. Raises Refused."""
        if name in ("cap_inlet", "zero_filter"):
            if not isinstance(value, bool):
                raise Refused("invalid", f"{name} is true (put on) or false (taken off)")
            if name == "cap_inlet":
                self._capped = value
            else:
                self._zero_filter = value
        elif name == "place_foil":
            if not self.settings["maintenance"]:
                raise Refused("wrong settings", "a foil is placed in maintenance, not while the unit samples")
            self._foil = foil_density(value, str(self.texts["serial"]), self._p["foil_density"])
            for label in ("foil_minutes", "foil_before", "foil_after"):
                self.restart(label, step, 0.0)
        elif name == "remove_foil":
            self._foil = None
        return {}

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Settings survive a cut on the battery; with a flat one they come back as delivered."""
        if self.powered and self.hidden.battery_flat:
            return {key: limits.default for key, limits in self.entry.settings.items() if key != "size"}
        return {}

    def observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        """Return what an observer finds; a flow meter at the inlet, a foil's certificate and tests beside the rest."""
        if quantity == "foil_certificate":
            return round(foil_density(True, str(self.texts["serial"]), self._p["foil_density"]), 4)
        if quantity in self.looked_up:
            step = max(t_us // (self.step_s * SECOND_US) - 1, 0)
            return float(self.steps.values(step, step + 1)[self.rows[quantity], 0])
        return super().observe(t_us, moment, quantity)

    def units(self) -> Mapping[str, str]:
        """Unit of each of the quantities."""
        return {**super().units(), **{name: unit for name, unit in UNITS.items() if name in self.rows}}

    def resolved(self, values: FloatArray) -> FloatArray:
        """Concentrations as the unit stores them: within its range, in steps of its resolution, ug/m3."""
        low, step = self.number("offset"), self._p["resolution"]
        return np.asarray(np.rint(np.clip(values, low, low + self.number("range")) / step) * step)
