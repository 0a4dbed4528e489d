"""What the benchmarks share: medians of rounds, and one line per figure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

ROUNDS = 5


def rounds(runners: Sequence[Callable[[], float]], count: int = ROUNDS) -> list[float]:
    """Let every runner run ``count`` times, by turns so that a busy spell hits all alike; return their medians."""
    taken: list[list[float]] = [[] for _ in runners]
    for _ in range(count):
        for runner, values in zip(runners, taken, strict=True):
            values.append(runner())
    return [statistics.median(values) for values in taken]


def verdict(what: str, figure: float, target: float, unit: str = "", *, at_most: bool = False) -> bool:
    """Print a figure with its target; return whether it is met."""
    met = figure <= target if at_most else figure >= target
    sign = "<=" if at_most else ">="
    print(f"{'met' if met else 'NOT MET':8} {what}: {figure:.3g}{unit} (target {sign} {target:g}{unit})")
    return met
