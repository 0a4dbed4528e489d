"""What a plan may set of an ozone transfer, and the last transfer that the new one is compared with."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from calibration.procedures.common.ozone import OzonePlan
from calibration.procedures.common.parameters import Parameters, Percent
from calibration.record import load

NAME = "ozone_transfer"


class LastTransfer(Parameters):
    """What was found at the last transfer, as it was filed."""

    slope: float = Field(gt=0)
    u_slope: float = Field(default=0.0, ge=0, description="standard uncertainty, without the certificate's part")
    intercept: float = 0.0
    on: date
    source: str = ""


class OzoneTransferPlan(OzonePlan):
    """What a plan may set of an ozone transfer."""

    barometer: str = "climate_meter"
    most_pressure_difference_mmhg: float = Field(default=20.0, gt=0)
    most_cell_excess_c: float = Field(default=20.0, gt=0, description="cells above the room's temperature")
    analyzer_pct: Percent = Field(default=80.0, gt=0)
    valid_days: int = Field(default=183, gt=0)
    last: LastTransfer | None = None
    last_record: str = Field(default="", description="path of the result.json of the last transfer, in place of last")

    @model_validator(mode="after")
    def _one_last(self) -> Self:
        if self.last_record and self.last is not None:
            raise ValueError("last or last_record, not both")
        if self.last_record:
            self.previous()
        return self

    def previous(self) -> LastTransfer | None:
        """The last transfer, from the plan or from the record that it names. Raises ValueError: no such record."""
        if not self.last_record:
            return self.last
        path = Path(self.last_record)
        try:
            record = load(path)
        except (OSError, ValueError) as error:
            raise ValueError(f"a record of an ozone transfer ({path}: {type(error).__name__})") from None
        slope = next((t for t in record.tests if t.criterion == f"{NAME}.slope" and t.value is not None), None)
        if slope is None or slope.value is None:
            raise ValueError(f"a record of an ozone transfer ({path} has no slope of one)")
        own = math.sqrt(sum(c.contribution**2 for c in slope.budget if c.source != "reference_certificate"))
        begun = date.fromisoformat(record.run.epoch[:10])
        on = begun + timedelta(microseconds=record.run.ended_us)
        return LastTransfer(slope=slope.value, u_slope=own, on=on, source=record.run.id)
