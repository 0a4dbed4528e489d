"""The table of faults in docs/faults.md, made by running each of them: what moves, by how much, after how long.

``python benchmarks/fault_table.py`` plays each fault on each design that it befalls, in the setting of the twin-run
tests, against the same run without it. Whatever differs is listed; nothing in the table is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from fault_settings import CLOCKS, SETTINGS, gas_twins, setting_of  # it stands beside this file
from measuring import parser_of

from instruments.catalogue import load, models
from rig.fault_library import library

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
MOST = 5
ROUNDING = 1e-11
"""Part of a column's largest value up to which twins differ by rounding only."""


@dataclass(frozen=True)
class Row:
    """One fault on one design: the largest differences, in the observable's own unit, and when they began."""

    fault: str
    design: str
    moved: tuple[tuple[str, float, float, str, float], ...]  # name, largest, of typical size, unit, minutes
    texts: tuple[str, ...]


def run(case: tuple[str, str]) -> Row:
    """Run one fault on one design."""
    fault, design = case
    twins = setting_of(fault, design).play(fault, design)
    moved, texts = [], []
    for name, before in twins.sound.items():
        after = twins.ill[name]
        if isinstance(before, list):
            found = _last(before, after)
            if found is not None:
                texts.append(f"{name} {found}".strip())
            continue
        if before.dtype.kind not in "fiub":
            if not np.array_equal(before, after):
                texts.append(name)
            continue
        size, difference = _difference(before.astype(float), after.astype(float))
        differs = np.flatnonzero(difference > 0.0)
        if len(differs):
            minutes = twins.began_min(name, int(differs[0]))
            moved.append((name, float(np.max(difference)), size, twins.units.get(name, ""), minutes))
    moved.sort(key=lambda one: -one[1] / max(one[2], 1e-9))
    return Row(fault, design, tuple(moved), tuple(texts))


def _difference(before: Any, after: Any) -> tuple[float, Any]:
    """Usual size of a column, and how far apart the twins are: without bound where only one of them has a value.

    What the order of summing alone makes different is no difference.
    """
    gone = np.isnan(before) != np.isnan(after)
    first, second = np.nan_to_num(before), np.nan_to_num(after)
    difference = np.abs(second - first)
    largest = max(np.max(np.abs(first), initial=0.0), np.max(np.abs(second), initial=0.0))
    difference = np.where(gone, np.inf, np.where(difference > ROUNDING * largest, difference, 0.0))
    return (float(np.nanmedian(np.abs(before))) if np.isfinite(before).any() else 0.0), difference


def _last(before: list[Any], after: list[Any]) -> str | None:
    """A setting's two values where they differ first; nothing for a log; None if they never differ."""
    for one, other in zip(before, after, strict=True):
        if one != other:
            return "" if isinstance(one, tuple) else f"{_amount(one)} -> {_amount(other)}"
    return None


@cache
def model_of(design: str) -> str:
    """A model of a design: the one that the twins are, or the first."""
    return gas_twins.MODELS.get(design) or next(name for name in models() if load(name).design == design)


def cases() -> list[tuple[str, str]]:
    """Faults and designs, in the order of the settings and of the library."""
    return [
        (name, design)
        for setting in SETTINGS
        for design in setting.designs
        for name, fault in library().items()
        if fault.befalls(design)
    ]


_HEAD = """\
# Faults, and what they move

Made by `python benchmarks/fault_table.py`: each fault of the library at its typical severity, in the setting in which
the twin-run tests show it, against the same run without it. Given are the largest difference of each observable (the
{most} that moved most, compared with their usual size), the minutes from the onset until it first differed, and
settings with the value of the healthy and of the ill twin. What is not named, or counted as more, did not differ by
more than rounding ({rounding:g} of its largest value). `gone` means that one of the twins shows no value. An alarm that
differs is told as `alarms`.

The settings:

{settings}
"""


def table(rows: list[Row]) -> Iterator[str]:
    """The page, line by line."""
    words = "\n".join(f"- {', '.join(map(model_of, one.designs))}: they {one.words}." for one in (*SETTINGS, CLOCKS))
    yield _HEAD.format(most=MOST, settings=words, rounding=ROUNDING)
    design = None
    for row in rows:
        if row.design != design:
            design = row.design
            yield f"\n## {model_of(design)}\n\n| fault | severity | what moved |\n| --- | --- | --- |"
        parts = [f"{n} {_amount(d)}{_unit(u)} ({m:.0f} min)" for n, d, _, u, m in row.moved[:MOST]]
        if len(row.moved) > MOST:
            parts.append(f"{len(row.moved) - MOST} more")
        parts += row.texts
        fault = library()[row.fault]
        severity = "" if fault.severity is None else f"{fault.severity.typical:g}{_unit(fault.severity.unit)}"
        yield f"| {row.fault}: {fault.text_en} | {severity} | {'; '.join(parts) or 'nothing'} |"


def _unit(unit: str) -> str:
    return "" if unit in ("", "1") else f" {unit}"


def _amount(value: Any) -> str:
    if isinstance(value, bool | str) or not isinstance(value, int | float):
        return str(value)
    return "gone" if value == np.inf else f"{value:.3g}"


def main() -> None:
    parser_of(__doc__).parse_args()
    todo = cases()
    done = []
    with ProcessPoolExecutor(2) as pool:
        for row in pool.map(run, todo, chunksize=8):
            done.append(row)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{len(done)} of {len(todo)}")
    PAGE.write_text("\n".join(table(done)) + "\n", encoding="utf-8")
    print(f"{len(done)} runs, {sum(not row.moved and not row.texts for row in done)} moved nothing: {PAGE}")


if __name__ == "__main__":
    main()
