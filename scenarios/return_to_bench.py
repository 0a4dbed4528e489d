"""Back at the bench after a gap: what lost its power meanwhile, what must be set again, whether it still measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from calibration.criteria import Judge, load_criteria
from calibration.procedures.common.alarms import is_of_temperature, standing_alarms
from calibration.procedures.common.conduct import conduct
from calibration.procedures.common.context import Context
from calibration.procedures.common.procedure import Unit, procedure_of
from calibration.record import Gap, Message, ProcedureRun
from rig.errors import DeviceTimeout
from rig.logbook import Logbook
from rig.past import BACK, RETURN, Taken
from scenarios.engine import Engine

_ANSWERS_WITHIN_S, _ASK_AGAIN_S = 600.0, 30.0
"""How long a unit may still be silent because its power has only just come back (this project's choice)."""

_CHECKED_BY = ("prepare", "zero_span")
"""After a power gap: warm-up and readiness, then zero and span, both without adjustment."""


@dataclass
class Return:
    """The way back of a run whose bench was there all the time.

    Args:
        engine: that plays the plan.
        log: of the run.
        gaps: of the run; the last one ends now.
        taken: the run so far.
    """

    engine: Engine
    log: Logbook
    gaps: list[Gap]
    taken: Taken
    _units: Sequence[Unit] = field(init=False)

    def __post_init__(self) -> None:
        self._units = self.engine.units
        self.engine.procedures += [ProcedureRun.model_validate(result) for result in self.taken.results]

    def come_back(self) -> None:
        """Look who lost power, wait for those and check them, and set again what the run had set.

        All of it is journaled between a row ``return`` and a row ``back``: it belongs to the gap, not to the plan.
        """
        run = self.engine.run
        self.log.note(RETURN, None, None)
        lost = [unit.name for unit in self._units if unit.channels and self._lost_power(unit.name)]
        self.gaps[-1] = self.gaps[-1].model_copy(update={"power_lost": lost})
        in_gas = run.gas_is_on
        for unit in self._units:
            if unit.name in lost:
                self._check(unit)
        if lost and not in_gas:
            run.rest()
        run.reapply()
        self.log.note(BACK, None, lost)
        self.log.commit()

    def _lost_power(self, device: str) -> bool:
        """By its own count of hours where it tells it; else by a temperature alarm, which hours of running rule out."""
        run, gap_s = self.engine.run, self.gaps[-1].lasted_s * (self.engine.session.speed or 1.0)
        silent = 0.0
        while True:
            try:
                uptime = run.look(device, "uptime_s")
                break
            except DeviceTimeout:
                if silent >= _ANSWERS_WITHIN_S:
                    raise
                run.wait(_ASK_AGAIN_S)
                silent += _ASK_AGAIN_S
        if silent:
            return True
        if isinstance(uptime, int | float):
            return float(uptime) < gap_s
        context = Context(run, self.engine.judge, self.engine.plan.gas)
        return any(map(is_of_temperature, standing_alarms(context, device)))

    def _check(self, unit: Unit) -> None:
        """Warm-up, readiness, zero and span of a unit that has been without power; nothing is adjusted or judged."""
        for name in _CHECKED_BY:
            procedure = procedure_of(name)
            settings: dict[str, Any] = {"adjust": "never"} if "adjust" in procedure.parameters.model_fields else {}
            parameters = procedure.parameters.model_validate(settings)
            context = Context(self.engine.run, _bands(), self.engine.plan.gas, f"after_power_gap_{name}")
            entries = conduct(
                context, name, [unit.name],
                lambda p=procedure, c=context, q=parameters: p.perform(c, [unit], q),  # type: ignore[misc]
                gas=procedure.gas,
            )  # fmt: skip
            for entry, _ in entries:
                note = Message(key="run.checked_after_power_gap", values={"device": unit.name})
                self.engine.procedures.append(entry.model_copy(update={"notes": [note, *entry.notes]}))


def _bands() -> Judge:
    """The bands that tell whether zero and span are still where they should be: those of routine operation."""
    return Judge((load_criteria("hj818"),), "simple")
