"""What a host expects of analyzers: their channels, and the settings that shape a reading, by the model's own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from instruments.catalogue import CatalogueEntry

SETTINGS_THAT_SHAPE_A_READING = (
    "averaging_time", "range", "gas_unit", "temp_comp", "pres_comp", "tpc", "adaptive_filter", "filter_size",
    "filter_short_size", "filter_delta", "filter_percent", "filter_delay", "lamp_cal", "dark_offset", "auto_zero",
)  # fmt: skip
"""Settings that a test's snapshot holds beside the channels' own; what a device does not have is left out."""

SETTINGS_OF_A_CALIBRATOR = (
    "gas_flow_table", "zero_flow_table", "ozone_control", "photometer_coefficient", "photometer_slope",
    "photometer_zero", "cylinder_value_a", "cylinder_value_b", "cylinder_value_c", "cylinder_value_d",
)  # fmt: skip
"""Settings that shape what a calibrator makes; what it does not have, or its protocol cannot tell, is left out."""

FLOWS = ("sample_flow", "flow_a")
"""Names of the flow that an analyzer draws, L/min, the first one that it can tell."""

MEASURED: Mapping[str, tuple[str, ...]] = {
    "weather": (
        "wind_speed_avg",
        "wind_speed_max",
        "wind_direction_avg",
        "wind_speed",
        "wind_gust",
        "wind_direction",
        "air_temperature",
        "relative_humidity",
        "air_pressure",
        "rain_amount",
        "rain_intensity",
        "supply_voltage",
        "heating_voltage",
    ),
    "visibility": (
        "visibility_1min",
        "visibility_10min",
        "visibility_alarm",
        "status",
        "weather_now",
        "precipitation_intensity",
        "water_sum",
        "snow_sum",
    ),
    "meter": ("volumetric_flow", "mass_flow", "temperature", "pressure", "humidity", "reading", "stable"),
    "zero_air": ("pressure", "reactor_temp", "dew_point"),
    "shelter": ("temperature", "humidity", "ac_state", "ac_power", "drier_state", "door"),
    "manifold": ("temperature", "flow", "residence_time", "static_pressure", "humidity"),
    "ups": ("mains_voltage", "mains_voltage_min", "battery_charge", "on_battery", "output", "load", "transfers"),
    "chamber": ("temperature",),
    "variac": ("output_voltage", "output_state"),
    "doas": (
        "so2",
        "so2_dev",
        "so2_status",
        "no2",
        "no2_dev",
        "no2_status",
        "o3",
        "o3_dev",
        "o3_status",
        "so2_equivalent",
        "no2_equivalent",
        "o3_equivalent",
        "light",
        "wavelength_shift",
        "internal_temp",
    ),
}
"""What a host reads from devices that are no analyzers at a point, by their kinds; what a model lacks is left out."""
MONITOR = "pm"
"""Kind of the monitors of particle mass."""

MONITOR_FLOWS = ("flow", "main_flow")
"""Names of the flow through the filter or tape of a monitor, the first one that it can tell."""

MONITOR_READS = (
    "concentration_30min", "concentration_1h", "concentration_xxh", "concentration_8h", "concentration_12h",
    "concentration_24h", "base_concentration", "reference_concentration", *MONITOR_FLOWS, "bypass_flow", "qtot",
    "ambient_temp", "hour_temp", "ambient_humidity", "ambient_pressure", "hour_pressure", "filter_temp", "filter_rh",
    "hour_rh", "hour_delta", "heater_power", "case_temp", "cap_temp", "air_temp", "dryer_dew_point", "cooler_temp",
    "pressure_drop", "vacuum", "count_rate", "mass", "total_mass", "frequency", "noise", "filter_load", "tape_left",
    "foil_reading",
)  # fmt: skip
"""What monitors show beside their concentration, by the models' names; each tells some of it."""

MONITOR_SETTINGS = (
    "bkgd", "k_factor", "mu", "abs", "k0", "constant_a", "constant_b", "range", "offset", "count_time",
    "averaging_time", "mass_averaging", "flow_setpoint", "flow_slope", "at_offset", "bp_offset", "ap_limit",
    "rh_setpoint", "delta_setpoint", "mass_limit", "change_interval",
)  # fmt: skip
"""Settings that shape a monitor's reading; each has some of them."""

MONITOR_ACTIONS = ("self_test", "change_filter", "maintenance", "test_pump", "run")
"""What a monitor may be told to do: start with True, and what stands until it is ended, end with False."""

Weighing = Literal["", "beta", "oscillation"]
"""How a monitor finds the mass of particles; empty for what is no such monitor."""

_GAS_KINDS = ("so2", "nox", "o3", "co")


@dataclass(frozen=True, slots=True)
class Channel:
    """One measured component of an analyzer.

    Attributes:
        quantity: its name (``so2``).
        unit: unit inside.
        background: setting that is subtracted from it, or added, as the model does.
        coefficient: setting that multiplies it.
        calibrate_zero, calibrate_span: actions that adjust them on the gas that flows.
        gas: species that the channel is calibrated with.
        converter_factor: setting that makes up for a converter of less than full efficiency.
    """

    quantity: str
    unit: str
    background: str | None
    coefficient: str
    calibrate_zero: str | None
    calibrate_span: str
    gas: str
    converter_factor: str | None = None


@dataclass(frozen=True, slots=True)
class FiledRange:
    """A key technical parameter: the range that a network files for it, by the model's own name of it.

    Attributes:
        low, high: the range in ``unit``; None: no bound on that side.
        adjustable: whether an operator may adjust it.
        mark, source: how well the range is known, and from where.
    """

    name: str
    low: float | None
    high: float | None
    unit: str
    adjustable: bool
    mark: str
    source: str

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies within."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    @property
    def shown(self) -> str:
        """The range in figures."""
        low, high = ("" if bound is None else f"{bound:g}" for bound in (self.low, self.high))
        return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


def filed_of(entry: CatalogueEntry) -> tuple[FiledRange, ...]:
    """Key technical parameters of a model, as the catalogue has them."""
    return tuple(
        FiledRange(name, its.low, its.high, its.unit, its.access == "adjustable", its.mark, its.source)
        for name, its in entry.key_parameters.items()
    )


def channels_of(entry: CatalogueEntry) -> tuple[Channel, ...]:
    """Channels of a gas analyzer, in the order in which they are calibrated; none of any other device."""
    if not is_analyzer(entry.kind):
        return ()
    return tuple(
        Channel(
            quantity, its.unit, its.background or None, its.coefficient, its.calibrate_zero or None,
            its.calibrate_span, its.gas, its.converter_factor or None,
        )
        for quantity, its in entry.channels.items()
    )  # fmt: skip


def converter_factor(channels: Sequence[Channel]) -> str | None:
    """The stored factor of an analyzer's converter; None for one that has none."""
    return next((channel.converter_factor for channel in channels if channel.converter_factor is not None), None)


def snapshot_settings(channels: Sequence[Channel]) -> tuple[str, ...]:
    """Names of the settings whose change during a test voids it."""
    own: list[str] = []
    for channel in channels:
        if channel.background is not None:
            own.append(channel.background)
        own.append(channel.coefficient)
    factor = converter_factor(channels)
    return SETTINGS_THAT_SHAPE_A_READING + tuple(own) + (() if factor is None else (factor,))


def weighing_of(entry: CatalogueEntry) -> Weighing:
    """How a model finds the mass of particles: an oscillating element has the constant K0, a beta monitor has not."""
    if entry.kind != MONITOR:
        return ""
    return "oscillation" if "k0" in entry.settings else "beta"


def is_analyzer(kind: str) -> bool:
    """Whether ``kind`` measures a gas at a point."""
    return kind in _GAS_KINDS
