"""JUnit XML for continuous integration: one test case per judged item. Nothing in it depends on wall time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from calibration.record import Record, Test
from reports import numbers
from reports.assurance import sentences
from reports.messages import Words
from reports.phrases import Phrases

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROPERTIES = (
    "id", "value", "u", "dof", "unit", "limit_low", "limit_high", "p_conform", "assurance", "decision_rule",
    "document", "clause", "limit_mark", "as_found", "as_left", "n", "repeats",
)  # fmt: skip


def to_junit(record: Record) -> str:
    """Return the tests of a record as JUnit XML, in English.

    A fail is a failure of type ``fail``, an undecided one a failure of type ``undecided``; an error is an error; not
    tested and void are skipped. Limits, value, uncertainty and assurance are properties of the case.
    """
    verdicts = [test.verdict for test in record.tests]
    suite = ET.Element(
        "testsuite",
        name=_legal(f"rig accept {record.run.plan}"),
        tests=str(len(verdicts)),
        failures=str(sum(verdict in ("fail", "undecided") for verdict in verdicts)),
        errors=str(verdicts.count("error")),
        skipped=str(sum(verdict in ("not tested", "void") for verdict in verdicts)),
    )
    about = ET.SubElement(suite, "properties")
    run = record.run
    facts: dict[str, object] = {
        "bench": run.bench, "bench_sha256": run.bench_sha256, "plan": run.plan, "plan_sha256": run.plan_sha256,
        "seed": run.seed, "clock": run.clock, "epoch": run.epoch, "simulated": run.simulated,
        "decision_rule": run.decision_rule, "verdict": record.verdict,
    }  # fmt: skip
    for name, value in {**facts, **{f"version.{name}": version for name, version in run.versions.items()}}.items():
        _property(about, name, value)
    words = Words("en")
    phrases = Phrases(words)
    for test in record.tests:
        _case(suite, test, phrases, words)
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _case(suite: ET.Element, test: Test, phrases: Phrases, words: Words) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_legal(f"{test.device}.{test.procedure}"),
        name=_legal(f"{test.criterion} [{test.quantity}]"),
    )
    properties = ET.SubElement(case, "properties")
    for name in _PROPERTIES:
        value = getattr(test, name)
        if value is not None:
            _property(properties, name, value)
    why = "" if test.message is None else phrases.say(test.message)
    result = f"{phrases.result(test)}, limit {phrases.limit(test)}" if test.value is not None else numbers.NOTHING
    if test.verdict in ("fail", "undecided"):
        body = ET.SubElement(case, "failure", type=test.verdict, message=_legal(result))
        body.text = _legal(" ".join([*sentences(test, words), why]).strip())
    elif test.verdict == "error":
        ET.SubElement(case, "error", type="error", message=_legal(why))
    elif test.verdict != "pass":
        ET.SubElement(case, "skipped", message=_legal(f"{test.verdict}: {why}" if why else test.verdict))


def _property(parent: ET.Element, name: str, value: object) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    ET.SubElement(parent, "property", name=name, value=_legal(text))


def _legal(text: str) -> str:
    """Replace what XML cannot hold; a device can answer with any byte."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
