"""What the routines of a bench file tell devices to do, held against the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Value
from instruments.errors import ConfigurationError, Refused
from instruments.unit import Unit
from rig.bench_file import DeviceSection

_ELSEWHERE = ("connected_to", "cell")
"""Settings whose values depend on the bench: :mod:`rig.meters` and :mod:`rig.cells` look at them."""


@cache
def _trial(model: str) -> Unit:
    """A unit of that model to ask what it takes; nothing happens to it. Raises ConfigurationError if there is none."""
    return build_unit(load(model), "trial", 0)


def step_mistakes(
    section: DeviceSection, wanted: Mapping[str, Value], where: str, key: str
) -> Iterator[ConfigurationError]:
    """Settings, actions and causes that the model does not have, and values that it does not take.

    What it refuses only as it stands at the time (a valve in local mode) is for the run to see.
    """
    try:
        unit = _trial(section.model)
    except ConfigurationError:
        return  # said already
    entry = unit.entry
    for name, value in wanted.items():
        place = f"{key}.{name}"
        if name in unit.settings:
            if name in _ELSEWHERE:
                continue
            try:
                unit.checked(name, value)
            except Refused as refused:
                yield ConfigurationError(where, place, f"a value that the model takes ({refused})", repr(value))
        elif name.startswith("hidden."):
            if name.removeprefix("hidden.") not in type(unit.hidden).model_fields:
                known = ", ".join(type(unit.hidden).model_fields)
                yield ConfigurationError(where, place, f"a hidden parameter of the {entry.name} ({known})", repr(value))
        elif name != "power" and name not in unit.actions and unit.wear.action(name) is None and name != "clock_us":
            renewing = [part.replaced_by for part in entry.wear.values()]
            known = ", ".join([*unit.settings, *unit.actions, *renewing])
            yield ConfigurationError(where, place, f"a setting or action of the {entry.name} ({known})", repr(value))
