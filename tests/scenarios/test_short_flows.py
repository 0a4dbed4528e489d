"""A calibrator of the first family whose flow falls short says so in its answer to ``alarms``."""

import tomllib

from rig_commands import ROOT, write

from instruments.device import Command
from rig.bench_check import check_bench_data
from rig.host.calibrator import GasRequest
from rig.session import open_session

CLINK = {"protocol": "clink", "id": 51}


def test_the_146i_names_the_controller_that_cannot_hold_its_flow(tmp_path):
    data = tomllib.loads((ROOT / "scenarios" / "benches" / "teledyne.toml").read_text())
    data["device"]["calibrator"] |= {"model": "146i", "port": {"a": CLINK, "b": CLINK}}
    path = write(tmp_path / "bench.json", data)
    session = open_session(check_bench_data(data, str(path)), path)
    bench, calibrator, heard = session.bench, session.handles["calibrator"], []

    line = bench.find_line("calibrator.b")
    line.connect(heard.append)

    def alarms():
        session.time.sleep(900.0)
        heard.clear()
        line.from_host(b"\xb3alarms\r")
        session.time.sleep(1.0)
        return b"".join(heard)

    calibrator.offer(GasRequest("so2", 400.0, None, 5.0, "a"))
    assert alarms() == b"alarms none\r"
    bench.command("cylinder.so2", Command("valve", "closed"))
    assert alarms() == b"alarms gas_flow_deviation:low\r"
    bench.command("cylinder.so2", Command("valve", "open"))
    bench.command("zero_air", Command("hidden.compressor_fraction", 0.2))
    assert alarms() == b"alarms zero_flow_deviation:low\r"
    calibrator.standby()
    assert alarms() == b"alarms none\r"
    session.close()
