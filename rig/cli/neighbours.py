"""Are ``instruments``, ``calibration``, ``scenarios`` and ``reports`` ours, or some foreign folder's?"""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path

_PACKAGES = ("instruments", "calibration", "scenarios", "reports", "pyvisa_rig")


def foreign_packages() -> str:
    """Return one clear error if a foreign package hides one of ours, else nothing."""
    home = Path(__file__).resolve().parents[2]
    for name in _PACKAGES:
        found = PathFinder.find_spec(name)
        place = None if found is None or not found.submodule_search_locations else Path(
            next(iter(found.submodule_search_locations))
        ).resolve()  # fmt: skip
        if place is not None and place.parent == home:
            continue
        where = "nowhere" if place is None else str(place)
        return (
            f"rig: the package '{name}' must lie beside 'rig' in {home}, but Python finds it in {where}; "
            f"a folder of that name shadows it: run rig from another directory, or rename that folder"
        )
    return ""
