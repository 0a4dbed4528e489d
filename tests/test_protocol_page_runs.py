"""Pages of protocols: their conversations are run again and must come out as they stand there."""

from pathlib import Path

import pytest
from conversations import renewed

PAGES = Path(__file__).parents[1] / "docs" / "protocols"


@pytest.mark.parametrize("name", ["ak", "bam", "clink"])
def test_each_conversation_is_what_the_rig_says(name):
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert "\n< " in page
    assert renewed(page) == page
