"""References: which gases and standards a bench has, how well they are known, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from instruments.catalogue import load
from rig.bench_file import MANUAL, BenchFile, CylinderSection, UncertaintySection, cylinder_ports
from rig.host.calibrator import Source, unit_of

if TYPE_CHECKING:
    from rig.cells import CellReference


@dataclass(frozen=True, slots=True)
class CylinderReference:
    """A certified gas of a cylinder: the only one, or one component of a mixture.

    Attributes:
        id: ``cylinder.<name>``, of a further component ``cylinder.<name>.<species>``.
        name: the cylinder's, in the bench file.
        species, value, unit: of this component, nmol/mol (CO umol/mol).
        u_pct: its standard uncertainty, %.
        certificate, expires, port: of the cylinder.
        no2_impurity: NO2 that comes along, nmol/mol: as a trace, or certified itself.
        main, main_value: the gas by which the calibrator sets the cylinder, and its certified value.
        stored: what is typed into the calibrator for that gas, if not the certified value.
    """

    id: str
    name: str
    species: str
    value: float
    unit: str
    u_pct: float
    certificate: str
    expires: date
    port: str
    no2_impurity: float
    main: str
    main_value: float
    stored: float | None

    @property
    def main_unit(self) -> str:
        """Unit of the main gas."""
        return unit_of(self.main)

    @property
    def main_per_one(self) -> float:
        """How much of the main gas comes with one unit of this component, in its own unit."""
        return self.main_value / self.value

    @property
    def u(self) -> float:
        """Standard uncertainty in the unit of the value."""
        return self.value * self.u_pct / 100.0


@dataclass(frozen=True, slots=True)
class FlowReference:
    """What the calibrator's own certificate says: standard uncertainties of its flows and of its ozone.

    Attributes:
        gas_flow_u_pct, zero_flow_u_pct: proportional error of each mass-flow controller, % of flow.
        flow_offset_u_pct_fs: constant error of each, % of its full scale.
        repeatability_pct: how far each controller's flow wanders about its mean, % of flow.
        repeatability_time_s: how long a flow remembers where it was, s; 0: it is another one at each setting.
        ozone_u_pct, ozone_u_offset: the photometer, % of value and nmol/mol.
    """

    id: str
    certificate: str
    expires: date
    gas_flow_u_pct: float
    zero_flow_u_pct: float
    flow_offset_u_pct_fs: float
    repeatability_pct: float
    repeatability_time_s: float
    ozone_u_pct: float
    ozone_u_offset: float
    gas_full_scale_lpm: float
    zero_full_scale_lpm: float


@dataclass(frozen=True, slots=True)
class StandardReference:
    """One quantity of a reference meter or an ozone standard, as a laboratory certified it.

    Attributes:
        id: key of its certificate in the bench file.
        device: its name on the bench.
        kind: ``meter`` or ``photometer``.
        quantity, unit: what is certified.
        u_pct, u_offset: standard uncertainty, % of the reading and unit of the quantity.
        slope, intercept: corrected = slope x shown + intercept.
        reference_c: reference temperature of a certified mass flow, deg C.
    """

    id: str
    device: str
    kind: str
    quantity: str
    unit: str
    u_pct: float
    u_offset: float
    slope: float
    intercept: float
    reference_c: float | None
    certificate: str
    expires: date

    def corrected(self, shown: float) -> float:
        """What a shown value stands for by the certificate."""
        return self.slope * shown + self.intercept


@dataclass(frozen=True, slots=True)
class Supply:
    """Everything that a procedure may rest on.

    Attributes:
        source: what makes gas.
        cylinders: by species: the first cylinder in the bench file that has it as its main gas, else as a component.
        flows: the calibrator's certificate.
        spare: main gases of the cylinders at the calibrator by their names in the bench file.
        components: all certified gases by the cylinder's name and the species.
        standards: certificates of reference meters and ozone standards, several for a device of several quantities.
        epoch: calendar time of bench time 0.
        gas_full_scale_lpm, zero_full_scale_lpm: of the calibrator's controllers.
        cells: calibration cells of open paths, by the names that insert them.
    """

    source: Source
    cylinders: Mapping[str, CylinderReference]
    flows: FlowReference | None
    spare: Mapping[str, CylinderReference] = field(default_factory=dict)
    components: Mapping[tuple[str, str], CylinderReference] = field(default_factory=dict)
    standards: tuple[StandardReference, ...] = ()
    epoch: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    gas_full_scale_lpm: float = 0.1
    zero_full_scale_lpm: float = 10.0
    cells: Mapping[str, CellReference] = field(default_factory=dict)

    def cylinder(self, species: str) -> CylinderReference:
        """The cylinder of ``species``. Raises KeyError if the bench has none."""
        return self.cylinders[species]

    def spare_of(self, name: str, species: str) -> CylinderReference:
        """What a cylinder has of ``species``; its main gas where it has none. Raises KeyError: there is no such one."""
        return self.components.get((name, species), self.spare[name])

    def certified(self, device: str, *quantities: str) -> StandardReference:
        """The certificate of the first of ``quantities`` that the device has one for. Raises KeyError: it has none."""
        for quantity in quantities:
            for standard in self.standards:
                if (standard.device, standard.quantity) == (device, quantity):
                    return standard
        raise KeyError(device)


def species_of(name: str, section: CylinderSection) -> str:
    """Main species of a cylinder: as stated, or its own name."""
    return section.species or name


def contents_of(name: str, section: CylinderSection) -> dict[str, float]:
    """Certified gases of a cylinder in nmol/mol (CO umol/mol), the main one first."""
    main = species_of(name, section)
    certified: list[tuple[str, float]] = [*section.components.items()]
    if section.value is not None:
        certified = [(main, section.value)]
    ordered = sorted(certified, key=lambda one: one[0] != main)
    return {species: value * (1e-3 if species == "co" else 1.0) for species, value in ordered}


def certified_gases(bench: BenchFile) -> dict[tuple[str, str], CylinderReference]:
    """Every certified gas of the cylinders at calibrators by cylinder and species, main gases first in each."""
    found = {}
    for name, (_, port) in cylinder_ports(bench).items():
        section = bench.cylinder[name]
        main, contents = species_of(name, section), contents_of(name, section)
        for species, value in contents.items():
            own = f"cylinder.{name}"
            no2 = 0.0 if species == "no2" else contents.get("no2", section.impurities.get("no2", 0.0))
            found[name, species] = CylinderReference(
                id=own if species == main else f"{own}.{species}", name=name, species=species, value=value,
                unit=unit_of(species), u_pct=section.u_pct_of(species), certificate=section.certificate,
                expires=section.expires, port=port, no2_impurity=no2, main=main,
                main_value=contents[main],
                stored=None if section.stored is None else section.stored * (1e-3 if main == "co" else 1.0),
            )  # fmt: skip
    return found


def named_cylinders(bench: BenchFile) -> dict[str, CylinderReference]:
    """Main gases of the cylinders at calibrators, by the cylinders' names in the file, in its order."""
    return {name: one for (name, species), one in certified_gases(bench).items() if species == one.main}


def cylinders_of(bench: BenchFile) -> dict[str, CylinderReference]:
    """What there is of each gas in the cylinders at calibrators, every certified component of a mixture too.

    Of several the first one in the file is in use that has the gas as its main one; a component counts where there is
    none.
    """
    found: dict[str, CylinderReference] = {}
    gases = certified_gases(bench).values()
    for one in sorted(gases, key=lambda gas: gas.species != gas.main):
        found.setdefault(one.species, one)
    return found


def standards_of(bench: BenchFile) -> tuple[StandardReference, ...]:
    """Certificates of the bench's reference meters and ozone standards, in the order of the file."""
    found = []
    for device, section in bench.device.items():
        if section.model == MANUAL or not section.certificate:
            continue
        entry = load(section.model)
        for quantity, its in section.certificate.items():
            step = entry.parameters.get(f"{quantity}_step")
            found.append(
                StandardReference(
                    id=f"{device}.certificate.{quantity}", device=device, kind=entry.kind, quantity=quantity,
                    unit="nmol/mol" if step is None else step.unit, u_pct=its.u_pct, u_offset=its.u_offset,
                    slope=its.slope, intercept=its.intercept, reference_c=its.reference_c, certificate=its.certificate,
                    expires=its.expires,
                )
            )  # fmt: skip
    return tuple(found)


def flows_of(
    name: str, section: UncertaintySection | None, gas_full_scale_lpm: float, zero_full_scale_lpm: float
) -> FlowReference | None:
    """The calibrator's certificate, if the bench file has one."""
    if section is None:
        return None
    return FlowReference(
        id=f"certificate.{name}", certificate=section.certificate, expires=section.expires,
        gas_flow_u_pct=section.gas_flow_u_pct, zero_flow_u_pct=section.zero_flow_u_pct,
        flow_offset_u_pct_fs=section.flow_offset_u_pct_fs, repeatability_pct=section.flow_repeatability_pct,
        repeatability_time_s=section.flow_repeatability_time,
        ozone_u_pct=section.ozone_u_pct, ozone_u_offset=section.ozone_u_offset,
        gas_full_scale_lpm=gas_full_scale_lpm, zero_full_scale_lpm=zero_full_scale_lpm,
    )  # fmt: skip
