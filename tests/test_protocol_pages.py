"""The conversations of docs/protocols are what the emulated devices say; a page's own files make what they say."""

import re
from pathlib import Path

import pytest
from conversation import BLOCK, files_of, played, sent, shown
from hypothesis import given
from hypothesis import strategies as st

from instruments.catalogue import load
from instruments.errors import ConfigurationError
from instruments.protocols.dialects import dialect
from scenarios.opening import load_bench

PAGES = Path(__file__).parents[1] / "docs" / "protocols"
NAMES = sorted(page.stem for page in PAGES.glob("*.md") if page.stem != "README")
TALK = """```toml
# bench.toml
[bench]
epoch = "2026-01-05T08:00:00+08:00"
[device.flow]
model = "alicat-m-10slpm"
[device.flow.port.a]
protocol = "alicat"
[device.flow.port.b]
protocol = "alicat"
[device.o3]
model = "49i"
[device.o3.port.net]
kind = "tcp"
protocol = "modbus-tcp"
```
```conversation page %s
%s
```
"""


def page(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def talk(folder, line, *rows):
    """The rows of a conversation after it has been played."""
    return BLOCK.search(played(TALK % (line, "\n".join(rows)), folder))[4].splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_each_conversation_of_a_page_is_a_real_one(name, tmp_path):
    assert played(page(name), tmp_path) == page(name), f"python tests/helpers/conversation.py docs/protocols/{name}.md"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_conversations_and_no_other_place_for_them(name, tmp_path):
    outside = BLOCK.sub("", page(name))
    assert BLOCK.search(page(name))
    assert "```conversation" not in outside
    assert not re.search(r"^(->|<-|>|<) ", outside, flags=re.M)
    assert f"({name}.md)" in page("README")


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_answer_on_a_page_does_not_stay(name, tmp_path):
    wrong = re.sub(r"^<- .*?(?=   #|$)", "<- 4711", page(name), count=1, flags=re.M)
    assert wrong != page(name)
    assert played(wrong, tmp_path) == page(name)


@given(st.binary() | st.text("<># STXCR0AF\r\n", max_size=30).map(str.encode))
def test_all_bytes_can_be_written_and_are_read_back(data):
    rows = shown(data)
    assert b"".join(map(sent, rows)) == data
    assert all(row.isascii() and row.isprintable() and row == row.rstrip() and "   # " not in row for row in rows)


def test_two_hosts_speak_by_turns_and_each_hears_what_came_to_it(tmp_path):
    rows = talk(tmp_path, "flow.a", "-> A@=@<CR>", "== flow.b", "-> @@=A<CR>   # by the other", "== flow.a")
    switched = rows.index("== flow.b")
    assert rows[switched + 1] == "-> @@=A<CR>   # by the other"
    assert len([row for row in rows[1:switched] if row.startswith("<- +")]) > 2
    assert rows[-1].startswith("<- +")


def test_time_passes_by_seconds_and_to_a_time_of_day(tmp_path):
    rows = talk(tmp_path, "flow", ".. until 08:30:00", "-> A@=@<CR>", ".. 1 s", ".. 3 s", ".. until 08:30:10")
    heard = [len(part.strip().splitlines()) for part in re.split(r"^\.\..*$", "\n".join(rows), flags=re.M)]
    assert 2 * heard[2] < heard[3] < heard[4]


def test_a_remark_stays_behind_the_answer_in_its_place(tmp_path):
    rows = talk(
        tmp_path, "o3.net hex", "-> 00 01 00 00 00 06 01 07 00 00 00 00   # no such function", "<- 00   # refused"
    )
    assert rows[1] == "<- 00 01 00 00 00 03 01 87 01   # refused"
    with pytest.raises(ValueError, match=r"'second'.*comes no more"):
        talk(tmp_path, "flow", "-> B<CR>", "<- x   # first", "<- x   # second")


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("line flow", "begins with .* 'line flow'"),
        ("->A", "begins with .* '->A'"),
        (".. a while", "60 s.*a while"),
        ("== nobody", "DEVICE.PORT.*'nobody'"),
    ],
)
def test_mistakes_in_a_conversation_are_named(row, named, tmp_path):
    with pytest.raises(ValueError, match=named):
        talk(tmp_path, "flow", row)


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ('check = "xor"', 'check = "md5"', r"my-meter\.toml|protocol\.ascii\.check"),
        ("{temperature:+07.2f}", "{temperature:lots}", r"protocol\.ascii\.command\[0\] \(T\).*no such number format"),
        ('address = "#{n:02d}"', 'address = "#01"', r"protocol\.ascii.*address: a text with \{n\}"),
        ('request = "ALL"', 'request = "t"', r"protocol\.ascii\.command\[1\] \(t\).*stands twice"),
        ("id = 1", "id = 100", r"device\.climate\.port\.a\.id.*1 to 99"),
    ],
)
def test_mistakes_in_a_table_of_one_s_own_are_named(right, wrong, named, tmp_path):
    text = page("ascii")
    assert right in text
    files_of(text.replace(right, wrong, 1), tmp_path)
    with pytest.raises(ConfigurationError, match=named):
        load_bench(str(tmp_path / "bench.toml"))


@pytest.mark.parametrize("model", ["T100", "T200", "T300", "T400", "T700"])
def test_the_tables_of_teledyne_name_every_warning_command_mode_and_option(model):
    text = page("teledyne")
    spoken = dialect(load(model), "teledyne")
    row = re.search(rf"^\| {model} \| (.*) \|$", text, flags=re.M)[1]
    shared = re.search(r"^\| all analyzers \| (.*) \|$", text, flags=re.M)[1]
    listed = re.sub(r" \(.*?\)", "", row + (", " + shared if model != "T700" else ""))
    assert set(listed.split(", ")) == {warning.text for warning in spoken.table.warnings.values()}
    for command in spoken.table.rows.command:
        assert command.refuse or f"{command.request}" in text or command.request == "ABORT", command.request
    for words in spoken.table.rows.mode.words.values():
        assert f"`{words}`" in text or words == "MFC CALIBRATION", words
    for option, default in spoken.options.items():
        assert f"| `{option}` | {str(default).lower()} |" in text
