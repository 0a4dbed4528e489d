"""Hands at a tapered-element monitor: filters are fitted and taken off, the inlet is capped; the wizard for K0.

A K0 verification: ``start_k0`` (sampling stops), ``remove_filter``, wait for temperatures and a steady frequency,
``k0_free``, ``fit_filter`` with the weighed filter (its true mass in grams), wait again, ``k0_filter`` with the mass
that its certificate states, ``end_k0``. The wizard shows what it found and never touches the stored K0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from instruments.device import Value
from instruments.errors import Refused
from instruments.particles.teom_element import k0_of
from instruments.signal import WhiteNoise

if TYPE_CHECKING:
    from instruments.particles.teom import Teom

BENCH_ACTIONS = (
    "fit_filter", "remove_filter", "reseat_filter", "cap_inlet", "start_k0", "k0_free", "k0_filter", "end_k0",
)  # fmt: skip

_WITH_A_MASS = ("fit_filter", "k0_filter")
_HEAVIEST_G = 0.5
"""Heaviest thing that is taken for a filter (choice of this project: catches milligrams)."""
_WEIGHED_G = (0.03, 0.2)
"""Masses that the wizard takes for a weighed filter (recalled: 0.08 to 0.10 g are usual)."""
_ROOM_HUMIDITY_PCT = 50.0
"""Humidity that a filter lay in before it was fitted (choice of this project: HJ 656's weighing room)."""


class FilterBench:
    """What hands do and the wizard notes.

    Attributes:
        capped: the inlet is closed by hand.
        open_until: step at which the transducer is closed again.
    """

    def __init__(self, unit: Teom) -> None:
        self.capped = False
        self.open_until = 0
        self._unit = unit
        self._seatings = 0
        self._nominal_g = unit.hidden.filter_mass
        self._seats = WhiteNoise(unit.seed, f"{unit.name}/seating")

    def act(self, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Carry out an action at ``step``; return the settings that it changes. Raises Refused."""
        if name == "cap_inlet":
            if not isinstance(value, bool):
                raise Refused("invalid", "cap_inlet is true or false")
            self.capped = value
            return {}
        if name not in _WITH_A_MASS and value is not True:
            raise Refused("invalid", f"{name}: true, not {value!r}")
        if name == "start_k0":
            for label in ("k0_free_frequency", "k0_filter_frequency", "k0_audit", "k0_difference"):
                self._unit.restart(label, step, 0.0)
            return {"run": False}
        if name == "end_k0":
            return {"run": True}
        if name == "k0_free":
            self._unit.restart("k0_free_frequency", step, self._frequency(step))
        elif name == "k0_filter":
            self._audit(step, _grams(value, *_WEIGHED_G))
        elif name == "fit_filter":
            self._fit(step, _grams(value, 0.0, _HEAVIEST_G))
        elif name == "remove_filter":
            self._take_off(step)
        else:
            self._reseat(step)
        return {}

    # -- the filter -----------------------------------------------------------------------------------------------

    def _fit(self, step: int, grams: float) -> None:
        unit = self._unit
        self._nominal_g = grams
        self._seat(step)
        for label in ("stable", "volatile", "creep"):
            unit.restart(label, step, 0.0)
        unit.restart("water", step, unit.figures["filter_water"] * _ROOM_HUMIDITY_PCT)
        unit.restart("conditioning", step, unit.figures["conditioning_mass"])

    def _take_off(self, step: int) -> None:
        unit = self._unit
        self._handle(step)
        self._nominal_g = 0.0
        for label in ("filter_mass", "stable", "volatile", "water", "conditioning", "creep"):
            unit.restart(label, step, 0.0)

    def _reseat(self, step: int) -> None:
        if self._nominal_g <= 0.0:
            raise Refused("wrong settings", "there is no filter")
        self._seat(step)
        self._unit.restart("creep", step, 0.0)

    def _seat(self, step: int) -> None:
        """Press the filter home: no two seatings swing exactly the same mass."""
        unit = self._unit
        self._handle(step)
        self._seatings += 1
        chance = float(self._seats.values(self._seatings, self._seatings + 1)[0])
        unit.restart("filter_mass", step, self._nominal_g * (1.0 + unit.figures["seating_repeatability"] * chance))
        unit.hidden = unit.hidden.model_copy(update={"looseness": 0.0})

    def _handle(self, step: int) -> None:
        self.open_until = step + round(self._unit.figures["handling_time"]) // self._unit.step_s

    # -- the wizard -----------------------------------------------------------------------------------------------

    def _frequency(self, step: int) -> float:
        unit = self._unit
        if unit.settings["run"] is True:
            raise Refused("wrong settings", "sampling is on: start_k0 first")
        shown = unit.steps.history.value(unit.rows["frequency"], step - 1) if step > 0 else 0.0
        if shown <= 0.0:
            raise Refused("wrong settings", "the element does not swing")
        return shown

    def _audit(self, step: int, grams: float) -> None:
        unit = self._unit
        free = unit.before("k0_free_frequency", step, 0.0)
        if free <= 0.0:
            raise Refused("wrong settings", "the frequency without a filter is not known: k0_free first")
        loaded = self._frequency(step)
        try:
            audit = k0_of(grams, free, loaded)
        except ValueError as error:
            raise Refused("wrong settings", str(error)) from None
        stored = unit.number("k0")
        unit.restart("k0_filter_frequency", step, loaded)
        unit.restart("k0_audit", step, audit)
        unit.restart("k0_difference", step, 100.0 * (audit - stored) / stored)


def _grams(value: Value, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("invalid", f"a mass in grams, not {value!r}")
    if not value > low:
        raise Refused("too low", f"{value:g} g: above {low:g}")
    if not value <= high:
        raise Refused("too high", f"{value:g} g: {high:g} at most (grams, not milligrams)")
    return float(value)
