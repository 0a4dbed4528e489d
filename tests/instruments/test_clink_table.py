"""Tables as data: what they hold, and what is said of mistakes in them."""

from __future__ import annotations

import re

import pytest

from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.protocols.clink_table import ClinkTable, load
from instruments.protocols.clink_units import exponent_form

ROW = {"request": "test", "reply": "{so2:gas}", "mark": "recalled", "source": "test"}


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (12.34, "E+00", "1.234E+01"), (0.0, "E+00", "0.000E+00"), (-841.3, "E+00", "-8.413E+02"),
        (40.0, "E+0", "4.000E+1"), (0.0123, "E+0", "1.230E-2"), (1e12, "E+0", "1.000E+12"),
        (505.7, "0123E+0", "5057E-1"), (90.0, "0123E+0", "9000E-2"), (0.0, "0123E+0", "0000E+0"),
        (-841.3, "0123E+0", "-8413E-1"), (0.0123, "0123E+0", "0012E-3"), (7349.0, "0123E+0", "7349E+0"),
    ],
)  # fmt: skip
def test_forms_of_exponents(value, form, text):
    assert exponent_form(value, form) == text
    assert float(text) == pytest.approx(value, abs=0.001)


@pytest.mark.parametrize("model", ["43i", "42i", "48i", "49i", "49i-PS", "146i"])
def test_every_row_says_where_it_is_known_from(model, clink_tables):
    table = clink_tables[model]
    assert len(table.rows) > 40
    for row in table.rows:
        assert row.mark in ("read", "reported", "recalled")
        assert len(row.source) > 5
        if row.mark == "read":
            assert re.search(r"manual", row.source), row.request
    assert table.quantities() >= {"alarms", "mode", "instrument_id"}


def test_what_nobody_documents_is_recalled(clink_tables):
    rows = {row.request: row for row in clink_tables["146i"].rows}
    for request in ("gas", "conc", "conc setting", "set gpt", "set ozone mode", "total flow", "ozone setting"):
        assert rows[request].mark == "recalled"
        assert rows[request].source.startswith("this project's dialect")


@pytest.mark.parametrize(
    ("model", "requests", "mark"),
    [
        ("43i", ["mode", "GAS  unit"], "read"),
        ("43i", ["mode", "temp comp"], "reported"),
        ("43i", ["time", "mode", "set so2 coef 1.01"], "recalled"),
        ("43i", ["baud"], "recalled"),
        ("48i", ["co bkg", "set avg time 3"], "read"),
        ("49i", ["o3 coef", "set o3 coef 1.005", "lrec 5 5"], "read"),
        ("43i", ["lrec 5 5"], "recalled"),  # the command is in manuals, the 43i's record is not
        ("43i", ["flags"], "recalled"),  # so with the meaning of its alarm bits
        ("146i", ["instrument id", "set gas unit ppb"], "read"),
        ("146i", ["instrument id", "set conc 400"], "recalled"),
    ],
)
def test_weakest_mark_of_what_a_run_relies_on(model, requests, mark, clink_tables):
    assert clink_tables[model].weakest_mark(requests) == mark
    assert clink_tables[model].weakest_mark(iter(requests[::-1])) == mark


def test_weakest_mark_of_what_is_no_request(clink_tables):
    with pytest.raises(KeyError, match="set nonsense 1"):
        clink_tables["43i"].weakest_mark(["mode", "set nonsense 1"])
    with pytest.raises(ValueError, match="empty"):
        clink_tables["43i"].weakest_mark([])


def test_no_flag_bit_has_two_meanings(clink_tables):
    for model, table in clink_tables.items():
        bits = [bit.bit for bit in table.flags]
        assert len(bits) == len(set(bits)), model


def test_a_calibrator_has_no_analyzers_commands(clink_tables):
    assert "temp comp" not in clink_tables["146i"].exact
    assert "temp comp" in clink_tables["43i"].exact


def test_a_models_row_replaces_the_common_one(clink_tables):
    assert {row.request for row in clink_tables["146i"].rows if row.request == "gas mode"} == {"gas mode"}
    assert clink_tables["146i"].exact["gas mode"].reply.placeholders[0].quantity == "calibrator_mode"


@pytest.mark.parametrize(
    ("change", "key", "expected"),
    [
        ({"command": [{**ROW, "typo": 1}]}, "typo", "Extra inputs"),
        ({"command": [{**ROW, "mark": "guessed"}]}, "mark", "'read'"),
        ({"command": [{**ROW, "source": ""}]}, "source", "at least 1"),
        ({"command": [{**ROW, "request": "Test"}]}, "command", "lower case"),
        ({"command": [{**ROW, "apply": {"a": 1}}]}, "command", "one of reply"),
        ({"command": [{**ROW, "reply": "{so2:.1q}"}]}, "(test)", "no such number format"),
        ({"command": [{**ROW, "reply": "{flow:gas}"}]}, "(test)", "table of concentrations"),
        ({"command": [{**ROW, "reply": "{so2:words}"}]}, "(test)", "needs the row's table"),
        ({"command": [{**ROW, "set": ["set test {so2:base} now"]}]}, "(test)", "followed by one placeholder"),
        ({"command": [{**ROW, "set": ["set test"]}]}, "(test)", "followed by one placeholder"),
        ({"command": [ROW, ROW]}, "(test)", "stands twice"),
        ({"command": [{"request": "x", "does": "list", "of": "none", "mark": "read", "source": "s"}]}, "", "none"),
        ({"default_id": 200}, "default_id", "less than or equal to 127"),
        ({"kind": "toaster"}, "kind", "'analyzer'"),
    ],
)  # fmt: skip
def test_mistakes_are_named(change, key, expected, clink_data):
    data = {**clink_data("43i"), **change}
    with pytest.raises(ConfigurationErrors) as caught:
        ClinkTable.from_data(data, "43i.toml")
    assert str(caught.value).startswith("43i.toml: protocol.clink")
    assert key in caught.value.key
    assert expected in str(caught.value)


def test_all_mistakes_are_told_at_once(clink_data):
    data = clink_data("43i")
    data["command"] += [{**ROW, "request": "one", "reply": "{so2:x}"}, {**ROW, "request": "two", "reply": "{so2:y}"}]
    data["record"]["srec"]["field"].append({"name": "third", "value": "{so2:z}"})
    with pytest.raises(ConfigurationErrors) as caught:
        ClinkTable.from_data(data)
    third = "protocol.clink.record.srec.third"
    assert [error.key.split()[-1] for error in caught.value.errors] == ["(one)", "(two)", third]


def test_files_that_are_none(tmp_path):
    with pytest.raises(ConfigurationError, match="a readable TOML file"):
        load(tmp_path / "missing.toml")
    (tmp_path / "bad.toml").write_text("= 1")
    with pytest.raises(ConfigurationError, match="a readable TOML file"):
        load(tmp_path / "bad.toml")
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(ConfigurationError, match="clink: expected a table"):
        load(tmp_path / "empty.toml")
