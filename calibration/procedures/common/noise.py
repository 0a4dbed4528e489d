"""What zero noise and span noise share: parameters, the gate on the averaging time, the record of a series."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from calibration.procedures.common.context import Context
from calibration.procedures.common.levels import Asked, full_scale
from calibration.procedures.common.parameters import Parameters, Seconds
from calibration.procedures.common.procedure import Unit
from calibration.procedures.common.series import Series
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table
from calibration.statistics.hj_gas import DETECTION_FACTOR
from calibration.statistics.summary import Summary, summarize, variance_dof

AVERAGING = "averaging_time"


class NoisePlan(Parameters):
    """What a plan may set of a noise test."""

    count: int = Field(default=25, ge=10)
    interval: Seconds = Field(default=120.0, gt=0, description="each datum is the mean over one interval")
    poll: Seconds = Field(default=10.0, gt=0)
    detection_factor: float = Field(default=DETECTION_FACTOR, gt=0, description="detection limit over the zero noise")

    @property
    def length_s(self) -> float:
        """How long the readings take, s."""
        return self.count * self.interval


def asked_of(context: Context, unit: Unit, quantities: Sequence[str] | None = None) -> Asked:
    """The unit with its channels (or some of them) and its full scale as it says, to be waited for by its own gas."""
    names = tuple(channel.quantity for channel in unit.channels) if quantities is None else tuple(quantities)
    return Asked(unit.name, names, full_scale(context.run, unit.name), unit.gas)


def too_long_averaging(context: Context, device: str, interval_s: float) -> Message | None:
    """Why noise is not measured on this unit: its averaging time is longer than the interval of the data.

    Neighbouring data would share readings, and the noise that they show would be too small.
    """
    found = context.run.look(device, AVERAGING)
    if not isinstance(found, int | float) or found <= interval_s:
        return None
    return Message(key="noise.averaging_too_long",
                   values={"device": device, "found": float(found), "limit": interval_s})  # fmt: skip


def standing_still(series: Series) -> Message | None:
    """That a series does not move at all: a frozen reading, which would look like a unit without noise."""
    if max(series.means) > min(series.means):
        return None
    return Message(key="gas.reading_stands_still",
                   values={"device": series.device, "quantity": series.quantity, "value": series.means[0],
                           "unit": series.unit})  # fmt: skip


def scatter_of(series: Series) -> tuple[Summary, float]:
    """The summary of a series, and the degrees of freedom of its variance (data that remember each other tell less)."""
    summary = summarize(series.means)
    return summary, variance_dof(summary.n, summary.effective_n)


def noise_data(series: Series, scale: float, level: Level, summary: Summary) -> MeasuredData:
    """A series of means for the record: as a table and as a chart with the mean and two deviations to each side."""
    minutes = [(t_s - series.begun_s) / 60.0 for t_s in series.t_s]
    rows: list[list[float | str | Message | None]] = [
        [float(number), at, mean] for number, (at, mean) in enumerate(
            zip(minutes, series.means, strict=True), start=1
        )
    ]  # fmt: skip
    table = Table(
        key="noise",
        columns=[Column(key="number", decimals=0), Column(key="time", unit="min", decimals=1),
                 Column(key="mean", unit=series.unit, decimals=3)],
        rows=rows,
    )  # fmt: skip
    chart = Chart(
        key="noise", kind="series", x_unit="min", y_unit=series.unit, names=[series.quantity],
        x=[minutes], y=[list(series.means)],
        limit_low=summary.mean - 2.0 * summary.sd, limit_high=summary.mean + 2.0 * summary.sd,
    )  # fmt: skip
    return MeasuredData(quantity=series.quantity, unit=series.unit, full_scale=scale, levels=[level],
                        tables=[table], charts=[chart])  # fmt: skip
