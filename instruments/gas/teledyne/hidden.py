"""Hidden truth of the T series, beside what every analyzer has."""

from __future__ import annotations

from pydantic import Field

from instruments.gas.hidden import AnalyzerHidden, ConverterHidden, KickerHidden


class TeledyneHidden(AnalyzerHidden):
    """Causes that all of them have.

    Attributes:
        orifice_fraction: opening of the critical flow orifice over that of a clean one.
    """

    orifice_fraction: float = Field(default=1.0, gt=0.0, le=1.2)


class PhotomultiplierHidden(TeledyneHidden):
    """A unit with a cooled photomultiplier.

    Attributes:
        cooler_fraction: part of the way below the box that the photomultiplier's cooler still makes.
        hvps_shift: what the high-voltage supply gives above its set point, V.
    """

    cooler_fraction: float = Field(default=1.0, ge=0.0, le=1.0)
    hvps_shift: float = Field(default=0.0, ge=-300.0, le=300.0)


class T100Hidden(KickerHidden, PhotomultiplierHidden):
    """An SO2 analyzer.

    Attributes:
        shutter_leak: part of the lamp's light that passes the closed shutter; 1 is one that stays open.
        reference_error_pct: error of the lamp's reference detector, %.
    """

    shutter_leak: float = Field(default=0.0, ge=0.0, le=1.0)
    reference_error_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)


class T200Hidden(ConverterHidden, PhotomultiplierHidden):
    """A NOx analyzer.

    Attributes:
        converter_efficiency: part of the NO2 that the molybdenum turns into NO, 0 to 1.
        moly_heater_fraction: part of the way above the room that the converter's heater still makes.
        ozone_fraction: ozone in the reaction cell over that of a good generator.
        ozone_flow_fraction: flow of ozone air over nominal.
        autozero_leak: part of the sample that still reaches the cell during an auto-zero.
    """

    converter_efficiency: float = Field(default=0.985, ge=0.0, le=1.02)
    moly_heater_fraction: float = Field(default=1.0, ge=0.0, le=1.1)
    ozone_fraction: float = Field(default=1.0, ge=0.0, le=1.5)
    ozone_flow_fraction: float = Field(default=1.0, ge=0.0, le=1.5)
    autozero_leak: float = Field(default=0.0, ge=0.0, le=1.0)


class T300Hidden(TeledyneHidden):
    """A CO analyzer.

    Attributes:
        wheel_leak: part of the CO that has left the reference half of the filter wheel.
        wheel_heater_fraction: part of the way above the room that the wheel's heater still makes.
        detector_dark: dark signal of the photodetector beyond the one that a dark calibration has stored, mV.
        catalyst_efficiency: part of the CO that the catalyst of the auto-zero takes out.
    """

    wheel_leak: float = Field(default=0.0, ge=0.0, lt=1.0)
    wheel_heater_fraction: float = Field(default=1.0, ge=0.0, le=1.1)
    detector_dark: float = Field(default=0.0, ge=-500.0, le=500.0)
    catalyst_efficiency: float = Field(default=0.999, ge=0.0, le=1.0)


class T400Hidden(TeledyneHidden):
    """An ozone photometer with one cell.

    Attributes:
        scrubber_efficiency: part of the ozone that the reference gas loses, 0 to 1.
        valve_leak: part of each gas that the measure/reference valve lets into the other's turn.
        cell_dirt: part of the light that dirt in the cell takes; a tenth of it is the part of the ozone lost there.
        lamp_flicker: fast noise of the lamp's light over that of a good one.
        lamp_heater_fraction: part of the way above the room that the lamp's heater still makes.
    """

    scrubber_efficiency: float = Field(default=1.0, ge=0.0, le=1.0)
    valve_leak: float = Field(default=0.0, ge=0.0, le=0.5)
    cell_dirt: float = Field(default=0.0, ge=0.0, lt=1.0)
    lamp_flicker: float = Field(default=1.0, ge=0.0, le=1000.0)
    lamp_heater_fraction: float = Field(default=1.0, ge=0.0, le=1.1)
