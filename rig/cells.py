"""The ``[cell.X]`` of a bench file: held against the bench, laid beside their open path, and known to a host."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from instruments.air import Species
from instruments.errors import ConfigurationError
from instruments.gas.calibration_cell import CalibrationCell
from instruments.gas.doas import OpenPath
from instruments.gas.doas_hidden import NAMES, NO_CELL
from instruments.supply.bottle import GasBottle
from rig.bench_file import CYLINDER, BenchFile, CellSection, kind_of
from rig.gas_lines import content
from rig.host.references import contents_of

if TYPE_CHECKING:
    from rig.bench import Instrument

_KIND = "doas"


@dataclass(frozen=True, slots=True)
class CellReference:
    """A calibration cell as a host knows it.

    Attributes:
        id: its section in the bench file.
        device: the open path that it belongs to.
        length_m: length between its windows.
        components: certified mole fractions by species, nmol/mol.
        u_pct: standard uncertainty of gas and length together, %.
        certificate, expires: of the cell, or of the cylinder that it was filled from.
    """

    id: str
    device: str
    length_m: float
    components: Mapping[str, float]
    u_pct: float
    certificate: str
    expires: date

    def equivalent(self, species: str, path_m: float) -> float:
        """What it is on a path of ``path_m``, nmol/mol: c_cell l / L. Raises KeyError for a gas that is not in it."""
        return self.components[species] * self.length_m / path_m


def cells_of(file: BenchFile) -> dict[str, CellReference]:
    """The cells of a bench, by name."""
    found = {}
    for name, section in file.cell.items():
        source = None if section.cylinder is None else file.cylinder[section.cylinder]
        measured = _measured(_certified(file, section))
        u_pct = (
            section.u_pct if source is None else max((source.u_pct_of(gas) for gas in measured), default=source.u_pct)
        )
        certificate, expires = (section if source is None else source).certificate, (source or section).expires
        assert u_pct is not None and certificate is not None and expires is not None  # noqa: PT018 - the section's form
        found[name] = CellReference(
            f"cell.{name}", _owner(file, section), section.length, measured,
            math.hypot(u_pct, section.length_u_pct), certificate, expires,
        )  # fmt: skip
    return found


def lay_cells(file: BenchFile, instruments: Mapping[str, Instrument]) -> None:
    """Fill every cell, as its cylinder is at the epoch, and lay it beside its open path."""
    for name, section in file.cell.items():
        owner = instruments.get(_owner(file, section))
        if owner is None:
            continue  # a real one: nothing of it is simulated
        assert isinstance(owner.device, OpenPath)  # cell_mistakes has seen to it
        certified = {Species[label.upper()]: value for label, value in _certified(file, section).items()}
        if section.cylinder is None:
            true = [certified.get(species, 0.0) for species in Species]
        else:
            bottle = instruments.get(f"{CYLINDER}{section.cylinder}")
            if bottle is not None and isinstance(bottle.device, GasBottle):
                true = bottle.device.gas.gas(0, 1).fractions[:, 0].tolist()
            else:
                true = content(section.cylinder, file.cylinder[section.cylinder]).composition().tolist()
        filled = np.array(true) * (1.0 + section.hidden.deviation_pct / 100.0)
        owner.device.offer_cell(name, CalibrationCell(section.length, certified, filled))


def _owner(file: BenchFile, section: CellSection) -> str:
    return section.device or next((name for name in file.device if kind_of(file, name) == _KIND), "")


def _certified(file: BenchFile, section: CellSection) -> dict[str, float]:
    """Certified gases by species, nmol/mol (CO umol/mol)."""
    if section.cylinder is None:
        return {str(name): value for name, value in section.components.items()}
    return contents_of(section.cylinder, file.cylinder[section.cylinder])


def _measured(certified: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in certified.items() if name in NAMES}


# -- checks ------------------------------------------------------------------------------------------------------------


def cell_mistakes(file: BenchFile, where: str, known: Collection[str]) -> Iterator[ConfigurationError]:
    """Everything in ``[cell.X]`` that does not fit the bench; ``known`` are the devices that the file names."""
    paths = [name for name in file.device if kind_of(file, name) == _KIND]
    for name, section in file.cell.items():
        key = f"cell.{name}"
        if name == NO_CELL or not name.isprintable() or " " in name:
            yield ConfigurationError(where, key, f"a name in one word, other than {NO_CELL}", repr(name))
        if section.device and section.device not in paths:
            expected = f"an open path of this bench ({', '.join(paths) or 'none'})"
            if section.device not in known or section.device in file.device:
                yield ConfigurationError(where, f"{key}.device", expected, repr(section.device))
        elif not section.device and len(paths) != 1:
            expected = f"the open path that it belongs to, one of {', '.join(paths)}" if paths else "an open path"
            yield ConfigurationError(where, f"{key}.device", expected, "nothing")
        if section.cylinder is None:
            continue
        if section.cylinder not in file.cylinder:
            there = ", ".join(file.cylinder) or "none"
            yield ConfigurationError(where, f"{key}.cylinder", f"a cylinder of this bench ({there})",
                                     repr(section.cylinder))  # fmt: skip
        elif not _measured(_certified(file, section)):
            expected = f"a cylinder with one of {', '.join(NAMES)}, which an open path measures"
            yield ConfigurationError(where, f"{key}.cylinder", expected, repr(section.cylinder))


def inserted_mistakes(
    file: BenchFile, where: str, key: str, name: str, settings: Mapping[str, object]
) -> Iterator[ConfigurationError]:
    """Among ``settings`` of the device ``name`` (they stand at ``key``), a cell that is not laid beside it."""
    wanted = settings.get("cell")
    if wanted is None or kind_of(file, name) != _KIND:
        return
    there = [NO_CELL, *(cell for cell, section in file.cell.items() if _owner(file, section) == name)]
    if wanted not in there:
        yield ConfigurationError(where, f"{key}.cell", f"a cell of this open path ({', '.join(there)})", repr(wanted))
