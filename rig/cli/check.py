"""``rig check``: all mistakes of a bench or plan file; with --connect, who answers at each port."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from instruments.device import Value
from rig.errors import EXIT_FAULT, EXIT_PASS, ConfigurationError, Refused, RigError
from scenarios.opening import bench_path, load_bench, load_plan, plan_path

_ASKED = ("firmware", "range", "gas_unit", "mode", "gas_mode", "averaging_time", "alarms")


def check(name: str, *, connect: bool) -> int:
    """Check a file. Raises ConfigurationErrors with everything that is wrong."""
    path = _path(name)
    if _is_plan(path):
        load_plan(str(path))
        sys.stdout.write(f"{path}: a plan without mistakes\n")
        return EXIT_PASS
    file, _ = load_bench(str(path))
    if not connect:
        if any(section.resource is None and section.model != "manual" for section in file.device.values()):
            from rig.bench import Bench
            from rig.clock import VirtualClock

            Bench(file, str(path), VirtualClock()).close()
        sys.stdout.write(f"{path}: a bench without mistakes\n")
        return EXIT_PASS
    return _connect(name)


def _path(name: str) -> Path:
    try:
        return bench_path(name)
    except ConfigurationError:
        return plan_path(name)


def _is_plan(path: Path) -> bool:
    try:
        return path.suffix == ".toml" and "procedures" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


def _connect(name: str) -> int:
    from rig.session import open_session

    file, path = load_bench(name)
    session = open_session(file, path)
    code = EXIT_PASS
    try:
        for device, handle in session.handles.items():
            if handle.identity.model == "manual":
                continue
            sys.stdout.write(f"{device} ({handle.identity.model})\n")
            for quantity in _ASKED:
                try:
                    answer = handle.read_if_told(quantity)
                except (RigError, Refused) as error:
                    sys.stdout.write(f"  {quantity:<16} {error}\n")
                    code = EXIT_FAULT
                    break
                if answer is not None:
                    sys.stdout.write(f"  {quantity:<16} {_shown(answer[0])} {answer[1]}".rstrip() + "\n")
    finally:
        session.close()
    return code


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
