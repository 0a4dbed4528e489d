"""Open-path differential optical absorption for SO2, NO2 and O3: a mean over a light path instead of a point.

The unit looks at one gas after the other, each for its integration time, and shows the last result of each. A fit gives
the gas's column, and with path length and density of the air its mole fraction:

    c = column / (L n),    u(c) = s (L0 / L) sqrt((t0 / t) (100 % / light))

Columns come from the open path (``gas_mode`` sample) or, with a calibration lamp, from nothing (zero) or from the cell
that is inserted (span; :mod:`instruments.gas.calibration_cell`), where c_cell looks like c_cell l / L on the path. What
the fit leaves over (aromatics, a wavelength scale that has shifted) is shown in its deviation and leaks from one gas
into another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from instruments.air import FloatArray, Species
from instruments.cabinet import CABINET, Cabinet
from instruments.chemistry import number_density
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.filters import lag
from instruments.folding import HIGHEST, Fold
from instruments.gas.beam import transmission
from instruments.gas.calibration_cell import CalibrationCell
from instruments.gas.doas_fit import Indices, standing, step_means, turn_means
from instruments.gas.doas_hidden import GASES, LONGEST_STEPS, MODES, NAMES, NO_CELL, STATUS, STEP_S, OpenPathHidden
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise, interpolated
from instruments.steps import SECOND_US, Moment
from instruments.unit import Unit

_FIXED_K, _FIXED_HPA = 293.15, 1013.25
"""Density that the firmware takes without compensation: 20 C, 1 atm (recalled)."""

_PER_MINUTE = 60 // STEP_S


def _rows(*endings: str) -> tuple[str, ...]:
    return tuple(f"{name}_{ending}" for name in NAMES for ending in endings)


class OpenPath(Unit):
    """A lamp and a receiver with a spectrometer, half a kilometre apart."""

    step_s = STEP_S
    hidden_model = OpenPathHidden
    hidden: OpenPathHidden
    diagnostics = ("light", "wavelength_shift", "internal_temp")
    memory = (
        "photons", "phase", "programme", *_rows("path", "column", "raw", "sd", "seen"), "co_path", CABINET,
    )  # fmt: skip
    report_only = frozenset(
        {"instrument_id", "light_limit", "deviation_limit", "span_concentration", *_rows("bkg", "coef")}
    )
    folds: ClassVar[Mapping[str, Fold]] = dict.fromkeys(_rows("status"), HIGHEST)  # STATUS goes from good to bad
    actions = ("align", "calibrate_wavelength", *(f"calibrate_{name}" for name in _rows("bkg", "coef")))
    firmware = "1.0"

    def _equip(self) -> None:
        super()._equip()
        self._noise = {gas: WhiteNoise(self.seed, f"{self.name}/{gas}-noise") for gas in NAMES}
        self._scatter = {gas: WhiteNoise(self.seed, f"{self.name}/{gas}-scatter") for gas in NAMES}
        self._local = {gas: OrnsteinUhlenbeck(self.seed, f"{self.name}/{gas}-local", 1800.0) for gas in (*NAMES, "co")}
        self._jitter = WhiteNoise(self.seed, f"{self.name}/wavelength")
        self._cells: dict[str, CalibrationCell] = {}
        self.cabinet = Cabinet(self)
        self._installed_m = self.number("path_length")

    # -- surroundings ---------------------------------------------------------------------------------------------

    def offer_cell(self, name: str, cell: CalibrationCell) -> None:
        """Lay ``cell`` beside the unit: the setting ``cell`` puts it into the calibration lamp's light by its name.

        Raises:
            ValueError: the name that says that there is none.
        """
        if name == NO_CELL:
            raise ValueError(f"a cell needs a name of its own, not {NO_CELL!r}")
        self._cells[name] = cell
        self.gas_changed(0)

    # -- device ---------------------------------------------------------------------------------------------------

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act from ``t_us`` on. Who cleans the optics cleans them of everything.

        Raises:
            Refused: as of any unit, and a cell that is not there.
        """
        if command.name == "cell" and command.value not in (NO_CELL, *self._cells):
            there = ", ".join((NO_CELL, *self._cells))
            raise Refused("invalid", f"cell: one of {there}, not {command.value!r}")
        super().apply(t_us, command)
        if command.name == "clean_optics":
            self.hidden = self.hidden.model_copy(update={"optics_dirt": 0.0})

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Align the beam, take up the shift of the wavelength scale, or adjust background or coefficient."""
        if name == "align":
            self.hidden = self.hidden.model_copy(update={"misalignment_mrad": 0.0})
            return {}
        moment = self.moment(t_us)
        step = max(t_us // (STEP_S * SECOND_US) - 1, 0)
        if name == "calibrate_wavelength":
            shift = float(self.steps.values(step, step + 1)[self.rows["wavelength_shift"], 0])
            offset = round(self.number("wavelength_offset") + shift, 1)
            return {"wavelength_offset": self.checked("wavelength_offset", offset)}
        key = name.removeprefix("calibrate_")
        gas, _, what = key.rpartition("_")
        raw = float(self.steps.values(step, step + 1)[self.rows[f"{gas}_raw"], 0])
        if float(self.report(f"{gas}_status", step, step + 1, moment)[0]) >= STATUS.index("low light"):
            raise Refused("wrong settings", "there is not enough light")
        if what == "bkg":
            return {key: self.checked(key, round(self.number(f"{gas}_coef") * raw, 4))}
        if raw <= 0.0:
            raise Refused("wrong settings", "there is no span gas")
        return {key: self.checked(key, round((self.number("span_concentration") + self.number(f"{gas}_bkg")) / raw, 4))}

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Settings and calibration are kept; the gas that was being looked at is lost.

        The last results stay shown, marked as without light, until each gas has had a turn again (assumed).
        """
        self.restart("phase", step, 0.0)
        for name in NAMES:
            self.restart(f"{name}_seen", step, 0.0)
        return {}

    # -- what is seen ---------------------------------------------------------------------------------------------

    def reported(self) -> Mapping[str, str]:
        """Per gas: mole fraction, deviation of the fit, status (:data:`STATUS`)."""
        shown: dict[str, str] = {}
        for name in NAMES:
            shown |= {name: "nmol/mol", f"{name}_dev": "nmol/mol", f"{name}_status": "1"}
        return shown

    def standing(self) -> Mapping[str, Value]:
        """What the inserted cell is on the path by its certificate, nmol/mol: nothing without a cell."""
        cell, path_m = self._cells.get(str(self.settings["cell"])), self.number("path_length")
        return {
            equivalent_of(name): 0.0 if cell is None else cell.equivalent(species, path_m)
            for species, name in zip(GASES, NAMES, strict=True)
        }

    def units(self) -> Mapping[str, str]:
        """Also of what the inserted cell is on the path."""
        return {**super().units(), **{equivalent_of(name): "nmol/mol" for name in NAMES}}

    def recorded_units(self) -> Mapping[str, str]:
        """Units of what a recording holds."""
        return super().units()

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """A result as the settings of ``moment`` show it."""
        rows = self.steps.values(first, last)
        gas, _, what = quantity.partition("_")
        coefficient = _number(moment, f"{gas}_coef")
        deviation = coefficient * rows[self.rows[f"{gas}_sd"]]
        shown = coefficient * rows[self.rows[f"{gas}_raw"]] - _number(moment, f"{gas}_bkg")
        step = self.entry.parameter("resolution")
        if what == "":
            return np.asarray(np.round(shown / step) * step)
        if what == "dev":
            return np.asarray(np.round(deviation / step) * step)
        seen = rows[self.rows[f"{gas}_seen"]]
        status = np.where(shown > _number(moment, "deviation_limit") * deviation, 0.0, 1.0)
        status = np.where(seen < _number(moment, "light_limit"), 2.0, status)
        return np.where(seen < self.entry.parameter("dark"), 3.0, status)

    # -- physics --------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the steps: light and columns of each, and of each gas the last result."""
        rows = np.empty((len(self.rows), last - first))
        room = self.site.room.gas(first * STEP_S, last * STEP_S)
        room_c = room.temperature_c[STEP_S - 1 :: STEP_S]
        box = self.cabinet.inside_c(room_c, first)
        shift = self._shift(box)
        light = self._light(first, last)
        self._put(rows, CABINET, box)
        self._put(rows, "internal_temp", np.round(self.cabinet.measured_c(box), 1))
        self._put(rows, "photons", light)
        self._put(rows, "light", np.round(light, 1))
        jitter = self.entry.parameter("wavelength_jitter") * self._jitter.values(first, last)
        self._put(rows, "wavelength_shift", np.round(shift + jitter, 1) if self.powered else np.zeros_like(shift))
        self._columns(rows, first, last, room_c, shift)
        self._results(rows, first, last, shift)
        return rows

    def _put(self, rows: FloatArray, label: str, values: FloatArray) -> None:
        rows[self.rows[label]] = values

    def _shift(self, box: FloatArray) -> FloatArray:
        """What the wavelength scale is off by, pm, after the correction that the firmware makes."""
        warm = self.entry.parameter("shift_per_c") * (box - self.cabinet.adjusted_at_c)
        return np.asarray(self.hidden.wavelength_shift_pm + warm - self.number("wavelength_offset"))

    def _light(self, first: int, last: int) -> FloatArray:
        """Light at the spectrometer, % of a new, aligned unit's in clean air."""
        figures, hidden = self.entry.parameter, self.hidden
        if not self.powered:
            return np.zeros(last - first)
        warm = self.warmth(first, last)
        if self.settings["gas_mode"] != "sample":
            return figures("calibration_light") * warm
        crossing = transmission(
            self.site.outside, self.seconds(first, last), self._true_path(), hidden.misalignment_mrad,
            hidden.bend_mrad_per_c, figures("sway") * hidden.sway_factor, figures("beam_half_angle"),
        )  # fmt: skip
        optics = self.share("optics", first, last) * (1.0 - hidden.optics_dirt) * (1.0 - hidden.blocked)
        return np.asarray(100.0 * crossing * optics * hidden.lamp_fraction * self.share("lamp", first, last) * warm)

    def _true_path(self) -> float:
        return self.hidden.path_length_m or self._installed_m

    def _columns(self, rows: FloatArray, first: int, last: int, room_c: FloatArray, shift: FloatArray) -> None:
        """What a noiseless fit of each step's spectrum would give, as mole fraction on the path, nmol/mol."""
        outside = self.site.outside.gas(first * STEP_S, last * STEP_S)
        outside_c = outside.temperature_c[STEP_S - 1 :: STEP_S]
        pressure = outside.pressure_hpa[STEP_S - 1 :: STEP_S]
        length, mode = self.number("path_length"), self.settings["gas_mode"]
        decay = math.exp(-STEP_S / self.entry.parameter("path_time"))
        local_sd = self.hidden.local_log_sd
        present = {}
        for species in (*GASES, Species.CO):
            label = f"{species.name.lower()}_path"
            mean = step_means(outside.fractions[species])
            before = self.before(label, first, float(mean[0]))
            path = lag(mean[None, :], np.array([before]), decay)[0]
            self._put(rows, label, path)
            local = interpolated(self._local[species.name.lower()], first, last, _PER_MINUTE)
            present[species] = path * np.exp(local_sd * local)
        cell = self._cells.get(str(self.settings["cell"]))
        if mode == "sample":
            scale = self._density_ratio(outside_c, outside_c + self.hidden.temperature_input_error_c, pressure)
            scale = scale * (self._true_path() / length)
        else:
            seen = None if mode == "zero" else cell
            scale = self._density_ratio(room_c, room_c, pressure) * (0.0 if seen is None else seen.length_m / length)
            content = np.zeros(len(Species)) if seen is None else seen.content
            # Aromatics come along with the CO of traffic, not with that of a cylinder.
            present = {species: np.full(last - first, content[species]) for species in GASES}
            present[Species.CO] = np.zeros(last - first)
        residue = self._residue(shift)
        aromatics = self.entry.parameter("aromatics_per_co") * present[Species.CO]
        talk = {
            Species.SO2: ("o3", present[Species.O3]), Species.NO2: ("so2", present[Species.SO2]),
            Species.O3: ("so2", present[Species.SO2]),
        }  # fmt: skip
        width = self.entry.parameter("shift_width")
        gain = (1.0 + self.hidden.span_error_pct / 100.0) * np.maximum(1.0 - (shift / width) ** 2, 0.0)
        for species, name in zip(GASES, NAMES, strict=True):
            other, amount = talk[species]
            leaked = self.entry.parameter(f"crosstalk_{name}_{other}") * amount
            leaked = leaked + self.entry.parameter(f"crosstalk_{name}_aromatics") * aromatics
            self._put(rows, f"{name}_column", scale * (gain * present[species] + residue * leaked))

    def _density_ratio(self, actual_c: FloatArray, told_c: FloatArray, pressure: FloatArray) -> FloatArray:
        """Density of the gas over the density that the firmware divides by."""
        actual = number_density(actual_c + 273.15, pressure)
        if not self.settings["density_compensation"]:
            return np.asarray(actual / number_density(np.asarray(_FIXED_K), np.asarray(_FIXED_HPA)))
        told = pressure + self.hidden.pressure_input_error_hpa
        return np.asarray(actual / number_density(told_c + 273.15, told))

    def _residue(self, shift: FloatArray) -> FloatArray:
        """Structure that the fit leaves over, relative to that of a good unit."""
        return np.asarray(self.hidden.residual_factor + (shift / self.entry.parameter("shift_residue")) ** 2)

    def _results(self, rows: FloatArray, first: int, last: int, shift: FloatArray) -> None:
        """Results at the ends of the gases' turns; between them the last one stands."""
        figures = self.entry.parameter
        turns = [int(self.number(f"integration_{name}")) // STEP_S for name in NAMES]
        phase = self._phases(rows, first, last, turns)
        photons, tail = self._with_past("photons", rows, first)
        lamp_age = 1.0 - self.share("lamp", first, last) + self.hidden.reference_mismatch
        nearer = figures("reference_path") / self.number("path_length")
        residue = self._residue(shift)
        for number, (name, turn) in enumerate(zip(NAMES, turns, strict=True)):
            ends = np.flatnonzero(phase == sum(turns[: number + 1]))
            column, _ = self._with_past(f"{name}_column", rows, first)
            seen, mean = turn_means(column, photons, ends + tail, turn)
            lit = seen >= figures("dark")
            done, light = ends[lit], seen[lit]
            noise_here = figures(f"{name}_noise") * self.hidden.noise_factor * nearer
            noise = noise_here * np.sqrt(figures("reference_time") / (turn * STEP_S) * 100.0 / light)
            raw = mean[lit] + figures(f"{name}_lamp_zero") * nearer * lamp_age[done]
            raw = raw + noise * self._noise[name].values(first, last)[done]
            left_over = figures(f"{name}_residue") * nearer * residue[done]
            scatter = 1.0 + figures("deviation_scatter") * self._scatter[name].values(first, last)[done]
            deviation = np.sqrt(noise**2 + left_over**2) * np.maximum(scatter, 0.3)
            at_start = float(column[tail]) if self.power_step < 0 else 0.0
            self._hold(rows, f"{name}_raw", first, done, raw, at_start)
            self._hold(rows, f"{name}_sd", first, done, deviation, noise_here)
            self._hold(rows, f"{name}_seen", first, ends, seen, float(photons[tail]))

    def _phases(self, rows: FloatArray, first: int, last: int, turns: list[int]) -> FloatArray:
        """How many steps of the programme of gases are done, 1 to all; 0 without power. A new programme begins anew."""
        count = sum(turns)
        programme = 100.0 * (100.0 * (100.0 * turns[0] + turns[1]) + turns[2])
        programme += MODES.index(str(self.settings["gas_mode"]))
        begun = self.before("phase", first, float(count))
        if self.before("programme", first, programme) != programme:
            begun = 0.0
        phase = np.asarray((begun + np.arange(last - first)) % count + 1.0, dtype=np.float64)
        if not self.powered:
            phase = np.zeros(last - first)
        self._put(rows, "phase", phase)
        self._put(rows, "programme", np.full(last - first, programme))
        return phase

    def _with_past(self, label: str, rows: FloatArray, first: int) -> tuple[FloatArray, int]:
        """A row with the steps before ``first`` that a turn may reach back to, and how many these are."""
        tail = min(first, LONGEST_STEPS)
        row = self.rows[label]
        return np.concatenate([self.steps.history.view(first - tail, first)[row], rows[row]]), tail

    def _hold(
        self, rows: FloatArray, label: str, first: int, at: Indices, values: FloatArray, otherwise: float
    ) -> None:
        self._put(rows, label, standing(self.before(label, first, otherwise), at, values, rows.shape[1]))


def equivalent_of(gas: str) -> str:
    """Name of the observable that tells what the inserted cell is on the path."""
    return f"{gas}_equivalent"


def _number(moment: Moment, key: str) -> float:
    value = moment.settings[key]
    assert isinstance(value, int | float)
    return float(value)
