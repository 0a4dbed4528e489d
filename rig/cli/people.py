"""People at the terminal: prompts, progress, the last words of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

from calibration.record import Message, Record, Verdict
from rig.errors import RigFault
from rig.run import Prompt, RunTime


class SimulatedOperator:
    """Answers every prompt with what is expected, at once."""

    def ask(self, prompt: Prompt) -> str:
        """Return the expected answer."""
        return "" if prompt.expected is None else str(prompt.expected)


class TerminalOperator:
    """Asks at the terminal; Enter means the value asked for."""

    def __init__(self, language: str) -> None:
        self._language = language

    def ask(self, prompt: Prompt) -> str:
        """Print the question and return the answer."""
        from reports.messages import text

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


class ProgressLine:
    """Says what is being done: one live line at a terminal, nothing elsewhere."""

    def __init__(self, time: RunTime, steps: int) -> None:
        self._time = time
        self._steps = steps
        self._start_us = time.now_us()
        self._live = sys.stderr.isatty()
        self._text = ""

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")

    def step(self, text: str) -> None:
        """A new step."""
        self._text = text
        self._show()

    def tick(self, t_s: float) -> None:
        """Bench time has gone on."""

    def close_with(self, verdict: Verdict, record: Record, out: Path) -> None:
        """The verdict in one line, what failed, and where everything lies."""
        counts: dict[str, int] = {}
        for test in record.tests:
            counts[test.verdict] = counts.get(test.verdict, 0) + 1
        tally = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
        for test in record.tests:
            if test.verdict != "pass":
                value = "no value" if test.value is None else f"{test.value:.{test.decimals}f} {test.unit}"
                sys.stdout.write(f"  {test.verdict:>10}  {test.device}  {test.criterion} {test.quantity}: {value}\n")
        for note in record.notes:
            if note.key.startswith(("run.", "safe.not")):
                sys.stdout.write(f"  {note.key}: {' '.join(str(v) for v in note.values.values())}\n")
        simulated = "SIMULATED  " if record.run.simulated else ""
        sys.stdout.write(f"{simulated}{verdict.upper()}  ({tally})\n{out / 'report.html'}\n")

    def _show(self) -> None:
        hours, rest = divmod((self._time.now_us() - self._start_us) // 1_000_000, 3600)
        line = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}  {self._text}"
        if self._live:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()
