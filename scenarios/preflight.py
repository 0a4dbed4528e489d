"""Before gas flows: can this bench carry this plan? References there and valid, levels that can be made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from calibration.criteria import Judge
from calibration.procedures.common.procedure import Equipment, Unit, Wanted
from instruments.air import Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.supply.calibrator import Calibrator
from instruments.supply.cylinder import Cylinder
from rig.bench_file import CYLINDER, MANUAL, BenchFile
from rig.cells import cells_of
from rig.errors import ConfigurationError, ConfigurationErrors
from rig.host.kinds import channels_of, is_analyzer
from rig.host.references import CylinderReference, cylinders_of
from scenarios.flow_demand import flow_mistakes
from scenarios.itinerary import TimeLeft, groups_of, itinerary, names_of
from scenarios.plan_file import PlanFile
from scenarios.standards import chain_mistakes, expired, standard_mistakes
from scenarios.units import chosen_units


def check_plan(
    plan: PlanFile, plan_path: Path, bench: BenchFile, bench_path: Path, devices: tuple[str, ...], today: date
) -> None:
    """Check everything that can be known without asking a device.

    Args:
        plan: what will be done.
        plan_path: its file, for messages.
        bench: a bench without mistakes.
        bench_path: its file, for messages.
        devices: analyzers to test; all if empty.
        today: date on the bench, by which certificates must be valid.

    Raises:
        ConfigurationErrors: all that is missing, expired or impossible.
    """
    kinds = {name: MANUAL if section.model == MANUAL else load(section.model).kind
             for name, section in bench.device.items()}  # fmt: skip
    analyzers = [name for name, kind in kinds.items() if is_analyzer(kind)]
    units = chosen_units(plan, bench, devices)
    testable = [unit.name for unit in chosen_units(plan, bench)]
    errors = [
        ConfigurationError(
            "--device", "", f"a device of {bench_path} that the plan tests ({', '.join(testable)})", repr(name)
        )
        for name in devices
        if name not in testable
    ]
    tested = [unit.name for unit in units if unit.channels]
    if not analyzers and not units:
        errors.append(ConfigurationError(bench_path, "device", "an analyzer to test", "none"))
    elif plan.units == "backups" and not testable:
        expected = f"a device with [device.X.backup]: {plan_path} tests units that stand in for others"
        errors.append(ConfigurationError(bench_path, "device", expected, "none"))
    elif not units and not errors:
        expected = f"a device that a step of {plan_path} is for"
        if plan.kinds:
            expected = f"an analyzer of kind {' or '.join(plan.kinds)} to test, for which {plan_path} is"
        errors.append(ConfigurationError(bench_path, "device", expected, "none"))
    errors += _papers(plan, bench, bench_path, units)
    errors += _pieces(plan, bench, bench_path, units, today)
    calibrators = [name for name, kind in kinds.items() if kind in ("calibrator", MANUAL)]
    with_gas = not units or any(unit.needs_gas for unit in units)
    if len(calibrators) > 1 or (with_gas and not calibrators):
        expected = f'one calibrator (a model of that kind, or model = "{MANUAL}")'
        found = f"{len(calibrators)} of them" if calibrators else "none"
        errors.append(ConfigurationError(bench_path, "device", expected, found))
    cylinders = cylinders_of(bench)
    last = _last_day(plan, units, today)
    errors += _references(bench, bench_path, tested, calibrators if with_gas else [], cylinders, last)
    errors += _further_gases(plan, plan_path, bench_path, units, cylinders, last)
    errors += standard_mistakes(plan, plan_path, bench, bench_path, units, last)
    errors += chain_mistakes(plan, bench, bench_path, units, cylinders, last)
    errors += _limits(plan, plan_path, units, testable)
    errors += flow_mistakes(plan, plan_path, bench, units)
    errors += _equipment(plan, bench, bench_path, units, set(kinds.values()), cylinders)
    for name in tested:
        reached = [tube for tube in bench.tube.values() if tube.to.partition(".")[0] == name]
        if bench.device[name].resource is None and not reached:
            errors.append(ConfigurationError(bench_path, "tube", f"a tube from the calibrator to {name}", "none"))
    if len(calibrators) == 1 and kinds[calibrators[0]] != MANUAL:
        box = _trial(bench, calibrators[0], cylinders)
        impossible: dict[tuple[str, str, str], ConfigurationError] = {}
        for unit in units:
            for key, asked in _wanted(plan, unit):
                if asked.gas != "o3" and asked.gas not in cylinders:
                    continue  # said already
                refused = _refused(box, asked, cylinders)
                if refused is not None:
                    expected = f"a level that {calibrators[0]} can make ({refused.detail})"
                    found = f"{asked.percent:g} % of full scale of {unit.name}, {asked.shown}"
                    impossible.setdefault((key, unit.name, refused.detail),
                                          ConfigurationError(plan_path, key, expected, found))  # fmt: skip
        errors += impossible.values()
    if errors:
        raise ConfigurationErrors(errors)


def _last_day(plan: PlanFile, units: list[Unit], today: date) -> date:
    """The earliest day on which the plan can end: a certificate must be valid until then."""
    return today + timedelta(seconds=TimeLeft(itinerary(plan, units)).left_s(0.0))


def _references(
    bench: BenchFile, bench_path: Path, tested: list[str], calibrators: list[str],
    cylinders: dict[str, CylinderReference], today: date,
) -> Iterator[ConfigurationError]:  # fmt: skip
    seen: set[str] = set()
    for name in tested:
        gas = channels_of(load(bench.device[name].model))[0].gas
        if gas == "o3" or gas in seen:
            continue  # the calibrator's own generator and photometer make it
        seen.add(gas)
        if gas not in cylinders:
            yield ConfigurationError(bench_path, f"cylinder.{gas}", f"a cylinder of {gas} for {name}", "none")
        elif cylinders[gas].expires < today:
            yield expired(bench_path, f"{CYLINDER}{cylinders[gas].name}", cylinders[gas].expires, today)
    for name in calibrators:
        certificate = bench.certificate.get(name)
        if certificate is not None and certificate.expires < today:
            yield expired(bench_path, f"certificate.{name}", certificate.expires, today)


def _further_gases(
    plan: PlanFile, plan_path: Path, bench_path: Path, units: list[Unit], cylinders: dict[str, CylinderReference],
    today: date,
) -> Iterator[ConfigurationError]:  # fmt: skip
    """Gases that steps ask for beside those which the units are calibrated with: there, and certified."""
    own, said = {unit.gas for unit in units if unit.channels} | {"o3"}, set[str]()
    for step in plan.steps:
        for gas in dict.fromkeys(
            asked.gas for unit in units if step.serves(unit)
            for asked in step.procedure.wanted(step.seen(unit), step.parameters, plan.gas)
        ):  # fmt: skip
            if gas in own or gas in said:
                continue
            said.add(gas)
            if gas in cylinders and cylinders[gas].expires < today:
                yield expired(bench_path, cylinders[gas].id, cylinders[gas].expires, today)
            elif gas not in cylinders and gas == step.gas:  # else the procedure itself says that it is missing
                expected = f"a cylinder of {gas} ({step.name}.gas of {plan_path} asks for it)"
                yield ConfigurationError(bench_path, f"cylinder.{gas}", expected, "none")


def _papers(plan: PlanFile, bench: BenchFile, bench_path: Path, units: list[Unit]) -> Iterator[ConfigurationError]:
    """What the plan's steps need to know of the units that backups stand in for."""
    for unit in units:
        steps = [step for step in plan.steps if not step.devices or unit.name in step.devices]
        for key in dict.fromkeys(key for step in steps for key in step.procedure.papers):
            if getattr(bench.device[unit.name].backup, key, None) is None:
                expected = f"{key} of the unit that {unit.name} stands in for"
                yield ConfigurationError(bench_path, f"device.{unit.name}.backup.{key}", expected, "none")


def _pieces(
    plan: PlanFile, bench: BenchFile, bench_path: Path, units: list[Unit], today: date
) -> Iterator[ConfigurationError]:
    """Foils and weighed filters of units whose certificates are all over; one of another unit the procedure finds."""
    for unit in units:
        if not any(step.procedure.own_piece and step.serves(unit) for step in plan.steps):
            continue
        section = bench.device[unit.name]
        own = {name: its for name, its in section.plate.piece.items() if its.serial == section.serial}
        if own and all(its.expires < today for its in own.values()):
            name = max(own, key=lambda its: own[its].expires)
            yield expired(bench_path, f"device.{unit.name}.plate.piece.{name}", own[name].expires, today)


def _limits(plan: PlanFile, plan_path: Path, units: list[Unit], testable: list[str]) -> Iterator[ConfigurationError]:
    """Whether the plan's documents have a limit for everything that will be judged, and its steps for these units."""
    judge = Judge(plan.documents, plan.decision_rule)
    for step in plan.steps:
        for device in step.devices:
            if device not in testable:
                expected = f"analyzers of the bench ({', '.join(sorted(testable))})"
                yield ConfigurationError(plan_path, f"{step.name}.devices", expected, repr(device))
        for unit in units:
            if not step.serves(unit):
                continue
            for judged in step.procedure.judged(step.seen(unit), step.parameters):
                for short in judged.criteria:
                    full = f"{step.procedure.name}.{short}"
                    if full not in step.criteria:
                        continue
                    try:
                        judge.criterion(full).limits(unit.full_scale, judged.quantity)
                    except KeyError:
                        expected = f"a limit for {judged.quantity} in {full}"
                        yield ConfigurationError(plan_path, f"{step.name}.criteria", expected, "none")


def _equipment(
    plan: PlanFile, bench: BenchFile, bench_path: Path, units: list[Unit], kinds: set[str],
    cylinders: dict[str, CylinderReference],
) -> Iterator[ConfigurationError]:  # fmt: skip
    """What the plan's steps need beside gas for their units: apparatus, further gases, lines, enough units."""
    ports: dict[str, frozenset[str]] = {
        unit.name: frozenset(port for tube in bench.tube.values()
                             for device, _, port in [tube.to.partition(".")] if device == unit.name)
        for unit in units
    }  # fmt: skip
    cells: dict[str, frozenset[str]] = {}
    for name, cell in cells_of(bench).items():
        cells[cell.device] = cells.get(cell.device, frozenset()) | {name}
    there = Equipment(frozenset(kinds), frozenset({*cylinders, "o3"}), ports, cells)
    said: set[str] = set()
    for step in plan.steps:
        for group in groups_of(step, units):
            for one in step.procedure.missing(group, step.parameters, there):
                if one.expected not in said:
                    said.add(one.expected)
                    expected = f"{one.expected} (step {step.name}, {names_of(group)})"
                    yield ConfigurationError(bench_path, one.key, expected, one.found)


def _wanted(plan: PlanFile, unit: Unit) -> Iterator[tuple[str, Wanted]]:
    """Every gas that the plan asks for this analyzer, zero left out, with the key that asks for it."""
    for step in plan.steps:
        if step.serves(unit):
            for wanted in step.procedure.wanted(step.seen(unit), step.parameters, plan.gas):
                yield f"{step.name}.{wanted.key}", wanted


def _trial(bench: BenchFile, name: str, cylinders: dict[str, CylinderReference]) -> Calibrator:
    """A box of the bench's calibrator's model with the bench's cylinders, to be asked what it refuses."""
    box = build_unit(load(bench.device[name].model), name, 0)
    assert isinstance(box, Calibrator)  # its kind has been looked at
    hung = {one.port: one for one in cylinders.values()}
    for port, cylinder in hung.items():
        contents = {Species[one.species.upper()]: one.value for one in cylinders.values() if one.name == cylinder.name}
        main = Species[cylinder.main.upper()]
        contents.pop(main, None)
        made_for = Cylinder(main, cylinder.main_value, 2.0 * cylinder.u_pct, others=contents)
        box.connect_cylinder(port, made_for, cylinder.stored)
    return box


def _refused(box: Calibrator, asked: Wanted, cylinders: dict[str, CylinderReference]) -> Refused | None:
    """Why the calibrator cannot make this, or None if it can. Commands as the host's handle sends them."""
    settings: dict[str, Value] = {"calibrator_mode": "standby", "total_flow": asked.total_flow}
    if asked.gas == "o3":
        settings |= {"ozone": asked.value}
        mode = "ozone"
    else:
        cylinder = cylinders[asked.gas]
        main = asked.value * cylinder.main_per_one
        settings |= {"gas": cylinder.port, "concentration": main, "ozone": asked.ozone or 0.0}
        mode = "span" if asked.ozone is None else "gpt"
    try:
        for setting, value in (*settings.items(), ("calibrator_mode", mode)):
            box.apply(0, Command(setting, value))
    except Refused as refused:
        return refused
    return None
