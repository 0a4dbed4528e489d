"""What procedures on particle monitors share: values by wire or by eye, test mode, power, what belongs to a unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from calibration.procedures.common.context import Context
from calibration.procedures.common.hands import command
from calibration.record import Message
from calibration.statistics.summary import Summary
from calibration.uncertainty import Component
from instruments.device import Value
from instruments.errors import Refused
from rig.errors import RigFault
from rig.host.plate import Piece
from rig.host.references import StandardReference
from rig.prompts import Deed, Prompt, Sight

YES, NO = "yes", "no"
_ASKED_FOR_A_MODE = 2
"""How often a person is asked to change a mode: once, and once more after a look (this project's choice, recalled)."""
BETA, OSCILLATION = "beta", "oscillation"
_TO_HPA = {"hPa": 1.0, "atm": 1013.25, "mmHg": 1013.25 / 760.0, "kPa": 10.0}
_ZERO_K = 273.15
_MAGNUS_A, _MAGNUS_B = 17.62, 243.12
"""Magnus formula over water, WMO-No. 8 (recalled); its factor cancels in a ratio."""


def shown(
    context: Context, device: str, quantity: str, unit: str, lowest: float, highest: float, decimals: int = 3
) -> float:
    """A number that a monitor shows: by its wire, or read off its display by a person.

    Args:
        context: of the procedure.
        device: name of the monitor.
        quantity: what is read.
        unit: in which it is wanted; pressures are converted to hPa.
        lowest: the least that can be believed of a person's answer.
        highest: the most.
        decimals: as the display has them.

    Raises:
        RigError: no proper answer.
    """
    try:
        reading = context.run.read(device, quantity)
        return reading.value * (_TO_HPA.get(reading.unit, 1.0) if unit == "hPa" else 1.0)
    except (KeyError, Refused):
        pass  # its wire does not tell it: its display does
    values: dict[str, float | int | str] = {"device": device, "quantity": quantity, "unit": unit or "1"}
    return float(
        context.run.prompt(
            Prompt("prompt.read_display", values, unit=unit, lowest=lowest, highest=highest,
                   sight=Sight(device, quantity, decimals))
        )
    )  # fmt: skip


def by_wire(context: Context, device: str, *quantities: str) -> str | None:
    """The first of ``quantities`` that its wire tells; None if it tells none."""
    return next((name for name in quantities if context.run.look(device, name) is not None), None)


def is_fdms(context: Context, device: str) -> bool:
    """Whether an oscillating balance takes turns between air and filtered air."""
    return context.run.look(device, "reference_concentration") is not None


def flow_shown(context: Context, device: str) -> float:
    """The whole flow that a monitor shows, L/min: of both ways where it has a bypass."""
    if context.run.look(device, "bypass_flow") is None:
        return shown(context, device, "flow", "L/min", 0.0, 30.0)
    return sum(shown(context, device, name, "L/min", 0.0, 30.0) for name in ("main_flow", "bypass_flow"))


def enter_test_mode(context: Context, device: str, *, pump: bool) -> None:
    """Put a beta monitor into maintenance, with its pump on or off; by the wire, or by a person.

    Raises:
        RigFault: it was asked of a person twice, and the unit samples all the same.
    """
    _turn(context, device, {"maintenance": True, "test_pump": pump}, "prompt.test_mode")


def leave_test_mode(context: Context, device: str) -> None:
    """Let a beta monitor sample again, from its next cycle on. Raises like :func:`enter_test_mode`."""
    _turn(context, device, {"test_pump": False, "maintenance": False}, "prompt.leave_test_mode")


def _turn(context: Context, device: str, wanted: Mapping[str, Value], key: str) -> None:
    """Change the mode, and look whether it changed where a person did it: what was not done is asked for once more."""
    wish = YES if wanted["maintenance"] else NO
    look = Prompt("prompt.is_test_mode", {"device": device}, expected=wish, choices=(YES, NO),
                  sight=Sight(device, "maintenance"))  # fmt: skip
    for _ in range(_ASKED_FOR_A_MODE):
        by_hand = command(context, device, wanted, Prompt(key, {"device": device}),
                          homes={"maintenance": False, "test_pump": False})  # fmt: skip
        if not by_hand or context.run.prompt(look) == wish:
            return
    menu = "is not in its test menu" if wish == YES else "is still in its test menu"
    raise RigFault(f"{device} {menu}, though that was asked for {_ASKED_FOR_A_MODE} times ({key})", device)


def hands(context: Context, key: str, device: str, *deeds: Deed, **values: float | int | str) -> None:
    """Have a person do something at a monitor."""
    context.run.prompt(Prompt(key, {"device": device, **values}, deeds=deeds))


def interrupt_power(context: Context, devices: Sequence[str], times: int, off_s: float, on_s: float) -> None:
    """Have the power of monitors interrupted so many times, ``off_s`` without and ``on_s`` with it after each."""
    for _ in range(times):
        for device in devices:
            hands(context, "prompt.power_off", device, Deed(device, "power", False, home=True))
        context.run.wait(off_s)
        for device in devices:
            hands(context, "prompt.power_on", device, Deed(device, "power", True, home=True))
        context.run.wait(on_s)


def own_piece(context: Context, device: str) -> tuple[Piece | None, Message | None]:
    """The foil or weighed filter that belongs to a unit; or why there is none that can be used."""
    identity = context.run.identity(device)
    values: dict[str, float | int | str | None] = {"device": device, "serial": identity.serial}
    if not identity.plate.pieces:
        return None, Message(key="piece.none", values=values)
    today: date = context.run.today()
    for piece in identity.plate.pieces:
        if piece.serial == identity.serial and piece.expires >= today:
            return piece, None
    piece = identity.plate.pieces[0]
    told = {**values, "piece": piece.name, "certificate": piece.certificate, "belongs": piece.serial,
            "expires": piece.expires.isoformat()}  # fmt: skip
    key = "piece.expired" if piece.serial == identity.serial else "piece.of_another_unit"
    return None, Message(key=key, values=told)


def humidity_at(humidity_pct: float, temperature_c: float, at_c: float) -> float:
    """Relative humidity of air that is brought from one temperature to another, %, by the Magnus formula."""
    exponent = _MAGNUS_A * (temperature_c / (_MAGNUS_B + temperature_c) - at_c / (_MAGNUS_B + at_c))
    return humidity_pct * math.exp(exponent)


def scatter(source: str, summary: Summary, unit: str, sensitivity: float) -> Component:
    """What the scatter of readings leaves in their mean."""
    values: dict[str, float | int | str] = {"n": summary.n, "s": float(f"{summary.sd:.3g}"), "unit": unit}
    dof = max(summary.effective_n - 1.0, 1.0)
    return Component(source, "A", summary.effective_standard_error, unit, sensitivity, dof,
                     basis_key="basis.repeatability", basis_values=values)  # fmt: skip


def certified(standard: StandardReference, value: float, sensitivity: float) -> Component:
    """What the certificate of a reference meter leaves in a value read off it."""
    u = math.hypot(standard.u_pct / 100.0 * value, standard.u_offset)
    return Component("reference_meter", "B", u, standard.unit, sensitivity, basis_key="basis.certificate",
                     basis_values={"certificate": standard.certificate})  # fmt: skip


def in_turn(context: Context, count: int, every_s: float, read: Callable[[], None]) -> None:
    """Read so many times, ``every_s`` apart."""
    for number in range(count):
        if number:
            context.run.wait(every_s)
        read()
