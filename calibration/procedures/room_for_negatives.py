"""Room for negatives: may a reading fall below zero on zero gas, or is it cut off there?

Noise, detection limit and zero drift of a display that is cut off at zero are too small, whatever the limits say. A
unit that tells its setting is believed. Of any other the readings decide: noise about zero puts some of them below it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import asked_of, measure_together, request, trace_of
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit
from calibration.record import Level, MeasuredData, Message, PrepareCheck
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "room_for_negatives"
SETTING = "clip_negatives"
_EXPECTED = "negative_readings"

Seen = Literal["below", "clipped", "silent", "above"]
"""What readings on zero gas tell: some lie below zero; they pile up at zero and none lies below; all are exactly zero;
all lie so far above zero that nothing can be told."""


class RoomForNegativesPlan(Parameters):
    """What a plan may set of it."""

    watch: Seconds = Field(default=600.0, description="after the zero gas is stable")
    poll: Seconds = Field(default=20.0, gt=0)
    least_at_zero: int = Field(default=3, ge=2, description="readings of exactly zero that are no chance")


class RoomForNegatives(Procedure[RoomForNegativesPlan]):
    """Zero gas for all units together, and a look at the signs of their readings.

    A unit that cuts off what lies below zero is not tested any further.
    """

    name = NAME
    parameters = RoomForNegativesPlan
    criteria: ClassVar[Mapping[str, str]] = {}
    any_gas = True
    takes: ClassVar[Takes] = "all"

    def stages(self, units: Sequence[Unit], parameters: RoomForNegativesPlan, gas: GasPlan) -> list[Stage]:
        """Zero gas until all are stable, and the readings."""
        longest = max(gas.wait(unit.gas) for unit in units)
        return [Stage("zero", "", longest), Stage("watched", "", parameters.watch)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: RoomForNegativesPlan) -> list[Outcome]:
        """Watch all units together."""
        run = context.run
        asked = [asked_of(context, unit) for unit in units]
        made = measure_together(context, asked, "zero", request(context, "", 0.0), [])
        run.step(f"{', '.join(unit.name for unit in units)}: watched")
        readings = [one for its in made.values() for some in its.window.readings.values() for one in some]
        for _ in range(round(parameters.watch / parameters.poll)):
            run.wait(parameters.poll)
            readings += [run.read(unit.name, channel.quantity) for unit in units for channel in unit.channels]
        return [
            _outcome(context, unit, its.scale, made[unit.name].levels, readings, parameters)
            for unit, its in zip(units, asked, strict=True)
        ]


def signs_of(values: Sequence[float], least_at_zero: int) -> Seen:
    """What the signs of readings on zero gas tell.

    Noise that is cut off at zero piles up there: the display shows exactly zero more often than any other value, and
    nothing below it.

    Args:
        values: readings, in any unit.
        least_at_zero: readings of exactly zero that are no chance.
    """
    if min(values) < 0.0:
        return "below"
    counts = Counter(values)
    at_zero = counts.pop(0.0, 0)
    if not counts:
        return "silent"
    return "clipped" if at_zero >= least_at_zero and at_zero > max(counts.values()) else "above"


def _outcome(
    context: Context, unit: Unit, scale: float, levels: Mapping[str, Level], readings: Sequence[Reading],
    plan: RoomForNegativesPlan,
) -> Outcome:  # fmt: skip
    setting = context.run.look(unit.name, SETTING)
    trouble: Message | None = None
    checks = []
    if setting is not None:
        checks.append(PrepareCheck(name=SETTING, found="on" if setting else "off", expected="off", ok=not setting))
    if setting is True:
        trouble = Message(key="negatives.setting", values={"device": unit.name})
    for channel in unit.channels:
        check, message = _channel(unit.name, channel, readings, plan)
        checks.append(check)
        trouble = trouble or message
    main = unit.channels[0]
    data = MeasuredData(
        quantity=main.quantity, unit=main.unit, full_scale=scale, levels=[levels[main.quantity]], checks=checks,
        traces=[trace_of(channel.quantity, readings, unit.name) for channel in unit.channels],
    )  # fmt: skip
    return Outcome(unit.name, None, data, [], [] if trouble is None else [trouble], hold=trouble)


def _channel(
    device: str, channel: Channel, readings: Sequence[Reading], plan: RoomForNegativesPlan
) -> tuple[PrepareCheck, Message | None]:
    values = [one.value for one in readings if (one.device, one.quantity) == (device, channel.quantity)]
    seen = signs_of(values, plan.least_at_zero)
    below, at_zero = sum(value < 0.0 for value in values), sum(value == 0.0 for value in values)
    found = {
        "below": f"{below}/{len(values)} < 0",
        "above": f"{len(values)}/{len(values)} ≥ {min(values):.3g} {channel.unit}",
    }.get(seen, f"0/{len(values)} < 0; {at_zero}/{len(values)} = 0")
    ok = seen in ("below", "above")
    check = PrepareCheck(name=f"negatives_{channel.quantity}", found=found, expected=_EXPECTED, ok=ok)
    if ok:
        return check, None
    told = Message(
        key="negatives.cut_off",
        values={"device": device, "quantity": channel.quantity, "n": len(values), "at_zero": at_zero},
    )
    return check, told


PROCEDURE = RoomForNegatives()
