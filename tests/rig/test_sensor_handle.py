"""Handles of sensors on the station bench: values with unit, time and status, through trouble on the line."""

import pytest
from standing import standing

from instruments.device import Command
from rig.errors import BadReply, DeviceTimeout
from rig.host.sensor import Sensor
from rig.session import open_session
from scenarios.opening import load_bench

SENSORS = ("weather", "visibility", "shelter", "manifold", "supply", "path")


@pytest.fixture(scope="module")
def station():
    file, path = load_bench("station")
    session = open_session(file, path)
    session.time.sleep(900)
    yield session
    session.close()


@pytest.mark.parametrize("name", SENSORS)
def test_every_sensor_of_the_station_tells_what_its_model_has(station, name):
    handle = station.handles[name]
    assert isinstance(handle, Sensor)
    before, retries = station.time.now_us(), handle.link.retries
    found = handle.measure()
    assert set(found) == set(handle.quantities)
    assert len(found) >= 5
    instrument = station.bench.instruments[name]
    units = instrument.device.units()
    for quantity, its in found.items():
        assert its.status == "valid"
        assert its.unit == units[quantity]
        assert before < its.t_us <= station.time.now_us()
        if "wind" in quantity:
            continue  # another one by the time that the bytes have arrived
        assert its.value == pytest.approx(instrument.device.read(its.t_us, quantity), rel=0.02, abs=0.06)
    assert handle.link.retries == retries


def test_a_setting_goes_over_the_wire(station):
    shelter, weather = station.handles["shelter"], station.handles["weather"]
    shelter.set("setpoint", 24.5)
    assert shelter.read("setpoint") == (24.5, "deg C")
    weather.set("wind_averaging", 20)
    assert station.bench.instruments["weather"].device.settings["wind_averaging"] == 20


def test_what_the_device_does_not_have_is_none_with_a_status(station):
    station.bench.command("weather", Command("hidden.transducer_blocked", 1.0))
    station.time.sleep(30)
    found = station.handles["weather"].measure("wind_speed_avg", "air_temperature")
    station.bench.command("weather", Command("hidden.transducer_blocked", 0.0))
    assert (found["wind_speed_avg"].value, found["wind_speed_avg"].status) == (None, "no value")
    assert found["air_temperature"].status == "valid"
    station.time.sleep(30)


@pytest.mark.parametrize("name", SENSORS)
def test_silence_ends_in_bounded_time(station, name):
    before = station.time.now_us()
    with standing(station.bench.find_line(name), "silence"), pytest.raises(DeviceTimeout, match=name):
        station.handles[name].measure()
    assert station.time.now_us() - before < 30_000_000


def test_a_stale_reply_is_never_taken_for_another_quantity(station):
    """A line that is one message behind: the CRC'd head tells which message came, and the retry finds the right one."""
    weather = station.handles["weather"]
    weather.measure("air_pressure")
    retries = weather.link.retries
    with standing(station.bench.find_line("weather"), "stale_reply"):
        found = weather.measure("wind_speed_avg", "air_pressure")
    assert weather.link.retries > retries
    assert found["air_pressure"].value == pytest.approx(
        station.bench.instruments["weather"].device.read(station.time.now_us(), "air_pressure"), abs=0.2
    )


def test_a_spoiled_reply_is_a_bad_reply(station, monkeypatch):
    """Every reply has one bit turned: with a CRC none of them is a value."""
    line = station.bench.find_line("weather")
    answer = line.device_end.receive
    monkeypatch.setattr(
        line.device_end, "receive",
        lambda data: [reply[:8] + bytes([reply[8] ^ 0x01]) + reply[9:] for reply in answer(data)],
    )  # fmt: skip
    with pytest.raises(BadReply, match="CRC"):
        station.handles["weather"].measure("air_temperature")
