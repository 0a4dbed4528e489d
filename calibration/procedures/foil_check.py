"""Foil check of a beta monitor: its own foil in the beam, three readings on each of three days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import (
    BETA,
    enter_test_mode,
    hands,
    leave_test_mode,
    own_piece,
    scatter,
    shown,
)
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Chart, Column, MeasuredData, Message, Table
from calibration.statistics.hj_particles import foil_reproducibility
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget, Component
from rig.host.plate import Piece
from rig.prompts import Deed

NAME = "foil_check"
QUANTITY = "foil"
_UNIT = "mg/cm2"
_DAY_S = 86_400.0
_MOST = 10.0
"""No foil is so heavy; without a foil the reading stays what it was, at first 0."""


class FoilCheckPlan(Parameters):
    """What a plan may set of a foil check."""

    days: int = Field(default=3, ge=1)
    readings: int = Field(default=3, ge=1, description="on each day")
    wait: Seconds = Field(default=1260.0, gt=0, description="from the foil's placing to the reading: both counts")
    doubt_pct: float = Field(default=2.0, gt=0, description="difference beyond which the foil is looked at first, %")
    spread_pct: float = Field(default=2.0, gt=0, description="difference between two readings of a day that is, %")


class FoilCheck(Procedure[FoilCheckPlan]):
    """Place the foil, wait, read, take it out; the mean of each day against the certificate (HJ 655, eq. (8)).

    A foil is worth what its certificate says in the one monitor whose serial number stands there. Where a reading is
    far from the certificate, the number on the foil is looked at and it is placed once more before it is believed.
    """

    name = NAME
    parameters = FoilCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {"error": "%"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Beta monitors."""
        return unit.weighing == BETA

    def judged(self, unit: Unit, parameters: FoilCheckPlan) -> list[Judged]:
        """The foil."""
        return [Judged(QUANTITY, "%", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: FoilCheckPlan, gas: GasPlan) -> list[Stage]:
        """Days."""
        wanted = Message(key="prompt.place_foil", values={"device": units[0].name})
        readings = parameters.readings * parameters.wait
        return [
            Stage(f"day {day}", "", readings if day == parameters.days else max(_DAY_S, readings), hands=wanted)
            for day in range(1, parameters.days + 1)
        ]

    def perform(self, context: Context, units: Sequence[Unit], parameters: FoilCheckPlan) -> list[Outcome]:
        """Days of readings, and the verdict."""
        [unit] = units
        run, device, name = context.run, unit.name, f"{NAME}.error"
        subject = context.subject(device, QUANTITY, "%", 100.0)
        foil, why = own_piece(context, device)
        if foil is None or why is not None:
            assert why is not None  # one or the other
            return [Outcome(device, None, None, [context.judge.no_result(name, subject, "void", why)], [why])]
        notes: list[Message] = []
        days: list[list[float]] = []
        for day in range(parameters.days):
            begun = run.now()
            run.step(f"{device}: day {day + 1}")
            enter_test_mode(context, device, pump=False)
            days.append(_day(context, device, foil, parameters, notes))
            leave_test_mode(context, device)
            if day + 1 < parameters.days:
                run.wait(max(1.0, _DAY_S - (run.now() - begun)))
        errors = [float(error) for error in foil_reproducibility(days, foil.value)]
        worst = max(range(len(errors)), key=lambda at: abs(errors[at]))
        summary = summarize(days[worst]) if parameters.readings > 1 else summarize([*days[worst], *days[worst]])
        budget = Budget((
            scatter("repeatability", summary, _UNIT, 100.0 / foil.value),
            Component("certificate", "B", foil.u, _UNIT, -100.0 * summary.mean / foil.value**2,
                      basis_key="basis.certificate", basis_values={"certificate": foil.certificate}),
        ))  # fmt: skip
        test = context.judge.judge(
            name, subject, value=errors[worst], budget=budget, n=sum(len(its) for its in days),
            formula_numbers=f"({summary.mean:.4g} − {foil.value:.4g}) / {foil.value:.4g} × 100 %",
        )  # fmt: skip
        rows: list[list[float | str | Message | None]] = [
            [float(day + 1), *readings, error]
            for day, (readings, error) in enumerate(zip(days, errors, strict=True))
        ]  # fmt: skip
        columns = [Column(key="day", decimals=0),
                   *(Column(key=f"reading_{number + 1}", unit=_UNIT, decimals=4)
                     for number in range(parameters.readings)),
                   Column(key="error", unit="%", decimals=2)]  # fmt: skip
        chart = Chart(key=NAME, kind="series", x_unit="d", y_unit="%", names=["foil"],
                      x=[[float(day + 1) for day in range(len(errors))]], y=[errors],
                      limit_low=test.limit_low, limit_high=test.limit_high)  # fmt: skip
        data = MeasuredData(quantity=QUANTITY, unit=_UNIT, full_scale=foil.value, charts=[chart],
                            tables=[Table(key=NAME, columns=columns, rows=rows)])  # fmt: skip
        used = Message(key="piece.used", values={"device": device, "piece": foil.name, "value": foil.value,
                                                 "unit": _UNIT, "certificate": foil.certificate})  # fmt: skip
        return [Outcome(device, None, data, [test], [used, *notes])]


def _day(context: Context, device: str, foil: Piece, plan: FoilCheckPlan, notes: list[Message]) -> list[float]:
    """The readings of one day; the foil lies in the beam for each of them anew."""
    found: list[float] = []
    while len(found) < plan.readings:
        reading = _reading(context, device, foil, plan)
        apart = abs(reading - found[0]) if found else 0.0
        if found and reading == found[-1]:
            apart = foil.value  # not one count differs: nothing was placed, and the last reading still stands
        if (
            abs(reading - foil.value) > plan.doubt_pct / 100.0 * foil.value
            or apart > plan.spread_pct / 100.0 * foil.value
        ):
            notes.append(Message(key="foil_check.doubted",
                                 values={"device": device, "reading": round(reading, 4), "expected": foil.value,
                                         "serial": foil.serial}))  # fmt: skip
            reading = _reading(context, device, foil, plan)
        found.append(reading)
    return found


def _reading(context: Context, device: str, foil: Piece, plan: FoilCheckPlan) -> float:
    run = context.run
    others = tuple(
        serial for name in run.of_kind("pm") if name != device and (serial := run.identity(name).serial)
    )  # fmt: skip
    place = Deed(device, "place_foil", foil.serial, instead=others, undone_by="remove_foil")
    hands(context, "prompt.place_foil", device, place, serial=foil.serial, value=foil.value)
    run.wait(plan.wait)
    reading = shown(context, device, "foil_reading", _UNIT, 0.0, _MOST, 4)
    hands(context, "prompt.remove_foil", device, Deed(device, "remove_foil", True))
    return reading


PROCEDURE = FoilCheck()
