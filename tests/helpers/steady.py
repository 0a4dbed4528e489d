"""A face for property tests, which cannot use fixtures that are made once for all examples."""

from instruments.errors import Refused

START_US = 1_767_571_200_000_000


class SteadyFace:
    """An instrument whose clock stands and whose values are those that were given or set."""

    def __init__(self, values):
        self.values = {"alarms": (), "powered": True, **values}
        self.clock = START_US

    def read(self, quantity):
        return self.values[quantity]

    def read_at(self, quantity, t_us):
        return self.values.get(quantity, 0.0)

    def apply(self, name, value):
        if name == "clock_us":
            self.clock = value
        elif name in self.values:
            self.values[name] = value
        else:
            raise Refused("unknown", name)

    def now_us(self):
        return 7_200_000_000

    def clock_us(self):
        return self.clock


def steady_face(**values):
    return SteadyFace(values)
