"""Flows by a reference meter: as they are and at a reference state, with what is uncertain about them.

q_reference = q (273.15 + T_reference) / (273.15 + T) P / 1013.25 hPa, with the meter's own temperature and pressure;
0, 20 and 25 deg C are all in use, and a comparison at two of them is wrong by up to 9 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from calibration.procedures.common.context import Context
from calibration.procedures.common.hands import hold, put_down
from calibration.record import Message
from calibration.statistics.summary import Summary, summarize
from calibration.uncertainty import Budget, Component
from rig.host.references import StandardReference

FLOW_QUANTITIES = ("volumetric_flow", "mass_flow")
"""Quantities of which a flow meter has a certificate, the first one that it has."""

_ZERO_K, _STANDARD_HPA = 273.15, 1013.25
_ATTEMPTS = 3
"""How often a meter is connected anew where what it shows cannot be believed, before it is taken for the truth."""


@dataclass(frozen=True, slots=True)
class FlowPair:
    """A display held against a reference meter, over the same time.

    Attributes:
        display, measured: means, L/min, in one reference state.
        display_summary, measured_summary: of the readings.
        standard: the meter's certificate.
        temperature_c, pressure_hpa: at the meter; None where the reference state needs neither.
    """

    display: float
    measured: float
    display_summary: Summary
    measured_summary: Summary
    standard: StandardReference
    temperature_c: float | None
    pressure_hpa: float | None

    @property
    def error_pct(self) -> float:
        """(display - measured) / measured x 100 %."""
        return 100.0 * (self.display - self.measured) / self.measured if self.measured > 0.0 else math.inf

    def budget(self) -> Budget:
        """Of :attr:`error_pct`: scatter of both, the meter's certificate in its two parts."""
        standard, measured = self.standard, max(self.measured, 1e-9)
        by_display, by_measured = 100.0 / measured, -100.0 * self.display / measured**2
        values = {"certificate": standard.certificate}
        parts = [
            Component("repeatability", "A", self.display_summary.effective_standard_error, "L/min", by_display,
                      max(self.display_summary.effective_n - 1.0, 1.0), basis_key="basis.repeatability",
                      basis_values=_scatter(self.display_summary)),
            Component("reference_scatter", "A", self.measured_summary.effective_standard_error, "L/min", by_measured,
                      max(self.measured_summary.effective_n - 1.0, 1.0), basis_key="basis.repeatability",
                      basis_values=_scatter(self.measured_summary)),
            Component("reference_meter", "B", standard.u_pct, "%", by_measured * self.measured / 100.0,
                      basis_key="basis.certificate", basis_values=values),
        ]  # fmt: skip
        if standard.u_offset > 0.0:
            parts.append(
                Component("reference_meter", "B", standard.u_offset, "L/min", by_measured,
                          basis_key="basis.certificate", basis_values=values)
            )  # fmt: skip
        return Budget(tuple(parts))


def _scatter(summary: Summary) -> dict[str, float | int | str]:
    return {"n": summary.n, "s": float(f"{summary.sd:.3g}"), "unit": "L/min"}


def compare_flow(
    context: Context, meter: str, display: Callable[[], float], *, reference_c: float | None, readings: int,
    every_s: float,
) -> FlowPair:  # fmt: skip
    """Read a display and a reference meter in turn.

    Args:
        context: of the procedure.
        meter: name of the meter; it is held at its place already, and gas flows.
        display: reads the display, L/min.
        reference_c: temperature of the state in which the display counts; None: litres as they are.
        readings: of each.
        every_s: bench seconds from one to the next.
    """
    standard = context.run.supply.certified(meter, *FLOW_QUANTITIES)
    shown, measured = [], []
    temperature = pressure = None
    for number in range(readings):
        if number:
            context.run.wait(every_s)
        shown.append(display())
        flow, temperature, pressure = flow_at_state(context, standard, reference_c)
        measured.append(flow)
    display_summary, measured_summary = summarize(shown), summarize(measured)
    return FlowPair(display_summary.mean, measured_summary.mean, display_summary, measured_summary, standard,
                    temperature, pressure)  # fmt: skip


def flow_at_state(
    context: Context, standard: StandardReference, reference_c: float | None
) -> tuple[float, float | None, float | None]:
    """One reading, corrected by the certificate and brought to the state that is asked for; T and P that it took."""
    run = context.run
    flow = standard.corrected(run.read(standard.device, standard.quantity).value)
    if standard.quantity == "volumetric_flow":
        if reference_c is None:
            return flow, None, None
        temperature, pressure = (run.read(standard.device, name).value for name in ("temperature", "pressure"))
        at_state = flow * (_ZERO_K + reference_c) / (_ZERO_K + temperature) * pressure / _STANDARD_HPA
        return at_state, temperature, pressure
    own = run.look(standard.device, "reference_temperature")
    counted_at = float(own) if isinstance(own, int | float) else standard.reference_c or 0.0
    if reference_c is not None:
        return flow * (_ZERO_K + reference_c) / (_ZERO_K + counted_at), None, None
    temperature, pressure = (run.read(standard.device, name).value for name in ("temperature", "pressure"))
    as_it_is = flow * (_ZERO_K + temperature) / (_ZERO_K + counted_at) * _STANDARD_HPA / pressure
    return as_it_is, temperature, pressure


def believable(
    context: Context, meter: str, place: str, mistaken: tuple[str, ...], read: Callable[[], FlowPair], most_pct: float
) -> tuple[FlowPair, list[Message]]:
    """Hold a meter at a place and compare; where the two cannot belong together, have the connection looked at first.

    A meter at the wrong place, or not connected at all, shows itself by a flow that has nothing to do with the display.
    What is still so at the third time is taken for the truth.

    Args:
        context: of the procedure.
        meter: its name on the bench.
        place: where it is held.
        mistaken: places that a person may take for it.
        read: the comparison, once the meter is there.
        most_pct: difference that is believed at once.
    """
    notes: list[Message] = []
    for attempt in range(1, _ATTEMPTS + 1):
        hold(context, meter, place, mistaken)
        pair = read()
        if abs(pair.error_pct) <= most_pct or attempt == _ATTEMPTS:
            return pair, notes
        notes.append(
            Message(key="flow.connection_doubted",
                    values={"meter": meter, "place": place, "display": round(pair.display, 4),
                            "measured": round(pair.measured, 4), "attempt": attempt})
        )  # fmt: skip
    raise AssertionError("the last attempt returns")


__all__ = ["FLOW_QUANTITIES", "FlowPair", "believable", "compare_flow", "flow_at_state", "put_down"]
