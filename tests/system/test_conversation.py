"""`rig record` between a client and a served analyzer, `rig replay` in the analyzer's place, `rig diff` of the two."""

import json
import os
import signal
import socket
import subprocess
from contextlib import contextmanager

import pytest
import serial
from rig_commands import DEMO, RIG, changed, complaints, rig, write

SO2 = {"device": {"so2": DEMO["device"]["so2"]}, "bench": DEMO["bench"]}
ADDRESS = bytes([128 + 43])


@contextmanager
def running(*arguments):
    """A command that runs until interrupted, with its first line of output."""
    command = [*RIG, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first = process.stdout.readline()
        assert first, process.stderr.read()
        try:
            yield process, first
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(20)


def recording(port, listen, out):
    return running("record", "--port", port, "--listen", listen, "--out", out)


def ask(port, *requests):
    with serial.Serial(str(port), 9600, timeout=5) as client:
        answers = []
        for request in requests:
            client.write(ADDRESS + request + b"\r")
            answers.append(client.read_until(b"\r"))
        return answers


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A file of a conversation with a served 43i over a pty, what the client heard, and what `record` said."""
    folder = tmp_path_factory.mktemp("record")
    bench = write(folder / "bench.json", SO2)
    with running("serve", bench, "--folder", folder / "ports"):
        pass_on = (
            "record",
            "--port",
            folder / "ports" / "so2",
            "--listen",
            folder / "between",
            "--out",
            folder / "a.jsonl",
        )
        with running(*pass_on) as (process, first):
            assert first == f"{folder}/between (software connects here) <-> {folder}/ports/so2\n"
            heard = ask(folder / "between", b"so2 coef", b"avg time", b"so2 coef", b"nonsense")
            process.send_signal(signal.SIGINT)
            said, complained = process.communicate(timeout=20)
    assert process.returncode == 0, complained
    assert not (folder / "between").is_symlink()
    return folder / "a.jsonl", heard, said


def test_every_byte_passes_both_ways_and_is_written_down_with_its_time(recorded):
    file, heard, said = recorded
    assert [answer.split()[-1] for answer in heard] == [b"1.000", b"sec", b"1.000", b"cmd"]
    assert said.splitlines()[-1] == str(file)
    head, *lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert (head["conversation"], head["baud"]) == (1, 9600)
    sent = b"".join(bytes.fromhex(line["hex"]) for line in lines if line["from"] == "host")
    assert sent == b"".join(ADDRESS + text + b"\r" for text in (b"so2 coef", b"avg time", b"so2 coef", b"nonsense"))
    assert b"".join(bytes.fromhex(line["hex"]) for line in lines if line["from"] == "device") == b"".join(heard)
    times = [line["us"] for line in lines]
    assert times[0] == 0
    assert times == sorted(times)
    assert times[-1] > 4 * 20_000  # the box thinks for 20 ms before each of four answers


def test_a_replay_answers_the_same_over_pty_and_tcp_and_diff_finds_none(recorded, tmp_path):
    file, heard, _ = recorded
    with (
        running("replay", file, "--listen", tmp_path / "device"),
        running("record", "--port", tmp_path / "device", "--listen", tmp_path / "b", "--out", tmp_path / "b.jsonl"),
    ):
        assert ask(tmp_path / "b", b"SO2 COEF", b"so2 coef", b"avg time", b"nonsense") == [
            heard[0], heard[2], heard[1], heard[3]
        ]  # fmt: skip
    done = rig("diff", file, tmp_path / "b.jsonl")
    assert (done.returncode, done.stdout) == (0, "0 differences in 4 and 4 requests\n")
    with running("replay", file, "--listen", "tcp:0") as (_, first):
        host, _, port = first.split()[0].partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as client:
            client.sendall(ADDRESS + b"avg time\r")
            said = b""
            while not said.endswith(b"\r"):
                said += client.recv(100)
            assert said == heard[1]


def test_diff_tells_what_new_software_does_otherwise(recorded, tmp_path):
    file, *_ = recorded
    text = file.read_text().replace(b"1.000".hex(), b"1.023".hex())
    (tmp_path / "b.jsonl").write_text(text)
    done = rig("diff", file, tmp_path / "b.jsonl")
    assert done.returncode == 1
    first, second, last = done.stdout.splitlines()
    assert first == "<ab> so2 coef (number 1): 1.000 became 1.023 in 'so2 coef 1.000'"
    assert second.startswith("<ab> so2 coef (number 2): ")
    assert last == "2 differences in 4 and 4 requests"
    assert rig("diff", file, tmp_path / "b.jsonl", "--absolute", "0.05").returncode == 0


def test_mistakes_are_told_in_one_line_and_nothing_recorded_is_lost(recorded, tmp_path):
    file, *_ = recorded
    before = file.read_bytes()
    told = complaints(rig("record", "--port", "/dev/null", "--listen", tmp_path / "p", "--out", file), 2)
    assert "expected a file that is not there yet" in told[0]
    assert file.read_bytes() == before
    out = tmp_path / "c.jsonl"
    told = complaints(rig("record", "--port", "/dev/none", "--listen", tmp_path / "p", "--out", out), 4)
    assert told == ["rig: /dev/none: there is no such serial port"]
    told = complaints(rig("record", "--port", "/dev/null", "--listen", "tcp:many", "--out", out), 2)
    assert told == ["rig: --listen: expected tcp:PORT or tcp:HOST:PORT, found 'tcp:many'"]
    told = complaints(rig("replay", tmp_path / "none.jsonl", "--listen", tmp_path / "p"), 2)
    assert "expected a conversation of rig record" in told[0]
    (tmp_path / "empty.jsonl").write_text(before.decode().splitlines()[0] + "\n")
    told = complaints(rig("replay", tmp_path / "empty.jsonl", "--listen", tmp_path / "p"), 2)
    assert "expected a conversation in which the device answers" in told[0]
    assert not out.exists()


def test_a_device_that_is_unplugged_ends_the_recording_as_a_fault(tmp_path):
    bench = write(tmp_path / "bench.json", changed(SO2))
    with running("serve", bench, "--folder", tmp_path / "ports") as (server, _):
        pass_on = (
            "record",
            "--port",
            tmp_path / "ports" / "so2",
            "--listen",
            tmp_path / "b",
            "--out",
            tmp_path / "a.jsonl",
        )
        with running(*pass_on) as (process, _):
            ask(tmp_path / "b", b"so2 coef")
            os.kill(server.pid, signal.SIGTERM)
            _, complained = process.communicate(timeout=20)
    assert process.returncode == 4
    assert complained.startswith("rig: the device's port failed: ")
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) >= 3
