"""Bad units with one hidden defect each, and what a plan must find by it: the ground of the confusion tables."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calibration.record import Record
from instruments.reading import read_data, validate

_FILE = Path(__file__).parent / "defects.toml"


class Defect(BaseModel):
    """One bad unit: a fault of the library, a hidden truth, a setting, a mistyped cylinder, wrong papers.

    Attributes:
        device: what is bad: a unit, or something that units rest on (a zero-air generator, ``cylinder.so2``).
        tested: what is tested; the bad unit itself if empty.
        hidden: hidden parameters of the unit, where the library has no fault for them.
        fails: every criterion that fails, as ``quantity/procedure.criterion``.
        held_by: the reason for which the unit is not tested (further).
        section: what its part of the bench file says otherwise (papers, hidden truth).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    name_zh: str
    plan: str
    device: str
    tested: list[str] = Field(default_factory=list)
    bench: str = "demo"
    fault: str | None = None
    severity: float | None = None
    at: str = "0 s"
    hidden: dict[str, float] = Field(default_factory=dict)
    setting: str | None = None
    value: bool | float | None = None
    stored: dict[str, str] = Field(default_factory=dict)
    section: dict[str, Any] = Field(default_factory=dict)
    fails: list[str] = Field(default_factory=list)
    held_by: str | None = None
    why: str = ""

    @model_validator(mode="after")
    def _is_one_defect(self) -> Self:
        causes = (
            self.fault is not None,
            self.setting is not None,
            bool(self.hidden),
            bool(self.stored),
            bool(self.section),
        )
        if sum(causes) != 1:
            raise ValueError("one of fault, hidden, setting, stored, section")
        if not self.fails and self.held_by is None:
            raise ValueError("fails, or held_by, or both")
        return self

    @property
    def devices(self) -> tuple[str, ...]:
        """What is tested."""
        return tuple(self.tested) or (self.device,)

    def bench_data(self, good: Mapping[str, Any]) -> dict[str, Any]:
        """The data of a bench with this defect; ``good`` is the data of the bench without it."""
        data = copy.deepcopy(dict(good))
        if self.fault is not None:
            fault: dict[str, Any] = {"kind": self.fault, "device": self.device, "at": self.at}
            if self.severity is not None:
                fault["severity"] = self.severity
            data.setdefault("fault", []).append(fault)
        elif self.hidden:
            data["device"][self.device].setdefault("hidden", {}).update(self.hidden)
        elif self.setting is not None:
            data["device"][self.device].setdefault("settings", {})[self.setting] = self.value
        for key, value in self.section.items():
            own = data["device"][self.device]
            own[key] = {**own.get(key, {}), **value} if isinstance(value, Mapping) else value
        for cylinder, value in self.stored.items():
            data["cylinder"][cylinder]["stored"] = value
        return data


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    defect: list[Defect]


def defects() -> list[Defect]:
    """All bad units. Raises ConfigurationErrors for a file with mistakes."""
    return validate(_File, read_data(_FILE, "file of defects", "toml"), str(_FILE)).defect


def found_in(record: Record) -> tuple[list[str], set[str]]:
    """What a record found: criteria that did not pass (``quantity/procedure.criterion``), and reasons of no test."""
    failed = [
        f"{test.quantity}/{test.criterion}" for test in record.tests if test.verdict not in ("pass", "not tested")
    ]
    held = {test.message.key for test in record.tests if test.verdict == "not tested" and test.message is not None}
    return failed, held
