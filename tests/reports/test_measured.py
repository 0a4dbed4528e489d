"""The general data on the page: tables, checks, settings, the four kinds of figure, and what is said of a deviation."""

import re
import time
import xml.etree.ElementTree as ET
from html import unescape

import pytest
from general_record import build_general, deviation_test
from pydantic import ValidationError

from calibration.record import Chart, Column, MeasuredData, Message, Table
from reports import numbers
from reports.assurance import sentences
from reports.figures import draw
from reports.figures_measured import measured_figures
from reports.graph import ticks
from reports.html import render
from reports.junit import to_junit
from reports.messages import Catalogue, Words, load
from reports.phrases import Phrases
from reports.section import Section
from reports.tables import cell, table_view


@pytest.fixture(scope="module")
def general():
    return build_general()


@pytest.fixture(scope="module")
def pages(general):
    drawings = draw(general)
    return {language: render(general, language, drawings) for language in ("en", "zh")}


def plain(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", " ", html, flags=re.S))))


def section(page, number):
    return page.split(f'<section id="p{number}"')[1].split("</section>")[0]


def parts(record, name):
    """Place and data of the first entry of a procedure."""
    number = next(n for n, p in enumerate(record.procedures) if p.procedure == name)
    return number, record.procedures[number].data


def figure(chart, **more):
    data = MeasuredData(quantity="so2", unit="nmol/mol", full_scale=500.0, charts=[chart], **more)
    [drawing] = measured_figures("f", data, 0.0)
    return ET.fromstring(drawing.svg(Words("en"))), drawing


def texts(root):
    return {node.text: (float(node.get("x")), float(node.get("y"))) for node in root.iter("text")}


def own_words(**entries):
    shipped = {k: {lang: load().template(k, lang) for lang in ("en", "zh")} for k in load().keys()}  # noqa: SIM118
    return Catalogue({**shipped, **entries})


# -- tables -----------------------------------------------------------------------------------------------------------


def test_cells_have_the_decimals_of_their_column_and_the_words_of_their_key():
    phrases = Phrases(Words("zh"))
    assert cell(-0.04, Column(key="x", decimals=1), phrases) == "0.0"  # no negative zero
    assert cell(-0.16, Column(key="x", decimals=1), phrases) == "−0.2"
    assert cell(0.123456, Column(key="x"), phrases) == "0.1235"
    assert cell(7.0, Column(key="x"), phrases) == "7"
    assert cell(None, Column(key="x"), phrases) == "–"
    assert cell(float("nan"), Column(key="x"), phrases) == "–"
    assert cell("so2", Column(key="quantity"), phrases) == "SO₂"
    assert cell("zero", Column(key="level"), phrases) == "零点"
    assert cell("zero", Column(key="which"), phrases) == "零点"  # a name is looked for in other groups too
    assert cell("SIM-0043", Column(key="serial"), phrases) == "SIM-0043"
    said = cell(Message(key="run.error", values={"error": "no answer"}), Column(key="remark"), phrases)
    assert said == "因错误中断：no answer"


def test_titles_and_heads_come_from_the_catalogue():
    words = own_words(**{
        "table.my_form": {"en": "My form", "zh": "我的表"}, "column.my_mean": {"en": "Mean", "zh": "均值"},
    })  # fmt: skip
    table = Table(key="my_form", columns=[Column(key="my_mean", unit="nmol/mol", decimals=1), Column(key="other")],
                  rows=[[1.0, "x"]])  # fmt: skip
    view = table_view(table, Phrases(Words("zh", words)))
    assert view.title == "我的表"
    assert [(head.text, head.unit, head.numeric) for head in view.heads] == [
        ("均值", "ppb", True),
        ("other", "", False),
    ]
    assert table_view(table, Phrases(Words("en"))).title == "my_form"  # no word: the name itself


def test_a_long_narrow_table_of_numbers_is_laid_out_side_by_side_whole_and_in_order():
    rows = [[float(n), n / 7] for n in range(25)]
    columns = [Column(key="number", decimals=0), Column(key="mean", decimals=3)]
    view = table_view(Table(key="t", columns=columns, rows=rows), Phrases(Words("en")))
    assert len(view.pieces) > 1
    assert [row[0] for piece in view.pieces for row in piece] == [str(n) for n in range(25)]
    with_words = Table(key="t", columns=columns, rows=[*rows, [25.0, "zero"]])
    assert len(table_view(with_words, Phrases(Words("en"))).pieces) == 1


def test_a_table_or_chart_that_is_not_of_one_piece_is_refused_where_it_is_made():
    with pytest.raises(ValidationError, match="table t: 1 cells a row, not 2 in row 0"):
        Table(key="t", columns=[Column(key="a")], rows=[[1.0, 2.0]])
    with pytest.raises(ValidationError, match="chart c: as many x as y"):
        Chart(key="c", kind="series", x=[[1.0]], y=[[1.0, 2.0]])
    with pytest.raises(ValidationError, match="chart c: a name for each of its 1 series"):
        Chart(key="c", kind="series", names=["a", "b"], x=[[1.0]], y=[[1.0]])


def test_the_page_shows_tables_checks_and_settings(general, pages):
    shown = plain(section(pages["en"], parts(general, "drift")[0]))
    assert "5 80 % −0.30 −0.36 80 %: not stable within 60 min" in shown
    assert "range 500 ppb 200 ppb ✕ not in order" in shown
    assert "SO₂ coefficient 1.070 0.999" in shown
    assert "averaging time 60 s 60 s" in shown
    assert "hours 1.0 to 169.0 of the run (168.0 h)" in shown
    assert "minutes 60 to 75 of the run (15 min)" in plain(section(pages["en"], parts(general, "response")[0]))
    noise = plain(section(pages["en"], parts(general, "noise")[0]))
    assert "Level Offered ppb" in noise  # the level on which it was measured
    assert "Residual" not in noise


# -- figures ----------------------------------------------------------------------------------------------------------


def test_every_chart_and_trace_has_its_figure(general):
    for procedure, drawings in zip(general.procedures, draw(general), strict=True):
        units = {trace.unit for trace in procedure.data.traces}
        assert len(drawings) == len(procedure.data.charts) + len(units) > 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_figures_are_well_formed_and_speak(general, language):
    words = Words(language)
    identifiers = []
    for drawing in (drawing for found in draw(general) for drawing in found):
        root = ET.fromstring(drawing.svg(words))
        _, _, width, height = map(float, root.get("viewBox").split())
        for text, (x, y) in texts(root).items():
            assert not text.startswith("[")
            assert 0 <= x <= width
            assert 0 < y <= height
        identifiers += [node.get("id") for node in root.iter() if node.get("id")]
        assert drawing.caption.text(words).endswith("." if language == "en" else "。")
    assert len(identifiers) == len(set(identifiers))


def test_a_series_stands_at_its_places_among_its_limits():
    chart = Chart(key="days", kind="series", x_unit="d", y_unit="%", x=[[0.0, 1.0, 2.0]], y=[[0.0, 2.5, 6.0]],
                  limit_low=-5.0, limit_high=5.0)  # fmt: skip
    root, drawing = figure(chart)
    dots = [float(node.get("cy")) for node in root.iter("circle")]
    dashed = [float(re.match(r"M[\d.]+ ([\d.]+)H", n.get("d"))[1]) for n in root.iter("path")
              if n.get("stroke-dasharray") == "3 2"]  # fmt: skip
    low, high = max(dashed), min(dashed)
    assert (low - dots[0]) / (low - high) == pytest.approx(0.5, abs=0.01)
    assert (low - dots[1]) / (low - high) == pytest.approx(0.75, abs=0.01)
    assert dots[2] < high  # beyond the limit, and drawn so
    assert drawing.caption.text(Words("en")) == "SO₂: days. Thick dashes: limits."
    assert {"time, d", "value, %", "5", "−5"} <= texts(root).keys()


def test_series_are_told_apart_without_colour():
    chart = Chart(key="c", kind="series", names=["zero", "20 %", "so2"], x=[[0.0, 1.0]] * 3,
                  y=[[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]])  # fmt: skip
    root, _ = figure(chart)
    dashes = [
        n.get("stroke-dasharray") for n in root.iter("path") if n.get("stroke-width") == "1" and "L" in n.get("d")
    ]
    assert len(set(dashes)) == 3
    assert {"zero", "20 %", "SO₂"} <= texts(root).keys()


def test_marks_stand_at_their_instants_and_do_not_cover_each_other():
    chart = Chart(key="c", kind="trace", x_unit="s", y_unit="nmol/mol", x=[[0.0, 100.0]], y=[[0.0, 1.0]],
                  marks={"gas on": 0.0, "lag": 2.0, "T90": 60.0})  # fmt: skip
    found = texts(figure(chart)[0])
    assert found["gas on"][1] != found["lag"][1]
    assert found["gas on"][1] == found["T90"][1]
    assert found["gas on"][0] < found["lag"][0] < found["T90"][0]


def test_a_line_has_its_band_and_its_residuals_against_the_limits(general):
    _, data = parts(general, "linearity")
    [drawing] = measured_figures("f", data, 0.0)
    root = ET.fromstring(drawing.svg(Words("en")))
    found = texts(root)
    assert {"offered, ppb", "residual, ppb", "rising", "falling", "5", "−5"} <= found.keys()
    assert found["residual, ppb"][0] > 200  # on the right
    assert drawing.caption.text(Words("en")).endswith(
        "Thick dashes: limits. Shaded: 95 % confidence band of the line; residuals on the right. "
        "The line is fitted to the first series."
    )
    # residuals of the points that the line was fitted to add up to nothing, so their places do about zero
    zero = next(float(re.match(r"M[\d.]+ ([\d.]+)H", n.get("d"))[1]) for n in root.iter("path")
                if n.get("stroke") == "#8c8c8c" and "H" in n.get("d"))  # fmt: skip
    dots = [float(n.get("cy")) for n in root.iter("circle") if float(n.get("cx")) > 270]
    assert len(dots) == 7
    assert sum(y - zero for y in dots) == pytest.approx(0.0, abs=0.5)


def test_bars_have_the_names_of_their_marks_and_heights_of_their_values():
    chart = Chart(key="c", kind="bars", y_unit="s", names=["rise", "fall"], x=[[1.0, 2.0]] * 2,
                  y=[[50.0, 100.0], [25.0, float("nan")]], marks={"first": 1.0})  # fmt: skip
    root, _ = figure(chart)
    heights = [abs(float(a) - float(b)) for n in root.iter("path") if n.get("stroke-width") == "0.8"
               for a, b in re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)H", n.get("d"))]  # fmt: skip
    assert heights[1] / heights[0] == pytest.approx(2.0, abs=0.02)
    assert heights[2] / heights[0] == pytest.approx(0.5, abs=0.02)
    assert len(heights) == 3  # what is no number has no bar
    assert {"first", "2", "rise", "fall"} <= texts(root).keys()


def test_odd_data_still_give_a_figure():
    nan = float("nan")
    one = Chart(key="c", kind="series", x=[[1.0]], y=[[3.0]])
    gap = Chart(key="c", kind="series", x=[[0.0, 1.0, 2.0, 3.0]], y=[[1.0, 1.0, nan, 1.0]], limit_high=1.0)
    for chart in (one, gap):
        root, _ = figure(chart)
        assert "nan" not in ET.tostring(root, encoding="unicode")
    empty = [Chart(key="c", kind="series", x=[], y=[]), Chart(key="c", kind="line", x=[[1.0]], y=[[nan]])]
    data = MeasuredData(quantity="so2", unit="nmol/mol", full_scale=1.0, charts=empty)
    assert measured_figures("f", data, 0.0) == []


def test_traces_of_different_units_do_not_share_a_scale(general):
    _, data = parts(general, "noise")
    flow = data.traces[0].model_copy(update={"quantity": "sample_flow", "unit": "L/min"})
    both = data.model_copy(update={"charts": [], "traces": [*data.traces, flow]})
    first, second = measured_figures("f", both, 3600.0)
    assert "Shaded" in first.caption.text(Words("en"))
    assert second.caption.text(Words("en")) == "sample flow over time."
    late = measured_figures("f", both, 3600.0 - 10 * 86400.0)[0]
    assert "days since the start of the procedure" in texts(ET.fromstring(late.svg(Words("en"))))


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-0.013, 0.017), (396.0, 404.0), (0.0, 2.6e6), (-7.5, -7.1)])
def test_ticks_are_round_and_few(low, high):
    found = list(ticks(low, high, 5))
    assert 2 <= len(found) <= 7
    for value, text in found:
        assert low - 1e-9 <= value <= high + 1e-9
        assert float(text.replace("−", "-")) == pytest.approx(value, abs=1e-12)


def test_figures_of_a_long_plan_cost_little(general):
    """A plan of a week has a hundred of them, and its report may take a second or two: 10 ms each at the most."""
    count = sum(map(len, draw(general)))
    begun = time.process_time()
    draw(general)
    assert (time.process_time() - begun) / count < 0.01


# -- what is said of a result -----------------------------------------------------------------------------------------


def test_a_deviation_is_told_by_its_interval_and_its_readings(general, pages):
    test = deviation_test("so2/noise/so2", "zero_noise", "nmol/mol", 0.45, 0.5)
    assert sentences(test, Words("en"))[1] == (
        "Given only 25 readings, the probability that the true deviation does not is 27 %; "
        "the standard does not ask for this."
    )
    assert numbers.result(test).value == "0.45"  # as fine as its interval
    shown = plain(section(pages["en"], parts(general, "noise")[0]))
    assert (
        "standard deviation of means over 2 min; the square of its estimate scatters like χ² with 24 degrees" in shown
    )
    assert "[a, b]: interval that covers the true value" in plain(pages["en"])


def test_a_printed_deviation_stands_on_the_side_of_its_limit_that_the_verdict_says():
    test = deviation_test("so2/noise/so2", "zero_noise", "nmol/mol", 0.50004, 0.5)
    assert test.verdict == "fail"
    assert float(numbers.result(test).value) > 0.5


def test_measurand_what_cancels_and_no_distribution_are_said(general, pages):
    drift = plain(section(pages["en"], parts(general, "drift")[0]))
    assert "change of the zero in 24 h; its estimate scatters like Student's t with 41 degrees of freedom" in drift
    assert "gas cylinder, dilution flow: the readings that are compared share it, and it cancels." in drift
    line = plain(section(pages["en"], parts(general, "linearity")[0]))
    assert "this kind of result has no distribution that would give one" in line
    assert "no distribution of its estimate is claimed" in line


def test_a_source_that_the_budget_names_as_cancelling_is_not_named_twice(general):
    test = next(test for test in general.tests if test.cancels)
    line = test.budget[0].model_copy(update={"source": "cylinder", "cancels": True})
    both = test.model_copy(update={"budget": [*test.budget, line]})
    assert Phrases(Words("en")).does_not_count(both).startswith("dilution flow:")


def test_a_long_plan_reads_in_both_languages_and_leaves_junit_as_it_is(general, pages):
    for page in pages.values():
        table = page.split('class="results"')[1].split("</table>")[0]
        assert table.count('class="group"') == 4
        assert table.count('class="judgement"') == len(general.tests) == 60
    assert "read in the document" in plain(pages["en"].split('class="appendix"')[1])  # marks of the plan's choices
    assert "Interrupted by the operator" in plain(pages["en"].split('<h2 id="untested">')[1])
    assert "估计值的平方服从自由度为 24 的 χ² 分布" in plain(pages["zh"])
    assert to_junit(general).count("<testcase") == 60


def test_windows_of_days_are_told_in_hours(general):
    number, data = parts(general, "noise")
    slow = general.procedures[number].model_copy(update={"ended_s": general.procedures[number].started_s + 90_000.0})
    words = Phrases(Words("en"))
    quick, long = (Section(number, p, [], [], [], words) for p in (general.procedures[number], slow))
    assert (quick.window(data.levels[0]), quick.window_unit) == ("20.0–25.0", "min")
    assert (long.window(data.levels[0]), long.window_unit) == ("0.33–0.42", "h")


def test_whole_numbers_have_whole_ticks():
    days = Chart(key="c", kind="series", x_unit="d", x=[[0.0, 1.0, 2.0, 3.0]], y=[[1.0, 2.0, 1.0, 2.0]])
    assert {"0", "1", "2", "3"} <= texts(figure(days)[0]).keys()
    assert not any(text.endswith(".5") and y > 100 for text, (_, y) in texts(figure(days)[0]).items())


def test_sources_that_a_gas_does_not_have_are_not_said_to_cancel(general):
    test = next(test for test in general.tests if test.cancels)
    everything = test.model_copy(update={"cancels": ["cylinder", "gas_flow", "photometer"], "budget": []})
    say = Phrases(Words("en")).does_not_count
    assert say(everything.model_copy(update={"quantity": "o3"})).startswith("ozone photometer:")
    assert say(everything.model_copy(update={"quantity": "co"})).startswith("gas cylinder, standard gas flow:")


def test_a_long_report_lists_its_contents_with_links_that_lead_somewhere(general, pages):
    for page in pages.values():
        listed = page.split('<nav id="contents">')[1].split("</nav>")[0]
        targets = re.findall(r'href="#([^"]+)"', listed)
        assert {"devices", "references", "untested", "run", "parameters"} <= set(targets)
        assert all(page.count(f'id="{target}"') == 1 for target in targets)
        sections = re.findall(r'<section id="([^"]+)"', page)
        assert set(sections) <= set(targets)
        assert page.index('class="results"') < page.index('id="contents"') < page.index('id="devices"')
    short = general.model_copy(update={"procedures": general.procedures[:3]})
    assert 'id="contents"' not in render(short, "en")
