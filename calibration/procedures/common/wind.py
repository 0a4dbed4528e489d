"""A wind tunnel over a sensor, and readings of a wind: what the checks of speed and direction share."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from calibration.procedures.common.context import Context
from calibration.procedures.common.parameters import Parameters, Seconds
from rig.run import Deed, Prompt

VANE = "vane"
"""Word in a unit's method that says that its direction is that of a vane."""
_NAMES = {"speed": ("wind_speed_avg", "wind_speed"), "direction": ("wind_direction_avg", "wind_direction")}


class TunnelPlan(Parameters):
    """What a plan may set of a tunnel: how long a sensor's means need, and how well its speed is known."""

    settle: Seconds = Field(default=150.0, description="means over a minute, formed once a minute")
    tunnel_u_pct: float = Field(default=0.5, ge=0)
    tunnel_u: float = Field(default=0.02, ge=0)
    threshold_speeds: list[float] = Field(
        default=[0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.5], min_length=1, description="m/s, rising"
    )


def quantity_of(context: Context, device: str, what: str) -> str:
    """Name under which a device tells its mean wind speed or direction. Raises KeyError for one that tells none."""
    for name in _NAMES[what]:
        if context.run.look(device, name) is not None:
            return name
    raise KeyError(what)


def set_tunnel(context: Context, device: str, speed: float, extra: Sequence[Deed] = ()) -> float:
    """Have the tunnel set to ``speed``, m/s; return what the person reads off its reference anemometer."""
    deed = Deed(device, "tunnel_speed", speed, home=-1.0)
    answer = context.run.prompt(
        Prompt("prompt.wind_tunnel", {"device": device, "speed": speed}, expected=speed, unit="m/s",
               lowest=0.8 * speed - 0.1, highest=1.2 * speed + 0.1, deeds=(deed, *extra))
    )  # fmt: skip
    return float(answer)


def take_tunnel_off(context: Context, device: str) -> None:
    """Have the tunnel taken off."""
    deed = Deed(device, "tunnel_speed", -1.0, home=-1.0)
    context.run.prompt(Prompt("prompt.wind_tunnel_off", {"device": device}, deeds=(deed,)))


def turned_by(shown: float, true: float) -> float:
    """How far a direction is from the true one, deg, -180 to below 180."""
    return (shown - true + 180.0) % 360.0 - 180.0
