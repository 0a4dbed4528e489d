"""A test made several times by a sampling plan: failures are counted, and a few of them ask for more tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import (
    Equipment,
    Gap,
    Judged,
    Missing,
    Procedure,
    Stage,
    Takes,
    Unit,
    Wanted,
    by_gas,
    names_of_procedures,
    procedure_of,
)
from calibration.record import Column, MeasuredData, Message, Table, Test
from calibration.statistics.sampling_plans import PART_53

NAME = "sampled"
_SHORT = ("noise", "detection_limit", "ratio", "range", "zero", "high_relative", "lag", "rise", "fall", "low", "high")


class SampledPlan(Parameters):
    """What a plan may set of it: which procedure is repeated, and with which parameters."""

    of: str = Field(description="name of the procedure")
    test: dict[str, Any] = Field(default_factory=dict, description="its parameters, as in a step of its own")

    @model_validator(mode="after")
    def _can_be_repeated(self) -> Self:
        if self.of == NAME or self.of not in names_of_procedures():
            raise ValueError(f"of: one of {', '.join(name for name in names_of_procedures() if name != NAME)}")
        procedure_of(self.of).parameters.model_validate(self.test)
        return self

    @property
    def procedure(self) -> Procedure[Any]:
        """What is repeated."""
        return procedure_of(self.of)

    @property
    def parameters(self) -> Parameters:
        """With which parameters."""
        found: Parameters = self.procedure.parameters.model_validate(self.test)
        return found


@dataclass
class _Count:
    """Tests of one channel of one unit by one criterion, in their order."""

    tests: list[Test] = field(default_factory=list)
    void: Message | None = None

    def failures(self, first: int) -> int:
        """Failures among the first tests."""
        return sum(test.verdict != "pass" for test in self.tests[:first])

    def open(self) -> bool:
        """Whether the first sample decided nothing."""
        return self.void is None and PART_53.decide(self.failures(PART_53.first)) is None


class Sampled(Procedure[SampledPlan]):
    """Seven tests: no failure passes, three fail; after one or two, eight more, and at most two of all fifteen.

    40 CFR 53 (numbers recalled, high). Each test is held against the limit of the procedure's own criterion; what is
    judged is the number of failures. A test that gave no value voids the result: it is neither.
    """

    name = NAME
    parameters = SampledPlan
    criteria: ClassVar[Mapping[str, str]] = dict.fromkeys(_SHORT, "1")
    takes: ClassVar[Takes] = "all"
    after_a_gap: ClassVar[Gap] = "sequence"

    def judged(self, unit: Unit, parameters: SampledPlan) -> list[Judged]:
        """Failures of each channel by each criterion of the procedure."""
        found = parameters.procedure.judged(unit, parameters.parameters)
        return [Judged(one.quantity, "1", tuple(s for s in one.criteria if s in self.criteria)) for one in found]

    def stages(self, units: Sequence[Unit], parameters: SampledPlan, gas: GasPlan) -> list[Stage]:
        """The first sample; nobody knows whether there is a second."""
        way: list[Stage] = []
        for group in _groups(parameters.procedure, units):
            way += parameters.procedure.stages(group, parameters.parameters, gas)
        return way * PART_53.first

    def wanted(self, unit: Unit, parameters: SampledPlan, gas: GasPlan) -> list[Wanted]:
        """What the procedure wants."""
        return parameters.procedure.wanted(unit, parameters.parameters, gas)

    def missing(self, units: Sequence[Unit], parameters: SampledPlan, bench: Equipment) -> list[Missing]:
        """What the procedure misses."""
        return parameters.procedure.missing(units, parameters.parameters, bench)

    def perform(self, context: Context, units: Sequence[Unit], parameters: SampledPlan) -> list[Outcome]:
        """Test seven times; where that decides nothing, eight times more."""
        counts: dict[tuple[str, str, str], _Count] = {}
        references: dict[tuple[str, str], list[str]] = {}
        for sample, times in enumerate((PART_53.first, PART_53.second)):
            if sample and not any(count.open() for count in counts.values()):
                break
            undecided = {device for (device, _, _), count in counts.items() if count.open()}
            going = [unit for unit in units if not sample or unit.name in undecided]
            for _ in range(times):
                for outcome in _once(context, going, parameters):
                    references.setdefault((outcome.device, outcome.quantity or ""), outcome.references)
                    for test in outcome.tests:
                        short = test.criterion.partition(".")[2]
                        count = counts.setdefault((outcome.device, test.quantity, short), _Count())
                        if sample and not count.open():
                            continue  # decided already: it was tested again beside another one
                        count.tests.append(test)
                        if test.value is None:
                            count.void = test.message
        return self._outcomes(context, units, counts, references)

    def _outcomes(
        self, context: Context, units: Sequence[Unit], counts: Mapping[tuple[str, str, str], _Count],
        references: Mapping[tuple[str, str], list[str]],
    ) -> list[Outcome]:  # fmt: skip
        found: dict[tuple[str, str], Outcome] = {}
        scales = {unit.name: unit.full_scale for unit in units}
        for (device, quantity, short), count in counts.items():
            name = f"{NAME}.{short}"
            if name not in context.judge:
                continue
            subject = context.subject(device, quantity, "1", scales[device])
            outcome = found.setdefault((device, quantity), Outcome(
                device, quantity, MeasuredData(quantity=quantity, unit="1", full_scale=scales[device]),
                references=references.get((device, quantity), []),
            ))  # fmt: skip
            if count.void is not None:
                outcome.tests.append(context.judge.no_result(name, subject, "void", count.void))
            else:
                outcome.tests.append(self._judged(context, name, subject, count))
            assert isinstance(outcome.data, MeasuredData)
            tables = [*outcome.data.tables, _table(short, count.tests)]
            outcome.data = outcome.data.model_copy(update={"tables": tables})
        return list(found.values())

    def _judged(self, context: Context, name: str, subject: Any, count: _Count) -> Test:
        n = len(count.tests)
        first, failures = count.failures(PART_53.first), count.failures(n)
        more = failures - first if n > PART_53.first else None
        accepted = PART_53.decide(first, more)
        message = Message(key="sampled.result", values={
            "failures": failures, "n": n, "consumer": round(100.0 * PART_53.failing_share(0.05)),
            "producer": round(100.0 * PART_53.failing_share(0.95), 1),
        })  # fmt: skip
        test = context.judge.judge(name, subject, value=float(failures), budget=None, n=n, message=message,
                                   formula_numbers=f"{failures} of {n}")  # fmt: skip
        assert accepted is not None  # as many tests were made as the plan asks for
        return test.model_copy(update={"verdict": "pass" if accepted else "fail"})


def _groups(procedure: Procedure[Any], units: Sequence[Unit]) -> list[list[Unit]]:
    served = [unit for unit in units if procedure.serves(unit)]
    if procedure.takes == "one":
        return [[unit] for unit in served]
    if procedure.takes == "same gas":
        return [group for _, group in by_gas(served)]
    return [served] if served else []


def _once(context: Context, units: Sequence[Unit], parameters: SampledPlan) -> list[Outcome]:
    found: list[Outcome] = []
    for group in _groups(parameters.procedure, units):
        found += parameters.procedure.perform(context, group, parameters.parameters)
    return found


def _table(short: str, tests: Sequence[Test]) -> Table:
    rows: list[list[float | str | Message | None]] = [
        [float(number), test.value, test.limit_low, test.limit_high, test.verdict]
        for number, test in enumerate(tests, start=1)
    ]
    unit, decimals = tests[0].unit, tests[0].decimals
    columns = [Column(key="number", decimals=0), Column(key="value", unit=unit, decimals=decimals),
               Column(key="limit_low", unit=unit, decimals=decimals),
               Column(key="limit_high", unit=unit, decimals=decimals), Column(key="verdict")]  # fmt: skip
    return Table(key=f"sampled_{short}", columns=columns, rows=rows)


PROCEDURE = Sampled()
