"""Benches that ``rig://`` ports are open on."""

from __future__ import annotations

from dataclasses import dataclass

from rig.bench import Bench

ATTACHED: dict[str, Bench] = {}
"""Benches that user code has given a name."""


@dataclass
class _Shared:
    bench: Bench
    users: int = 0


_OPEN: dict[str, _Shared] = {}


def take(specification: str) -> Bench:
    """The bench of that name, path or attachment; opened if nobody has it open. Raises ConfigurationError."""
    if specification in ATTACHED:
        return ATTACHED[specification]
    shared = _OPEN.get(specification)
    if shared is None:
        from scenarios.opening import open_bench

        shared = _OPEN[specification] = _Shared(open_bench(specification))
    shared.users += 1
    return shared.bench


def give_back(specification: str, bench: Bench) -> None:
    """A port is closed; the last one closes the bench."""
    shared = _OPEN.get(specification)
    if shared is None or shared.bench is not bench:
        return  # attached: it is not ours to close
    shared.users -= 1
    if shared.users == 0:
        del _OPEN[specification]
        bench.close()
