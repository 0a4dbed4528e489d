"""Which requests a run rests on: everything that procedures read from a kind of device, or set on it.

A protocol's table holds many commands that no procedure uses. How well a result is founded depends on those that are
used, so the mark of a device's protocol is the weakest mark of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

from instruments.device import Value
from instruments.errors import Refused
from rig.host.kinds import CHANNELS, CONVERTER_FACTOR, snapshot_settings

_IDENTITY = ("firmware",)
_READINESS = ("mode", "alarms", "gas_mode", "sample_flow", "flow_a")
_READS_OF_A_CALIBRATOR = (
    "calibrator_mode", "photometer_o3", "concentration_actual", "gas_flow", "ozone_flow", "total_flow_actual",
    "chamber_volume",
)  # fmt: skip


class _Requests(Protocol):
    def read_request(self, quantity: str) -> str: ...

    def set_request(self, setting: str, value: Value, unit: str = "") -> str: ...


def relied_on(kind: str, protocol: _Requests) -> list[str]:
    """Requests that procedures can send to a device of ``kind``, in this protocol's words, without repetition.

    What the protocol cannot tell or set is left out, as procedures leave it out.
    """
    found: dict[str, None] = {}
    for quantity in _reads(kind):
        with suppress(KeyError):
            found[protocol.read_request(quantity)] = None
    for setting, value in _sets(kind):
        with suppress(KeyError, Refused):
            found[protocol.set_request(setting, value)] = None
    return list(found)


def _reads(kind: str) -> Iterator[str]:
    yield from _IDENTITY
    if kind == "calibrator":
        yield from _READS_OF_A_CALIBRATOR
        return
    yield from _READINESS
    yield from snapshot_settings(kind)
    for channel in CHANNELS[kind]:
        yield channel.quantity


def _sets(kind: str) -> Iterator[tuple[str, Value]]:
    """Settings with a value each that has the form of what procedures send."""
    if kind == "calibrator":
        for mode in ("standby", "zero", "span", "ozone", "gpt"):
            yield "calibrator_mode", mode
        yield "gas", "a"
        for setting in ("total_flow", "concentration", "ozone"):
            yield setting, 1.0
        return
    yield "mode", "remote"
    yield "gas_unit", "ppb"
    for port in ("sample", "zero", "span"):
        yield "gas_mode", port
    yield "span_concentration", 1.0
    for channel in CHANNELS[kind]:
        for action in (channel.calibrate_zero, channel.calibrate_span):
            if action is not None:
                yield action, True
    if kind == "nox":
        yield CONVERTER_FACTOR, 1.0
