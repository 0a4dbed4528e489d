"""A dynamic calibrator: commands in, gas at its outlet, observables on its display.

Flows and lamp (:class:`~instruments.supply.flows.Flows`) follow from settings and causes; cylinders and zero air answer
to the flows; the outlet mixes what comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from instruments.air import GRID_US, FloatArray, GasSource, Species
from instruments.atmosphere import Site
from instruments.catalogue import CatalogueEntry
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise, interpolated
from instruments.steps import SECOND_US, Hidden, Moment
from instruments.supply.bottle import GasBottle
from instruments.supply.connections import Figures, PortDraw, minutes_ago
from instruments.supply.cylinder import Cylinder
from instruments.supply.flows import GAS_SET, LIGHT_USED, SHUT, ZERO_SET, Flows
from instruments.supply.generator import ZeroAirGenerator
from instruments.supply.lamp import OzoneMaker
from instruments.supply.outlet import GAS_SHOWN, MMHG_PER_HPA, OZONE_MADE, PHOTOMETER, ZERO_SHOWN, Outlet
from instruments.supply.settings import PORTS
from instruments.supply.settings import Hidden as CalibratorHidden
from instruments.supply.table import parse
from instruments.supply.targets import Targets, plan
from instruments.supply.zero_air import ZeroAir, ZeroSource
from instruments.wear import Service

_SLOW = ("pressure", "bench_temp", "lamp_temp", "o3_lamp_temp")
_FAST = ("gas_flow", "zero_flow", "total_flow_actual", "ozone_flow", "concentration_actual", "photometer_o3")
_UNITS = {
    "gas_flow": "cc/min", "zero_flow": "cc/min", "total_flow_actual": "cc/min", "ozone_flow": "cc/min",
    "photometer_o3": "nmol/mol", "ozone_drive": "mV", "ozone_reference": "mV", "photometer_measure": "mV",
    "photometer_reference": "mV", "gas_pressure": "psi", "zero_pressure": "psi",
    "gas_flow_deviation": "%", "zero_flow_deviation": "%",
}  # fmt: skip
_STEPS_PER_MINUTE = 6
_PSI_PER_MPA = 145.038
_FULL_DRIVE_MV = 5000.0
_ABSORBANCE_PER_PPB = 308.0 * 38.0 * 1e-9
"""Of a cell of 38 cm: photometers of this class have about that."""
_TABLES = ("gas_flow_table", "zero_flow_table")
_SHORT = {"gas_flow_deviation": ("gas_flow", GAS_SET), "zero_flow_deviation": ("zero_flow", ZERO_SET)}
"""What a controller's own sensor shows against what it is told at that moment."""


class Calibrator(OzoneMaker):
    """A dynamic calibrator. Arguments as :class:`~instruments.unit.Unit`.

    Args:
        zero_air: what dilutes; None: air with nothing in it. :meth:`connect_zero_air` connects a generator.
    """

    step_s = 10
    hidden_model = CalibratorHidden
    hidden: CalibratorHidden
    concentrations: ClassVar[tuple[str, ...]] = ("concentration_actual",)
    """Quantities in the unit of the gas in use."""
    diagnostics: ClassVar[tuple[str, ...]] = (
        *_FAST, *_SLOW, "ozone_drive", "ozone_reference", "photometer_measure", "photometer_reference", "gas_pressure",
        "zero_pressure", *_SHORT,
    )  # fmt: skip
    report_only: ClassVar[frozenset[str]] = frozenset(
        {"mode", "gas_unit", "instrument_id", "gas_flow_table_old", "zero_flow_table_old"}
    )
    firmware = "01.06.00"
    ports: ClassVar[tuple[str, ...]] = PORTS

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, *, serial: str = "",
        settings: Mapping[str, Value] | None = None, hidden: Hidden | None = None, warm: bool = True,
        service: Service | None = None, zero_air: ZeroSource | None = None,
    ) -> None:  # fmt: skip
        super().__init__(entry, name, seed, serial=serial, settings=settings, hidden=hidden, warm=warm, service=service)
        self.figures: Mapping[str, float] = Figures(entry)
        self.targets = Targets()
        self.zero_air: ZeroSource = zero_air or ZeroAir()
        self.contents: dict[str, Cylinder] = {}
        self._bottles: dict[str, GasBottle] = {}
        self._room: GasSource | None = None
        self._generator: ZeroAirGenerator | None = None
        self._drift = {"gas": (0.0, 0.0), "zero": (0.0, 0.0)}
        self._slow = {label: OrnsteinUhlenbeck(seed, f"{name}/{label}", 3600.0) for label in _SLOW}
        self._noise = {label: WhiteNoise(seed, f"{name}/{label}_indicated") for label in ("gas", "zero")}
        self.flows = Flows(self)
        self.outlet = Outlet(self)
        self.flows.on_change(self.outlet)
        self.outlet.on_change(self)
        self._plan_anew()

    # -- what is connected ----------------------------------------------------------------------------------------

    def place(self, site: Site) -> None:
        """Stand in the shelter: its air is what the box takes its temperature from."""
        self.connect("room", site.room)

    def connect(self, port: str, source: GasSource) -> None:
        """Connect the ``room`` around the unit."""
        if port != "room":
            raise ValueError(f"port {port!r}: expected room")
        self._room = source
        source.on_change(self.flows)
        self.flows.gas_changed(0)

    def connect_cylinder(self, port: str, cylinder: Cylinder | GasBottle, stored_value: float | None = None) -> None:
        """Connect ``cylinder`` to ``port``; ``stored_value`` (None: certified) is what the calibrator believes."""
        if port not in self.ports:
            raise ValueError(f"port {port!r}: expected one of {', '.join(self.ports)}")
        if isinstance(cylinder, GasBottle):
            self._bottles[port] = cylinder
            cylinder.serve(PortDraw(self.flows, port))
            cylinder.gas.on_change(self.outlet)
            content = cylinder.content
        else:
            content = cylinder
        self.contents[port] = content
        stored = content.certified if stored_value is None else stored_value
        self.settings = {**self.settings, f"cylinder_value_{port}": self.checked(f"cylinder_value_{port}", stored)}
        self._plan_anew()
        self.flows.gas_changed(self.flows.history.start)

    def connect_zero_air(self, generator: ZeroAirGenerator) -> None:
        """Dilute with what ``generator`` gives."""
        self.zero_air, self._generator = generator.outlet, generator
        generator.serve(self.flows)
        generator.outlet.on_change(self.outlet)
        self.flows.gas_changed(self.flows.history.start)

    def gas_at(self, port: str, residue: FloatArray, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Gas at ``port``, shape (len(Species), n or 1), and what flows over what is asked for, by the second."""
        bottle = self._bottles.get(port)
        if bottle is not None:
            return bottle.gas.gas(first, last).fractions, bottle.gas.share(first, last)
        content = self.contents.get(port)
        return residue if content is None else content.composition()[:, None], np.ones(last - first)

    def room_c(self, first: int, last: int) -> FloatArray:
        """Temperature around the box, by the second."""
        if self._room is None:
            return np.full(last - first, self.figures["room_temp"])
        return self._room.gas(first, last).temperature_c

    def room_hpa(self, first: int, last: int) -> FloatArray:
        """Pressure around the box, by the second."""
        if self._room is not None:
            return self._room.gas(first, last).pressure_hpa
        wander = interpolated(self._slow["pressure"], first, last, 60)
        return (self.figures["pressure"] + self.figures["pressure_sd"] * wander) / MMHG_PER_HPA

    # -- what a change does ---------------------------------------------------------------------------------------

    def drift(self, label: str) -> tuple[float, float, float]:
        """Second since which a controller drifts, what it has drifted until then (as a share), and % per year."""
        since, so_far = self._drift[label]
        return since, so_far, float(getattr(self.hidden, f"{label}_flow_drift_pct_per_year"))

    def checked(self, key: str, value: Value) -> Value:
        """As any unit; a flow table has to be one."""
        found = super().checked(key, value)
        if key in _TABLES:
            parse(str(found))
        return found

    def apply(self, t_us: int, command: Command) -> None:
        """As any unit; Refused also for what the flows, the lamp or the cylinders cannot give."""
        name = command.name
        if name in self.settings and name not in self.report_only:
            self._planned({name: self.checked(name, command.value)})
        super().apply(t_us, command)

    def _planned(self, changes: Mapping[str, Value]) -> Targets:
        return plan({**self.settings, **changes}, self.contents, self.figures)

    def _plan_anew(self) -> None:
        try:
            targets = self._planned({})
        except Refused as error:
            # before its cylinder is connected a unit that starts in span offers nothing
            if error.reason != "wrong settings":
                raise
            targets = Targets()
        self.targets = targets if self.powered else Targets()

    def _change_settings(self, t_us: int, wanted: Mapping[str, Value], command: Command) -> None:
        beside: dict[str, Value] = {}
        for table in _TABLES:
            if table in wanted and wanted[table] != self.settings[table]:
                beside[f"{table}_old"] = self.settings[table]
        if self.targets.mode == "gptps" and wanted.get("calibrator_mode", "gptps") != "gptps":
            # the drive that the photometer has found is kept for the titration
            beside |= {"preset_ozone": self.settings["ozone"], "preset_flow": self.settings["total_flow"]}
        super()._change_settings(t_us, {**wanted, **beside}, command)

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Settings and tables are kept; a calibrator comes back in standby, whatever it was at."""
        return {"calibrator_mode": "standby"} if self.powered else {}

    def hidden_changes(self, t_us: int) -> None:
        """Keep what has drifted so far: a rate that changes at ``t_us`` acts from there on."""
        now = t_us // GRID_US + 1.0
        for label in self._drift:
            since, so_far, rate = self.drift(label)
            self._drift[label] = (now, so_far + rate / 100.0 * (now - since) / (365.25 * 86400.0))

    def settle(self, t_us: int) -> None:
        """Compute flows, gas and steps until ``t_us``."""
        point = t_us // GRID_US + 1
        self.flows.ensure(point)
        self.outlet.ensure(point)
        super().settle(t_us)

    def recompute(self, t_us: int) -> None:
        """Flows, gas and steps after ``t_us`` are computed anew."""
        super().recompute(t_us)
        self._plan_anew()
        self.flows.gas_changed(t_us // GRID_US + 1)

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us`` and let old history go, also of what feeds this box."""
        super().advance(until_us)
        point = until_us // GRID_US
        self.flows.values(point, point + 1)
        for feeding in (*self._bottles.values(), self._generator):
            if feeding is not None:
                feeding.advance(until_us)
        self.outlet.values(point, point + 1)

    # -- what is seen ---------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """All of :meth:`signals`, one row for each diagnostic."""
        found = self.signals(first, last)
        return np.array([found[label] for label in self.diagnostics])

    def signals(self, first: int, last: int) -> dict[str, FloatArray]:
        """What the display shows at the last second of each step, and temperatures, lamp and photometer signals."""
        begin, end = first * self.step_s, last * self.step_s
        every = slice(self.step_s - 1, None, self.step_s)
        shown = self._shown(begin, end, every)
        moment = self.moment(0)
        found = {label: self._displayed(label, shown, moment) for label in _FAST}
        warm = self.warmth(first, last)
        room = self.room_c(begin, end)[every]
        figures, hidden = self.figures, self.hidden
        for label in _SLOW:
            wander = interpolated(self._slow[label], first, last, _STEPS_PER_MINUTE)
            if label == "pressure":
                found[label] = self.room_hpa(begin, end)[every] * MMHG_PER_HPA + hidden.photometer_pressure_error_mmhg
            else:
                found[label] = room + (figures[label] - room) * warm + figures["temperature_sd"] * wander
        found["bench_temp"] += hidden.photometer_temperature_error_c
        used = self.flows.values(begin, end)[LIGHT_USED][every]
        light = self.hidden.ozone_lamp_fraction * self.share("o3_lamp", first, last)
        seen = 1.0 + hidden.reference_detector_error_pct / 100.0
        found["ozone_reference"] = figures["ozone_reference_mv"] * used * seen
        found["ozone_drive"] = np.minimum(_FULL_DRIVE_MV * used / light, _FULL_DRIVE_MV)
        lamp = self.share("photometer_lamp", first, last) * np.maximum(warm, 1e-3)
        reference = figures["photometer_reference_mv"] * lamp * (1.0 - hidden.photometer_dirt)
        ozone = self.outlet.values(begin, end)[OZONE_MADE][every]
        found["photometer_reference"] = reference
        found["photometer_measure"] = reference * np.exp(-_ABSORBANCE_PER_PPB * ozone)
        found["gas_pressure"], found["zero_pressure"] = self._inlet_pressures(begin, end, every)
        told = self.flows.values(begin, end)
        for label, (flow, row) in _SHORT.items():
            wanted = (self.targets.gas if row == GAS_SET else self.targets.zero) > 0.0
            goal = np.maximum(told[row][every], SHUT) * 1000.0
            found[label] = 100.0 * (found[flow] / goal - 1.0) if wanted else np.zeros(last - first)
        return found

    def _inlet_pressures(self, begin: int, end: int, every: slice) -> tuple[FloatArray, FloatArray]:
        """Pressure before the controllers, psi: the selected port's regulator, and the zero air."""
        port = str(self.settings["gas"])
        bottle, supply = self._bottles.get(port), self.figures["supply_pressure"]
        gas = np.full(end - begin, supply if port in self.contents else 0.0)
        if bottle is not None:
            gas = _PSI_PER_MPA * minutes_ago(bottle, "regulator_pressure", begin, end)
        if self._generator is None:
            return gas[every], np.full(end - begin, supply)[every]
        return gas[every], minutes_ago(self._generator, "pressure", begin, end)[every]

    def _shown(self, begin: int, end: int, every: slice) -> Mapping[str, FloatArray]:
        """Flows as the controllers' own sensors show them, cc/min, and the photometer, at ``every`` of the seconds."""
        rows = self.outlet.values(begin, end)
        flows = {}
        for label, row, full in (
            ("gas", GAS_SHOWN, self.figures["gas_flow_full_scale"]),
            ("zero", ZERO_SHOWN, self.figures["zero_flow_full_scale"] * 1000.0),
        ):
            noise = self._noise[label].values(begin, end)[every]
            flow = rows[row][every]
            shown = flow * 1000.0 + self.figures["flow_reading_noise"] / 100.0 * full * noise
            flows[label] = np.where(flow < SHUT, 0.0, shown)
        return {**flows, "photometer": rows[PHOTOMETER][every].copy()}

    def _displayed(self, quantity: str, shown: Mapping[str, FloatArray], moment: Moment) -> FloatArray:
        gas, zero = shown["gas"], shown["zero"]
        if quantity == "photometer_o3":
            return shown["photometer"]
        if quantity == "ozone_flow":
            target = float(moment.standing["zero_flow_target"])  # type: ignore[arg-type]
            if moment.standing["lamp_branch"] is not True or target <= 0.0:
                return np.zeros_like(zero)
            return zero * self.figures["ozone_branch_flow"] / target
        if quantity == "concentration_actual":
            stored = float(moment.standing["cylinder_value"])  # type: ignore[arg-type]
            return np.asarray(stored * gas / np.maximum(gas + zero, 1e-9))
        return {"gas_flow": gas, "zero_flow": zero, "total_flow_actual": gas + zero}[quantity]

    def standing(self) -> Mapping[str, Value]:
        """Targets and what is stored for the cylinder in use."""
        targets, port = self.targets, str(self.settings["gas"])
        content = self.contents.get(port)
        return {
            "gas_flow_target": targets.gas * 1000.0,
            "zero_flow_target": targets.zero * 1000.0,
            "total_flow_target": targets.total * 1000.0,
            "ozonator": targets.ozone > 0.0,
            "lamp_branch": targets.mode in ("ozone", "gpt", "gptps"),
            "cylinder_value": self.settings[f"cylinder_value_{port}"],
            # On the wire concentrations are ppb; inside, CO counts in umol/mol.
            "concentration_unit": "umol/mol" if content is not None and content.species is Species.CO else "nmol/mol",
        }

    def units(self) -> Mapping[str, str]:
        """Unit of each quantity; a concentration has that of the gas in use."""
        now = str(self.standing()["concentration_unit"])
        return {**_UNITS, **super().units(), **dict.fromkeys(self.concentrations, now)}

    def recorded_units(self) -> Mapping[str, str]:
        """As :meth:`units`; a concentration is in nmol/mol whatever the gas."""
        return {**self.units(), **dict.fromkeys(self.concentrations, "nmol/mol")}

    def recording(self, first: int, last: int) -> dict[str, FloatArray]:
        """As any unit's; concentrations are in nmol/mol, also of CO, so that a column has one unit."""
        table = super().recording(first, last)
        for begin, end, moment in self._moments(first, last):
            if moment.standing["concentration_unit"] == "umol/mol":
                for quantity in self.concentrations:
                    table[quantity][begin - first : end - first] *= 1000.0
        return table

    def keeps_for_a_step(self, quantity: str) -> bool:
        """Flows and ozone move by the second."""
        return super().keeps_for_a_step(quantity) and quantity not in _FAST

    def observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        """As any unit; flows and ozone as they stand at the second."""
        if quantity in _FAST:
            point = t_us // GRID_US
            shown = self._shown(point, point + 1, slice(None))
            return float(self._displayed(quantity, shown, moment)[0])
        if quantity == "chamber_volume":
            return self.figures["chamber_volume"]
        if quantity == "warming_up":
            since = t_us / SECOND_US - moment.power_step * self.step_s
            return moment.powered and since < self.figures["warm_up"]
        return super().observe(t_us, moment, quantity)
