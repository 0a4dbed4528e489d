"""``rig record``, ``rig replay``, ``rig diff``: conversations with real devices."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from instruments.device import Value
from rig.cli.signals import stop_requests
from rig.clock import PacedClock
from rig.conversation.comparison import compare
from rig.conversation.file import Exchange, exchanges, read_pieces
from rig.conversation.listening import Listening, parse_target
from rig.conversation.meaning import has_registers
from rig.conversation.replay import ReplayEnd
from rig.errors import EXIT_FAIL, EXIT_PASS, ConfigurationError, RigFault

if TYPE_CHECKING:
    from rig.conversation.registers import KnownBoxes


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


def diff(
    first: Path, second: Path, relative: float, absolute: float, model: str | None = None, bench: str | None = None,
    device: str | None = None,
) -> int:  # fmt: skip
    """Print the differences, and how registers of Modbus were read; return 0 if there are none, 1 otherwise.

    Args:
        first: a file.
        second: the one to hold against it.
        relative: numbers may differ by this part,
        absolute: or by this, whichever is more.
        model: of the boxes that answered; their registers are read by its map.
        bench: the bench that they are on, instead.
        device: the one of that bench that answered.

    Raises:
        ConfigurationError: a file that is no conversation, a model or device that is not there.
    """
    before, after = list(exchanges(read_pieces(first))), list(exchanges(read_pieces(second)))
    boxes = _known_boxes(model, bench, device)
    looked_like_registers = 0

    def told(exchange: Exchange) -> Mapping[str, Value] | None:
        nonlocal looked_like_registers
        found = None if boxes is None else boxes.told(exchange)
        looked_like_registers += found is None and has_registers(exchange.reply)
        return found

    found = list(compare(before, after, relative=relative, absolute=absolute, told=told))
    for line in found:
        _say(line)
    if boxes is not None:
        _say(f"registers of Modbus are read by the map of {boxes.names}")
    if looked_like_registers:
        hint = "" if boxes is not None else "; --model or --bench tells what they are"
        _say(
            f"registers of {looked_like_registers} replies are taken for 32-bit floats where they look like some{hint}"
        )
    _say(f"{len(found)} differences in {len(before)} and {len(after)} requests")
    return EXIT_FAIL if found else EXIT_PASS


def _known_boxes(model: str | None, bench: str | None, device: str | None) -> KnownBoxes | None:
    if device is not None and bench is None:
        raise ConfigurationError("--device", "", "a --bench that has it", repr(device))
    if model is not None and bench is not None:
        raise ConfigurationError("--model", "", "a model or a bench, not both", repr(model))
    if model is None and bench is None:
        return None
    from rig.conversation.registers import boxes_of_bench, boxes_of_model

    if model is not None:
        from instruments.catalogue import load

        return boxes_of_model(load(model))
    from scenarios.opening import load_bench

    file, path = load_bench(str(bench))
    if device is not None and device not in file.device:
        raise ConfigurationError("--device", "", f"one of {', '.join(file.device)}", repr(device))
    return boxes_of_bench(file, str(path), device)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"rig replay: {text}\n")
