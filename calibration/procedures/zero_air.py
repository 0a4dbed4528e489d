"""Performance of the zero-air generator: the station's zero air against zero air that has been cleaned once more.

Each gas analyzer reads the station's zero air, then the same air behind a cartridge of fresh media (the reference zero
gas), then the station's again; the difference is what the generator leaves in. On two days, as the record form has it.
Drift of an analyzer's zero that is steady over one sequence cancels, and so does its offset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, full_scale, measure_together, trace_of
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Gap, Procedure, Stage, Takes, Unit
from calibration.procedures.common.references import slow_noise
from calibration.record import Column, Level, MeasuredData, Message, Table, Test
from calibration.statistics.summary import variance_dof
from calibration.uncertainty import Budget, Component
from rig.host.calibrator import GasRequest
from rig.host.kinds import Channel
from rig.prompts import Deed, Prompt
from rig.run import Reading

NAME = "zero_air"
_SEQUENCE = (("station", 0.5), ("reference", -1.0), ("station", 0.5))
"""What is offered in turn, with its weight in the difference."""
_LABELS = {"station": "station_zero", "reference": "reference_zero"}
_SHOWN = ("pressure", "reactor_temp", "dew_point")
_CHANGING_S = 60.0


class ZeroAirPlan(Parameters):
    """What a plan may set of a check of the zero air."""

    generator: str = "zero_air"
    days: int = Field(default=2, ge=1)
    from_day_to_day: Seconds = Field(default=86400.0, gt=0)
    window: Seconds = Field(default=1200.0, gt=0, description="over which each zero is averaged")
    most: Seconds = Field(default=7200.0, gt=0)
    reference_u: dict[str, float] = Field(
        default={"so2": 0.1, "no": 0.1, "no2": 0.1, "nox": 0.15, "o3": 0.1, "co": 0.003},
        description="standard uncertainty of the zero of the reference zero air, by quantity",
    )


class ZeroAirCheck(Procedure[ZeroAirPlan]):
    """All analyzers at once: zero air is the same for all of them."""

    name = NAME
    parameters = ZeroAirPlan
    criteria: ClassVar[Mapping[str, str]] = {"impurity": "quantity"}
    takes: ClassVar[Takes] = "all"
    after_a_gap: ClassVar[Gap] = "day"

    def stages(self, units: Sequence[Unit], parameters: ZeroAirPlan, gas: GasPlan) -> list[Stage]:
        """Three zeros a day, and the nights between."""
        least = max(gas.stability.least_for(unit.gas) for unit in units)
        expected = least + parameters.window + _CHANGING_S
        hands = [None, *(Message(key=_scrub_key(what), values={"device": parameters.generator})
                         for what, _ in _SEQUENCE[1:])]  # fmt: skip
        day = [Stage(_LABELS[what], "zero", expected, hands=its)
               for (what, _), its in zip(_SEQUENCE, hands, strict=True)]  # fmt: skip
        rest = max(parameters.from_day_to_day - sum(stage.expected_s for stage in day), 0.0)
        night = Stage("wait", "", rest, sampling=True)
        return [*([*day, night] * (parameters.days - 1)), *day]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ZeroAirPlan) -> list[Outcome]:
        """Zeros of all days, then a judgement per channel."""
        run = context.run
        stability = context.gas.stability
        longer = stability.model_copy(update={"window": parameters.window, "most": parameters.most})
        averaged = replace(context, gas=context.gas.model_copy(update={"stability": longer}))
        asked = [
            Asked(unit.name, tuple(c.quantity for c in unit.channels), full_scale(run, unit.name), unit.gas)
            for unit in units
        ]
        trace: list[Reading] = []
        levels: dict[tuple[str, str], list[Level]] = {(a.device, q): [] for a in asked for q in a.quantities}
        shown: list[list[float | str | Message | None]] = []
        for day in range(parameters.days):
            run.begin("day", context.step)
            begun = run.now()
            for number, (what, _) in enumerate(_SEQUENCE):
                if number:
                    _scrub(context, parameters.generator, what)
                task = GasRequest("zero", 0.0, None, context.gas.total_flow, "")
                found = measure_together(averaged, asked, _LABELS[what], task, trace)
                for (device, quantity), own in levels.items():
                    own.append(found[device].levels[quantity])
            shown.append([float(day + 1), *(_display(context, parameters.generator, name) for name in _SHOWN)])
            if day < parameters.days - 1:
                run.rest()
                run.step(f"{', '.join(unit.name for unit in units)}: wait")
                run.wait(max(parameters.from_day_to_day - (run.now() - begun), 0.0))
                for unit in units:
                    run.enter_gas(unit.name)
        generator = _of_the_generator(shown)
        return [
            _judged(context, unit, channel, parameters, levels[unit.name, channel.quantity], trace, generator)
            for unit in units
            for channel in unit.channels
        ]


def _scrub(context: Context, generator: str, what: str) -> None:
    """Have the cartridge put in line behind the generator, or taken out."""
    deed = Deed(generator, "extra_scrubber", what == "reference", home=False)
    context.run.prompt(Prompt(_scrub_key(what), {"device": generator}, deeds=(deed,)))


def _scrub_key(what: str) -> str:
    return "prompt.scrubber_in" if what == "reference" else "prompt.scrubber_out"


def _display(context: Context, generator: str, quantity: str) -> float | None:
    """What the generator's own wire tells, if it has one."""
    try:
        value = context.run.look(generator, quantity)
    except KeyError:  # no wire leads to it
        return None
    return float(value) if isinstance(value, int | float) else None


def _of_the_generator(shown: list[list[float | str | Message | None]]) -> Table | None:
    if all(value is None for row in shown for value in row[1:]):
        return None
    columns = [Column(key="day", decimals=0), Column(key="generator_pressure", unit="psi", decimals=1),
               Column(key="reactor_temperature", unit="deg C", decimals=0),
               Column(key="dew_point", unit="deg C", decimals=1)]  # fmt: skip
    return Table(key="zero_air_generator", columns=columns, rows=shown)


def _judged(
    context: Context, unit: Unit, channel: Channel, plan: ZeroAirPlan, levels: list[Level], trace: list[Reading],
    generator: Table | None,
) -> Outcome:  # fmt: skip
    weights = np.array([weight / plan.days for _ in range(plan.days) for _, weight in _SEQUENCE])
    means = np.array([level.mean or 0.0 for level in levels])
    impurity = float(weights @ means)
    subject = context.of_channel(unit.name, channel, unit.full_scale)
    per_day = means.reshape(plan.days, len(_SEQUENCE))
    numbers = ", ".join(f"({first:.4g} + {last:.4g}) / 2 − {middle:.4g}" for first, middle, last in per_day)
    test: Test = context.judge.judge(
        f"{NAME}.impurity", subject, value=impurity, budget=_budget(context, channel, plan, levels, weights),
        n=sum(level.n for level in levels), formula_numbers=numbers,
    )  # fmt: skip
    unstable = [level.refused for level in levels if level.refused is not None]
    if unstable:
        test = test.model_copy(update={"verdict": "void", "p_conform": None, "assurance": "not applicable",
                                       "message": unstable[0]})  # fmt: skip
    unit_ = channel.unit
    columns = [Column(key="day", decimals=0), Column(key="station_zero", unit=unit_, decimals=3),
               Column(key="reference_zero", unit=unit_, decimals=3),
               Column(key="station_zero_again", unit=unit_, decimals=3),
               Column(key="difference", unit=unit_, decimals=3)]  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [float(day), float(first), float(middle), float(last), float(0.5 * (first + last) - middle)]
        for day, (first, middle, last) in enumerate(per_day, start=1)
    ]
    tables = [Table(key="zero_air_days", columns=columns, rows=rows), *([generator] if generator else [])]
    data = MeasuredData(quantity=channel.quantity, unit=unit_, full_scale=unit.full_scale, levels=levels,
                        tables=tables, traces=[trace_of(channel.quantity, trace, unit.name)])  # fmt: skip
    return Outcome(unit.name, channel.quantity, data, [test], unstable)


def _budget(
    context: Context, channel: Channel, plan: ZeroAirPlan, levels: Sequence[Level], weights: np.ndarray
) -> Budget:
    fast = float(np.sqrt(np.sum((weights * np.array([level.u_mean or 0.0 for level in levels])) ** 2)))
    slow = float(np.sqrt(max(weights @ slow_noise(context, levels) @ weights, 0.0)))
    dof = sum(variance_dof(level.n, level.effective_n or 1.0) for level in levels)
    first = levels[0]
    return Budget((
        Component("repeatability", "A", fast, channel.unit, 1.0, dof, basis_key="basis.repeatability",
                  basis_values={"n": sum(level.n for level in levels), "s": first.sd or 0.0, "unit": channel.unit}),
        Component("drift", "B", slow, channel.unit, 1.0, basis_key="basis.slow_noise"),
        Component("zero_air", "B", plan.reference_u.get(channel.quantity, 0.0), channel.unit, -1.0,
                  basis_key="basis.reference_zero"),
    ))  # fmt: skip


PROCEDURE = ZeroAirCheck()
