"""The report as one HTML page: page 1 for the verdict, then a section for every procedure."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from calibration.record import Message, Record, Test
from reports import numbers
from reports.messages import MessageError, Words
from reports.plots import figures

_TEMPLATES = Path(__file__).parent / "templates"


def render(record: Record, language: str) -> str:
    """Return the report in ``language``."""
    words = Words(language)
    return str(
        _template().render(
            record=record,
            t=words,
            language=language,
            say=lambda message: _say(words, message),
            assure=lambda test: _assurance(words, test),
            margin=_margin,
            result=numbers.result,
            limits=numbers.limits,
            significant=numbers.significant,
            figures=lambda data: figures(data, words),
            by_procedure=_by_procedure(record),
            counts=_counts(record),
        )
    )


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html.j2")


def _say(words: Words, message: Message | None) -> str:
    if message is None:
        return ""
    try:
        return words.message(message)
    except (MessageError, KeyError):
        # A record of a newer rig may hold a sentence that this catalogue does not know: show what there is.
        return f"{message.key} " + ", ".join(f"{name} = {value}" for name, value in message.values.items())


def _assurance(words: Words, test: Test) -> str:
    """Verdict, risk and firmness in sentences."""
    parts = [words("assure." + test.verdict.replace(" ", "_"))]
    if test.p_conform is not None:
        risk = test.p_conform if test.verdict in ("fail", "undecided") else 1.0 - test.p_conform
        parts.append(words(f"assure.risk_of_{test.verdict}", p=numbers.percent(risk)))
        parts.append(words(f"assure.{test.assurance.replace(' ', '_')}"))
    elif test.value is not None:
        parts.append(words("assure.not_applicable"))
    return " ".join(parts)


def _by_procedure(record: Record) -> dict[str, list[Test]]:
    found: dict[str, list[Test]] = {}
    for test in record.tests:
        found.setdefault(test.procedure_id, []).append(test)
    return found


def _counts(record: Record) -> dict[str, int]:
    verdicts = [test.verdict for test in record.tests]
    known = {"passed": "pass", "failed": "fail", "undecided": "undecided"}
    counts = {name: verdicts.count(verdict) for name, verdict in known.items()}  # type: ignore[arg-type]
    return {"total": len(verdicts), **counts, "other": len(verdicts) - sum(counts.values())}


def _margin(test: Test) -> dict[str, float | None] | None:
    """Places on a bar of 160 units: limits, value and its interval; None without a value."""
    if test.value is None:
        return None
    low, high = test.limit_low, test.limit_high
    if low is None and high is None:
        return None
    half = 0.0 if test.interval is None else test.interval.high - test.value
    known = [v for v in (low, high) if v is not None]
    width = (
        (high - low) if low is not None and high is not None else max(2.0 * abs(test.value - known[0]), 4 * half, 1e-9)
    )
    left = (low if low is not None else known[0] - width) - 0.25 * width
    right = (high if high is not None else known[0] + width) + 0.25 * width

    def place(value: float | None) -> float | None:
        return None if value is None else round(min(max(160.0 * (value - left) / (right - left), 0.0), 160.0), 1)

    return {
        "low": place(low), "high": place(high), "value": place(test.value), "from": place(test.value - half),
        "to": place(test.value + half),
    }  # fmt: skip
