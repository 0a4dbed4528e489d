"""What the procedures measured: levels, traces, lines, titrations. Tests and figures rest on it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from calibration.record.header import Setting
from calibration.record.parts import Mark, Message, Part


class Trace(Part):
    """What a quantity did over a stretch of time: bench seconds since the run's start against value."""

    quantity: str
    unit: str
    t_s: list[float]
    value: list[float]


class Level(Part):
    """One gas level: what was offered, what was read, and the window in which it counted as stable."""

    label: str
    nominal: float = Field(description="what the calibrator or the operator says was made")
    u_nominal: float = Field(description="standard uncertainty of it, by the references and by its own scatter")
    unit: str
    mean: float | None
    sd: float | None
    u_mean: float | None = Field(
        default=None,
        description="standard uncertainty of the mean by what the window shows: its independent readings, resolution",
    )
    n: int
    effective_n: float | None = Field(
        default=None, description="number of independent readings that would know the mean as well"
    )
    asked_t_s: float
    window_start_s: float | None
    window_end_s: float | None
    stable: bool
    slope_per_min: float | None = Field(default=None, description="drift of the reading inside the window")
    band: str = Field(default="", description="within, adjust or out of control, for zero/span checks")
    refused: Message | None = None


class PrepareCheck(Part):
    """One check of the preparation."""

    name: str
    found: str
    expected: str
    ok: bool


class PrepareData(Part):
    """What was looked at before gas flowed."""

    kind: Literal["prepare"] = "prepare"
    checks: list[PrepareCheck]


class ZeroSpanData(Part):
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
    outcome: Literal["pass", "pass after adjustment", "fail", "void"]
    coefficients: list[Setting] = Field(default_factory=list)
    trace: Trace


class LineFit(Part):
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
    lack_of_fit_f: float | None = Field(
        default=None,
        description="chi-square of the points about a straight line over its degrees of freedom (n - 2), against the "
        "uncertainties that were known before: readings, flows, references (chi-square form of ISO/TS 28037: one mean "
        "per level has no replicates to form an F against pure error); null where nothing was known",
    )
    lack_of_fit_p: float | None = Field(
        default=None, description="probability of a larger one by chance if the response is straight"
    )


class MultipointData(Part):
    """Multipoint calibration of one channel."""

    kind: Literal["multipoint"] = "multipoint"
    quantity: str
    unit: str
    full_scale: float
    levels: list[Level]
    fit: LineFit | None
    trace: Trace


class TitrationPoint(Part):
    """One gas-phase titration: NO and NOx before, during and after the ozone."""

    label: str
    ozone_set: float
    no_before: float
    nox_before: float
    no_titrated: float
    nox_titrated: float
    no_after: float
    nox_after: float
    no2_made: float = Field(description="fall of the NO channel, plus the NO2 that the cylinder's gas brings along")
    no2_converted: float = Field(description="no2_made less the fall of the NOx channel")
    efficiency_pct: float | None
    no_remainder_pct: float
    total_flow_lpm: float | None
    residence_min: float | None
    dynamic_parameter: float | None
    repeats: int = 0
    refused: Message | None = None


class ConverterData(Part):
    """NOx converter efficiency by gas-phase titration."""

    kind: Literal["converter_efficiency"] = "converter_efficiency"
    unit: str
    points: list[TitrationPoint]
    fit: LineFit | None
    stored_factor: Setting | None
    traces: list[Trace]
    windows: list[Level]


class Column(Part):
    """A column of a table: message key of its head (``column.<key>``), unit, decimals (None: text or as it is)."""

    key: str
    unit: str = ""
    decimals: int | None = None


class Table(Part):
    """Figures side by side, as a form shows them; ``key`` is the message key of its title (``table.<key>``)."""

    key: str
    columns: list[Column]
    rows: list[list[float | str | Message | None]]

    @model_validator(mode="after")
    def _as_wide_as_its_head(self) -> Self:
        odd = [number for number, row in enumerate(self.rows) if len(row) != len(self.columns)]
        if odd:
            raise ValueError(
                f"table {self.key}: {len(self.columns)} cells a row, not {len(self.rows[odd[0]])} in row {odd[0]}"
            )
        return self


class Chart(Part):
    """A figure that a reader expects: points over time or over a level, with the limits that they are held against.

    ``kind`` says how it is drawn: ``series`` joins points in order (noise, drift over days), ``trace`` is a reading
    over time with ``marks`` (instants that count, a name each), ``line`` is a straight line with its band through
    points, ``bars`` are values side by side.
    """

    key: str = Field(description="message key of the caption (``chart.<key>``)")
    kind: Literal["series", "trace", "line", "bars"]
    x_unit: str = ""
    y_unit: str = ""
    names: list[str] = Field(default_factory=list, description="of each series: a label of the catalogue, or plain")
    x: list[list[float]]
    y: list[list[float]]
    limit_low: float | None = None
    limit_high: float | None = None
    marks: dict[str, float] = Field(default_factory=dict, description="instants or levels to point out")
    fit: LineFit | None = None

    @model_validator(mode="after")
    def _of_one_piece(self) -> Self:
        if [len(x) for x in self.x] != [len(y) for y in self.y]:
            raise ValueError(f"chart {self.key}: as many x as y, series by series")
        if self.names and len(self.names) != len(self.y):
            raise ValueError(f"chart {self.key}: a name for each of its {len(self.y)} series, or none")
        return self


class MeasuredData(Part):
    """What any procedure measured: levels, tables as a form shows them, figures, traces.

    Procedures that need more than levels, tables and charts have a class of their own.
    """

    kind: Literal["measured"] = "measured"
    quantity: str
    unit: str
    full_scale: float
    levels: list[Level] = Field(default_factory=list)
    tables: list[Table] = Field(default_factory=list)
    charts: list[Chart] = Field(default_factory=list)
    checks: list[PrepareCheck] = Field(default_factory=list, description="things that are in order or not")
    settings: list[Setting] = Field(default_factory=list, description="coefficients before and after an adjustment")
    traces: list[Trace] = Field(default_factory=list)


ProcedureData = Annotated[
    PrepareData | ZeroSpanData | MultipointData | ConverterData | MeasuredData, Field(discriminator="kind")
]
