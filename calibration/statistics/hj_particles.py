"""Formulas of HJ 655-2013, HJ 653-2013/2021 and HJ 817-2018 for particle monitors.

Comparison with manual sampling: :func:`.regression.ordinary_least_squares` (k, b, r); equivalence:
:mod:`.equivalence_to_reference`. *Read* means the page of HJ 655 that shows clause 6.2.3 (end) and 6.2.4 with formulas
(3) to (8).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, exact_sum, finite, frozen, pair, positive, table, vector
from calibration.statistics.errors import BadArgument
from calibration.statistics.summary import mean, standard_deviation


@dataclass(frozen=True, slots=True)
class FlowTest:
    """Result of the flow test of HJ 655, 6.2.3.

    Attributes:
        mean_reference: mean flow by the reference meter, eq. (3).
        mean_monitor: mean flow by the monitor's display, eq. (4).
        mean_deviation_percent: 100 (reference - set) / set, eq. (5).
        relative_sd_percent: 100 s / mean of the reference meter's flows, eq. (6).
        indication_error_percent: 100 (reference - monitor) / reference, eq. (7).
    """

    mean_reference: float
    mean_monitor: float
    mean_deviation_percent: float
    relative_sd_percent: float
    indication_error_percent: float


def flow_test(reference: ArrayLike, monitor: ArrayLike, set_flow: float) -> FlowTest:
    """Return the three figures of the flow test; flows at actual conditions, L/min (HJ 655, eq. (3) to (7); read).

    Args:
        reference: flows by the reference meter, shape (n,), n at least 2.
        monitor: flows that the monitor displayed at the same instants, shape (n,).
        set_flow: above zero.

    Raises:
        BadArgument: fewer than 2 pairs, lengths that differ, NaN or infinity, or a flow not above zero.
    """
    q_r, q_c = pair(reference, monitor, 2, "reference", "monitor")
    design = positive(set_flow, "set_flow")
    mean_r, mean_c = positive(mean(q_r), "reference"), mean(q_c)
    return FlowTest(
        mean_reference=mean_r,
        mean_monitor=mean_c,
        mean_deviation_percent=100.0 * (mean_r - design) / design,
        relative_sd_percent=100.0 * standard_deviation(q_r) / mean_r,
        indication_error_percent=100.0 * (mean_r - mean_c) / mean_r,
    )


def foil_reproducibility(readings: ArrayLike, nominal: float) -> Vector:
    """Return SC_i = 100 (C_i - C_0) / C_0 in % of each day's mean foil reading (HJ 655, 6.2.4, eq. (8); read).

    Args:
        readings: shape (days, readings per day); the standard has three days of three readings.
        nominal: value of the foil's certificate, above zero.

    Returns:
        shape (days,), read-only.

    Raises:
        BadArgument: another shape, NaN or infinity, or a nominal value not above zero.
    """
    days = table(readings, "readings", 1, 1)
    value = positive(nominal, "nominal")
    means = vector([mean(day) for day in days], "readings")
    return frozen(100.0 * (means - value) / value)


def indication_difference(monitor: ArrayLike, reference: ArrayLike) -> float:
    """Return mean(monitor) - mean(reference): temperature, pressure or humidity error (HJ 655, 6.2.1, 6.2.2; recalled).

    Raises:
        BadArgument: no readings, or NaN or infinity.
    """
    return mean(vector(monitor, "monitor", least=1)) - mean(vector(reference, "reference", least=1))


def k0_from_filter(filter_mass: float, frequency_without: float, frequency_with: float) -> float:
    """Return K0 = m / (1/f1^2 - 1/f0^2) in g Hz^2 from a weighed filter (makers' manuals; recalled, high).

    Args:
        filter_mass: g, above zero.
        frequency_without: f0, Hz, of the empty element.
        frequency_with: f1, Hz, with the filter; below f0, for a mass slows the element.

    Raises:
        BadArgument: NaN or infinity, a value not above zero, or f1 not below f0.
    """
    m, f0 = positive(filter_mass, "filter_mass"), positive(frequency_without, "frequency_without")
    f1 = positive(frequency_with, "frequency_with")
    if not f1 < f0:
        raise BadArgument("frequency_with", f"a frequency below {f0} Hz, that of the empty element", f1)
    return m / (1.0 / f1**2 - 1.0 / f0**2)


def k0_difference(measured: float, stored: float) -> float:
    """Return 100 (K0 measured - K0 stored) / K0 stored in % (limit 2.5 %; recalled, high).

    Raises:
        BadArgument: NaN or infinity, or a stored constant not above zero.
    """
    reference = positive(stored, "stored")
    return 100.0 * (positive(measured, "measured") - reference) / reference


@dataclass(frozen=True, slots=True, eq=False)
class Parallelism:
    """Agreement of several units side by side.

    Attributes:
        each: relative standard deviation of the units in each batch, %; read-only.
        overall: root mean square of them, %.
    """

    each: Vector
    overall: float


def parallelism(readings: ArrayLike) -> Parallelism:
    """Return the relative standard deviation of each batch and their root mean square (HJ 653-2013; recalled, high).

    Args:
        readings: shape (batches, units), two units at least.

    Raises:
        BadArgument: another shape, NaN or infinity, or a batch whose mean is not above zero.
    """
    rows = table(readings, "readings", 1, 2)
    each = vector(
        [100.0 * standard_deviation(row) / positive(mean(row), "mean of a batch") for row in rows], "readings"
    )
    return Parallelism(frozen(each), math.sqrt(exact_sum(each * each) / each.size))


def leak_flow(inlet_closed: float, vacuum_off: float) -> float:
    """Return the flow with the inlet closed less the zero flow with the vacuum off: leak of a TEOM, L/min.

    Source: Thermo, 2016, by way of the standard's users (reported).

    Raises:
        BadArgument: NaN or infinity.
    """
    return finite(inlet_closed, "inlet_closed") - finite(vacuum_off, "vacuum_off")
