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
    "ascii": "instruments.protocols.ascii_dialect:AsciiDialect",
    "wxt": "instruments.protocols.wxt_dialect:WxtDialect",
    "pwd": "instruments.protocols.pwd_dialect:PwdDialect",
    "alicat": "instruments.protocols.alicat_dialect:AlicatDialect",
    "hessen": "instruments.protocols.hessen_dialect:HessenDialect",
    "modbus-rtu": "instruments.protocols.modbus_dialect:ModbusRtuDialect",
    "modbus-tcp": "instruments.protocols.modbus_dialect:ModbusTcpDialect",
    "teledyne": "instruments.protocols.teledyne_dialect:TeledyneDialect",
}
"""Class of each protocol: ``module:class``, imported when used. A protocol is one module, one table, one line here."""


SPOKEN_BY_ALL = ("modbus-rtu", "modbus-tcp")
"""Protocols that every model speaks: by ``[protocol.modbus]`` of its file, or by a map made of what it has."""


def protocols_of(entry: CatalogueEntry) -> list[str]:
    """Protocols that a model speaks: those that have a table in its file, in that order, then those that all speak."""
    return [*own_protocols(entry), *SPOKEN_BY_ALL]


def own_protocols(entry: CatalogueEntry) -> list[str]:
    """Protocols that have a table of that name in the model's file."""
    return [name for name in entry.protocols if name in DIALECTS]


@cache
def dialect(entry: CatalogueEntry, protocol: str) -> Dialect:
    """How the model speaks ``protocol``.

    Raises:
        KeyError: it does not. ConfigurationErrors: mistakes in its table.
    """
    if protocol not in protocols_of(entry):
        raise KeyError(protocol)
    module, _, name = DIALECTS[protocol].partition(":")
    made: Dialect = getattr(import_module(module), name)(entry)
    return made
