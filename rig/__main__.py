"""``python -m rig``: the command ``rig``."""

from rig.cli import main

main()
