"""What a unit shows against what a logger gets of it: its own port, and another port, protocol or a person's eye."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import full_scale, request
from calibration.procedures.common.parameters import GasPlan, Levels, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids
from calibration.record import Column, MeasuredData, Message, Table
from rig.prompts import Prompt, Sight
from rig.run import Reading

NAME = "display_against_logger"
BY_EYE = "by eye"
_DECIMALS = 3


class DisplayAgainstLoggerPlan(Parameters):
    """What a plan may set of it."""

    levels_pct: Levels = Field(default=[0.0, 80.0], description="gases of an analyzer; empty: what it samples")
    moments: int = Field(default=12, ge=2, description="comparisons from the moment at which a gas is offered")
    every: Seconds = Field(default=30.0, gt=0, description="time between them")
    quantities: list[str] = Field(
        default=["concentration", "wind_speed_avg", "air_temperature", "visibility_1min"],
        description="of a unit without gas channels: those of these that its own port tells",
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison: the unit before, the logger, the unit after; ``way`` is the port, or that a person read it."""

    way: str
    quantity: str
    level: str
    before: Reading
    logged: float
    after: Reading

    @property
    def excess(self) -> float:
        """How far the logger's value lies outside of what the unit showed just before and just after it."""
        low, high = sorted((self.before.value, self.after.value))
        return max(low - self.logged, self.logged - high, 0.0)

    @property
    def shown(self) -> float:
        """The larger of the unit's two values, without its sign."""
        return max(abs(self.before.value), abs(self.after.value))


class DisplayAgainstLogger(Procedure[DisplayAgainstLoggerPlan]):
    """Each of the logger's readings stands between two of the unit, from the moment at which a gas is offered.

    While the reading is on its way a logger that lags is seen; at its end, one that scales. Where a unit has one port
    only, a person reads the logger at the end of each level. Any unit that can be read can be compared; one without
    gas channels is compared on what it samples.
    """

    name = NAME
    parameters = DisplayAgainstLoggerPlan
    criteria: ClassVar[Mapping[str, str]] = {"difference": "%"}
    takes: ClassVar[Takes] = "same gas"

    def serves(self, unit: Unit) -> bool:
        """Whatever measures."""
        return unit.kind != "calibrator"

    def judged(self, unit: Unit, parameters: DisplayAgainstLoggerPlan) -> list[Judged]:
        """Each channel; of a unit without channels nobody knows beforehand what its wire tells."""
        return [Judged(channel.quantity, "%", tuple(self.criteria)) for channel in unit.channels]

    def stages(self, units: Sequence[Unit], parameters: DisplayAgainstLoggerPlan, gas: GasPlan) -> list[Stage]:
        """The levels, without a wait for stability."""
        takes = parameters.moments * parameters.every
        levels = [label_of(percent) for percent in parameters.levels_pct] if units[0].channels else []
        return [Stage(label, "", takes) for label in levels] or [Stage(self.name, "", takes, sampling=True)]

    def wanted(self, unit: Unit, parameters: DisplayAgainstLoggerPlan, gas: GasPlan) -> list[Wanted]:
        """The levels above zero."""
        if not unit.channels:
            return []
        minutes = parameters.moments * parameters.every / 60.0
        return [Wanted.level(unit, "levels_pct", pct, gas, minutes) for pct in parameters.levels_pct if pct > 0.0]

    def perform(
        self, context: Context, units: Sequence[Unit], parameters: DisplayAgainstLoggerPlan
    ) -> list[Outcome]:  # fmt: skip
        """Offer each level, and compare from that moment on."""
        run = context.run
        names = {unit.name: _quantities(context, unit, parameters) for unit in units}
        found: list[Compared] = []
        levels: Sequence[float | None] = parameters.levels_pct if units[0].channels else ()
        for percent in levels or (None,):
            label = "" if percent is None else label_of(percent)
            run.begin("level", label or self.name)
            if percent is not None:
                scale = full_scale(run, units[0].name)
                run.offer(request(context, units[0].gas, percent * scale / 100.0))
            for _ in range(parameters.moments):
                run.wait(parameters.every)
                for device, quantities in names.items():
                    found += _by_ports(context, device, quantities, label)
            for device, quantities in names.items():
                if not any(one.before.device == device and one.level == label for one in found):
                    found += [_by_eye(context, device, quantity, label) for quantity in quantities]
        return [
            _outcome(context, unit, quantity, [one for one in found
                     if (one.before.device, one.before.quantity) == (unit.name, quantity)])
            for unit in units for quantity in names[unit.name]
        ]  # fmt: skip


def _quantities(context: Context, unit: Unit, parameters: DisplayAgainstLoggerPlan) -> list[str]:
    if unit.channels:
        return [channel.quantity for channel in unit.channels]
    return [name for name in parameters.quantities if isinstance(context.run.look(unit.name, name), int | float)]


def _by_ports(context: Context, device: str, quantities: Sequence[str], level: str) -> Iterator[Compared]:
    for port in context.run.other_ports(device):
        for quantity in quantities:
            before = context.run.read(device, quantity)
            logged = context.run.read_by(device, port, quantity)
            if logged is not None:
                after = context.run.read(device, quantity)
                yield Compared(port, quantity, level, before, logged.value, after)


def _by_eye(context: Context, device: str, quantity: str, level: str) -> Compared:
    before = context.run.read(device, quantity)
    values: dict[str, float | int | str] = {"device": device, "quantity": quantity, "unit": before.unit or "1"}
    most = 10.0 * max(1.0, abs(before.value)) * 1e3
    prompt = Prompt("prompt.read_logger", values, unit=before.unit, lowest=-most, highest=most,
                    sight=Sight(device, quantity, _DECIMALS))  # fmt: skip
    logged = float(context.run.prompt(prompt))
    return Compared(BY_EYE, quantity, level, before, logged, context.run.read(device, quantity))


def _outcome(context: Context, unit: Unit, quantity: str, found: Sequence[Compared]) -> Outcome:
    measured = found[0].before.unit
    largest = max(one.shown for one in found)
    subject = context.subject(unit.name, quantity, "%", 100.0)
    name = f"{NAME}.difference"
    ways = ", ".join(dict.fromkeys(one.way for one in found))
    values: dict[str, float | int | str | None] = {"device": unit.name, "quantity": quantity, "ways": ways}
    notes = [Message(key=f"{NAME}.{'by_eye' if found[0].way == BY_EYE else 'by_port'}", values=values)]
    if largest == 0.0:
        test = context.judge.no_result(name, subject, "void", Message(key=f"{NAME}.nothing_shown", values=values))
    else:
        worst = max(found, key=lambda one: one.excess)
        told: dict[str, float | int | str | None] = {
            "device": unit.name, "way": worst.way, "logged": worst.logged, "before": worst.before.value,
            "after": worst.after.value, "unit": measured,
        }  # fmt: skip
        message = Message(key=f"{NAME}.worst", values=told) if worst.excess > 0.0 else None
        test = context.judge.judge(
            name, subject, value=100.0 * worst.excess / largest, budget=None, n=len(found), message=message,
            formula_numbers=f"{worst.excess:.3g} / {largest:.4g} × 100 %",
        )  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [one.before.t_s / 60.0, one.level, one.way, one.before.value, one.logged, one.after.value, one.excess]
        for one in found
    ]
    columns = [Column(key="time", unit="min", decimals=1), Column(key="level"), Column(key="way"),
               *(Column(key=key, unit=measured, decimals=_DECIMALS)
                 for key in ("shown_before", "logged", "shown_after", "outside"))]  # fmt: skip
    data = MeasuredData(quantity=quantity, unit=measured, full_scale=unit.full_scale,
                        tables=[Table(key="logged", columns=columns, rows=rows)])  # fmt: skip
    references = reference_ids(context, unit.gas) if unit.channels else []
    return Outcome(unit.name, quantity, data, [test], notes, references)


PROCEDURE = DisplayAgainstLogger()
