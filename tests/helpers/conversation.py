"""Conversations of the pages in docs/protocols: played on the bench that they name, to be compared or written anew.

The form is told in docs/protocols/README.md. ``python tests/helpers/conversation.py PAGE...`` writes the answers of the
pages anew.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from instruments.device import Command
from rig.bench import Bench
from rig.clock import bench_datetime, to_us
from scenarios.opening import open_bench

BLOCK = re.compile(r"^```conversation (\S+) (\S+)( hex)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SILENCE = "(silence)"
_FILE = re.compile(r"^```toml\n# (\S+\.toml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"(#|\.\.|!!|==|->|<-) (.*?)(?:   # (.*))?")
_PATIENCE_S = 1.5
_NAMES = {
    0: "NUL", 1: "SOH", 2: "STX", 3: "ETX", 4: "EOT", 5: "ENQ", 6: "ACK", 8: "BS", 10: "LF", 13: "CR", 20: "DC4",
    21: "NAK", 27: "ESC",
}  # fmt: skip
_CODES = {name: code for code, name in _NAMES.items()}
_NAMED = re.compile(f"<({'|'.join(_CODES)}|[0-9A-F]{{2}})>")


def files_of(page: str, folder: Path) -> None:
    """Write the page's TOML files into ``folder``."""
    for name, text in _FILE.findall(page):
        (folder / name).write_text(text, encoding="utf-8")


def played(page: str, folder: Path) -> str:
    """The page with all its answers as they come now.

    Raises:
        ValueError: a row of a conversation that is none, or a remark whose answer comes no more.
    """
    files_of(page, folder)

    def again(match: re.Match[str]) -> str:
        name, line, in_hex, rows = match.groups(default="")
        with _Talk(str(folder / "bench.toml") if name == "page" else name, line, in_hex=bool(in_hex)) as talk:
            return f"```conversation {name} {line}{in_hex}\n{talk.held(rows)}```"

    return BLOCK.sub(again, page)


def shown(data: bytes) -> list[str]:
    """Bytes as a page writes them, a row to each line that came."""
    return [_row(part.decode("latin-1")) for part in data.splitlines(keepends=True)]


def sent(text: str) -> bytes:
    """The bytes that a page writes so."""
    return _NAMED.sub(lambda found: chr(_code(found[1])), text).encode("latin-1")


def _row(text: str) -> str:
    # What would read as a name, begin a remark, or be lost by an editor that strips lines, is written by its number.
    text = re.sub(rf"<(?={_NAMED.pattern[1:]})", "<3C>", text)
    text = re.sub(r" (?=  # )| \Z", "<20>", text)
    return "".join(c if " " <= c <= "~" else f"<{_NAMES.get(ord(c), f'{ord(c):02X}')}>" for c in text)


def _code(name: str) -> int:
    return _CODES[name] if name in _CODES else int(name, 16)


class _Talk:
    """A bench at its start, and a host who speaks on its lines, one after the other."""

    def __init__(self, bench: str, line: str, *, in_hex: bool) -> None:
        self._bench: Bench = open_bench(bench)
        self._in_hex = in_hex
        self._came: dict[str, bytearray] = {}
        self._turn_to(line)

    def __enter__(self) -> _Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self._bench.close()

    def held(self, rows: str) -> str:
        """The rows with the answers that come now; a remark behind an answer stays with the answer in its place."""
        out: list[str] = []
        remarks: list[str] = []
        answers: list[str] = []
        for row in rows.splitlines():
            found = _ROW.fullmatch(row)
            if found is None:
                raise ValueError(f"a row begins with # .. !! == -> or <- and a blank, not so: {row!r}")
            kind, text, remark = found.groups(default="")
            if kind == "<-":
                remarks.append(remark)
                continue
            out += _with_remarks(answers, remarks)
            out.append(row)
            remarks = []
            answers = self._done(kind, text)
        return "\n".join(out + _with_remarks(answers, remarks)) + "\n"

    def _done(self, kind: str, text: str) -> list[str]:
        clock = self._bench.virtual_clock
        if kind == "->":
            self._line.from_host(bytes.fromhex(text) if self._in_hex else sent(text))
            clock.wait(to_us(_PATIENCE_S))
        elif kind == "..":
            clock.wait(self._duration_us(text))
        elif kind == "!!":
            name, value = text.split()
            self._bench.command(self._device, Command(name, json.loads(value)))
        elif kind == "==":
            self._turn_to(text)
        came = self._came[self._name]
        answers = [came.hex(" ").upper()] if self._in_hex and came else shown(bytes(came))
        came.clear()
        return answers or [SILENCE] * (kind == "->")

    def _turn_to(self, name: str) -> None:
        line = self._bench.find_line(name)
        if line is None:
            raise ValueError(f"expected a line of the bench (DEVICE or DEVICE.PORT), got {name!r}")
        self._line, self._name = line, name
        self._device = name.partition(".")[0]
        if name not in self._came:
            self._came[name] = bytearray()
            line.connect(self._came[name].extend)

    def _duration_us(self, text: str) -> int:
        if found := re.fullmatch(r"([\d.]+) s", text):
            return to_us(float(found[1]))
        found = re.fullmatch(r"until (\d\d):(\d\d):(\d\d)", text)
        if found is None:
            raise ValueError(f"expected '.. 60 s' or '.. until 03:10:00', got '.. {text}'")
        now = bench_datetime(self._bench.file.bench.epoch, self._bench.virtual_clock.now_us)
        hours, minutes, seconds = map(int, found.groups())
        then = now.replace(hour=hours, minute=minutes, second=seconds, microsecond=0)
        return to_us(((then - now) % timedelta(days=1)).total_seconds())


def _with_remarks(answers: list[str], remarks: list[str]) -> list[str]:
    if any(remarks[len(answers) :]):
        raise ValueError(f"the answer to the remark {remarks[len(answers) :]} comes no more; there is {answers}")
    told = remarks + [""] * (len(answers) - len(remarks))
    return [
        f"<- {answer}" + (f"   # {remark}" if remark else "")
        for answer, remark in zip(answers, told[: len(answers)], strict=True)
    ]


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as scratch:
            where = Path(argument)
            where.write_text(played(where.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8")
