"""Constants stored in a particle monitor against its plate and the record of its last calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import shown
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Unit
from calibration.record import Column, MeasuredData, Message, Table

NAME = "stored_constants"
QUANTITY = "constants"
_FAR = 1.0e6


class StoredConstantsPlan(Parameters):
    """What a plan may set of a comparison of constants."""

    tolerance_pct: float = Field(default=0.01, ge=0, description="for what a display rounds, % of the recorded value")


class StoredConstants(Procedure[StoredConstantsPlan]):
    """Read each constant that the papers name and count those that differ.

    K0, mu, the K factor and the background shape every value that the unit gives. One that is not as recorded was
    changed without a calibration, or belongs to another unit.
    """

    name = NAME
    parameters = StoredConstantsPlan
    criteria: ClassVar[Mapping[str, str]] = {"changed": "1"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Particle monitors."""
        return bool(unit.weighing)

    def judged(self, unit: Unit, parameters: StoredConstantsPlan) -> list[Judged]:
        """A count."""
        return [Judged(QUANTITY, "1", tuple(self.criteria))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: StoredConstantsPlan) -> list[Outcome]:
        """Read, and count."""
        [unit] = units
        device, name = unit.name, f"{NAME}.changed"
        recorded = context.run.identity(device).plate.constants
        subject = context.subject(device, QUANTITY, "1", 1.0)
        if not recorded:
            none = Message(key="stored_constants.no_record", values={"device": device})
            return [Outcome(device, None, None, [context.judge.no_result(name, subject, "void", none)], [none])]
        rows: list[list[float | str | Message | None]] = []
        changed: list[str] = []
        for setting, value in recorded.items():
            stored = shown(context, device, setting, "", -_FAR, _FAR, 4)
            if abs(stored - value) > parameters.tolerance_pct / 100.0 * abs(value):
                changed.append(setting)
            rows.append([setting, value, stored])
        message = None
        if changed:
            message = Message(key="stored_constants.differs", values={"device": device, "setting": changed[0]})
        test = context.judge.judge(name, subject, value=float(len(changed)), budget=None, n=len(rows), message=message)
        table = Table(key=NAME, rows=rows,
                      columns=[Column(key="setting"), Column(key="recorded", decimals=4),
                               Column(key="stored", decimals=4)])  # fmt: skip
        data = MeasuredData(quantity=QUANTITY, unit="1", full_scale=1.0, tables=[table])
        return [Outcome(device, None, data, [test], [] if message is None else [message])]


PROCEDURE = StoredConstants()
