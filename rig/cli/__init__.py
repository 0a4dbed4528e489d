"""The command ``rig``: thin shells over functions; nothing heavy is imported before it is needed."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point: check that the five packages are ours, run the command, turn errors into one line and a code."""
    from rig.cli.neighbours import foreign_packages

    foreign = foreign_packages()
    if foreign:
        sys.stderr.write(foreign + "\n")
        raise SystemExit(2)
    from rig.cli.app import run_app

    raise SystemExit(run_app())
