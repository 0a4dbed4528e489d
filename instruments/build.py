"""From a catalogue entry to a device."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from instruments.catalogue import CatalogueEntry
from instruments.catalogue.checks import kind_of_design
from instruments.device import Value
from instruments.errors import ConfigurationError, ConfigurationErrors, Refused
from instruments.unit import Unit
from instruments.wear import Service

Truth = TypeVar("Truth", bound=BaseModel)

UNITS: Mapping[str, str] = {
    "teom": "instruments.particles.teom_1400:Teom1400",
    "teom-fdms": "instruments.particles.teom_fdms:TeomFdms",
    "so2": "instruments.gas.so2:So2Analyzer",
    "nox": "instruments.gas.nox:NoxAnalyzer",
    "o3": "instruments.gas.o3:O3Analyzer",
    "co": "instruments.gas.co:CoAnalyzer",
    "bam-1020": "instruments.particles.bam:Bam1020",
    "5014i": "instruments.particles.continuous:Continuous",
    "sampler": "instruments.particles.sampler:Sampler",
    "balance": "instruments.particles.balance:Balance",
    "weather_transmitter": "instruments.weather.transmitter:WeatherTransmitter",
    "cup_vane": "instruments.weather.cup_vane:CupVaneStation",
    "visibility_meter": "instruments.weather.visibility:VisibilityMeter",
    "doas": "instruments.gas.doas:OpenPath",
    "shelter": "instruments.station.shelter:Shelter",
    "manifold": "instruments.station.manifold:Manifold",
    "ups": "instruments.station.power:PowerSupply",
    "chamber": "instruments.station.chamber:Chamber",
    "variac": "instruments.station.variac:Variac",
    "t100": "instruments.gas.teledyne.so2:TeledyneSo2",
    "t200": "instruments.gas.teledyne.nox:TeledyneNox",
    "t300": "instruments.gas.teledyne.co:TeledyneCo",
    "t400": "instruments.gas.teledyne.o3:TeledyneO3",
    "calibrator": "instruments.supply.calibrator:Calibrator",
    "t700": "instruments.supply.t700:T700",
    "zero_air": "instruments.supply.generator:ZeroAirGenerator",
    "photometer": "instruments.supply.photometer:OzoneStandard",
    "flow_meter": "instruments.supply.meter:FlowMeter",
    "climate_meter": "instruments.supply.meter:ClimateMeter",
    "cylinder": "instruments.supply.bottle:GasBottle",
}
"""Model class of each design that stands on :class:`~instruments.unit.Unit`: ``module:class``, imported when used."""


def unit_class(entry: CatalogueEntry) -> type[Unit]:
    """Class of the models of this design. Raises KeyError for a design that is no unit."""
    module, _, name = UNITS[entry.design].partition(":")
    found: type[Unit] = getattr(import_module(module), name)
    return found


def name_mistakes(entry: CatalogueEntry, where: str) -> list[ConfigurationError]:
    """What a model's file names that units of its design do not have: its design, alarms, key parameters, channels.

    Args:
        entry: the model.
        where: its file, for messages.
    """
    if entry.design not in UNITS:
        return [ConfigurationError(where, "model.design", f"one of {', '.join(UNITS)}", repr(entry.design))]
    kind = kind_of_design(entry.design)
    if kind != entry.kind:
        expected = f"a design of the kind {entry.kind}, not one of the kind {kind}"
        return [ConfigurationError(where, "model.design", expected, repr(entry.design))]
    unit = build_unit(entry, "trial", 0, where=where)
    seen, acting = unit.quantities(), {*unit.actions, *(part.replaced_by for part in entry.wear.values())}
    filed = {*seen, *unit.settings, *(f"{part}_hours" for part in entry.wear)}
    asked = [(f"alarms.{name}", name, seen) for name in entry.alarms]
    asked += [(f"key_parameters.{name}", name, tuple(filed)) for name in entry.key_parameters]
    for name, channel in entry.channels.items():
        for part in ("background", "coefficient", "converter_factor"):
            asked.append((f"channel.{name}.{part}", getattr(channel, part), ("", *unit.settings)))
        for part in ("calibrate_zero", "calibrate_span"):
            asked.append((f"channel.{name}.{part}", getattr(channel, part), ("", *acting)))
    return [
        ConfigurationError(where, key, f"one of {', '.join(sorted(filter(None, known)))}", repr(name))
        for key, name, known in asked
        if name not in known
    ]


def build_unit(
    entry: CatalogueEntry,
    name: str,
    seed: int,
    *,
    serial: str = "",
    settings: Mapping[str, Value] | None = None,
    hidden: Mapping[str, Value] | None = None,
    warm: bool = True,
    service: Service | None = None,
    where: str = "",
) -> Unit:
    """Build a unit of that model.

    Raises:
        ConfigurationErrors: a hidden parameter, a setting or a part that does not exist or cannot have that value.
    """
    kind = unit_class(entry)
    truth = _hidden(kind.hidden_model, hidden, name, where)
    try:
        return kind(entry, name, seed, serial=serial, settings=settings, hidden=truth, warm=warm, service=service)
    except (Refused, ValueError) as error:
        raise ConfigurationError(where, f"device.{name}", "settings and parts that this model has", error) from None


def _hidden(model: type[Truth], hidden: Mapping[str, Value] | None, name: str, where: str) -> Truth:
    try:
        return model.model_validate(dict(hidden or {}))
    except ValidationError as error:
        known = ", ".join(model.model_fields)
        raise ConfigurationErrors(
            [
                ConfigurationError(
                    where,
                    f"device.{name}.hidden.{'.'.join(map(str, one['loc']))}",
                    f"one of {known}" if one["type"] == "extra_forbidden" else _in_words(str(one["msg"])),
                    repr(one["input"]),
                )
                for one in error.errors(include_url=False)
            ]
        ) from None


def _in_words(message: str) -> str:
    """Pydantic's message as what was expected."""
    wanted = message.removeprefix("Input should be ")
    return wanted[:1].lower() + wanted[1:]
