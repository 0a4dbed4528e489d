"""The page on new models is true: its own text makes a model that stands on a bench and answers on the wire."""

import re
from pathlib import Path

import pytest
import pyvisa

from rig.bench import Bench
from rig.cli.catalog import catalog
from rig.cli.check import check
from rig.clock import VirtualClock
from rig.errors import ConfigurationError
from rig.ports.visa import RigVisaLibrary
from scenarios.opening import load_bench

PAGE = (Path(__file__).parents[1] / "docs" / "add-a-model.md").read_text(encoding="utf-8")
MODEL, BENCH = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "my-so2.toml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "my-bench.toml").write_text(BENCH, encoding="utf-8")
    return tmp_path


def test_the_page_s_model_stands_on_a_bench_and_answers(folder, monkeypatch):
    monkeypatch.chdir("/")
    file, path = load_bench(str(folder / "my-bench.toml"))
    bench = Bench(file, str(path), VirtualClock())
    manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
    so2 = manager.open_resource("ASRLso2::INSTR", read_termination="\r", write_termination="\r", encoding="latin-1")
    bench.virtual_clock.run_to(3600_000_000)
    assert so2.query("\xacso2").startswith("so2 ")
    assert so2.query("\xacreact temp").split()[-3:] == ["50.0", "deg", "C"]
    assert so2.query("\xacset so2 coef 1.1").endswith("bad cmd")  # the page gives it no such word
    manager.close()
    bench.close()


def test_mistakes_in_it_are_named_by_file_and_key(folder):
    (folder / "my-so2.toml").write_text(MODEL.replace("cell_time = { value = 12.0", 'cell_time = { value = "slow"'))
    with pytest.raises(ConfigurationError, match=r"my-so2\.toml: parameters\.cell_time\.value"):
        load_bench(str(folder / "my-bench.toml"))
    (folder / "my-so2.toml").unlink()
    with pytest.raises(ConfigurationError, match=r"my-so2\.toml"):
        load_bench(str(folder / "my-bench.toml"))


SOURCE = 'mark = "recalled", source = "an example" }'
WRONG = [
    ("sample_flow = { value = 0.65", "sample_flow = { value = -0.65",
     "parameters.sample_flow.value: expected above 0 and at most 5000 L/min, found -0.65"),
    ("cell_time = { value = 12.0", "cell_time = { value = -12.0",
     "parameters.cell_time.value: expected from 0 to 604800 s, found -12"),
    ("cell_time = { value = 12.0", "cell_time = { value = nan", "parameters.cell_time.value: expected a finite number"),
    ("cell_time = { value = 12.0", 'cell_time = { value = "12.0"', "parameters.cell_time.value: expected a valid num"),
    ('value = 0.65, unit = "L/min"', 'value = 650.0, unit = "cc/min"',
     "parameters.sample_flow.unit: expected L/min, which models of this kind read it in, found 'cc/min'"),
    ('value = 0.65, unit = "L/min"', 'value = 0.65, unit = "litre/min"',
     "parameters.sample_flow.unit: expected a unit that the catalogue has"),
    ("chamber_temp = { value = 50.0", "chamber_temp = { value = -300.0",
     "parameters.chamber_temp.value: expected from -100 to 200 deg C, found -300"),
    ("chamber_temp = { value = 50.0", "chamber_temp = { value = 900.0",
     "parameters.chamber_temp.value: expected from -100 to 200 deg C, found 900"),
    ("sample_flow = { value = 0.65", "sample_flow = { value = 1e6",
     "parameters.sample_flow.value: expected above 0 and at most 5000 L/min, found 1e+06"),
    ("span_noise_share = { value = 0.002", "span_noise_share = { value = 3.0",
     "parameters.span_noise_share.value: expected from 0 to 1, found 3"),
    ("chamber_temp = { low = 47.0, high = 53.0", "chamber_temp = { low = 47.0, high = 5300.0",
     "alarms.chamber_temp.high: expected from -100 to 200 deg C, found 5300"),
    ("low = 50.0, high = 10000.0", "low = 50.0, high = 1e12",
     "settings.range.high: expected from 0 to 1e+06 nmol/mol, found 1e+12"),
    ("low = 0.5, high = 2.0, unit", "low = 0.5, unit",
     "settings.so2_coef: expected choices, or low and high: what a number may be set to, found neither"),
    ("life_h = 15000", "life_h = 1.5e9",
     "wear.lamp.life_h: expected less than or equal to 1000000, found 1500000000.0"),
    ('default = "remote", choices', 'default = "afar", choices',
     "settings.mode.default: expected a value that the setting itself takes (invalid: mode: one of local, remote"),
    ("sample_flow = { low = 0.5, high = 0.8", "sample_flow = { low = 0.8, high = 0.5",
     "alarms.sample_flow.low: expected a limit below high (0.5), found 0.8"),
    ("sample_flow = { low = 0.5, high = 0.8", "sample_flw = { low = 0.5, high = 0.8",
     "alarms.sample_flw: expected one of "),
    ("lamp_intensity = { low = 40.0, unit", "lamp_intensity = { unit",
     "alarms.lamp_intensity: expected low, high or both, found neither"),
    ('kind = "so2"', 'kind = "so2"\ndesign = "ups"', "model.design: expected a design of the kind so2, not one of"),
    ('kind = "so2"', 'kind = "so2"\ndesign = "t999"', "model.design: expected one of teom, "),
    ("[settings]", "[key_parameters]\nlamp_intensity = { low = 90.0, high = 40.0, unit = \"%\", access = "
     + "\"read only\", " + SOURCE + "\n[settings]",
     "key_parameters.lamp_intensity.low: expected a limit not above high (40), found 90"),
    ("[settings]", "[settings]\nspan_concentration = { default = 900.0, low = 0.0, high = 500.0, unit = \"nmol/mol\", "
     + SOURCE,
     "settings.span_concentration.default: expected a value that the setting itself takes (too high"),
    ("[settings]", "[settings]\nspan_concentration = { default = 400.0, low = 500.0, high = 0.0, unit = \"nmol/mol\", "
     + SOURCE,
     "settings.span_concentration.low: expected a limit not above high (0), found 500"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG, ids=[said.partition(":")[0] for *_, said in WRONG])
def test_a_figure_that_makes_no_sense_is_named_by_check_and_catalog(folder, right, wrong, said):
    assert MODEL.count(right) == 1
    text = MODEL.replace(right, wrong)
    if wrong.startswith("[settings]"):
        text = re.sub(r"(?m)^span_concentration = \{ default = (?!900|400\.0, low = 500).*\n", "", text)
    (folder / "my-so2.toml").write_text(text, encoding="utf-8")
    for seen in (lambda: check(str(folder / "my-bench.toml"), connect=False), lambda: catalog(f"{folder}/my-so2.toml")):
        with pytest.raises(ConfigurationError) as told:
            seen()
        assert f"{folder}/my-so2.toml: {said}" in str(told.value)


def test_a_figure_that_is_missing_is_named(folder):
    (folder / "my-so2.toml").write_text(re.sub(r"stray_light.*\n", "", MODEL))
    file, path = load_bench(str(folder / "my-bench.toml"))
    bench = Bench(file, str(path), VirtualClock())
    with pytest.raises(ConfigurationError, match=r"parameters\.stray_light"):
        bench.instruments["so2"].device.read(60_000_000, "so2")


def test_check_finds_the_missing_figure_and_catalog_shows_the_page_s_model(folder, capsys):
    assert check(str(folder / "my-bench.toml"), connect=False) == 0
    assert catalog(str(folder / "my-so2.toml")) == 0
    printed = capsys.readouterr().out
    assert "my-so2: SO2 analyzer of the last generation" in printed
    assert "zero_noise" in printed
    # a model is read once in a process: another file
    (folder / "slip.toml").write_text(MODEL.replace("zero_noise", "zero_nose"))
    (folder / "my-bench.toml").write_text(BENCH.replace("my-so2.toml", "slip.toml"))
    with pytest.raises(ConfigurationError, match=r"parameters\.zero_noise: expected a value"):
        check(str(folder / "my-bench.toml"), connect=False)
