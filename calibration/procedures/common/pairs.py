"""Pairs of daily means, reference and candidate: from a campaign on the bench, or from other sites as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from calibration.procedures.common.context import Context
from calibration.procedures.common.fits import plain_fit
from calibration.procedures.common.parameters import Parameters
from calibration.record import Chart, Column, MeasuredData, Message, Table
from calibration.statistics.equivalence_to_reference import EquivalenceLine
from calibration.statistics.lines import OrdinaryLine

State = Literal["actual", "standard"]
PAIRS = "daily_pairs"
HERE = "here"


@dataclass(frozen=True, slots=True)
class Pair:
    """One day of one site, ug/m3. ``second_reference`` and ``second_candidate`` are those of twins; None if none."""

    site: str
    reference: float
    candidate: float
    second_reference: float | None = None
    second_candidate: float | None = None

    @property
    def x(self) -> float:
        """Mean of the references."""
        return self.reference if self.second_reference is None else 0.5 * (self.reference + self.second_reference)

    @property
    def y(self) -> float:
        """Mean of the candidates."""
        return self.candidate if self.second_candidate is None else 0.5 * (self.candidate + self.second_candidate)


class CampaignData(Parameters):
    """A campaign elsewhere, or in another season, as a plan states it: daily means in ug/m3, day by day."""

    site: str = Field(min_length=1)
    source: str = Field(min_length=1)
    reference_state: State = "actual"
    candidate_state: State = "actual"
    reference_1: list[float]
    reference_2: list[float] = Field(default_factory=list)
    candidate_1: list[float]
    candidate_2: list[float] = Field(default_factory=list)

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        for name in ("reference_2", "candidate_1", "candidate_2"):
            values = getattr(self, name)
            if (values or name == "candidate_1") and len(values) != len(self.reference_1):
                raise ValueError(f"{name} of {self.site} with as many days as reference_1 ({len(self.reference_1)})")
        if self.reference_state != self.candidate_state:
            raise ValueError(f"volumes of {self.site} in one state: bring reference and candidate to the same first")
        return self

    def pairs(self) -> list[Pair]:
        """Its days."""
        return [
            Pair(self.site, reference, self.candidate_1[day], self.reference_2[day] if self.reference_2 else None,
                 self.candidate_2[day] if self.candidate_2 else None)
            for day, reference in enumerate(self.reference_1)
        ]  # fmt: skip


def pairs_of_step(context: Context, device: str, step: str, twin: str | None = None) -> list[Pair]:
    """Pairs that an earlier step of the plan left of a device; days that do not count are left out.

    Args:
        context: of the procedure.
        device: the candidate.
        step: name of the step.
        twin: another unit of the same model, whose values of the same days go beside it.
    """
    beside = {} if twin is None else _days(context, twin, step)
    return [
        Pair(HERE, first, candidate, second, beside[day][2] if day in beside else None)
        for day, (first, second, candidate) in _days(context, device, step).items()
    ]  # fmt: skip


def _days(context: Context, device: str, step: str) -> dict[int, tuple[float, float | None, float]]:
    """By day that counts: both references and the candidate."""
    found = {}
    for entry in context.entries:
        if entry.device != device or entry.id.split("/")[1] != step or not isinstance(entry.data, MeasuredData):
            continue
        for table in entry.data.tables:
            for day, first, second, candidate, excluded in table.rows if table.key == PAIRS else []:
                if not excluded and isinstance(day, float) and isinstance(first, float):
                    assert isinstance(candidate, float)  # a day without it is excluded
                    found[round(day)] = (first, second if isinstance(second, float) else None, candidate)
    return found


def table_of_days(rows: Sequence[tuple[int, float | None, float | None, float | None, str]]) -> Table:
    """Day, both references, candidate, why the day does not count."""
    columns = [Column(key="day", decimals=0),
               *(Column(key=key, unit="ug/m3", decimals=1) for key in ("reference_1", "reference_2", "candidate")),
               Column(key="excluded")]  # fmt: skip
    shown: list[list[float | str | Message | None]] = [[float(row[0]), *row[1:]] for row in rows]
    return Table(key=PAIRS, columns=columns, rows=shown)


def scatter_chart(
    pairs: Sequence[Pair], ordinary: OrdinaryLine, orthogonal: EquivalenceLine | None, key: str = "daily_pairs"
) -> Chart:
    """Candidate over reference with the ordinary line and its band, and points along the orthogonal line."""
    x, y = [pair.x for pair in pairs], [pair.y for pair in pairs]
    top = max(x)
    names, xs, ys = ["pairs"], [x], [y]
    if orthogonal is not None:
        along = [top * place / 20.0 for place in range(21)]
        names.append("orthogonal")
        xs.append(along)
        ys.append([orthogonal.intercept + orthogonal.slope * at for at in along])
    return Chart(key=key, kind="line", x_unit="ug/m3", y_unit="ug/m3", names=names, x=xs, y=ys,
                 fit=plain_fit(ordinary, top))  # fmt: skip
