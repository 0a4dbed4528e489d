"""The mains of a whole station fail in mid-hour, longer than its battery lasts: what goes dark, what comes back."""

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from gas_bench import data, recorded

from rig.bench_check import check_bench_data
from rig.errors import ConfigurationErrors

STATION = Path(__file__).parents[2] / "scenarios" / "benches" / "station.toml"
CUT, BACK = 90, 150
BATTERY = ("flow_meter", "small_flow_meter", "climate_meter")
ITSELF = ("supply", "manifold")


@cache
def cut():
    station = tomllib.loads(STATION.read_text())
    station["device"]["supply"]["hidden"] = {"disturbances": 0.0, "battery_health": 0.2}
    station["fault"] = [{"kind": "mains_cut", "device": "supply", "at": f"{CUT} min", "for": f"{BACK - CUT} min"}]
    return list(station["device"]), recorded(station, 6)


def dark(device):
    """Minutes in which nothing is seen of a device."""
    _, table = cut()
    values = [v for name, v in table.items() if name.startswith(f"{device}.") and v.dtype.kind == "f"]
    return np.flatnonzero(np.all([np.isnan(v) for v in values], axis=0))


def test_all_goes_dark_when_the_battery_is_empty_but_what_has_its_own():
    devices, table = cut()
    assert table["supply.mains_voltage"][CUT + 5] == 0.0
    empty = int(np.flatnonzero(table["supply.battery_charge"] == 0.0)[0])
    assert CUT + 2 < empty < CUT + 15
    for device in devices:
        minutes = dark(device)
        if device in (*BATTERY, *ITSELF):
            assert not len(minutes)
        else:
            # the air conditioner hangs on the mains alone
            assert minutes[0] <= CUT + 1 if device == "shelter" else CUT + 2 < minutes[0] <= empty + 1
            assert minutes[0] >= CUT
            assert BACK - 2 <= minutes[-1] <= BACK + 3
            assert np.all(np.diff(minutes) == 1)


def test_devices_come_back_in_the_order_of_the_file():
    devices, _ = cut()
    last = [dark(device)[-1] for device in devices if device not in (*BATTERY, *ITSELF)]
    assert last == sorted(last)
    assert last[-1] > last[0]


@pytest.mark.parametrize(("temperature", "low"), [("so2.chamber_temp", 43.0), ("o3.lamp_temp", 50.0)])
def test_analyzers_warm_up_and_say_so(temperature, low):
    _, table = cut()
    device = temperature.split(".")[0]
    assert table[temperature][BACK + 3] < low < table[temperature][CUT - 1]
    assert f"{temperature.split('.')[1]}:low" in table[f"{device}.alarms"][BACK + 3]
    assert table[f"{device}.alarms"][-1] == ""
    assert table[temperature][-1] == pytest.approx(table[temperature][CUT - 1], abs=0.3)


def test_what_each_kind_loses_it_loses():
    _, table = cut()
    # the beta monitor marks the hour and stores full scale, the continuous one has too little of it
    assert int(table["pm10.flags"][185]) & 128
    assert table["pm10.concentration"][185] == 985.0
    assert table["pm10.concentration"][305] < 900.0
    assert [table["pm25.hour_valid"][minute] for minute in (185, 305)] == [0.0, 1.0]
    # the balance of masses settles for half an hour and more
    assert "power_failure" in table["teom.alarms"][BACK + 10]
    assert table["teom.alarms"][-1] == ""
    # a calibrator comes back in standby, and hears nothing while it is dead: the span check of 2 h does not take place
    assert set(table["calibrator.calibrator_mode"][BACK + 3 : 178]) == {"standby"}  # at 3 h there is one
    assert set(table["co.gas_mode"][BACK + 3 : BACK + 60]) == {"sample"}
    # clocks go on by their batteries, cylinders need no power
    assert np.nanmax(np.abs(table["so2.clock_error"])) < 1.0
    assert not np.isnan(table["cylinder.so2.pressure"]).any()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"fault": [{"kind": "power_cut", "device": "cylinder.so2", "at": "1 h"}]},
         "fault.0.device: expected a device with a plug"),
        ({"device__supply": {"model": "ups"}, "device__flow": {"model": "defender-530", "power": {"watts": 5.0}}},
         "device.flow.power: expected nothing: it has no plug"),
    ],
)  # fmt: skip
def test_a_plug_of_what_has_none_is_one_clear_error(parts, words):
    with pytest.raises(ConfigurationErrors) as caught:
        check_bench_data(data(**parts), "bench.toml")
    assert len(caught.value.errors) == 1
    assert words in str(caught.value)
