"""``rig record``, ``rig replay``, ``rig diff``: conversations with real devices."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from rig.cli.signals import stop_requests
from rig.clock import PacedClock
from rig.conversation.comparison import compare
from rig.conversation.file import exchanges, read_pieces
from rig.conversation.listening import Listening, parse_target
from rig.conversation.replay import ReplayEnd
from rig.errors import EXIT_FAIL, EXIT_PASS, ConfigurationError, RigFault


def record(port: str, listen: str, out: Path, baud: int) -> int:
    """Record until interrupted; return 0.

    Raises:
        ConfigurationError: a mistake in an argument; nothing has been opened.
        RigFault: a port cannot be opened, or fails.
    """
    import serial

    from rig.conversation.recorder import Recorder
    from rig.ports.serial import check_port_is_free

    target = parse_target(listen)
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise ConfigurationError("--out", "", "a file in a folder that exists", repr(str(out)))
    if out.exists():
        raise ConfigurationError("--out", "", "a file that is not there yet: nothing recorded is lost", repr(str(out)))
    if port.startswith("/"):
        check_port_is_free(port)
    try:
        device = serial.serial_for_url(port, baudrate=baud)
    except (OSError, ValueError) as error:
        raise RigFault(f"{port}: cannot be opened: {error}") from None
    recorder = Recorder(device, port, baud, target, out)
    with stop_requests("closing the ports"), device:
        try:
            asyncio.run(recorder.run(lambda address: _say(f"{address} (software connects here) <-> {port}")))
        except (KeyboardInterrupt, asyncio.CancelledError):
            pass  # that is how it ends
        except OSError as error:
            raise RigFault(f"{listen}: cannot be opened: {error}") from None
    _say(f"{recorder.pieces} pieces\n{out}")
    return EXIT_PASS


def replay(file: Path, listen: str) -> int:
    """Serve a recording until interrupted; return 0.

    Raises:
        ConfigurationError: a mistake in an argument, or the file. RigFault: a port cannot be opened.
    """
    target = parse_target(listen)
    recorded = list(exchanges(read_pieces(file)))
    if not any(exchange.reply for exchange in recorded):
        raise ConfigurationError(str(file), "", "a conversation in which the device answers", "no answer")

    async def run() -> None:
        clock = PacedClock()
        loop = asyncio.get_running_loop()
        listening = Listening(target, clock, lambda: ReplayEnd(recorded, lambda: clock.now_us, _complain))
        clock.start(loop)
        try:
            _say(f"{await listening.start()} answers as {file} does")
            await asyncio.Event().wait()
        finally:
            listening.close()
            clock.stop()

    with stop_requests("closing the port"):
        try:
            asyncio.run(run())
        except (KeyboardInterrupt, asyncio.CancelledError):
            pass  # that is how it ends
        except OSError as error:
            raise RigFault(f"{listen}: cannot be opened: {error}") from None
    return EXIT_PASS


def diff(first: Path, second: Path, relative: float, absolute: float) -> int:
    """Print the differences; return 0 if there are none, 1 otherwise.

    Raises:
        ConfigurationError: a file that is no conversation.
    """
    before, after = list(exchanges(read_pieces(first))), list(exchanges(read_pieces(second)))
    found = list(compare(before, after, relative=relative, absolute=absolute))
    for line in found:
        _say(line)
    _say(f"{len(found)} differences in {len(before)} and {len(after)} requests")
    return EXIT_FAIL if found else EXIT_PASS


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"rig replay: {text}\n")
