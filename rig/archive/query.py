"""Which runs there are, and what two of them have in common: questions to an index or a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rig.archive.store import Store


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs; None where anything will do.

    Attributes:
        plan: name of the plan, or a part of it.
        device: name of a device of the bench that was tested.
        serial: of a device of the bench.
        verdict: of the run.
        since: day or time at which it began at the earliest, ISO 8601.
    """

    plan: str | None = None
    device: str | None = None
    serial: str | None = None
    verdict: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a list."""

    name: str
    started: str
    verdict: str
    plan: str
    bench: str
    simulated: bool
    tests: int
    failed: int
    devices: str


_LINE = "run.name, run.started, run.verdict, run.plan, run.bench, run.simulated, run.tests, run.failed"
_HAS = "EXISTS (SELECT 1 FROM device WHERE device.run = run.name AND {what})"


def runs(store: Store, wanted: Wanted) -> list[RunLine]:
    """Runs that are wanted, the oldest first."""
    conditions = {
        "plan": "run.plan LIKE :plan", "device": _HAS.format(what="device.name = :device AND device.tested = 1"),
        "serial": _HAS.format(what="device.serial = :serial"), "verdict": "run.verdict = :verdict",
        "since": "run.started >= :since",
    }  # fmt: skip
    values = {name: getattr(wanted, name) for name in conditions if getattr(wanted, name) is not None}
    where = " AND ".join(conditions[name] for name in values)
    if "plan" in values:
        values["plan"] = f"%{values['plan']}%"
    lines = store.select(
        f"SELECT {_LINE} FROM run {'WHERE ' + where if where else ''} ORDER BY run.started, run.name", values
    )
    tested: dict[str, list[str]] = {}
    for run, name in store.select("SELECT run, name FROM device WHERE tested = 1 ORDER BY run, name"):
        tested.setdefault(run, []).append(name)
    return [
        RunLine(name, started, verdict, plan, bench, bool(simulated), tests, failed, ",".join(tested.get(name, ())))
        for name, started, verdict, plan, bench, simulated, tests, failed in lines
    ]


@dataclass(frozen=True, slots=True)
class Difference:
    """A test of two runs; None where a run does not have it, or it has no value."""

    id: str
    unit: str
    values: tuple[float | None, float | None]
    verdicts: tuple[str | None, str | None]

    @property
    def changed(self) -> bool:
        """Whether the two did not come to the same verdict."""
        return self.verdicts[0] != self.verdicts[1]


def compared(store: Store, first: str, second: str) -> Iterator[Difference]:
    """Every test of two runs beside each other, by its id, in the order of the first."""
    found: list[dict[str, tuple[Any, ...]]] = [
        {
            row[0]: row
            for row in store.select(
                "SELECT id, unit, value, verdict FROM test WHERE run = :run ORDER BY place", {"run": run}
            )
        }
        for run in (first, second)
    ]
    for name in dict.fromkeys([*found[0], *found[1]]):
        one, other = (tests.get(name, (name, "", None, None)) for tests in found)
        yield Difference(name, one[1] or other[1], (one[2], other[2]), (one[3], other[3]))
