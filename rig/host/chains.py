"""Traceability: which standard a certificate was issued against, and that one, up to a primary standard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rig.bench_file import BenchFile, LinkSection


@dataclass(frozen=True, slots=True)
class Broken:
    """A link of a chain that does not hold.

    Attributes:
        key: of the bench file.
        expires: last day on which its certificate was valid.
        needed: day on which it had to be.
    """

    key: str
    expires: date
    needed: date


def chains_of(bench: BenchFile) -> dict[str, tuple[LinkSection, ...]]:
    """Chain of each reference that states one, by the reference's id, the nearest standard first."""
    return {key: chain for key, (_, chain) in _stated(bench).items() if chain}


def broken_links(bench: BenchFile, used: Sequence[str], today: date) -> Iterator[Broken]:
    """Links of the references ``used`` (by their ids) whose certificate was not valid when it had to be.

    That is the day on which the certificate below it was issued; where nobody says when that was, ``today``.
    """
    for key, (issued, chain) in _stated(bench).items():
        if key not in used:
            continue
        needed = issued or today
        for number, link in enumerate(chain):
            if link.expires is not None and link.expires < needed:
                place = f"device.{key}" if ".certificate." in key else key
                yield Broken(f"{place}.chain[{number}]", link.expires, needed)
            needed = link.issued or today


def _stated(bench: BenchFile) -> dict[str, tuple[date | None, tuple[LinkSection, ...]]]:
    found = {f"cylinder.{name}": (its.issued, its.chain) for name, its in bench.cylinder.items()}
    found |= {f"certificate.{name}": (its.issued, its.chain) for name, its in bench.certificate.items()}
    for name, device in bench.device.items():
        for quantity, its in device.certificate.items():
            found[f"{name}.certificate.{quantity}"] = (its.issued, its.chain)
    return {key: (issued, tuple(chain)) for key, (issued, chain) in found.items()}
