"""``rig serve``: a bench on ptys and TCP until interrupted, or for as long as a command runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from rig.errors import ConfigurationError, RigFault
from rig.serve import ServedBench
from scenarios.opening import load_bench


def serve(
    bench: str, speed: float, seed: int | None, endpoints: Path | None, truth: Path | None, folder: Path | None,
    command: tuple[str, ...],
) -> int:  # fmt: skip
    """Serve; return the command's code, or 0 after an interrupt. Leaves nothing behind."""
    file, path = load_bench(bench)
    if not any(section.port for section in file.device.values()):
        raise ConfigurationError(path, "device", "an emulated device with a port", "none")
    with ExitStack() as stack:
        # A terminated server must clean up as an interrupted one does.
        previous = signal.signal(signal.SIGTERM, _interrupt)
        stack.callback(signal.signal, signal.SIGTERM, previous)
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-")))
        served = stack.enter_context(ServedBench(file, path, place.absolute(), speed, seed, truth))
        listing = endpoints or (place / "endpoints.json" if command else None)
        if listing is not None:
            served.write_endpoints(listing)
            stack.callback(listing.unlink, missing_ok=True)
        _show(served)
        if command:
            return _run(command, listing)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
        return 0


def _run(command: tuple[str, ...], listing: Path | None) -> int:
    environment = dict(os.environ)
    if listing is not None:
        environment["RIG_ENDPOINTS"] = str(listing.absolute())
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except OSError as error:
        raise RigFault(f"{command[0]}: cannot be run: {error.strerror}") from error


def _show(served: ServedBench) -> None:
    rows = [("device", "model", "protocol", "baud", "id", "address")]
    rows += [
        (e.device, e.model, e.protocol, str(e.baud), "" if e.id is None else str(e.id), e.address)
        for e in served.endpoints
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    sys.stdout.flush()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
