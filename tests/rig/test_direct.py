"""Direct ports: a device reached in the host's own process, with the manners of one on a wire."""

import json
import tomllib
from pathlib import Path

import pytest
from rig_commands import changed

from instruments.device import Command
from instruments.errors import ConfigurationErrors, Refused
from rig.bench_check import check_bench_data
from rig.bench_file import read_bench_file
from rig.cli.accept import AcceptOptions, accept
from rig.cli.serve import serve
from rig.errors import ConfigurationError, DeviceTimeout
from rig.host.calibrator import GasRequest
from rig.serve import ServedBench
from rig.session import open_session

WIRED = (Path(__file__).parents[2] / "scenarios" / "benches" / "teledyne.toml").read_text()
DIRECT = WIRED.replace('protocol = "teledyne"\nbaud = 115200', 'kind = "direct"\nprotocol = "direct"')


@pytest.fixture
def bench(tmp_path):
    """The second family without wires."""
    assert DIRECT.count('kind = "direct"') == 5
    path = tmp_path / "direct.toml"
    path.write_text(DIRECT)
    return path


@pytest.fixture
def session(bench):
    opened = open_session(read_bench_file(bench), bench)
    yield opened
    opened.close()


def test_a_handle_reads_and_sets_by_the_models_own_names(session):
    so2 = session.handles["so2"]
    assert so2.identity.protocol == "direct"
    assert [channel.quantity for channel in session.handles["nox"].channels] == ["no", "nox"]
    assert session.handles["nox"].converter_factor == "ce_factor"
    assert so2.converter_factor is None
    assert so2.flow == "sample_flow"
    assert so2.read("sample_flow")[1] == "L/min"
    assert so2.read("so2_slope") == (1.0, "1")
    so2.set("so2_slope", 1.1)
    assert so2.read("so2_slope") == (1.1, "1")
    with pytest.raises(Refused):
        so2.set("so2_slope", 2.0)
    assert so2.read_if_told("tea") is None
    assert so2.alarms() == ()


def test_without_power_there_is_no_answer(session):
    session.bench.command("so2", Command("power", False))
    with pytest.raises(DeviceTimeout):
        session.handles["so2"].read("so2")
    session.bench.command("so2", Command("power", True))
    session.time.sleep(60.0)
    assert session.handles["so2"].read("system_reset") == (True, "")


def test_no_line_is_laid_to_a_direct_port(session):
    assert session.bench.line_names() == ["zero_air", "flow_meter"]


def test_a_calibrator_without_a_wire_takes_each_gas_in_its_own_unit(session):
    box = session.handles["calibrator"]
    box.offer(GasRequest("co", 40.0, None, 5.0, "c"))
    session.time.sleep(600.0)
    made, unit = box.read("concentration_actual")
    assert (made, unit) == (pytest.approx(40.0, rel=0.01), "umol/mol")
    box.offer(GasRequest("so2", 400.0, None, 5.0, "a"))
    session.time.sleep(600.0)
    assert box.made() == pytest.approx(400.0, rel=0.01)
    assert box.read("concentration_actual")[1] == "nmol/mol"
    with pytest.raises(KeyError):
        box.set("concentration", 1.0, "ug/m3")
    with pytest.raises(KeyError):
        box.set("ozone", 1.0, "umol/mol")


def direct_data(**values):
    data = tomllib.loads(DIRECT)
    for name in ("zero_air", "flow_meter"):
        del data["device"][name]["port"]
    return changed(data, **values)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"device__so2__port__a__protocol": "clink"}, ['device.so2.port.a.protocol: expected "direct"', "'clink'"]),
     ({"device__so2__port__a__baud": 9600}, ['device.so2.port.a.baud: expected nothing for a port of kind "direct"']),
     ({"device__so2__port__a__kind": "serial"}, ["port.a.protocol", "a protocol of the T100 (", "modbus-rtu"]),
     ({"fault": [{"kind": "silence", "device": "so2", "at": "1 h"}]}, ["fault.0.device", "a direct port has none"]),
     ({"device__so2__hidden": {"mood": 1}}, ["device.so2.hidden.mood", "shutter_leak"])],
)  # fmt: skip
def test_what_a_direct_port_cannot_have_is_named(values, words):
    with pytest.raises(ConfigurationErrors) as caught:
        check_bench_data(direct_data(**values), "bench.toml")
    assert len(caught.value.errors) == 1
    for word in words:
        assert word in str(caught.value)


def test_direct_and_serial_ports_on_one_box_both_work(tmp_path):
    data = direct_data(device__calibrator__port={"a": {"kind": "direct", "protocol": "direct"}})
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(data, default=str))
    with pytest.raises(ConfigurationError, match="direct ones only"):
        serve(str(path), 1.0, None, None, None, None, ())
    opened = open_session(read_bench_file(path), path)
    try:
        assert opened.handles["calibrator"].read("calibrator_mode")[0] == "standby"
    finally:
        opened.close()


def test_a_served_bench_leaves_out_what_it_cannot_serve(tmp_path, capsys):
    served_too = {"device__calibrator__model": "146i", "device__calibrator__port__a": {"protocol": "clink"}}
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(direct_data(**served_too), default=str))
    file = read_bench_file(path)
    with ServedBench(file, path, tmp_path, 1.0, None) as served:
        data = served.endpoints_data()
    assert list(data["device"]) == ["calibrator"]
    assert data["tube"] == {}
    assert serve(str(path), 1.0, None, None, None, None, ("true",)) == 0
    said = capsys.readouterr().err
    for device in ("so2", "nox", "o3", "co"):
        assert f"rig serve: device.{device}.port.a is direct, reached in one process only: not served\n" in said


def test_a_paced_run_is_refused(bench, tmp_path):
    with pytest.raises(ConfigurationError, match=r"--clock: expected a bench on virtual time: device\.so2\.port\.a"):
        accept(AcceptOptions(bench=str(bench), out=tmp_path / "out", operator="simulated", clock="paced"))
    assert not (tmp_path / "out").exists()
