"""Reference meters: flow (laminar, dry piston, bubble) and the climate of a room, each with a certificate.

Meters run on batteries of their own. A meter is held at a point (setting ``connected_to``); a procedure moves it and
reads it. Flow meters show litres as they are (``volumetric_flow``) and at a reference temperature and 1013.25 hPa
(``mass_flow``, setting ``reference_temperature``): 0, 20 or 25 deg C, which is 9 % from end to end.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field

from instruments.air import FloatArray
from instruments.atmosphere import Site
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.filters import lag
from instruments.signal import WhiteNoise
from instruments.steps import Hidden
from instruments.supply.moisture import relative_humidity, saturation_hpa
from instruments.supply.points import STANDARD_HPA, ZERO_K, AirPoint, Point
from instruments.unit import Unit

_YEAR_S = 365.25 * 86400.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a calibration laboratory says of one quantity of a meter: corrected = slope x shown + intercept.

    Attributes:
        number: of the certificate.
        expires: last day of validity, ISO 8601.
        u_pct: expanded uncertainty (k = 2), % of reading.
        u_offset: its constant part, unit of the quantity.
        slope, intercept: correction that the certificate states.
        reference_c: reference temperature of the flow that was certified.
    """

    number: str
    expires: str
    u_pct: float
    u_offset: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0
    reference_c: float | None = None


class MeterHidden(Hidden):
    """What may be wrong with any meter.

    Attributes:
        temperature_error_c, pressure_error_hpa: errors of its sensors; a flow meter reckons its reference state
            with them.
        noise_factor: noise over that of a good meter.
    """

    temperature_error_c: float = Field(default=0.0, ge=-100.0, le=100.0)
    pressure_error_hpa: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    noise_factor: float = Field(default=1.0, ge=0.0, le=1000.0)


class Meter(Unit):
    """What meters share: points to be held at, readings at intervals, certificates."""

    hidden: MeterHidden
    step_s = 1
    plugged = False
    measured: ClassVar[tuple[str, ...]]

    def _equip(self) -> None:
        super()._equip()
        self._points: dict[str, Point] = {}
        self.certificates: dict[str, Certificate] = {}
        self._noise = {label: WhiteNoise(self.seed, f"{self.name}/{label}") for label in self.measured}
        self._every = round(self.entry.parameter("reading_time"))
        self._since_service_s = self.wear.hours(0.0) * 3600.0

    def place(self, site: Site) -> None:
        """Lie in the shelter; it may be carried outside."""
        self.offer("room", AirPoint(site.room))
        self.offer("outside", AirPoint(site.outside))

    def offer(self, name: str, point: Point) -> None:
        """Let the meter be held at ``point`` under ``name`` (``so2.sample``, ``calibrator.out``)."""
        self._points[name] = point
        point.on_change(self)
        self.gas_changed(self.steps.history.start)

    def certify(self, quantity: str, certificate: Certificate) -> None:
        """Keep the certificate of a quantity. Raises ValueError for one that the meter does not measure."""
        if quantity not in self.measured:
            raise ValueError(f"{quantity}: expected one of {', '.join(self.measured)}")
        self.certificates[quantity] = certificate
        self.texts |= {f"{quantity}_certificate": certificate.number, f"{quantity}_expires": certificate.expires}

    def apply(self, t_us: int, command: Command) -> None:
        """As any unit. Refused: a point that nobody has offered."""
        if command.name == "connected_to" and command.value not in self._points:
            raise Refused("wrong settings", f"nothing here is called {command.value!r}: {', '.join(self._points)}")
        super().apply(t_us, command)

    def units(self) -> Mapping[str, str]:
        """Unit of each quantity, as its resolution has it."""
        return {label: self.entry.parameters[f"{label}_step"].unit for label in self.diagnostics}

    @property
    def point(self) -> Point:
        """Where it is held."""
        return self._points[str(self.settings["connected_to"])]

    @abstractmethod
    def sensed(self, first: int, last: int) -> Mapping[str, FloatArray]:
        """Each quantity as the sensors have it, with errors, without noise and resolution."""

    def detect(self, first: int, last: int) -> FloatArray:
        """What is shown: the last complete reading, with its noise, as finely as the display goes."""
        begin = max((first // self._every - 1) * self._every, 0)
        found = self.sensed(begin, last)
        seconds = np.arange(first, last)
        groups = np.maximum((seconds + 1) // self._every - 1, 0)
        at = np.minimum((groups + 1) * self._every - 1, seconds) - begin
        rows = np.empty((len(self.rows), last - first))
        for label in self.diagnostics:
            values = found[label][at]
            noise = self._noise[label].values(int(groups[0]), int(groups[-1]) + 1)[groups - groups[0]]
            share, floor = self.entry.parameter(f"{label}_noise_pct"), self.entry.parameter(f"{label}_noise")
            values = (
                values + (share / 100.0 * np.abs(values) + floor * (values != 0.0)) * self.hidden.noise_factor * noise
            )
            step = self.entry.parameter(f"{label}_step")
            rows[self.rows[label]] = np.round(values / step) * step
        for label in self.memory:
            rows[self.rows[label]] = found[label][first - begin :]
        return rows

    def years(self, first: int, last: int) -> FloatArray:
        """Years since the last calibration, second by second: the service hours are counted from there."""
        return np.asarray((np.arange(first, last) + 1.0 + self._since_service_s) / _YEAR_S)


class FlowMeterHidden(MeterHidden):
    """What is wrong with a flow meter.

    Attributes:
        flow_error_pct: error of the volumetric flow, %.
        flow_offset: constant error of it, L/min: a flow meter that was not tared.
        bend_pct_fs: largest bulge between the ends, % of full scale: a laminar element that is dirty.
        drift_pct_per_year: steady change since the last calibration.
        leak_fraction: part of the flow that goes past the meter.
    """

    flow_error_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    flow_offset: float = Field(default=0.0, ge=-30.0, le=30.0)
    bend_pct_fs: float = Field(default=0.0, ge=-100.0, le=100.0)
    drift_pct_per_year: float = Field(default=0.0, ge=-100.0, le=100.0)
    leak_fraction: float = Field(default=0.0, ge=0.0, le=1.0)


class FlowMeter(Meter):
    """A flow meter. A soap film brings the gas to saturation: dry gas swells by its vapour (``wet_film``).

    A laminar meter makes a flow of a pressure drop with the viscosity of the gas that it is set to (setting ``gas``);
    what flows here is air. Its action ``tare_flow`` takes whatever flows at that moment as zero.
    """

    hidden_model = FlowMeterHidden
    hidden: FlowMeterHidden
    diagnostics = ("volumetric_flow", "mass_flow", "temperature", "pressure")
    measured = diagnostics
    memory = ("untared",)
    report_only = frozenset({"mode", "instrument_id", "buttons_locked"})
    firmware = "6v21.0-R22"

    def _equip(self) -> None:
        super()._equip()
        self.actions = ("tare_flow",) if "flow_tare" in self.settings else ()
        gases = self.entry.settings["gas"].choices if "gas" in self.settings else []
        self._viscosity = {str(gas): self.entry.parameter(f"viscosity_{gas}") for gas in gases}

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """``tare_flow``: what flows now is zero from now on. Raises Refused if that is more than it can take off."""
        return {"flow_tare": self.checked("flow_tare", self.before("untared", step, 0.0))}

    def _seen_as(self) -> float:
        """What the meter shows of a flow of air, being set to another gas."""
        return self._viscosity["Air"] / self._viscosity[str(self.settings["gas"])] if self._viscosity else 1.0

    def sensed(self, first: int, last: int) -> Mapping[str, FloatArray]:
        """Volume by time, made a flow at the reference state with the meter's own temperature and pressure."""
        hidden, stream = self.hidden, self.point.stream(first, last)
        true = stream.standard_lpm * (stream.temperature_c + ZERO_K) / ZERO_K * STANDARD_HPA / stream.pressure_hpa
        if self.entry.parameter("wet_film") > 0.0:
            vapour = stream.water * stream.pressure_hpa / 1000.0
            true = true * (stream.pressure_hpa - vapour) / (stream.pressure_hpa - saturation_hpa(stream.temperature_c))
        full = self.entry.parameter("full_scale")
        share = np.clip(true / full, 0.0, 1.0)
        error = (hidden.flow_error_pct + hidden.drift_pct_per_year * self.years(first, last)) / 100.0
        flow = true * (1.0 - hidden.leak_fraction) * (1.0 + error) + hidden.flow_offset
        untared = (flow + 4.0 * share * (1.0 - share) * full * hidden.bend_pct_fs / 100.0) * self._seen_as()
        flow = untared - self.number("flow_tare") if "flow_tare" in self.settings else untared
        # There is no reading beyond what the meter can measure.
        flow = np.clip(flow, 0.0, full * self.entry.parameter("over_range"))
        temperature = stream.temperature_c + hidden.temperature_error_c
        pressure = stream.pressure_hpa + hidden.pressure_error_hpa
        reference = self.number("reference_temperature") + ZERO_K
        mass = flow * reference / (temperature + ZERO_K) * pressure / STANDARD_HPA
        return {"volumetric_flow": flow, "mass_flow": mass, "temperature": temperature, "pressure": pressure,
                "untared": untared}  # fmt: skip


class ClimateMeterHidden(MeterHidden):
    """What is wrong with a climate meter: constant errors, and the humidity sensor's change by the year."""

    humidity_error_pct: float = Field(default=0.0, ge=-100.0, le=100.0)
    humidity_drift_pct_per_year: float = Field(default=0.0, ge=-100.0, le=100.0)


class ClimateMeter(Meter):
    """Thermometer, hygrometer and barometer in one; the probe takes its time to come to a new temperature."""

    hidden_model = ClimateMeterHidden
    hidden: ClimateMeterHidden
    diagnostics = ("temperature", "humidity", "pressure")
    measured = diagnostics
    memory = ("probe_c", "probe_rh")
    firmware = "2.0"

    def sensed(self, first: int, last: int) -> Mapping[str, FloatArray]:
        """Temperature and humidity after the probe's lag."""
        hidden, stream = self.hidden, self.point.stream(first, last)
        humidity = relative_humidity(stream.water, stream.temperature_c, stream.pressure_hpa)
        start = np.array([
            self.before("probe_c", first, float(stream.temperature_c[0])), self.before("probe_rh", first, humidity[0]),
        ])  # fmt: skip
        decay = math.exp(-1.0 / self.entry.parameter("response_time"))
        probe = lag(np.array([stream.temperature_c, humidity]), start, decay)
        drift = hidden.humidity_drift_pct_per_year * self.years(first, last)
        return {
            "temperature": probe[0] + hidden.temperature_error_c,
            "humidity": np.clip(probe[1] + hidden.humidity_error_pct + drift, 0.0, 100.0),
            "pressure": stream.pressure_hpa + hidden.pressure_error_hpa,
            "probe_c": probe[0],
            "probe_rh": probe[1],
        }
