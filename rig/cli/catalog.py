"""``rig catalog``: what a model is, every number and command with its mark and source."""

from __future__ import annotations

import sys

from instruments.catalogue import load, models
from instruments.protocols.clink_table import ClinkTable


def catalog(model: str | None) -> int:
    """Print one model, or the list of all."""
    write = sys.stdout.write
    if model is None:
        for name in models():
            entry = load(name)
            write(f"{name:<8} {entry.kind:<11} {entry.maker}: {entry.title}\n")
        return 0
    entry = load(model)
    write(f"{entry.name}: {entry.title}\nmaker: {entry.maker}\nprinciple: {entry.principle}\n")
    write(f"type approval: {entry.approval or 'none known'}\n\nparameters\n")
    for name, parameter in entry.parameters.items():
        write(f"  {name:<34} {parameter.value:>10g} {parameter.unit:<10} {parameter.mark:<9} {parameter.source}\n")
    for protocol, data in entry.protocols.items():
        table = ClinkTable.from_data(data, model)
        write(f"\n{protocol} commands\n")
        for row in table.rows:
            write(f"  {row.request:<26} {row.mark:<9} {row.source}\n")
    return 0
