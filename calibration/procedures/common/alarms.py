"""Alarms of a unit: those about itself, and those that pass when it is warm."""

from __future__ import annotations

from calibration.procedures.common.context import Context


def standing_alarms(context: Context, device: str) -> tuple[str, ...]:
    """Alarms of a unit that are about itself."""
    alarms = context.run.look(device, "alarms")
    # A concentration alarm is about the air, not about the instrument.
    if not isinstance(alarms, tuple):
        return ()
    gases = {channel.quantity for channel in context.run.analyzer(device).channels} | {"no2"}
    return tuple(alarm for alarm in alarms if alarm.split(":")[0] not in gases)


def is_of_temperature(alarm: str) -> bool:
    """Whether an alarm says that something is not at its temperature: a unit that warms up, or one that cannot."""
    return alarm.split(":")[0].endswith("_temp")
