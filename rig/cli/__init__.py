"""The command ``rig``: thin shells over functions; nothing heavy is imported before it is needed."""

from __future__ import annotations

import gc
import sys

_COLLECTED_AFTER = 50_000, 20, 50
"""Objects made before the garbage collector looks at the young ones; looks at them before one at the older; the same
for all. What a bench and its libraries have made stays until the end of the command: with Python's own 700, 10, 10 the
collector looks through it again and again, 6 % of a plan's time, and finds nothing."""


def main() -> None:
    """Entry point: check that the five packages are ours, run the command, turn errors into one line and a code."""
    from rig.cli.neighbours import foreign_packages

    gc.set_threshold(*_COLLECTED_AFTER)
    foreign = foreign_packages()
    if foreign:
        sys.stderr.write(foreign + "\n")
        raise SystemExit(2)
    from rig.cli.app import run_app

    raise SystemExit(run_app())
