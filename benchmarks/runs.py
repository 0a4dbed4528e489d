"""``rig runs`` over ten thousand runs: the whole command, its index at hand, and what making the index takes.

The folders are copies (hard links) of a run of the embedded bench that is made first. Target: under a second once the
index is there. ``python benchmarks/runs.py [--count N]`` prints the median of the wall time of whole commands.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import parser_of, rounds, verdict

RIG = [sys.executable, "-c", "from rig.cli import main; main()"]
TARGET_S = 1.0


def command(*arguments: str) -> float:
    """Seconds that a command takes."""
    begun = time.perf_counter()
    subprocess.run([*RIG, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def measure(count: int, repeats: int) -> bool:
    """Print the figures; return whether the target is met."""
    with tempfile.TemporaryDirectory() as place:
        first, folder = Path(place) / "first", Path(place) / "out"
        command("accept", "--device", "co", "--out", str(first))
        for number in range(count):
            run = folder / f"{number:05d}"
            run.mkdir(parents=True)
            for name in ("result.json", "journal.sqlite"):
                os.link(first / name, run / name)
        size = (first / "result.json").stat().st_size
        made = command("runs", str(folder))
        print(f"the index of {count} runs with records of {size / 1000:.0f} kB, made once: {made:.1f} s")
        all_of_them, some = rounds(
            [lambda: command("runs", str(folder)), lambda: command("runs", str(folder), "--verdict", "fail")], repeats
        )
    met = verdict("all runs listed", all_of_them, TARGET_S, " s", at_most=True)
    return verdict("runs filtered by verdict", some, TARGET_S, " s", at_most=True) and met


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    raise SystemExit(0 if measure(told.count, told.rounds) else 1)


if __name__ == "__main__":
    main()
