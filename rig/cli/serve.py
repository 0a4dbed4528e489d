"""``rig serve``: a bench on ptys and TCP until interrupted, or for as long as a command runs."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from rig.bench_file import BenchFile, direct_ports
from rig.cli.signals import stop_requests
from rig.clock import FASTEST
from rig.errors import ConfigurationError, ConfigurationErrors
from rig.serve import Endpoint, ServedBench
from scenarios.opening import load_bench

_LOOK_S = 0.5
"""How often the command and the bench are looked after, seconds of wall time."""


def serve(
    bench: str, speed: float, seed: int | None, endpoints: Path | None, truth: Path | None, folder: Path | None,
    command: tuple[str, ...],
) -> int:  # fmt: skip
    """Serve; return the command's code, or 0 after an interrupt. Leaves nothing behind.

    Raises:
        ConfigurationError: a mistake in the bench file or an argument; nothing has been opened.
        RigFault: a port cannot be opened, or the bench breaks down.
    """
    file, path = load_bench(bench, "BENCH")
    errors = []
    ports = [port for section in file.device.values() for port in section.port.values()]
    if all(port.kind == "direct" for port in ports):
        found = "direct ones only, which are reached in one process" if ports else "none"
        expected = "an emulated device with a port that can be served" if ports else "an emulated device with a port"
        errors.append(ConfigurationError(path, "device", expected, found))
    if seed is not None and seed < 0:
        errors.append(ConfigurationError("--seed", "", "a whole number of 0 or more", seed))
    if not 1.0 <= speed <= FASTEST:
        errors.append(
            ConfigurationError("--speed", "", f"a number of 1 or more ({FASTEST:g} at the most)", f"{speed:g}")
        )
    for option, target in (("--endpoints", endpoints), ("--truth", truth)):
        if target is not None and (target.is_dir() or not target.absolute().parent.is_dir()):
            errors.append(ConfigurationError(option, "", "a file in a folder that exists", target))
    rival = None if endpoints is None else _living_server(endpoints)
    if rival is not None:
        found = f"{endpoints}, which belongs to process {rival}"
        errors.append(ConfigurationError("--endpoints", "", "a file that no other rig serve has written", found))
    if command and shutil.which(command[0]) is None:
        errors.append(ConfigurationError("CMD", "", "a program that can be run", repr(command[0])))
    if errors:
        raise ConfigurationErrors(errors)
    with stop_requests("closing the ports"):
        try:
            return _serve(file, path, speed, seed, endpoints, truth, folder, command)
        except KeyboardInterrupt:
            return 0  # that is how it ends


def _serve(
    file: BenchFile, path: Path, speed: float, seed: int | None, endpoints: Path | None, truth: Path | None,
    folder: Path | None, command: tuple[str, ...],
) -> int:  # fmt: skip
    with ExitStack() as stack:
        if endpoints is not None:
            endpoints.unlink(missing_ok=True)  # of a server that was killed: nobody may take it for this one's
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-")))
        bench = ServedBench(file, path, place.absolute(), speed, seed, truth, listener=Teller(sys.stderr.write).tell)
        served = stack.enter_context(bench)
        # What has been made stays for good: else each full collection looks at all of it, and holds every port up for
        # 40 ms (benchmarks/hundred.py).
        gc.collect()
        gc.freeze()
        listing = endpoints or (place / "endpoints.json" if command else None)
        if listing is not None:
            stack.callback(listing.unlink, missing_ok=True)
            served.write_endpoints(listing)
        for key in direct_ports(file):
            sys.stderr.write(f"rig serve: {key} is direct, reached in one process only: not served\n")
        # What a command prints is its own: the table goes out of its way.
        (sys.stderr if command else sys.stdout).write(_table(served))
        sys.stdout.flush()
        if command:
            return _run(command, listing, served)
        served.wait()
        return 0


class Teller:
    """Says which faults begin and end, and which messages they strike, as it happens.

    Args:
        write: where to.
    """

    _MOST = 10
    _BYTES = 40

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._told: Counter[str] = Counter()

    def tell(self, event: dict[str, Any]) -> None:
        """Say ``event``, one of :attr:`~rig.serve.ServedBench.events`; of one fault's messages the first ten."""
        place = f"{event['device']}/{event['port']}" if event.get("port") else event["device"]
        begun = f"rig serve: {event['t_us'] / 1e6:.3f} s: {place}"
        if event["kind"] == "fault":
            self._write(f"{begun}: {event['name']} {'begins' if event['begins'] else 'ends'}\n")
            return
        self._told[event["name"]] += 1
        count = self._told[event["name"]]
        if count <= self._MOST:
            became = self._became(event["meant"], event["sent"])
            last = " (no more of these are shown; --truth has them all)" if count == self._MOST else ""
            self._write(f"{begun}: {event['fault']}, {event['direction']}: {became}{last}\n")

    def _became(self, meant: str, sent: str) -> str:
        if not meant and not sent:
            return "the port is gone, or its connection dead"
        if not sent:
            return f"{self._shown(meant)} is lost"
        if meant == sent:
            return f"{self._shown(meant)} leaves now"
        return f"{self._shown(meant)} became {self._shown(sent)}"

    def _shown(self, hexadecimal: str) -> str:
        data = bytes.fromhex(hexadecimal)
        return repr(data[: self._BYTES])[1:] + (
            f" and {len(data) - self._BYTES} more" if len(data) > self._BYTES else ""
        )


def _living_server(endpoints: Path) -> int | None:
    """The process that wrote this endpoints file, if it is not this one and still runs."""
    try:
        process = json.loads(endpoints.read_text(encoding="utf-8"))["bench"]["process"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    alive = isinstance(process, int) and process != os.getpid() and Path(f"/proc/{process}").exists()
    return process if alive else None


def _run(command: tuple[str, ...], listing: Path | None, served: ServedBench) -> int:
    """Run the command to its end and return its code, 128 + n if signal n ended it. Signals are passed on to it."""
    environment = dict(os.environ)
    if listing is not None:
        environment["RIG_ENDPOINTS"] = str(listing.absolute())
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        found = f"{command[0]!r}: {error.strerror}"
        raise ConfigurationError("CMD", "", "a program that can be run", found) from error
    with _passed_on_to(child):
        while True:
            try:
                code = child.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                try:
                    served.check()
                except BaseException:
                    child.terminate()  # its instruments are gone
                    child.wait()
                    raise
                continue
            return code if code >= 0 else 128 - code


@contextmanager
def _passed_on_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        # A terminal's Ctrl-C reaches every process in its foreground; a second one would be one too many.
        if (number != signal.SIGINT or not _in_foreground()) and child.poll() is None:
            child.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _settings(endpoint: Endpoint) -> str:
    """How its serial line is set, and that it has two wires only."""
    if endpoint.settings is None:
        return "-"
    return f"{endpoint.settings}{', two wires' if endpoint.wires == 2 else ''}"


def _table(served: ServedBench) -> str:
    rows = [("device", "port", "model", "protocol", "settings", "id", "address")]
    rows += [
        (e.device, e.port, e.model, e.protocol, _settings(e), "-" if e.id is None else str(e.id),
         e.address if e.interface is None else f"{e.address} (at {e.interface})")
        for e in served.endpoints
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )
