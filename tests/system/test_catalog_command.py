"""`rig catalog MODEL` prints every model in full, in a hundred columns."""

import pytest

from instruments.catalogue import load, models
from instruments.protocols.dialects import protocols_of
from rig.cli.catalog import catalog


@pytest.fixture
def printed(capsys):
    def run(model):
        assert catalog(model) == 0
        return capsys.readouterr().out.splitlines()

    return run


def section(lines, title):
    """Lines of the section whose title begins so."""
    (begin,) = [n for n, line in enumerate(lines) if line.startswith(title)]
    end = lines.index("", begin) if "" in lines[begin:] else len(lines)
    return lines[begin + 1 : end]


@pytest.mark.parametrize("model", models())
def test_a_model_is_printed_in_full_with_its_sources(printed, model):
    lines, entry = printed(model), load(model)
    assert max(map(len, lines)) <= 100
    assert lines[0] == f"{model}: {entry.title}"
    assert {line.partition(":")[0] for line in lines[1:7] if line and line[0] != " "} >= {
        "maker",
        "principle",
        "type approval",
        "protocols",
    }
    for title, table in (
        ("parameters", entry.parameters), ("settings", entry.settings), ("alarms", entry.alarms),
        ("key technical parameters", entry.key_parameters), ("parts that age", entry.wear),
    ):  # fmt: skip
        if not table:
            continue
        rows = section(lines, title)
        for name, figure in table.items():
            # a long name goes on in the next line
            found = [row for row in rows if row.split()[0] == name[:22] and row[2] != " "]
            assert any(figure.mark in row for row in found), name
    filed = " ".join(section(lines, "key technical parameters")) if entry.key_parameters else ""
    assert filed.count("adjustable") >= sum(key.access == "adjustable" for key in entry.key_parameters.values())
    assert filed.count(" read") >= sum(key.access == "read only" for key in entry.key_parameters.values())
    for protocol in protocols_of(entry):
        assert any(line.startswith(f"{protocol} ") for line in lines), protocol


def test_a_parameter_shows_value_unit_mark_and_source(printed):
    rows = section(printed("43i"), "parameters")
    (noise,) = [row for row in rows if row.startswith("  zero_noise ")]
    assert noise.split(maxsplit=4)[1:4] == ["0.5", "nmol/mol", "recalled"]
    assert noise.endswith("maker's data sheet, 60 s averaging")
