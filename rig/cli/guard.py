"""Beside a run on a bench that outlives it: when the run is killed, the bench is made safe all the same.

``python -m rig.cli.guard BENCH FOLDER`` waits until its standard input ends. A run that has made its bench safe itself
says so first; one that was killed cannot.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DONE = "done\n"


@contextmanager
def guarded(bench: Path, folder: Path) -> Iterator[None]:
    """Have a process of its own stand by while the block runs; it outlives this one, and a Ctrl-C is not for it."""
    command = [sys.executable, "-m", "rig.cli.guard", str(bench.resolve()), str(folder.resolve())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True, text=True
    ) as guard:  # fmt: skip
        assert guard.stdin is not None
        try:
            yield
        finally:
            with suppress(OSError):  # somebody has killed the guard
                guard.stdin.write(_DONE)
                guard.stdin.close()


def main(bench: str, folder: str) -> int:
    """Stand by; return 0 if the run ended by itself, else what ``rig safe`` returns."""
    if sys.stdin.read() == _DONE:
        return 0
    from rig.cli.safe import safe
    from rig.errors import EXIT_FAULT, ConfigurationError, RigError
    from rig.journal import JournalTaken

    sys.stderr.write(f"\nrig: the run in {folder} was killed; its bench is being made safe\n")
    try:
        code = safe(bench, Path(folder))
    except JournalTaken:
        sys.stderr.write("rig: the run has been taken up again already: the bench is left to it\n")
        return 0
    except (RigError, ConfigurationError, OSError) as error:
        sys.stderr.write(f"rig: the bench could NOT be made safe: {error}\n")
        return EXIT_FAULT
    words = "NOT all of it could be: see rig safe" if code else "safe. Close the cylinders; then rig accept --resume"
    sys.stderr.write(f"rig: {words} {folder}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
