"""Preparation: is the analyzer ready to be tested? Looked at before any gas flows; only what must change is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.alarms import is_of_temperature, standing_alarms
from calibration.procedures.common.conduct import as_text
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Procedure, Stage, Unit
from calibration.record import Message, PrepareCheck, PrepareData
from rig.run import Deed, Prompt

_UNIT_FOR_TESTS = {"co": "ppm"}
_WARM_UP_LONGEST_S = 7200.0
_WARM_UP_POLL_S = 60.0


_CHANGED, _NOT_CHANGED = "yes", "no"

_ROOM = {"temperature": "prompt.room_temperature", "humidity": "prompt.room_humidity"}


class PreparePlan(Parameters):
    """What a plan may expect of a unit before it is tested; None asks nothing of it."""

    averaging_time: Seconds | None = Field(default=None, description="the unit must stand at this; none asks nothing")
    converter_factor: tuple[float, float] | None = Field(default=None, description="lowest and highest stored factor")
    room_temperature: tuple[float, float] | None = Field(default=None, description="degC, lowest and highest")
    room_humidity: float | None = Field(default=None, gt=0, le=100, description="%, highest")
    filter_change: bool = Field(default=False, description="a person changes the filter at the sample inlet")


class Prepare(Procedure[PreparePlan]):
    """Check first that it is the model that the bench file says; then mode, warm-up, alarms, flow, unit and range.

    A unit of another model is left as it is. One that still warms up is waited for, two hours at the most. What is not
    in order is noted; a unit that is not ready is not tested.
    """

    name = "prepare"
    parameters = PreparePlan
    gas: ClassVar[bool] = False

    def stages(self, units: Sequence[Unit], parameters: PreparePlan, gas: GasPlan) -> list[Stage]:
        """One look; with the hands that a new filter takes."""
        changed = parameters.filter_change and units[0].channels
        hands = Message(key="prompt.change_filter", values={"device": units[0].name}) if changed else None
        return [Stage(self.name, "", 0.0, hands=hands)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: PreparePlan) -> list[Outcome]:
        """Look at one unit."""
        [unit] = units
        outcome = _look(context, unit.name, parameters)
        assert isinstance(outcome.data, PrepareData)
        failed = next((check for check in outcome.data.checks if not check.ok), None)
        if failed is not None:
            outcome.hold = Message(
                key="prepare.not_ready",
                values={"device": unit.name, "check": failed.name, "found": failed.found, "expected": failed.expected},
            )
        return [outcome]


def _look(context: Context, device: str, plan: PreparePlan) -> Outcome:
    run = context.run
    run.step(f"{device}: prepare")
    checks: list[PrepareCheck] = []
    notes: list[Message] = []

    def check(name: str, found: object, expected: str, *, ok: bool) -> None:
        checks.append(PrepareCheck(name=name, found=str(found), expected=expected, ok=ok))

    model, expected = run.look(device, "model"), run.analyzer(device).identity.model
    if model is not None:
        check("model", model, expected, ok=str(model) == expected)
        if str(model) != expected:
            return Outcome(
                device, data=PrepareData(checks=checks), notes=notes
            )  # nothing is set on a unit that is another one
    mode = run.look(device, "mode")
    if mode == "local":
        run.set(device, "mode", "remote")
        notes.append(Message(key="prepare.local_mode", values={"device": device}))
        mode = run.look(device, "mode")
    if mode is not None:
        # Newer firmware says "ok" to set mode and stays local, and takes settings all the same: local is no obstacle.
        check("mode", mode, "remote or local, not service", ok=mode != "service")

    waited = 0.0
    alarms = standing_alarms(context, device)
    while any(map(is_of_temperature, alarms)) and waited < _WARM_UP_LONGEST_S:
        run.wait(_WARM_UP_POLL_S)
        waited += _WARM_UP_POLL_S
        alarms = standing_alarms(context, device)
    if waited:
        notes.append(
            Message(key="prepare.waited_for_warm_up", values={"device": device, "minutes": round(waited / 60)})
        )
    notes += [Message(key="prepare.alarm", values={"device": device, "alarm": alarm}) for alarm in alarms]
    check("alarms", ", ".join(alarms) or "none", "none", ok=not alarms)

    kind = run.analyzer(device).kind
    wanted = _UNIT_FOR_TESTS.get(kind, "ppb")
    left: dict[str, str] = {}
    unit = run.look(device, "gas_unit")
    if unit is not None and unit not in ("ppb", "ppm"):
        run.set(device, "gas_unit", wanted)
        notes.append(
            Message(key="prepare.wrong_unit", values={"device": device, "found": str(unit), "expected": wanted})
        )
        unit = run.look(device, "gas_unit")
        left["gas_unit"] = as_text(unit)
    if unit is not None:
        check("gas_unit", unit, "ppb or ppm", ok=unit in ("ppb", "ppm"))
    if plan.filter_change:
        checks.append(_filter(context, device))  # before the flow is looked at: a clogged one takes some of it
    flow = run.look(device, run.analyzer(device).flow)
    if isinstance(flow, int | float):
        check("sample_flow", f"{flow:.3f} L/min", "> 0.3 L/min", ok=float(flow) > 0.3)
    range_ = run.look(device, "range")
    if range_ is not None:
        check("range", f"{range_:g}" if isinstance(range_, float) else range_, "stated by the device", ok=True)
    checks += _settings(context, device, plan)
    checks += _room(context, plan)
    return Outcome(device, data=PrepareData(checks=checks), notes=notes, left=left)


def _filter(context: Context, device: str) -> PrepareCheck:
    """A new filter at the sample inlet, put in by hand; with the day on which that was done."""
    deed = Deed(device, "change_filter", True)  # a clean filter may stay
    answer = context.run.prompt(
        Prompt("prompt.change_filter", {"device": device}, expected=_CHANGED, choices=(_CHANGED, _NOT_CHANGED),
               deeds=(deed,))
    )  # fmt: skip
    changed = answer == _CHANGED
    found = context.run.today().isoformat() if changed else "not_changed"
    return PrepareCheck(name="filter_change", found=found, expected="changed", ok=changed)


def _settings(context: Context, device: str, plan: PreparePlan) -> list[PrepareCheck]:
    """Settings that decide a result before any gas flows; what the unit cannot tell is left out."""
    run, found = context.run, []
    if plan.averaging_time is not None:
        value = run.look(device, "averaging_time")
        if isinstance(value, int | float):
            found.append(_checked("averaging_time", float(value), plan.averaging_time, plan.averaging_time, "s"))
    factor = run.analyzer(device).converter_factor
    if plan.converter_factor is not None and factor is not None:
        value = run.look(device, factor)
        if isinstance(value, int | float):
            found.append(_checked("converter_factor", float(value), *plan.converter_factor, ""))
    return found


def _room(context: Context, plan: PreparePlan) -> list[PrepareCheck]:
    """Temperature and humidity of the room, by the shelter's own sensor, or as a person reads them."""
    run, found = context.run, []
    limits = {} if plan.room_temperature is None else {"temperature": (*plan.room_temperature, "degC")}
    if plan.room_humidity is not None:
        limits["humidity"] = (0.0, plan.room_humidity, "%")
    for quantity, (low, high, unit) in limits.items():
        value = next((told for name in run.of_kind("shelter") if (told := run.look(name, quantity)) is not None), None)
        if not isinstance(value, int | float):
            answer = run.prompt(Prompt(_ROOM[quantity], expected=(low + high) / 2.0, unit=unit,
                                       lowest=-40.0 if unit == "degC" else 0.0, highest=100.0))  # fmt: skip
            value = float(answer)
        found.append(_checked(f"room_{quantity}", float(value), low, high, unit.replace("degC", "°C")))
    return found


def _checked(name: str, value: float, low: float, high: float, unit: str) -> PrepareCheck:
    expected = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return PrepareCheck(name=name, found=f"{value:g} {unit}".strip(), expected=f"{expected} {unit}".strip(),
                        ok=low <= value <= high)  # fmt: skip


PROCEDURE = Prepare()
