"""What comes of flows at a reference meter, for the record: tables, and the line through many points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.procedures.common.flows import FlowPair
from calibration.record import Column, Message, Table
from calibration.uncertainty import CommonError, LineBudgets, PointError, calibration_line_budgets

Cells = list[float | str | Message | None]


def single_point_table(found: FlowPair, left: FlowPair | None, set_to: float, unit: str, per_lpm: float) -> Table:
    """One point, as found and, after an adjustment, as left.

    Args:
        found: as found.
        left: as left; None if nothing was adjusted.
        set_to: the flow that was set, in ``unit``.
        unit: of the table.
        per_lpm: ``unit`` in a litre per minute.
    """
    rows: list[Cells] = [
        [Message(key=key), set_to, pair.display * per_lpm, pair.measured * per_lpm, pair.error_pct,
         pair.temperature_c, pair.pressure_hpa]
        for key, pair in (("flow.as_found", found), ("flow.as_left", left)) if pair is not None
    ]  # fmt: skip
    columns = [
        Column(key="state"), Column(key="set", unit=unit, decimals=2), Column(key="display", unit=unit, decimals=3),
        Column(key="reference", unit=unit, decimals=3), Column(key="error", unit="%", decimals=2),
        Column(key="temperature", unit="deg C", decimals=1), Column(key="pressure", unit="hPa", decimals=1),
    ]  # fmt: skip
    return Table(key="flow_single_point", columns=columns, rows=rows)


def twenty_points_table(drives: Sequence[float], pairs: Sequence[FlowPair], unit: str, per_lpm: float) -> Table:
    """Display and meter at each drive; arguments as of :func:`single_point_table`, drives in mV."""
    columns = [Column(key="drive", unit="mV", decimals=0), Column(key="display", unit=unit, decimals=3),
               Column(key="reference", unit=unit, decimals=3), Column(key="error", unit="%", decimals=2)]  # fmt: skip
    rows: list[Cells] = [
        [drive, pair.display * per_lpm, pair.measured * per_lpm, pair.error_pct]
        for drive, pair in zip(drives, pairs, strict=True)
    ]
    return Table(key="flow_twenty_points", columns=columns, rows=rows)


def flow_line(pairs: Sequence[FlowPair], x: Sequence[float], y: Sequence[float], scale: float) -> LineBudgets:
    """The display on the reference; the meter's certificate is common to all points."""
    standard = pairs[0].standard
    values = {"certificate": standard.certificate}
    common = [CommonError("reference_meter", standard.u_pct, "%", [value / 100.0 for value in x],
                          "basis.certificate", values)]  # fmt: skip
    if standard.u_offset > 0.0:
        common.append(CommonError("reference_meter", standard.u_offset, "L/min", [scale] * len(x),
                                  "basis.certificate", values))  # fmt: skip
    variances = [scale**2 * (p.display_summary.effective_standard_error**2
                             + p.measured_summary.effective_standard_error**2) for p in pairs]  # fmt: skip
    # A display that repeats itself scatters by less than its last digit: a floor keeps the covariance regular.
    floor = (1e-5 * max(x)) ** 2
    points = PointError("repeatability", np.diag(np.maximum(variances, floor)), "basis.repeatability_pooled",
                        {"n": len(x)})  # fmt: skip
    return calibration_line_budgets(x, y, common, [points])
