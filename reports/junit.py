"""JUnit XML for continuous integration: one case per judged item. Independent of wall time."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from calibration.record import Record, Test


def to_junit(record: Record) -> str:
    """Return the record's tests as JUnit XML."""
    verdicts = [test.verdict for test in record.tests]
    suite = ET.Element(
        "testsuite",
        name=f"rig accept {record.run.plan}",
        tests=str(len(verdicts)),
        failures=str(sum(v in ("fail", "undecided") for v in verdicts)),
        errors=str(verdicts.count("error")),
        skipped=str(sum(v in ("not tested", "void") for v in verdicts)),
    )
    about = ET.SubElement(suite, "properties")
    run = record.run
    facts = {"bench": run.bench, "plan": run.plan, "seed": str(run.seed), "simulated": str(run.simulated).lower()}
    for name, value in {**facts, **run.versions}.items():
        ET.SubElement(about, "property", name=name, value=value)
    for test in record.tests:
        _case(suite, test)
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _case(suite: ET.Element, test: Test) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=f"{test.device}.{test.procedure}", name=f"{test.quantity} {test.criterion}"
    )
    properties = ET.SubElement(case, "properties")
    for name in ("value", "u", "unit", "limit_low", "limit_high", "p_conform", "assurance", "document", "clause",
                 "limit_mark"):  # fmt: skip
        value = getattr(test, name)
        if value is not None:
            ET.SubElement(properties, "property", name=name, value=str(value))
    said = f"{test.value} {test.unit}, limits {test.limit_low} to {test.limit_high}"
    why = "" if test.message is None else test.message.key
    if test.verdict in ("fail", "undecided"):
        ET.SubElement(case, "failure", type=test.verdict, message=said)
    elif test.verdict == "error":
        ET.SubElement(case, "error", type="error", message=why)
    elif test.verdict != "pass":
        ET.SubElement(case, "skipped", message=why)
