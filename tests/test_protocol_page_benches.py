"""The conversations on the pages of docs/protocols are what the benches on them say."""

from pathlib import Path

import pytest
from page_conversation import held_anew

PAGES = [
    page for page in sorted((Path(__file__).parents[1] / "docs" / "protocols").glob("*.md"))
    if "```conversation\n" in page.read_text(encoding="utf-8")
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_conversation_is_a_real_one(page):
    text = page.read_text(encoding="utf-8")
    assert held_anew(text) == text, f"python tests/helpers/page_conversation.py {page}"
    assert text.count("\n> ") == text.count("\n< ") > 5
