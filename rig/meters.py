"""Where reference meters of a bench can be held: rooms, inlets, branches of calibrators; their names, and the points.

A meter is held at one point at a time: its setting ``connected_to``, in the bench file or changed by a routine or a
person. Names are ``room``, ``outside``, and ``<device>.<place>``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from instruments.air import GasSource
from instruments.atmosphere import Site
from instruments.catalogue import load
from instruments.errors import ConfigurationError
from instruments.gas.base import PointAnalyzer
from instruments.supply.calibrator import Calibrator
from instruments.supply.meter import Certificate, Meter
from instruments.supply.points import BranchPoint, DrawnPoint, InletPoint, Point
from rig.bench_file import BenchFile, DeviceSection, kind_of

if TYPE_CHECKING:
    from rig.bench import Instrument

_EVERYWHERE = ("room", "outside")
_PLACES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("so2", "nox", "o3", "co"), ("sample", "zero", "span")),
    "photometer": ("sample",),
    "calibrator": ("out", "gas", "zero"),
    "pm": ("inlet",),
    "sampler": ("inlet",),
}
"""Places at a device of each kind."""


def place_names(file: BenchFile) -> list[str]:
    """Names of all points of a bench at which a meter can be held."""
    names = [*_EVERYWHERE]
    for device, section in file.device.items():
        if section.resource is None:
            names += [f"{device}.{place}" for place in _PLACES.get(kind_of(file, device) or "", ())]
    return names


def offer_places(file: BenchFile, instruments: Mapping[str, Instrument], site: Site) -> None:
    """Let every meter be held at every point, and give it its certificates."""
    meters = [instrument for instrument in instruments.values() if isinstance(instrument.device, Meter)]
    if not meters:
        return
    for name in place_names(file):
        device, _, place = name.partition(".")
        if not place:
            continue  # a meter knows the room and the outside from its own place
        point = _point(instruments[device].device, place, site)
        for meter in meters:
            meter.device.offer(name, point)  # type: ignore[attr-defined]
    for meter in meters:
        for quantity, section in meter.section.certificate.items():
            meter.device.certify(  # type: ignore[attr-defined]
                quantity,
                Certificate(section.certificate, section.expires.isoformat(), 2.0 * section.u_pct, section.u_offset,
                            section.slope, section.intercept, section.reference_c),
            )  # fmt: skip


def _point(device: object, place: str, site: Site) -> Point:
    if isinstance(device, Calibrator):
        return BranchPoint(device, place)  # type: ignore[arg-type]  # one of its branches
    if isinstance(device, PointAnalyzer):
        air: GasSource = site.room  # the meter is held in the room; what it lets through is the room's air
        return InletPoint(device, place, air)
    return DrawnPoint(device, site.outside)  # type: ignore[arg-type]  # the others draw particles from outside


def meter_mistakes(file: BenchFile, where: str, name: str, section: DeviceSection) -> Iterator[ConfigurationError]:
    """A place that does not exist, or a certificate of something that the device does not measure."""
    key = f"device.{name}"
    try:
        entry = load(section.model)
    except ConfigurationError:
        return  # said already, or a calibrator that a person sets
    quantities = tuple(label.removesuffix("_step") for label in entry.parameters if label.endswith("_step"))
    if entry.kind == "photometer":
        quantities = tuple(entry.channels)  # an ozone standard has a certificate for what it measures
    for quantity in section.certificate:
        if "connected_to" not in entry.settings and entry.kind != "photometer":
            expected = (
                "nothing: only meters and ozone standards have certificates here (a calibrator's is [certificate.X])"
            )
            yield ConfigurationError(where, f"{key}.certificate", expected, quantity)
        elif quantity not in quantities:
            expected = f"a quantity that the {entry.name} measures ({', '.join(quantities)})"
            yield ConfigurationError(where, f"{key}.certificate.{quantity}", expected, repr(quantity))
    yield from place_mistakes(file, where, f"{key}.settings", name, section.settings)


def place_mistakes(
    file: BenchFile, where: str, key: str, name: str, settings: Mapping[str, object]
) -> Iterator[ConfigurationError]:
    """Among ``settings`` of the device ``name`` (they stand at ``key``), a place that the bench does not have."""
    at = settings.get("connected_to")
    if at is None or kind_of(file, name) != "meter":
        return
    names = place_names(file)
    if at not in names:
        yield ConfigurationError(where, f"{key}.connected_to", f"a place of this bench ({', '.join(names)})", repr(at))
