"""A whole station on virtual time: days per second, and what time, more stations and memory cost.

Two stations: ``full`` (four gas analyzers, PM10, PM2.5, weather, visibility, calibrator; shelter, manifold and power
supply with them) and ``station``, the embedded one (a TEOM with FDMS and an open path more). They live in a city's air,
checks by night included, and every channel, diagnostic and flag is recorded at native resolution, rows of 10 s, as
``rig simulate`` does.

As in ``days.py``, the model without the recording stands against the same number of normal variates in the same
portions and the same recursive filters over the same shapes, with nothing else: at least 0.3 of that speed. Cost must
be linear: a day of thirty costs what a day of three costs, and a station among four what one alone costs. Memory is
the peak of a process of its own that runs ``rig simulate --out x.parquet``: thirty days need no more than seven.

The floor makes a generator for each portion, as plain numpy does; the model's paths keep theirs (docs/decisions/0004).
Processor time, since all of it is one thread's arithmetic. ``python benchmarks/station.py`` prints medians.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from measuring import floor, listening, parser_of, rounds, verdict

from instruments.unit import Unit
from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.clock import VirtualClock
from rig.recording import record

EMBEDDED = Path(__file__).parents[1] / "scenarios" / "benches" / "station.toml"
BEYOND = {"full": ("teom", "path", "zero_air", "flow_meter", "climate_meter"), "station": ()}
"""Devices of the embedded bench that a station does without; ``full`` has its gas from plain cylinders."""
DAY_S = 86400
PORTION_S = DAY_S // 4
"""How much is computed at once: the bench's own housekeeping interval."""
WARM_S = 2 * DAY_S
"""Bench time before anything is measured: by then the buffers have their final size."""


class Stations:
    """Some stations side by side in one process, each with its own seed and its own air."""

    def __init__(self, kind: str, count: int = 1) -> None:
        data = tomllib.loads(EMBEDDED.read_text(encoding="utf-8"))
        for name in BEYOND[kind]:
            del data["device"][name]
        if "path" in BEYOND[kind]:
            data.pop("cell", None)  # cells are the open path's
            data["certificate"].pop(name, None)
        if kind == "full":
            for cylinder in data["cylinder"].values():
                for key in ("model", "pressure", "settings", "service"):
                    cylinder.pop(key, None)
        file = parse_bench(data, str(EMBEDDED))
        self._benches = [Bench(file, str(EMBEDDED), VirtualClock(), seed) for seed in range(1, count + 1)]
        self._now = 0
        self.live(WARM_S)

    def live(self, seconds: int) -> int:
        """Let all of them live for so long and read every measuring step back; return how many values there were."""
        count = 0
        for begin in range(self._now, self._now + seconds, PORTION_S):
            end = min(begin + PORTION_S, self._now + seconds)
            for bench in self._benches:
                bench.virtual_clock.run_to(end * 1_000_000)
                for device in (instrument.device for instrument in bench.instruments.values()):
                    if isinstance(device, Unit):
                        device.advance(end * 1_000_000)
                        count += device.steps.values(begin // device.step_s, end // device.step_s).size
        self._now += seconds
        return count

    def run(self, seconds: int) -> int:
        """Let all of them live for so long, six hours by turns; return how many numbers were recorded."""
        count = 0
        for chunks in zip(*(record(bench, seconds) for bench in self._benches), strict=True):
            count += sum(values.size for chunk in chunks for values in chunk.numbers.values())
        self._now += seconds
        return count


def cost(kind: str, days: float, count: int = 1, *, recorded: bool = True) -> float:
    """Processor seconds for ``days`` of ``count`` fresh stations, without their first hours."""
    stations = Stations(kind, count)
    begun = time.process_time()
    (stations.run if recorded else stations.live)(round(days * DAY_S))
    return time.process_time() - begun


def speeds(kind: str, days: float = 3.0, repeats: int = 5) -> dict[str, float]:
    """Median simulated days per second: recorded, the model alone, and the normals and filters that it used."""
    stations = Stations(kind)
    with listening() as (normals, shapes):
        stations.live(round(days * DAY_S))
    bare = floor(normals, shapes)

    def floor_speed() -> float:
        begun = time.process_time()
        bare()
        return days / (time.process_time() - begun)

    medians = rounds(
        [lambda: days / cost(kind, days), lambda: days / cost(kind, days, recorded=False), floor_speed], repeats
    )
    return dict(zip(("recorded", "model", "floor"), medians, strict=True))


def per_day(kind: str, lengths: tuple[int, ...], repeats: int = 3) -> list[float]:
    """Median processor seconds for one day, of runs of so many days."""
    return rounds([lambda days=days: cost(kind, days) / days for days in lengths], repeats)  # type: ignore[misc]


def per_station(kind: str, counts: tuple[int, ...], days: float = 2.0, repeats: int = 3) -> list[float]:
    """Median processor seconds for a day of one station, of so many side by side."""
    return rounds([lambda n=n: cost(kind, days, n) / days / n for n in counts], repeats)  # type: ignore[misc]


def peak_mb(days: float) -> float:
    """Greatest resident memory of a process that runs ``rig simulate station``, MB."""
    with tempfile.TemporaryDirectory() as folder:
        told = subprocess.run(
            [sys.executable, "-c", _SIMULATE, "simulate", str(EMBEDDED), "--for", f"{round(days * 24)} h",
             "--out", str(Path(folder) / "x.parquet")],
            capture_output=True, check=True, text=True,
        )  # fmt: skip
    return int(told.stdout.split()[-2]) / 1024.0


_SIMULATE = """
from rig.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
# The kernel's account of this process image alone: what getrusage tells is inherited from the parent.


def main() -> int:
    parser_of(__doc__).parse_args()
    met = []
    for kind in BEYOND:
        found = speeds(kind)
        print(f"{kind}: recorded {found['recorded']:.2f} d/s, the model alone {found['model']:.2f} d/s; "
              f"normals and filters alone {found['floor']:.2f} d/s")  # fmt: skip
        met.append(verdict(f"{kind}: model over normals and filters", found["model"] / found["floor"], 0.3))
    lengths, counts = (1, 3, 7, 30), (1, 2, 4)
    days = per_day("station", lengths)
    print("; ".join(f"{n} d: {one:.3f} s a day" for n, one in zip(lengths, days, strict=True)))
    met.append(verdict("a day of thirty over a day of three", days[3] / days[1], 1.15, at_most=True))
    stations = per_station("station", counts)
    print("; ".join(f"{n} stations: {one:.3f} s a day each" for n, one in zip(counts, stations, strict=True)))
    met.append(verdict("one of four stations over one alone", stations[2] / stations[0], 1.15, at_most=True))
    week, month = peak_mb(7), peak_mb(30)
    print(f"peak memory of rig simulate: {week:.0f} MB for 7 d, {month:.0f} MB for 30 d")
    met.append(verdict("memory of 30 d over 7 d", month / week, 1.1, at_most=True))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
