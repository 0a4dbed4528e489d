"""Which protocols there are, and how a model speaks one."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from instruments.catalogue import CatalogueEntry
from instruments.protocols.ends import Dialect

DIALECTS = {
    "ak": "instruments.protocols.ak_dialect:AkDialect",
    "bam": "instruments.protocols.bam_dialect:BamDialect",
    "clink": "instruments.protocols.clink_dialect:ClinkDialect",
}
"""Class of each protocol: ``module:class``, imported when used. A protocol is one module, one table, one line here."""


def protocols_of(entry: CatalogueEntry) -> list[str]:
    """Protocols that a model speaks, in the order of its catalogue file: those that have a table there."""
    return [name for name in entry.protocols if name in DIALECTS]


@cache
def dialect(entry: CatalogueEntry, protocol: str) -> Dialect:
    """How the model speaks ``protocol``.

    Raises:
        KeyError: it does not. ConfigurationErrors: mistakes in its table.
    """
    if protocol not in entry.protocols:
        raise KeyError(protocol)
    module, _, name = DIALECTS[protocol].partition(":")
    made: Dialect = getattr(import_module(module), name)(entry)
    return made
