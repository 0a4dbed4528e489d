"""Where gas goes on a bench: cylinders to calibrators, tubes from calibrators, standards and cylinders to inlets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from instruments.air import GasSource, Species
from instruments.build import build_unit
from instruments.catalogue import CatalogueEntry, load
from instruments.gas.base import PointAnalyzer
from instruments.plumbing import Supply, Tube, VentedManifold
from instruments.station.room import OpenVent
from instruments.station.shelter import Shelter
from instruments.supply.bottle import GasBottle
from instruments.supply.calibrator import Calibrator
from instruments.supply.cylinder import Cylinder
from instruments.supply.needle import NeedleValve
from instruments.supply.photometer import OzoneStandard
from rig.bench_file import CYLINDER, BenchFile, CylinderSection, DeviceSection, bottles, cylinder_ports
from rig.host.references import contents_of

if TYPE_CHECKING:
    from rig.bench import Bench, Instrument

_EXCESS = 1.5
"""What a needle valve lets through over what its consumer draws, if the file does not say (this project's choice)."""


def content(name: str, section: CylinderSection) -> Cylinder:
    """What the certificate says, and what is in it beside; of one without a model also how far it is off."""
    (main, value), *others = contents_of(name, section).items()
    deviation = {} if section.model is not None else dict(section.hidden)
    return Cylinder(
        Species[main.upper()], value, 2.0 * section.u_pct,
        {Species[s.upper()]: v * (1e-3 if s == "co" else 1.0) for s, v in section.impurities.items()},
        others={Species[s.upper()]: v for s, v in others},
        **deviation,  # type: ignore[arg-type]
    )  # fmt: skip


def bottle_hidden(section: CylinderSection, entry: CatalogueEntry) -> dict[str, bool | int | float | str]:
    """What is hidden in a cylinder with a model; its pressure says which part of the fill is gone."""
    if section.pressure is None:
        return dict(section.hidden)
    return {**section.hidden, "used_before": 1.0 - section.pressure / entry.parameter("fill_pressure")}


def build_bottles(bench: Bench) -> dict[str, tuple[DeviceSection, CatalogueEntry, GasBottle]]:
    """Build and fill the cylinders that have a model, by their names as devices."""
    file, found = bench.file, {}
    for name, section in bottles(file).items():
        entry, own = load(section.model), file.cylinder[name.removeprefix(CYLINDER)]
        bottle = build_unit(
            entry, name, bench.seed, settings=dict(section.settings), hidden=bottle_hidden(own, entry),
            service=section.service, where=bench.where,
        )  # fmt: skip
        assert isinstance(bottle, GasBottle)  # bench_check has seen to it
        bottle.fill(content(name.removeprefix(CYLINDER), own))
        found[name] = (section, entry, bottle)
    return found


def connect_cylinders(file: BenchFile, instruments: Mapping[str, Instrument]) -> None:
    """Cylinders to the ports of calibrators."""
    calibrators = {name: i.device for name, i in instruments.items() if isinstance(i.device, Calibrator)}
    for name, (device, port) in cylinder_ports(file).items():
        target = device or next(iter(calibrators), "")
        if target not in calibrators:
            continue  # gas of a real calibrator, or of none: nothing of it is simulated
        section = file.cylinder[name]
        instrument = instruments.get(f"{CYLINDER}{name}")
        bottle = None if instrument is None else instrument.device
        hung = bottle if isinstance(bottle, GasBottle) else content(name, section)
        main = next(iter(contents_of(name, section)))
        stored = None if section.stored is None else section.stored * (1e-3 if main == "co" else 1.0)
        calibrators[target].connect_cylinder(port, hung, stored)


def join(file: BenchFile, instruments: Mapping[str, Instrument], room: GasSource, shelters: list[Shelter]) -> None:
    """Lay the tubes. What a source offers beyond what is drawn leaves by a vent, of a calibrator into the shelter."""
    vented: dict[str, VentedManifold] = {}
    for name, instrument in instruments.items():
        if isinstance(instrument.device, Calibrator | OzoneStandard):
            vented[name] = VentedManifold(instrument.device.outlet, room)
    for tube in file.tube.values():
        device, _, port = tube.to.partition(".")
        if device not in instruments:
            continue  # the tube says at which port a real unit takes its gas; nothing of it is simulated
        analyzer = instruments[device].device
        assert isinstance(analyzer, PointAnalyzer)  # bench_check has seen to it
        draws = instruments[device].entry.parameter("sample_flow")
        if tube.from_.startswith(CYLINDER):
            bottle = instruments[tube.from_].device
            assert isinstance(bottle, GasBottle)  # as well
            supply: Supply = NeedleValve(bottle, analyzer, port, tube.flow or _EXCESS * draws)
            line = VentedManifold(supply, room)
        else:
            line = vented[tube.from_.partition(".")[0]]
        line.add_consumer(analyzer, port)
        end: GasSource = Tube(line, length_m=tube.length, bore_m=tube.bore, flow_lpm=draws)
        analyzer.connect(port, end)
    for name, line in vented.items():
        box = instruments[name].device
        if isinstance(box, Calibrator):
            for shelter in shelters:
                shelter.add_vent(OpenVent(box.outlet, line))
