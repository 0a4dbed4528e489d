"""``rig simulate``: let a bench run for a while and write down all that it does."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from instruments.observing import Observing
from rig.bench import Bench
from rig.clock import VirtualClock
from rig.errors import ConfigurationError, RigFault
from rig.recording import Chunk, record
from rig.units import parse_quantity
from scenarios.opening import load_bench

LONGEST_S = 36525 * 86400
"""A century: longer is a slip of the pen, and calendars end."""


def seconds(text: str, option: str) -> int:
    """A time with its unit as whole seconds. Raises ConfigurationError."""
    try:
        value = parse_quantity(text, "time")
    except ValueError as error:
        raise ConfigurationError(option, "", str(error), repr(text)) from None
    if not 1.0 <= value <= LONGEST_S or value != int(value):
        raise ConfigurationError(option, "", f"whole seconds, from 1 s to {LONGEST_S // 86400} d", repr(text))
    return int(value)


class Sink(Protocol):
    """Takes rows."""

    def write(self, chunk: Chunk) -> None:
        """Take some rows."""
        ...


def simulate(bench: str, duration_s: int, out: Path, every_s: int, plot: Path | None, seed: int | None) -> int:
    """Run and write; return 0.

    Raises:
        ConfigurationError: a mistake in the bench, or a kind of file that is none.
        RigFault: the file cannot be written.
    """
    _can_be(out, "--out", (".parquet", ".csv"))
    if plot is not None:
        _can_be(plot, "--plot", (".png", ".svg", ".pdf"))
    file, path = load_bench(bench, "BENCH")
    emulated = Bench(file, str(path), VirtualClock(), seed)
    partial = out.with_name(f".{out.name}.partial")
    picture = None
    if plot is not None:
        from reports.station import StationPicture

        picture = StationPicture(file.bench.epoch, f"{path.stem}, seed {emulated.seed}: SIMULATED")
    try:
        with _opened(partial, out.suffix, emulated) as sink:
            done = 0.0
            for chunk in record(emulated, duration_s, every_s):
                sink.write(chunk)
                if picture is not None:
                    picture.take(chunk.t_s, chunk.numbers, chunk.units, chunk.texts)
                done += len(chunk.t_s) * every_s
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{done / 86400:6.2f} d of {duration_s / 86400:g} d")
        partial.replace(out)
        log = log_beside(out)
        log.write_text(json.dumps(audit_logs(emulated), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise RigFault(f"{out}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
        emulated.close()
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
    if picture is not None and plot is not None:
        try:
            picture.save(plot)
        except OSError as error:
            raise RigFault(f"{plot}: cannot be written: {error.strerror or error}") from error
        sys.stdout.write(f"{plot}\n")
    sys.stdout.write(f"{log}\n{out}\n")
    return 0


def log_beside(out: Path) -> Path:
    """Where the units' own logs go: ``week.audit.json`` beside ``week.parquet``."""
    return out.with_name(f"{out.stem}.audit.json")


def audit_logs(bench: Bench) -> dict[str, Any]:
    """What each unit's own log of its settings holds now, and how often the memory of its settings was written."""
    return {
        name: {
            "parameter_writes": instrument.device.audit.writes,
            "entries": [
                {"at": change.at, "by": change.by, "setting": change.setting, "old": change.old, "new": change.new}
                for change in instrument.device.audit.changes()
            ],
        }
        for name, instrument in bench.instruments.items()
        if isinstance(instrument.device, Observing)
    }


def _can_be(path: Path, option: str, suffixes: tuple[str, ...]) -> None:
    """Before anything runs: a file of a known kind in a folder that there is. Raises ConfigurationError."""
    if path.suffix not in suffixes:
        *some, last = suffixes
        raise ConfigurationError(option, "", f"a file ending in {', '.join(some)} or {last}", path.name)
    if not path.parent.is_dir():
        raise ConfigurationError(option, "", "a file in a folder that exists", str(path))
    if path.is_dir():
        raise ConfigurationError(option, "", "a file", f"the folder {path}")


@contextmanager
def _opened(path: Path, suffix: str, bench: Bench) -> Iterator[Sink]:
    sink: Any = ParquetSink(path, bench) if suffix == ".parquet" else CsvSink(path, bench)
    try:
        yield sink
    finally:
        sink.close()


class CsvSink:
    """Comma-separated values: a row of names with units, then the rows."""

    def __init__(self, path: Path, bench: Bench) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._epoch = bench.file.bench.epoch
        self._begun = False

    def write(self, chunk: Chunk) -> None:
        """Write rows; times in the bench's own zone."""
        if not self._begun:
            names = [f"{name} [{chunk.units[name]}]" if chunk.units.get(name) else name for name in chunk.numbers]
            self._writer.writerow(["time", *names, *chunk.texts])
            self._begun = True
        columns = [
            [_shown(v, ".15g" if name in chunk.whole else ".7g") for v in values.tolist()]
            for name, values in chunk.numbers.items()
        ]
        columns += [values.tolist() for values in chunk.texts.values()]
        times = [(self._epoch + timedelta(seconds=t)).isoformat(timespec="seconds") for t in chunk.t_s.tolist()]
        self._writer.writerows(zip(times, *columns, strict=True))

    def close(self) -> None:
        """No more rows."""
        self._file.close()


def _shown(value: float, form: str) -> str:
    return "" if value != value else format(value, form)


_CHUNKS_A_GROUP = 4
"""Chunks in a row group: the file keeps an account of every group's hundreds of columns in memory until its end."""


class ParquetSink:
    """A Parquet file; each column's unit, and what stands for an interval, are in its field's metadata."""

    def __init__(self, path: Path, bench: Bench) -> None:
        self._path = path
        self._epoch = bench.file.bench.epoch
        self._about = {"bench": bench.where, "seed": str(bench.seed), "epoch": self._epoch.isoformat()}
        self._writer: Any = None
        self._waiting: list[Any] = []

    def write(self, chunk: Chunk) -> None:
        """Take rows; some chunks together are a row group."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        start = np.datetime64(int(self._epoch.timestamp() * 1e6), "us")
        times = start + np.round(chunk.t_s * 1e6).astype("timedelta64[us]")
        fields = [pa.field("time", pa.timestamp("us", tz="UTC"), metadata={"meaning": "end of the interval"})]
        fields += [
            pa.field(n, pa.float64(), metadata={"unit": chunk.units.get(n, ""), "interval": chunk.interval[n]})
            for n in chunk.numbers
        ]
        fields += [pa.field(n, pa.string(), metadata={"interval": chunk.interval[n]}) for n in chunk.texts]
        schema = pa.schema(fields, metadata=self._about)
        arrays = [pa.array(times, type=pa.timestamp("us", tz="UTC"))]
        arrays += [pa.array(v, from_pandas=True) for v in chunk.numbers.values()]
        arrays += [pa.array(v, type=pa.string()) for v in chunk.texts.values()]
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, schema, compression="zstd", write_statistics=["time"])
        self._waiting.append(pa.table(arrays, schema=schema))
        if len(self._waiting) >= _CHUNKS_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        waiting, self._waiting = self._waiting, []
        if waiting:
            self._writer.write_table(pa.concat_tables(waiting))

    def close(self) -> None:
        """No more rows."""
        if self._writer is not None:
            try:
                self._flush()
            finally:
                self._writer.close()
