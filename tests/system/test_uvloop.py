"""A served bench says the same on asyncio's loop and on uvloop, and breaks its connections the same way."""

import asyncio
import os
import socket
import sys
import tty

import pytest

from rig import event_loop, serve
from rig.bench_file import parse_bench

BENCH = {
    "bench": {"epoch": "2026-01-05T08:00:00+08:00", "seed": 1},
    "device": {
        "so2": {
            "model": "43i",
            "port": {
                "pty": {"protocol": "clink", "id": 43, "line_timing": False},
                "net": {"kind": "tcp", "protocol": "clink", "id": 43, "clients": 2},
            },
        }
    },
    "fault": [{"kind": "reset", "device": "so2", "port": "net", "at": "0 s", "matching": "co2"}],
}


@pytest.fixture(params=["asyncio", "uvloop"])
def where(request, monkeypatch, tmp_path):
    """Addresses of a pty and a TCP port of the same box."""
    if request.param == "uvloop":
        make = pytest.importorskip("uvloop", reason="the extra fast is not installed").new_event_loop
    else:
        make = asyncio.new_event_loop
    monkeypatch.setattr(serve, "new_event_loop", make)
    with serve.ServedBench(parse_bench(BENCH, "bench"), tmp_path / "bench", tmp_path / "ports") as served:
        pty, tcp = (endpoint.address for endpoint in served.endpoints)
        host, _, number = tcp.rpartition(":")
        yield pty, (host, int(number))
        served.check()


def asked(client, request):
    client.sendall(request)
    said = b""
    while not said.endswith(b"\r"):
        part = client.recv(100)
        assert part, said
        said += part
    return said


def test_pty_and_tcp_answer_alike_and_a_connection_too_many_is_closed(where):
    path, address = where
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    os.write(port, b"\xabso2 coef\r")
    said = b""
    while not said.endswith(b"\r"):
        said += os.read(port, 100)
    os.close(port)
    with socket.create_connection(address, timeout=5) as one, socket.create_connection(address, timeout=5) as two:
        assert asked(one, b"so2 coef\r") == asked(two, b"so2 coef\r") == said
        with socket.create_connection(address, timeout=5) as third:
            assert third.recv(1) == b""
        assert asked(one, b"so2 coef\r" * 300).count(b"\r") >= 1


def test_a_client_that_half_closes_still_gets_its_reply(where):
    with socket.create_connection(where[1], timeout=5) as client:
        client.sendall(b"so2 coef\r")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100).endswith(b"\r")


def test_a_reset_is_seen_as_one(where):
    with socket.create_connection(where[1], timeout=5) as client:
        asked(client, b"so2 coef\r")
        client.sendall(b"co2\r")
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_uvloop_is_taken_where_it_is_installed_and_only_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = event_loop.new_event_loop()
    assert isinstance(loop, asyncio.BaseEventLoop)
    loop.close()
    monkeypatch.undo()
    uvloop = pytest.importorskip("uvloop", reason="the extra fast is not installed")
    loop = event_loop.new_event_loop()
    assert isinstance(loop, uvloop.Loop)
    loop.close()
