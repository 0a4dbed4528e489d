"""Which settings a gas analyzer takes, and which of its hidden causes may be changed to what."""

from __future__ import annotations

import math
from typing import TypeVar

from pydantic import ValidationError

from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.errors import Refused
from instruments.gas.hidden import AnalyzerHidden

Truth = TypeVar("Truth", bound=AnalyzerHidden)


def checked(entry: CatalogueEntry, key: str, value: Value) -> Value:
    """Return ``value`` if a unit of that model takes it as its setting ``key``. Raises Refused if not."""
    if key == "instrument_id":
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 127:
            raise Refused("invalid", "instrument_id is a whole number from 0 to 127")
        return value
    limits = entry.settings.get(key)
    if limits is None:
        raise Refused("unknown", key)
    numeric = isinstance(limits.default, int | float) and not isinstance(limits.default, bool)
    if numeric:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Refused("invalid", f"{key}: {value!r} is no number")
    elif type(value) is not type(limits.default):
        raise Refused("invalid", f"{key}: {value!r}")
    if limits.choices and value not in limits.choices:
        raise Refused("invalid", f"{key}: one of {', '.join(map(str, limits.choices))}, not {value!r}")
    if isinstance(value, int | float):
        if limits.low is not None and value < limits.low:
            raise Refused("too low", f"{key}: {value:g}")
        if limits.high is not None and value > limits.high:
            raise Refused("too high", f"{key}: {value:g}")
    return value


def with_hidden(hidden: Truth, key: str, value: Value) -> Truth:
    """Return ``hidden`` with one cause changed. Raises Refused if there is none such, or not with that value."""
    if key not in type(hidden).model_fields:
        raise Refused("unknown", f"hidden.{key}")
    try:
        return type(hidden).model_validate({**hidden.model_dump(), key: value})
    except ValidationError as error:
        raise Refused("invalid", f"hidden.{key}: {error.errors()[0]['msg']}") from None
