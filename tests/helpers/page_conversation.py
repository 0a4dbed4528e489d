"""Conversations on the pages of docs/protocols: held anew with the bench that stands on the page.

A page has one ``toml`` block, the bench, and one or more ``conversation`` blocks: a line ``device`` or ``device.port``
in brackets chooses the line, ``>`` is what a host sends, ``<`` what comes back, with a remark after ``#``; both in hex,
or as text with its control characters as ``<STX>``, if the host's line has such a word.
``python tests/helpers/page_conversation.py PAGE`` writes what comes back into the page.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from rig.bench import Bench
from rig.bench_check import check_bench_data
from rig.clock import VirtualClock

WARM_S = 1200
CONTROLS = {"<STX>": "\x02", "<ETX>": "\x03", "<CR>": "\r", "<LF>": "\n"}
_BLOCK = re.compile(r"```conversation\n(.*?)```", re.S)


def held_anew(text: str) -> str:
    """The page with every reply as a real run gives it."""
    bench_text = re.search(r"```toml\n(.*?)```", text, re.S)
    assert bench_text is not None
    clock = VirtualClock()
    bench = Bench(check_bench_data(tomllib.loads(bench_text[1]), "page"), "page", clock, routines=False)
    clock.wait(WARM_S * 1_000_000)
    try:
        return _BLOCK.sub(lambda block: f"```conversation\n{_held(bench, clock, block[1])}```", text)
    finally:
        bench.close()


def _held(bench: Bench, clock: VirtualClock, block: str) -> str:
    came = bytearray()
    line = None
    as_text = False
    out = []
    for written in block.splitlines():
        if written.startswith("["):
            line = bench.find_line(written.strip("[]"))
            assert line is not None, written
            line.connect(came.extend)
        elif written.startswith(">"):
            came.clear()
            assert line is not None
            sent = written[1:].partition("   #")[0].strip()
            as_text = any(word in sent for word in CONTROLS)
            line.from_host(_bytes_of(sent) if as_text else bytes.fromhex(sent))
            clock.wait(2_000_000)
        elif written.startswith("<"):
            remark = written.partition("#")[2]
            shown = _text_of(bytes(came)) if as_text else came.hex(" ").upper()
            said = shown if came else "(silence)"
            out.append(f"< {said}" + (f"   #{remark}" if remark else ""))
            continue
        out.append(written)
    return "\n".join(out) + "\n"


def _bytes_of(text: str) -> bytes:
    for word, character in CONTROLS.items():
        text = text.replace(word, character)
    return text.encode("latin-1")


def _text_of(data: bytes) -> str:
    text = data.decode("latin-1")
    for word, character in CONTROLS.items():
        text = text.replace(character, word)
    return text


if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = Path(name)
        page.write_text(held_anew(page.read_text(encoding="utf-8")), encoding="utf-8")
