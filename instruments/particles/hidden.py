"""Hidden truth of beta monitors: what is wrong with this one unit. Faults act by changing these causes."""

from __future__ import annotations

from pydantic import Field

from instruments.clock import ClockedHidden
from instruments.particles.inlet import InletHidden


class BetaHidden(ClockedHidden, InletHidden):
    """Causes that both beta monitors have, beside those of their clock and their inlet. Their hours go by the clock.

    Attributes:
        leak_fraction: part of the air at the tape that comes in past the inlet, at the nozzle.
        nozzle_dirt: debris on nozzle and vane, 0 clean to 1: leaks, blurs the spot's edge, falls on the next spot.
        nozzle_stuck: the nozzle does not come down on the tape.
        pump_fraction: flow and vacuum of the pump over those of a good one.
        flow_sensor_error_pct: the flow sensor shows so much too high, %.
        temperature_sensor_error_c: error of the outside temperature sensor.
        temperature_sensor_off: the outside temperature sensor is not connected.
        pressure_sensor_error_hpa: error of the barometer.
        rh_sensor_error_pct: error of the humidity sensor under the tape, % RH.
        filter_sensor_error_c: error of the temperature sensor under the tape.
        heater_available: power that the heater has left, 0 (failed) to 1.
        heater_least: power that it cannot go below, 0 to 1 (relay stuck on).
        tube_exchange: part of the way to the shelter's temperature that the air goes in the tube: insulation, or an
            air conditioner that blows on it.
        attenuation_error_pct: change of mu since the factory (window, gap, composition of the particles), %.
        detector_fraction: count rate over that of a good detector and source.
        tape_broken: the tape is torn.
        alkaline_tape: SO2 that the tape's fibres take up, ug per ug drawn (acid gas on alkaline glass fibre).
        static_ug: charge on tape and nozzle looks like so much mass per spot, ug.
        rain_in: part of the rain on the head that gets down to the tape, 0 to 1.
        frozen: the firmware stores the last value again and again.
    """

    leak_fraction: float = Field(default=0.0, ge=0.0, le=1.0)
    nozzle_dirt: float = Field(default=0.0, ge=0.0, le=1.0)
    nozzle_stuck: bool = False
    pump_fraction: float = Field(default=1.0, ge=0.0, le=1.5)
    flow_sensor_error_pct: float = Field(default=0.0, gt=-90.0, lt=500.0)
    temperature_sensor_error_c: float = Field(default=0.0, ge=-60.0, le=60.0)
    temperature_sensor_off: bool = False
    pressure_sensor_error_hpa: float = Field(default=0.0, ge=-300.0, le=300.0)
    rh_sensor_error_pct: float = Field(default=0.0, ge=-100.0, le=100.0)
    filter_sensor_error_c: float = Field(default=0.0, ge=-60.0, le=60.0)
    heater_available: float = Field(default=1.0, ge=0.0, le=1.0)
    heater_least: float = Field(default=0.0, ge=0.0, le=1.0)
    tube_exchange: float = Field(default=0.2, ge=0.0, le=1.0)
    attenuation_error_pct: float = Field(default=0.0, gt=-90.0, lt=500.0)
    detector_fraction: float = Field(default=1.0, ge=0.0, le=2.0)
    tape_broken: bool = False
    alkaline_tape: float = Field(default=0.0, ge=0.0, le=1.0)
    static_ug: float = Field(default=0.0, ge=-100.0, le=100.0)
    rain_in: float = Field(default=0.0, ge=0.0, le=1.0)
    frozen: bool = False


class BamHidden(BetaHidden):
    """A BAM-1020: also its reference membrane and its relays.

    Attributes:
        membrane_stuck: the reference membrane does not move.
        membrane_error_pct: change of its mass since its certificate, %.
        internal_fault: the processor reports an internal error.
        telemetry_fault: the external fault input is on.
        pump_stuck_on: the pump does not stop.
    """

    membrane_stuck: bool = False
    membrane_error_pct: float = Field(default=0.0, gt=-90.0, lt=500.0)
    internal_fault: bool = False
    telemetry_fault: bool = False
    pump_stuck_on: bool = False


class ContinuousHidden(BetaHidden):
    """A 5014i: also its alpha channel.

    Attributes:
        alpha_fraction: sensitivity of the alpha channel over that of a good one.
        radon_factor: radon outside over that of a usual place.
    """

    alpha_fraction: float = Field(default=1.0, ge=0.0, le=2.0)
    radon_factor: float = Field(default=1.0, ge=0.0, le=100.0)
