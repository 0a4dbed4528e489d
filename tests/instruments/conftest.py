"""Faces of instruments that are a bag of values, for the tests of wire protocols."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faces import BagFace, face_of

from instruments.device import Value
from instruments.protocols.clink_table import ClinkTable, load

CATALOGUE = Path(__file__).parents[2] / "instruments" / "catalogue"

COMMON: dict[str, Value] = {
    "mode": "remote", "gas_mode": "sample", "gas_unit": "ppb", "averaging_time": 60, "range": 500.0,
    "range_mode": "single", "temp_comp": True, "pres_comp": True, "span_concentration": 400.0, "alarms": (),
    "powered": True, "warming_up": False, "serial": "SIM-0001", "firmware": "01.00.01.074", "internal_temp": 30.2,
    "chamber_temp": 45.1, "pressure": 741.7, "pressure_actual": 740.2, "sample_flow": 0.452,
}  # fmt: skip
OWN: dict[str, dict[str, Value]] = {
    "43i": {
        "instrument_id": 43, "so2": 12.34, "so2_bkg": 1.4, "so2_coef": 1.005, "pmt_voltage": -750.0,
        "lamp_voltage": 800.0, "lamp_intensity": 91.2,
    },
    "42i": {
        "instrument_id": 42, "no": 12.34, "no2": 5.678, "nox": 18.02, "no_bkg": 3.1, "nox_bkg": 4.2, "no_coef": 1.01,
        "nox_coef": 1.02, "no2_coef": 0.98, "cooler_temp": -2.8, "converter_temp": 325.1, "ozonator_flow": 0.05,
        "pmt_voltage": -750.0, "ozonator": True,
    },
    "48i": {
        "instrument_id": 48, "co": 4.567, "co_bkg": 1.4, "co_coef": 1.005, "range": 50.0, "span_concentration": 40.0,
        "ratio": 1.1611, "agc_intensity": 200123.0, "bias_voltage": -115.5, "motor_speed": 100.0,
    },
    "49i": {
        "instrument_id": 49, "o3": 31.42, "cell_a_o3": 31.1, "cell_b_o3": 31.7, "o3_bkg": 0.2, "o3_coef": 1.004,
        "bench_temp": 32.3, "lamp_temp": 55.2, "o3_lamp_temp": 69.2, "flow_a": 0.708, "flow_b": 0.721,
        "cell_a_intensity": 98425.0, "cell_b_intensity": 95012.0, "noise_a": 1.1, "noise_b": 1.2,
    },
    "146i": {
        "instrument_id": 51, "calibrator_mode": "span", "gas": "a", "concentration": 400.0, "ozone": 200.0,
        "total_flow": 5.0, "concentration_unit": "nmol/mol", "concentration_actual": 399.7, "gas_flow_target": 40.0,
        "gas_flow": 40.1, "zero_flow_target": 4960.0, "zero_flow": 4959.2, "total_flow_target": 5000.0,
        "total_flow_actual": 4999.3, "ozone_flow": 150.0, "photometer_o3": 0.4, "bench_temp": 32.3, "lamp_temp": 55.2,
        "o3_lamp_temp": 69.2, "ozonator": False, "cylinder_value": 50000.0, "chamber_volume": 180.0,
    },
}  # fmt: skip
OWN["49i-PS"] = {**OWN["49i"], "ozone": 150.0}
MODELS = tuple(OWN)


def catalogue_file(model: str) -> Path:
    """The file with a model's command table."""
    return CATALOGUE / f"{model}.toml"


@pytest.fixture
def bag_face() -> Callable[..., BagFace]:
    """Makes the face of a healthy instrument of a model, with some values changed."""

    def make(model: str, **changes: Value) -> BagFace:
        return face_of(**{**COMMON, "model": model, **OWN[model], **changes})

    return make


@pytest.fixture(scope="session")
def clink_tables() -> dict[str, ClinkTable]:
    """The C-Link tables of all models."""
    return {model: load(catalogue_file(model)) for model in MODELS}


@pytest.fixture
def clink_data() -> Callable[[str], dict[str, Any]]:
    """Gives the ``[protocol.clink]`` table of a model as read from TOML, to be changed at will."""
    import tomllib

    def read(model: str) -> dict[str, Any]:
        data: dict[str, Any] = tomllib.loads(catalogue_file(model).read_text(encoding="utf-8"))
        clink: dict[str, Any] = data["protocol"]["clink"]
        return clink

    return read
