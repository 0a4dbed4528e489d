"""Every number of the catalogue is used and says where it comes from; mistakes are told by file and key."""

import pytest
from watching import watched

from instruments import catalogue
from instruments.air import Species
from instruments.build import build_unit
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.plumbing import Air

GAS = ("so2", "nox", "o3", "co")


def test_the_five_models_are_there():
    assert set(catalogue.models()) >= {"42i", "43i", "48i", "49i", "146i"}


@pytest.mark.parametrize("model", catalogue.models())
def test_every_figure_has_unit_mark_and_source(model):
    entry = catalogue.load(model)
    figures = [*entry.parameters.values(), *entry.alarms.values(), *entry.settings.values()]
    assert figures
    assert all(figure.source.strip() for figure in figures)
    assert all(figure.unit for figure in entry.parameters.values())
    assert "clink" in entry.protocols or entry.kind not in GAS


@pytest.mark.parametrize("model", [m for m in catalogue.models() if catalogue.load(m).kind in GAS])
def test_every_parameter_is_read(model):
    entry = watched(model)
    unit = build_unit(entry, "unit", 1)
    unit.connect("room", Air(1, "room", {Species.H2O: 10.0}, temperature_c=25.0, temperature_sd_c=0.0,
                             pressure_hpa=1000.0, pressure_sd_hpa=0.0, log_sd=0.0,
                             correlation_time_s=60.0))  # fmt: skip
    unit.read(60_000_000, "alarms")
    unit.read(60_000_000, "warming_up")
    assert entry.parameters.unread == set()


@pytest.mark.parametrize("model", [m for m in catalogue.models() if catalogue.load(m).key_parameters])
def test_key_parameters_are_settings_or_diagnostics_that_the_unit_has_and_start_inside_their_ranges(model):
    entry = catalogue.load(model)
    unit = build_unit(entry, "unit", 1)
    for name, key in entry.key_parameters.items():
        assert (name in entry.settings) == (key.access == "adjustable"), name
        assert name in entry.settings or name in unit.diagnostics, name
        if name in entry.settings:
            default = entry.settings[name].default
            assert key.low is None or default >= key.low, name
            assert key.high is None or default <= key.high, name


GAS = [m for m in catalogue.models() if catalogue.load(m).kind in ("so2", "nox", "o3", "co")]


@pytest.mark.parametrize("model", GAS)
def test_channels_name_settings_and_actions_that_the_unit_has(model):
    entry = catalogue.load(model)
    unit = build_unit(entry, "unit", 1)
    assert entry.channels
    for quantity, channel in entry.channels.items():
        assert quantity in unit.reported()
        assert channel.unit == unit.reported()[quantity]
        assert {channel.background, channel.coefficient} <= set(entry.settings)
        assert channel.converter_factor in {"", *entry.settings}
        assert {channel.calibrate_zero, channel.calibrate_span} <= set(unit.actions)


def test_an_unknown_model_names_the_known_ones():
    with pytest.raises(ConfigurationError, match="43i"):
        catalogue.load("43x")


def test_mistakes_name_file_and_key(tmp_path, monkeypatch):
    text = (catalogue._FOLDER / "43i.toml").read_text(encoding="utf-8")
    text = text.replace("value = 0.5\n", 'value = "half"\n', 1).replace('kind = "so2"', 'kind = "so3"', 1)
    (tmp_path / "43z.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    with pytest.raises(ConfigurationErrors) as caught:
        catalogue.load("43z")
    keys = {error.key for error in caught.value.errors}
    assert "model.kind" in keys
    assert any(key.startswith("parameters.") and key.endswith(".value") for key in keys)
    assert all("43z.toml" in error.where for error in caught.value.errors)


def test_hidden_truth_that_does_not_exist_is_named():
    with pytest.raises(ConfigurationErrors, match=r"device\.x\.hidden\.tea"):
        build_unit(catalogue.load("43i"), "x", 1, hidden={"tea": 1.0}, where="bench.toml")
