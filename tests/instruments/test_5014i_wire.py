"""C-Link of the 5014i: concentrations in the box's unit, flags, records, what may be set; read back by the host."""

import pytest
from faces import face_of
from feeding import each_way, whole

from instruments import catalogue
from instruments.build import build_unit
from instruments.errors import Refused
from instruments.protocols.clink_frame import ClinkError
from instruments.protocols.dialects import dialect

SPOKEN = dialect(catalogue.load("5014i"), "clink")
VALUES = {
    "instrument_id": 50, "concentration": 14.1, "concentration_1h": 13.9, "concentration_24h": 12.5, "flow": 16.67,
    "flow_setpoint": 16.67, "ambient_temp": 20.0, "ambient_pressure": 1000.0, "filter_temp": 27.2, "filter_rh": 27.2,
    "pressure_drop": 140.0, "heater_power": 20.0, "mass": 261.5, "count_rate": 27446.3, "alpha_rate": 0.267,
    "radon": 3.4, "tape_left": 99.7, "rh_setpoint": 35.0, "mass_limit": 1500.0, "change_interval": 24, "bkgd": 0.0,
    "k_factor": 1.0, "range": 10000.0, "averaging_time": 1800, "gas_unit": "ug/m3", "mode": "remote", "changing": 0.0,
    "foil_reading": 0.8, "mu": 0.285, "serial": "S", "firmware": "02.00.00", "model": "5014i", "warming_up": False,
}  # fmt: skip
EXCHANGES = [
    (b"\xb2pm\r", b"pm 1.410E+01 ug/m3\r"),
    (b"\xb2PM 24AVG\r", b"PM 24AVG 1.250E+01 ug/m3\r"),
    (b"\xb2flags\r", b"flags 10000000\r"),
    (b"\xb2mode\r", b"mode remote\r"),
    (b"\xb2set mode remote\r", b"set mode remote ok\r"),
    (b"\xb2instrument id\r", b"instrument id 50\r"),
    (b"\xb2sample rh\r", b"sample rh 27.2 %\r"),
    (b"\xb2set gas unit ppb\r", b"set gas unit ppb ok\r"),  # the bag face takes it; the unit itself refuses
    (b"\xb2set pm coef 3\r", b"set pm coef 3 too high\r"),
    (b"\xb2set pm coef x\r", b"set pm coef x invalid string\r"),
    (b"\xb2temp comp\r", b"temp comp bad cmd\r"),  # that is a gas analyzer's
    (b"\xb2set sample\r", b"set sample bad cmd\r"),
    (b"\xb1pm\r", b""),
]


def wire(face, transport="serial"):
    return SPOKEN.box(face).line(transport, {}, None)


@each_way
@pytest.mark.parametrize(("request_bytes", "reply"), EXCHANGES)
def test_exchange(request_bytes, reply, feed):
    assert feed(wire(face_of(**VALUES)), request_bytes) == reply


def test_in_milligrams_a_host_still_reads_micrograms():
    device, host = wire(face_of(**{**VALUES, "gas_unit": "mg/m3"})), SPOKEN.host(None)
    raw = whole(device, host.request("pm"))
    assert raw == b"pm 1.410E-02 mg/m3\r"
    assert host.value("concentration", host.parse("pm", raw)) == (pytest.approx(14.1), "ug/m3")
    with pytest.raises(ClinkError, match="ppb"):
        host.value("concentration", host.parse("pm", b"pm 1.410E-02 ppb\r"))


def test_records_and_flags_of_alarms():
    device = wire(face_of(**{**VALUES, "alarms": ("flow:low", "tape_fault:high")}))
    assert whole(device, b"\xb2erec\r").split(b" flags ")[1].startswith(b"10001040 PM 14.100  1 24Hr Avg PM 12.500  1")
    host = SPOKEN.host(None)
    reply = host.parse("flags", whole(device, b"\xb2flags\r"))
    assert host.value("alarms", reply) == (("flow:low", "tape_fault:high"), "")


def test_every_alarm_of_the_model_has_a_bit():
    entry = catalogue.load("5014i")
    limits = {f"{name}:{side}" for name, its in entry.alarms.items() for side in ("low", "high")
              if getattr(its, side) is not None}  # fmt: skip
    assert {bit.alarm for bit in SPOKEN.table.flags if bit.alarm} == limits


def test_the_model_has_what_the_table_needs():
    unit = build_unit(catalogue.load("5014i"), "pm", 1)
    known = {*unit.quantities(), *unit.settings, *unit.texts, *unit.actions, "alarms", "powered", "warming_up"}
    assert SPOKEN.quantities() <= known
    for setter in SPOKEN.table.setters.values():
        assert setter.quantity.startswith(("clink.", "clock_")) or setter.quantity in unit.settings
    with pytest.raises(Refused):
        unit.checked("gas_unit", "ppb")
