"""Hidden truth of tapered-element monitors: what is wrong with this one unit. Faults act by changing these causes."""

from __future__ import annotations

from pydantic import Field

from instruments.clock import ClockedHidden
from instruments.particles.inlet import InletHidden


class TeomHidden(ClockedHidden, InletHidden):
    """Causes that every tapered-element monitor has, beside those of its clock and at its inlet.

    Attributes:
        k0: the element's constant, g Hz^2; the stored one is a setting.
        free_frequency: frequency without a filter, Hz.
        filter_mass: mass of the clean filter that is on at the epoch, grams.
        collected: stable particles on it at the epoch, ug.
        noise_factor: white noise of the frequency over that of a good unit (vibration, electronics).
        looseness: how badly the filter sits, 0 pressed home, 1 hardly held: it creeps and the frequency jumps.
        drive: amplitude of the oscillation over that of a good unit; below 0.5 it breaks off.
        cap_heater, case_heater, air_heater: heat of each heater over that of a good one.
        cap_sensor_error_c, case_sensor_error_c, air_sensor_error_c: error of each sensor; the heater follows it.
        main_flow_bias, bypass_flow_bias: relative error of each flow sensor: reading over truth, less 1.
        main_flow_zero, bypass_flow_zero: reading of each flow sensor without flow, L/min.
        leak_main, leak_bypass: shelter air that leaks into each flow, L/min.
        pump_fraction: what the pump moves over a new one.
        pump_pulsation: pulsation of its flow above that of a good one, in multiples of the good unit's noise.
        inlet_clog: part of the inlet's open area that is blocked.
        bypass_clog: part of the bypass filter's open area that is blocked, beside its service hours.
        temperature_sensor_error_c, humidity_sensor_error_pct, pressure_sensor_error_hpa: errors of the outside sensors.
        enclosure_heat_c: heating of the enclosure above its usual (fan, filter mat), degrees.
    """

    k0: float = Field(default=14976.0, gt=1000.0, lt=1.0e5)
    free_frequency: float = Field(default=359.42, gt=100.0, lt=1000.0)
    filter_mass: float = Field(default=0.0903, ge=0.0, lt=0.5)
    collected: float = Field(default=300.0, ge=0.0, le=20_000.0)
    noise_factor: float = Field(default=1.0, ge=0.0, le=1000.0)
    looseness: float = Field(default=0.0, ge=0.0, le=1.0)
    drive: float = Field(default=1.0, ge=0.0, le=1.5)
    cap_heater: float = Field(default=1.0, ge=0.0, le=1.5)
    case_heater: float = Field(default=1.0, ge=0.0, le=1.5)
    air_heater: float = Field(default=1.0, ge=0.0, le=1.5)
    cap_sensor_error_c: float = Field(default=0.0, ge=-100.0, le=100.0)
    case_sensor_error_c: float = Field(default=0.0, ge=-100.0, le=100.0)
    air_sensor_error_c: float = Field(default=0.0, ge=-100.0, le=100.0)
    main_flow_bias: float = Field(default=0.0, gt=-0.9, le=10.0)
    bypass_flow_bias: float = Field(default=0.0, gt=-0.9, le=10.0)
    main_flow_zero: float = Field(default=0.0, ge=-5.0, le=5.0)
    bypass_flow_zero: float = Field(default=0.0, ge=-20.0, le=20.0)
    leak_main: float = Field(default=0.02, ge=0.0, le=20.0)
    leak_bypass: float = Field(default=0.1, ge=0.0, le=20.0)
    pump_fraction: float = Field(default=1.0, ge=0.0, le=1.5)
    pump_pulsation: float = Field(default=0.0, ge=0.0, le=1000.0)
    inlet_clog: float = Field(default=0.0, ge=0.0, le=1.0)
    bypass_clog: float = Field(default=0.0, ge=0.0, le=1.0)
    temperature_sensor_error_c: float = Field(default=0.0, ge=-300.0, le=300.0)
    humidity_sensor_error_pct: float = Field(default=0.0, ge=-100.0, le=100.0)
    pressure_sensor_error_hpa: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    enclosure_heat_c: float = Field(default=0.0, ge=0.0, le=60.0)


class FdmsHidden(TeomHidden):
    """A unit with a filter dynamics measurement system: also its drier, cooler, purge filter and valve.

    Attributes:
        dryer: water that the drier takes out over what a new one does.
        cooler: cooling over that of a good one.
        purge: particles that the purge filter holds back over what a new one does.
        valve_travel: how far the valve turns from base to reference: 1 all the way, 0 it stays at base.
        valve_return: how far it turns back: 1 all the way, 0 it stays at reference.
        leak_reference: shelter air that leaks into the reference path behind the purge filter, L/min.
    """

    dryer: float = Field(default=1.0, ge=0.0, le=1.05)
    cooler: float = Field(default=1.0, ge=0.0, le=1.5)
    purge: float = Field(default=1.0, ge=0.0, le=1.0)
    valve_travel: float = Field(default=1.0, ge=0.0, le=1.0)
    valve_return: float = Field(default=1.0, ge=0.0, le=1.0)
    leak_reference: float = Field(default=0.0, ge=0.0, le=20.0)
