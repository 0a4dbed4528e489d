import pytest

from rig.bench_file import read_bench_file
from rig.errors import ConfigurationError, ConfigurationErrors

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
