"""What a procedure lets a person do: settings that the wire cannot make, meters held at their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from calibration.procedures.common.context import Context
from instruments.device import Value
from instruments.errors import Refused
from rig.prompts import Deed, Prompt, Sight

ROOM = "room"
"""Where a reference meter lies while nobody needs it."""


def command(
    context: Context, device: str, wanted: Mapping[str, Value], prompt: Prompt, *,
    homes: Mapping[str, Value] | None = None, adjust: bool = False,
) -> bool:  # fmt: skip
    """Set ``wanted`` in its order by the wire; what the protocol has no request for is done by hand, with ``prompt``.

    Args:
        context: of the procedure.
        device: what is set.
        wanted: settings with their values.
        prompt: what a person is asked, without deeds.
        homes: what a setting made by hand is to be put back to before the run ends.
        adjust: they are meant to stay.

    Returns:
        whether a person had to do it.

    Raises:
        Refused, RigError: as :meth:`rig.run.Run.set`.
    """
    by_hand: list[Deed] = []
    for setting, value in wanted.items():
        try:
            context.run.set(device, setting, value, adjust=adjust)
        except KeyError:
            by_hand.append(Deed(device, setting, value, home=(homes or {}).get(setting)))
        except Refused as refused:
            if refused.reason != "invalid":  # a word that this protocol does not have: the keypad may have it
                raise
            by_hand.append(Deed(device, setting, value, home=(homes or {}).get(setting)))
    if by_hand:
        context.run.prompt(replace(prompt, deeds=tuple(by_hand)))
    return bool(by_hand)


def told(context: Context, device: str, quantity: str, prompt: Prompt) -> str:
    """What a device says of ``quantity``, by the wire if it can, or read off by a person with ``prompt``."""
    value = context.run.look(device, quantity)
    if value is not None:
        return str(value)
    return context.run.prompt(replace(prompt, sight=Sight(device, quantity)))


def hold(context: Context, meter: str, place: str, mistaken: tuple[str, ...] = ()) -> None:
    """Have a reference meter held at a place (``so2.sample``, ``calibrator.gas``).

    Args:
        context: of the procedure.
        meter: its name on the bench.
        place: where.
        mistaken: places that a person may take for it.
    """
    deed = Deed(meter, "connected_to", place, home=ROOM, instead=mistaken)
    context.run.prompt(Prompt("prompt.hold_meter", {"meter": meter, "place": place}, deeds=(deed,)))


def put_down(context: Context, meter: str, place: str) -> None:
    """Have a reference meter taken off."""
    deed = Deed(meter, "connected_to", ROOM, home=ROOM)
    context.run.prompt(Prompt("prompt.put_down", {"meter": meter, "place": place}, deeds=(deed,)))
