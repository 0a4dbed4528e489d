"""``rig://bench/line`` for pyserial: ``serial.serial_for_url("rig://demo/so2?seed=7")`` after ``import rig.pyserial``.

The bench lives in this process, on virtual time, from the first port that is opened on it to the last that is closed;
a test's own bench gets a name with :func:`attached`. Time moves while a read waits; ``in_waiting`` that finds nothing
costs one byte time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import serial

from rig.bench import Bench
from rig.pyserial.benches import ATTACHED

__all__ = ["attached"]

if __name__ not in serial.protocol_handler_packages:
    serial.protocol_handler_packages.append(__name__)


@contextmanager
def attached(name: str, bench: Bench) -> Iterator[None]:
    """Let ``rig://name/line`` reach ``bench``, which stays open afterwards.

    Raises:
        ValueError: another bench has that name.
    """
    if name in ATTACHED:
        raise ValueError(f"another bench is attached as {name!r}")
    ATTACHED[name] = bench
    try:
        yield
    finally:
        del ATTACHED[name]
