"""The conversations of docs/protocols are what the emulated devices say; a page's own files make what they say."""

from pathlib import Path

import pytest
from conversation import BLOCK, files_of, played

from instruments.errors import ConfigurationError
from scenarios.opening import load_bench

PAGES = Path(__file__).parents[1] / "docs" / "protocols"
WITH_CONVERSATION = sorted(
    page.name for page in PAGES.glob("*.md") if BLOCK.search(page.read_text(encoding="utf-8"))
)  # fmt: skip


def page(name):
    return (PAGES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WITH_CONVERSATION)
def test_the_page_s_conversation_is_a_real_one(name, tmp_path):
    assert played(page(name), tmp_path) == page(name)


def test_there_are_such_pages():
    assert {"ascii.md", "wxt.md", "pwd.md", "alicat.md"} <= set(WITH_CONVERSATION)


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
    text = page("ascii.md")
    assert right in text
    files_of(text.replace(right, wrong, 1), tmp_path)
    with pytest.raises(ConfigurationError, match=named):
        load_bench(str(tmp_path / "bench.toml"))
