"""The ``[cylinder.X]`` and ``[tube.X]`` of a bench file held against models, and against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from instruments.air import Species
from instruments.build import build_unit
from instruments.catalogue import CatalogueEntry, load
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.supply.settings import PORTS as GAS_PORTS
from rig.bench_file import (
    CYLINDER,
    MANUAL,
    BenchFile,
    CylinderSection,
    TubeSection,
    cylinder_ports,
    kind_of,
    standing_aside,
)
from rig.gas_lines import bottle_hidden
from rig.host.references import species_of

_INLETS = ("sample", "zero", "span")
_SOURCES = ("calibrator", "photometer", MANUAL)
_ANALYZERS = ("so2", "nox", "o3", "co")
_OF_A_MODEL = ("pressure", "settings", "service")


_WHOLE = 1e9
"""Nothing but the gas itself, nmol/mol."""


def cylinder_mistakes(file: BenchFile, where: str, known: Collection[str]) -> Iterator[ConfigurationError]:
    """Everything in ``[cylinder.X]`` that does not fit; ``known`` are the devices that the file names."""
    calibrators = [name for name in file.device if kind_of(file, name) in ("calibrator", MANUAL)]
    aside = standing_aside(file)
    hung = [name for name in file.cylinder if name not in aside]
    if len(hung) > len(GAS_PORTS):
        yield ConfigurationError(where, "cylinder", f"{len(GAS_PORTS)} cylinders at most", len(hung))
    places, taken, species_seen = cylinder_ports(file), dict[tuple[str, str], str](), dict[str, str]()
    for name, section in file.cylinder.items():
        key = f"{CYLINDER}{name}"
        species = species_of(name, section)
        if species.upper() not in Species.__members__ or species in ("h2o", "pan"):
            yield ConfigurationError(where, f"{key}.species", "so2, no, no2, co or o3", repr(species))
            continue
        yield from _contents(where, key, species, section)
        if section.value is not None and section.value > _WHOLE:
            yield ConfigurationError(where, f"{key}.value", "100 % at most", f"{section.value / _WHOLE * 100.0:g} %")
        yield from _model(file, where, key, section)
        if name in aside:
            for name_ in ("port", "device", "stored"):
                if name_ in section.model_fields_set:
                    expected = (
                        "nothing: a tube leads from this cylinder or it fills a cell; it is at no calibrator's port"
                    )
                    yield ConfigurationError(where, f"{key}.{name_}", expected, repr(getattr(section, name_)))
            continue
        first = species_seen.setdefault(species, key)
        if first != key and not section.port:
            expected = f"a port: the bench has {first} too, and a plan asks for the second by its place"
            yield ConfigurationError(where, f"{key}.port", expected, "none")
        if name not in places:
            continue  # one too many: said already
        device, port = places[name]
        ports = _ports_of(file, device or next(iter(calibrators), ""))
        if port not in ports:
            yield ConfigurationError(where, f"{key}.port", f"one of {', '.join(ports)}", repr(port))
        first = taken.setdefault((device, port), key)
        if first != key:
            yield ConfigurationError(where, f"{key}.port", f"a port that {first} is not connected to", repr(port))
        if device and device not in known:
            devices = ", ".join(file.device)
            yield ConfigurationError(where, f"{key}.device", f"a device of this bench ({devices})", repr(device))
        elif device and device in file.device and device not in calibrators:
            yield ConfigurationError(where, f"{key}.device", "a calibrator of this bench", repr(device))


def _ports_of(file: BenchFile, calibrator: str) -> tuple[str, ...]:
    """Gas ports of a calibrator: those that its model has a cylinder's value for."""
    if kind_of(file, calibrator) != "calibrator":
        return GAS_PORTS
    settings = load(file.device[calibrator].model).settings
    return tuple(port for port in GAS_PORTS if f"cylinder_value_{port}" in settings)


def _contents(where: str, key: str, species: str, section: CylinderSection) -> Iterator[ConfigurationError]:
    if section.components and species not in section.components:
        expected = f"the gas by which the mixture is set, one of {', '.join(section.components)}"
        yield ConfigurationError(where, f"{key}.species", expected, repr(species))
    for name in section.impurities:
        if name == species or name in section.components:
            expected = (
                f"other species than {', '.join(section.components or (species,))}, which the cylinder is made for"
            )
            yield ConfigurationError(where, f"{key}.impurities.{name}", expected, section.impurities[name])


def _model(file: BenchFile, where: str, key: str, section: CylinderSection) -> Iterator[ConfigurationError]:
    """What a cylinder's model takes, or, without one, what nothing would read."""
    if section.volume is not None and (section.model is not None or _emulates_its_source(file)):
        expected = "nothing where this process emulates what draws from it: a model says what it holds"
        yield ConfigurationError(where, f"{key}.volume", expected, f"{section.volume:g} L")
    if section.model is None:
        for name in _OF_A_MODEL:
            if name in section.model_fields_set and not (name == "pressure" and section.volume is not None):
                expected = "nothing for a cylinder without a model, which lasts for ever"
                yield ConfigurationError(where, f"{key}.{name}", expected, _given(section, name))
        for name, value in section.hidden.items():
            here = f"{key}.hidden.{name}"
            if name != "deviation_pct":
                expected = "no such key here; there is deviation_pct, and with a model much more"
                yield ConfigurationError(where, here, expected, value)
            elif isinstance(value, bool | str) or value <= -100.0:
                yield ConfigurationError(where, here, "a number of % above -100", repr(value))
        return
    if not any(device.resource is None and device.model != MANUAL for device in file.device.values()):
        expected = "nothing on a bench without emulated devices: a real cylinder is what it is"
        yield ConfigurationError(where, f"{key}.model", expected, repr(section.model))
    try:
        entry = load(section.model)
    except ConfigurationErrors as several:
        yield from several.errors
        return
    except ConfigurationError as error:
        yield ConfigurationError(where, f"{key}.model", error.expected, repr(section.model))
        return
    if entry.kind != "cylinder":
        yield ConfigurationError(where, f"{key}.model", "a model of a cylinder", f"a {entry.kind} ({entry.name})")
        return
    yield from _filling(where, key, section, entry)
    for part in section.service.parts:
        yield ConfigurationError(where, f"{key}.service.parts.{part}", "a part that ages (none)", part)
    for setting, value in section.settings.items():
        try:
            build_unit(entry, key, 0, settings={setting: value})
        except ConfigurationError as error:
            expected = f"a setting of the model ({', '.join(entry.settings)}) and a value that it takes ({error.found})"
            yield ConfigurationError(where, f"{key}.settings.{setting}", expected, repr(value))


def _emulates_its_source(file: BenchFile) -> bool:
    """Whether a calibrator of this process, not one of a real bench or of ``rig serve``, draws from cylinders."""
    return any(
        not section.elsewhere and kind_of(file, name) == "calibrator" for name, section in file.device.items()
    )  # fmt: skip


def _filling(where: str, key: str, section: CylinderSection, entry: CatalogueEntry) -> Iterator[ConfigurationError]:
    full = entry.parameter("fill_pressure")
    if section.pressure is not None and section.pressure > full:
        expected = f"at most {full:g} MPa, to which a {entry.name} is filled"
        yield ConfigurationError(where, f"{key}.pressure", expected, f"{section.pressure:g} MPa")
        return
    if section.pressure is not None and "used_before" in section.hidden:
        yield ConfigurationError(where, f"{key}.hidden.used_before", f"nothing beside {key}.pressure, which says it",
                                 section.hidden["used_before"])  # fmt: skip
    try:
        build_unit(entry, key, 0, hidden=bottle_hidden(section, entry), where=where)
    except ConfigurationErrors as several:
        for one in several.errors:
            yield ConfigurationError(one.where, one.key.removeprefix("device."), one.expected, one.found)


def _given(section: CylinderSection, name: str) -> str:
    value = getattr(section, name)
    return f"{value:g} MPa" if isinstance(value, float) else ", ".join(dict(value))


def tube_mistakes(file: BenchFile, where: str, known: Collection[str]) -> Iterator[ConfigurationError]:
    """Everything in ``[tube.X]`` that leads from or to nowhere, or where another tube leads already."""
    ends: dict[str, str] = {}
    for name, tube in file.tube.items():
        key = f"tube.{name}"
        yield from _beginning(file, where, key, tube, known)
        yield from _end(file, where, key, tube, known)
        first = ends.setdefault(tube.to, key)
        if first != key:
            yield ConfigurationError(where, f"{key}.to", f"a port that {first} does not lead to", repr(tube.to))
        if tube.flow is not None and not tube.from_.startswith(CYLINDER):
            expected = "nothing: only a cylinder has a needle valve"
            yield ConfigurationError(where, f"{key}.flow", expected, f"{tube.flow:g} L/min")


def _beginning(
    file: BenchFile, where: str, key: str, tube: TubeSection, known: Collection[str]
) -> Iterator[ConfigurationError]:
    expected = "<calibrator>.out, <ozone standard>.out or cylinder.<name>"
    source, _, outlet = tube.from_.partition(".")
    if tube.from_.startswith(CYLINDER) and source not in known:
        section = file.cylinder.get(outlet)
        if section is None:
            there = ", ".join(f"{CYLINDER}{name}" for name in file.cylinder) or "none"
            yield ConfigurationError(where, f"{key}.from", f"a cylinder of this bench ({there})", repr(tube.from_))
        elif section.model is None and _is_emulated(file, tube.to.partition(".")[0]):
            expected = "a model for a cylinder that hangs on no calibrator, such as cylinder-8l"
            yield ConfigurationError(where, f"{CYLINDER}{outlet}.model", expected, "nothing")
    elif source not in known or outlet != "out" or kind_of(file, source) not in (*_SOURCES, None):
        yield ConfigurationError(where, f"{key}.from", expected, repr(tube.from_))


def _is_emulated(file: BenchFile, device: str) -> bool:
    section = file.device.get(device)
    return section is not None and section.resource is None


def _end(
    file: BenchFile, where: str, key: str, tube: TubeSection, known: Collection[str]
) -> Iterator[ConfigurationError]:
    device, _, inlet = tube.to.partition(".")
    kind = kind_of(file, device)
    takes = ("sample",) if kind == "photometer" else _INLETS
    if device not in known or inlet not in takes or kind not in (*_ANALYZERS, "photometer", None):
        expected = "<analyzer>.sample, .zero or .span, or <ozone standard>.sample"
        yield ConfigurationError(where, f"{key}.to", expected, repr(tube.to))
    elif tube.from_.partition(".")[0] == device:
        yield ConfigurationError(where, f"{key}.to", "another device than the one it begins at", repr(tube.to))
    elif _is_emulated(file, device) and kind_of(file, tube.from_.partition(".")[0]) == MANUAL:
        expected = "an emulated calibrator: gas that is set by hand does not reach an emulated unit"
        yield ConfigurationError(where, f"{key}.from", expected, repr(tube.from_))
