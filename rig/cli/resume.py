"""``rig accept --resume``: a run that was cut off, read from its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibration.record import Gap
from rig.errors import ConfigurationError, RigFault
from rig.journal import Row, read_journal
from rig.journal_check import check_journal
from rig.past import ABOUT, Taken, taken_up
from rig.prompts import Operator, Prompt
from rig.run_folder import RESULT, journal_in, wall_text
from rig.seal import SEAL
from scenarios.plan_file import PlanFile

if TYPE_CHECKING:
    from rig.cli.accept import AcceptOptions
    from rig.operators import Hands

_OPTION = "--resume"
_GOES_ON = "error"
"""Verdict of a run that ended before its plan did; any other has come to its end."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """A run that was cut off: its folder, what it is, and its rows."""

    folder: Path
    about: Mapping[str, Any]
    rows: list[Row]

    @property
    def is_virtual(self) -> bool:
        """Whether it was on virtual time, and its bench can be rebuilt."""
        return bool(self.about["clock"] == "virtual")

    def options(self, given: AcceptOptions) -> AcceptOptions:
        """The options that it was begun with; of those given now, only the language and who answers count."""
        told = dict(self.about["options"])
        told["devices"] = tuple(told["devices"])
        told["last_record"] = None if told["last_record"] is None else Path(told["last_record"])
        return replace(given, **told, out=self.folder, resume=self.folder)

    def taken(self, plan: PlanFile) -> Taken:
        """Where it goes on."""
        repeats = {step.name: str(step.procedure.after_a_gap) for step in plan.steps}
        return taken_up(self.rows, None if self.is_virtual else repeats)

    def require_same(self, **sums: str) -> None:
        """Raise ConfigurationError if the file that a key names is not what it was when the run began."""
        for key, found in sums.items():
            if self.about[key] != found:
                what = key.removesuffix("_sha256")
                expected = f"the {what} as it was when the run began ({self.about[what]})"
                raise ConfigurationError(_OPTION, what, expected, "another content under that name")


def cut_off(folder: Path) -> CutOff:
    """Read a run's folder.

    Raises:
        ConfigurationError: there is no run in it, or one that has come to its end, or that nothing can take up again.
        RigFault: its journal has been altered or is damaged.
    """
    expected = "the folder of a run of rig accept that was cut off"
    journal = journal_in(folder, _OPTION, expected)
    checked = check_journal(journal)
    if not checked.holds:
        raise RigFault(f"{journal}: row {checked.broken_at}: {checked.reason}; see rig verify")
    rows = read_journal(journal)
    if not rows or rows[0].kind != ABOUT:
        raise ConfigurationError(_OPTION, "", expected, f"{folder}, in which nothing of a run had reached the disk")
    about: Mapping[str, Any] = rows[0].request
    if (folder / SEAL).exists():
        raise ConfigurationError(_OPTION, "", expected, f"{folder}, a run that is sealed")
    if checked.ended is not None and checked.ended["verdict"] != _GOES_ON and (folder / RESULT).exists():
        found = f"{folder}, a run that has come to its end: {checked.ended['verdict']}"
        raise ConfigurationError(_OPTION, "", expected, found)
    if about["options"]["clock"] == "paced":
        found = f"{folder}, whose bench was part of the run (--clock paced) and has ended with it: use rig serve"
        raise ConfigurationError(_OPTION, "", "a run on virtual time, or on a bench of its own", found)
    return CutOff(folder, about, rows)


def gap_of(taken: Taken, now: float, start_us: int) -> Gap:
    """The gap that ends now."""
    return Gap(
        began=wall_text(taken.last_wall), ended=wall_text(now), lasted_s=round(now - taken.last_wall, 3),
        t_s=(taken.last_t_us - start_us) / 1e6, step=taken.step, repeats=taken.repeats,
    )  # fmt: skip


class Remembered:
    """A person whose answers so far are known, and who is asked again only behind them.

    Args:
        operator: who answers from then on.
        rows: of the run so far; the prompts among them are answered from here.
        hands: of the emulated bench, which must be left as the person left it.
    """

    def __init__(self, operator: Operator, rows: tuple[Row, ...], hands: Hands | None) -> None:
        self._operator = operator
        self._answers = [str(row.answer["answer"]) for row in reversed(rows) if row.kind == "prompt"]
        self._hands = hands

    @property
    def name(self) -> str:
        """Who it is, for the journal."""
        return self._operator.name

    def ask(self, prompt: Prompt) -> str:
        """The answer of before, or the person's."""
        if not self._answers:
            return self._operator.ask(prompt)
        if self._hands is not None:
            self._hands.do(prompt.deeds)
        return self._answers.pop()
