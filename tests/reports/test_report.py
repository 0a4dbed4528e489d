"""Reports of a real record: complete, in both languages, the same bytes twice."""

import re
import xml.etree.ElementTree as ET

import pytest

from calibration.record import Message, PrepareData, load
from reports import write_reports
from reports.html import render
from reports.messages import load as load_messages
from reports.messages import term_key
from reports.page import Page


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    from rig.cli.accept import AcceptOptions, accept

    out = tmp_path_factory.mktemp("run") / "out"
    accept(AcceptOptions(out=out, operator="simulated", devices=("nox", "o3")))
    return load(out / "result.json")


def test_the_same_record_gives_the_same_bytes(record, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_reports(record, tmp_path / name, ("en", "zh"))
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["junit.xml", "report.html", "report.zh.html", "result.json"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(("language", "words"), [("en", "limit not confirmed"), ("zh", "限值未经证实")])
def test_no_bare_message_key_reaches_a_reader(record, language, words):
    page = render(record, language)
    assert words in page
    text = re.sub(r"<svg.*?</svg>|<style.*?</style>", "", page, flags=re.DOTALL)
    families = {key.split(".")[0] for key in sorted(load_messages().keys())}
    bare = re.findall(rf"\b(?:{'|'.join(sorted(families))})\.[a-z_]+(?:\.[a-z_]+)*\b", text)
    assert bare == [], bare
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "<script" not in page


def test_junit_counts_and_does_not_depend_on_wall_time(record, tmp_path):
    from reports.junit import to_junit

    suite = ET.fromstring(to_junit(record))
    assert int(suite.get("tests")) == len(record.tests) == len(suite.findall("testcase"))
    failed = record.tests[0].model_copy(update={"verdict": "fail"})
    undecided = record.tests[1].model_copy(update={"verdict": "undecided"})
    other = record.model_copy(update={"tests": [failed, undecided]})
    cases = ET.fromstring(to_junit(other)).findall("testcase")
    assert [case.find("failure").get("type") for case in cases] == ["fail", "undecided"]


def test_an_unknown_sentence_is_shown_as_it_is(record):
    strange = record.model_copy(update={"notes": [Message(key="future.note", values={"n": 3})]})
    assert "future.note n = 3" in render(strange, "en")


def test_every_name_that_a_run_carries_has_words(record):
    """A name without a word is shown as it is; none that the house itself chooses may be."""
    names = {("procedure", p.procedure) for p in record.procedures}
    names |= {("status", p.status) for p in record.procedures}
    names |= {("setting", setting.name) for p in record.procedures for setting in p.settings}
    names |= {("reference", reference.kind) for reference in record.references}
    names |= {("device.kind", device.kind) for device in record.devices}
    names |= {("protocol", device.protocol) for device in record.devices}
    names |= {("port", device.gas_port) for device in record.devices if device.gas_port}
    names |= {("parameter", parameter.name) for parameter in record.run.plan_parameters}
    for test in record.tests:
        names |= {("criterion", test.criterion), ("quantity", test.quantity), ("clause", test.clause)}
        names |= {("formula", test.formula), ("prior", test.prior), ("mark", test.limit_mark)}
        names |= {("source", line.source) for line in test.budget}
    for procedure in record.procedures:
        if isinstance(procedure.data, PrepareData):
            names |= {("check", check.name) for check in procedure.data.checks}
    catalogue = load_messages()
    assert len(names) > 60
    assert sorted(f"{group}.{name}" for group, name in names if f"{group}.{term_key(name)}" not in catalogue) == []


def test_what_is_open_stands_under_corrective_action_and_what_was_adjusted_with_its_values(sample):
    page = Page(sample, "en", [[] for _ in sample.procedures])
    said = {test.id: words for test, words in page.actions()}
    assert {t.id for t in sample.tests if t.verdict in ("fail", "error")} < set(said)
    assert "adjusted during the run: 7.2 → 0.3 %" in said.values()


def test_invalid_times_are_those_of_the_procedures(sample):
    page = Page(sample, "en", [[] for _ in sample.procedures])
    hours = {device: float(text) for device, _, _, text in page.invalid()}
    so2 = [p for p in sample.procedures if p.device == "so2"]
    assert hours["so2"] == pytest.approx((max(p.ended_s for p in so2) - min(p.started_s for p in so2)) / 3600, abs=0.06)
