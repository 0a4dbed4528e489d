"""Servers in processes of their own for the benchmarks of wires, and the client's process that asks them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

READY_S = 60.0
FOLDER = Path(__file__).parent
NEEDED = ("lewis", "sinstruments", "tickit", "uvloop", "pyvisa_sim")
"""Modules of the extra ``bench``."""

WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; "
RIG = "from rig.cli import main; main()"


def require_bench_extra() -> None:
    """Exit 2 with one line if something of the extra is missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(f"needs the extra [bench]: pip install -e '.[bench]' (missing: {', '.join(missing)})", file=sys.stderr)
        sys.exit(2)


@contextmanager
def served(command: Sequence[str], ready: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` until the block ends; the block begins when ``ready`` exists."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + READY_S
            while not ready.exists():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command}: did not make {ready}")
                time.sleep(0.02)
            yield server
        finally:
            server.terminate()
            try:
                server.wait(10.0)
            except subprocess.TimeoutExpired:
                server.kill()


@contextmanager
def rig_served(folder: Path, bench: Path, loop: str) -> Iterator[tuple[dict[str, Any], int]]:
    """``rig serve`` on asyncio or uvloop: its endpoints and its process id."""
    endpoints = folder / f"endpoints-{loop}.json"
    code = RIG if loop == "uvloop" else WITHOUT_UVLOOP + RIG
    command = [sys.executable, "-c", code, "serve", str(bench), "--folder", str(folder / f"ports-{loop}"),
               "--endpoints", str(endpoints)]  # fmt: skip
    with served(command, endpoints) as server:
        yield json.loads(endpoints.read_text(encoding="utf-8")), server.pid


@contextmanager
def addresses_of(command: Sequence[str], ready: Path) -> Iterator[tuple[dict[str, list[str]], int]]:
    """An echo or a peer, by script and arguments: what it has written to ``ready``, and its process id."""
    with served([sys.executable, str(FOLDER / command[0]), *command[1:]], ready) as server:
        yield json.loads(ready.read_text(encoding="utf-8")), server.pid


def processor_s(process: int) -> float:
    """Processor time that a process has used until now, s."""
    return time.clock_gettime((~process << 3) | 2)  # Linux: the number of another process's CPU clock


class Client:
    """The process that asks; use as a context."""

    def __init__(self, script: str = "wire_client.py") -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(FOLDER / script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            return  # its end of input is the client's end

    def do(self, **job: Any) -> dict[str, Any]:
        """Have one job done; return what the client says of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the client broke down at {job}")
        answer: dict[str, Any] = json.loads(line)
        return answer
