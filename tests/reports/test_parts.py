"""Parts of the page: what needs attention first, the budget, the preparation, settings, the bands."""

import re
import xml.etree.ElementTree as ET

import pytest

from calibration.record import BudgetLine, Message, PrepareCheck, PrepareData, ZeroSpanData
from reports.budget import budget_table
from reports.figures_zero_span import bands_chart
from reports.html import render
from reports.margin import margin_bar
from reports.messages import Words
from reports.page import MOST_EXCEPTIONS, Page
from reports.phrases import Phrases
from reports.preparation import preparation
from reports.section import Section


@pytest.fixture(scope="module")
def phrases():
    return Phrases(Words("en"))


def page_of(record):
    return Page(record, "en", [[]] * len(record.procedures))


def plain(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# -- what is seen first -----------------------------------------------------------------------------------------------


def test_what_needs_attention_comes_first_and_worst_first(sample):
    page = page_of(sample)
    found = [(test.verdict, test.assurance) for test in page.exceptions()]
    assert [verdict for verdict, _ in found] == [
        "error", "fail", "undecided", "void", "not tested", "pass", "pass",
    ]  # fmt: skip
    assert ("pass", "marginal") in found
    html = render(sample, "en", [[]] * len(sample.procedures))
    assert html.index('class="exceptions"') < html.index('class="results"')


def test_a_clean_run_has_nothing_to_list(sample):
    clean = [t for t in sample.tests if t.verdict == "pass" and t.assurance != "marginal" and t.as_left is None]
    record = sample.model_copy(update={"tests": clean, "verdict": "pass"})
    html = render(record, "en", [[]] * len(record.procedures))
    assert '<table class="exceptions">' not in html
    assert f"<b>{len(clean)} items: {len(clean)} pass.</b>" in html  # no noughts of what did not happen


def test_a_run_that_fails_everywhere_still_has_its_table_on_page_one(sample):
    failed = [test.model_copy(update={"verdict": "fail"}) for test in sample.tests]
    page = page_of(sample.model_copy(update={"tests": failed}))
    assert len(page.first_exceptions()) == MOST_EXCEPTIONS
    assert page.more_exceptions() == len(failed) - MOST_EXCEPTIONS
    html = render(sample.model_copy(update={"tests": failed}), "en", [[]] * len(sample.procedures))
    assert f"and {len(failed) - MOST_EXCEPTIONS} more" in html


@pytest.mark.parametrize(("language", "fail", "marginal"), [("en", "✕ fail", "marginal"), ("zh", "✕ 不合格", "临界")])
def test_a_fail_and_a_marginal_are_told_by_sign_and_word_not_by_colour(sample, language, fail, marginal):
    """With every colour taken out of the style the sign, the word and the frame of a marginal still stand."""
    html = render(sample, language, [[]] * len(sample.procedures))
    assert len(re.findall(rf'class="verdict fail">{fail}<', html)) == 3  # the list, the table, the section
    assert 'class="verdict pass">✕' not in html
    assert f'<span class="mark">{marginal}</span>' in html
    style = html.split("<style>")[1].split("</style>")[0]
    assert re.search(r"\.mark \{ border: [^;]+ solid", style)
    assert re.search(r"\.verdict\.fail, \.verdict\.error \{ background: [^;]+; color: #fff", style)
    assert 'class="headline error"><span class="small">' in html
    assert "<b>✕ " in html.split("</header>")[0]


def test_an_unsafe_bench_is_warned_of_on_page_one(sample):
    note = Message(key="safe.not_reached", values={"device": "bench", "reason": "o3 does not answer"})
    html = render(sample.model_copy(update={"notes": [note]}), "en", [[]] * len(sample.procedures))
    said = '<li class="warning">The bench could not be left safe: o3 does not answer. See to it by hand.</li>'
    assert html.index(said) < html.index('class="results"')


# -- margin -----------------------------------------------------------------------------------------------------------


def test_a_miss_is_drawn_at_its_place_and_a_far_one_with_an_arrow(sample):
    slope = next(t for t in sample.tests if t.criterion.endswith("slope") and t.value is not None)
    near = slope.model_copy(update={"value": 1.09, "interval": None, "verdict": "fail"})
    far = slope.model_copy(update={"value": 1.9, "interval": None, "verdict": "fail"})
    assert 'class="missed"' in margin_bar(near, "")
    assert 'class="off"' not in margin_bar(near, "")
    assert 'class="missed"' in margin_bar(far, "")
    assert 'class="off"' in margin_bar(far, "")


# -- a result ---------------------------------------------------------------------------------------------------------


def line(source, contribution, **more):
    return BudgetLine(source=source, type="B", u=0.5, unit="%", sensitivity=contribution / 0.5,
                      contribution=contribution, basis=Message(key="basis.flow_repeatability"), **more)  # fmt: skip


def test_a_budget_names_idle_sources_once_and_fills_no_row_with_noughts(sample):
    budget = [line("repeatability", 0.3), line("cylinder", 0.0), line("gas_flow", 0.4), line("gas_flow", 1e-18)]
    table = budget_table(sample.tests[0].model_copy(update={"budget": budget, "u": 0.5}))
    assert [(row.line.source, row.share) for row in table.rows] == [("repeatability", "36 %"), ("gas_flow", "64 %")]
    assert table.idle == ("cylinder",)
    assert table.cancelling == ()


def test_a_cancelling_source_does_not_count(sample):
    budget = [line("repeatability", 0.3), line("cylinder", 0.4, cancels=True)]
    table = budget_table(sample.tests[0].model_copy(update={"budget": budget, "u": 0.3}))
    assert [row.share for row in table.rows] == ["100 %"]
    assert [found.source for found in table.cancelling] == ["cylinder"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("-0.009 − 0", "−0.009 − 0 = 0.3 %"),
        ("Y = 1.05 X − 0.5", "Y = 1.05 X − 0.5"),
        ("4e-05 − 0", "4e-05 − 0 = 0.3 %"),
    ],
)
def test_a_formula_with_numbers_ends_in_its_value(sample, phrases, given, shown):
    test = sample.tests[0].model_copy(
        update={"value": 0.3, "unit": "%", "interval": None, "formula_numbers": given, "decimals": 1}
    )
    assert phrases.formula_numbers(test) == shown


def test_a_correlation_is_not_one_in_its_formula_either(sample, phrases):
    test = next(t for t in sample.tests if t.criterion.endswith("correlation") and t.value is not None)
    near = test.model_copy(update={"value": 0.9999999, "formula_numbers": "r = 1.00000"})
    assert phrases.formula_numbers(near) == "r > 0.9999"
    assert phrases.formula_numbers(near.model_copy(update={"value": 0.99931})) == "r = 0.9993"


def test_a_reference_that_certifies_a_share_shows_no_value_of_100_percent(sample, phrases):
    flows = next(reference for reference in sample.references if reference.id == "flows")
    assert phrases.content(flows) == "–"
    assert phrases.reference(flows) == (
        "flows: flow standard, u = 0.60 %, certificate FLOW-2025-031, valid until 2026-09-30"
    )


# -- preparation and settings -----------------------------------------------------------------------------------------


def test_the_preparation_is_one_table_and_a_check_that_failed_shows(sample, phrases):
    prepared = preparation(sample.procedures, phrases)
    assert [row.procedure.device for row in prepared.rows] == ["so2", "nox", "o3", "co"]
    assert [column.expected for column in prepared.columns] == ["remote or local, not service", "none", "> 0.3 L/min"]
    checks = [
        PrepareCheck(name="alarms", found="lamp voltage", expected="none", ok=False),
        PrepareCheck(name="gas_unit", found="ppb", expected="ppb or ppm", ok=True),
        PrepareCheck(name="range", found="500", expected="stated by the device", ok=True),
    ]
    bad = sample.procedures[0].model_copy(update={"data": PrepareData(checks=checks)})
    record = sample.model_copy(update={"procedures": [bad, *sample.procedures[1:]]})
    row = preparation(record.procedures, phrases).rows[0]
    assert not row.ready
    html = render(record, "en", [[]] * len(record.procedures))
    shown = plain(html.split('id="p0"')[1].split("</tr>")[0])
    assert "lamp voltage ✕ not in order" in shown
    assert "500 ppb" in shown


def test_settings_have_units_and_changes_stand_apart(sample, phrases):
    entry = next(p for p in sample.procedures if isinstance(p.data, ZeroSpanData) and p.data.coefficients)
    section = Section(4, entry, [], [], [], phrases)
    assert section.changed() == [("SO₂ coefficient", "1.070", "0.999")]
    assert "averaging time 60 s" in section.unchanged()
    assert section.period() == "minutes 5 to 85 of the run (80 min)"
    broken = entry.model_copy(update={"ended_s": entry.started_s + 4})
    assert Section(4, broken, [], [], [], phrases).period() == "at minute 5 of the run"


# -- bands ------------------------------------------------------------------------------------------------------------


def test_as_found_and_as_left_stand_at_their_places_among_the_bands(sample):
    data = next(p.data for p in sample.procedures if isinstance(p.data, ZeroSpanData) and p.data.coefficients)
    root = ET.fromstring(bands_chart("f0", data).svg(Words("en")))
    texts = {node.text: (float(node.get("x")), float(node.get("y"))) for node in root.iter("text")}
    span = [float(node.get("cx")) for node in root.iter("circle")][1]  # found 7 % high: between 5 and 10 %
    assert texts["5"][0] < span < texts["10"][0]
    left = float(re.match(r"M([\d.]+)", [n.get("d") for n in root.iter("path") if n.get("fill") == "#fff"][1])[1]) + 4
    assert abs(left - (texts["5"][0] + texts["−5"][0]) / 2) < 5  # left within 0.3 % of nothing
    assert {"within", "adjust", "as found", "as left", "deviation at zero, ppb"} <= texts.keys()


def test_bands_without_an_outer_limit_are_drawn_without_one(sample):
    data = next(p.data for p in sample.procedures if isinstance(p.data, ZeroSpanData))
    open_ended = data.model_copy(update={"zero_bands": (10.0, 1e12), "span_bands_pct": (5.0, 1e12)})
    svg = bands_chart("f0", open_ended).svg(Words("en"))
    assert "url(#f0-out)" not in svg
    assert "adjust" not in svg
    assert "url(#f0-out)" in bands_chart("f0", data).svg(Words("en"))
