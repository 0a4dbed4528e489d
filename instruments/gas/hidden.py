"""Hidden truth of gas analyzers: what is wrong with this one unit. Faults act by changing these causes."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, Field

from instruments.air import FloatArray
from instruments.clock import ClockedHidden


class AnalyzerHidden(ClockedHidden):
    """Causes that every analyzer has, beside those of its clock.

    Attributes:
        span_error_pct: error of the detector's sensitivity, %.
        span_drift_pct_per_day: its steady change, % per day, from the epoch or the instant of the command on.
        span_wander_pct: its random walk, % per square root of a day.
        zero_offset: detector offset, unit of the gas.
        zero_drift_per_day: its steady change, unit of the gas per day, from the epoch or the instant of the command on.
        noise_factor: noise over that of a good unit.
        linearity_pct_fs: bend of the response at half of full scale, % of full scale.
        cell_time_factor: time constant of the cell over that of a good unit (dirt, dead volume).
        leak_fraction: part of the gas in the cell that is room air.
        sample_leak_fraction: part of the gas in the cell that is room air while the sample port is open (a loose holder
            of the sample filter: gas at the other ports does not pass it).
        lamp_fraction: light of lamp or source over that of a new one.
        pump_fraction: flow over nominal.
        filter_clogged: part of the sample filter's pores that is closed, beside what its age has closed.
        span_pct_per_c: change of sensitivity with the instrument's temperature, % per degree from 33 C.
        zero_per_c: change of the offset with it, unit of the gas per degree from 33 C.
        span_pct_per_v: change of sensitivity with the supply's voltage, % per volt from 220 V (a lamp or a high voltage
            that is not regulated well).
        zero_per_v: change of the offset with it, unit of the gas per volt from 220 V.
        temperature_sensor_error_c: error of the sensor in chamber or bench, by which the firmware compensates.
        pressure_sensor_error_mmhg: the same of the pressure transducer.
        pump_restarts: whether the pump starts again when power comes back (a worn diaphragm, a dead capacitor).
        valve_stuck: the valve of the ports stays where it is, whatever it is told and shows.
        outer_valve_open: a valve outside the unit leads what the span port would get to the sample port, so that a
            check runs while the unit shows ``sample``.
        display_hung: the board that makes readings of the signals has hung: readings stand (at 0 if it hung at the
            epoch), diagnostics and alarms go on.
    """

    span_error_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    span_drift_pct_per_day: float = Field(default=0.0, ge=-100.0, le=100.0)
    span_wander_pct: float = Field(default=0.05, ge=0.0, le=100.0)
    zero_offset: float = Field(default=0.0, ge=-10_000.0, le=10_000.0)
    zero_drift_per_day: float = Field(default=0.0, ge=-10_000.0, le=10_000.0)
    noise_factor: float = Field(default=1.0, ge=0.0, le=1000.0)
    linearity_pct_fs: float = Field(default=0.0, ge=-100.0, le=100.0)
    cell_time_factor: float = Field(default=1.0, gt=0.0, le=1000.0)
    leak_fraction: float = Field(default=0.0, ge=0.0, le=1.0)
    sample_leak_fraction: float = Field(default=0.0, ge=0.0, le=1.0)
    lamp_fraction: float = Field(default=1.0, gt=0.0, le=1.5)
    pump_fraction: float = Field(default=1.0, gt=0.0, le=1.5)
    filter_clogged: float = Field(default=0.0, ge=0.0, le=1.0)
    span_pct_per_c: float = Field(default=0.03, ge=-20.0, le=20.0)
    zero_per_c: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    span_pct_per_v: float = Field(default=0.001, ge=-20.0, le=20.0)
    zero_per_v: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    temperature_sensor_error_c: float = Field(default=0.0, ge=-100.0, le=100.0)
    pressure_sensor_error_mmhg: float = Field(default=0.0, ge=-760.0, le=760.0)
    pump_restarts: bool = True
    valve_stuck: bool = False
    outer_valve_open: bool = False
    display_hung: bool = False


class ConverterHidden(BaseModel):
    """What every NOx analyzer has: a molybdenum converter, and an ozone generator fed with dried air of the room.

    Attributes:
        converter_wet: part of the converted NO2 that dirt and water in the converter hold back and let go slowly.
        ozone_dryer: part of its work that the drier of the ozone generator's air still does.
    """

    converter_wet: float = Field(default=0.0, ge=0.0, le=1.0)
    ozone_dryer: float = Field(default=1.0, ge=0.0, le=1.0)


class KickerHidden(BaseModel):
    """What every SO2 analyzer has: a hydrocarbon kicker before the cell, for aromatics fluoresce too; a filter.

    Attributes:
        kicker_efficiency: part of the aromatics that the hydrocarbon kicker takes out; 0 without one.
        aromatics_per_no: aromatics of traffic in the outside air, nmol/mol per nmol/mol of NO.
        no_light: light of NO that the filter before the photomultiplier lets pass, over that of a good filter.
    """

    kicker_efficiency: float = Field(default=0.95, ge=0.0, le=1.0)
    aromatics_per_no: float = Field(default=0.2, ge=0.0, le=100.0)
    no_light: float = Field(default=1.0, ge=0.0, le=1000.0)

    def aromatics(self, no: FloatArray) -> FloatArray:
        """Aromatics that reach the cell, nmol/mol, beside that much NO of traffic."""
        return np.asarray((1.0 - self.kicker_efficiency) * self.aromatics_per_no * no)


class So2Hidden(KickerHidden, AnalyzerHidden):
    """An SO2 analyzer (Thermo)."""


class NoxHidden(ConverterHidden, AnalyzerHidden):
    """A NOx analyzer with a cooled photomultiplier (Thermo).

    Attributes:
        converter_efficiency: part of the NO2 that the molybdenum turns into NO, 0 to 1.
        cooler_fraction: part of the way below the room that the photomultiplier's cooler still makes.
        converter_heater: part of the way above the room that the converter's heater still makes.
        ozone_fraction: ozone in the reaction cell over what the reaction needs; its flow may be as ever.
    """

    converter_efficiency: float = Field(default=0.985, ge=0.0, le=1.02)
    cooler_fraction: float = Field(default=1.0, ge=0.0, le=1.0)
    converter_heater: float = Field(default=1.0, ge=0.0, le=1.0)
    ozone_fraction: float = Field(default=1.0, ge=0.0, le=1.0)


class O3Hidden(AnalyzerHidden):
    """An ozone photometer: also its scrubber.

    Attributes:
        scrubber_efficiency: part of the ozone that the reference gas loses, 0 to 1.
        cell_a_dirt: part of cell A's light that dirt takes; a tenth of it is the part of the ozone lost there.
        cell_b_dirt: the same of cell B.
    """

    scrubber_efficiency: float = Field(default=1.0, ge=0.0, le=1.0)
    cell_a_dirt: float = Field(default=0.0, ge=0.0, lt=1.0)
    cell_b_dirt: float = Field(default=0.0, ge=0.0, lt=1.0)
