"""Simulated days per second of the four analyzers: what the physics costs on top of its random numbers and filters.

The embedded bench's analyzers run for whole days on room air and lines at rest, and every ten-second step of every
channel is read back as the detector gives it (noise, lags, flicker, temperatures, everything). Against it, in the same
run, the same number of normal variates from the same generators in the same portions, and the same recursive filters
over the same shapes, with nothing else: no gas, no chemistry, no diagnostics. At least 0.3 of that speed.

The floor counts what the model asked for in a day (by listening in once), so it cannot drift away from the model.
Processor time, since all of it is one thread's arithmetic.
``python benchmarks/days.py`` prints medians of seven rounds; beside them, for a polling client, what it takes to read
every channel of every step through the device's own ``read``, one call at a time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from measuring import floor, listening, parser_of, rounds, verdict

from instruments.gas.base import PointAnalyzer
from instruments.gas.stages import STEP_US
from rig.bench import Bench
from rig.clock import VirtualClock
from scenarios.opening import load_bench

ROUNDS = 7
HOURS = 24
PORTION_H = 6
"""How much is computed at once: the bench's own housekeeping interval."""
HOUR_US = 3_600_000_000


class Station:
    """The four analyzers of the embedded bench, hour by hour."""

    def __init__(self, seed: int = 1) -> None:
        file, path = load_bench("demo")
        bench = Bench(file, str(path), VirtualClock(), seed)
        devices = (instrument.device for instrument in bench.instruments.values())
        self.analyzers = [device for device in devices if isinstance(device, PointAnalyzer)]
        self._hour = 0

    def run(self, hours: int) -> int:
        """Simulate ``hours`` and read all steps back; return how many values came."""
        count = 0
        for end in self._portions(hours):
            first, last = (end - PORTION_H * HOUR_US) // STEP_US, end // STEP_US
            for analyzer in self.analyzers:
                analyzer.advance(end)
                found = analyzer.steps.values(first, last)[: len(analyzer.channels)]
                count += int(np.isfinite(found).sum())
        return count

    def poll(self, hours: int) -> int:
        """The same through :meth:`read`, step by step."""
        count = 0
        for end in self._portions(hours):
            for analyzer in self.analyzers:
                analyzer.advance(end)
                for t_us in range(end - PORTION_H * HOUR_US + STEP_US, end + 1, STEP_US):
                    for channel in analyzer.channels:
                        count += np.isfinite(analyzer.read(t_us, channel))
        return count

    def _portions(self, hours: int) -> Iterator[int]:
        for _ in range(hours // PORTION_H):
            self._hour += PORTION_H
            yield self._hour * HOUR_US


def speeds(hours: int = HOURS, repeats: int = ROUNDS) -> dict[str, float]:
    """Median simulated days per second: the model, the model polled value by value, and the floor."""
    station, polled = Station(), Station()
    for one in (station, polled):
        one.run(PORTION_H)  # paths, buffers and caches filled
    with listening() as (normals, shapes):
        expected = station.run(hours)
    if expected != sum(len(a.channels) for a in station.analyzers) * hours * HOUR_US // STEP_US:
        raise RuntimeError(f"{expected} values came back")
    bare = floor(normals, shapes)

    def speed(run: Callable[[], object]) -> float:
        begun = time.process_time()
        run()
        return hours / 24 / (time.process_time() - begun)

    medians = rounds(
        [lambda: speed(lambda: station.run(hours)), lambda: speed(lambda: polled.poll(hours)), lambda: speed(bare)],
        repeats,
    )
    return dict(zip(("model", "polled", "floor"), medians, strict=True))


def main() -> int:
    parser_of(__doc__).parse_args()
    found = speeds()
    print(f"four analyzers, days/s: {found['model']:.1f}; normals and filters alone {found['floor']:.1f}; "
          f"every step polled one by one {found['polled']:.1f}")  # fmt: skip
    return 0 if verdict("model over normals and filters", found["model"] / found["floor"], 0.3) else 1


if __name__ == "__main__":
    sys.exit(main())
