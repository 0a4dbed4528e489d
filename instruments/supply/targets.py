"""From a calibrator's settings to the flows and the ozone that they ask for, or to a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from instruments.air import Species
from instruments.errors import Refused
from instruments.supply.cylinder import Cylinder
from instruments.supply.mass_flow import MassFlowController
from instruments.supply.ozone import check_dose
from instruments.supply.settings import Hidden, Settings

Connected = Mapping[str, tuple[Cylinder, float]]
"""Cylinder at each port, and the value that the calibrator has stored for it."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Flows (L/min) and ozone (nmol/mol in the total flow) that the settings ask for."""

    gas: float = 0.0
    zero: float = 0.0
    ozone: float = 0.0
    mode: str = "standby"


@dataclass(frozen=True, slots=True)
class State:
    """The calibrator between two commands.

    Attributes:
        settings: as they stand.
        hidden: what is wrong with the unit.
        targets: what the settings ask for.
        since_us: instant of the last power switch; None: long before the epoch.
        clock_offset_us: the unit's own clock over bench time.
    """

    settings: Settings
    hidden: Hidden
    targets: Targets
    since_us: int | None
    clock_offset_us: int


def controllers(figures: Mapping[str, float], hidden: Hidden) -> tuple[MassFlowController, MassFlowController]:
    """Return the controllers of cylinder gas and of zero air with the errors of ``hidden``."""
    return (
        MassFlowController(
            "cylinder gas", figures["gas_flow_full_scale"] / 1000.0, figures["gas_flow_lowest"],
            hidden.gas_flow_span_pct, hidden.gas_flow_offset_pct_fs, hidden.gas_flow_nonlinearity_pct_fs,
        ),
        MassFlowController(
            "zero air", figures["zero_flow_full_scale"], figures["zero_flow_lowest"],
            hidden.zero_flow_span_pct, hidden.zero_flow_offset_pct_fs,
        ),
    )  # fmt: skip


def plan(settings: Settings, cylinders: Connected, figures: Mapping[str, float]) -> Targets:
    """Return what ``settings`` ask for.

    Raises:
        Refused: a flow or a dose beyond the unit's range, or no cylinder that would do.
    """
    mode, total = settings.calibrator_mode, settings.total_flow
    if mode == "standby":
        return Targets()
    gas_controller, zero_controller = controllers(figures, Hidden())
    gas = 0.0
    if mode in ("span", "gpt"):
        if settings.gas not in cylinders:
            raise Refused("wrong settings", f"no cylinder at port {settings.gas}")
        cylinder, stored = cylinders[settings.gas]
        if mode == "gpt" and cylinder.species is not Species.NO:
            raise Refused("wrong settings", "gas-phase titration needs a cylinder of NO")
        gas = settings.concentration / stored * total
        gas_controller.check(gas)
    zero_controller.check(total - gas)
    ozone = settings.ozone if mode in ("ozone", "gpt") else 0.0
    check_dose(ozone, total, figures["ozone_dose_low"], figures["ozone_dose_high"])
    return Targets(gas, total - gas, ozone, mode) if settings.power else Targets()
