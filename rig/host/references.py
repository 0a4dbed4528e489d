"""References: which gases and standards a bench has, how well they are known, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from instruments.catalogue import load
from rig.bench_file import MANUAL, BenchFile, CylinderSection, UncertaintySection, cylinder_ports
from rig.host.calibrator import Source

if TYPE_CHECKING:
    from rig.cells import CellReference


@dataclass(frozen=True, slots=True)
class CylinderReference:
    """A certified cylinder. ``value`` and ``impurity`` in nmol/mol (CO umol/mol), ``u_pct`` a standard uncertainty."""

    id: str
    species: str
    value: float
    unit: str
    u_pct: float
    certificate: str
    expires: date
    port: str
    no2_impurity: float
    stored: float | None

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
        cylinders: by main species, the first one of each in the bench file.
        flows: the calibrator's certificate.
        spare: cylinders at the calibrator by their names in the bench file, those of :attr:`cylinders` too.
        standards: certificates of reference meters and ozone standards, several for a device of several quantities.
        epoch: calendar time of bench time 0.
        gas_full_scale_lpm, zero_full_scale_lpm: of the calibrator's controllers.
        cells: calibration cells of open paths, by the names that insert them.
    """

    source: Source
    cylinders: Mapping[str, CylinderReference]
    flows: FlowReference | None
    spare: Mapping[str, CylinderReference] = field(default_factory=dict)
    standards: tuple[StandardReference, ...] = ()
    epoch: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    gas_full_scale_lpm: float = 0.1
    zero_full_scale_lpm: float = 10.0
    cells: Mapping[str, CellReference] = field(default_factory=dict)

    def cylinder(self, species: str) -> CylinderReference:
        """The cylinder of ``species``. Raises KeyError if the bench has none."""
        return self.cylinders[species]

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


def named_cylinders(bench: BenchFile) -> dict[str, CylinderReference]:
    """The cylinders at calibrators, by their names in the file, in its order."""
    found: dict[str, CylinderReference] = {}
    for name, (_, port) in cylinder_ports(bench).items():
        section = bench.cylinder[name]
        species = species_of(name, section)
        scale, unit = (1e-3, "umol/mol") if species == "co" else (1.0, "nmol/mol")
        found[name] = CylinderReference(
            id=f"cylinder.{name}", species=species, value=contents_of(name, section)[species], unit=unit,
            u_pct=section.u_pct, certificate=section.certificate, expires=section.expires, port=port,
            no2_impurity=section.impurities.get("no2", 0.0),
            stored=None if section.stored is None else section.stored * scale,
        )  # fmt: skip
    return found


def cylinders_of(bench: BenchFile) -> dict[str, CylinderReference]:
    """The cylinders at calibrators, by main species: what a calibrator is told of a mixture is its main gas.

    Where two have the same main gas, the first one in the file is the one in use.
    """
    found: dict[str, CylinderReference] = {}
    for cylinder in named_cylinders(bench).values():
        found.setdefault(cylinder.species, cylinder)
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
