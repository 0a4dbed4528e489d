"""The host side: replies of real boxes in all their forms, values in the units inside, and round trips."""

from __future__ import annotations

import pytest

from instruments.errors import Refused
from instruments.protocols.clink import ClinkDevice
from instruments.protocols.clink_formats import Choice
from instruments.protocols.clink_frame import ClinkError
from instruments.protocols.clink_host import ClinkHost
from instruments.protocols.clink_options import ClinkOptions

MODELS = ("43i", "42i", "48i", "49i", "49i-PS", "146i")


@pytest.mark.parametrize(
    ("model", "request_text", "raw", "quantity", "value", "unit"),
    [
        ("43i", "so2", b"so2 1.234E+01 ppb\r", "so2", 12.34, "nmol/mol"),
        ("43i", "so2", b"so2 0123E-1 ppb\r", "so2", 12.3, "nmol/mol"),
        ("43i", "so2", b"so2 -8413E-1 ppb\r", "so2", -841.3, "nmol/mol"),
        ("43i", "so2", b"so2 12.3 ppb\r", "so2", 12.3, "nmol/mol"),
        ("43i", "so2", b"so2 1.234E-2 ppm\r", "so2", 12.34, "nmol/mol"),
        ("43i", "so2", b"SO2 1.234E+01 ppb*\r", "so2", 12.34, "nmol/mol"),
        ("43i", "so2", b"\xff\nso2 12.3 ppb\x80\r", "so2", 12.3, "nmol/mol"),
        ("43i", "so2", b"so2 12.3 ppb", "so2", 12.3, "nmol/mol"),
        ("48i", "co", b"co 4.000E+1 ppm\r", "co", 40.0, "umol/mol"),
        ("48i", "co", b"co 4.000E+04 ppb\r", "co", 40.0, "umol/mol"),
        ("49i", "o3", b"o3 5057E-1 ppb\x80sum 0435\r", "o3", 505.7, "nmol/mol"),
        ("49i", "o3 bkg", b"o3 bkg  0.0 ppb*\nsum 0450\r", "o3_bkg", 0.0, "nmol/mol"),
        ("49i", "range", b"range 5: 5000E-1 ppb\r", "range", 500.0, "nmol/mol"),
        ("49i", "bench temp", b"bench temp 032.3 deg C, actual 032.3\r", "bench_temp", 32.3, "deg C"),
        ("49i", "lamp temp", b"lamp temp 55.2 deg C, actual 55.1\r", "lamp_temp", 55.2, "deg C"),
        ("42i", "pres", b"pres 753.4 mm Hg, actual 306.6\r", "pressure", 753.4, "mmHg"),
        ("42i", "pres", b"pres 753.4 mm Hg, actual 306.6\r", "pressure_actual", 306.6, "mmHg"),
        ("42i", "pres", b"pres 232.5 mmHg\r", "pressure", 232.5, "mmHg"),
        ("42i", "flow", b"flow 0.700 l/min\r", "sample_flow", 0.7, "L/min"),
        ("42i", "pmt voltage", b"pmt voltage -750\r", "pmt_voltage", -750, "V"),
        ("42i", "ozonator", b"ozonator on\r", "ozonator", True, ""),
        ("48i", "avg time", b"avg time 060 sec\r", "averaging_time", 60, "s"),
        ("42i", "flags", b"flags 54089100\r", "alarms", ("ozonator_flow:low", "pressure:low"), ""),
        ("42i", "program no", b"program no iSeries 42iLS 01.00.01.074\r", "model", "42iLS", ""),
    ],
)  # fmt: skip
def test_values_of_real_replies(model, request_text, raw, quantity, value, unit, clink_tables):
    if b"\x80sum" in raw:
        text = raw.split(b"\x80")[0]
        raw = text + b"\x80sum %04x\r" % sum(text)
    host = ClinkHost(clink_tables[model])
    found, found_unit = host.value(quantity, host.parse(request_text, raw))
    assert found == (pytest.approx(value) if isinstance(value, float) else value)
    assert found_unit == unit


@pytest.mark.parametrize(
    ("request_text", "raw", "reason"),
    [
        ("so2", b"\r", "incomplete"),
        ("so2", b"", "incomplete"),
        ("so2", b"flow 0.450 l/m\r", "echo"),
        ("so2", b"so2 coef 1.000\r", "form"),
        ("so2 coef", b"so2 1.234E+01 ppb\r", "echo"),
        ("so2", b"so2\r", "echo"),
        ("so2", b"so2 1.234E+01\r", "form"),
        ("so2", b"so2 1.2#4E+01 ppb\r", "form"),
        ("so2", b"so2 1.234E+01 ppb\nsum 0000\r", "checksum"),
        ("so2", b"so2 \xb5 ppb\r", "not text"),
        ("flags", b"flags 8002800G\r", "form"),
        ("react temp", b"react temp 4\xa79.0 deg C\r", "not text"),
        ("react temp", b"react temp 49.0 deg\r", "form"),
        ("lrec", b"lrec\nnonsense\r", "form"),
        ("set so2 coef 1.1", b"set so2 coef 1.1 okay\r", "form"),
        ("set zero", b"set zero\r", "echo"),
    ],
)  # fmt: skip
def test_replies_that_are_none(request_text, raw, reason, clink_tables):
    with pytest.raises(ClinkError) as caught:
        ClinkHost(clink_tables["43i"]).parse(request_text, raw)
    assert caught.value.reason == reason
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (b" bad cmd", "unknown"), (b" too high", "too high"), (b" too low", "too low"), (b" invalid string", "invalid"),
        (b" data not valid", "invalid"), (b" can't, wrong settings", "wrong settings"),
        (b" can't, mode is service", "service mode"), (b" can't, mode is local", "wrong settings"),
        (b" feature not enabled", "no option"), (b" bad cmd*\nsum", "unknown"),
    ],
)  # fmt: skip
def test_refusals(ending, reason, clink_tables):
    raw = b"set so2 coef 1.1" + ending
    if raw.endswith(b"sum"):
        raw += b" %04x" % sum(raw[:-4])
    with pytest.raises(Refused) as caught:
        ClinkHost(clink_tables["43i"]).parse("set so2 coef 1.1", raw + b"\r")
    assert caught.value.reason == reason


@pytest.mark.parametrize("unit", [b"ug/m3", b"mg/m3"])
def test_mass_units_are_refused_in_clear_words(unit, clink_tables):
    host = ClinkHost(clink_tables["43i"])
    reply = host.parse("so2", b"so2 1.234E+01 " + unit + b"\r")
    with pytest.raises(ClinkError, match=f"{unit.decode()} has no exact mole fraction: set the box's gas unit to ppb"):
        host.value("so2", reply)


def test_requests(clink_tables):
    host = ClinkHost(clink_tables["43i"])
    assert host.terminator == b"\r"
    assert host.request("so2") == b"\xabso2\r"
    assert ClinkHost(clink_tables["43i"], 0).request("so2") == b"so2\r"
    assert ClinkHost(clink_tables["43i"], 12).request("so2") == b"\x8cso2\r"
    with pytest.raises(ValueError, match="0 to 127"):
        ClinkHost(clink_tables["43i"], 128)
    with pytest.raises(KeyError):
        host.read_request("no")
    with pytest.raises(KeyError):
        host.set_request("no_coef", 1.0)
    assert host.read_request("alarms") == "flags"
    assert host.set_request("gas_mode", "zero") == "set zero"
    assert host.set_request("calibrate_so2_bkg", True) == "set cal so2 bkg"
    assert host.set_request("averaging_time", 300) == "set avg time 8"
    assert host.set_request("range", 500.0) == "set range 3"
    assert host.set_request("so2_coef", 1.0049) == "set so2 coef 1.005"
    assert host.set_request("temp_comp", False) == "set temp comp off"
    assert ClinkHost(clink_tables["48i"]).set_request("span_concentration", 20.0) == "set sp conc 20000"
    assert ClinkHost(clink_tables["146i"]).set_request("concentration", 400.0) == "set conc 400"
    assert ClinkHost(clink_tables["146i"]).set_request("concentration", 20.0, "umol/mol") == "set conc 20000"


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("averaging_time", 15, "invalid"), ("gas_mode", "purge", "invalid"), ("range", 123.0, "invalid"),
        ("so2_coef", 11.0, "too high"), ("so2_coef", 0.0, "too low"),
    ],
)  # fmt: skip
def test_wishes_that_the_model_cannot_fulfil(setting, value, reason, clink_tables):
    with pytest.raises(Refused) as caught:
        ClinkHost(clink_tables["43i"]).set_request(setting, value)
    assert caught.value.reason == reason


def test_a_calibrators_concentration_in_the_units_of_its_cylinder(clink_tables, bag_face):
    host = ClinkHost(clink_tables["146i"])
    face = bag_face("146i", concentration_unit="umol/mol", concentration_actual=19.9)
    (raw,) = ClinkDevice(clink_tables["146i"], face).receive(host.request("conc"))
    reply = host.parse("conc", raw)
    assert host.value("concentration_actual", reply) == (pytest.approx(19_900.0), "nmol/mol")
    assert host.value("concentration_actual", reply, "umol/mol") == (pytest.approx(19.9), "umol/mol")


def ask(host: ClinkHost, device: ClinkDevice, text: str):
    (raw,) = device.receive(host.request(text))
    return host.parse(text, raw)


@pytest.mark.parametrize(
    "options", [ClinkOptions(), ClinkOptions(layout_stale=True), ClinkOptions(layout_stale=True, state={"format": 1})]
)
@pytest.mark.parametrize("model", MODELS)
def test_every_report_comes_back(model, options, clink_tables, bag_face):
    table = clink_tables[model]
    face = bag_face(model)
    host, device = ClinkHost(table), ClinkDevice(table, face, "serial", options)
    reports = 0
    for text, exact in table.exact.items():
        if exact.row.refuse:
            with pytest.raises(Refused):
                ask(host, device, text)
            continue
        if exact.row.apply or exact.row.does in ("save", "acknowledge layout"):
            continue
        if text == "erec layout":  # it clears the star; the others shall keep it
            continue
        reply = ask(host, device, text)
        assert reply.layout_stale == options.layout_stale
        for place in exact.reply.placeholders if exact.reply else ():
            value, _ = host.value(place.quantity, reply)
            if place.quantity in face.values:
                expected = face.values[place.quantity]
                if isinstance(expected, float):
                    expected = pytest.approx(expected, rel=6e-4, abs=0.06)
                assert value == expected, text
            reports += 1
        if exact.row.does in ("record", "coded record"):
            assert len(reply.records) == 1
            assert reply.records[0].clock_us == face.clock_us()
    assert reports > 50


@pytest.mark.parametrize("model", MODELS)
def test_every_action_is_carried_out(model, clink_tables, bag_face):
    table = clink_tables[model]
    face = bag_face(model)
    host, device = ClinkHost(table), ClinkDevice(table, face)
    for exact_text, exact in table.exact.items():
        if exact.row.apply:
            face.applied.clear()
            ask(host, device, exact_text)
            assert dict(face.applied) == exact.row.apply
            ((name, value),) = exact.row.apply.items()
            ask(host, device, host.set_request(name, value))
            assert face.applied[-1] == (name, value)
            assert host.set_mark(name, value) == exact.row.mark


def choices_for(setter, now):
    form = setter.template.placeholders[0].format
    if isinstance(form, Choice):
        return list(form.choices.values())
    if isinstance(now, str):
        return ["other"]
    low = setter.row.low if setter.row.low is not None else 0
    high = setter.row.high if setter.row.high is not None else 10**15
    step = 1 if isinstance(now, int) else 0.125
    return [min(max(now + step, low), high), low]


@pytest.mark.parametrize("model", MODELS)
def test_every_setting_arrives(model, clink_tables, bag_face):
    table = clink_tables[model]
    for setter in table.setters.values():
        for number in range(20):
            face = bag_face(model)
            host, device = ClinkHost(table), ClinkDevice(table, face, options=ClinkOptions(allow_mode_cmd=True))
            quantity = setter.quantity
            if quantity.startswith("clock_"):
                break
            state = quantity.removeprefix("clink.")
            now = face.values[quantity] if quantity in face.values else device.memory.now[state]
            choices = choices_for(setter, now)
            if number >= len(choices):
                break
            value = choices[number]
            ask(host, device, host.set_request(quantity, value))
            after = face.values[quantity] if quantity in face.values else device.memory.now[state]
            assert after == (pytest.approx(value) if isinstance(value, float) else value), setter.prefix


@pytest.mark.parametrize("model", MODELS)
def test_the_clock_is_set_in_two_halves(model, clink_tables, bag_face):
    face = bag_face(model)
    host, device = ClinkHost(clink_tables[model]), ClinkDevice(clink_tables[model], face)
    wanted = face.clock_us() + 40 * 86_400_000_000 + 3_723_000_000
    for half in ("clock_date", "clock_time"):
        ask(host, device, host.set_request(half, wanted))
    assert face.clock_us() == wanted
    read = [host.value(half, ask(host, device, host.read_request(half)))[0] for half in ("clock_date", "clock_time")]
    assert sum(read) == wanted


ANALYZER = {"mode", "gas_mode", "gas_unit", "averaging_time", "range", "range_mode", "temp_comp", "pres_comp",
            "span_concentration", "instrument_id", "alarms", "warming_up", "serial", "firmware", "model",
            "pressure"}  # fmt: skip
NEEDED = {
    "43i": ANALYZER | {"so2", "so2_bkg", "so2_coef", "internal_temp", "chamber_temp", "pressure_actual", "sample_flow",
                       "pmt_voltage", "lamp_voltage", "lamp_intensity"},
    "42i": ANALYZER | {"no", "no2", "nox", "no_bkg", "nox_bkg", "no_coef", "nox_coef", "no2_coef", "ozonator",
                       "internal_temp", "chamber_temp", "cooler_temp", "converter_temp", "pressure_actual",
                       "sample_flow", "ozonator_flow", "pmt_voltage"},
    "48i": ANALYZER | {"co", "co_bkg", "co_coef", "internal_temp", "chamber_temp", "sample_flow", "ratio",
                       "agc_intensity", "bias_voltage", "motor_speed"},
    "49i": ANALYZER | {"o3", "cell_a_o3", "cell_b_o3", "o3_bkg", "o3_coef", "bench_temp", "lamp_temp", "o3_lamp_temp",
                       "pressure_actual", "flow_a", "flow_b", "cell_a_intensity", "cell_b_intensity", "noise_a",
                       "noise_b"},
    "146i": {"calibrator_mode", "gas", "concentration", "ozone", "total_flow", "mode", "gas_unit", "instrument_id",
             "concentration_actual", "gas_flow_target", "gas_flow", "zero_flow_target", "zero_flow",
             "total_flow_target", "total_flow_actual", "ozone_flow", "photometer_o3", "pressure", "bench_temp",
             "lamp_temp", "o3_lamp_temp", "ozonator", "cylinder_value", "serial", "firmware", "model", "warming_up",
             "alarms"},
}  # fmt: skip
SETTABLE = {"mode", "gas_unit", "instrument_id", "gas_mode", "averaging_time", "range", "range_mode", "temp_comp",
            "pres_comp", "span_concentration", "so2_bkg", "so2_coef", "no_bkg", "nox_bkg", "no_coef", "nox_coef",
            "no2_coef", "co_bkg", "co_coef", "o3_bkg", "o3_coef", "calibrator_mode", "gas", "concentration", "ozone",
            "total_flow"}  # fmt: skip


@pytest.mark.parametrize("model", NEEDED)
def test_all_that_a_procedure_needs_is_reachable(model, clink_tables, bag_face):
    host, face = ClinkHost(clink_tables[model]), bag_face(model)
    for quantity in NEEDED[model]:
        assert host.read_request(quantity)
        assert host.read_mark(quantity) in ("read", "reported", "recalled")
        if quantity in SETTABLE:
            assert host.set_request(quantity, face.values[quantity]).startswith("set ")
