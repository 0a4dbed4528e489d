"""Does the calibrator make more than what draws from its line? What is missing would come in by the vent: room air."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from calibration.procedures.common.procedure import Unit
from instruments.catalogue import load
from rig.bench_file import MANUAL, BenchFile
from rig.errors import ConfigurationError
from rig.host.kinds import is_analyzer
from scenarios.itinerary import groups_of
from scenarios.plan_file import PlanFile, Step

LEAST_EXCESS = 0.1
"""Part of the demand that has to leave by the vent beside it (recalled: practice of dynamic calibration, 10 % and
more; no document of this project's library was read that says it)."""

_ROUNDING = 1e-9


def flow_mistakes(
    plan: PlanFile, plan_path: Path, bench: BenchFile, units: Sequence[Unit]
) -> Iterator[ConfigurationError]:  # fmt: skip
    """Steps whose total flow is less than what the units on the line draw and a tenth more, the worst of each key.

    On the line are the units that a step serves together, and those whose sample port hangs on it: they draw from it
    all the time.
    """
    draws = _draws(bench)
    worst: dict[tuple[str, float], tuple[float, str]] = {}
    for step in plan.steps:
        if not step.procedure.gas:
            continue
        for group in groups_of(step, units):
            names = {unit.name for unit in group}
            drawing = {name: flow for name, (flow, always) in draws.items() if always or name in names}
            least = (1.0 + LEAST_EXCESS) * sum(drawing.values())
            for key, flow in _flows(plan, step, group):
                if flow < least - _ROUNDING and worst.get((key, flow), (0.0, ""))[0] < least:
                    told = " + ".join(f"{name} {its:g}" for name, its in drawing.items())
                    text = f"at least {least:.3g} L/min for step {step.name}: {told}, and a tenth more for the vent"
                    worst[key, flow] = (least, text)
    for (key, flow), (_, text) in worst.items():
        yield ConfigurationError(plan_path, key, text, f"{flow:g} L/min")


def _flows(plan: PlanFile, step: Step, group: Sequence[Unit]) -> set[tuple[str, float]]:
    """Total flows that a step asks for, L/min, with the key of the plan that says so."""
    asked = {one.total_flow for unit in group for one in step.procedure.wanted(unit, step.parameters, plan.gas)}
    common = plan.gas.total_flow
    return {
        ("gas.total_flow" if flow == common else f"{step.name}.total_flow", flow) for flow in asked or {common}
    }  # fmt: skip


def _draws(bench: BenchFile) -> dict[str, tuple[float, bool]]:
    """Sample flow of each analyzer on the calibrator's line, L/min, and whether it draws from it all the time."""
    found: dict[str, tuple[float, bool]] = {}
    for tube in bench.tube.values():
        source, name = tube.from_.partition(".")[0], tube.to.partition(".")[0]
        section = bench.device.get(name)
        if source not in bench.device or section is None or section.model == MANUAL:
            continue
        entry = load(section.model)
        if is_analyzer(entry.kind) and bench.device[source].model != MANUAL:
            always = tube.to.endswith(".sample") or found.get(name, (0.0, False))[1]
            found[name] = (entry.parameter("sample_flow"), always)
    return found
