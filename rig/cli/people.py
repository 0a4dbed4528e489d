"""People at the terminal: prompts, and the last words of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from calibration.record import Message, Record
from rig.errors import RigFault
from rig.run import Prompt


class SimulatedOperator:
    """Answers every prompt with what is expected, at once."""

    def ask(self, prompt: Prompt) -> str:
        """Return the expected answer."""
        return "" if prompt.expected is None else str(prompt.expected)


class TerminalOperator:
    """Asks at the terminal; Enter means the value asked for.

    Args:
        language: of the questions.
        quiet: context in which nobody else writes to the terminal.
    """

    def __init__(self, language: str, quiet: Callable[[], AbstractContextManager[None]]) -> None:
        self._language = language
        self._quiet = quiet

    def ask(self, prompt: Prompt) -> str:
        """Print the question and return the answer. Raises RigFault when nobody can answer any more."""
        from reports.messages import text

        with self._quiet():
            sys.stdout.write("\n" + text(Message(key=prompt.key, values=dict(prompt.values)), self._language))
            if prompt.expected is not None:
                sys.stdout.write(f" [{prompt.expected} {prompt.unit}]")
            sys.stdout.write(" > ")
            sys.stdout.flush()
            answer = sys.stdin.readline()
        if not answer:
            raise RigFault("a prompt needs an answer, but standard input has ended")
        answer = answer.strip()
        return answer if answer or prompt.expected is None else str(prompt.expected)


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
