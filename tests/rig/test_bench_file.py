from pathlib import Path

import pytest

from rig.bench_file import read_bench_file
from rig.errors import ConfigurationError, ConfigurationErrors
from scenarios.opening import load_bench

GOOD = """
[bench]
epoch = "2026-01-05T00:00:00+08:00"
[device.so2]
model = "43i"
range = "500 ppb"
[device.so2.port.a]
protocol = "clink"
[cylinder.so2]
value = "50 ppm"
u_pct = 0.5
certificate = "X"
expires = 2026-12-31
"""


def read(tmp_path, text):
    path = tmp_path / "bench.toml"
    path.write_text(text)
    return read_bench_file(path)


def test_units_become_base_units(tmp_path):
    bench = read(tmp_path, GOOD)
    assert bench.device["so2"].range == 500.0
    assert bench.cylinder["so2"].value == 50_000.0


def test_every_mistake_is_named_at_once(tmp_path):
    bad = GOOD.replace('"500 ppb"', '"500 mm"').replace("u_pct = 0.5", 'u_pct = "much"').replace(
        'protocol = "clink"', 'protocol = "clink"\nbauds = 9600')  # fmt: skip
    with pytest.raises(ConfigurationErrors) as caught:
        read(tmp_path, bad)
    text = str(caught.value)
    assert len(caught.value.errors) == 3
    assert "device.so2.range: expected a unit of fraction" in text
    assert "'500 mm'" in text
    assert "device.so2.port.a.bauds: expected no such key" in text
    assert "cylinder.so2.u_pct" in text
    assert str(tmp_path / "bench.toml") in text


def test_a_missing_file_and_broken_toml(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        read_bench_file(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="valid TOML"):
        read(tmp_path, "[bench")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('range = "500 ppb"', 'range = "0.05 ppb"', "range.*0.05 nmol/mol, where from 50 to 10000 nmol/mol is allowed"),
        ('serial = "SIM-0043"', "hidden = { lamp_fraction = 5.0 }", "so2.hidden.lamp_fraction: .*1.5, found 5.0"),
        ('serial = "SIM-0043"', 'hidden = { lamp_fraction = "0.5" }', "hidden.lamp_fraction: .*number, found '0.5'"),
        ('bore = "4 mm"', 'bore = "4 m"', "bore: expected a bore of at most 100 mm, found '4 m'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_what_can(tmp_path, old, new, says):
    path = tmp_path / "bench.toml"
    demo = (Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text(encoding="utf-8")
    assert old in demo
    path.write_text(demo.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationErrors, match=says):
        load_bench(str(path))


def test_a_bench_that_is_none_is_told_by_the_name_of_the_argument():
    with pytest.raises(ConfigurationError, match="BENCH: expected a path, or one of demo"):
        load_bench("nope", "BENCH")
