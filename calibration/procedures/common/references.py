"""What is uncertain about the gas that is offered, level by level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.procedures.common.context import Context
from calibration.record import Level
from calibration.statistics import window_covariance
from calibration.statistics.summary import variance_by_level
from calibration.uncertainty import CommonError, PointError

FloatArray = NDArray[np.float64]


def reference_errors(
    context: Context, gas: str, levels: Sequence[float], flow: float | None = None
) -> list[CommonError]:
    """Errors of the reference that all levels share, with their effect on each level.

    Dilution c = C qg / (qg + qz): a relative error of the cylinder acts on c as a whole, one of a flow with (1 - qg/q).
    A constant error of a mass-flow controller weighs more, the smaller its flow. What differs from level to level is
    :func:`point_errors`.
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


def point_errors(context: Context, gas: str, levels: Sequence[Level]) -> list[PointError]:
    """Errors that differ from level to level: noise fast and slow, flicker of the flow display, flows that wander.

    Covariances in the unit of the readings; a slope near 1 is taken for granted. Neighbouring levels have flows that
    wandered nearly the same way: the certificate says how long a flow remembers.
    """
    made = [level.nominal for level in levels]
    noise = variance_by_level(made, [(level.u_mean or 0.0) ** 2 for level in levels])
    found = [
        PointError("repeatability", np.diag(noise), "basis.repeatability_pooled", {"n": len(levels)}),
        PointError("drift", slow_noise(context, levels), "basis.slow_noise"),
    ]
    display = np.array([level.u_nominal for level in levels])
    if display.any():
        found.append(PointError("flow_display", np.diag(display**2), "basis.flow_display"))
    flows = context.run.supply.flows
    if gas != "o3" and flows is not None and flows.repeatability_pct > 0.0:
        value = context.run.supply.cylinder(gas).value
        effect = np.array([c * (1.0 - c / value) for c in made])
        together = flow_covariance(context, levels)
        found.append(
            PointError("flow_repeatability", 2.0 * np.outer(effect, effect) * together, "basis.flow_repeatability")
        )  # two controllers, each with its own wandering
    return found


def slow_noise(context: Context, levels: Sequence[Level]) -> FloatArray:
    """Covariance over the levels' windows of noise that is slower than a window, unit of the readings squared.

    An analyzer's noise has a flicker part: the Allan deviation stops falling after some minutes. A window neither shows
    it nor averages it out, and levels measured soon after each other share it, so it shifts the intercept as a whole.
    How large it is (over the scatter of the readings) and how long it is remembered are parameters of the plan.
    """
    stability = context.gas.stability
    size = stability.slow_noise * np.sqrt(
        variance_by_level([level.nominal for level in levels], [(level.sd or 0.0) ** 2 for level in levels])
    )
    return np.asarray(np.outer(size, size) * _together(levels, stability.slow_noise_time))


def flow_covariance(context: Context, levels: Sequence[Level]) -> FloatArray:
    """Covariance over the levels' windows of the relative error that one controller's wandering brings."""
    flows = context.run.supply.flows
    if flows is None:
        return np.zeros((len(levels), len(levels)))
    return (flows.repeatability_pct / 100.0) ** 2 * _together(levels, flows.repeatability_time_s)


def _together(levels: Sequence[Level], time_s: float) -> FloatArray:
    starts = [level.window_start_s or 0.0 for level in levels]
    ends = [level.window_end_s or 0.0 for level in levels]
    return window_covariance(starts, ends, time_s)


def nox_share(context: Context) -> float:
    """NOx over NO in the gas of the NO cylinder: its certificate also names the NO2 that it brings along."""
    cylinder = context.run.supply.cylinder("no")
    return 1.0 + cylinder.no2_impurity / cylinder.value


def as_read_by(context: Context, quantity: str, level: Level) -> Level:
    """The level as a channel should read it: NOx also counts the NO2 that the NO cylinder brings along."""
    if quantity != "nox":
        return level
    return level.model_copy(update={"nominal": level.nominal * nox_share(context)})


def reference_ids(context: Context, gas: str) -> list[str]:
    """Names of the references that a level of ``gas`` rests on."""
    supply = context.run.supply
    found = [] if gas == "o3" else [supply.cylinder(gas).id]
    if supply.flows is not None:
        found.append(supply.flows.id)
    return found
