"""The table of the Alicat protocol: what all meters share (``alicat.toml``), and what each model says of its scale."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from instruments.catalogue import Mark
from instruments.protocols.rows import Row
from instruments.reading import validate

HPA_PER_PSI = 68.947573
STREAM_MS = 50
"""Time between frames of a stream at delivery (register 91)."""


class CommandRow(Row):
    """A command after the unit's letter; with ``action`` or ``setting`` it is that of the instrument."""

    request: str
    what: str
    action: str = ""
    setting: str = ""
    value: bool = True
    mark: Mark
    source: str


class WordRow(Row):
    """A word at the end of the data frame, and the limit above which it stands: as it is, or of full scale."""

    word: str
    quantity: str
    high: float | None = None
    of_full_scale: float | None = None
    mark: Mark
    source: str


class AlicatRows(Row):
    """What all meters share: date of the firmware, numbers of the gases, commands, words."""

    firmware_date: str
    gas: dict[str, int]
    command: list[CommandRow]
    word: list[WordRow]


class AlicatScale(Row):
    """``[protocol.alicat]`` of a model.

    Attributes:
        model_number: as on its label.
        full_scale: of the flow, as shown.
        decimals: of the flow.
        flow_unit: LPM or CCM.
        mark, source: where it is known from.
    """

    model_number: str
    full_scale: float = Field(gt=0.0)
    decimals: int = Field(ge=0, le=5)
    flow_unit: Literal["LPM", "CCM"]
    mark: Mark
    source: str

    @property
    def per_litre(self) -> float:
        """Factor from L/min to what is shown."""
        return 1.0 if self.flow_unit == "LPM" else 1000.0

    def flow(self, litres: float) -> str:
        """A flow as in the data frame: a sign, five digits and the point."""
        return f"{litres * self.per_litre:+07.{self.decimals}f}"


class AlicatTable:
    """The checked table; :attr:`commands` by their requests, :attr:`gases` by their numbers."""

    def __init__(self, model: Mapping[str, Any], where: str) -> None:
        self.scale = validate(AlicatScale, model, where, "protocol.alicat")
        path = Path(__file__).with_name("alicat.toml")
        data = tomllib.loads(path.read_text(encoding="utf-8"))["alicat"]
        self.rows = validate(AlicatRows, data, str(path), "alicat")
        self.commands = {row.request: row for row in self.rows.command}
        self.gases = {number: name for name, number in self.rows.gas.items()}

    def limit(self, row: WordRow) -> float:
        """The limit of a word in the unit inside."""
        if row.of_full_scale is not None:
            return row.of_full_scale * self.scale.full_scale / self.scale.per_litre
        return row.high if row.high is not None else float("inf")
