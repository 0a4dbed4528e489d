"""People at the terminal: prompts, and the last words of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from calibration.record import Message, Record
from rig.errors import RigFault
from rig.operators import Hands
from rig.prompts import Prompt


class TerminalOperator:
    """Asks at the terminal; Enter means the value asked for.

    At an emulated bench nobody can reach what is on it: there the rig does what the prompt asks for once the person has
    said so, and shows what is to be read as the value that Enter means.

    Args:
        language: of the questions.
        quiet: context in which nobody else writes to the terminal.
        hands: of an emulated bench; None at a real one.
    """

    name = "terminal"

    def __init__(
        self, language: str, quiet: Callable[[], AbstractContextManager[None]], hands: Hands | None = None
    ) -> None:
        self._language = language
        self._quiet = quiet
        self._hands = hands

    def ask(self, prompt: Prompt) -> str:
        """Print the question and return the answer. Raises RigFault when nobody can answer any more."""
        shown = None if prompt.expected is None else str(prompt.expected)
        if self._hands is not None and prompt.sight is not None and not prompt.deeds:
            shown = self._hands.see(prompt.sight)
        with self._quiet():
            sys.stdout.write("\n" + self._question(prompt, shown))
            sys.stdout.flush()
            answer = sys.stdin.readline()
        if not answer:
            raise RigFault("a prompt needs an answer, but standard input has ended")
        if self._hands is not None:
            self._hands.do(prompt.deeds)
            if prompt.sight is not None and prompt.deeds:
                shown = self._hands.see(prompt.sight)
        answer = answer.strip()
        return answer if answer or shown is None else shown

    def _question(self, prompt: Prompt, shown: str | None) -> str:
        from reports.messages import text

        lines = []
        if prompt.refused:
            again = Message(key="prompt.again", values={"answer": prompt.refused, "bounds": prompt.bounds})
            lines.append(text(again, self._language))
        lines.append(text(Message(key=prompt.key, values=dict(prompt.values)), self._language))
        if shown is not None:
            lines[-1] += f" [{shown} {prompt.unit}]"
        return "\n".join(lines) + " > "


def last_words(record: Record, out: Path, language: str) -> str:
    """What did not pass and why, what the bench has to say of its end, the verdict, and where everything lies."""
    from reports.messages import text

    lines = []
    reasons: dict[str, None] = {}
    counts: dict[str, int] = {}
    for test in record.tests:
        counts[test.verdict] = counts.get(test.verdict, 0) + 1
        if test.verdict != "pass":
            unit = {"1": "", "nmol/mol": "ppb", "umol/mol": "ppm"}.get(test.unit, test.unit)
            value = "no value" if test.value is None else f"{test.value:.{test.decimals}f} {unit}".strip()
            lines.append(f"  {test.verdict:>10}  {test.device}  {test.criterion} {test.quantity}: {value}")
            if test.message is not None:
                reasons[text(test.message, language)] = None
    reasons |= {text(note, language): None for note in record.notes if note.key != "safe.done"}
    lines += [f"  {reason}" for reason in reasons]
    tally = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    marginal = sum(test.assurance == "marginal" for test in record.tests)
    adjusted = sum(test.as_left is not None for test in record.tests)
    tally += f"; {marginal} marginal" * bool(marginal) + f"; {adjusted} after adjustment" * bool(adjusted)
    simulated = "SIMULATED  " if record.run.simulated else ""
    lines += [f"{simulated}{record.verdict.upper()}  ({tally})", str(out / "report.html")]
    return "\n".join(lines) + "\n"
