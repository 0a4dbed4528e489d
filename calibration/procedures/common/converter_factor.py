"""The stored factor of an analyzer's converter: 1.000 while the converter itself is tested, and put back."""

from __future__ import annotations

from calibration.procedures.common.conduct import as_text
from calibration.procedures.common.context import Context
from calibration.record import Message, Setting


def factor_to_one(context: Context, device: str, notes: list[Message]) -> Setting | None:
    """Set the factor to 1.000, and say so in ``notes``; None where the unit does not tell it, or takes no other.

    Raises:
        Refused: the unit said no. RigError: it gave no proper answer.
    """
    name = context.run.analyzer(device).converter_factor
    found = None if name is None else context.run.look(device, name)
    if name is None or not isinstance(found, int | float):
        notes.append(Message(key="converter.factor_not_readable", values={"device": device}))
        return None
    try:
        context.run.set(device, name, 1.0)
    except KeyError:  # a protocol that tells the factor and has no request to set it (Teledyne's Modbus)
        told = f"{found:.3f}"
        notes.append(Message(key="converter.factor_not_settable", values={"device": device, "value": told}))
        return None
    notes.append(Message(key="converter.factor_set", values={"before": f"{found:.3f}", "after": "1.000"}))
    return Setting(name=name, as_found=f"{found:.3f}", as_left=f"{found:.3f}")


def factor_back(context: Context, device: str, factor: Setting | None) -> Message | None:
    """Put the stored factor back; if it was no longer 1.000, somebody else has changed it, and the test is void."""
    if factor is None:
        return None
    found = context.run.look(device, factor.name)
    context.run.restore(device, factor.name)
    if found == 1.0:
        return None
    return Message(
        key="device.setting_changed",
        values={"device": device, "setting": factor.name, "before": "1.000", "after": as_text(found)},
    )
