"""What Thermo's iSeries firmware makes of raw values: reported = coefficient x averaged - background."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from instruments.air import FloatArray
from instruments.catalogue import Channel
from instruments.gas.base import PointAnalyzer, span_share
from instruments.gas.detector import raw
from instruments.gas.stages import STEP_S
from instruments.steps import Moment


class ThermoAnalyzer(PointAnalyzer):
    """An iSeries analyzer: a moving average of ten-second values over the averaging time."""

    firmware = "01.06.00"
    report_only: ClassVar[frozenset[str]] = PointAnalyzer.report_only | {"averaging_time"}

    def corrected(self, channel: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Coefficient x averaged - background."""
        settings = self.entry.channel(channel)
        coefficient, background = moment.settings[settings.coefficient], moment.settings[settings.background]
        averaged = self._averaged(first, last, moment, channel)
        return np.asarray(float(coefficient) * averaged - float(background))  # type: ignore[arg-type]

    def zeroed(self, shown: float, channel: Channel) -> float:
        """Background that takes what is shown away."""
        return shown + self.number(channel.background)

    def spanned(self, shown: float, target: float, channel: Channel) -> float:
        """Coefficient that brings what is averaged to the target and the background."""
        background = self.number(channel.background)
        present = (shown + background) / self.number(channel.coefficient)
        return span_share(present, target + background)

    def _averaged(self, first: int, last: int, moment: Moment, channel: str) -> FloatArray:
        """Means of the raw steps within the averaging time, summed oldest first; fewer right after power on."""
        window = max(1, int(moment.settings["averaging_time"]) // STEP_S)  # type: ignore[arg-type]
        row = self.rows[raw(channel)]
        oldest = max(0, moment.power_step)
        if last - first == 1:
            begin = max(first + 1 - window, min(oldest, first))
            total = 0.0
            for value in self.steps.values(begin, last)[row].tolist():
                total += value
            return np.array([total / (last - begin)])
        begin = max(0, first + 1 - window)
        values = self.steps.values(begin, last)[row]
        steps = np.arange(first, last)
        total_of = np.zeros(last - first)
        for back in range(window - 1, -1, -1):
            # Steps before the power came, or before the epoch, are not there to be averaged.
            there = (steps - back >= oldest) | (back == 0)
            total_of = np.where(there, total_of + values[np.maximum(steps - back - begin, 0)], total_of)
        count = np.minimum(window, np.maximum(steps + 1 - oldest, 1))
        return np.asarray(total_of / count)
