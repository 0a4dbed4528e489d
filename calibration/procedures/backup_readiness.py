"""Until when a unit that has passed everything is ready to stand in for another: the earliest of several dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import ClassVar

from pydantic import Field

from calibration.procedures import shelf_ageing
from calibration.procedures.backup_documents import last_day_of_use
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.dates import months_later
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Procedure, Unit
from calibration.record import Column, MeasuredData, Message, Table

NAME = "backup_readiness"


class BackupReadinessPlan(Parameters):
    """What a plan may set of the date until which a backup is ready."""

    valid_months: int = Field(default=6, ge=1, description="how long the tests of this plan count")
    use_months: int = Field(default=1, ge=0, description="how long a use lasts at the most")
    span_drift_pct: float = Field(default=5.0, gt=0, description="span error that may build up on the shelf again, %")
    years: int = Field(default=8, ge=1, description="years of service")


class BackupReadiness(Procedure[BackupReadinessPlan]):
    """The last step of a plan on backups: "ready until", with the date that binds and those behind it.

    Dates: how long the tests count; the last day on which a use can begin that ends before the unit's years are full;
    when the span has wandered as far as it may, at the rate at which it did on the shelf before. A unit of which a test
    did not pass is not ready, whatever the dates say.
    """

    name = NAME
    parameters = BackupReadinessPlan
    criteria: ClassVar[Mapping[str, str]] = {}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Units that stand in for another one."""
        return unit.stands_in

    def perform(self, context: Context, units: Sequence[Unit], parameters: BackupReadinessPlan) -> list[Outcome]:
        """Say it."""
        [unit] = units
        run, device = context.run, unit.name
        identity = run.identity(device)
        assert identity.replaces is not None  # it serves backups only
        dates = _dates(context, device, parameters)
        table = Table(
            key=NAME,
            columns=[Column(key="reason"), Column(key="until")],
            rows=[[name, day.isoformat()] for name, day in dates.items()],
        )
        data = MeasuredData(quantity="readiness", unit="d", full_scale=1.0, tables=[table])
        bad = [test for test in context.tests if test.device == device and test.verdict != "pass"]
        binding = min(dates, key=lambda name: dates[name])
        if bad or dates[binding] < run.today():
            said = Message(key="backup_readiness.not_ready", values={"device": device, "n": len(bad)})
        else:
            said = Message(
                key="backup_readiness.until",
                values={"device": device, "replaced": identity.replaces.shown, "day": dates[binding].isoformat(),
                        "binding": binding},
            )  # fmt: skip
        return [Outcome(device, None, data, notes=[said], headlines=[said])]


def _dates(context: Context, device: str, plan: BackupReadinessPlan) -> dict[str, date]:
    """The last day of readiness by each reason that is known."""
    today = context.run.today()
    found = {"tests": months_later(today, plan.valid_months)}
    days = last_day_of_use(context.run.identity(device).plate, plan.use_months, plan.years)
    if days is not None:
        found["age"] = days[1]
    rates = [abs(rate) for rate in _span_rates(context, device) if rate]
    if rates:
        left = timedelta(days=plan.span_drift_pct / max(rates) * shelf_ageing.DAYS_A_MONTH)
        if left < timedelta(days=36_500):
            found["shelf"] = today + left
    return found


def _span_rates(context: Context, device: str) -> list[float]:
    """What a month on the shelf did to the span of each channel, %, where it was measured."""
    found: list[float] = []
    for entry in context.entries:
        if (entry.procedure, entry.device) != (shelf_ageing.NAME, device) or not isinstance(entry.data, MeasuredData):
            continue
        for table in entry.data.tables:
            keys = [column.key for column in table.columns]
            for row in table.rows:
                rate = row[keys.index(shelf_ageing.RATE)]
                if row[keys.index("unit")] == "%" and isinstance(rate, float):
                    found.append(rate)
    return found


PROCEDURE = BackupReadiness()
