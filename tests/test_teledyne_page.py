"""The page of the Teledyne protocol: its conversations are played again, its tables hold what the boxes have."""

import re
from pathlib import Path

import pytest
from conversation import BLOCK, played

from instruments.catalogue import load
from instruments.protocols.dialects import dialect

PAGE = (Path(__file__).parents[1] / "docs" / "protocols" / "teledyne.md").read_text(encoding="utf-8")
MODELS = ("T100", "T200", "T300", "T400", "T700")


def test_the_conversations_are_what_the_boxes_say(tmp_path):
    assert len(BLOCK.findall(PAGE)) == 2
    assert played(PAGE, tmp_path) == PAGE


@pytest.mark.parametrize("model", MODELS)
def test_its_tables_name_every_warning_command_mode_and_option(model):
    spoken = dialect(load(model), "teledyne")
    row = re.search(rf"^\| {model} \| (.*) \|$", PAGE, flags=re.M)[1]
    shared = re.search(r"^\| all analyzers \| (.*) \|$", PAGE, flags=re.M)[1]
    listed = re.sub(r" \(.*?\)", "", row + (", " + shared if model != "T700" else ""))
    assert set(listed.split(", ")) == {warning.text for warning in spoken.table.warnings.values()}
    for command in spoken.table.rows.command:
        assert command.refuse or f"{command.request}" in PAGE or command.request == "ABORT", command.request
    for words in spoken.table.rows.mode.words.values():
        assert f"`{words}`" in PAGE or words == "MFC CALIBRATION", words
    for option, default in spoken.options.items():
        assert f"| `{option}` | {str(default).lower()} |" in PAGE
