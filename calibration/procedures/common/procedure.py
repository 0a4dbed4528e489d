"""What every procedure states of itself, so that plans, preflight, progress and the engine need know none by name.

A procedure is one module of :mod:`calibration.procedures` that holds a class of its name's form (``multipoint.py``:
``Multipoint``) and one instance of it, ``PROCEDURE``. A plan names it by the module's name.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, Literal, TypeVar

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.record import Message
from rig.host.kinds import Channel, Weighing, converter_factor

P = TypeVar("P", bound=Parameters)

Takes = Literal["one", "same gas", "all"]
"""How many units a procedure serves at once: one, those that are calibrated with the same gas, or all of the bench."""

Gap = Literal["level", "day", "test", "sequence"]
"""What is measured again after a gap (a power cut, a crash of the host)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A device to test, as far as a plan needs to know it; full scale in the unit of its gas.

    A calibrator is one too, of no channels: its flows and its ozone are tested; so is a particle monitor (``weighing``
    says how it weighs), and what measures weather, visibility or an open path. ``backup`` says that the bench file
    names a unit that this one stands in for, ``method`` how it measures in the words of standards ("cup anemometer and
    wind vane").
    """

    name: str
    kind: str
    channels: tuple[Channel, ...]
    full_scale: float
    backup: bool = False
    weighing: Weighing = ""
    method: str = ""

    @property
    def needs_gas(self) -> bool:
        """Whether a calibrator is needed to test it, or is it."""
        return bool(self.channels) or self.kind == "calibrator"

    @property
    def stands_in(self) -> bool:
        """Whether it is an analyzer or a particle monitor that stands in for another unit."""
        return self.backup and bool(self.channels or self.weighing)

    @property
    def gas(self) -> str:
        """The gas that it is calibrated with."""
        return self.channels[0].gas

    @property
    def has_converter(self) -> bool:
        """Whether it turns NO2 into NO, so that it has a channel for NO2 beside those that it is calibrated with."""
        return converter_factor(self.channels) is not None

    def on_no2(self) -> Unit:
        """The same unit with its NO2 channel only, which NO2 from a cylinder is offered to."""
        factor = converter_factor(self.channels)
        assert factor is not None  # whoever asks has looked for a converter
        channel = replace(self.channels[0], quantity="no2", gas="no2", background=None, coefficient=factor,
                          calibrate_zero=None)  # fmt: skip
        return replace(self, channels=(channel,))


@dataclass(frozen=True, slots=True)
class Stage:
    """One step on the way, as the procedure announces it.

    Attributes:
        label: the announced name of the level or step.
        gas: key under which the plan gives its wait (``so2``, ``no2``, ...); empty for a step without gas.
        expected_s: least time that it takes, bench seconds: shortest wait and one window.
        sampling: the units are back on what they sample meanwhile, though the procedure has gas for its other stages.
        hands: what a person is asked to do in it, as the prompt says; None where nobody is needed.
        visits: what a person is asked to do while it goes on, with the seconds after its beginning.
    """

    label: str
    gas: str
    expected_s: float
    sampling: bool = False
    hands: Message | None = None
    visits: tuple[tuple[float, Message], ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A gas that a procedure will ask for: ``value`` nmol/mol (CO umol/mol), ``total_flow`` in L/min.

    Attributes:
        key: the parameter that asks for it.
        percent: how the plan says it, % of full scale.
        ozone: added to NO, nmol/mol; None where the titration path is not used.
        minutes: how long it flows at the least.
    """

    key: str
    percent: float
    gas: str
    value: float
    ozone: float | None
    total_flow: float
    minutes: float

    @classmethod
    def level(cls, unit: Unit, key: str, percent: float, gas: GasPlan, minutes: float) -> Wanted:
        """A level of the unit's own gas, % of its full scale, at the plan's total flow."""
        return cls(key, percent, unit.gas, percent * unit.full_scale / 100.0, None, gas.total_flow, minutes)

    @property
    def shown(self) -> str:
        """What is asked for, in words."""
        gas = f"{self.value:g} {'umol/mol' if self.gas == 'co' else 'nmol/mol'} of {self.gas}"
        return f"{gas} with {self.ozone:g} nmol/mol of o3" if self.ozone else gas


@dataclass(frozen=True, slots=True)
class Judged:
    """A quantity that a procedure gives a verdict on, with the short names of its criteria."""

    quantity: str
    unit: str
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Equipment:
    """What stands on a bench, as far as it is known before anything is asked.

    Attributes:
        kinds: of its devices.
        gases: main species of the cylinders at its calibrator, and ``o3``.
        ports: of each analyzer, those that the calibrator's gas reaches.
        cells: names of the calibration cells, by the open path that they belong to.
    """

    kinds: frozenset[str]
    gases: frozenset[str]
    ports: Mapping[str, frozenset[str]]
    cells: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a procedure needs and a bench has not: key of the bench file, what was expected, what is there."""

    key: str
    expected: str
    found: str


CYLINDER = "cylinder."
"""What the name of a cylinder begins with among the references that a procedure rests on."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A reference that a procedure rests on, beside the calibrator and the cylinders in use.

    Attributes:
        key: the parameter that names it.
        name: device of the bench (a meter, an ozone standard), or ``cylinder.<name>``.
        quantities: it has a certificate for at least one of them; empty for a cylinder.
    """

    key: str
    name: str
    quantities: tuple[str, ...] = ()


class Procedure(ABC, Generic[P]):
    """One procedure.

    Attributes:
        name: as a plan says it, the module's name.
        parameters: what a plan may set.
        criteria: short names of everything it can judge, with the unit that a limit file must give it ("quantity"
            stands for the unit of the component).
        takes: how many units it serves at once.
        gas: whether the calibrator makes gas for it; without gas the units stay on what they sample.
        any_gas: whether a plan may have it done with a further gas of a unit (NO2 of one with a converter).
        after_a_gap: what is measured again after a gap.
        papers: keys of ``[device.X.backup]`` that it needs of each unit.
    """

    name: ClassVar[str]
    criteria: ClassVar[Mapping[str, str]] = {}
    takes: ClassVar[Takes] = "one"
    gas: ClassVar[bool] = True
    any_gas: ClassVar[bool] = False
    after_a_gap: ClassVar[Gap] = "test"
    papers: ClassVar[tuple[str, ...]] = ()
    parameters: type[P]

    def serves(self, unit: Unit) -> bool:
        """Whether this kind of unit can be tested so: what measures a gas, unless a procedure differs."""
        return bool(unit.channels)

    def rests_on(self, unit: Unit, parameters: P) -> list[Needed]:
        """References that a test of this unit needs, so that none is missing or expired when gas flows."""
        return []

    def judged(self, unit: Unit, parameters: P) -> list[Judged]:
        """Everything that will be judged on a unit: each channel by every criterion, unless a procedure differs."""
        return [Judged(c.quantity, c.unit, tuple(self.criteria)) for c in unit.channels] if self.criteria else []

    def stages(self, units: Sequence[Unit], parameters: P, gas: GasPlan) -> list[Stage]:
        """The way through the procedure on these units, for "time left"."""
        return [Stage(self.name, "", 0.0)]

    def wanted(self, unit: Unit, parameters: P, gas: GasPlan) -> list[Wanted]:
        """Every gas that will be asked for, zero left out."""
        return []

    def missing(self, units: Sequence[Unit], parameters: P, bench: Equipment) -> list[Missing]:
        """What it needs, beside gas for its units, that this bench has not; ``units`` are served together."""
        return []

    @abstractmethod
    def perform(self, context: Context, units: Sequence[Unit], parameters: P) -> list[Outcome]:
        """Carry it out on ``units`` (one, unless :attr:`takes` says more); an outcome per entry of the record.

        Raises:
            RigError: a device gave no proper answer. Refused: one said no.
        """


def names_of_procedures() -> list[str]:
    """Names of all procedures that a plan can name."""
    import calibration.procedures as package

    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.ispkg)


def procedure_of(name: str) -> Procedure[Any]:
    """The procedure of this name. Raises KeyError if there is none."""
    if name not in names_of_procedures():
        raise KeyError(name)
    found: Procedure[Any] = importlib.import_module(f"calibration.procedures.{name}").PROCEDURE
    return found


def by_gas(units: Sequence[Unit]) -> Iterator[tuple[str, list[Unit]]]:
    """Units that can share levels: the same gas and full scale; in the order of the first of each on the bench."""
    groups: dict[tuple[str, float], list[Unit]] = {}
    for unit in units:
        groups.setdefault((unit.gas, unit.full_scale), []).append(unit)
    for (gas, _), group in groups.items():
        yield gas, group


def label_of(percent: float) -> str:
    """Name of a level in the record: ``80 %``, or ``zero``."""
    return f"{percent:g} %" if percent else "zero"
