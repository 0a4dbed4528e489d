"""Boxes of the T series that are a bag of values, on the day of the manuals' examples."""

import calendar

import feeding
import pytest

from instruments.catalogue import load
from instruments.protocols.dialects import dialect

DAY_326_US = calendar.timegm((2026, 11, 22, 10, 38, 27)) * 1_000_000
COMMON = {
    "gas_mode": "sample", "gas_unit": "ppb", "range": 500.0, "span_concentration": 400.0, "tpc": True,
    "adaptive_filter": True, "filter_size": 240, "filter_short_size": 20, "filter_delta": 20.0, "filter_percent": 10.0,
    "filter_delay": 180.0, "system_reset": False, "instrument_id": 0, "alarms": (), "powered": True,
    "uptime_s": 90_000.0, "stabil": 0.31, "box_temp": 31.44, "pressure": 28.93, "vacuum": 8.0, "sample_flow": 0.6524,
    "hvps": 620.2, "rcell_temp": 50.03, "pmt_temp": 7.02, "sample_temp": 38.1,
}  # fmt: skip
VALUES = {
    "T100": {
        "so2": 261.43, "pmt": 583.2, "norm_pmt": 592.0, "uv_lamp": 3498.7, "lamp_ratio": 99.9, "stray_light": 8.04,
        "dark_pmt": 21.4, "dark_lamp": 2.6, "so2_slope": 1.012, "so2_offset": 36.4, "lamp_cal": 3500.0,
    },
    "T200": {
        "no": 100.04, "nox": 141.66, "no2": 41.62, "pmt": 284.1, "norm_pmt": 283.0, "azero": 12.3, "ozone_flow": 0.08,
        "moly_temp": 314.9, "rcell_pressure": 5.04, "nox_slope": 1.004, "nox_offset": 2.1, "no_slope": 0.998,
        "no_offset": 1.9, "ce_factor": 1.0, "ozonator": True, "stabil_gas": "nox",
    },
    "T300": {
        "gas_unit": "ppm", "range": 50.0, "span_concentration": 40.0, "filter_size": 750, "filter_delta": 4.0,
        "co": 6.8274, "stabil": 0.0124, "co_meas": 3611.2, "co_ref": 4200.9, "mr_ratio": 1.163, "bench_temp": 48.0,
        "wheel_temp": 68.1, "photo_drive": 2511.3, "co_slope": 1.0, "co_offset": 0.014, "dark_offset": 20.0,
        "auto_zero": False, "auto_zero_interval": 4.0,
    },
    "T400": {
        "o3": 41.74, "o3_meas": 4102.34, "o3_ref": 4201.1, "photo_lamp_temp": 58.0, "o3_slope": 1.0, "o3_offset": -0.42,
    },
    "T700": {
        "calibrator_mode": "span", "concentration_unit": "nmol/mol", "concentration": 400.0,
        "concentration_actual": 399.83, "gas_flow": 40.013, "gas_flow_target": 40.0, "zero_flow": 4959.7,
        "zero_flow_target": 4960.0, "ozone_reference": 0.0, "ozone_flow": 0.0, "ozone_drive": 0.0,
        "o3_lamp_temp": 48.02,
        "gas_pressure": 29.0, "zero_pressure": 29.6, "photometer_o3": 0.44, "photometer_measure": 4499.1,
        "photometer_reference": 4500.0, "photometer_flow": 0.8, "lamp_temp": 58.1, "pressure": 740.0,
        "bench_temp": 35.0, "photometer_slope": 1.0, "photometer_zero": 0.0, "total_flow": 5.0,
        "ozone_control": "photometer", "chamber_volume": 120.0,
    },
}  # fmt: skip


class Set:
    """A box with its two ends: ``say`` gives what it answers, ``face`` holds its values."""

    def __init__(self, model, face, options):
        self.face = face
        self.dialect = dialect(load(model), "teledyne")
        self.table = self.dialect.table
        self.box = self.dialect.box(face)
        self.device = self.line(options)

    def line(self, options=None):
        return self.box.line("serial", {**self.dialect.options, **(options or {})}, None)

    def say(self, data, *, byte_by_byte=False):
        return (feeding.byte_by_byte if byte_by_byte else feeding.whole)(self.device, data)


@pytest.fixture
def boxes(bag_face):
    """Makes a box: ``boxes("T100", so2=5.0)``, with habits of its port as ``options``."""

    def make(model, options=None, **changes):
        face = bag_face("43i")
        face.values = {**COMMON, **VALUES[model], **changes}
        face.set_clock(DAY_326_US)
        return Set(model, face, options)

    return make
