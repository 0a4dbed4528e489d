"""What a host expects of each kind of device: its channels, their units, and the settings that shape a reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SETTINGS_THAT_SHAPE_A_READING = ("averaging_time", "range", "gas_unit", "temp_comp", "pres_comp")
"""Settings of every analyzer that a test's snapshot holds, beside the kind's own coefficients."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One measured component of an analyzer.

    Attributes:
        quantity: its name (``so2``).
        unit: unit inside.
        background: setting that is subtracted from it.
        coefficient: setting that multiplies it.
        calibrate_zero, calibrate_span: actions that adjust them on the gas that flows.
        gas: species that the channel is calibrated with.
    """

    quantity: str
    unit: str
    background: str | None
    coefficient: str
    calibrate_zero: str | None
    calibrate_span: str
    gas: str


def _simple(gas: str, unit: str) -> tuple[Channel, ...]:
    return (Channel(gas, unit, f"{gas}_bkg", f"{gas}_coef", f"calibrate_{gas}_bkg", f"calibrate_{gas}_coef", gas),)


CHANNELS: Mapping[str, tuple[Channel, ...]] = {
    "so2": _simple("so2", "nmol/mol"),
    "o3": _simple("o3", "nmol/mol"),
    "co": _simple("co", "umol/mol"),
    "nox": (
        Channel("no", "nmol/mol", "no_bkg", "no_coef", "calibrate_no_bkg", "calibrate_no_coef", "no"),
        Channel("nox", "nmol/mol", "nox_bkg", "nox_coef", "calibrate_nox_bkg", "calibrate_nox_coef", "no"),
    ),
}
"""Channels of each kind of analyzer, in the order in which they are calibrated."""

CONVERTER_FACTOR = "no2_coef"
"""Stored factor of a NOx analyzer that makes up for a converter of less than full efficiency."""


def snapshot_settings(kind: str) -> tuple[str, ...]:
    """Names of the settings whose change during a test voids it."""
    own: list[str] = []
    for channel in CHANNELS[kind]:
        if channel.background is not None:
            own.append(channel.background)
        own.append(channel.coefficient)
    if kind == "nox":
        own.append(CONVERTER_FACTOR)
    return SETTINGS_THAT_SHAPE_A_READING + tuple(own)


def is_analyzer(kind: str) -> bool:
    """Whether ``kind`` measures a gas."""
    return kind in CHANNELS
