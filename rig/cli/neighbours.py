"""Are ``instruments``, ``calibration``, ``scenarios`` and ``reports`` ours, or somebody else's of the same name?"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

_PACKAGES = ("instruments", "calibration", "scenarios", "reports", "pyvisa_rig")


def foreign_packages() -> str:
    """Return one clear error if something foreign hides one of our packages, else nothing."""
    home = Path(__file__).resolve().parents[2]
    for name in _PACKAGES:
        # What is imported already counts; what is not yet will be found on the path.
        spec = getattr(sys.modules.get(name), "__spec__", None) or PathFinder.find_spec(name)
        places = [] if spec is None else [*(spec.submodule_search_locations or ()), *filter(None, [spec.origin])]
        place = Path(places[0]).resolve() if places else None
        if place == home / name:
            continue
        found = "finds none" if place is None else f"finds {place}, which hides it"
        return (
            f"rig: the package '{name}' must lie beside 'rig' in {home}, but Python {found}: run rig from another "
            "directory, or mind PYTHONPATH"
        )
    return ""
