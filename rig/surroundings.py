"""The station around the instruments: outside air, shelter, sampling manifold, power; and the plumbing between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard, cast

from instruments.air import GasSource, Species
from instruments.ambient.settings import build_atmosphere
from instruments.atmosphere import Atmosphere, Site
from instruments.draw import Draw
from instruments.gas.base import PointAnalyzer
from instruments.particles.filter_user import FilterUser
from instruments.particles.filters import FilterBox
from instruments.plumbing import Air
from instruments.station.chamber import Chamber
from instruments.station.manifold import Manifold
from instruments.station.power import PowerSupply
from instruments.station.shelter import Shelter
from instruments.station.variac import Variac
from instruments.supply.bottle import GasBottle
from instruments.supply.calibrator import Calibrator
from instruments.supply.generator import ZeroAirGenerator
from instruments.supply.photometer import OzoneStandard
from instruments.unit import Unit
from rig.bench_file import AirSection, BenchFile
from rig.cells import lay_cells
from rig.gas_lines import join
from rig.meters import offer_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rig.bench import Bench, Instrument

FILTERS = "filters"
"""Name of the box of filters that a bench's samplers and balance share."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The outside air and the air around the instruments."""

    outside: GasSource
    room: GasSource


def outside_air(bench: Bench) -> GasSource:
    """The air that the bench file asks for: a city's, a recorded one, or the simple one."""
    section = bench.file.air.get("ambient", AirSection(log_sd=0.5))
    if isinstance(section, AirSection):
        return simple_air(bench.seed, "ambient", section)
    folder = Path(bench.where).parent
    return build_atmosphere(section, bench.seed, "ambient", bench.file.bench.epoch, folder, bench.where)


def simple_air(seed: int, name: str, section: AirSection) -> Air:
    """Log-normal air without particles and weather."""
    composition = {
        Species.SO2: section.so2, Species.NO: section.no, Species.NO2: section.no2, Species.O3: section.o3,
        Species.CO: section.co / 1000.0, Species.H2O: section.h2o, Species.PAN: section.pan,
    }  # fmt: skip
    return Air(
        seed, name, composition, temperature_c=section.temperature_c, temperature_sd_c=section.temperature_sd_c,
        pressure_hpa=section.pressure_hpa, pressure_sd_hpa=section.pressure_sd_hpa, log_sd=section.log_sd,
        correlation_time_s=section.correlation_time,
    )  # fmt: skip


_SUPPLIES = (Calibrator, ZeroAirGenerator, GasBottle)
"""What gives gas to a span line, whose vent may end in the room."""


def furnish(bench: Bench, instruments: Mapping[str, Instrument], outside: GasSource) -> Surroundings:
    """Stand every unit in its place and join gas lines and power; return what is around them.

    The shelter comes first, for its air is around the others; then the manifold, which the analyzers draw from.
    """
    file = bench.file
    # A bench with simple air has no device that asks for particles or weather: bench_check has seen to it.
    air = cast(Atmosphere, outside)
    units = {name: i.device for name, i in instruments.items() if isinstance(i.device, Unit)}
    shelters = [unit for unit in units.values() if isinstance(unit, Shelter)]
    room: GasSource
    room_of_supplies: GasSource
    if shelters:
        shelters[0].place(Site(air, outside))
        room, room_of_supplies = shelters[0].room, shelters[0].room_of_supplies
    else:
        section = file.air.get("room", AirSection.model_validate({"so2": "1 ppb", "o3": "5 ppb"}))
        assert isinstance(section, AirSection)  # a room is no city: bench_check has seen to it
        room = room_of_supplies = simple_air(bench.seed, "room", section)
    site, site_of_supplies = Site(air, room), Site(air, room_of_supplies)
    manifolds = [unit for unit in units.values() if isinstance(unit, Manifold)]
    chambers = [unit for unit in units.values() if isinstance(unit, Chamber)]
    for chamber in chambers:
        chamber.place(site)
    for unit in [*manifolds, *(u for u in units.values() if not isinstance(u, Shelter | Manifold | Chamber))]:
        own = site_of_supplies if isinstance(unit, _SUPPLIES) else site
        if chambers and _under_test(unit):
            own = Site(air, chambers[0].inside)
        unit.place(own)
        if unit.clock is not None:
            unit.clock.stand_in(own.room)
    _share_filters(bench, units)
    for name, unit in units.items():
        if not _under_test(unit):
            continue  # a transfer standard hangs on no manifold
        if manifolds and not _has_own_sample_line(file, name):
            manifolds[0].add_consumer(unit, "sample")
            unit.connect("sample", manifolds[0].outlet)
    generators = [unit for unit in units.values() if isinstance(unit, ZeroAirGenerator)]
    for unit in units.values():
        if generators and isinstance(unit, Calibrator | OzoneStandard):
            unit.connect_zero_air(generators[0])
    join(file, instruments, room, shelters)
    offer_places(file, instruments, site)
    _feed(file, units, shelters)
    lay_cells(file, instruments)
    return Surroundings(outside, room)


def _under_test(unit: Unit) -> TypeGuard[PointAnalyzer]:
    """Whether it is an analyzer, and no standard: what stands in a chamber and hangs on its supply."""
    return isinstance(unit, PointAnalyzer) and not isinstance(unit, OzoneStandard)


def _has_own_sample_line(file: BenchFile, name: str) -> bool:
    return any(tube.to == f"{name}.sample" for tube in file.tube.values())


def _share_filters(bench: Bench, units: Mapping[str, Unit]) -> None:
    box: FilterBox | None = None
    for unit in units.values():
        if isinstance(unit, FilterUser):
            box = box or FilterBox(bench.seed, FILTERS)
            unit.use(box)


def _feed(file: BenchFile, units: Mapping[str, Unit], shelters: list[Shelter]) -> None:
    """Plug everything into the power supply, if the bench has one; its order of restarting is the file's."""
    for variac in (unit for unit in units.values() if isinstance(unit, Variac)):
        for name, tested in units.items():
            if _under_test(tested):
                tested.plug_into(variac)
                variac.feed(name, tested)
    supplies = [unit for unit in units.values() if isinstance(unit, PowerSupply)]
    if not supplies:
        return
    for order, name in enumerate(file.device):
        unit = units.get(name)
        if unit is None or unit.draw is None:
            continue
        plug = file.device[name].power
        draw = unit.draw if plug.watts is None else Draw.steady(plug.watts)
        supplies[0].feed(
            name, ups=plug.ups, draw=draw, order=order, heats=not isinstance(unit, Shelter), warm=unit.warm_at_start
        )  # fmt: skip
        unit.on_power(partial(supplies[0].switched, name))
    for shelter in shelters:
        shelter.heated_by(supplies[0])
