"""Uncertainty of results that are a mean on a gas, or a difference of two such means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.procedures.common.context import Context
from calibration.procedures.common.references import point_errors, reference_errors
from calibration.record import Level
from calibration.statistics.summary import variance_dof
from calibration.uncertainty import Budget, Component


def budget_of_means(
    context: Context, gas: str, levels: Sequence[Level], weights: Sequence[float], unit: str, *, same_gas: bool
) -> Budget:
    """Budget of sum(weight * (reading - nominal)) over some levels of one gas.

    Args:
        context: references and plan.
        gas: what was offered.
        levels: windows that count, each with a mean.
        weights: of each; (-1, 1) is a difference, (1/n, ..., 1/n) a mean.
        unit: of the readings.
        same_gas: whether the nominal values are one and the same, so that cylinder, flow calibration and photometer
            cancel (they are named all the same); otherwise their errors count with the nominal values.
    """
    vector = np.asarray(weights, dtype=np.float64)
    usable = [level for level in levels if level.u_mean is not None and level.effective_n is not None]
    noise = float(np.sqrt(sum((w * (level.u_mean or 0.0)) ** 2 for w, level in zip(weights, levels, strict=True))))
    dof = sum(variance_dof(level.n, level.effective_n or 1.0) for level in usable)
    first = levels[0]
    parts = [
        Component("repeatability", "A", noise, unit, 1.0, dof, basis_key="basis.repeatability",
                  basis_values={"n": sum(level.n for level in levels), "s": first.sd or 0.0, "unit": unit})
    ]  # fmt: skip
    parts += [
        Component(error.source, "B", error.through(vector), unit, 1.0, basis_key=error.basis_key)
        for error in point_errors(context, gas, levels)
        if error.source != "repeatability"
    ]
    nominal = [level.nominal for level in levels]
    for error in reference_errors(context, gas, nominal):
        effect = float(np.dot(vector, error.dx))
        if same_gas:
            parts.append(Component(error.source, "B", error.u, error.unit, float(np.abs(vector).max() * error.dx[0]),
                                   cancels=True, basis_key="basis.cancels_same_gas"))  # fmt: skip
        elif effect != 0.0:
            parts.append(Component(error.source, "B", error.u, error.unit, effect, basis_key=error.basis_key,
                                   basis_values=error.basis_values))  # fmt: skip
    return Budget(tuple(parts))


def scaled(budget: Budget, factor: float) -> Budget:
    """The budget of ``factor`` times the result."""
    return Budget(
        tuple(
            Component(c.source, c.type, c.u, c.unit, c.sensitivity * factor, c.dof, c.cancels, c.scale, c.basis_key,
                      c.basis_values)
            for c in budget.components
        )
    )  # fmt: skip
