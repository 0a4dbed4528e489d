"""Demonstration of equivalence: between-sampler uncertainties, orthogonal line, expanded uncertainty at the limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.pairs import CampaignData, Pair, pairs_of_step, scatter_chart
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Unit
from calibration.record import Column, MeasuredData, Message, Table, Test
from calibration.statistics.equivalence_to_reference import (
    BetweenSampler,
    EquivalenceSubset,
    between_sampler_uncertainty,
    equivalence_subsets,
)
from calibration.statistics.regression import ordinary_least_squares
from rig.host.kinds import MONITOR

NAME = "equivalence_test"
UNIT = "ug/m3"
_ALL, _ABOVE = "all", "above threshold"


class EquivalenceTestPlan(Parameters):
    """What a plan may set of it.

    ``step`` is the one whose days count, ``campaigns`` are those of other sites and seasons. ``limit_value`` and
    ``threshold`` are in ug/m3. Where there are two references, the mean of both is the reference value.
    """

    step: str = "manual_comparison"
    campaigns: list[CampaignData] = Field(default_factory=list)
    twins: dict[str, str] = Field(default_factory=dict, description="by unit, the other one of its model beside it")
    quantity: Literal["pm10", "pm25"] = "pm25"
    limit_value: float = Field(default=30.0, gt=0)
    threshold: float = Field(default=17.0, gt=0)
    u_reference: float = Field(default=0.67, ge=0, description="of one reference value, where there are no duplicates")
    least_in_subset: int = Field(default=5, ge=3)


class EquivalenceTest(Procedure[EquivalenceTestPlan]):
    """Reckon from the days that an earlier step measured, with those of other campaigns."""

    name = NAME
    parameters = EquivalenceTestPlan
    criteria: ClassVar[Mapping[str, str]] = {
        "pairs": "1", "share_above": "%", "reference_between": UNIT, "candidate_between": UNIT, "expanded": "%",
        "expanded_high": "%", "expanded_site": "%",
    }  # fmt: skip
    gas = False

    def serves(self, unit: Unit) -> bool:
        """A particle monitor."""
        return unit.kind == MONITOR

    def judged(self, unit: Unit, parameters: EquivalenceTestPlan) -> list[Judged]:
        """The size that is compared."""
        return [Judged(parameters.quantity, UNIT, tuple(self.criteria))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: EquivalenceTestPlan) -> list[Outcome]:
        """Reckon, and judge."""
        [unit] = units
        pairs = pairs_of_step(context, unit.name, parameters.step, parameters.twins.get(unit.name))
        pairs += [pair for campaign in parameters.campaigns for pair in campaign.pairs()]
        subject = context.subject(unit.name, parameters.quantity, UNIT, 0.0)
        if len(pairs) < parameters.least_in_subset:
            missing = Message(key="comparison.too_few_days",
                              values={"found": len(pairs), "least": parameters.least_in_subset})  # fmt: skip
            tests = [context.judge.no_result(f"{NAME}.{short}", subject, "not tested", missing)
                     for short in self.criteria]  # fmt: skip
            return [Outcome(unit.name, parameters.quantity, None, tests, [missing])]
        x, y, sites = [pair.x for pair in pairs], [pair.y for pair in pairs], [pair.site for pair in pairs]
        references = _between([(its.reference, its.second_reference) for its in pairs])
        candidates = _between([(its.candidate, its.second_candidate) for its in pairs])
        # EN 16450 takes the mean of two references: its uncertainty is theirs over the root of two (recalled).
        u_reference = parameters.u_reference if references is None else references.u / 2.0**0.5
        subsets = equivalence_subsets(x, y, sites, u_reference, parameters.limit_value, parameters.threshold,
                                      parameters.least_in_subset)  # fmt: skip
        by_name = {its.name: its for its in subsets}
        counts = {site: sites.count(site) for site in dict.fromkeys(sites)}
        above = 100.0 * sum(value >= parameters.threshold for value in x) / len(x)
        judge, n = context.judge, len(pairs)

        def absent(short: str, key: str) -> Test:
            reason = Message(key=key, values={"least": parameters.least_in_subset})
            return judge.no_result(f"{NAME}.{short}", subject, "not tested", reason)

        tests = [
            judge.judge(f"{NAME}.pairs", subject, value=float(min(counts.values())), budget=None, n=n),
            judge.judge(f"{NAME}.share_above", subject, value=above, budget=None, n=n),
            absent("reference_between", "equivalence.no_duplicates") if references is None
            else judge.judge_deviation(f"{NAME}.reference_between", subject, s=references.u, dof=references.n,
                                       n=references.n),
            absent("candidate_between", "equivalence.no_duplicates") if candidates is None
            else judge.judge_deviation(f"{NAME}.candidate_between", subject, s=candidates.u, dof=candidates.n,
                                       n=candidates.n),
        ]  # fmt: skip
        at_sites = [its for its in subsets if its.name in counts]
        chosen = {
            "expanded": by_name[_ALL], "expanded_high": by_name.get(_ABOVE),
            "expanded_site": max(at_sites, key=lambda its: its.result.relative_expanded_percent, default=None),
        }  # fmt: skip
        for short, subset in chosen.items():
            tests.append(absent(short, "equivalence.too_few") if subset is None else judge.judge(
                f"{NAME}.{short}", subject, value=subset.result.relative_expanded_percent, budget=None, n=subset.n,
                formula_numbers=_numbers(subset)))  # fmt: skip
        data = _data(parameters.quantity, pairs, subsets, u_reference)
        return [Outcome(unit.name, parameters.quantity, data, tests, _notes(by_name[_ALL]))]


def _between(twins: Sequence[tuple[float, float | None]]) -> BetweenSampler | None:
    """Scatter of twins; None where there is no pair of them."""
    both = [(first, second) for first, second in twins if second is not None]
    return between_sampler_uncertainty(*zip(*both, strict=True)) if both else None


def _numbers(subset: EquivalenceSubset) -> str:
    result = subset.result
    its = result.corrected_uncertainty or result.uncertainty
    parts = f"{its.random:.2f}² + {its.bias:.2f}² + {its.correction:.2f}²"
    return f"2 √({parts}) / {result.limit_value:g} × 100 %"


def _notes(subset: EquivalenceSubset) -> list[Message]:
    result = subset.result
    found = []
    if result.correction != "none":
        found.append(Message(key="equivalence.corrected", values={
            "what": result.correction, "slope": round(result.line.slope, 3),
            "intercept": round(result.line.intercept, 2)}))  # fmt: skip
    if result.uncertainty.reference_exceeds_scatter:
        found.append(Message(key="equivalence.reference_exceeds"))
    return found


def _data(
    quantity: str, pairs: Sequence[Pair], subsets: Sequence[EquivalenceSubset], u_reference: float
) -> MeasuredData:  # fmt: skip
    lines: list[list[float | str | Message | None]] = []
    parts: list[list[float | str | Message | None]] = []
    for subset in subsets:
        result = subset.result
        for stage, line, its in (("as found", result.line, result.uncertainty),
                                 ("corrected", result.corrected_line, result.corrected_uncertainty)):  # fmt: skip
            if line is None or its is None:
                continue
            lines.append([subset.name, stage, float(subset.n), line.slope, line.u_slope,
                          "yes" if line.slope_significant else "no", line.intercept, line.u_intercept,
                          "yes" if line.intercept_significant else "no"])  # fmt: skip
            parts.append([subset.name, stage, u_reference, its.random, its.bias, its.correction, its.combined,
                          its.relative_expanded_percent])  # fmt: skip
    of_lines = [Column(key="subset"), Column(key="stage"), Column(key="pairs", decimals=0),
                Column(key="slope", decimals=3), Column(key="u_slope", decimals=3), Column(key="significant"),
                Column(key="intercept", unit=UNIT, decimals=2), Column(key="u_intercept", unit=UNIT, decimals=2),
                Column(key="significant")]  # fmt: skip
    of_parts = [Column(key="subset"), Column(key="stage"),
                *(Column(key=key, unit=UNIT, decimals=2)
                  for key in ("u_reference", "random", "bias", "correction", "combined")),
                Column(key="expanded", unit="%", decimals=1)]  # fmt: skip
    ordinary = ordinary_least_squares([pair.x for pair in pairs], [pair.y for pair in pairs])
    return MeasuredData(
        quantity=quantity, unit=UNIT, full_scale=0.0,
        tables=[Table(key="equivalence_lines", columns=of_lines, rows=lines),
                Table(key="equivalence_budget", columns=of_parts, rows=parts)],
        charts=[scatter_chart(pairs, ordinary, subsets[0].result.line)],
    )  # fmt: skip


PROCEDURE = EquivalenceTest()
