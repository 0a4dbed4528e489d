"""Uncertainty of any measurement model by the GUM, with the library GTC: exact derivatives, degrees of freedom.

GTC follows each input through the model's arithmetic. It is imported when it is first used (0.4 s), and nowhere else:
the extra ``uncertainty`` installs it. Budgets whose sensitivities are known in closed form do without it
(docs/decisions/0013).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.statistics.distributions import coverage_factor
from calibration.statistics.errors import BadArgument
from calibration.uncertainty.budget import Budget, Component
from calibration.uncertainty.inputs import Correlations, Input, check_inputs

Model = Callable[..., Any]
"""A measurement model: one positional argument per input, in their order; returns one number.

It may add, subtract, multiply, divide and raise to powers, and call :func:`sqrt`, :func:`exp` and :func:`log` of this
module. The same function serves numbers, GTC's uncertain numbers and numpy arrays of trials.
"""


@dataclass(frozen=True, slots=True)
class ModelUncertainty:
    """A model's result by the law of propagation of uncertainty.

    Attributes:
        value: of the model at the best estimates.
        u: combined standard uncertainty, correlations taken into account.
        dof: effective degrees of freedom (Welch-Satterthwaite).
        budget: one component per input, with its signed sensitivity. Its own combination leaves correlations out.
    """

    value: float
    u: float
    dof: float
    budget: Budget

    def expanded(self, coverage: float = 0.95) -> float:
        """Half-width of the interval that covers with probability ``coverage``."""
        return coverage_factor(coverage, self.dof) * self.u


def propagate(model: Model, inputs: Sequence[Input], correlations: Correlations | None = None) -> ModelUncertainty:
    """Return value, uncertainty, degrees of freedom and budget of a model (JCGM 100:2008, 5.1, 5.2, G.4).

    First order: where the model bends within the inputs' uncertainties, :func:`.monte_carlo.monte_carlo` shows it.

    Args:
        model: see :data:`Model`.
        inputs: in the order of the model's arguments.
        correlations: between pairs of inputs, by name.

    Raises:
        BadArgument: as :func:`check_inputs`, or a model whose result is not one finite number.
        ImportError: GTC is not installed.
    """
    found = dict(correlations or {})
    check_inputs(inputs, found)
    gtc = _gtc()
    correlated = {name for names in found for name in names}
    numbers = {
        q.name: gtc.ureal(q.value, q.u, q.dof, label=q.name, independent=q.name not in correlated) for q in inputs
    }
    for (first, second), r in found.items():
        # A quantity without uncertainty has no error that could go with another's.
        if numbers[first].u > 0.0 and numbers[second].u > 0.0:
            gtc.set_correlation(r, numbers[first], numbers[second])
    result = model(*(numbers[q.name] for q in inputs))
    value = float(gtc.value(result))
    if not math.isfinite(value):
        raise BadArgument("model", "a finite result", value)
    components = tuple(
        Component(q.name, q.type, q.u, q.unit, float(gtc.reporting.sensitivity(result, numbers[q.name])), q.dof)
        for q in inputs
    )
    return ModelUncertainty(value, float(gtc.uncertainty(result)), float(gtc.dof(result)), Budget(components))


def sqrt(x: Any) -> Any:
    """Square root of a number, an array or an uncertain number."""
    return _apply("sqrt", x)


def exp(x: Any) -> Any:
    """Exponential of a number, an array or an uncertain number."""
    return _apply("exp", x)


def log(x: Any) -> Any:
    """Natural logarithm of a number, an array or an uncertain number."""
    return _apply("log", x)


def _apply(name: str, x: Any) -> Any:
    if isinstance(x, int | float | np.ndarray):
        return getattr(np, name)(x)
    return getattr(_gtc(), name)(x)


def _gtc() -> Any:
    # GTC carries no types, and only this module may know of it.
    try:
        import GTC
    except ImportError:
        raise ImportError("GTC is not installed: pip install 'air-station-rig[uncertainty]'") from None
    return GTC
