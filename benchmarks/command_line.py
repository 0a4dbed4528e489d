"""How long a person waits: ``rig accept`` on the embedded bench under 3 s, ``rig --help`` under 0.25 s.

New processes, start to exit, wall time and processor time; the report and all files are written. Beside it, measured by
turns in the same run, a process that only imports what a run cannot do without (numpy, scipy.special, pyvisa, pydantic,
jinja2): how many times that the whole run takes is a figure that hardly depends on the machine.

``python benchmarks/command_line.py`` prints medians of seven rounds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import parser_of, rounds, verdict

ROUNDS = 7
RIG = [sys.executable, "-c", "from rig.cli import main; main()"]
IMPORTS = "import numpy, scipy.special, pyvisa, pydantic, jinja2"


def waited(command: list[str], codes: tuple[int, ...] = (0,)) -> tuple[float, float]:
    """Wall and processor seconds of a new process."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise RuntimeError(f"{command}: ended with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


def accept(folder: Path, arguments: tuple[str, ...] = ()) -> tuple[float, float]:
    """``rig accept`` into a fresh folder below ``folder``."""
    out = Path(tempfile.mkdtemp(dir=folder)) / "run"
    found = waited([*RIG, "accept", "--out", str(out), *arguments])
    if not (out / "report.html").exists():
        raise RuntimeError(f"{out}: no report")
    return found


def times(repeats: int = ROUNDS, arguments: tuple[str, ...] = ()) -> dict[str, float]:
    """Median seconds of each command, and processor seconds of a run."""
    processor: list[float] = []
    with tempfile.TemporaryDirectory(prefix="rig-wait-") as name:

        def run() -> float:
            wall, used = accept(Path(name), arguments)
            processor.append(used)
            return wall

        medians = rounds(
            [run, lambda: waited([*RIG, "--help"])[0], lambda: waited([sys.executable, "-c", IMPORTS])[0]], repeats
        )
    return {"accept": medians[0], "help": medians[1], "imports": medians[2],
            "processor": sorted(processor)[len(processor) // 2]}  # fmt: skip


def main() -> int:
    parser_of(__doc__).parse_args()
    found = times()
    ratio = found["accept"] / found["imports"]
    print(
        f"rig accept {found['accept']:.2f} s (processor {found['processor']:.2f} s), rig --help {found['help']:.3f} s"
    )
    print(f"the bare imports of its libraries {found['imports']:.2f} s: the whole run takes {ratio:.1f} times that")
    met = [verdict("rig accept", found["accept"], 3.0, " s", at_most=True),
           verdict("rig --help", found["help"], 0.25, " s", at_most=True)]  # fmt: skip
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
