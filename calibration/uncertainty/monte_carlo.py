"""Propagation of distributions by a Monte Carlo method: JCGM 101:2008, recalled.

It needs no derivatives and no normal result, and so judges a budget: :func:`validates` says whether the budget's
interval agrees within the digits that are stated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.statistics._arrays import count, finite, probability
from calibration.statistics.errors import BadArgument
from calibration.uncertainty.inputs import Correlations, Input, check_inputs, correlation_matrix
from calibration.uncertainty.model import Model

BLOCK = 10_000
"""Trials per block of the adaptive procedure (JCGM 101:2008, 7.9.4 b)."""


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """A model's result by drawn inputs.

    Attributes:
        value: mean of the results.
        u: their standard deviation.
        low, high: ends of the coverage interval.
        coverage: its probability.
        trials: how many were made.
        settled: the adaptive procedure reached its tolerance; True for a fixed number of trials.
    """

    value: float
    u: float
    low: float
    high: float
    coverage: float
    trials: int
    settled: bool


def monte_carlo(
    model: Model,
    inputs: Sequence[Input],
    generator: np.random.Generator,
    trials: int = 200_000,
    coverage: float = 0.95,
    interval: Literal["symmetric", "shortest"] = "symmetric",
    correlations: Correlations | None = None,
) -> MonteCarlo:
    """Draw the inputs so many times and summarise the model's results (JCGM 101:2008, 7.2 to 7.7).

    Args:
        model: as :data:`.model.Model`; called once with an array of shape (trials,) per input.
        inputs: in the order of the model's arguments.
        generator: the caller's, seeded by the caller: the same seed gives the same result.
        trials: at least 1000.
        coverage: between 0 and 1.
        interval: probabilistically symmetric, or the shortest (7.7).
        correlations: between pairs of inputs, by name.

    Raises:
        BadArgument: as :func:`check_inputs`, too few trials, or a model whose results are not finite.
    """
    count(trials, "trials", 1000)
    found = dict(correlations or {})
    check_inputs(inputs, found)
    return _summary(_run(model, inputs, found, generator, trials), coverage, interval, settled=True)


def adaptive_monte_carlo(
    model: Model,
    inputs: Sequence[Input],
    generator: np.random.Generator,
    digits: int = 2,
    coverage: float = 0.95,
    interval: Literal["symmetric", "shortest"] = "symmetric",
    correlations: Correlations | None = None,
    most_trials: int = 5_000_000,
) -> MonteCarlo:
    """Draw in blocks until value, u and both ends stand to the stated digits of u (JCGM 101:2008, 7.9).

    After each block, twice the standard deviation of each figure's mean over the blocks must be below the numerical
    tolerance; the result is that of all trials together. Arguments are those of :func:`monte_carlo`, and:

    Args:
        model: as there.
        inputs: as there.
        generator: as there.
        digits: significant digits of u.
        coverage: as there.
        interval: as there.
        correlations: as there.
        most_trials: where it gives up, with ``settled`` False; at least two blocks.

    Raises:
        BadArgument: as :func:`monte_carlo`.
    """
    count(digits, "digits", 1)
    size = max(BLOCK, math.ceil(100.0 / (1.0 - probability(coverage, "coverage"))))
    count(most_trials, "most_trials", 2 * size)
    found = dict(correlations or {})
    check_inputs(inputs, found)
    blocks: list[NDArray[np.float64]] = []
    figures: list[tuple[float, float, float, float]] = []
    settled = False
    while not settled and (len(blocks) + 1) * size <= most_trials:
        blocks.append(_run(model, inputs, found, generator, size))
        one = _summary(blocks[-1], coverage, interval, settled=False)
        figures.append((one.value, one.u, one.low, one.high))
        if len(blocks) >= 2:
            table = np.array(figures)
            spread = 2.0 * table.std(axis=0, ddof=1) / math.sqrt(len(blocks))
            u = float(np.concatenate(blocks).std(ddof=1))
            settled = bool((spread <= numerical_tolerance(u, digits)).all())
    return _summary(np.concatenate(blocks), coverage, interval, settled=settled)


def numerical_tolerance(u: float, digits: int = 2) -> float:
    """Return half a unit in the last of so many significant digits of u (JCGM 101:2008, 7.9.2).

    0.035 to two digits: 35 x 10^-3, so 0.0005. Zero for u = 0.

    Raises:
        BadArgument: ``u`` negative, NaN or infinite, or no digits.
    """
    number = finite(u, "u")
    count(digits, "digits", 1)
    if number < 0.0:
        raise BadArgument("u", "a number not negative", number)
    if number == 0.0:
        return 0.0
    exponent = int(f"{number:.{digits - 1}e}".split("e")[1])
    return float(0.5 * 10.0 ** (exponent - digits + 1))


def validates(value: float, expanded: float, u: float, trial: MonteCarlo, digits: int = 1) -> bool:
    """Return whether the interval value +- expanded agrees with the Monte Carlo's, to the digits of ``u`` (8.1).

    Both ends must lie within :func:`numerical_tolerance`. One digit is what a stated uncertainty is good for; asking
    for two takes about a million trials.
    """
    tolerance = numerical_tolerance(u, digits)
    return abs(value - expanded - trial.low) <= tolerance and abs(value + expanded - trial.high) <= tolerance


def _run(
    model: Model, inputs: Sequence[Input], correlations: Correlations, generator: np.random.Generator, trials: int
) -> NDArray[np.float64]:
    drawn = {q.name: q.draw(generator, trials) for q in inputs}
    tied = [q for q in inputs if any(q.name in names for names in correlations)]
    if tied:
        root = np.linalg.cholesky(correlation_matrix(tied, correlations))
        errors = root @ np.array([generator.standard_normal(trials) for _ in tied])
        drawn |= {q.name: q.value + q.u * error for q, error in zip(tied, errors, strict=True)}
    with np.errstate(all="ignore"):
        results = np.asarray(model(*(drawn[q.name] for q in inputs)), dtype=np.float64)
    if results.shape != (trials,):
        raise BadArgument("model", f"one result per trial ({trials})", f"shape {results.shape}")
    if not np.isfinite(results).all():
        raise BadArgument("model", "finite results", f"{int((~np.isfinite(results)).sum())} of {trials} trials without")
    return results


def _summary(
    results: NDArray[np.float64], coverage: float, interval: Literal["symmetric", "shortest"], *, settled: bool
) -> MonteCarlo:
    ordered = np.sort(results)
    trials = ordered.size
    inside = round(probability(coverage, "coverage") * trials)
    if interval == "shortest":
        start = int(np.argmin(ordered[inside:] - ordered[: trials - inside]))
    else:
        start = (trials - inside) // 2
    return MonteCarlo(
        value=float(results.mean()),
        u=float(results.std(ddof=1)),
        low=float(ordered[start]),
        high=float(ordered[min(start + inside, trials - 1)]),
        coverage=coverage,
        trials=trials,
        settled=settled,
    )
