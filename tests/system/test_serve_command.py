"""`rig serve`: ports of both kinds, a command beside it, an orderly end, nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial
from rig_commands import DEMO, RIG, changed, complaints, rig, served, write, write_plan

TCP = {"kind": "tcp", "protocol": "clink"}
BOTH = changed(
    DEMO,
    device__so2__port={"net": {**TCP, "id": 43}, "a": {"protocol": "clink", "id": 43}},
    device__calibrator__port={"net": {**TCP, "id": 51}},
)
THREE_LEVELS = {
    "title": "Three levels on one analyzer", "standard": "hj818", "procedures": ["prepare", "zero_span", "multipoint"],
    "gas": {"stability": {"window": "2 min", "poll": "10 s", "most": "40 min", "drift_pct_full_scale": 0.6,
                          "scatter_pct_full_scale": 1.0, "least": {"default": "3 min", "so2": "6 min"}}},
    "multipoint": {"levels_pct": [0.0, 40.0, 80.0]},
}  # fmt: skip


def test_accept_reaches_analyzer_and_calibrator_over_tcp(tmp_path):
    with served(tmp_path, BOTH, "--speed", "600") as (_, endpoints, table):
        so2 = endpoints["device"]["so2"]
        assert so2["resource"].startswith("TCPIP::127.0.0.1::")
        assert so2["resources"]["net"] == so2["resource"]
        assert so2["resources"]["a"] == f"ASRL{tmp_path}/server/ports/so2::INSTR"
        assert [row[0] for row in table].count("so2") == 2
        # The same box on both its ports at once, while a run goes on over one of them.
        plan = write_plan(tmp_path / "plan.toml", THREE_LEVELS)
        command = [*RIG, "accept", "--bench", str(tmp_path / "server" / "endpoints.json"), "--plan", str(plan),
                   "--device", "so2", "--out", str(tmp_path / "out")]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            with serial.Serial(str(tmp_path / "server" / "ports" / "so2"), 9600, timeout=5) as port:
                port.write(bytes([128 + 43]) + b"range\r")
                assert port.read_until(b"\r").startswith(b"range ")
            host, number = so2["resource"].split("::")[1:3]
            with socket.create_connection((host, int(number)), timeout=5) as client:
                client.sendall(b"so2 coef\r")  # on TCP the address may be left out
                assert client.recv(100).startswith(b"so2 coef ")
            said, complained = run.communicate(timeout=100)
    assert run.returncode == 0, said + complained
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert record["verdict"] == "pass"
    resources = {device["name"]: device["resource"] for device in record["devices"]}
    assert resources["so2"] == so2["resource"]
    assert resources["calibrator"].startswith("TCPIP::")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_orderly_end_leaves_nothing_behind(tmp_path, how):
    with served(tmp_path, BOTH) as (server, endpoints, _):
        port = int(endpoints["device"]["so2"]["resource"].split("::")[2])
        assert len(list((tmp_path / "server" / "ports").iterdir())) == 5
        server.send_signal(how)
        assert server.wait(20) == 0
        assert "Traceback" not in server.stderr.read()
    assert list((tmp_path / "server" / "ports").iterdir()) == []
    assert not (tmp_path / "server" / "endpoints.json").exists()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_killed_server_is_told_by_its_endpoints_and_its_links_are_taken_over(tmp_path):
    with served(tmp_path, DEMO) as (server, _, _):
        server.kill()
        server.wait(20)
    links = list((tmp_path / "server" / "ports").iterdir())
    assert len(links) == 6
    done = rig("accept", "--bench", tmp_path / "server" / "endpoints.json", "--out", tmp_path / "out")
    (line,) = complaints(done, 4)
    assert f"process {server.pid}, which has ended" in line
    assert not (tmp_path / "out").exists()
    # One link now points to a pty that another process serves, as numbers are handed out again.
    stale = tmp_path / "server" / "ports" / "nox"
    stale.unlink()
    other = "import os, sys; print(os.ttyname(os.openpty()[1]), flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", other], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stale.symlink_to(holder.stdout.readline().strip())
    try:
        with served(tmp_path, DEMO) as (_, endpoints, _):
            port = endpoints["device"]["nox"]["resource"][4:].split("::")[0]
            with serial.Serial(port, 9600, timeout=5) as client:
                client.write(bytes([128 + 42]) + b"no coef\r")
                assert client.read_until(b"\r") == b"no coef 1.000\r"
            # A second server does not take ports, nor the endpoints file, from one that lives.
            bench = tmp_path / "server" / "bench.json"
            done = rig("serve", bench, "--folder", tmp_path / "server" / "ports", "--", "true")
            (line,) = complaints(done, 4)
            assert "is already a link to" in line
            done = rig("serve", bench, "--endpoints", tmp_path / "server" / "endpoints.json", "--", "true")
            (line,) = complaints(done, 2)
            assert "--endpoints: expected a file that no other rig serve has written" in line
            assert Path(port).exists()
    finally:
        holder.communicate()


def test_a_tcp_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        bench = write(tmp_path / "bench.json", changed(BOTH, device__so2__port__net__tcp_port=number))
        done = rig("serve", bench, "--folder", tmp_path / "ports", "--endpoints", tmp_path / "endpoints.json")
    (line,) = complaints(done, 4)
    assert line.startswith(f"rig: {bench}: device.so2.port.net.tcp_port: cannot listen on 127.0.0.1:{number}: ")
    assert not (tmp_path / "endpoints.json").exists()
    assert not list((tmp_path / "ports").glob("*"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--endpoints", "none/endpoints.json"], "--endpoints: expected a file in a folder that exists, found none/"),
        (["--truth", "none/truth.jsonl"], "--truth: expected a file in a folder that exists, found none/"),
        (["--folder", "file/ports"], "--folder: expected a folder for links to ports, found"),
        (["--speed", "0.5"], "--speed: expected a number of 1 or more (1e+06 at the most), found 0.5"),
        (["--seed", "-1"], "--seed: expected a whole number of 0 or more, found -1"),
        (["--", "no-such-program"], "CMD: expected a program that can be run, found 'no-such-program'"),
        (["--", "./file"], "CMD: expected a program that can be run, found './file'"),
    ],
)
def test_bad_options(tmp_path, options, words):
    (tmp_path / "file").write_text("no program")
    (line,) = complaints(rig("serve", "demo", *options, cwd=tmp_path), 2)
    assert words in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_bench_without_anything_to_serve(tmp_path):
    real = {"model": "43i", "resource": "ASRL/dev/ttyUSB9::INSTR", "protocol": "clink"}
    bench = write(tmp_path / "bench.json", {"bench": DEMO["bench"], "device": {"so2": real}})
    (line,) = complaints(rig("serve", bench), 2)
    assert line == f"rig: {bench}: device: expected an emulated device with a port, found none"


def test_a_command_has_the_endpoints_its_output_and_its_code(tmp_path):
    script = (
        "import os, json, sys\n"
        "bench = json.load(open(os.environ['RIG_ENDPOINTS']))\n"
        "print('mine')\n"
        "sys.exit(len(bench['device']))\n"
    )
    done = rig("serve", "demo", "--", sys.executable, "-c", script)
    assert done.returncode == 6, done.stderr
    assert done.stdout == "mine\n"  # the table stands on standard error, out of the way of a pipe
    assert "so2" in done.stderr
    assert rig("serve", "demo", "--", "sh", "-c", "kill -KILL $$").returncode == 128 + 9


def test_what_the_command_leaves_running_is_not_killed(tmp_path):
    script = "sleep 60 >/dev/null 2>&1 & echo $!"
    done = rig("serve", "demo", "--", "sh", "-c", script)
    process = int(done.stdout)
    try:
        assert done.returncode == 0
        assert Path(f"/proc/{process}").exists()
    finally:
        os.kill(process, signal.SIGKILL)


def test_a_signal_is_passed_on_to_the_command_and_its_code_comes_back(tmp_path):
    script = (
        "import os, pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print(os.environ['RIG_ENDPOINTS'], flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [*RIG, "serve", "demo", "--", sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        endpoints = Path(server.stdout.readline().strip())
        assert endpoints.exists()
        begun = time.monotonic()
        server.terminate()
        assert server.wait(30) == 7
        assert time.monotonic() - begun < 30
    assert not endpoints.parent.exists()


def test_a_bench_that_breaks_down_does_not_go_on_lying(tmp_path):
    script = (
        "from pathlib import Path\n"
        "from rig.fault_board import FaultBoard\n"
        "from rig.cli.app import run_app\n"
        "FaultBoard.begin = lambda board, fault, share=1.0: 1 / 0\n"
        "import sys; sys.argv[1:] = ['serve', sys.argv[1], '--speed', '60']\n"
        "raise SystemExit(run_app())\n"
    )
    bench = write(tmp_path / "bench.json", changed(DEMO, fault=[{"kind": "silence", "device": "so2", "at": "20 s"}]))
    done = subprocess.run([sys.executable, "-c", script, str(bench)], capture_output=True, text=True, check=False,
                          timeout=60)  # fmt: skip
    assert done.returncode == 4
    assert done.stderr == "rig: the bench broke down: ZeroDivisionError: division by zero\n"


def test_the_console_says_which_port_a_fault_befalls_and_what_it_takes(tmp_path):
    port = {"protocol": "clink", "kind": "tcp"}
    data = changed(
        DEMO,
        device__so2__port={"net": port, "own": port},
        fault=[
            {"name": "cut", "kind": "half_open", "device": "so2", "port": "net", "at": "20 s", "for": "20 s"},
            {"name": "stuck", "kind": "hang", "device": "so2", "at": "20 s", "for": "20 s", "port": "own"},
            {"name": "pulled", "kind": "unplug", "device": "so2", "at": "60 s", "for": "20 s"},
        ],
    )
    script = (
        "import json, os, socket, time\n"
        "ports = json.load(open(os.environ['RIG_ENDPOINTS']))['device']['so2']['ports']\n"
        "own, net = (socket.create_connection(ports[name]['address'].split(':')) for name in ('own', 'net'))\n"
        "time.sleep(1.5)\n"
        "for one in own, net: one.sendall(b'gas unit\\r')\n"
        "print(own.recv(100))\n"
        "time.sleep(3)\n"
    )
    done = rig("serve", write(tmp_path / "bench.json", data), "--speed", "20", "--truth", tmp_path / "truth.jsonl",
               "--", sys.executable, "-c", script)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "b'gas unit ppb\\r'\n"
    said = [line.split(": ", 2)[1:] for line in done.stderr.splitlines() if " s: " in line]
    whole = [text for _, text in said]
    for text in ("so2/net: cut begins", "so2/own: stuck ends", "so2: pulled begins", "so2: pulled ends",
                 r"so2/net: half_open, to device: 'gas unit\r' is lost",
                 r"so2/own: hang, to host: 'gas unit ppb\r' is lost",
                 r"so2/own: hang, to host: 'gas unit ppb\r' leaves now",
                 "so2/own: unplug, to host: the port is gone, or its connection dead"):  # fmt: skip
        assert text in whole, (text, whole)
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert {(line["name"], line["port"]) for line in lines if line["kind"] == "line"} == {
        ("cut", "net"), ("stuck", "own"), ("pulled", "net"), ("pulled", "own"),
    }  # fmt: skip
