"""What is uncertain about the gas that is offered, level by level."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.procedures.common import Context
from calibration.uncertainty import CommonError


def reference_errors(
    context: Context, gas: str, levels: Sequence[float], flow: float | None = None
) -> list[CommonError]:
    """Errors of the reference that all levels share, with their effect on each level.

    Dilution c = C qg / (qg + qz): a relative error of the cylinder acts on c as a whole, one of a flow with (1 - qg/q).
    A constant error of a mass-flow controller weighs more, the smaller its flow. What differs from setting to setting
    (repeatability) is in the scatter of the points and is not named again.
    """
    supply = context.run.supply
    flows = supply.flows
    errors: list[CommonError] = []
    if gas == "o3":
        if flows is not None:
            basis = {"certificate": flows.certificate}
            errors.append(CommonError("photometer", flows.ozone_u_pct, "%", [c / 100.0 for c in levels],
                                         "basis.photometer", basis))  # fmt: skip
            if flows.ozone_u_offset > 0.0:
                errors.append(
                    CommonError(
                        "photometer",
                        flows.ozone_u_offset,
                        "nmol/mol",
                        [1.0 if c > 0.0 else 0.0 for c in levels],
                        "basis.photometer",
                        basis,
                    )
                )
        return errors
    cylinder = supply.cylinder(gas)
    errors.append(
        CommonError("cylinder", cylinder.u_pct, "%", [c / 100.0 for c in levels],
                       "basis.certificate", {"certificate": cylinder.certificate})
    )  # fmt: skip
    if flows is None:
        return errors
    basis = {"certificate": flows.certificate}
    total = context.gas.total_flow if flow is None else flow
    share = [c / cylinder.value for c in levels]
    errors.append(CommonError("gas_flow", flows.gas_flow_u_pct, "%",
                                 [c * (1.0 - x) / 100.0 for c, x in zip(levels, share, strict=True)],
                                 "basis.flow_calibration", basis))  # fmt: skip
    errors.append(CommonError("zero_flow", flows.zero_flow_u_pct, "%",
                                 [-c * (1.0 - x) / 100.0 for c, x in zip(levels, share, strict=True)],
                                 "basis.flow_calibration", basis))  # fmt: skip
    if flows.flow_offset_u_pct_fs > 0.0:
        gas_offset = flows.gas_full_scale_lpm / 100.0
        zero_offset = flows.zero_full_scale_lpm / 100.0
        errors.append(CommonError("gas_flow", flows.flow_offset_u_pct_fs, "% FS",
                                     [cylinder.value * gas_offset / total * (1.0 - x) if c > 0.0 else 0.0
                                      for c, x in zip(levels, share, strict=True)],
                                     "basis.flow_calibration", basis))  # fmt: skip
        errors.append(
            CommonError(
                "zero_flow",
                flows.flow_offset_u_pct_fs,
                "% FS",
                [-c * zero_offset / total for c in levels],
                "basis.flow_calibration",
                basis,
            )
        )
    return errors


def reference_ids(context: Context, gas: str) -> list[str]:
    """Names of the references that a level of ``gas`` rests on."""
    supply = context.run.supply
    found = [] if gas == "o3" else [supply.cylinder(gas).id]
    if supply.flows is not None:
        found.append(supply.flows.id)
    return found
