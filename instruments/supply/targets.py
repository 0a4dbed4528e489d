"""From a calibrator's settings to the flows and the ozone that they ask for, or to a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from instruments.air import Species
from instruments.device import Value
from instruments.errors import Refused
from instruments.supply.cylinder import Cylinder
from instruments.supply.mass_flow import MassFlowController
from instruments.supply.ozone import check_dose
from instruments.supply.settings import Hidden
from instruments.supply.table import FULL_DRIVE_MV, FlowTable, parse

Contents = Mapping[str, Cylinder]
"""What the certificate of the cylinder at each port says."""

FROM_ZERO = "zero"
"""In place of a port: the controller for cylinder gas is fed with zero air."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Flows (L/min) and ozone (nmol/mol in the total flow) that the settings ask for.

    Attributes:
        gas, zero: flows as the calibrator believes them.
        ozone: in the total flow.
        mode: ``calibrator_mode``.
        gas_drive, zero_drive: what the controllers are driven with, mV.
        port: where the gas comes from; empty: nowhere.
    """

    gas: float = 0.0
    zero: float = 0.0
    ozone: float = 0.0
    mode: str = "standby"
    gas_drive: float = 0.0
    zero_drive: float = 0.0
    port: str = ""

    @property
    def total(self) -> float:
        """Total flow, L/min."""
        return self.gas + self.zero


def controllers(figures: Mapping[str, float], hidden: Hidden) -> tuple[MassFlowController, MassFlowController]:
    """Return the controllers of cylinder gas and of zero air with the errors of ``hidden``."""
    return (
        MassFlowController(
            "cylinder gas", figures["gas_flow_full_scale"] / 1000.0, figures["gas_flow_lowest"],
            hidden.gas_flow_span_pct, hidden.gas_flow_offset_pct_fs, hidden.gas_flow_nonlinearity_pct_fs,
        ),
        MassFlowController(
            "zero air", figures["zero_flow_full_scale"], figures["zero_flow_lowest"],
            hidden.zero_flow_span_pct, hidden.zero_flow_offset_pct_fs, hidden.zero_flow_nonlinearity_pct_fs,
        ),
    )  # fmt: skip


def tables(settings: Mapping[str, Value]) -> tuple[FlowTable, FlowTable]:
    """Return the stored tables of cylinder gas (cc/min) and of zero air (L/min)."""
    return parse(str(settings["gas_flow_table"])), parse(str(settings["zero_flow_table"]))


def true_flows(targets: Targets, figures: Mapping[str, float], hidden: Hidden) -> tuple[float, float]:
    """Return what the controllers let through at their drives, L/min: the curve that a table has to make up for."""
    gas, zero = controllers(figures, hidden)
    return (
        gas.true_flow(targets.gas_drive / FULL_DRIVE_MV * gas.full_scale),
        zero.true_flow(targets.zero_drive / FULL_DRIVE_MV * zero.full_scale),
    )


def plan(settings: Mapping[str, Value], cylinders: Contents, figures: Mapping[str, float]) -> Targets:
    """Return what ``settings`` ask for.

    Raises:
        Refused: a flow or a dose beyond the unit's range, or no cylinder that would do.
    """
    mode = str(settings["calibrator_mode"])
    if mode == "standby":
        return Targets()
    gas_table, zero_table = tables(settings)
    gas_controller, zero_controller = controllers(figures, Hidden())
    number = {key: float(value) for key, value in settings.items()
              if isinstance(value, int | float) and not isinstance(value, bool)}  # fmt: skip
    port = str(settings["gas"])
    if mode in ("flows", "drives"):
        port = FROM_ZERO if settings["gas_feed"] == "zero" else port
        if mode == "drives":
            drives = number["gas_drive"], number["zero_drive"]
            gas, zero = gas_table.flow(drives[0]) / 1000.0, zero_table.flow(drives[1])
            return Targets(gas, zero, 0.0, mode, *drives, port)
        gas, zero = number["gas_flow_set"] / 1000.0, number["zero_flow_set"]
        for controller, flow in ((gas_controller, gas), (zero_controller, zero)):
            if flow > 0.0:
                controller.check(flow)
        return Targets(gas, zero, 0.0, mode, gas_table.drive(gas * 1000.0), zero_table.drive(zero), port)
    total, gas = number["total_flow"], 0.0
    if mode in ("span", "gpt", "gptps"):
        if port not in cylinders:
            raise Refused("wrong settings", f"no cylinder at port {port}")
        cylinder = cylinders[port]
        if mode != "span" and cylinder.species is not Species.NO:
            raise Refused("wrong settings", "gas-phase titration needs a cylinder of NO")
        stored = number[f"cylinder_value_{port}"]
        if stored <= 0.0:
            raise Refused("wrong settings", f"no value is stored for the cylinder at port {port}")
        gas = number["concentration"] / stored * total
        gas_controller.check(gas)
    zero_controller.check(total - gas)
    ozone = number["ozone"] if mode in ("ozone", "gpt", "gptps") else 0.0
    check_dose(ozone, total, figures["ozone_dose_low"], figures["ozone_dose_high"])
    if mode == "gptps":
        # The preset of a titration: the same flows and ozone with zero air in the place of NO.
        zero_controller.check(total)
        return Targets(0.0, total, ozone, mode, 0.0, zero_table.drive(total))
    zero = total - gas
    return Targets(gas, zero, ozone, mode, gas_table.drive(gas * 1000.0), zero_table.drive(zero), port if gas else "")
