"""The record of a run: everything a report may know, and nothing that it must compute again.

A record is data. Whatever may differ between two equal runs stands under ``run.wall``. Texts are message keys with
values; the words are the report's. Concentrations inside are nmol/mol (CO umol/mol); ``unit`` fields say so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["pass", "fail", "undecided", "void", "not tested", "error"]
Assurance = Literal["firm", "marginal", "not applicable"]
Mark = Literal["read", "reported", "recalled"]
DecisionRule = Literal["simple", "guarded"]

SCHEMA_ID = "https://air-station-rig.invalid/schema/record-1.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Message(_Part):
    """A sentence for people, as key and values; the catalogue in ``reports`` holds the words."""

    key: str
    values: dict[str, float | int | str | None] = Field(default_factory=dict)


class Interval(_Part):
    """Interval of the measured value that covers its true value with probability ``coverage``."""

    low: float
    high: float
    coverage: float = 0.95


class BudgetLine(_Part):
    """One source of uncertainty, in the GUM's sense.

    ``u`` is the standard uncertainty of the source in its own unit, ``sensitivity`` the change of the result per
    change of the source, ``contribution`` their product in the unit of the result.
    """

    source: str
    type: Literal["A", "B"]
    u: float
    unit: str
    sensitivity: float
    contribution: float
    dof: float | None = Field(default=None, description="degrees of freedom; null means infinite")
    cancels: bool = Field(default=False, description="named because a reader looks for it; it cancels and counts 0")
    basis: Message


class Wall(_Part):
    """What may differ between two equal runs."""

    started: str
    ended: str
    duration_s: float
    out: str
    host: str
    user: str


class RunInfo(_Part):
    """What was run."""

    id: str
    bench: str
    bench_sha256: str
    plan: str
    plan_sha256: str
    seed: int | None
    clock: Literal["virtual", "paced"]
    speed: float | None
    epoch: str
    started_us: int
    ended_us: int
    simulated: bool
    decision_rule: DecisionRule
    versions: dict[str, str]
    plan_parameters: list[PlanParameter] = Field(default_factory=list)
    wall: Wall


class PlanParameter(_Part):
    """A choice that the sources leave open (or only recall), as the plan made it."""

    name: str
    value: str
    mark: Mark
    source: str


class DeviceInfo(_Part):
    """One device as it presented itself."""

    name: str
    kind: str
    model: str
    maker: str
    serial: str
    firmware: str
    protocol: str
    protocol_mark: Mark
    resource: str
    emulated: bool
    gas_port: str | None = None


class Reference(_Part):
    """A standard that a result rests on."""

    id: str
    kind: str
    species: str
    value: float
    unit: str
    u: float
    certificate: str
    expires: str
    emulated: bool


class Setting(_Part):
    """A setting as found before, as left after."""

    name: str
    as_found: str
    as_left: str


class Test(_Part):
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
    decision_rule: DecisionRule = "simple"
    verdict: Verdict
    p_conform: float | None = None
    prior: str = "flat"
    assurance: Assurance = "not applicable"
    as_found: float | None = None
    as_left: float | None = None
    n: int = 0
    readings_ref: str = ""
    repeats: int = 0
    message: Message | None = None


class Trace(_Part):
    """What a quantity did over a stretch of time: bench seconds since the run's start against value."""

    quantity: str
    unit: str
    t_s: list[float]
    value: list[float]


class Level(_Part):
    """One gas level: what was offered, what was read, and the window in which it counted as stable."""

    label: str
    nominal: float = Field(description="what the calibrator or the operator says was made")
    u_nominal: float
    unit: str
    mean: float | None
    sd: float | None
    n: int
    asked_t_s: float
    window_start_s: float | None
    window_end_s: float | None
    stable: bool
    slope_per_min: float | None = Field(default=None, description="drift of the reading inside the window")
    band: str = Field(default="", description="within, adjust or out of control, for zero/span checks")
    refused: Message | None = None


class PrepareData(_Part):
    """What was looked at before gas flowed."""

    kind: Literal["prepare"] = "prepare"
    checks: list[PrepareCheck]


class PrepareCheck(_Part):
    """One check of the preparation."""

    name: str
    found: str
    expected: str
    ok: bool


class ZeroSpanData(_Part):
    """Zero/span check, as found and, after an adjustment, as left."""

    kind: Literal["zero_span"] = "zero_span"
    quantity: str
    unit: str
    full_scale: float
    as_found: list[Level]
    as_left: list[Level] = Field(default_factory=list)
    zero_bands: tuple[float, float] = Field(description="adjust above, out of control above; unit of the quantity")
    span_bands_pct: tuple[float, float]
    bands_mark: Mark
    bands_source: str
    adjust: Literal["never", "if-needed"]
    outcome: Literal["pass", "pass after adjustment", "fail"]
    coefficients: list[Setting] = Field(default_factory=list)
    trace: Trace


class LineFit(_Part):
    """A straight line through the levels, with its band of confidence."""

    slope: float
    intercept: float
    se_slope: float
    se_intercept: float
    covariance: float
    residual_sd: float
    dof: int
    r: float
    residuals: list[float]
    band_x: list[float]
    band_low: list[float]
    band_high: list[float]
    band_coverage: float = 0.95
    lack_of_fit_f: float | None = None
    lack_of_fit_p: float | None = None


class MultipointData(_Part):
    """Multipoint calibration of one channel."""

    kind: Literal["multipoint"] = "multipoint"
    quantity: str
    unit: str
    full_scale: float
    levels: list[Level]
    fit: LineFit | None
    trace: Trace


class TitrationPoint(_Part):
    """One gas-phase titration: NO and NOx before, during and after the ozone."""

    label: str
    ozone_set: float
    no_before: float
    nox_before: float
    no_titrated: float
    nox_titrated: float
    no_after: float
    nox_after: float
    no2_made: float = Field(description="fall of the NO channel, plus the cylinder's NO2")
    no2_converted: float = Field(description="no2_made less the fall of the NOx channel")
    efficiency_pct: float | None
    no_remainder_pct: float
    total_flow_lpm: float | None
    residence_min: float | None
    dynamic_parameter: float | None
    repeats: int = 0
    refused: Message | None = None


class ConverterData(_Part):
    """NOx converter efficiency by gas-phase titration."""

    kind: Literal["converter_efficiency"] = "converter_efficiency"
    unit: str
    points: list[TitrationPoint]
    fit: LineFit | None
    stored_factor: Setting | None
    traces: list[Trace]
    windows: list[Level]


ProcedureData = Annotated[PrepareData | ZeroSpanData | MultipointData | ConverterData, Field(discriminator="kind")]


class ProcedureRun(_Part):
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


class Record(_Part):
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


def load(path: Path) -> Record:
    """Read a ``result.json``."""
    return Record.model_validate_json(path.read_bytes())


def json_schema() -> dict[str, Any]:
    """Return the published JSON Schema of a record."""
    schema = Record.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}


for _model in (RunInfo, PrepareData):
    _model.model_rebuild()
