"""From a catalogue entry to a device."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.errors import ConfigurationError, ConfigurationErrors, Refused
from instruments.gas.base import PointAnalyzer
from instruments.gas.co import CoAnalyzer
from instruments.gas.nox import NoxAnalyzer
from instruments.gas.o3 import O3Analyzer
from instruments.gas.so2 import So2Analyzer

ANALYZERS: Mapping[str, type[PointAnalyzer]] = {
    "so2": So2Analyzer, "nox": NoxAnalyzer, "o3": O3Analyzer, "co": CoAnalyzer,
}  # fmt: skip


def build_analyzer(
    entry: CatalogueEntry,
    name: str,
    seed: int,
    *,
    serial: str = "",
    settings: Mapping[str, Value] | None = None,
    hidden: Mapping[str, Value] | None = None,
    warm: bool = True,
    where: str = "",
) -> PointAnalyzer:
    """Build the analyzer of that model.

    Raises:
        ConfigurationErrors: a hidden parameter or setting that does not exist or cannot have that value.
    """
    kind = ANALYZERS[entry.kind]
    try:
        truth = kind.hidden_model.model_validate(dict(hidden or {}))
    except ValidationError as error:
        known = ", ".join(kind.hidden_model.model_fields)
        raise ConfigurationErrors(
            [
                ConfigurationError(
                    where,
                    f"device.{name}.hidden.{'.'.join(map(str, one['loc']))}",
                    f"one of {known}" if one["type"] == "extra_forbidden" else str(one["msg"]),
                    repr(one["input"]),
                )
                for one in error.errors(include_url=False)
            ]
        ) from None
    try:
        return kind(entry, name, seed, serial=serial, settings=dict(settings or {}), hidden=truth, warm=warm)
    except Refused as refused:
        raise ConfigurationError(where, f"device.{name}", "settings that this model takes", refused) from None
