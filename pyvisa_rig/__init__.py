"""Where PyVISA finds the backend ``@rig``: ``pyvisa.ResourceManager("demo?seed=7@rig")``.

The part before ``@rig`` is the path of a bench file or the name of an embedded bench, with an optional query:
``seed=7``.
"""

from __future__ import annotations

from rig.bench import Bench
from rig.ports.visa import RigVisaLibrary

__all__ = ["WRAPPER_CLASS"]


def _open(specification: str) -> Bench:
    from scenarios.opening import open_bench

    return open_bench(specification)


RigVisaLibrary.open_bench = staticmethod(_open)

WRAPPER_CLASS = RigVisaLibrary
