"""Which requests a run rests on: everything that procedures read from a kind of device, or set on it.

A protocol's table holds many commands that no procedure uses. How well a result is founded depends on those that are
used, so the mark of a device's protocol is the weakest mark of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from instruments.device import Value
from instruments.errors import Refused
from rig.host.kinds import (
    FLOWS,
    MEASURED,
    MONITOR,
    MONITOR_READS,
    MONITOR_SETTINGS,
    Channel,
    converter_factor,
    snapshot_settings,
)

_IDENTITY = ("firmware", "model")
_READINESS = ("mode", "alarms", "gas_mode", *FLOWS)
_READS_OF_A_CALIBRATOR = (
    "calibrator_mode", "photometer_o3", "concentration_actual", "gas_flow", "ozone_flow", "total_flow_actual",
    "chamber_volume", "cylinder_value", "zero_flow", "gas", "pressure", "bench_temp", "alarms",
)  # fmt: skip
_READS_OF_A_PHOTOMETER = ("o3", "o3_coef", "o3_bkg", "pressure", "bench_temp", "alarms")


class _Requests(Protocol):
    def read_request(self, quantity: str) -> str: ...

    def set_request(self, setting: str, value: Value, unit: str = "") -> str: ...

    def generate_request(self, mode: str, gas: str, settings: Mapping[str, float], unit: str) -> str: ...


def relied_on(kind: str, channels: Sequence[Channel], protocol: _Requests) -> list[str]:
    """Requests that procedures can send to a device of ``kind``, in this protocol's words, without repetition.

    What the protocol cannot tell or set is left out, as procedures leave it out.
    """
    found: dict[str, None] = {}
    for quantity in _reads(kind, channels):
        with suppress(KeyError):
            found[protocol.read_request(quantity)] = None
    if kind == "calibrator":
        for mode in ("zero", "span", "ozone", "gpt"):
            for ozone in (0.0, 1.0):
                amounts = {"total_flow": 1.0, "concentration": 1.0, "ozone": ozone}
                with suppress(KeyError):
                    found[protocol.generate_request(mode, "no", amounts, "nmol/mol")] = None
    for setting, value in _sets(kind, channels):
        with suppress(KeyError, Refused):
            found[protocol.set_request(setting, value)] = None
    return list(found)


def _reads(kind: str, channels: Sequence[Channel]) -> Iterator[str]:
    yield from _IDENTITY
    if kind == "calibrator":
        yield from _READS_OF_A_CALIBRATOR
        return
    if kind == "photometer":
        yield from _READS_OF_A_PHOTOMETER
        return
    yield from MEASURED.get(kind, ())
    if kind == MONITOR:
        yield from ("alarms", "concentration", *MONITOR_READS, *MONITOR_SETTINGS)
        return
    yield from _READINESS
    yield from snapshot_settings(channels)
    for channel in channels:
        yield channel.quantity


def _sets(kind: str, channels: Sequence[Channel]) -> Iterator[tuple[str, Value]]:
    """Settings with a value each that has the form of what procedures send."""
    if kind == "calibrator":
        for mode in ("standby", "zero", "span", "ozone", "gpt"):
            yield "calibrator_mode", mode
        yield "gas", "a"
        for setting in ("total_flow", "concentration", "ozone"):
            yield setting, 1.0
        return
    if kind == "photometer":
        return  # it is read only
    if kind == MONITOR:
        for setting in MONITOR_SETTINGS:
            yield setting, 1.0
        return
    yield "mode", "remote"
    yield "gas_unit", "ppb"
    for port in ("sample", "zero", "span"):
        yield "gas_mode", port
    yield "span_concentration", 1.0
    for channel in channels:
        for action in (channel.calibrate_zero, channel.calibrate_span):
            if action is not None:
                yield action, True
    factor = converter_factor(channels)
    if factor is not None:
        yield factor, 1.0
