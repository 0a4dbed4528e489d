"""Certificate gate: does the calibrator believe of its cylinders what their certificates say?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Procedure, Takes, Unit
from calibration.record import MeasuredData, Message, PrepareCheck

NAME = "certificates"


class CertificatesPlan(Parameters):
    """What a plan may set of the gate."""

    tolerance_pct: float = Field(default=0.1, ge=0, description="typed value against certificate, % of it")


class Certificates(Procedure[CertificatesPlan]):
    """Compare the value typed in for each cylinder with its certificate, before any gas flows.

    A mistyped value shifts every level of that gas by the same factor, and no test on that gas could tell: units that
    need it are not tested. That every certificate is there and valid is looked at before the run begins.
    """

    name = NAME
    parameters = CertificatesPlan
    gas: ClassVar[bool] = False
    takes: ClassVar[Takes] = "all"
    criteria: ClassVar[Mapping[str, str]] = {}

    def perform(self, context: Context, units: Sequence[Unit], parameters: CertificatesPlan) -> list[Outcome]:
        """Ask the calibrator once for each gas."""
        gases = dict.fromkeys(gas for unit in units for gas in _gases_of(unit))
        found = {gas: self._compare(context, gas, parameters) for gas in gases if gas in context.run.supply.cylinders}
        outcomes = []
        for unit in units:
            own = {gas: found[gas] for gas in _gases_of(unit) if gas in found}
            if not own:
                continue  # ozone: the calibrator's photometer has its own certificate
            channel = unit.channels[0]
            data = MeasuredData(
                quantity=channel.quantity, unit=channel.unit, full_scale=unit.full_scale,
                checks=[check for check, _ in own.values()],
            )  # fmt: skip
            notes = [trouble for _, trouble in own.values() if trouble is not None]
            references = [context.run.supply.cylinder(gas).id for gas in own]
            outcomes.append(
                Outcome(unit.name, None, data, [], notes, references, hold=notes[0] if notes else None)
            )  # fmt: skip
        return outcomes

    def _compare(self, context: Context, gas: str, parameters: CertificatesPlan) -> tuple[PrepareCheck, Message | None]:
        cylinder = context.run.supply.cylinder(gas)
        certified, unit = cylinder.main_value, cylinder.main_unit  # a calibrator holds the main gas of a mixture
        stored = context.run.stored(cylinder.port, unit)
        expected = f"{certified:g} {unit} ({cylinder.certificate})"
        if stored is None:
            told = "the calibrator cannot tell"
            return PrepareCheck(name=f"cylinder_{gas}", found=told, expected=expected, ok=True), None
        ok = abs(stored - certified) <= parameters.tolerance_pct * certified / 100.0
        check = PrepareCheck(name=f"cylinder_{gas}", found=f"{stored:g} {unit}", expected=expected, ok=ok)
        if ok:
            return check, None
        values: dict[str, float | int | str | None] = {
            "gas": gas, "cylinder": cylinder.id, "found": stored, "expected": certified, "unit": unit,
            "certificate": cylinder.certificate,
        }  # fmt: skip
        return check, Message(key="certificates.value_differs", values=values)


def _gases_of(unit: Unit) -> list[str]:
    """Gases that may be offered to a unit: its own, and NO2 where it has a channel for it."""
    return [unit.gas, *(["no2"] if unit.has_converter else [])]


PROCEDURE = Certificates()
