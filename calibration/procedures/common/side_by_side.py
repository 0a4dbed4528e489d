"""Days of hourly means of monitors that stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from calibration.procedures.common.campaign import Day, hourly_means, next_hour
from calibration.procedures.common.context import Context
from calibration.procedures.common.parameters import Parameters


class SideBySidePlan(Parameters):
    """What a plan may set of days side by side: what is measured, how many days, and which of them count."""

    quantity: Literal["pm10", "pm25"] = "pm25"
    days: int = Field(default=10, ge=3)
    least_days: int = Field(default=5, ge=3, description="of days that count")
    least_hours: int = Field(default=20, ge=1, le=24)


def days_beside(context: Context, devices: Sequence[str], count: int) -> list[Day]:
    """Read the hourly means of all ``devices`` for ``count`` days that follow each other."""
    begin = next_hour(context)
    return [
        Day(number, hours=hourly_means(context, devices, begin + number * 86400.0)) for number in range(count)
    ]  # fmt: skip
