"""Modbus, the host side: every quantity of every map read back from the device side, and what is never accepted."""

import struct
from types import SimpleNamespace

import pytest
from protocol_ends import asked, crc, device_of, host_of

from instruments.build import build_unit
from instruments.catalogue import load, models
from instruments.device import Command
from instruments.errors import ConfigurationErrors, Refused
from instruments.plumbing import Air
from instruments.protocols.dialects import dialect
from instruments.protocols.modbus_map import CLOCK, maps_of
from rig.host.kinds import channels_of
from rig.wiring import host_protocol

OWN_MAPS = ("42i", "43i", "48i", "49i", "T100", "T200", "T300", "T400", "T700")
NOW_US = 120_000_000


class StandingFace:
    """A unit that nothing surrounds: what it is set to, and round numbers for what it measures."""

    def __init__(self, model):
        self.entry = load(model)
        self.unit = build_unit(self.entry, model, 1, serial="SIM-0007")
        self.values = {name: 10.0 + 3.0 * n for n, name in enumerate(dict.fromkeys(self.unit.quantities()))}
        self.values |= {"alarms": (), "warming_up": False, "instrument_id": 7, **self.unit.texts}
        self.values |= dict(self.unit.settings) | {"instrument_id": 7}
        self.done = []

    def read(self, quantity):
        return self.values[quantity]

    def apply(self, name, value):
        if name in self.unit.actions:
            self.done.append(name)
            return
        if name not in self.entry.settings:
            raise Refused("unknown", name)
        self.values[name] = self.unit.checked(name, value)

    def now_us(self):
        return NOW_US

    def clock_us(self):
        return NOW_US


def pair(model, protocol="modbus-rtu", **options):
    face = StandingFace(model)
    return face, device_of(model, face, protocol, 7, **options), host_of(model, protocol, 7, **options)


MAPS = [(model, "") for model in models()] + [(model, "generic") for model in OWN_MAPS] + [("49i", "iq")]


@pytest.mark.parametrize("protocol", ["modbus-rtu", "modbus-tcp"])
@pytest.mark.parametrize(("model", "named"), MAPS)
def test_every_value_of_every_map_is_read_back(model, named, protocol):
    face, device, host = pair(model, protocol, map=named)
    of = dialect(load(model), protocol).maps[named]
    assert of.values
    for value in of.values:
        name = value.row.quantity
        if not name or name.startswith(CLOCK):
            continue
        shown, unit = host.value(name, asked(host, device, host.read_request(name)))
        expected = face.values[name]
        assert shown == (pytest.approx(expected, rel=1e-6) if isinstance(expected, float) else expected), name
        if isinstance(expected, float) and name in face.unit.units():
            assert unit == face.unit.units()[name]


@pytest.mark.parametrize(("model", "named"), MAPS)
def test_every_setting_of_every_map_can_be_set_and_every_action_started(model, named):
    face, device, host = pair(model, map=named)
    of = dialect(load(model), "modbus-rtu").maps[named]
    for value in of.values:
        name = value.row.quantity
        if not value.row.writable or name.startswith(CLOCK):
            continue
        limits = face.entry.settings[name]
        if value.row.codes or limits.choices:
            wanted = limits.choices[-1]
        else:
            wanted = (
                limits.default * 0.75 if limits.low is None or limits.low <= limits.default * 0.75 else limits.default
            )
            wanted = round(wanted) if isinstance(limits.default, int) else wanted
        asked(host, device, host.set_request(name, wanted))
        assert face.values[name] == (pytest.approx(wanted, rel=1e-6) if isinstance(wanted, float) else wanted), name
    for bit in of.bits:
        for name in bit.row.on:
            if name in face.unit.actions and len(bit.row.on) == 1:
                asked(host, device, host.set_request(name, True))
                assert face.done[-1] == name
    if "gas_mode" in face.values and named != "iq" and ("gas_mode" not in {v.row.quantity for v in of.values}):
        for port in ("zero", "span", "sample"):
            asked(host, device, host.set_request("gas_mode", port))
            assert face.values["gas_mode"] == port
            assert host.value("gas_mode", asked(host, device, host.read_request("gas_mode")))[0] == port


@pytest.mark.parametrize("model", OWN_MAPS)
def test_a_maker_s_map_needs_nothing_that_the_model_lacks_and_says_its_channels(model):
    face = StandingFace(model)
    known = {*face.values, *face.unit.actions, *face.entry.alarms}
    for protocol in ("modbus-rtu", "modbus-tcp"):
        spoken = dialect(load(model), protocol)
        assert spoken.quantities() <= known
        for channel in channels_of(load(model)):
            assert spoken.host(None).read_request(channel.quantity).startswith("read input ")


@pytest.mark.parametrize("model", OWN_MAPS)
def test_scales_agree_with_units(model):
    entry = load(model)
    inside = build_unit(entry, model, 1).units() | {name: s.unit for name, s in entry.settings.items()}
    factors = {("L/min", "cc/min"): 1000.0, ("cc/min", "L/min"): 0.001, ("umol/mol", "ppb"): 1000.0,
               ("mmHg", "inHg"): 1 / 25.4, ("nmol/mol", "ppb"): 1.0, ("umol/mol", "ppm"): 1.0,
               ("psi", "psig"): 1.0, ("C", "deg C"): 1.0}  # fmt: skip
    for named in ("", "iq"):
        of = dialect(entry, "modbus-rtu").maps.get(named)
        for value in of.values if of else ():
            row = value.row
            if row.quantity and row.unit:
                there = inside[row.quantity]
                assert row.scale == pytest.approx(1.0 if there == row.unit else factors[there, row.unit]), row


@pytest.mark.parametrize("model", models())
def test_a_generic_map_says_all_that_the_model_has(model):
    entry = load(model)
    unit = build_unit(entry, model, 1)
    of = dialect(entry, "modbus-tcp").maps["generic"]
    assert set(unit.quantities()) | set(unit.actions) | set(entry.alarms) <= of.quantities()
    plain = {name for name, s in entry.settings.items() if s.choices or not isinstance(s.default, str)}
    assert plain <= of.quantities()
    first = next(value for value in of.values)
    assert (first.row.at, first.row.quantity) == (0, unit.quantities()[0])


def test_alarms_and_modes_of_a_real_unit():
    entry = load("43i")
    unit = build_unit(entry, "so2", 1, settings={"instrument_id": 7}, hidden={"lamp_fraction": 0.3})
    for port in ("room", "sample", "zero", "span"):
        unit.connect(port, Air(1, port, {}, temperature_c=25.0, temperature_sd_c=0.1, pressure_hpa=1013.0,
                               pressure_sd_hpa=0.1, log_sd=0.0, correlation_time_s=3600.0))  # fmt: skip
    face = SimpleNamespace(read=lambda name: unit.read(NOW_US, name), now_us=lambda: NOW_US,
                           apply=lambda name, value: unit.apply(NOW_US, Command(name, value)))  # fmt: skip
    device, host = device_of("43i", face), host_of("43i", number=7)
    standing = {text.split(":")[0] for text in unit.read(NOW_US, "alarms")}
    assert "lamp_intensity" in standing
    assert set(host.value("alarms", asked(host, device, host.read_request("alarms")))[0]) == standing
    assert host.value("mode", asked(host, device, host.read_request("mode")))[0] == "local"
    assert host.value("so2", asked(host, device, host.read_request("so2")))[0] == pytest.approx(
        unit.read(NOW_US, "so2"), rel=1e-6
    )


def reply_of(model, text, **changes):
    face, device, host = pair(model)
    face.values |= changes
    return host, b"".join(device.receive(host.request(text)))


@pytest.mark.parametrize("at", range(9))
def test_no_flipped_bit_is_accepted_on_a_serial_line(at):
    host, raw = reply_of("T100", "read input 22 2")
    assert host.missing("read input 22 2", raw) == 0
    for bit in range(8):
        spoilt = bytearray(raw)
        spoilt[at] ^= 1 << bit
        with pytest.raises(ValueError, match="sum is wrong"):
            host.parse("read input 22 2", bytes(spoilt))


@pytest.mark.parametrize(
    ("text", "of", "words"),
    [("read input 22 2", "read input 22 1", "answered by 4 bytes, not 6"),
     ("read input 22 2", "read holding 0 2", "asked function 4, answered 3"),
     ("write coil 20 on", "write coil 21 on", "echo of another request")],
)  # fmt: skip
def test_replies_to_other_requests_are_not_accepted(text, of, words):
    host, raw = reply_of("T100", of)
    with pytest.raises(ValueError, match=words):
        host.parse(text, raw)


def test_refusals_are_answers():
    for text, reason in (("read input 99 2", "no option"), ("write registers 0 17352", "no option"),
                         ("write register 0 1", "no option"), ("read input 22 126", "invalid")):  # fmt: skip
        _, device, host = pair("T100")
        request = host.request(text) if "126" not in text else crc(bytes.fromhex("07 04 00 16 00 7E"))
        with pytest.raises(Refused) as caught:
            host.parse(text, b"".join(device.receive(request)))
        assert caught.value.reason == reason


def test_late_replies_are_passed_over_on_tcp():
    face, device, host = pair("T100", "modbus-tcp")
    late = b"".join(device.receive(host.request("read input 22 2")))
    face.values["so2"] = 99.0
    right = b"".join(device.receive(host.request("read input 22 2")))
    text = "read input 22 2"
    assert host.missing(text, b"") == 9
    assert host.missing(text, late) == 9  # nothing of it counts
    assert host.missing(text, late + right[:9]) == len(right) - 9
    assert host.missing(text, late + right) == 0
    assert host.value("so2", host.parse(text, late + right))[0] == 99.0
    with pytest.raises(ValueError, match="no frame with number 2"):
        host.parse(text, late)
    assert host.missing(text, late * 400) == 0  # there is an end to it


@pytest.mark.parametrize(
    ("model", "setting", "value"),
    [("T100", "gas_mode", "blue"), ("T100", "span_concentration", "x"), ("BAM-1020", "size", "pm3"),
     ("T100", "span_concentration", 1e40)],
)  # fmt: skip
def test_values_that_cannot_be_sent_are_refused(model, setting, value):
    with pytest.raises(Refused):
        host_of(model).set_request(setting, value)


def test_what_the_map_does_not_have_is_told_as_such():
    host = host_of("T100")
    with pytest.raises(KeyError):
        host.read_request("lamp_cal")
    with pytest.raises(KeyError):
        host.set_request("lamp_cal", 1.0)
    with pytest.raises(ValueError, match="is no request of Modbus here"):
        host.request("so2")


def test_a_concentration_comes_in_the_unit_asked_for():
    face, device, host = pair("T300")
    face.values["co"] = 4.5
    reply = asked(host, device, host.read_request("co"))
    assert host.value("co", reply) == (4.5, "umol/mol")
    assert host.value("co", reply, "nmol/mol") == (4500.0, "nmol/mol")
    asked(host, device, host.set_request("span_concentration", 39_000.0, "nmol/mol"))
    assert face.values["span_concentration"] == pytest.approx(39.0)


def test_the_mark_of_a_run_is_the_weakest_behind_it():
    assert host_protocol(load("T100"), "modbus-rtu", None)[1] == "recalled"  # it reads "concentration not valid"
    spoken = dialect(load("43i"), "modbus-rtu")
    assert spoken.weakest_mark(["read discrete 4 2"]) == "reported"
    assert spoken.weakest_mark(["read input 1 2"]) == "recalled"  # the order of its words
    assert dialect(load("T100"), "modbus-rtu").weakest_mark(["read input 22 2"]) == "read"
    with pytest.raises(KeyError):
        spoken.weakest_mark(["read input 3 2"])


BLOCK = {"functions": [4], "form": "float32", "mark": "read", "source": "x", "rows": [{"at": 0, "quantity": "so2"}]}
ORDER = {"order_mark": "read", "order_source": "x"}


@pytest.mark.parametrize(
    ("data", "words"),
    [({**ORDER, "registers": [BLOCK, {**BLOCK, "rows": [{"at": 1, "quantity": "so2"}]}]}, "a second one at 1"),
     ({**ORDER, "registers": [{**BLOCK, "rows": [{"at": 1}]}]}, "register 1 needs one of quantity, alarm, text"),
     ({**ORDER, "registers": [{**BLOCK, "form": "string"}]}, "a string says its length"),
     ({**ORDER, "registers": [{**BLOCK, "rows": [{"at": 1, "quantity": "a", "writable": True}]}]}, "by function 3"),
     ({**ORDER, "bits": [{"functions": [2], "mark": "read", "source": "x", "rows": [{"at": 1, "name": "a"}]}]},
      "bit 1 needs one of"),
     ({**ORDER, "colour": 1}, "protocol.modbus.colour"),
     ({}, "protocol.modbus.order_mark")],
)  # fmt: skip
def test_mistakes_of_a_map_are_named(data, words):
    with pytest.raises(ConfigurationErrors, match=words):
        maps_of(data, "my.toml")


def test_struct_is_what_the_registers_mean():
    """The codec against the standard library."""
    _, raw = reply_of("T100", "read input 22 2", so2=-12.5)
    assert struct.unpack(">f", raw[3:7])[0] == -12.5
