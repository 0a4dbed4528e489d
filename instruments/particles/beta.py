"""What beta-attenuation monitors share beyond sampling: counts, foils, hands at the unit, what is seen of it."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from instruments.air import FloatArray
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.folding import BITS, HIGHEST, LAST, LOWEST, Fold
from instruments.particles.counting import counts, density_mg_cm2
from instruments.particles.foil import foil_density
from instruments.particles.sampling import Around, Sampling
from instruments.signal import OrnsteinUhlenbeck
from instruments.steps import SECOND_US, Moment

_CURES: Mapping[str, tuple[str, ...]] = {
    "replace_tape": ("tape_broken", "alkaline_tape"), "clean_nozzle": ("nozzle_dirt",), "clean_head": ("head_dirt",),
    "rebuild_pump": ("pump_fraction",), "replace_detector": ("detector_fraction",),
}  # fmt: skip


_DIRT_SEEN = 0.3
"""Debris on the nozzle from which on the spot's edge is seen to be uneven (this project's choice)."""

UNITS: Mapping[str, str] = {
    "concentration": "ug/m3", "concentration_1h": "ug/m3", "concentration_24h": "ug/m3", "hour_valid": "1",
    "qtot": "m3", "flags": "1", "flags_now": "1", "phase": "1", "record_s": "s", "hour_temp": "deg C",
    "hour_pressure": "hPa", "hour_rh": "%", "hour_delta": "deg C", "membrane_abs": "mg/cm2",
    "foil_reading": "mg/cm2", "mass": "ug", "changing": "1", "tape_fault": "1", "flow": "L/min",
    "pressure_drop": "mmHg", "count_rate": "1/s", "alpha_rate": "1/s", "radon": "Bq/m3", "ambient_temp": "deg C",
    "ambient_pressure": "hPa", "filter_temp": "deg C", "filter_rh": "%", "heater_power": "%", "tape_left": "%",
}  # fmt: skip
"""Units of the diagnostics."""


class BetaMonitor(Sampling):
    """A beta monitor without its cycle."""

    folds: ClassVar[Mapping[str, Fold]] = {
        "flags": BITS, "flags_now": BITS, "phase": LAST, "record_s": LAST, "hour_valid": LOWEST, "tape_fault": HIGHEST,
    }  # fmt: skip
    actions: tuple[str, ...] = ("place_foil", "remove_foil", "cap_inlet", "zero_filter", "self_test")
    looked_up: ClassVar[tuple[str, ...]] = ("inlet_flow", "self_test_result")
    """Rows of memory that can be read: what a meter on the inlet shows, what a test has found."""

    def _equip(self) -> None:
        super()._equip()
        self._tape = OrnsteinUhlenbeck(self.seed, f"{self.name}/tape", 12.0 * 3600.0, 3600.0)
        self._foil: float | None = None

    # -- counts ---------------------------------------------------------------------------------------------------

    def counted(
        self, around: Around, part: slice, load_ug: FloatArray | float, tape: float, extra: FloatArray | float = 0.0
    ) -> FloatArray:
        """Counts of each minute of ``part``.

        Args:
            around: the surroundings.
            part: which minutes.
            load_ug: mass on the spot.
            tape: part of the rate that this piece of tape lets through, over nominal tape.
            extra: counts that do not come from the source.
        """
        through = np.exp(-self.true_mu() / (1000.0 * self._p["area"]) * np.asarray(load_ug))
        return counts(around.rate[part] * tape * through + extra, around.normal[part])

    def foil_rows(
        self, around: Around, part: slice, spot: int, count: float, minutes: float, before: float, after: float,
        reading: float,
    ) -> dict[str, FloatArray]:  # fmt: skip
        """A foil in the beam: ``count`` minutes of tape alone, as many with the foil, then its mass per area.

        Args:
            around: the surroundings.
            part: which minutes.
            spot: number of the piece of tape.
            count: minutes of each count.
            minutes: minutes since the foil was placed, before ``part``.
            before: counts of the tape alone so far.
            after: counts with the foil so far.
            reading: the last reading.
        """
        assert self._foil is not None
        bare = self.counted(around, part, 0.0, self.tape_rate(spot))
        covered = self.counted(around, part, 1000.0 * self._p["area"] * self._foil, self.tape_rate(spot))
        done = minutes + np.arange(1.0, part.stop - part.start + 1.0)
        first, second = done <= count, (done > count) & (done <= 2.0 * count)
        alone = before + np.cumsum(np.where(first, bare, 0.0))
        with_foil = after + np.cumsum(np.where(second, covered, 0.0))
        readings = np.full(len(done), reading)
        if done[-1] >= 2.0 * count and alone[-1] > 0.0 and with_foil[-1] > 0.0:
            found = density_mg_cm2(float(alone[-1]), float(with_foil[-1]), self.number("mu"))
            readings[done >= 2.0 * count] = found
        return {
            "foil_minutes": done, "foil_before": alone, "foil_after": with_foil, "foil_reading": readings,
            "count_rate": np.where(first, bare, covered) / 60.0,
        }  # fmt: skip

    def tape_rate(self, spot: int) -> float:
        """Count rate through a piece of tape over that through tape of nominal thickness."""
        wander = self._p["tape_wander"] * float(self._tape.values(spot, spot + 1)[0])
        return math.exp(-self.true_mu() * wander)

    def found_in(self, around: Around, minutes: int) -> float:
        """What samples of so many minutes in the air of the first minute of ``around`` come to, as stored, ug/m3.

        For what a unit shows that has been running before the epoch.
        """
        left = float(around.left[0])
        kept = np.cumprod(np.full(minutes, left)).mean() * float(around.volatile[0])
        load = float(around.solid[0] + around.wet[0] * around.hygroscopic[0]) + kept
        told_l = float(around.shown[0] * around.told[0])
        value = 1000.0 * load / told_l * self.true_mu() / self.number("mu")
        return float(self.resolved(np.array(value * self.number("k_factor") + self.number("bkgd"))))

    # -- hands at the unit ----------------------------------------------------------------------------------------

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act; maintenance of a part also mends what was wrong with it. Raises Refused."""
        part = self.wear.action(command.name)
        if part is not None and command.name in ("replace_tape", "clean_nozzle"):
            self.settle(t_us)
            self.opened(self.step_at(t_us), command.name)
        super().apply(t_us, command)
        if part is not None and command.name in _CURES:
            new = self.hidden_model()
            cured = {name: getattr(new, name) for name in _CURES[command.name]}
            self.hidden = self.hidden.model_copy(update=cured)

    @abstractmethod
    def opened(self, step: int, why: str) -> None:
        """Somebody opens the tape compartment at ``step``: the spot is gone."""

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Foils, caps and filters that hands put on. Raises Refused."""
        if name in ("cap_inlet", "zero_filter"):
            if not isinstance(value, bool):
                raise Refused("invalid", f"{name} is true (put on) or false (taken off)")
            self._cut(t_us, physical=True)  # what was fitted until now is past
            if name == "cap_inlet":
                self._capped = value
            else:
                self._zero_filter = value
        elif name == "place_foil":
            if not self.settings["maintenance"]:
                raise Refused("wrong settings", "a foil is placed in maintenance, not while the unit samples")
            density = foil_density(value, str(self.texts["serial"]), self._p["foil_density"])
            self._cut(t_us, physical=True)
            self._foil = density
            for label in ("foil_minutes", "foil_before", "foil_after"):
                self.restart(label, step, 0.0)
        elif name == "remove_foil":
            self._cut(t_us, physical=True)
            self._foil = None
        return {}

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Settings survive a cut on the battery; with a flat one they come back as delivered."""
        if self.powered and self.hidden.battery_flat:
            return {key: limits.default for key, limits in self.entry.settings.items() if key != "size"}
        return {}

    def observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        """Return what an observer finds; a flow meter at the inlet, a foil's certificate and tests beside the rest."""
        if quantity == "foil_certificate":
            return round(foil_density(True, str(self.texts["serial"]), self._p["foil_density"]), 4)
        if quantity == "spot_look":
            step = max(t_us // (self.step_s * SECOND_US) - 1, 0)
            if self.hidden.tape_broken:
                return "torn"
            uneven = self.hidden.nozzle_stuck or float(self.around(step, step + 1).dirt[0]) > _DIRT_SEEN
            return "uneven" if uneven else "even"
        if quantity in self.looked_up:
            step = max(t_us // (self.step_s * SECOND_US) - 1, 0)
            return float(self.steps.values(step, step + 1)[self.rows[quantity], 0])
        return super().observe(t_us, moment, quantity)

    def standing(self) -> Mapping[str, Value]:
        """What hands have put on."""
        return {"cap_inlet": self._capped, "zero_filter": self._zero_filter, "foil_in": self._foil is not None}

    def units(self) -> Mapping[str, str]:
        """Unit of each of the quantities."""
        return {**super().units(), **{name: unit for name, unit in UNITS.items() if name in self.rows}}

    def resolved(self, values: FloatArray) -> FloatArray:
        """Concentrations as the unit stores them: within its range, in steps of its resolution, ug/m3."""
        low, step = self.number("offset"), self._p["resolution"]
        return np.asarray(np.rint(np.clip(values, low, low + self.number("range")) / step) * step)
