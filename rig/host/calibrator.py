"""Where gas comes from: a dynamic calibrator on the wire, or a person who sets one by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from instruments.device import Value
from instruments.errors import Refused
from rig.host.handles import Handle
from rig.host.kinds import SETTINGS_OF_A_CALIBRATOR
from rig.prompts import Prompt


@dataclass(frozen=True, slots=True)
class GasRequest:
    """What shall come out of the calibrator.

    Attributes:
        species: "zero", "so2", "no", "co", "o3".
        value: mole fraction of it, nmol/mol (CO umol/mol).
        ozone: ozone added to NO (gas-phase titration), nmol/mol; None when the titration path is not used at all,
            0.0 for the same flows with the lamp off.
        total_flow: L/min.
        port: the calibrator's gas port.
        main: gas by which the calibrator sets the cylinder at that port, where that is another component of it.
        main_per_one: how much of it comes with one unit of ``species``, in its own unit.
    """

    species: str
    value: float
    ozone: float | None
    total_flow: float
    port: str
    main: str = ""
    main_per_one: float = 1.0

    def as_dict(self) -> dict[str, Any]:
        """For the journal."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Flows:
    """What flows through the titration chamber, as the calibrator shows it: cc/min, and its volume in cm3."""

    gas_cc: float
    ozone_cc: float
    total_cc: float
    chamber_cm3: float


class Source(Protocol):
    """A maker of gas."""

    @property
    def name(self) -> str:
        """Its name on the bench."""
        ...

    def offer(self, request: GasRequest) -> None:
        """Make this gas. Raises Refused if that is impossible."""
        ...

    def made(self) -> float | None:
        """What it says that it makes now (nmol/mol, CO umol/mol); None if it cannot tell."""
        ...

    def flows(self) -> Flows | None:
        """Flows of a titration; None if it cannot tell."""
        ...

    def stored(self, port: str, unit: str) -> float | None:
        """What it believes of the cylinder at a port, in ``unit``; None if it cannot tell."""
        ...

    def standby(self) -> None:
        """No gas, no ozone."""
        ...


class Calibrator(Handle):
    """A dynamic calibrator reached through its protocol."""

    _unit = "nmol/mol"
    _per_one = 1.0

    @property
    def shaping(self) -> tuple[str, ...]:
        """Flow tables, photometer, and what it believes of its cylinders."""
        return SETTINGS_OF_A_CALIBRATOR

    def offer(self, request: GasRequest) -> None:
        """Make this gas: by one request where the protocol has one, or by settings of which the mode comes last."""
        settings: dict[str, Any] = {"total_flow": request.total_flow}
        if request.species == "zero":
            mode = "zero"
        elif request.species == "o3":
            mode = "ozone"
            settings["ozone"] = request.value
        else:
            mode = "span" if request.ozone is None else "gpt"
            settings["gas"] = request.port
            settings["concentration"] = request.value * request.main_per_one
            if request.ozone is not None:
                settings["ozone"] = request.ozone
        self._unit, self._per_one = unit_of(request.main or request.species), request.main_per_one
        amounts = {name: value for name, value in settings.items() if name != "gas"}
        if "concentration" in amounts:  # who takes the gas by its name works the mixture out
            amounts["concentration"] = request.value
        try:
            text = self.link.protocol.generate_request(mode, request.species, amounts, unit_of(request.species))
        except KeyError:
            self._set_one_by_one(settings, mode)
        else:
            self.link.ask(text, lambda reply: reply)

    def _set_one_by_one(self, settings: dict[str, Any], mode: str) -> None:
        # From one gas straight to the next the settings would pass through combinations that nobody asked for.
        self.set("calibrator_mode", "standby")
        for setting, value in settings.items():
            self.set(setting, value, self._unit)
        self.set("calibrator_mode", mode)

    def made(self) -> float | None:
        """What the calibrator shows as made."""
        mode = self.read("calibrator_mode")[0]
        if mode in ("zero", "standby"):
            return 0.0
        if mode == "ozone":
            return _number(self.read("photometer_o3", "nmol/mol"))
        return _number(self.read("concentration_actual", self._unit)) / self._per_one

    def flows(self) -> Flows | None:
        """Flows of the titration as shown."""
        asked = [self.read_if_told(q) for q in ("gas_flow", "ozone_flow", "total_flow_actual", "chamber_volume")]
        numbers = [_number(answer) for answer in asked if answer is not None]
        return Flows(*numbers) if len(numbers) == len(asked) else None

    def stored(self, port: str, unit: str) -> float | None:
        """The value typed in for the cylinder at a port."""
        if not self.can_read("cylinder_value"):
            return None
        self.set("gas", port)
        return _number(self.read("cylinder_value", unit))

    def standby(self) -> None:
        """No gas, no ozone."""
        self.set("calibrator_mode", "standby")


class NoCalibrator:
    """Stands where a bench has none, for tests that need no gas."""

    name = ""

    def offer(self, request: GasRequest) -> None:
        """Raises Refused: there is nothing to make gas with."""
        raise Refused("wrong settings", "the bench has no calibrator")

    def made(self) -> float | None:
        """Nothing is made."""
        return None

    def flows(self) -> Flows | None:
        """There are none."""
        return None

    def stored(self, port: str, unit: str) -> float | None:
        """It has no cylinders."""
        return None

    def standby(self) -> None:
        """It always is."""


class ManualCalibrator(Handle):
    """A calibrator that a person sets: every gas is a prompt, and the answer is the concentration delivered."""

    def __init__(self, identity: Any) -> None:
        self.identity = identity
        self.unavailable = set()
        self._ask: Callable[[Prompt], str] | None = None
        self._made: float | None = None

    def can_read(self, quantity: str) -> bool:
        """Nothing: it has no wire."""
        return False

    def set(self, setting: str, value: Value, unit: str = "") -> None:
        """Raises KeyError: it has no wire; whoever wants it set asks the person."""
        raise KeyError(setting)

    def attend(self, ask: Callable[[Prompt], str]) -> None:
        """Ask people through ``ask`` from now on."""
        self._ask = ask

    def offer(self, request: GasRequest) -> None:
        """Ask for this gas, and for what the calibrator then shows."""
        unit = unit_of(request.species)
        values: dict[str, float | int | str] = {
            "gas": request.species,
            "value": request.value,
            "unit": unit,
            "flow": request.total_flow,
        }
        if request.ozone is not None:
            values["ozone"] = request.ozone
        key = (
            "prompt.zero" if request.species == "zero" else "prompt.gas" if request.ozone is None else "prompt.titrate"
        )
        slack = max(0.25 * request.value, 5.0)
        answer = self._prompt(
            Prompt(key, values, expected=request.value, unit=unit,
                   lowest=request.value - slack, highest=request.value + slack)
        )  # fmt: skip
        self._made = float(answer)

    def made(self) -> float | None:
        """What the person said."""
        return self._made

    def flows(self) -> Flows | None:
        """Nobody tells."""
        return None

    def stored(self, port: str, unit: str) -> float | None:
        """Whoever sets the calibrator says what it made, level by level."""
        return None

    def standby(self) -> None:
        """Ask for standby."""
        self._prompt(Prompt("prompt.standby"))

    def close(self) -> None:
        """Nothing to let go."""

    def _prompt(self, prompt: Prompt) -> str:
        if self._ask is None:
            raise RuntimeError("a manual calibrator works inside a run only")
        return self._ask(prompt)


def unit_of(species: str) -> str:
    """Unit in which a gas is told: CO umol/mol, others nmol/mol."""
    return "umol/mol" if species == "co" else "nmol/mol"


def _number(answer: tuple[Any, str] | None) -> float:
    assert answer is not None  # callers have checked
    return float(answer[0])
