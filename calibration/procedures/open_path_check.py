"""An open path: light, zero, cells of certified gas, what a gas feigns of another, and all of it again a day later.

A cell of length l with the mole fraction c is c l / L on a path of length L (HJ 654, equivalent concentration).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.hands import command, told
from calibration.procedures.common.open_path import (
    GASES,
    NO_CELL,
    Seen,
    cell_level,
    look_through,
    the_largest_talk,
)
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Equipment, Judged, Missing, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table, Test
from calibration.uncertainty import Budget, Component
from rig.run import Prompt

NAME = "open_path_check"


class OpenPathCheckPlan(Parameters):
    """What a plan may set of it: the cell of each gas that is tested, and how long a result takes.

    ``cycle`` is the time in which each gas has had its turn once; a level waits for two of them.
    """

    cells: dict[str, str] = Field(default_factory=lambda: {gas: gas for gas in GASES}, min_length=1)
    full_scale: float = Field(default=500.0, gt=0, description="nmol/mol")
    cycle: Seconds = Field(default=180.0, gt=0)
    readings: int = Field(default=6, ge=3, description="one a cycle")
    after: Seconds = Field(default=86400.0, description="from the first to the second time, for the drift; 0: no drift")


class OpenPathCheck(Procedure[OpenPathCheckPlan]):
    """Light in the open path; then nothing, and cell after cell, in the light of the calibration lamp."""

    name = NAME
    parameters = OpenPathCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {
        "light": "%", "zero": "nmol/mol", "noise": "nmol/mol", "cell": "nmol/mol", "cross_talk": "nmol/mol",
        "zero_drift": "nmol/mol", "span_drift": "nmol/mol",
    }  # fmt: skip
    gas = False

    def serves(self, unit: Unit) -> bool:
        """An open path."""
        return unit.kind == "doas"

    def judged(self, unit: Unit, parameters: OpenPathCheckPlan) -> list[Judged]:
        """The light, and each gas that there is a cell of."""
        names = ("zero", "noise", "cell", "cross_talk", *(("zero_drift", "span_drift") if parameters.after else ()))
        return [Judged("light", "%", ("light",)), *(Judged(gas, "nmol/mol", names) for gas in parameters.cells)]

    def missing(self, units: Sequence[Unit], parameters: OpenPathCheckPlan, bench: Equipment) -> list[Missing]:
        """The cells."""
        there = bench.cells.get(units[0].name, frozenset())
        return [
            Missing(f"cell.{cell}", f"a calibration cell of {gas} beside {units[0].name}", ", ".join(there) or "none")
            for gas, cell in parameters.cells.items() if cell not in there
        ]  # fmt: skip

    def stages(self, units: Sequence[Unit], parameters: OpenPathCheckPlan, gas: GasPlan) -> list[Stage]:
        """Zero and every cell, and the same after the time of the drift."""
        length = (2 + parameters.readings - 1) * parameters.cycle
        once = [Stage(name, "", length) for name in ("zero", *parameters.cells)]
        if not parameters.after:
            return once
        rest = max(parameters.after - len(once) * length, 0.0)
        return [*once, Stage("pause", "", rest, sampling=True), *once]

    def perform(self, context: Context, units: Sequence[Unit], parameters: OpenPathCheckPlan) -> list[Outcome]:
        """Measure once or twice, and judge."""
        [unit] = units
        run, begun = context.run, context.run.now()
        light = run.read(unit.name, "light").value
        asked = Prompt("prompt.path_length", {"device": unit.name}, unit="m", lowest=1.0, highest=5000.0)
        path_m = float(told(context, unit.name, "path_length", asked))
        rounds = [_round(context, unit.name, parameters)]
        if parameters.after:
            run.wait(max(parameters.after - (run.now() - begun), 0.0))
            rounds.append(_round(context, unit.name, parameters))
        subject = context.subject(unit.name, "light", "%", 100.0)
        test = context.judge.judge(f"{NAME}.light", subject, value=light, budget=None, n=1)
        first = Outcome(unit.name, "light", MeasuredData(quantity="light", unit="%", full_scale=100.0), [test])
        return [first, *(_of_gas(context, unit, gas, path_m, rounds, parameters) for gas in parameters.cells)]


def _round(context: Context, device: str, plan: OpenPathCheckPlan) -> dict[str, dict[str, Seen]]:
    """Readings of all gases behind nothing (``zero``) and behind each gas's cell, and the unit back on its path."""
    found = {}
    for name, cell in (("zero", NO_CELL), *plan.cells.items()):
        context.run.step(name)
        mode = "zero" if name == "zero" else "span"
        prompt = Prompt("prompt.insert_cell", {"device": device, "cell": cell})
        command(context, device, {"cell": cell, "gas_mode": mode}, prompt,
                homes={"cell": NO_CELL, "gas_mode": "sample"})  # fmt: skip
        context.run.wait(2.0 * plan.cycle)
        found[name] = look_through(context, device, plan.readings, plan.cycle)
    back = Prompt("prompt.remove_cell", {"device": device})
    command(context, device, {"cell": NO_CELL, "gas_mode": "sample"}, back,
            homes={"cell": NO_CELL, "gas_mode": "sample"})  # fmt: skip
    return found


def _of_gas(
    context: Context, unit: Unit, gas: str, path_m: float, rounds: Sequence[Mapping[str, Mapping[str, Seen]]],
    plan: OpenPathCheckPlan,
) -> Outcome:  # fmt: skip
    first, last = rounds[0], rounds[-1]
    subject = context.subject(unit.name, gas, "nmol/mol", plan.full_scale)
    zero, seen = first["zero"][gas], first[gas][gas]
    nominal, cell = cell_level(context, plan.cells[gas], gas, path_m)
    error = seen.mean - zero.mean - nominal
    talker, talk = the_largest_talk(first, gas)
    noise = Budget((*zero.components(),))
    by_cell = Component("cell", "B", nominal * cell.u_pct / 100.0, "nmol/mol", -1.0, basis_key="basis.certificate",
                        basis_values={"certificate": cell.certificate})  # fmt: skip
    judge, n = context.judge, plan.readings
    tests: list[Test] = [
        judge.judge(f"{NAME}.zero", subject, value=zero.mean, budget=noise, n=n),
        judge.judge_deviation(f"{NAME}.noise", subject, s=zero.sd, dof=zero.dof, n=n),
        judge.judge(f"{NAME}.cell", subject, value=error, n=n,
                    budget=Budget((*zero.components(-1.0), *seen.components(), by_cell)),
                    formula_numbers=f"{seen.mean:.2f} − {zero.mean:.2f} − {nominal:.2f}"),
        judge.judge(f"{NAME}.cross_talk", subject, value=talk, n=n,
                    budget=Budget((*zero.components(-1.0), *first[talker][gas].components())),
                    formula_numbers=f"{first[talker][gas].mean:.2f} − {zero.mean:.2f}"),
    ]  # fmt: skip
    if plan.after:
        end, again = last["zero"][gas], last[gas][gas]
        moved = again.mean - end.mean - (seen.mean - zero.mean)
        parts = (*zero.components(-1.0), *end.components())
        tests += [
            judge.judge(f"{NAME}.zero_drift", subject, value=end.mean - zero.mean, n=n, budget=Budget(parts)),
            judge.judge(f"{NAME}.span_drift", subject, value=moved, n=n,
                        budget=Budget((*parts, *seen.components(-1.0), *again.components()))),
        ]  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [name, nominal if name == gas else 0.0, its[gas].mean, its[gas].sd]
        for found in rounds for name, its in found.items()
    ]  # fmt: skip
    columns = [Column(key="level"), *(Column(key=key, unit="nmol/mol", decimals=2)
                                      for key in ("equivalent", "reading", "sd"))]  # fmt: skip
    table = Table(key=NAME, columns=columns, rows=rows)
    data = MeasuredData(quantity=gas, unit="nmol/mol", full_scale=plan.full_scale, tables=[table])
    return Outcome(unit.name, gas, data, tests, references=[cell.id])


PROCEDURE = OpenPathCheck()
