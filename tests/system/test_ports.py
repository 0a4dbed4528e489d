"""A line on a real pty and a real TCP port, read by clients that are not ours."""

import asyncio
import os
import socket
import threading
import time

import pytest
import serial

from instruments.protocols.ends import DeviceEnd
from rig.clock import PacedClock
from rig.errors import RigFault
from rig.lines import Line, LineTiming
from rig.ports.pty import PtyPort
from rig.ports.serial import check_port_is_free
from rig.ports.tcp import TcpPort


class Upper(DeviceEnd):
    def __init__(self):
        self.buffer = b""

    def power_cycled(self):
        self.buffer = b""

    def receive(self, data):
        self.buffer += data
        *requests, self.buffer = self.buffer.split(b"\r")
        return [request.upper() + b"\r" for request in requests]


class Loop:
    """An asyncio loop in a thread, as the served bench has."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.clock = PacedClock(speed=50.0)
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.run(self._start())
        return self

    async def _start(self):
        self.clock.start(self.loop)

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(5)

    def do(self, action):
        async def wrapped():
            return action()

        return self.run(wrapped())

    def __exit__(self, *_):
        self.do(self.clock.stop)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def loop():
    with Loop() as running:
        yield running


def test_pyserial_reads_a_pty_comes_back_and_finds_nothing_left_behind(loop, tmp_path):
    line = Line("so2/a", loop.clock, Upper(), LineTiming(baud=9600, reply_delay_us=20_000))
    link = tmp_path / "ports" / "so2"
    port = loop.do(lambda: PtyPort(line, link, loop.clock))
    loop.do(lambda: port.start(loop.loop))
    for _ in range(2):
        with serial.Serial(str(link), 9600, timeout=5) as client:
            client.write(b"\xabso2\r")
            assert client.read_until(b"\r") == b"\xabSO2\r"
    loop.do(port.close)
    assert not link.is_symlink()


def test_a_link_in_use_is_not_taken_and_a_dead_one_is(loop, tmp_path):
    line = Line("so2/a", loop.clock, Upper(), LineTiming(baud=0))
    (tmp_path / "so2").symlink_to("/dev/pts/99999")
    port = loop.do(lambda: PtyPort(line, tmp_path / "so2", loop.clock))
    with pytest.raises(RigFault, match="already a link"):
        loop.do(lambda: PtyPort(line, tmp_path / "so2", loop.clock))
    loop.do(port.close)


def test_tcp_serves_three_clients_and_hangs_up_on_a_fourth(loop):
    port = TcpPort(
        lambda: Line("so2/t", loop.clock, Upper(), LineTiming(baud=0)), lambda line: None, "127.0.0.1", 0, loop.clock
    )
    loop.run(port.start())
    clients = [socket.create_connection(("127.0.0.1", port.port), timeout=5) for _ in range(3)]
    try:
        for client in clients:
            client.sendall(b"o")
            client.sendall(b"3\r")
            assert client.recv(100) == b"O3\r"
        with socket.create_connection(("127.0.0.1", port.port), timeout=5) as fourth:
            assert fourth.recv(100) == b""
    finally:
        for client in clients:
            client.close()
        loop.do(port.close)


def pour(client, times=50_000):
    for _ in range(times):
        client.sendall(b"x" * 4000 + b"\r")
        time.sleep(0 if times > 10 else 0.1)


def test_tcp_power_cut_hangs_up_flood_is_slowed_and_a_half_closed_client_gets_its_reply(loop):
    lines = []

    def make():
        lines.append(Line("so2/t", loop.clock, Upper(), LineTiming(baud=0)))
        return lines[-1]

    port = TcpPort(make, lines.remove, "127.0.0.1", 0, loop.clock)
    loop.run(port.start())
    try:
        with socket.create_connection(("127.0.0.1", port.port), timeout=5) as client:
            client.sendall(b"o3\r")
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100) == b"O3\r"
        with socket.create_connection(("127.0.0.1", port.port), timeout=5) as flood:
            flood.settimeout(0.5)
            with pytest.raises(TimeoutError):  # it never reads: sooner or later it is not listened to
                pour(flood)
            with socket.create_connection(("127.0.0.1", port.port), timeout=5) as other:
                other.sendall(b"co\r")
                assert other.recv(100) == b"CO\r"
                loop.do(lambda: [line.switch(powered=False) for line in list(lines)])
                with pytest.raises(ConnectionError):
                    pour(other, 3)
        for _ in range(50):
            if not lines:
                break
            time.sleep(0.02)
        assert lines == []  # nothing is kept of a connection that is over
    finally:
        loop.do(port.close)


def test_a_port_that_is_taken_missing_or_no_port_is_told_before_it_is_opened(tmp_path):
    with pytest.raises(RigFault, match="no such serial port"):
        check_port_is_free(tmp_path / "ttyUSB9")
    (tmp_path / "file").touch()
    with pytest.raises(RigFault, match="not a serial port"):
        check_port_is_free(tmp_path / "file")
    master, slave = os.openpty()
    try:
        name = os.ttyname(slave)
        check_port_is_free(name)
        import subprocess
        import sys

        holder = subprocess.Popen(
            [sys.executable, "-c", f"f = open({name!r}, 'rb', 0); print('open', flush=True); input()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        with holder:
            assert holder.stdout.readline() == b"open\n"
            with pytest.raises(RigFault, match=f"process {holder.pid}"):
                check_port_is_free(name)
            holder.communicate(b"\n")
    finally:
        os.close(master)
        os.close(slave)
