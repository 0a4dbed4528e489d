"""A box of numbered filters that sampler and balance share: where each one is, and what it truly weighs.

A filter is a thing: it is in the box, in a sampler or in the weighing room, and nowhere else. A procedure's prompts
("fit filter 3", "weigh filter 3") name it by its number. All figures of a kind of filter stand in ``filters.toml``.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from instruments.atmosphere import growth
from instruments.catalogue import Parameter
from instruments.device import Value
from instruments.errors import Refused
from instruments.particles.spot import Spot
from instruments.signal import WhiteNoise

DAY_S = 86_400.0
_TRIPS = 64
"""Trips to a sampler for which a filter has random numbers; more than any filter makes."""
_IN_THE_BOX_RH = 45.0
"""Humidity at which new filters are kept, %: this project's choice."""


class FilterKind(BaseModel):
    """A kind of filter as ``filters.toml`` states it.

    Attributes:
        title: for people.
        mass: of a clean filter. mass_spread: standard deviation within a box.
        density: for buoyancy.
        water: taken up per % of relative humidity.
        conditioning_hours: time constant with which filter and sample take on the room's humidity.
        static: standard deviation of what the charge of a handled filter looks like.
        blank: mean of what a trip to the field adds without a sample. blank_spread: its standard deviation.
        storage_days: time constant of the loss of volatile matter after sampling.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    mass: Parameter
    mass_spread: Parameter
    density: Parameter
    water: Parameter
    conditioning_hours: Parameter
    static: Parameter
    blank: Parameter
    blank_spread: Parameter
    storage_days: Parameter


@cache
def kinds() -> dict[str, FilterKind]:
    """All kinds of filters by name."""
    text = (Path(__file__).parent / "filters.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, FilterKind]).validate_python(tomllib.loads(text))


@dataclass(slots=True)
class Filter:
    """One filter.

    Attributes:
        place: ``box``, ``room`` (the weighing room) or the name of a sampler.
        sample: what lies on it. kappa: of the volatile part.
        since_s: bench second since which the sample stands still. trips: times it has been in a sampler.
        added_ug: what handling has added.
        humidity_pct: humidity that filter and sample had when they came into the weighing room; while elsewhere, there.
        lag_pct: the room's lagged humidity at that moment (see :class:`~instruments.particles.balance.Balance`).
        room_since_s: bench second at which it came into the weighing room.
        weighings: times it has been on a pan.
    """

    place: str = "box"
    sample: Spot = field(default_factory=Spot)
    kappa: float = 0.0
    since_s: float = 0.0
    trips: int = 0
    added_ug: float = 0.0
    humidity_pct: float = _IN_THE_BOX_RH
    lag_pct: float = 0.0
    room_since_s: float = 0.0
    weighings: int = 0


class FilterBox:
    """Filters of one kind, numbered from 1.

    Args:
        seed: root seed.
        name: name of the box on the bench; keys the random paths.
        kind: name of a kind of filter.

    Raises:
        ValueError: no such kind.
    """

    def __init__(self, seed: int, name: str, kind: str = "ptfe47") -> None:
        if kind not in kinds():
            raise ValueError(f"filter kind {kind!r}: one of {', '.join(kinds())}")
        self.kind = kinds()[kind]
        self._masses = WhiteNoise(seed, f"{name}/masses")
        self._blanks = WhiteNoise(seed, f"{name}/blanks")
        self._charges = WhiteNoise(seed, f"{name}/charges")
        self._filters: dict[int, Filter] = {}

    def numbered(self, number: Value) -> tuple[int, Filter]:
        """The filter of that number. Raises Refused for anything that is no number of a filter."""
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 100_000:
            raise Refused("invalid", f"filter {number!r}: a whole number from 1 is wanted")
        return number, self._filters.setdefault(number, Filter())

    def clean_mg(self, number: int) -> float:
        """True mass of the clean, dry filter."""
        normal = float(self._masses.values(number, number + 1)[0])
        return self.kind.mass.value + self.kind.mass_spread.value * max(min(normal, 3.0), -3.0)

    def take(self, number: Value, sampler: str) -> Spot:
        """Put a filter into a sampler; return what lies on it. Raises Refused if it is in another one."""
        index, one = self.numbered(number)
        if one.place not in ("box", "room"):
            raise Refused("wrong settings", f"filter {index} is in {one.place}")
        one.place = sampler
        return one.sample

    def give_back(self, number: int, sample: Spot, kappa: float, humidity_pct: float, t_s: float) -> None:
        """Take a filter out of a sampler: with its sample, and what handling and the field have added."""
        one = self._filters[number]
        normal = float(self._blanks.values(number * _TRIPS + one.trips % _TRIPS, number * _TRIPS + _TRIPS)[0])
        one.added_ug += self.kind.blank.value + self.kind.blank_spread.value * normal
        one.place, one.sample, one.kappa, one.since_s = "box", sample, kappa, t_s
        one.humidity_pct = humidity_pct
        one.trips += 1

    def into_the_room(self, number: Value, lag_pct: float, t_s: float) -> int:
        """Lay a filter out in the weighing room; one that lies there already stays as it is. Raises Refused."""
        index, one = self.numbered(number)
        if one.place not in ("box", "room"):
            raise Refused("wrong settings", f"filter {index} is in {one.place}")
        if one.place == "box":
            one.place, one.lag_pct, one.room_since_s = "room", lag_pct, t_s
        return index

    def out_of_the_room(self, number: Value, lag_pct: float, t_s: float) -> None:
        """Close a filter up in its cassette, with the humidity that it has. Raises Refused if it is elsewhere."""
        index, one = self.numbered(number)
        if one.place != "room":
            raise Refused("wrong settings", f"filter {index} is not in the weighing room but in {one.place}")
        one.humidity_pct = self.conditioned_pct(index, lag_pct, t_s)
        one.place = "box"

    def conditioned_pct(self, number: int, lag_pct: float, t_s: float) -> float:
        """Humidity that a filter in the weighing room is in balance with: the lag of the room's, from where it was."""
        one = self._filters[number]
        fading = math.exp(-(t_s - one.room_since_s) / (3600.0 * self.kind.conditioning_hours.value))
        return lag_pct + (one.humidity_pct - one.lag_pct) * fading

    def mass_ug(self, number: int, humidity_pct: float, t_s: float) -> float:
        """True mass of filter and sample in balance with that humidity, ug."""
        one, kind = self._filters[number], self.kind
        kept = one.sample.volatile * math.exp(-(t_s - one.since_s) / (DAY_S * kind.storage_days.value))
        dry = one.sample.solid + kept
        wet = float(growth(one.sample.hygroscopic + one.kappa * kept, humidity_pct)) - 1.0  # type: ignore[arg-type]
        return 1000.0 * self.clean_mg(number) + kind.water.value * humidity_pct + one.added_ug + dry + wet

    def charge_ug(self, number: int) -> float:
        """What the charge of this handling looks like on a pan, ug."""
        one = self._filters[number]
        one.weighings += 1
        place = number * _TRIPS + one.weighings % _TRIPS
        return self.kind.static.value * float(self._charges.values(place, place + 1)[0])
