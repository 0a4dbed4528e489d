"""Conversations of the pages in docs/protocols: played on the bench that they name, to be compared or written anew.

A block begins with ``conversation BENCH DEVICE``; the bench is one of the house's, or ``bench.toml`` of the page itself
(TOML blocks of the page begin with ``# NAME.toml``). Its lines:

    # a remark                     stays as it is
    .. 60 s                        time passes
    !! hidden.lens_dirt 0.1        a cause changes
    -> 0R1\\r\\n                   what the host sends
    <- 0R1,Dn=...\\r\\n            what comes back, a line for each line that arrives

``python tests/helpers/conversation.py PAGE...`` writes the answers of the pages anew.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

from instruments.device import Command
from rig.bench import Bench
from rig.clock import VirtualClock
from scenarios.opening import load_bench

BLOCK = re.compile(r"```conversation (\S+) (\S+)\n(.*?)```", re.DOTALL)
_PATIENCE_US = 1_500_000


def files_of(page: str, folder: Path) -> None:
    """Write the page's TOML files into ``folder``."""
    for name, text in re.findall(r"```toml\n# (\S+\.toml)\n(.*?)```", page, flags=re.DOTALL):
        (folder / name).write_text(text, encoding="utf-8")


def played(page: str, folder: Path) -> str:
    """The page with all its answers as they come now."""
    files_of(page, folder)

    def again(match: re.Match[str]) -> str:
        bench, device, lines = match.groups()
        path = str(folder / "bench.toml") if bench == "page" else bench
        return f"```conversation {bench} {device}\n{_played(path, device, lines)}```"

    return BLOCK.sub(again, page)


def _played(bench_path: str, device: str, lines: str) -> str:
    file, path = load_bench(bench_path)
    bench = Bench(file, str(path), VirtualClock())
    line = bench.find_line(device)
    assert line is not None, f"{bench_path}: no line to {device}"
    arrived: list[bytes] = []
    line.connect(arrived.append)
    out: list[str] = []
    for text in lines.splitlines():
        if text.startswith("<-"):
            continue
        out.append(text)
        if text.startswith("->"):
            line.from_host(text[3:].encode("ascii").decode("unicode_escape").encode("latin-1"))
            bench.clock.wait(_PATIENCE_US)
        elif text.startswith(".."):
            bench.clock.wait(round(float(text.split()[1]) * 1e6))
        elif text.startswith("!!"):
            _, name, value = text.split()
            bench.command(device, Command(name, json.loads(value)))
        parts = b"".join(arrived).splitlines(keepends=True)
        out += ["<- " + part.decode("latin-1").encode("unicode_escape").decode("ascii") for part in parts]
        arrived.clear()
    bench.close()
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            where = Path(name)
            where.write_text(played(where.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8")
