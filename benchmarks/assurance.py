"""Is the stated assurance true? Of units that are given p = 0.9, do 90 % conform?

Usage: python benchmarks/assurance.py [UNITS] (default 40000 per kind); writes docs/pictures/assurance.png.

Units are drawn uniformly over the limit +- 6 u, measured once, and judged by the same code that judges a run. Kinds of
estimate: a value with known u (normal), a mean whose u comes from its own six readings (Student), a standard deviation
of 25 and of 6 readings (chi-square). For a deviation "uniform" is taken twice: in the logarithm of the deviation, which
is the prior that the chi-square bound stands for, and in the deviation itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import parser_of

from calibration.statistics.conformity import conformance_probability, conformance_probability_of_deviation

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "assurance.png"
EDGES = np.linspace(0.0, 1.0, 21)
LIMIT = 1.0
Draw = Callable[[np.random.Generator], tuple[float, float]]
"""Draws a unit and measures it: stated probability, and whether it truly conforms (1.0 or 0.0)."""


def normal(draw: np.random.Generator) -> tuple[float, float]:
    u = 0.1
    true = draw.uniform(LIMIT - 6.0 * u, LIMIT + 6.0 * u)
    return conformance_probability(draw.normal(true, u), u, None, LIMIT), float(true <= LIMIT)


def two_sided(draw: np.random.Generator) -> tuple[float, float]:
    u = 0.5  # the interval of limits is only four u wide: both sides matter
    true = draw.uniform(-LIMIT - 6.0 * u, LIMIT + 6.0 * u)
    return conformance_probability(draw.normal(true, u), u, -LIMIT, LIMIT), float(abs(true) <= LIMIT)


def student(draw: np.random.Generator) -> tuple[float, float]:
    n, sd = 6, 0.2
    u = sd / n**0.5
    true = draw.uniform(LIMIT - 6.0 * u, LIMIT + 6.0 * u)
    readings = draw.normal(true, sd, n)
    own = float(readings.std(ddof=1)) / n**0.5
    return conformance_probability(float(readings.mean()), own, None, LIMIT, n - 1.0), float(true <= LIMIT)


def deviation(n: int, *, logarithm: bool) -> Draw:
    reach = 6.0 / np.sqrt(2.0 * (n - 1))

    def of(draw: np.random.Generator) -> tuple[float, float]:
        if logarithm:
            true = float(np.exp(draw.uniform(-reach, reach)))
        else:
            true = draw.uniform(max(1e-3, 1.0 - reach), 1.0 + reach)
        s = float(draw.normal(0.0, true, n).std(ddof=1))
        return conformance_probability_of_deviation(s, n - 1.0, LIMIT), float(true <= LIMIT)

    return of


KINDS: dict[str, Draw] = {
    "value, u known": normal,
    "value, u known, two limits": two_sided,
    "mean of 6, u from its readings": student,
    "deviation of 25, uniform in log": deviation(25, logarithm=True),
    "deviation of 6, uniform in log": deviation(6, logarithm=True),
    "deviation of 25, uniform": deviation(25, logarithm=False),
    "deviation of 6, uniform": deviation(6, logarithm=False),
}


def main(units: int) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 6.0))
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    for number, (name, kind) in enumerate(KINDS.items()):
        draw = np.random.Generator(np.random.Philox(key=number))
        stated, true = np.array([kind(draw) for _ in range(units)]).T
        place = np.clip(np.digitize(stated, EDGES) - 1, 0, len(EDGES) - 2)
        xs, ys = [], []
        for bin_ in range(len(EDGES) - 1):
            inside = place == bin_
            if inside.sum() >= 50:
                xs.append(stated[inside].mean())
                ys.append(true[inside].mean())
        near = (stated > 0.875) & (stated < 0.925)
        error = (true[near].mean() * (1 - true[near].mean()) / near.sum()) ** 0.5
        print(f"{name:34} stated {stated[near].mean():.3f}, conform {true[near].mean():.3f} +- {error:.3f} "
              f"({near.sum()} units)")  # fmt: skip
        axes.plot(xs, ys, marker="o", markersize=3, linewidth=1, label=name)
    axes.set_xlabel("stated probability of conformance")
    axes.set_ylabel("share of units that conform")
    axes.legend(fontsize=8)
    axes.grid(color="0.9")
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=110, metadata={"Software": None})
    print(PICTURE)


if __name__ == "__main__":
    parser = parser_of(__doc__)
    parser.add_argument("units", nargs="?", type=int, default=40_000, metavar="UNITS", help="units of each kind")
    main(parser.parse_args().units)
