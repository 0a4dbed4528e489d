"""Hidden truth of gas analyzers: what is wrong with this one unit. Faults act by changing these causes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class AnalyzerHidden(BaseModel):
    """Causes that every analyzer has.

    Attributes:
        span_error_pct: error of the detector's sensitivity, %.
        span_drift_pct_per_day: its steady change, % per day since the epoch.
        span_wander_pct: its random walk, % per square root of a day.
        zero_offset: detector offset, unit of the gas.
        zero_drift_per_day: its steady change, unit of the gas per day since the epoch.
        noise_factor: noise over that of a good unit.
        linearity_pct_fs: bend of the response at half of full scale, % of full scale.
        cell_time_factor: time constant of the cell over that of a good unit (dirt, dead volume).
        leak_fraction: part of the gas in the cell that is room air.
        lamp_fraction: light of lamp or source over that of a new one.
        pump_fraction: flow over nominal.
        span_pct_per_c: change of sensitivity with the instrument's temperature, % per degree from 33 C.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    span_error_pct: float = Field(default=0.0, gt=-100.0)
    span_drift_pct_per_day: float = 0.0
    span_wander_pct: float = Field(default=0.05, ge=0.0)
    zero_offset: float = 0.0
    zero_drift_per_day: float = 0.0
    noise_factor: float = Field(default=1.0, ge=0.0)
    linearity_pct_fs: float = 0.0
    cell_time_factor: float = Field(default=1.0, gt=0.0)
    leak_fraction: float = Field(default=0.0, ge=0.0, le=1.0)
    lamp_fraction: float = Field(default=1.0, gt=0.0)
    pump_fraction: float = Field(default=1.0, gt=0.0, le=1.5)
    span_pct_per_c: float = 0.03


class NoxHidden(AnalyzerHidden):
    """A NOx analyzer: also its converter.

    Attributes:
        converter_efficiency: part of the NO2 that the molybdenum turns into NO, 0 to 1.
    """

    converter_efficiency: float = Field(default=0.985, ge=0.0, le=1.02)


class O3Hidden(AnalyzerHidden):
    """An ozone photometer: also its scrubber.

    Attributes:
        scrubber_efficiency: part of the ozone that the reference gas loses, 0 to 1.
    """

    scrubber_efficiency: float = Field(default=1.0, ge=0.0, le=1.0)
