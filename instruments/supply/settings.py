"""What is wrong with this one calibrator, and the names of its modes and ports."""

from __future__ import annotations

from pydantic import Field

from instruments.clock import ClockedHidden

MODES = ("standby", "zero", "span", "ozone", "gpt", "gptps", "flows", "drives")
PORTS = ("a", "b", "c", "d", "e", "f")


class Hidden(ClockedHidden):
    """The unit's hidden truth, beside its clock's; all per cent, of reading unless named full scale (fs).

    Offsets are in nmol/mol.

    The ozone of a lamp fluctuates by 0.5 to 1 % or 1 nmol/mol, whichever is more (recalled); these are two standard
    deviations here.

    Attributes:
        gas_flow_drift_pct_per_year, zero_flow_drift_pct_per_year: steady change of each controller's flow, from the
            epoch or the instant of the command on.
        flow_pct_per_c: change of both flows with the room's temperature, % per degree from 25 deg C.
        photometer_dirt: 0 clean to 1: ozone is lost on it (a tenth at 1) and light with it.
        photometer_noise_factor: noise over that of a good photometer.
        photometer_temperature_error_c, photometer_pressure_error_mmhg: errors of the sensors that it compensates by.
        ozone_lamp_fraction: light of the ozone lamp over that of a new one.
        reference_detector_error_pct: how far the servo on the lamp's detector misses.
        ozone_wall_loss_pct: ozone lost in lines that have seen none for long.
        ozone_line_loss_pct: ozone lost on dirt behind the photometer, always.
        solenoid_leak_cc_min, solenoid_leak_port: gas that a closed valve lets into the mixture.
        vent_hpa_per_lpm: pressure at the outlet by flow that nobody draws; 0: the vent is free.
    """

    gas_flow_span_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    gas_flow_offset_pct_fs: float = Field(default=0.0, ge=-100.0, le=100.0)
    gas_flow_nonlinearity_pct_fs: float = Field(default=0.0, ge=-100.0, le=100.0)
    gas_flow_drift_pct_per_year: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    zero_flow_span_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    zero_flow_offset_pct_fs: float = Field(default=0.0, ge=-100.0, le=100.0)
    zero_flow_nonlinearity_pct_fs: float = Field(default=0.0, ge=-100.0, le=100.0)
    zero_flow_drift_pct_per_year: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    flow_pct_per_c: float = Field(default=0.05, ge=-20.0, le=20.0)
    flow_repeatability_pct: float = Field(default=0.1, ge=0.0, le=100.0)
    photometer_error_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    photometer_offset: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    photometer_dirt: float = Field(default=0.0, ge=0.0, le=1.0)
    photometer_noise_factor: float = Field(default=1.0, ge=0.0, le=1000.0)
    photometer_temperature_error_c: float = Field(default=0.0, ge=-100.0, le=100.0)
    photometer_pressure_error_mmhg: float = Field(default=0.0, ge=-760.0, le=760.0)
    ozone_table_error_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    ozone_fluctuation_pct: float = Field(default=0.5, ge=0.0, le=100.0)
    ozone_fluctuation: float = Field(default=1.0, ge=0.0, le=1000.0)
    ozone_lamp_fraction: float = Field(default=1.0, gt=0.0, le=1.5)
    reference_detector_error_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    ozone_wall_loss_pct: float = Field(default=2.0, ge=0.0, le=100.0)
    ozone_line_loss_pct: float = Field(default=0.0, ge=0.0, le=100.0)
    lamp_flow_change_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    solenoid_leak_cc_min: float = Field(default=0.0, ge=0.0, le=10_000.0)
    solenoid_leak_port: str = Field(default="a", pattern="^[a-f]$")
    vent_hpa_per_lpm: float = Field(default=0.0, ge=0.0, le=10_000.0)
