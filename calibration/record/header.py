"""What a record says before any result: the run, its devices, the references that it rests on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calibration.record.parts import DecisionRule, Mark, Part


class Gap(Part):
    """A time in which a run did not go on: its process was killed, the computer had no power."""

    began: str = Field(description="when the last word before it was written")
    ended: str = Field(description="when the run was taken up again")
    lasted_s: float = Field(description="of the wall's time")
    t_s: float = Field(description="bench time of the run at its beginning, s")
    step: str = Field(default="", description="the plan's step that it fell into; empty between two steps")
    repeats: str = Field(default="", description="what was measured again: level, day, test or sequence")
    power_lost: list[str] = Field(default_factory=list, description="devices that had no power meanwhile")


class Wall(Part):
    """What may differ between two equal runs."""

    started: str
    ended: str
    duration_s: float
    out: str
    host: str
    user: str
    gaps: list[Gap] = Field(default_factory=list, description="in the order in which they came")
    journal_rows: int = Field(default=0, description="rows of the run's journal")
    journal_root: str = Field(default="", description="hash of its last row, hexadecimal")


class PlanParameter(Part):
    """A choice that the sources leave open (or only recall), as the plan made it."""

    name: str
    value: str
    mark: Mark
    source: str
    value_zh: str = Field(default="", description="the value in Chinese; as `value` if empty")
    source_zh: str = Field(default="", description="the source in Chinese; as `source` if empty")


class RunInfo(Part):
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


class PlateInfo(Part):
    """What a unit's plate and papers say; what is not known is empty or null."""

    approval: str = Field(default="", description="number of its type approval")
    manufactured: str | None = Field(default=None, description="day on which it was made")
    in_service: str | None = Field(default=None, description="day on which it was put into service")
    hours: float | None = Field(default=None, description="hours in service at the bench's epoch")
    shelf_days: float | None = Field(default=None, description="days on a shelf since")


class DeviceInfo(Part):
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
    principle: str = Field(default="", description="how it measures")
    plate: PlateInfo = Field(default_factory=PlateInfo)


class Link(Part):
    """A standard that a certificate was issued against; a primary one may have no certificate and never expires."""

    standard: str
    certificate: str = ""
    expires: str | None = None


class Reference(Part):
    """A standard that a result rests on; ``chain`` are the standards above it, the nearest first."""

    id: str
    kind: str
    species: str
    value: float
    unit: str
    u: float
    certificate: str
    expires: str
    emulated: bool
    chain: list[Link] = Field(default_factory=list)


class Setting(Part):
    """A setting as found before, as left after."""

    name: str
    as_found: str
    as_left: str
