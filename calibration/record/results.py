"""Results: procedures as they ran, tests against criteria, and the whole record."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from calibration.record.data import ProcedureData
from calibration.record.header import DeviceInfo, Reference, RunInfo, Setting
from calibration.record.parts import (
    Assurance,
    BudgetLine,
    DecisionRule,
    Distribution,
    Interval,
    Mark,
    Message,
    Part,
    Verdict,
)

SCHEMA_ID = "https://air-station-rig.invalid/schema/record-1.json"


class Advice(Part):
    """What would settle a marginal verdict: repeats that would bring the risk of the other one to 5 %."""

    repeats: Literal["readings", "tests"] = Field(description="of what: readings of a deviation, or the whole test")
    more: int | None = Field(description="beside those that were made; null where no number up to 1000 would do")
    references: bool = Field(default=False, description="what all repeats share is too uncertain: none would help")


class Test(Part):
    """One criterion applied to one result."""

    id: str = Field(description="device/procedure/quantity")
    procedure: str
    procedure_id: str = Field(description="id of the entry of `procedures` that holds the data")
    criterion: str
    document: str
    clause: str
    limit_mark: Mark
    device: str
    quantity: str
    unit: str
    value: float | None
    u: float | None
    dof: float | None = None
    interval: Interval | None = None
    budget: list[BudgetLine] = Field(default_factory=list)
    limit_low: float | None = None
    limit_high: float | None = None
    decimals: int = Field(default=3, description="decimals that the standard, or failing it the plan, prints")
    formula: str = ""
    formula_numbers: str = ""
    measurand: str = Field(default="", description="what the value is an estimate of")
    distribution: Distribution = Field(default="normal", description="of the estimate; chi-square for a deviation")
    cancels: list[str] = Field(default_factory=list, description="error sources that do not count")
    decision_rule: DecisionRule = "simple"
    verdict: Verdict
    p_conform: float | None = None
    prior: str = "flat"
    assurance: Assurance = "not applicable"
    advice: Advice | None = None
    as_found: float | None = None
    as_left: float | None = None
    n: int = 0
    readings_ref: str = ""
    repeats: int = 0
    message: Message | None = None


class ProcedureRun(Part):
    """One run of one procedure on one device, with the data that its tests and figures rest on."""

    id: str = Field(description="device/procedure, with a running number if repeated")
    procedure: str
    device: str
    status: Literal["done", "void", "error", "interrupted", "not tested"]
    started_s: float
    ended_s: float
    gas_port: str | None = None
    settings: list[Setting] = Field(default_factory=list)
    references: list[str] = Field(default_factory=list)
    notes: list[Message] = Field(default_factory=list)
    data: ProcedureData | None = None


class Record(Part):
    """A whole run. ``verdict`` is the headline: error over fail over undecided and not tested over pass."""

    schema_id: str = SCHEMA_ID
    run: RunInfo
    devices: list[DeviceInfo]
    references: list[Reference]
    procedures: list[ProcedureRun]
    tests: list[Test]
    verdict: Verdict
    notes: list[Message] = Field(default_factory=list)

    def to_json(self) -> str:
        """Return the record as JSON text, keys in the order of the model, ending with a newline."""
        return self.model_dump_json(indent=1) + "\n"


def record_hash(record: Record) -> str:
    """SHA-256, hexadecimal, of all that a record says but the state of its own journal, which holds this hash."""
    return text_hash(record.to_json())


def text_hash(text: str) -> str:
    """The hash of a record as it stands in its file.

    The words of the file count, not what a later version of the rig would add to them.

    Raises:
        ValueError: the text is no record.
    """
    try:
        told = json.loads(text)
        for own in ("journal_rows", "journal_root"):
            told["run"]["wall"].pop(own, None)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record: {error!r}") from error
    return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()


def load(path: Path) -> Record:
    """Read a ``result.json``."""
    return Record.model_validate_json(path.read_bytes())


def json_schema() -> dict[str, Any]:
    """Return the published JSON Schema of a record."""
    schema = Record.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}
