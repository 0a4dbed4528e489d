"""The budget of a result as a table: what counts, what does not, what cancels."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.record import BudgetLine, Test
from reports import numbers

_NEGLIGIBLE = 1e-12  # share of the variance below which a contribution is the computer's rounding


@dataclass(frozen=True)
class Row:
    """One source that counts, its numbers as printed."""

    line: BudgetLine
    sensitivity: str
    contribution: str
    share: str


@dataclass(frozen=True)
class BudgetTable:
    """Sources that count, those that this result does not depend on, those that cancel, and the sums."""

    rows: tuple[Row, ...]
    idle: tuple[str, ...]
    cancelling: tuple[BudgetLine, ...]
    expanded: float | None
    k: float | None


def budget_table(test: Test) -> BudgetTable:
    """Return the budget of ``test``, with each source's share of the variance.

    A source may stand in the budget of a whole procedure and yet not touch this result (a cylinder at zero gas):
    it is named once among the idle ones instead of filling a row with noughts.
    """
    counted = [line for line in test.budget if not line.cancels]
    total = sum(line.contribution**2 for line in counted)
    places = min(numbers.MOST_PLACES, numbers.places_for(test.u or total**0.5, 2) + 1)
    rows, idle = [], []
    for line in counted:
        share = line.contribution**2 / total if total > 0 else 0.0
        if share < _NEGLIGIBLE:
            idle.append(line.source)
            continue
        part = numbers.fixed_or_less(abs(line.contribution), places)
        rows.append(Row(line, numbers.significant(line.sensitivity, 3), part, numbers.share(share)))
    active = {row.line.source for row in rows}
    expanded = numbers.half_width(test.interval, test.value)
    return BudgetTable(
        rows=tuple(rows),
        idle=tuple(source for source in dict.fromkeys(idle) if source not in active),
        cancelling=tuple({(line.source, line.basis.key): line for line in test.budget if line.cancels}.values()),
        expanded=expanded,
        k=None if expanded is None or not test.u else expanded / test.u,
    )
