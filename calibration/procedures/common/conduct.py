"""Carrying a procedure out on its units: settings before and after, gas ports, entries of the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from calibration.procedures.common.context import Context, Outcome
from calibration.record import Message, ProcedureRun, Setting, Test
from rig.run import Run


def conduct(
    context: Context,
    procedure: str,
    devices: Sequence[str],
    body: Callable[[], Sequence[Outcome]],
    *,
    gas: bool = True,
    before: Mapping[str, dict[str, str]] | None = None,
) -> list[tuple[ProcedureRun, list[Test]]]:
    """Run ``body`` between two snapshots of the units' settings; a change that it did not make itself voids its tests.

    Args:
        context: run, judge, name of the step.
        procedure: name of the procedure.
        devices: the units that take part.
        body: the procedure itself; its outcomes are entries of the record, in their order.
        gas: whether the units turn to the port at which the calibrator's gas arrives.
        before: settings as they stand, if somebody has looked just now.
    """
    run = context.run
    started = run.now()
    if before is None:
        before = {device: snapshot(run, device) for device in devices}
    for device in devices if gas else ():
        run.enter_gas(device)
    outcomes = body()
    ended = run.now()
    after = {device: snapshot(run, device) for device in devices}
    found = []
    for outcome in outcomes:
        left = {name: text for other in outcomes if other.device == outcome.device for name, text in other.left.items()}
        settings = [
            Setting(name=name, as_found=text, as_left=after[outcome.device].get(name, ""))
            for name, text in before[outcome.device].items()
        ]
        found.append(_entry(context, procedure, outcome, settings, left, (started, ended)))
    for entry, _ in found:
        run.record(entry)
    return found


def _entry(
    context: Context, procedure: str, outcome: Outcome, settings: list[Setting], left: dict[str, str],
    when: tuple[float, float],
) -> tuple[ProcedureRun, list[Test]]:  # fmt: skip
    device = outcome.device
    changed = [setting for setting in settings if setting.as_left != left.get(setting.name, setting.as_found)]
    tests, notes = outcome.tests, outcome.notes
    if changed:
        reason = Message(
            key="device.setting_changed",
            values={
                "device": device,
                "setting": changed[0].name,
                "before": changed[0].as_found,
                "after": changed[0].as_left,
            },
        )
        tests = [test.model_copy(update={"verdict": "void", "message": reason}) for test in tests]
        notes = [*notes, reason]
    place = [device, context.step, *([] if outcome.quantity is None else [outcome.quantity])]
    entry = ProcedureRun(
        id="/".join(place), procedure=procedure, device=device, status="void" if changed else "done",
        started_s=when[0], ended_s=when[1], gas_port=context.run.identity(device).gas_port, settings=settings,
        references=outcome.references, notes=notes, data=outcome.data,
    )  # fmt: skip
    return entry, tests


def changed_since(device: str, left: Mapping[str, str], now: Mapping[str, str]) -> Message | None:
    """Which setting of a unit somebody has changed since the last test left it; None if all stand as they stood."""
    for name, before in left.items():
        if name in now and now[name] != before:
            values: dict[str, float | int | str | None] = {
                "device": device, "setting": name, "before": before, "after": now[name],
            }  # fmt: skip
            return Message(key="device.setting_changed_between", values=values)
    return None


def snapshot(run: Run, device: str) -> dict[str, str]:
    """Settings that shape a reading, as text; what the device cannot tell is left out."""
    found = {}
    for name in run.shaping(device):
        value = run.look(device, name)
        if value is not None:
            found[name] = as_text(value)
    return found


def as_text(value: object) -> str:
    """A setting as a snapshot holds it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
