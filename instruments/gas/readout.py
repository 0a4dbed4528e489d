"""What a gas analyzer shows: averaged readings, diagnostics, alarms, and what a calibration makes of them.

The detector gives one raw value per channel and ten-second step; the firmware averages the last steps and applies
coefficient and background: reported = coefficient x averaged - background.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from instruments.air import GRID_US, Species
from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.errors import Refused
from instruments.gas.detector import Detector
from instruments.gas.hidden import AnalyzerHidden
from instruments.gas.settings import checked
from instruments.gas.stages import STEP_S, STEP_US


@dataclass(frozen=True, slots=True)
class Moment:
    """The unit as an observer finds it until an instant."""

    until_us: int
    settings: Mapping[str, Value]
    powered: bool
    power_step: int
    flow_lpm: float


class Readout(Detector):
    """A detector with the unit's firmware behind it.

    Args:
        entry: its catalogue entry.
        name: name on the bench; keys the random paths.
        seed: root seed.
        serial: serial number.
        settings: all settings as they stand.
        hidden: the unit's hidden truth.
        warm: has been running before the epoch.
    """

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, *, serial: str, settings: dict[str, Value],
        hidden: AnalyzerHidden, warm: bool,
    ) -> None:  # fmt: skip
        super().__init__(entry, name, seed, settings, hidden, warm)
        self._texts: dict[str, Value] = {"serial": serial, "firmware": "01.06.00", "model": entry.name}

    def _inlet_lpm(self) -> float:
        """Flow drawn at the open port: what the leak lets in does not come through it."""
        return self.flow_lpm() * (1.0 - self.hidden.leak_fraction)

    def _moment(self, until_us: int) -> Moment:
        return Moment(until_us, self.settings, self.powered, self.power_step, self._inlet_lpm())

    def _observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        if quantity in moment.settings:
            return moment.settings[quantity]
        if quantity in self._texts:
            return self._texts[quantity]
        if quantity in ("powered", "power"):
            return moment.powered
        if quantity == "uptime_s":
            return max(0.0, t_us / GRID_US - moment.power_step * STEP_S) if moment.powered else 0.0
        if quantity == "inlet_flow":
            return moment.flow_lpm
        if quantity.startswith("inlet_"):
            point = t_us // GRID_US
            return float(self.inlet(point, point + 1).fractions[Species[quantity[6:].upper()], 0])
        if quantity.startswith("hidden."):
            return getattr(self.hidden, quantity[7:])  # type: ignore[no-any-return]
        if quantity == "alarms":
            return self._alarms(t_us, moment)
        if quantity == "warming_up":
            return self._warming_up(t_us, moment)
        if quantity in self.reported():
            return self._reported(t_us // STEP_US - 1, moment, quantity)
        step = max(t_us // STEP_US - 1, 0)
        return float(self.steps.values(step, step + 1)[self.rows[quantity], 0])

    def reported(self) -> tuple[str, ...]:
        """Concentrations that the unit shows."""
        return self.channels

    def _reported(self, step: int, moment: Moment, quantity: str) -> float:
        coefficient, background = moment.settings[f"{quantity}_coef"], moment.settings[f"{quantity}_bkg"]
        return float(coefficient) * self._averaged(step, moment, quantity) - float(background)  # type: ignore[arg-type]

    def _averaged(self, step: int, moment: Moment, channel: str) -> float:
        """Mean of the raw steps within the averaging time, in a fixed order; fewer right after power on."""
        step = max(step, 0)
        window = max(1, int(moment.settings["averaging_time"]) // STEP_S)  # type: ignore[arg-type]
        window = max(1, min(window, step + 1, step + 1 - moment.power_step))
        values = self.steps.values(step + 1 - window, step + 1)[self.rows[channel]].tolist()
        return sum(values) / window  # type: ignore[no-any-return]

    def _alarms(self, t_us: int, moment: Moment) -> tuple[str, ...]:
        if not moment.powered:
            return ()
        found = []
        for label, limits in self.entry.alarms.items():
            value = float(self._observe(t_us, moment, label))  # type: ignore[arg-type]
            if limits.low is not None and value < limits.low:
                found.append(f"{label}:low")
            elif limits.high is not None and value > limits.high:
                found.append(f"{label}:high")
        return tuple(sorted(found))

    def _warming_up(self, t_us: int, moment: Moment) -> bool:
        """After power on, until all temperatures are inside their limits; a hot box later on is an alarm only."""
        since_s = t_us / GRID_US - moment.power_step * STEP_S
        if not moment.powered or since_s > 10.0 * self.entry.parameter("warm_up_time"):
            return False
        return any(alarm.split(":")[0].endswith("_temp") for alarm in self._alarms(t_us, moment))

    def _calibrated(self, t_us: int, setting: str) -> float:
        """Background or coefficient that makes the present averaged reading 0 or the span target."""
        channel, _, what = setting.rpartition("_")
        if channel not in self.reported() or setting not in self.settings:
            raise Refused("unknown", f"calibrate_{setting}")
        moment, step = self._moment(t_us), t_us // STEP_US - 1
        shown = self._reported(step, moment, channel)
        background = self.number(f"{channel}_bkg") if f"{channel}_bkg" in self.settings else 0.0
        if what == "bkg":
            return float(checked(self.entry, setting, round(shown + background, 4)))  # type: ignore[arg-type]
        present = (shown + background) / self.number(setting)
        if present <= 0.0:
            raise Refused("wrong settings", "there is no span gas")
        target = self.number("span_concentration") + background
        return float(checked(self.entry, setting, round(target / present, 4)))  # type: ignore[arg-type]
