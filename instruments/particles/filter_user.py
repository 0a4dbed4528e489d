"""A unit that takes filters from a box which it shares with others: a sampler, a balance."""

from __future__ import annotations

from instruments.particles.filters import FilterBox
from instruments.unit import Unit


class FilterUser(Unit):
    """What samplers and balances share; both stand in the outside air, or feel no more of it than its pressure."""

    indoors = False

    def _equip(self) -> None:
        super()._equip()
        self._box: FilterBox | None = None

    def use(self, box: FilterBox) -> None:
        """Take filters from ``box``, and give them back to it."""
        self._box = box

    @property
    def box(self) -> FilterBox:
        """The box. Raises RuntimeError before :meth:`use`."""
        if self._box is None:
            raise RuntimeError(f"{self.name}: use(box) comes before any filter")
        return self._box
