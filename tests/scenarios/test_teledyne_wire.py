"""Every box of the second family on its wire, a T700 as calibrator: the same verdicts as the first family."""

import json
import tomllib
from pathlib import Path

import pytest
from rig_commands import write
from teledyne_wire import wire_bench

from instruments.catalogue import load
from instruments.device import Command
from instruments.errors import Refused
from instruments.protocols.dialects import dialect
from instruments.protocols.modbus import rtu_frame
from rig.bench_check import check_bench_data
from rig.cli.accept import AcceptOptions, accept
from rig.errors import BadReply, DeviceTimeout
from rig.host.calibrator import GasRequest
from rig.host.kinds import channels_of
from rig.host.link import VisaLink
from rig.host.reliance import relied_on
from rig.session import open_session

PLAN = Path(__file__).parents[2] / "scenarios" / "plans" / "gas-check.toml"


def run(folder, bench, **options):
    code = accept(AcceptOptions(bench=str(bench), out=folder / "out", operator="simulated", **options))
    return code, json.loads((folder / "out" / "result.json").read_text())


def verdicts(record):
    return {test["id"]: test["verdict"] for test in record["tests"]}


@pytest.fixture
def opened(tmp_path):
    """Opens the bench on virtual time, with faults of the bench file."""
    sessions = []

    def open_it(**changes):
        port = changes.pop("port", {})
        data = wire_bench(**port)
        data.update(changes)
        path = write(tmp_path / "teledyne-wire.json", data)
        file = check_bench_data(json.loads(path.read_text()), str(path))
        sessions.append(open_session(file, path))
        return sessions[-1]

    yield open_it
    for session in sessions:
        session.close()


def test_the_default_plan_has_the_verdicts_of_the_first_family(tmp_path):
    (tmp_path / "first").mkdir()
    first_code, first = run(tmp_path / "first", "demo")
    code, second = run(tmp_path, write(tmp_path / "teledyne-wire.json", wire_bench()))
    assert code == first_code == 0
    assert verdicts(second) == verdicts(first)
    assert len(verdicts(second)) > 20
    spoken = {d["model"]: d["protocol"] for d in second["devices"]}
    assert spoken.pop("701", "ascii") == spoken.pop("defender-530") == "ascii"
    assert spoken == dict.fromkeys(("T100", "T200", "T300", "T400", "T700"), "teledyne")
    names = {setting["name"] for p in second["procedures"] for setting in p["settings"]}
    assert {"range", "gas_unit", "tpc", "adaptive_filter", "filter_size", "ce_factor", "lamp_cal", "dark_offset",
            "so2_slope", "so2_offset"} <= names  # fmt: skip
    checks = {c["name"]: c for p in second["procedures"] if p["procedure"] == "prepare" for c in p["data"]["checks"]}
    assert checks["sample_flow"]["ok"]
    assert checks["alarms"]["ok"]


def test_an_adjusting_run_sends_what_it_is_founded_on_and_nothing_else(tmp_path, monkeypatch):
    sent = {}
    ask = VisaLink.ask

    def spy(link, text, understand):
        sent.setdefault(link.device, set()).update(text.split("\n"))
        return ask(link, text, understand)

    monkeypatch.setattr(VisaLink, "ask", spy)
    wrong = {"span_error_pct": -9.0, "zero_offset": 12.0}
    bench = wire_bench({"so2": wrong, "nox": wrong})
    plan = PLAN.read_text().replace('adjust = "never"', 'adjust = "if-needed"').replace(', "multipoint"', "")
    (tmp_path / "plan.toml").write_text(plan)
    code, record = run(tmp_path, write(tmp_path / "b.json", bench), plan=str(tmp_path / "plan.toml"),
                       devices=("so2", "nox"))  # fmt: skip
    assert code == 0, verdicts(record)
    checks = {p["data"]["quantity"]: p["data"] for p in record["procedures"] if p["procedure"] == "zero_span"}
    # One COMPUTE calibrates both channels of a T200, so NOx has nothing left to adjust; the record says so under NO.
    assert {quantity: data["outcome"] for quantity, data in checks.items()} == {
        "so2": "pass after adjustment", "no": "pass after adjustment", "nox": "pass",
    }  # fmt: skip
    adjusted = {c["name"] for c in checks["no"]["coefficients"] if c["as_found"] != c["as_left"]}
    assert adjusted == {"no_offset", "no_slope", "nox_offset", "nox_slope"}
    for device, lines in sent.items():
        entry = load(bench["device"][device]["model"])
        table = dialect(entry, "teledyne").table
        host = dialect(entry, "teledyne").host(None)
        relied = {line for text in relied_on(entry.kind, channels_of(entry), host) for line in text.split("\n")}
        foreseen = {id(table.row(line)) for line in relied}
        assert {id(table.row(line)) for line in lines} <= foreseen, device
        assert table.weakest_mark(relied) == "recalled"
    assert "C COMPUTE ZERO" in sent["so2"]
    assert any(line.startswith("C GENERATE") for line in sent["calibrator"])
    assert any(line.startswith("C GPT") for line in sent["calibrator"])


def test_a_titration_and_every_gas_come_out_as_asked(opened):
    session = opened()
    calibrator = session.handles["calibrator"]
    for request, made in (
        (GasRequest("so2", 400.0, None, 5.0, "a"), 400.0), (GasRequest("co", 40.0, None, 5.0, "c"), 40.0),
        (GasRequest("o3", 300.0, None, 5.0, ""), 300.0), (GasRequest("zero", 0.0, None, 5.0, ""), 0.0),
        (GasRequest("no", 450.0, 160.0, 4.0, "b"), 450.0),
    ):  # fmt: skip
        calibrator.offer(request)
        session.time.sleep(1200.0)
        assert calibrator.made() == pytest.approx(made, rel=0.01, abs=0.1)
    flows = calibrator.flows()
    assert flows.total_cc == pytest.approx(4000.0, rel=0.01)
    assert flows.ozone_cc == pytest.approx(150.0, rel=0.02)
    assert flows.chamber_cm3 == 120.0
    with pytest.raises(Refused) as caught:
        calibrator.offer(GasRequest("so2", 4000.0, None, 5.0, "a"))
    assert caught.value.reason == "too high"
    calibrator.standby()
    assert calibrator.made() == 0.0


def test_a_stored_sequence_runs_in_its_time_and_another_command_ends_it(opened):
    session = opened()
    bench = session.bench
    text = "night: GENERATE 400 PPB SO2 5; 20 MIN; GENERATE 0 PPB ZERO; 10 min; STANDBY"
    bench.command("calibrator", Command("sequences", text))
    link = session.handles["calibrator"].link
    modes = []
    link.ask('C EXECSEQ "NIGHT"', lambda reply: reply)
    for minutes in (1, 18, 2, 10):
        session.time.sleep(minutes * 60.0)
        modes.append(session.handles["calibrator"].read("calibrator_mode")[0])
    assert modes == ["span", "span", "zero", "standby"]
    link.ask('C EXECSEQ "NIGHT"', lambda reply: reply)
    session.time.sleep(60.0)
    link.ask("C GENERATE 200 PPB SO2 5", lambda reply: reply)
    session.time.sleep(3000.0)
    assert session.handles["calibrator"].read("calibrator_mode")[0] == "span"
    with pytest.raises(Refused):
        link.ask('C EXECSEQ "NOON"', lambda reply: reply)


FAULTS = {
    "silence": (DeviceTimeout, None), "delay": (DeviceTimeout, "5 s"), "power_cut": (DeviceTimeout, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAULTS)
def test_a_dead_line_is_a_time_out_in_bounded_time_and_heals(opened, kind):
    error, severity = FAULTS[kind]
    fault = {"kind": kind, "device": "so2", "at": "10 min", "for": "1 min"}
    session = opened(fault=[fault if severity is None else {**fault, "severity": severity}])
    so2 = session.handles["so2"]
    before = so2.read("so2_slope")
    session.time.sleep(610.0)
    started = session.time.now_us()
    with pytest.raises(error):
        so2.read("so2_slope")
    assert (session.time.now_us() - started) / 1e6 < 10.0
    session.time.sleep(600.0)
    assert so2.read("so2_slope") == before


def test_a_reply_that_is_one_behind_is_never_taken_for_another_quantity(opened):
    """The second try of a request may be answered by the reply to the first: the same question, seconds ago."""
    session = opened(fault=[{"kind": "stale_reply", "device": "so2", "at": "10 min", "for": "10 min"}])
    so2, face = session.handles["so2"], session.bench.instruments["so2"].face
    session.time.sleep(660.0)
    for quantity in ("so2", "sample_flow", "pmt", "uv_lamp", "so2"):
        told, _ = so2.read(quantity)
        now = session.time.now_us()
        lately = [face.read_at(quantity, now - second * 1_000_000) for second in range(12)]
        assert min(abs(told - value) for value in lately) < 0.06, quantity
        session.time.sleep(20.0)
    assert so2.link.retries == 5


def test_reports_of_its_own_accord_reach_the_host_and_do_not_confuse_it(opened):
    session = opened(port={"options": {"quiet": False}})
    so2 = session.handles["so2"]
    session.bench.command("so2", Command("hidden.leak_fraction", 0.6))
    session.bench.command("so2", Command("gas_mode", "zero"))
    session.time.sleep(900.0)
    assert so2.read("gas_mode")[0] == "zero"
    told = so2.alarms()
    direct = session.bench.instruments["so2"].face.read("alarms")
    assert told == tuple(sorted({alarm.partition(":")[0] for alarm in direct}))
    so2.set("gas_mode", "sample")
    so2.set("filter_size", 120)
    assert so2.read("filter_size")[0] == 120


def test_a_box_that_shows_mass_units_is_not_misread(opened):
    session = opened()
    so2 = session.handles["so2"]
    so2.set("gas_unit", "ug/m3")
    with pytest.raises(BadReply, match="gas unit to ppb or ppm"):
        so2.read("so2")
    so2.set("gas_unit", "ppm")
    assert so2.read("so2")[1] == "nmol/mol"


def test_after_the_mains_a_concentration_is_unknown_for_a_while_and_a_reset_is_told(opened):
    session = opened()
    so2 = session.handles["so2"]
    session.bench.command("so2", Command("power", False))
    session.time.sleep(10.0)
    session.bench.command("so2", Command("power", True))
    session.time.sleep(20.0)
    with pytest.raises(BadReply, match="cannot tell"):
        so2.read("so2")
    session.time.sleep(20.0)
    so2.read("so2")
    raw = []
    so2.link._resource.write_raw(b"W LIST\rV MODE\r")
    while not raw or b"MODE" not in raw[-1]:
        raw.append(so2.link._resource.read_raw())
    assert any(b"SYSTEM RESET" in line for line in raw)


@pytest.mark.parametrize("number", [0, 100, 412, 9999])
def test_a_machine_id_of_four_digits_is_the_boxs_own(opened, number):
    session = opened(port={"id": number})
    assert session.handles["so2"].read("instrument_id")[0] == number
    file = tomllib.loads(f"n = {number}")
    assert session.bench.instruments["so2"].face.read("instrument_id") == file["n"]


def test_a_flow_that_falls_short_is_a_warning_on_the_wire(opened):
    """A shut cylinder and too little zero air: the controller that cannot hold its flow is told by name."""
    session = opened()
    bench, calibrator = session.bench, session.handles["calibrator"]

    def warnings():
        session.time.sleep(900.0)
        reply = calibrator.link.ask("W LIST\nV MODE", lambda reply: reply)
        return calibrator.read_if_told("alarms")[0], " ".join(reply.warnings)

    calibrator.offer(GasRequest("so2", 400.0, None, 5.0, "a"))
    assert warnings()[0] == ()
    bench.command("cylinder.so2", Command("valve", "closed"))
    alarms, text = warnings()
    assert alarms == ("gas_flow_deviation",)
    assert "CAL GAS MFC FLOW WARNING" in text
    assert "DILUENT" not in text
    bench.command("cylinder.so2", Command("valve", "open"))
    bench.command("zero_air", Command("hidden.compressor_fraction", 0.2))
    alarms, text = warnings()
    assert alarms == ("zero_flow_deviation",)
    assert "DILUENT MFC FLOW WARNING" in text
    calibrator.standby()
    assert warnings()[0] == ()


def test_a_flow_that_falls_short_is_bit_10_over_modbus(opened):
    """The same causes, as bytes on a second port of the T700: input 10, and input 19 that says all is well."""
    data = wire_bench()["device"]
    data["calibrator"]["port"]["b"] = {"kind": "serial", "protocol": "modbus-rtu", "id": 1}
    session = opened(device=data)
    bench, calibrator = session.bench, session.handles["calibrator"]
    heard = []
    line = bench.find_line("calibrator.b")
    line.connect(heard.append)

    def inputs_8_to_19():
        session.time.sleep(900.0)
        heard.clear()
        line.from_host(rtu_frame(1, bytes.fromhex("020008000C")))  # twelve inputs
        session.time.sleep(1.0)
        reply = b"".join(heard)
        assert reply[:3] == bytes.fromhex("010202")
        bits = int.from_bytes(reply[3:5], "little")
        return {8 + place for place in range(12) if bits >> place & 1}

    calibrator.offer(GasRequest("so2", 400.0, None, 5.0, "a"))
    assert inputs_8_to_19() == {19}
    bench.command("cylinder.so2", Command("valve", "closed"))
    assert inputs_8_to_19() == {10}
    bench.command("cylinder.so2", Command("valve", "open"))
    assert inputs_8_to_19() == {19}
    bench.command("zero_air", Command("hidden.compressor_fraction", 0.2))
    assert inputs_8_to_19() == {10}
    calibrator.standby()
    assert inputs_8_to_19() == {19}


def test_coils_of_the_t700_run_its_sequences(opened):
    """Coil 1 on: the second of the stored sequences, with its steps in their time; coil 2 has none."""
    data = wire_bench()["device"]
    data["calibrator"]["port"]["b"] = {"kind": "serial", "protocol": "modbus-rtu", "id": 1}
    data["calibrator"]["settings"] = {
        "sequences": "ZERO: GENERATE 0 PPB ZERO 5.0 | SPAN: GENERATE 400 PPB SO2 5.0; 10 MIN; STANDBY"
    }
    session = opened(device=data)
    face, heard = session.bench.instruments["calibrator"].face, []
    line = session.bench.find_line("calibrator.b")
    line.connect(heard.append)

    def written(coil):
        heard.clear()
        request = rtu_frame(1, bytes([5, 0, coil, 0xFF, 0]))
        line.from_host(request)
        session.time.sleep(1.0)
        return request, b"".join(heard)

    request, reply = written(1)
    assert reply == request
    assert (face.read("calibrator_mode"), face.read("concentration")) == ("span", 400.0)
    session.time.sleep(601.0)
    assert face.read("calibrator_mode") == "standby"
    request, reply = written(0)
    assert reply == request
    assert face.read("calibrator_mode") == "zero"
    assert written(2)[1] == rtu_frame(1, b"\x85\x03")
    assert face.read("calibrator_mode") == "zero"
    request, reply = written(99)
    assert (reply, face.read("calibrator_mode")) == (request, "standby")
