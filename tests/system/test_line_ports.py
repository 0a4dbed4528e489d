"""Faults and settings of lines on every port of a served bench, met by clients that are not ours."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest
import pyvisa
import serial

import rig.pyserial
from rig.bench_check import check_bench_data
from rig.bench_file import read_bench_data
from rig.ports.visa import RigVisaLibrary
from rig.serve import ServedBench
from scenarios.opening import bench_path

ASK = b"\xabso2 coef\r"
ANSWER = b"so2 coef 1.000\r"


def fault(kind, **more):
    return {"kind": kind, "device": "so2", "at": "0 s", **more}


def bench_with(*faults, **ports):
    """A mark: the demo's 43i with these ports and faults, ten bench seconds to a second."""
    ports = {name: {"protocol": "clink", "reply_delay": "2 ms", **its} for name, its in ports.items()}
    return pytest.mark.rig(speed=10, overrides={"device": {"so2": {"port": ports}}, "fault": list(faults)})


def address_of(served, port):
    return next(e.address for e in served.endpoints if (e.device, e.port) == ("so2", port))


def connected(served, port="net"):
    host, number = address_of(served, port).rsplit(":", 1)
    return socket.create_connection((host.removeprefix("rfc2217://"), int(number)), timeout=5)


def exchange(connection, ask=ASK):
    connection.sendall(ask)
    heard = b""
    while not heard.endswith(b"\r"):
        got = connection.recv(100)
        if not got:
            break
        heard += got
    return heard


def until(true, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


TCP = {"kind": "tcp"}
RFC2217 = {"kind": "rfc2217", "baud": 9600}
SWITCHED = "1000 h"  # struck by hand, with `strike`


def strike(served, number=0, *, stands=True):
    """Let a planned fault of the line begin, or pass, now."""
    served.call(lambda bench: bench.line_fault("so2", bench.faults[number].line, stands=stands))


# -- the same faults on pty, TCP, RFC 2217, @rig and rig:// ------------------------------------------------------------


FLIPS = [fault("flip", severity=2, probability=0.5, matching="coef", port=port) for port in ("a", "net", "far")]


def conversation(write, read):
    heard = []
    for _ in range(12):
        write(ASK)
        heard.append(read(len(ANSWER)))
    return heard


@bench_with(*FLIPS, a={}, net=TCP, far=RFC2217)
@pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning", "ignore:setName:DeprecationWarning")
def test_the_same_seed_spoils_the_same_messages_on_every_port(served_bench, bench):
    heard = {}
    with serial.Serial(address_of(served_bench, "a"), 9600, timeout=5) as port:
        heard["a"] = conversation(port.write, port.read)
    with connected(served_bench) as connection:
        heard["net"] = conversation(connection.sendall, connection.makefile("rb").read)
    with serial.serial_for_url(address_of(served_bench, "far"), 9600, timeout=5) as port:
        heard["far"] = conversation(port.write, port.read)
    assert {name: ANSWER in one and len(set(one)) > 1 for name, one in heard.items()} == dict.fromkeys(heard, True)
    with rig.pyserial.attached("test", bench):
        for name in ("a", "far"):
            url = "rig://test/so2" if name == "a" else "rig://test/so2.far"
            with serial.serial_for_url(url, 9600, timeout=5) as port:
                assert conversation(port.write, port.read) == heard[name]
    journaled = [event for event in served_bench.events if event["kind"] == "line"]
    spoiled = [bytes.fromhex(event["sent"]) for event in journaled if event["port"] == "net"]
    assert spoiled == [one for one in heard["net"] if one != ANSWER]
    assert {bytes.fromhex(event["meant"]) for event in journaled} == {ANSWER}


@bench_with(*FLIPS, a={}, net=TCP, far=RFC2217)
def test_visa_on_virtual_time_meets_the_same(bench):
    manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
    device = manager.open_resource("ASRLso2::INSTR")

    def read(count):
        return device.read_bytes(count, break_on_termchar=False)

    first = conversation(device.write_raw, read)
    with rig.pyserial.attached("visa", bench):
        assert ANSWER in first
        assert set(first) != {ANSWER}
        device.baud_rate = 4800
        device.write_raw(ASK)
        with pytest.raises(pyvisa.VisaIOError, match="TMO"):
            device.read_bytes(len(ANSWER))
        device.baud_rate = 9600
        device.write_raw(b"\r\xabgas unit\r")  # what no fault matches
        assert device.read_bytes(13, break_on_termchar=False) == b"gas unit ppb\r"
    manager.close()


# -- pty ---------------------------------------------------------------------------------------------------------------


@bench_with(fault("unplug", at=SWITCHED), a={})
def test_an_adapter_that_is_unplugged_comes_back_as_another_node(served_bench):
    link = address_of(served_bench, "a")
    with serial.Serial(link, 9600, timeout=5) as port:
        node = os.path.realpath(link)
        port.write(ASK)
        assert port.read(len(ANSWER)) == ANSWER
        strike(served_bench)
        with pytest.raises(serial.SerialException):
            port.read(1)
        assert not os.path.lexists(link)
        with pytest.raises(serial.SerialException):
            serial.Serial(link, 9600)
        strike(served_bench, stands=False)
        assert os.path.realpath(link) != node
        with serial.Serial(link, 9600, timeout=5) as fresh:
            fresh.write(ASK)
            assert fresh.read(len(ANSWER)) == ANSWER


@bench_with(fault("refuse", at=SWITCHED), fault("reset", at=SWITCHED, nth=1), a={})
def test_a_pty_that_refuses_and_one_whose_adapter_resets(served_bench):
    link = address_of(served_bench, "a")
    with serial.Serial(link, 9600, timeout=5) as port:
        strike(served_bench)
        with pytest.raises(serial.SerialException):
            serial.Serial(link, 9600)
        port.write(ASK)  # who is in stays in
        assert port.read(len(ANSWER)) == ANSWER
        strike(served_bench, stands=False)
        strike(served_bench, 1)
        port.write(ASK)
        with pytest.raises(serial.SerialException):
            port.read(1)
    assert until(lambda: os.path.lexists(link))
    with serial.Serial(link, 9600, timeout=5) as port:
        port.write(ASK)
        assert port.read(len(ANSWER)) == ANSWER


@bench_with(a={"baud": 19200})
def test_the_wrong_rate_on_a_pty_is_garbage_and_the_right_one_is_not(served_bench):
    link = address_of(served_bench, "a")
    with serial.Serial(link, 9600, timeout=0.3) as port:
        port.write(ASK)
        assert port.read(len(ANSWER)) != ANSWER
        port.baudrate = 19200
        port.reset_input_buffer()
        port.write(b"\r" + ASK)
        assert ANSWER in port.read(40)


# -- TCP ---------------------------------------------------------------------------------------------------------------


@bench_with(
    fault("refuse", at=SWITCHED), fault("reset", at=SWITCHED, matching="coef"), fault("half_open", at=SWITCHED),
    net=TCP, one={"kind": "tcp", "clients": 1},
)  # fmt: skip
def test_tcp_refuses_resets_and_leaves_half_open(served_bench):
    with connected(served_bench) as first:
        assert exchange(first) == ANSWER
        strike(served_bench)
        with pytest.raises(ConnectionRefusedError):
            connected(served_bench)
        assert exchange(first) == ANSWER
        strike(served_bench, stands=False)
        assert until(lambda: can_connect(served_bench))
        strike(served_bench, 1)
        assert exchange(first, b"\xabgas unit\r") == b"gas unit ppb\r"
        with pytest.raises(ConnectionResetError):
            exchange(first)
        strike(served_bench, 1, stands=False)
    with connected(served_bench) as dead:
        assert exchange(dead) == ANSWER
        strike(served_bench, 2)
        dead.settimeout(0.2)
        with pytest.raises(TimeoutError):
            exchange(dead)
        with connected(served_bench) as fresh:
            assert exchange(fresh) == ANSWER
        strike(served_bench, 2, stands=False)
        with pytest.raises(ConnectionResetError):
            exchange(dead)
    with connected(served_bench, "one") as only:
        assert exchange(only) == ANSWER
        with connected(served_bench, "one") as second:
            assert second.recv(1) == b""


def can_connect(served):
    try:
        connected(served).close()
    except ConnectionRefusedError:
        return False
    return True


# -- RFC 2217 ----------------------------------------------------------------------------------------------------------


@bench_with(far={**RFC2217, "data_bits": 8, "parity": "even", "handshake": True})
@pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning", "ignore:setName:DeprecationWarning")
def test_rfc_2217_carries_rate_parity_break_and_modem_lines(served_bench):
    url = address_of(served_bench, "far")
    with serial.serial_for_url(url, 9600, parity="E", timeout=1) as port:
        port.write(ASK)
        assert port.read(len(ANSWER)) == ANSWER
        assert port.cts
        assert port.dsr
        port.rts = False  # the box holds its output until it is asked for
        port.timeout = 0.2
        port.write(ASK)
        assert port.read(1) == b""
        port.rts = True
        assert port.read(len(ANSWER)) == ANSWER
        port.parity = "N"
        port.write(ASK)
        assert port.read(len(ANSWER)) != ANSWER
        port.parity = "E"
        port.baudrate = 4800
        port.reset_input_buffer()
        port.write(ASK)
        assert ANSWER not in port.read(40)
        port.baudrate = 9600
        port.reset_input_buffer()
        port.break_condition = True  # a character of zeros gets into the next request
        port.break_condition = False
        port.write(b"\r" + ASK)
        assert port.read(len(ANSWER)) == ANSWER
        served_bench.call(lambda bench: bench.instruments["so2"].lines["far"].switch(powered=False))
        assert until(lambda: not port.cts)
        with connected(served_bench, "far") as second:  # a serial line has one client
            assert second.recv(1) == b""


# -- peers from Debian -------------------------------------------------------------------------------------------------


def peer(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed (apt-get install {name})")
    return path


@contextmanager
def running(*command):
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.fixture
def socat_pair(tmp_path):
    """Two ends of a null-modem cable."""
    ends = [tmp_path / "box", tmp_path / "host"]
    with running(peer("socat"), *(f"pty,raw,echo=0,link={end}" for end in ends)):
        assert until(lambda: all(end.exists() for end in ends))
        yield ends


def test_the_emulated_box_on_a_serial_device(socat_pair, tmp_path):
    box, host = socat_pair
    path = bench_path("demo")
    data = read_bench_data(path)
    data["device"]["so2"]["port"] = {"a": {"protocol": "clink", "device": str(box)}}
    data["fault"] = [fault("duplicate", at=SWITCHED)]
    with ServedBench(check_bench_data(data, str(path)), path, tmp_path / "p", 10.0) as served:
        assert next(e.address for e in served.endpoints if e.device == "so2") == str(box)
        with serial.Serial(str(host), 9600, timeout=5) as port:
            port.write(ASK)
            assert port.read(len(ANSWER)) == ANSWER
            strike(served)
            port.write(ASK)
            assert port.read(2 * len(ANSWER)) == 2 * ANSWER


@bench_with(a={}, net=TCP)
def test_socat_between_tcp_and_a_pty(served_bench, tmp_path):
    link = tmp_path / "through"
    target = "TCP:" + address_of(served_bench, "net")
    with running(peer("socat"), f"pty,raw,echo=0,link={link}", target):
        assert until(link.exists)
        with serial.Serial(str(link), 9600, timeout=5) as port:
            port.write(ASK)
            assert port.read(len(ANSWER)) == ANSWER


@contextmanager
def ser2net(served, tmp_path, accepter):
    """The program between the box's pty and a TCP port, whose number it gives."""
    program = peer("ser2net")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    link = os.path.realpath(address_of(served, "a"))
    (tmp_path / "ser2net.yaml").write_text(
        f"connection: &c\n  accepter: {accepter},127.0.0.1,{number}\n  connector: serialdev,{link},9600n81,local\n"
    )
    with running(program, "-n", "-d", "-c", str(tmp_path / "ser2net.yaml"), "-P", str(tmp_path / "pid")):
        yield number


def reached(number):
    """A connection to a peer that takes a moment to listen."""

    def opened():
        try:
            return socket.create_connection(("127.0.0.1", number), timeout=5)
        except ConnectionRefusedError:
            return None

    return until(opened)


@bench_with(a={})
def test_ser2net_puts_the_pty_on_tcp_and_socat_makes_a_port_of_that(served_bench, tmp_path):
    with ser2net(served_bench, tmp_path, "tcp") as number:
        with reached(number) as connection:
            assert exchange(connection) == ANSWER
        link = tmp_path / "through"
        with running(peer("socat"), f"pty,raw,echo=0,link={link}", f"TCP:127.0.0.1:{number}"):
            assert until(link.exists)
            with serial.Serial(str(link), 9600, timeout=5) as port:
                port.write(ASK)
                assert port.read(len(ANSWER)) == ANSWER


@bench_with(a={})
def test_ser2net_with_telnet_between_offers_rfc_2217_over_the_pty(served_bench, tmp_path):
    # Not pyserial's rfc2217://: that waits for RTS and DTR to be confirmed, which ser2net cannot set on a pty.
    with ser2net(served_bench, tmp_path, "telnet(rfc2217),tcp") as number, reached(number) as connection:
        heard = exchange(connection)
        assert heard.endswith(ANSWER)
        assert b"\xff\xfd\x2c" in heard or b"\xff\xfb\x2c" in heard  # IAC DO, or WILL, COM-PORT-OPTION


# -- a pty that nobody has open ----------------------------------------------------------------------------------------


TALKER = {
    "bench": {"epoch": "2026-01-05T00:00:00+08:00"},
    "air": {"ambient": {"model": "city", "climate": "beijing"}},
    "device": {"weather": {
        "model": "WXT536",
        "port": {"a": {"protocol": "wxt", "options": {"mode": "A", "composite_interval": 10}}},
    }},
}  # fmt: skip


def test_what_a_box_says_to_nobody_is_lost(tmp_path):
    with ServedBench(check_bench_data(TALKER, "talker"), tmp_path / "talker", tmp_path, 200.0) as served:

        def messages():
            return served.call(lambda bench: bench.clock.now_us) // 10_000_000

        def more(count):
            begun = messages()
            assert until(lambda: messages() >= begun + count)

        def opened():
            # As a C program opens it: pyserial would empty the buffer first.
            return os.open(tmp_path / "weather", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

        def waiting(port):
            try:
                return os.read(port, 10_000)
            except BlockingIOError:
                return b""

        more(8)
        port = opened()
        assert len(waiting(port)) < 300  # at the most one message on its way, and not those of before
        more(8)  # open, and not read: that is kept
        assert len(waiting(port)) > 500
        more(3)
        os.close(port)
        more(3)
        port = opened()
        assert len(waiting(port)) < 300  # nor what the client before has left
        os.close(port)


@bench_with(a={"line_timing": False})
def test_a_client_that_writes_much_and_closes_is_heard_to_the_end(served_bench):
    def heard():
        return served_bench.call(lambda bench: bench.instruments["so2"].device.read(bench.clock.now_us, "gas_mode"))

    with serial.Serial(address_of(served_bench, "a"), 9600, timeout=5) as port:
        port.write(b"x" * 9000 + b"\r\xabset span\r")
    assert until(lambda: heard() == "span")


def test_who_only_listens_at_the_wrong_rate_hears_garbage(tmp_path):
    bench = ServedBench(check_bench_data(TALKER, "talker"), tmp_path / "talker", tmp_path, 200.0)
    with bench, serial.Serial(str(tmp_path / "weather"), 9600, timeout=0.3) as port:
        heard = port.read(300)
        assert heard  # it is no silence
        assert b"0R" not in heard
        assert b"Dm=" not in heard
        port.baudrate = 19200
        port.timeout = 5
        port.reset_input_buffer()
        port.read_until(b"\r\n")
        assert port.read_until(b"\r\n").startswith(b"0R")
