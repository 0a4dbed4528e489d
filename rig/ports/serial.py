"""Real serial ports: is somebody else using this one already?"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rig.errors import RigFault


def check_port_is_free(path: str | Path) -> None:
    """Make sure that nobody holds the serial port ``path``, before it is opened (opening resets some devices).

    First the advisory lock that pyserial and others take, then every process's open files: root ignores TIOCEXCL.

    Raises:
        RigFault: there is no such port, it cannot be opened, or somebody holds it; the message names the process.
    """
    port = Path(path)
    try:
        target = port.resolve(strict=True)
    except (FileNotFoundError, RuntimeError):
        raise RigFault(f"{path}: there is no such serial port") from None
    holders = _holders(target)
    if holders:
        raise RigFault(f"{path}: the port is held by {', '.join(holders)}")
    try:
        descriptor = os.open(target, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise RigFault(f"{path}: the port cannot be opened: {error.strerror}") from None
    try:
        if not os.isatty(descriptor):
            raise RigFault(f"{path}: this is not a serial port")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RigFault(f"{path}: the port is locked by another process") from None
    finally:
        os.close(descriptor)


def _holders(target: Path) -> list[str]:
    """Processes other than this one that have ``target`` open, except the pty's own server (its other end)."""
    name = str(target)
    # Who serves a pty holds its slave end too (the port must outlive its clients): that is not a rival.
    return [
        f"process {process} ({_command(Path('/proc') / str(process))})"
        for process, links in _open_files()
        if name in links and not (name.startswith("/dev/pts/") and _PTY_MASTERS & links)
    ]


_PTY_MASTERS = {"/dev/ptmx", "/dev/pts/ptmx"}


def _open_files() -> Iterator[tuple[int, set[str]]]:
    """Every other process with the files that it has open."""
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda folder: int(folder.name)):
        if int(folder.name) == os.getpid():
            continue
        try:
            descriptors = list((folder / "fd").iterdir())
        except OSError:  # the process ended meanwhile, or is not ours to look at
            continue
        links = set()
        for descriptor in descriptors:
            with suppress(OSError):
                links.add(str(descriptor.readlink()))
        yield int(folder.name), links


def _command(folder: Path) -> str:
    try:
        return (folder / "comm").read_text().strip()
    except OSError:
        return "?"
