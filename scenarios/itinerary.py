"""What a plan will ask for, level by level, and how long that should take: the ground for "time left"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.procedures.common.procedure import Stage, Unit, by_gas
from scenarios.plan_file import PlanFile, Step


@dataclass(frozen=True, slots=True)
class Block:
    """One step on one unit, or on the units that it serves together (their names, with commas)."""

    step: str
    device: str
    stages: tuple[Stage, ...]


def groups_of(step: Step, units: Sequence[Unit]) -> list[list[Unit]]:
    """Units that a step serves together, in the order in which it takes them."""
    served = [step.seen(unit) for unit in units if step.serves(unit)]
    if step.procedure.takes == "one":
        return [[unit] for unit in served]
    if step.procedure.takes == "same gas":
        return [group for _, group in by_gas(served)]
    return [served] if served else []


def names_of(units: Sequence[Unit]) -> str:
    """Names of units that are served together, as steps are announced."""
    return ", ".join(unit.name for unit in units)


def itinerary(plan: PlanFile, units: Sequence[Unit]) -> list[Block]:
    """Blocks of the plan in the order in which the engine plays them, for the units to test, in order."""
    return [
        Block(step.name, names_of(group), tuple(step.procedure.stages(group, step.parameters, plan.gas)))
        for step in plan.steps
        for group in groups_of(step, units)
    ]


class TimeLeft:
    """Bench time that a plan still needs, from the levels to go and from how long those that are done took.

    A level takes at least its shortest wait and one window. How much longer levels take in truth is learnt from the
    finished ones: the mean ratio of those on the same gas, or of all where that gas was not on yet.

    Args:
        blocks: the whole way, from :func:`itinerary`.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = list(blocks)
        self._block = -1
        self._stage = -1
        self._extra: Stage | None = None
        self._begun_s = 0.0
        self._taken: dict[str, list[float]] = {}

    @property
    def step(self) -> str:
        """The step of the plan that is going on, empty before the first."""
        return self._blocks[self._block].step if 0 <= self._block < len(self._blocks) else ""

    def begin(self, device: str, step: str, now_s: float) -> None:
        """A procedure on ``device``, or a level in it, begins at ``now_s``.

        Blocks and levels that are passed over (a unit that broke down) are not waited for any more. A level that is
        not on the way (after an adjustment, a repeated titration) leaves the rest of the way as it is.
        """
        self._finish(now_s)
        self._begun_s = now_s
        for index in range(self._block + 1, len(self._blocks)):
            block = self._blocks[index]
            if (block.device, block.step) == (device, step):
                self._block, self._stage, self._extra = index, -1, None
                return
        if not 0 <= self._block < len(self._blocks):
            return
        stages = self._blocks[self._block].stages
        for index in range(self._stage + 1, len(stages)):
            if stages[index].label == step:
                self._stage, self._extra = index, None
                return
        like = [stage for stage in stages if stage.gas]
        self._extra = like[0] if like else None

    def left_s(self, now_s: float) -> float:
        """Bench seconds until the plan's end, as far as can be told at ``now_s``."""
        if not 0 <= self._block < len(self._blocks):
            return sum(self._expected(stage) for block in self._blocks for stage in block.stages)
        rest = [*self._blocks[self._block].stages[self._stage + 1 :]]
        for block in self._blocks[self._block + 1 :]:
            rest += block.stages
        current = self._current()
        under_way = 0.0 if current is None else max(0.0, self._expected(current) - (now_s - self._begun_s))
        return under_way + sum(self._expected(stage) for stage in rest)

    def _current(self) -> Stage | None:
        if self._extra is not None:
            return self._extra
        if not 0 <= self._block < len(self._blocks) or self._stage < 0:
            return None
        return self._blocks[self._block].stages[self._stage]

    def _finish(self, now_s: float) -> None:
        stage = self._current()
        if stage is not None and stage.expected_s > 0.0:
            self._taken.setdefault(stage.gas, []).append((now_s - self._begun_s) / stage.expected_s)

    def _expected(self, stage: Stage) -> float:
        ratios = self._taken.get(stage.gas) or [ratio for some in self._taken.values() for ratio in some]
        return stage.expected_s * (sum(ratios) / len(ratios) if ratios else 1.0)
