"""What the benchmarks share: medians of rounds, one line per figure, and the floor of random numbers and filters."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from instruments import filters, signal
from instruments.filters import first_order

ROUNDS = 5

_PROBE = 2
"""Points of the step by which a lag finds out whether it is at rest."""


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser of a benchmark's arguments whose help is the benchmark's own docstring."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


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


@contextmanager
def listening() -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
    """Note, while the block runs, each portion of normals (their number) and each filtering (rows, points).

    A lag at rest is filled in and not computed (docs/decisions/0004): it is not in the floor either.
    """
    normals: list[int] = []
    shapes: list[tuple[int, int]] = []
    draw, solve = signal.Path._normals, filters.dtbsv  # noqa: SLF001 - the one place where each passes

    def drawing(path: signal.Path, number: int, count: int, stream: int = 0) -> Any:
        normals.append(count)
        return draw(path, number, count, stream)

    def solving(k: int, band: Any, outputs: Any, **how: Any) -> Any:
        if len(outputs) > _PROBE:
            shapes.append((1, len(outputs) - 1))
        return solve(k, band, outputs, **how)

    with patch.object(signal.Path, "_normals", drawing), patch.object(filters, "dtbsv", solving):
        yield normals, shapes


def floor(normals: list[int], shapes: list[tuple[int, int]]) -> Callable[[], None]:
    """The same normals and filters with no physics."""
    longest = {rows: max(n for r, n in shapes if r == rows) for rows, _ in shapes}
    inputs = {rows: np.ones((rows, n)) for rows, n in longest.items()}
    starts = {rows: np.zeros(rows) for rows in longest}

    def run() -> None:
        for number, count in enumerate(normals):
            np.random.Generator(np.random.Philox(key=1, counter=number << 192)).standard_normal(count)
        for rows, points in shapes:
            first_order(inputs[rows][:, :points], starts[rows], 0.9)

    return run
