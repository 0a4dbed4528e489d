"""Reference meters, ozone standards and further cylinders that a plan names: before the run, and in its record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from calibration.procedures.common.procedure import CYLINDER, Needed, Unit
from calibration.record import Link, Reference
from rig.bench_file import BenchFile
from rig.errors import ConfigurationError
from rig.host.chains import broken_links, chains_of
from rig.host.references import CylinderReference, Supply, named_cylinders, standards_of
from scenarios.plan_file import PlanFile


def standard_mistakes(
    plan: PlanFile, plan_path: Path, bench: BenchFile, bench_path: Path, units: list[Unit], today: date
) -> Iterator[ConfigurationError]:  # fmt: skip
    """References that the plan's steps name, each told once: there, certified, and not expired."""
    spare, standards = named_cylinders(bench), standards_of(bench)
    said: set[tuple[str, str]] = set()
    for step in plan.steps:
        for unit in units:
            if not step.serves(unit):
                continue
            for one in step.procedure.rests_on(unit, step.parameters):
                key = f"{step.name}.{one.key}"
                if (key, one.name) in said:
                    continue
                said.add((key, one.name))
                if one.name.startswith(CYLINDER):
                    cylinder = spare.get(one.name.removeprefix(CYLINDER))
                    if cylinder is None:
                        expected = f"a cylinder at the calibrator of {bench_path} ({', '.join(spare) or 'none'})"
                        yield ConfigurationError(plan_path, key, expected, repr(one.name.removeprefix(CYLINDER)))
                    elif cylinder.expires < today:
                        yield expired(bench_path, cylinder.id, cylinder.expires, today)
                    continue
                own = [s for s in standards if s.device == one.name and s.quantity in one.quantities]
                if one.name not in bench.device:
                    there = ", ".join(dict.fromkeys(s.device for s in standards)) or "none"
                    yield ConfigurationError(plan_path, key, f"a reference of {bench_path} ({there})", repr(one.name))
                elif bench.device[one.name].resource is None and not bench.device[one.name].port:
                    expected = f"a port or a resource: {key} of {plan_path} reads it"
                    yield ConfigurationError(bench_path, f"device.{one.name}", expected, "none")
                elif not own:
                    expected = f"a certificate for {' or '.join(one.quantities)}: {key} of {plan_path} rests on it"
                    yield ConfigurationError(bench_path, f"device.{one.name}.certificate", expected, "none")
                elif own[0].expires < today:
                    yield expired(bench_path, f"device.{own[0].id}", own[0].expires, today)


def expired(bench_path: Path, key: str, expires: date, today: date) -> ConfigurationError:
    """The mistake of a certificate at ``key`` of a bench file that is no longer valid ``today``."""
    return ConfigurationError(bench_path, f"{key}.expires", f"a certificate that is valid on {today}",
                              f"expired on {expires}")  # fmt: skip


def chain_mistakes(
    plan: PlanFile, bench: BenchFile, bench_path: Path, units: list[Unit], cylinders: Mapping[str, CylinderReference],
    today: date,
) -> Iterator[ConfigurationError]:  # fmt: skip
    """Standards above the references in use whose certificates were not valid when they had to be."""
    gases = {unit.gas for unit in units if unit.channels}
    used = [f"certificate.{name}" for name in bench.certificate]
    for step in plan.steps:
        for unit in units:
            if step.serves(unit):
                gases |= {one.gas for one in step.procedure.wanted(step.seen(unit), step.parameters, plan.gas)}
                for one in step.procedure.rests_on(unit, step.parameters):
                    used += [one.name, *(f"{one.name}.certificate.{quantity}" for quantity in one.quantities)]
    used += [_cylinder(cylinders[gas].id) for gas in sorted(gases) if gas in cylinders]
    for broken in broken_links(bench, used, today):
        expected = f"a certificate that was valid on {broken.needed}, when it was needed"
        yield ConfigurationError(bench_path, f"{broken.key}.expires", expected, f"expired on {broken.expires}")


def with_chains(references: Iterable[Reference], bench: BenchFile) -> list[Reference]:
    """The references of a record with the standards above them, as the bench file states them."""
    stated = chains_of(bench)
    found = []
    for reference in references:
        key = _cylinder(reference.id) if reference.kind == "cylinder" else reference.id
        chain = [
            Link(standard=link.standard, certificate=link.certificate,
                 expires=None if link.expires is None else link.expires.isoformat())
            for link in stated.get(key, ())
        ]  # fmt: skip
        found.append(reference.model_copy(update={"chain": chain}))
    return found


def _cylinder(reference: str) -> str:
    """Key of a cylinder in the bench file, from the id of one of its gases."""
    return ".".join(reference.split(".")[:2])


def cylinder_used(cylinder: CylinderReference, *, emulated: bool) -> Reference:
    """A cylinder as a record names it."""
    return Reference(
        id=cylinder.id, kind="cylinder", species=cylinder.species, value=cylinder.value, unit=cylinder.unit,
        u=cylinder.u, certificate=cylinder.certificate, expires=cylinder.expires.isoformat(), emulated=emulated,
    )  # fmt: skip


def standards_used(needed: Iterable[Needed], supply: Supply, *, emulated: bool) -> list[Reference]:
    """The same references as a record names them, each once."""
    found: dict[str, Reference] = {}
    for one in needed:
        if one.name.startswith(CYLINDER):
            c = supply.spare[one.name.removeprefix(CYLINDER)]
            found[c.id] = cylinder_used(c, emulated=emulated)
            continue
        s = supply.certified(one.name, *one.quantities)
        # A meter's certificate states no one value: what is stated is its uncertainty, in per cent of the reading.
        found[s.id] = Reference(
            id=s.id, kind=s.kind, species=s.quantity, value=100.0, unit="%", u=s.u_pct, certificate=s.certificate,
            expires=s.expires.isoformat(), emulated=emulated,
        )  # fmt: skip
    return list(found.values())
