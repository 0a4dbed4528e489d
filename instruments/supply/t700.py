"""The Teledyne T700: the same physics behind commands of its own (generate, GPT) and Teledyne's test functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from instruments.air import FloatArray, Species
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.steps import Moment
from instruments.supply.calibrator import Calibrator
from instruments.supply.sequences import ACTIONS, SequenceStep, parse_sequences

_AMOUNT = r"(?P<{0}>\d+(?:\.\d*)?|\.\d+)"
_GENERATE = re.compile(
    rf"^{_AMOUNT.format('amount')} (?P<unit>PPB|PPM|PPT) (?P<gas>[A-Z0-9]+)(?: {_AMOUNT.format('flow')}(?: LPM)?)?$"
)
_TITRATE = re.compile(
    rf"^{_AMOUNT.format('amount')} (?P<unit>PPB|PPM|PPT) (?P<gas>NO) "
    rf"{_AMOUNT.format('ozone')} (?P<ozone_unit>PPB|PPM|PPT) O3(?: {_AMOUNT.format('flow')}(?: LPM)?)?$"
)
_PPB = {"PPB": 1.0, "PPM": 1000.0, "PPT": 0.001}
_INHG_PER_MMHG = 1.0 / 25.4
_LPM = 1e-3


@dataclass(frozen=True, slots=True)
class Shown:
    """One of the box's test functions.

    Attributes:
        name: as the box shows it (recalled; appendix A of the T700 manual was not at hand).
        of: quantity of the model: a diagnostic, a target or a setting.
        scale: to the unit that is shown.
        unit: of what is shown, in this project's spelling (the box writes LPM, C, IN-HG-A); nmol/mol: or umol/mol where
            the gas in use is CO.
    """

    name: str
    of: str
    scale: float
    unit: str


TEST_FUNCTIONS: Mapping[str, Shown] = {
    "act_cal": Shown("A-CAL", "gas_flow", _LPM, "L/min"),
    "targ_cal": Shown("T-CAL", "gas_flow_target", _LPM, "L/min"),
    "act_dil": Shown("A-DIL", "zero_flow", _LPM, "L/min"),
    "targ_dil": Shown("T-DIL", "zero_flow_target", _LPM, "L/min"),
    "o3_gen_ref": Shown("O3GENREF", "ozone_reference", 1.0, "mV"),
    "o3_flow": Shown("O3FLOW", "ozone_flow", _LPM, "L/min"),
    "o3_gen_drive": Shown("O3GENDRV", "ozone_drive", 1.0, "mV"),
    "o3_gen_temp": Shown("O3GENTMP", "o3_lamp_temp", 1.0, "deg C"),
    "cal_pressure": Shown("CALPRESS", "gas_pressure", 1.0, "psi"),
    "dil_pressure": Shown("DILPRESS", "zero_pressure", 1.0, "psi"),
    "act": Shown("ACT", "concentration_actual", 1.0, "nmol/mol"),
    "targ": Shown("TARG", "concentration", 1.0, "nmol/mol"),
    "box_temp": Shown("BOXTMP", "box_temp", 1.0, "deg C"),
    "photo_measure": Shown("PHMEAS", "photometer_measure", 1.0, "mV"),
    "photo_reference": Shown("PHREF", "photometer_reference", 1.0, "mV"),
    "photo_flow": Shown("PHFLW", "photometer_flow", 1.0, "L/min"),
    "photo_lamp_temp": Shown("PHLTEMP", "lamp_temp", 1.0, "deg C"),
    "photo_pressure": Shown("PHPRES", "pressure", _INHG_PER_MMHG, "inHg"),
    "photo_sample_temp": Shown("PHSTEMP", "bench_temp", 1.0, "deg C"),
    "photo_slope": Shown("PHSLOPE", "photometer_slope", 1.0, "1"),
    "photo_offset": Shown("PHOFFSET", "photometer_zero", 1.0, "nmol/mol"),
}
"""Teledyne's test functions by the name under which they are read here."""


class T700(Calibrator):
    """A calibrator with four gas ports, told by actions whose value is the text of Teledyne's command.

    ``generate`` ``"400 PPB SO2 5.0 LPM"``, ``gpt`` and ``gptps`` ``"450 PPB NO 160 PPB O3 5.0"``, ``gptz`` the same
    with the lamp off, ``purge`` and ``standby`` with True. Without a flow the total flow stays as it is.
    ``execute_sequence`` with the name of one of the setting ``sequences`` does its first steps at once and the others
    in their time, unless another command, or the loss of power, ends it.
    """

    ports = ("a", "b", "c", "d")
    actions = (*ACTIONS, "execute_sequence")
    report_only: ClassVar[frozenset[str]] = Calibrator.report_only | {"sequences"}
    diagnostics = (*Calibrator.diagnostics, "box_temp", "photometer_flow")
    concentrations = (*Calibrator.concentrations, "act", "targ")
    firmware = "1.0.3"

    def signals(self, first: int, last: int) -> dict[str, FloatArray]:
        """As any calibrator; and the box's temperature and the flow through the photometer."""
        begin, end = first * self.step_s, last * self.step_s
        every = slice(self.step_s - 1, None, self.step_s)
        warm = self.warmth(first, last)
        offered = self.outlet.offered_lpm(begin, end)[every]
        return {
            **super().signals(first, last),
            "box_temp": self.room_c(begin, end)[every] + self.figures["box_above_room"] * warm,
            "photometer_flow": np.minimum(offered, self.figures["photometer_flow"]),
        }

    def _equip(self) -> None:
        super()._equip()
        self._to_come: tuple[tuple[int, SequenceStep], ...] = ()

    def checked(self, key: str, value: Value) -> Value:
        """As any calibrator; sequences have to be some."""
        found = super().checked(key, value)
        if key == "sequences":
            parse_sequences(str(found))
        return found

    def apply(self, t_us: int, command: Command) -> None:
        """As any calibrator; a command for gas ends the sequence that runs."""
        super().apply(t_us, command)
        if command.name in (*ACTIONS, "calibrator_mode", "power"):
            self._to_come = ()

    def next_event_us(self) -> int | None:
        """When the next step of a running sequence is due."""
        return self._to_come[0][0] if self._to_come else None

    def advance(self, until_us: int) -> None:
        """As any calibrator; steps of a running sequence happen in their time. One that is refused is passed over."""
        while self._to_come and self._to_come[0][0] <= until_us:
            (due_us, step), *later = self._to_come
            with suppress(Refused):
                super().apply(due_us, Command(step.action, step.value, by="calibration"))
            self._to_come = tuple(later)
        super().advance(until_us)

    def _begun(self, t_us: int, step: int, name: Value) -> Mapping[str, Value]:
        """Settings of a sequence's first steps; the others are to come."""
        steps = parse_sequences(str(self.settings["sequences"])).get(" ".join(str(name).upper().split()))
        if steps is None:
            raise Refused("invalid", f"no sequence {name!r}")
        now = [one for one in steps if one.after_us == 0]
        changes = self.act(t_us, step, now[-1].action, now[-1].value)
        self._to_come = tuple((t_us + one.after_us, one) for one in steps if one.after_us)
        return changes

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Settings that the command asks for. Raises Refused for what it cannot be or the box cannot make."""
        if name == "execute_sequence":
            return self._begun(t_us, step, value)
        if name == "standby":
            changes: dict[str, Value] = {"calibrator_mode": "standby"}
        elif name == "purge":
            changes = {
                "calibrator_mode": "flows", "gas_feed": "zero", "gas_flow_set": self.figures["gas_flow_full_scale"],
                "zero_flow_set": self.figures["zero_flow_full_scale"],
            }  # fmt: skip
        elif not isinstance(value, str):
            raise Refused("invalid", f'{name} takes text, such as "400 PPB SO2 5.0"')
        else:
            text = " ".join(value.upper().split())
            changes = self._generated(text) if name == "generate" else self._titrated(name, text)
        changes = {key: self.checked(key, wanted) for key, wanted in changes.items()}
        self._planned(changes)
        return changes

    def _generated(self, text: str) -> dict[str, Value]:
        found = _GENERATE.match(text)
        if found is None:
            raise Refused("invalid", f"generate: {text!r}")
        changes = self._flow(found["flow"])
        amount = float(found["amount"]) * _PPB[found["unit"]]
        if found["gas"] == "ZERO":
            return {**changes, "calibrator_mode": "zero"}
        if found["gas"] == "O3":
            return {**changes, "ozone": amount, "calibrator_mode": "ozone"}
        return {**changes, **self._gas(found["gas"], amount), "calibrator_mode": "span"}

    def _titrated(self, name: str, text: str) -> dict[str, Value]:
        found = _TITRATE.match(text)
        if found is None:
            raise Refused("invalid", f"{name}: {text!r}")
        ozone = 0.0 if name == "gptz" else float(found["ozone"]) * _PPB[found["ozone_unit"]]
        gas = self._gas("NO", float(found["amount"]) * _PPB[found["unit"]])
        mode = "gptps" if name == "gptps" else "gpt"
        return {**self._flow(found["flow"]), **gas, "ozone": ozone, "calibrator_mode": mode}

    @staticmethod
    def _flow(text: str | None) -> dict[str, Value]:
        return {} if text is None else {"total_flow": float(text)}

    def _gas(self, name: str, amount_ppb: float) -> dict[str, Value]:
        """Port and target for a gas; a mixture is set by its main component, in the certificate's proportion."""
        species = Species.__members__.get(name)
        for port, content in self.contents.items():
            if species is not None and species in content.components:
                amount = amount_ppb / 1000.0 if species is Species.CO else amount_ppb
                main = amount * content.certified / content.components[species]
                return {"gas": port, "concentration": main}
        raise Refused("wrong settings", f"no cylinder of {name} at a port")

    def reported(self) -> Mapping[str, str]:
        """Teledyne's test functions, each with its unit."""
        return {name: function.unit for name, function in TEST_FUNCTIONS.items()}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """A test function for steps ``first`` to ``last``."""
        function = TEST_FUNCTIONS[quantity]
        if function.of in self.rows:
            return np.asarray(self.steps.values(first, last)[self.rows[function.of]] * function.scale)
        stands = moment.standing if function.of in moment.standing else moment.settings
        return np.full(last - first, float(stands[function.of]) * function.scale)  # type: ignore[arg-type]
