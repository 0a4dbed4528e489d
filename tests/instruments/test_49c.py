"""The 49C: the C-Link of the C-series (49C-PS manual, appendix B), and a catalogue file that is like another one."""

import pytest
from feeding import each_way, whole

from instruments import catalogue
from instruments.errors import ConfigurationError
from instruments.protocols.clink_options import ClinkOptions
from instruments.protocols.dialects import dialect
from rig.bench_check import mistakes
from rig.bench_file import read_bench_file
from rig.session import open_session

SPOKEN = dialect(catalogue.load("49C"), "clink")
EXCHANGES = [
    (b"\xb1O3\r", b"O3 5057E-1 ppb\r"),
    (b"\xb1program no\r", b"program no processor 49 00000100 link 49L 00000100\r"),
    (b"\xb1avg time\r", b"avg time 060 sec\r"),
    (b"\xb1range\r", b"range 6: 5000E+0 ppb\r"),
    (b"\xb1bench temp\r", b"bench temp 032.3 deg C, actual 032.3\r"),
    (b"\xb1flow a\r", b"flow a 0.708 l/m\r"),
    (b"\xb1oz flow\r", b"oz flow feature not enabled\r"),
    (b"\xb1host name\r", b"host name bad cmd\r"),
    (b"\xb1addr ip\r", b"addr ip bad cmd\r"),
]


@pytest.fixture
def face(bag_face):
    return bag_face("49i", o3=505.7, range=5000.0)


@each_way
@pytest.mark.parametrize(("request_bytes", "reply"), EXCHANGES)
def test_exchange(request_bytes, reply, feed, face):
    assert feed(SPOKEN.box(face).line("serial", {}, None), request_bytes) == reply


def test_a_sum_has_no_star(face):
    device = SPOKEN.box(face).line("serial", {}, None)
    assert whole(device, b"\xb1set format 01\r") == b"set format 01 ok\nsum 0570\r"


def test_a_request_within_a_quarter_of_a_second_is_lost(face):
    device = SPOKEN.box(face).line("serial", {}, None)
    assert device.receive(b"\xb1o3\r\xb1o3\r") == [b"o3 5057E-1 ppb\r"]
    face.at_us += 249_000
    assert device.receive(b"\xb1o3\r") == []
    face.at_us += 1_000
    assert device.receive(b"\xb1o3\r") == [b"o3 5057E-1 ppb\r"]


def test_a_record_has_no_year_and_its_flags_after_the_gas(face):
    device, host = SPOKEN.box(face).line("serial", {}, None), SPOKEN.host(None)
    raw = whole(device, b"\xb1lrec\r")
    assert raw.startswith(b"lrec\n00:00 01-07 o3 5057E-1 ppb flags 1C000000 cella 98425 cellbi 95012 bencht 32.3 lmpt")
    (record,) = host.parse("lrec", raw).records
    assert record.flags == 0x1C000000
    assert record.number("o3") == 505.7
    printed = (
        b"lrec\n10:15 10-28 o3 0561E+0 ppb flags 00000000 cella 99342 cellbi 98645 bencht 33.6 lmpt 57.6 o3lt 69.2 "
        b"flowa 0.804 flowb 0.815 pres 759.9\r"
    )  # as the manual prints it
    (record,) = host.parse("lrec", printed).records
    assert [record.number(name) for name in ("o3", "cellbi", "pres")] == [561.0, 98645.0, 759.9]


def test_everything_else_is_as_in_the_49i():
    old, new = catalogue.load("49C"), catalogue.load("49i")
    assert (old.name, old.kind, old.design) == ("49C", new.kind, new.design)
    assert old.parameters == new.parameters
    assert old.settings == new.settings
    assert ClinkOptions().state == {}
    rows = {row.request for row in SPOKEN.table.rows}
    assert "host name" not in rows
    assert {"o3 coef", "set cal o3 bkg", "flags"} <= rows


def test_like_what_there_is_not():
    with pytest.raises(ConfigurationError, match=r"mine\.toml: model\.like: expected one of .*49i.*found '49x'"):
        catalogue.parse('[model]\nlike = "49x"\nname = "mine"\n', "mine.toml")


BENCH = """
[bench]
epoch = "2026-01-05T00:00:00+08:00"
[device.o3]
model = "49C"
[device.o3.port.a]
kind = "{kind}"
protocol = "clink"
id = 49
"""


def test_a_host_waits_as_the_box_needs_it(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(BENCH.format(kind="serial"))
    session = open_session(read_bench_file(path), path)
    try:
        session.time.sleep(600.0)
        o3 = session.handles["o3"]
        for quantity in ("o3", "bench_temp", "flow_a", "alarms", "pressure"):
            o3.read(quantity)
        o3.set("averaging_time", 10)
        assert o3.read("averaging_time") == (10, "s")
        assert o3.link.retries == 0
    finally:
        session.close()


def test_it_has_no_network(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(BENCH.format(kind="tcp"))
    assert [str(mistake).partition(": ")[2] for mistake in mistakes(read_bench_file(path), str(path))] == [
        "device.o3.port.a.kind: expected kind = \"serial\" for clink, found 'tcp'"
    ]
