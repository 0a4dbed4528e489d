"""Conversations on pages of the docs: run again on the page's own bench, so that a page cannot say what is not so.

A page has one bench (a ``toml`` block with ``[bench]``) and conversations (``text`` blocks that begin with ``line``):

    line teom
    at 02:05:00
    # what is shown here
    > <STX>4AREG K0 8<ETX>
    < <STX>4AREG 0 8 16.694<ETX><CR><LF>

``python tests/helpers/conversations.py PAGE`` writes the answers anew.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from rig.bench import Bench
from rig.bench_check import check_bench_data
from rig.clock import VirtualClock

_NAMES = {0: "NUL", 2: "STX", 3: "ETX", 4: "EOT", 5: "ENQ", 6: "ACK", 10: "LF", 13: "CR", 21: "NAK", 27: "ESC"}
_CODES = {name: code for code, name in _NAMES.items()}
_PATIENCE_US = 60_000_000


def shown(data: bytes) -> list[str]:
    """Bytes as lines of a page, one line to each line feed."""
    text = "".join(f"<{_NAMES.get(b, f'{b:02X}')}>" if b < 32 or b > 126 else chr(b) for b in data)
    return [line for line in re.split(r"(?<=<LF>)", text) if line]


def sent(text: str) -> bytes:
    """Bytes of what a page writes."""
    pieces = re.split(r"(<[A-Z]{2,3}>|<[0-9A-F]{2}>)", text)
    return b"".join(
        bytes([_CODES[p[1:-1]] if p[1:-1] in _CODES else int(p[1:-1], 16)]) if p.startswith("<") else p.encode()
        for p in pieces
    )


def run(bench: Bench, conversation: str) -> str:
    """The conversation with the answers that come now."""
    out: list[str] = []
    line, got = None, bytearray()
    for row in conversation.splitlines():
        if row.startswith("<"):
            continue
        out.append(row.rstrip())
        word, _, rest = row.partition(" ")
        if word == "line":
            line = bench.find_line(rest)
            assert line is not None, rest
            line.connect(got.extend)
        elif word == "at":
            hours, minutes, seconds = map(int, rest.split(":"))
            bench.virtual_clock.run_to(((hours * 60 + minutes) * 60 + seconds) * 1_000_000)
            out += [f"< {text}" for text in shown(bytes(got))]  # what came of its own accord
            got.clear()
        elif word == ">":
            assert line is not None
            line.from_host(sent(rest))
            quiet, until = 0, bench.clock.now_us + _PATIENCE_US
            while quiet < 30 and bench.clock.now_us < until:
                before = len(got)
                bench.virtual_clock.run_to(bench.clock.now_us + 10_000)
                quiet = quiet + 1 if len(got) == before else 0
            out += [f"< {text}" for text in shown(bytes(got))]
            got.clear()
    return "\n".join(out) + "\n"


def renewed(page: str) -> str:
    """The page with its conversations run again."""
    data = next(d for t in re.findall(r"```toml\n(.*?)```", page, re.S) if "bench" in (d := tomllib.loads(t)))
    bench = Bench(check_bench_data(data, "the page's bench"), "the page's bench", VirtualClock())
    try:
        return re.sub(r"```text\n(line .*?)```", lambda m: f"```text\n{run(bench, m[1])}```", page, flags=re.S)
    finally:
        bench.close()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(renewed(Path(name).read_text(encoding="utf-8")), encoding="utf-8")
