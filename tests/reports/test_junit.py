"""JUnit for continuous integration."""

import xml.etree.ElementTree as ET

import pytest

from reports.junit import to_junit


@pytest.fixture(scope="module")
def suite(sample):
    return ET.fromstring(to_junit(sample))


def properties(node):
    return {item.get("name"): item.get("value") for item in node.iterfind("properties/property")}


def test_one_case_for_each_test_and_the_counts_agree(sample, suite):
    cases = suite.findall("testcase")
    assert len(cases) == len(sample.tests) == int(suite.get("tests"))
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) == 2
    assert int(suite.get("errors")) == len(suite.findall("testcase/error")) == 1
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped")) == 2


def test_each_verdict_has_its_element(sample, suite):
    for case, test in zip(suite.findall("testcase"), sample.tests, strict=True):
        assert case.get("classname") == f"{test.device}.{test.procedure}"
        assert case.get("name") == f"{test.criterion} [{test.quantity}]"
        found = [(child.tag, child.get("type")) for child in case if child.tag != "properties"]
        assert found == {
            "pass": [], "fail": [("failure", "fail")], "undecided": [("failure", "undecided")],
            "error": [("error", "error")], "void": [("skipped", None)], "not tested": [("skipped", None)],
        }[test.verdict]  # fmt: skip


def test_properties_carry_the_statement_and_its_ground(sample, suite):
    case = next(c for c in suite.findall("testcase") if c.find("failure") is not None)
    test = next(t for t in sample.tests if t.verdict == "undecided" or t.verdict == "fail")
    found = properties(case)
    assert float(found["value"]) == test.value
    assert float(found["limit_low"]) == test.limit_low
    assert float(found["p_conform"]) == test.p_conform
    assert found["limit_mark"] == test.limit_mark
    about = properties(suite)
    assert about["seed"] == "1"
    assert about["simulated"] == "true"
    assert about["version.numpy"] == sample.run.versions["numpy"]


def test_wall_time_does_not_enter(sample):
    wall = sample.run.wall.model_copy(update={"started": "1999", "duration_s": 99.0, "host": "elsewhere", "user": "x"})
    later = sample.model_copy(update={"run": sample.run.model_copy(update={"wall": wall, "id": "another"})})
    assert to_junit(later) == to_junit(sample)


def test_bytes_that_xml_cannot_hold(sample):
    strange = sample.tests[0].model_copy(update={"device": "so2\x00\ud800<&>"})
    text = to_junit(sample.model_copy(update={"tests": [strange]}))
    assert ET.fromstring(text).find("testcase").get("classname").startswith("so2\ufffd\ufffd<&>")
