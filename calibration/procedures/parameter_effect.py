"""Effect of adjustable parameters: each is stepped, the change of the reading is measured, and it is put back.

The experiment that article 27 (4) of the city-station rules asks for in the operating manual.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.conduct import as_text
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import TITRATION_GAS, Asked, full_scale, measure_level, request, trace_of
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids
from calibration.record import Column, Level, MeasuredData, Message, Setting, Table
from instruments.errors import Refused
from rig.run import Reading

NAME = "parameter_effect"
QUANTITY = "parameters"


class ParameterEffectPlan(Parameters):
    """What a plan may set of the experiment."""

    level_pct: float = Field(default=80.0, gt=0, le=100)
    coefficient_step_pct: float = Field(default=5.0, gt=0, le=20, description="of coefficients and converter factors")
    background_step_pct: float = Field(default=20.0, gt=0, description="of backgrounds, of what they are")
    least_background_step: float = Field(default=0.5, gt=0, description="of backgrounds, unit of the setting")
    ozone_pct: float = Field(default=40.0, gt=0, le=100, description="titrated for the factor of a converter")


@dataclass
class _Step:
    """One parameter: what it was, what it was set to, and what the readings became."""

    name: str
    before: float
    stepped: float
    levels: dict[str, dict[str, Level]] = field(default_factory=dict)
    as_found: dict[str, dict[str, Level]] = field(default_factory=dict)
    refused: str = ""
    restored: bool = False


class ParameterEffect(Procedure[ParameterEffectPlan]):
    """Read zero and span gas; step one parameter after the other, read both again, and restore it.

    Stepped are the settings by which a channel is calibrated (coefficient, background) and the factor of a converter:
    what an operator may adjust. Gas is the same throughout, so the change is the parameter's alone. The factor of a
    converter acts on NO2, so its span gas is NO of which a part has been titrated. A parameter that the unit refuses,
    or on which its reading does not become stable, has an unknown effect.
    """

    name = NAME
    parameters = ParameterEffectPlan
    criteria: ClassVar[Mapping[str, str]] = {"unknown": "1", "not_restored": "1"}

    def judged(self, unit: Unit, parameters: ParameterEffectPlan) -> list[Judged]:
        """The unit as a whole."""
        return [Judged(QUANTITY, "1", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: ParameterEffectPlan, gas: GasPlan) -> list[Stage]:
        """Both levels as found and for each parameter."""
        found = []
        for unit in units:
            factors = _factors(unit)
            rounds = 1 + len(adjustable(unit)) - len(factors)
            span = Stage(label_of(parameters.level_pct), unit.gas, gas.wait(unit.gas))
            titrated = Stage("titrated", TITRATION_GAS, gas.wait(TITRATION_GAS))
            zero = Stage("zero", unit.gas, gas.wait(unit.gas))
            found += [zero, span] * rounds + [zero, titrated] * (2 * len(factors))
        return found

    def wanted(self, unit: Unit, parameters: ParameterEffectPlan, gas: GasPlan) -> list[Wanted]:
        """The span gas."""
        value = parameters.level_pct * unit.full_scale / 100.0
        minutes = (1 + len(adjustable(unit))) * gas.wait(unit.gas) / 60.0
        found = [Wanted.level(unit, "level_pct", parameters.level_pct, gas, minutes)]
        if _factors(unit):
            found.append(Wanted("ozone_pct", parameters.ozone_pct, unit.gas, value,
                                parameters.ozone_pct * unit.full_scale / 100.0, gas.total_flow,
                                2.0 * gas.wait(TITRATION_GAS) / 60.0))  # fmt: skip
        return found

    def perform(self, context: Context, units: Sequence[Unit], parameters: ParameterEffectPlan) -> list[Outcome]:
        """Step each parameter, and restore it, whatever happens."""
        [unit] = units
        run, device = context.run, unit.name
        scale = full_scale(run, device)
        asked = Asked(device, _shown(context, unit), scale, unit.gas)
        trace: list[Reading] = []
        as_found = _read(context, asked, parameters, trace)
        steps = []
        for name in adjustable(unit):
            value = run.look(device, name)
            if not isinstance(value, int | float):
                steps.append(_Step(name, math.nan, math.nan, refused=f"{value}", restored=True))
                continue
            step = _Step(name, float(value), _stepped(unit, name, float(value), parameters))
            steps.append(step)
            titrated = name in _factors(unit)
            step.as_found = _read(context, asked, parameters, trace, titrated=True) if titrated else as_found
            try:
                run.set(device, name, step.stepped)
                step.levels = _read(context, asked, parameters, trace, titrated=titrated)
            except (Refused, KeyError) as refused:
                step.refused = str(refused)
            finally:
                with suppress(Refused):
                    run.restore(device, name)
            step.restored = as_text(run.look(device, name)) == as_text(value)
        return [_outcome(context, unit, asked, steps, trace)]


def adjustable(unit: Unit) -> list[str]:
    """Settings that calibrate the channels of a unit, and the factor of its converter, each once."""
    found = [name for channel in unit.channels for name in (channel.coefficient, channel.background) if name]
    return list(dict.fromkeys([*found, *_factors(unit)]))


def _factors(unit: Unit) -> list[str]:
    """The stored factor of a unit's converter, if it has one."""
    return list(dict.fromkeys(channel.converter_factor for channel in unit.channels if channel.converter_factor))


def _shown(context: Context, unit: Unit) -> tuple[str, ...]:
    """The channels, and NO2 where it is shown beside them: a converter factor acts on that alone."""
    names = [channel.quantity for channel in unit.channels]
    if any(channel.converter_factor for channel in unit.channels) and context.run.look(unit.name, "no2") is not None:
        names.append("no2")
    return tuple(names)


def _stepped(unit: Unit, name: str, value: float, plan: ParameterEffectPlan) -> float:
    backgrounds = {channel.background for channel in unit.channels}
    if name in backgrounds:
        return round(value + max(plan.least_background_step, abs(value) * plan.background_step_pct / 100.0), 4)
    return round(value * (1.0 + plan.coefficient_step_pct / 100.0), 4)


def _read(
    context: Context, asked: Asked, plan: ParameterEffectPlan, trace: list[Reading], *, titrated: bool = False
) -> dict[str, dict[str, Level]]:
    """Levels on zero and on span gas, by quantity."""
    assert asked.wait_key is not None  # it is the unit's gas
    gas = asked.wait_key
    span = request(context, gas, plan.level_pct * asked.scale / 100.0,
                   plan.ozone_pct * asked.scale / 100.0 if titrated else None)  # fmt: skip
    label, wait = ("titrated", TITRATION_GAS) if titrated else (label_of(plan.level_pct), gas)
    nothing = request(context, gas, 0.0)
    zero = measure_level(context, asked.device, asked.quantities, "zero", nothing, asked.scale, trace, wait)
    made = measure_level(context, asked.device, asked.quantities, label, span, asked.scale, trace, wait)
    return {"zero": zero.levels, "span": made.levels}


def _outcome(
    context: Context, unit: Unit, asked: Asked, steps: Sequence[_Step], trace: list[Reading]
) -> Outcome:  # fmt: skip
    device, channel = unit.name, unit.channels[0]
    rows: list[list[float | str | Message | None]] = []
    unknown, lost = [], []
    for step in steps:
        lost += [step.name] * (not step.restored)
        levels = [its for by_quantity in step.levels.values() for its in by_quantity.values()]
        if not levels or any(level.refused is not None for level in levels):
            unknown.append(step.name)
        for quantity in asked.quantities:
            row: list[float | str | Message | None] = [step.name, step.before, step.stepped, quantity]
            for short in ("zero", "span"):
                row += _change(step.as_found.get(short, {}).get(quantity), step.levels.get(short, {}).get(quantity))
            rows.append([*row, "yes" if step.restored else "no"])
    subject = context.subject(device, QUANTITY, "1", 1.0)
    tests = []
    for short, names, key in (
        ("unknown", unknown, "parameter_effect.unknown"), ("not_restored", lost, "parameter_effect.not_restored"),
    ):  # fmt: skip
        said = Message(key=key, values={"device": device, "setting": names[0], "n": len(names)}) if names else None
        tests.append(context.judge.judge(f"{NAME}.{short}", subject, value=float(len(names)), budget=None,
                                         n=len(steps), message=said))  # fmt: skip
    notes = [Message(key="parameter_effect.refused", values={"device": device, "setting": its.name,
                                                             "reason": its.refused})
             for its in steps if its.refused]  # fmt: skip
    unit_text = channel.unit
    table = Table(
        key=NAME,
        columns=[Column(key="setting"), Column(key="before", decimals=4), Column(key="stepped_to", decimals=4),
                 Column(key="quantity"),
                 *(Column(key=key, unit=unit_text, decimals=2) for key in ("zero_change", "zero_u", "span_change",
                                                                           "span_u")),
                 Column(key="restored")],
        rows=rows,
    )  # fmt: skip
    data = MeasuredData(
        quantity=QUANTITY, unit=unit_text, full_scale=asked.scale, tables=[table],
        settings=[Setting(name=its.name, as_found=f"{its.before:.6g}", as_left=f"{its.stepped:.6g}") for its in steps],
        traces=[trace_of(quantity, trace, device) for quantity in asked.quantities],
    )  # fmt: skip
    return Outcome(device, None, data, tests, notes, reference_ids(context, channel.gas))


def _change(before: Level | None, after: Level | None) -> list[float | None]:
    """Change of a reading, and its standard uncertainty by both windows; the gas is the same and cancels."""
    if before is None or after is None or after.mean is None or before.mean is None:
        return [None, None]
    # What the calibrator says that it made differs a little from level to level; that is not the parameter's doing.
    change = (after.mean - after.nominal) - (before.mean - before.nominal)
    return [change, math.hypot(before.u_mean or 0.0, after.u_mean or 0.0)]


PROCEDURE = ParameterEffect()
