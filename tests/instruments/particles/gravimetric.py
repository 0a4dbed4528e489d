"""A laboratory: samplers, a balance, a box of filters; what a technician does with them, hour by hour."""

from beta_support import HOUR_US, Outside, Room

from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.particles.filters import FilterBox


class Laboratory:
    """Units in one air, driven by the hour; everything is kept up to date."""

    def __init__(self, outside=None, *, kind="ptfe47", balance="balance-6", seed=1, hidden=None, settings=None):
        self.air = outside or Outside()
        self.seed = seed
        self.box = FilterBox(seed, "box", kind)
        self.units = {}
        self.hour = 0.0
        self.add("balance", balance, hidden=hidden, settings=settings)

    def add(self, name, model, **options):
        unit = build_unit(load(model), name, self.seed, **options)
        unit.place(Site(self.air, Room(self.air)))
        unit.use(self.box)
        self.units[name] = unit
        return unit

    def go(self, hour):
        while self.hour + 6.0 < hour:
            self.hour += 6.0
            self._advance()
        self.hour = hour
        self._advance()

    def _advance(self):
        for unit in self.units.values():
            unit.advance(round(self.hour * HOUR_US))

    def do(self, name, command, value=True):
        self.units[name].apply(round(self.hour * HOUR_US), Command(command, value, "panel"))

    def read(self, name, quantity):
        return self.units[name].read(round(self.hour * HOUR_US), quantity)

    def weigh(self, number, times=1):
        """Mean of ``times`` stable readings, mg."""
        total = 0.0
        for _ in range(times):
            self.do("balance", "weigh", number)
            self.go(self.hour + 1 / 60)
            total += self.read("balance", "reading")
        return total / times

    def sample(self, name, number, hours=24.0):
        """A sample from fit to removal; return the volume, m3."""
        self.do(name, "fit_filter", number)
        self.do(name, "start")
        self.go(self.hour + hours + 1 / 60)
        volume = self.read(name, "volume")
        self.do(name, "remove_filter")
        return volume
