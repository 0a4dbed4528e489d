"""The record of a run: everything a report may know, and nothing that it must compute again.

A record is data. Whatever may differ between two equal runs stands under ``run.wall``. Texts are message keys with
values; the words are the report's. Concentrations inside are nmol/mol (CO umol/mol); ``unit`` fields say so.
``python -m calibration.record`` writes the published schema, ``docs/record.schema.json``.
"""

from calibration.record.data import (
    Chart,
    Column,
    ConverterData,
    Level,
    LineFit,
    MeasuredData,
    MultipointData,
    PrepareCheck,
    PrepareData,
    ProcedureData,
    Table,
    TitrationPoint,
    Trace,
    ZeroSpanData,
)
from calibration.record.header import (
    DeviceInfo,
    Gap,
    Link,
    PlanParameter,
    PlateInfo,
    Reference,
    RunInfo,
    Setting,
    Wall,
)
from calibration.record.parts import (
    Assurance,
    BudgetLine,
    DecisionRule,
    Distribution,
    Interval,
    Mark,
    Message,
    Verdict,
)
from calibration.record.results import SCHEMA_ID, Advice, ProcedureRun, Record, Test, json_schema, load, record_hash

__all__ = [
    "SCHEMA_ID",
    "Advice",
    "Assurance",
    "BudgetLine",
    "Chart",
    "Column",
    "ConverterData",
    "DecisionRule",
    "DeviceInfo",
    "Distribution",
    "Gap",
    "Interval",
    "Level",
    "LineFit",
    "Link",
    "Mark",
    "MeasuredData",
    "Message",
    "MultipointData",
    "PlanParameter",
    "PlateInfo",
    "PrepareCheck",
    "PrepareData",
    "ProcedureData",
    "ProcedureRun",
    "Record",
    "Reference",
    "RunInfo",
    "Setting",
    "Table",
    "Test",
    "TitrationPoint",
    "Trace",
    "Verdict",
    "Wall",
    "ZeroSpanData",
    "json_schema",
    "load",
    "record_hash",
]
