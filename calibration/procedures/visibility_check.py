"""A forward-scatter visibility meter: dirt on its windows, zero behind a cover, and a plate that stands for a fog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.beside import Beside, by_the_plan, read_beside
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table
from calibration.statistics.summary import summarize
from rig.run import Deed, Prompt

NAME = "visibility_check"
_CONTRAST = 3.0
"""Visibility times extinction, at a contrast of 5 % (WMO-No. 8, optical range: -ln 0.05 = 2.996; recalled)."""
_READ: Mapping[str, tuple[str, str]] = {
    "receiver": ("rec_change", "Hz"), "transmitter": ("tr_change", "V"), "drift": ("drift", "Hz"),
    "zero": ("signal", "Hz"),
}  # fmt: skip
"""By criterion: the quantity that the unit tells, and its unit."""


class VisibilityCheckPlan(Parameters):
    """What a plan may set of it: the plate by its certificate, extinction in 1/km, and the meter's resolution in m."""

    plate: float = Field(default=10.0, gt=0, le=300)
    plate_u_pct: float = Field(default=1.5, ge=0)
    other_plate: float = Field(
        default=48.5, gt=0, le=300, description="one that lies beside it and may be taken for it"
    )
    settle: Seconds = Field(default=150.0, description="until a mean over a minute holds nothing from before")
    readings: int = Field(default=10, ge=3)
    every: Seconds = Field(default=15.0, gt=0)
    step: float = Field(default=1.0, ge=0)
    doubted_pct: float = Field(default=60.0, gt=0, description="difference at which the plate is looked at again")


class VisibilityCheck(Procedure[VisibilityCheckPlan]):
    """As found: backscatter of both windows against that of clean ones; then a cover, then a plate.

    Dirt takes light from the signal, so a dirty unit sees too far: whoever cleans first does not learn how far.
    """

    name = NAME
    parameters = VisibilityCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {
        "receiver": "Hz", "transmitter": "V", "drift": "Hz", "zero": "Hz", "plate": "%",
    }  # fmt: skip
    gas = False

    def serves(self, unit: Unit) -> bool:
        """A visibility meter."""
        return unit.kind == "visibility"

    def judged(self, unit: Unit, parameters: VisibilityCheckPlan) -> list[Judged]:
        """Each by its own quantity."""
        return [*(Judged(quantity, its, (name,)) for name, (quantity, its) in _READ.items()),
                Judged("extinction", "%", ("plate",))]  # fmt: skip

    def stages(self, units: Sequence[Unit], parameters: VisibilityCheckPlan, gas: GasPlan) -> list[Stage]:
        """As found, cover, plate, and the air again."""
        length = parameters.settle + (parameters.readings - 1) * parameters.every
        cover, plate = ({"device": units[0].name, "plate": its} for its in ("cover", f"{parameters.plate:g} 1/km"))
        return [
            Stage("as found", "", (parameters.readings - 1) * parameters.every),
            Stage("cover", "", length, hands=Message(key="prompt.place_plate", values={**cover})),
            Stage("plate", "", length, hands=Message(key="prompt.place_plate", values={**plate})),
        ]

    def perform(self, context: Context, units: Sequence[Unit], parameters: VisibilityCheckPlan) -> list[Outcome]:
        """Read as found, behind a cover, and on the plate."""
        [unit] = units
        run, device = context.run, unit.name
        run.step("as found")
        found = {name: _readings(context, device, _READ[name][0], parameters)
                 for name in ("receiver", "transmitter", "drift")}  # fmt: skip
        run.step("cover")
        _place(context, device, 0.0, "cover", ())
        run.wait(parameters.settle)
        found["zero"] = _readings(context, device, "signal", parameters)
        run.step("plate")
        its, notes = _on_plate(context, device, parameters)
        run.prompt(Prompt("prompt.take_plate_out", {"device": device}, deeds=(_deed(device, -1.0),)))
        tests = []
        for name, values in found.items():
            quantity, measure = _READ[name]
            subject = context.subject(device, quantity, measure, 0.0)
            tests.append(context.judge.judge(f"{NAME}.{name}", subject, value=summarize(values).mean, budget=None,
                                             n=len(values)))  # fmt: skip
        shown, true = its.means
        subject = context.subject(device, "extinction", "%", 100.0)
        tests.append(
            context.judge.judge(
                f"{NAME}.plate", subject, value=100.0 * its.summary.mean / true, n=len(its.shown),
                budget=its.budget("1/km", true * parameters.plate_u_pct / 100.0, by_the_plan("plate_u_pct"),
                                  100.0 / true),
                formula_numbers=f"({shown:.4g} − {true:.4g}) / {true:.4g} × 100 %",
            )
        )  # fmt: skip
        rows: list[list[float | str | Message | None]] = [
            [name, summarize(values).mean, summarize(values).sd, _READ[name][1]] for name, values in found.items()
        ]
        rows.append(["plate", shown, its.summary.sd, "1/km"])
        columns = [Column(key="quantity"), Column(key="reading", decimals=3), Column(key="sd", decimals=3),
                   Column(key="unit")]  # fmt: skip
        data = MeasuredData(quantity="extinction", unit="1/km", full_scale=0.0,
                            tables=[Table(key=NAME, columns=columns, rows=rows)])  # fmt: skip
        return [Outcome(device, None, data, tests, notes)]


def _readings(context: Context, device: str, quantity: str, plan: VisibilityCheckPlan) -> list[float]:
    found = []
    for number in range(plan.readings):
        if number:
            context.run.wait(plan.every)
        found.append(context.run.read(device, quantity).value)
    return found


def _deed(device: str, extinction: float, instead: tuple[float, ...] = ()) -> Deed:
    return Deed(device, "place_plate", extinction, home=-1.0, instead=instead)


def _place(context: Context, device: str, extinction: float, plate: str, instead: tuple[float, ...]) -> None:
    context.run.prompt(
        Prompt("prompt.place_plate", {"device": device, "plate": plate}, deeds=(_deed(device, extinction, instead),))
    )


def _on_plate(context: Context, device: str, plan: VisibilityCheckPlan) -> tuple[Beside, list[Message]]:
    """Readings on the plate, as extinction; where it cannot be the plate, it is looked at again once."""
    run, notes = context.run, []
    for attempt in (1, 2):
        _place(context, device, plan.plate, f"{plan.plate:g} 1/km", (plan.other_plate,))
        run.wait(plan.settle)
        visibility = run.read(device, "visibility_1min").value
        step = 1000.0 * _CONTRAST / visibility**2 * plan.step
        [its] = read_beside(
            context, [(lambda: 1000.0 * _CONTRAST / run.read(device, "visibility_1min").value, lambda: plan.plate)],
            [step], plan.readings, plan.every,
        )  # fmt: skip
        if abs(its.summary.mean) <= plan.doubted_pct / 100.0 * plan.plate or attempt == 2:
            break
        notes.append(Message(key="visibility.plate_doubted", values={"device": device, "shown": its.means[0],
                                                                     "plate": plan.plate}))  # fmt: skip
    return its, notes


PROCEDURE = VisibilityCheck()
