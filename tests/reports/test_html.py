"""The page: complete, self-contained, honest about simulation, limits and uncertainty."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from calibration.record import Message, MultipointData
from reports.assurance import sentences
from reports.html import render
from reports.margin import margin_bar
from reports.messages import MessageError, Words
from reports.page import Page
from reports.phrases import rescued


@pytest.fixture(scope="module")
def pages(sample):
    return {language: render(sample, language) for language in ("en", "zh")}


class Outline(HTMLParser):
    """Checks that tags nest, and collects identifiers, links to them and addresses."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "action", "data"):
                (self.links if value.startswith("#") else self.addresses).append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def words_of(page):
    bare = re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL))
    return re.sub(r"\s+", " ", unescape(bare))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_nests_and_needs_nothing_else(pages, language):
    outline = Outline()
    outline.feed(pages[language])
    assert outline.open == []
    assert outline.addresses == []
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links} <= set(outline.ids)
    for forbidden in ("<script", "javascript:", "@import", "http:", "https:", " onload=", "url(//"):
        assert forbidden not in pages[language]


def test_page_one_names_every_item_with_its_verdict(sample, pages):
    table = pages["en"].split('class="results"')[1].split("</table>")[0]
    rows = [words_of(row) for row in table.split("<tr") if "<td" in row]
    assert len(rows) == len(sample.tests)
    for row, test in zip(rows, _by_device(sample.tests), strict=True):
        assert test.verdict in row
        assert ("marginal" in row) == (test.assurance == "marginal")
        assert ("not confirmed" in row) == (test.limit_mark != "read")
    assert table.count('class="margin"') == sum(test.value is not None for test in sample.tests)


def _by_device(tests):
    order = list(dict.fromkeys(test.device for test in tests))
    return sorted(tests, key=lambda test: order.index(test.device))


def test_the_sample_has_every_case(sample):
    assert {test.verdict for test in sample.tests} == {"pass", "fail", "undecided", "void", "not tested", "error"}
    assert {test.assurance for test in sample.tests} == {"firm", "marginal", "not applicable"}
    assert {test.limit_mark for test in sample.tests} == {"read", "reported", "recalled"}


def test_english_reads_like_a_lab_report(pages):
    said = words_of(pages["en"])
    for words in (
        "pass after adjustment", "1.070 → 0.999", "NOx converter efficiency by gas-phase titration",
        "Refused: NO left after the titration is", "The guarded rule leaves the result undecided",
        "Cancel out: gas cylinder (both readings use the same gas)", "Interrupted by the operator", "2026-12-31",
        "GBW(E)061333-07", "the probability that the true value does not is", "stability window",
        "recalled from memory", "commands recalled",
        "Broken off by an error: co: no answer to 'co' within 2 s", "Correlation coefficient",
    ):  # fmt: skip
        assert words in said, words


def test_chinese_reads_like_a_metrology_report(pages):
    said = words_of(pages["zh"])
    for words in (
        "模拟运行", "多点校准", "零点/跨度检查", "钼炉转化效率", "气相滴定", "相关系数", "斜率", "截距", "残差",
        "不确定度", "合格", "不合格", "临界", "限值未经证实", "待定", "调整后合格", "合成标准不确定度", "灵敏系数",
        "自由度", "有效期至", "由低到高", "最小二乘法",
    ):  # fmt: skip
        assert words in said, words
    # Three English words in a row are a text that was forgotten; free texts of the plan stay as they were written.
    cells = re.sub(r"<[^>]+>", "|", re.sub(r"<(style|svg).*?</\1>", "|", pages["zh"], flags=re.DOTALL))
    left = set(re.findall(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}", cells))
    assert left <= {"this project", "no answer to"}, left


@pytest.mark.parametrize(("language", "mark"), [("en", "SIMULATED"), ("zh", "模拟运行")])
def test_a_simulated_run_says_so_on_screen_and_on_every_printed_page(sample, pages, language, mark):
    page = pages[language]
    assert f"<b>{mark}</b>" in page
    assert re.search(rf'@top-center {{ content: "{mark}"', page)
    assert re.search(rf'class="watermark"[^>]*>{mark}<', page)
    assert re.search(r"\.watermark \{ display: block; position: fixed", page)
    real = sample.model_copy(update={"run": sample.run.model_copy(update={"simulated": False})})
    assert mark not in render(real, language)


def test_no_number_has_eight_digits_and_no_uncertainty_is_zero(pages):
    said = words_of(pages["en"])
    assert re.findall(r"\d+\.\d{7,}", said) == []
    assert re.findall(r"± 0(?:\.0*)?(?![.\d])", said) == []


def test_only_an_unread_limit_is_hedged(sample):
    read = [test.model_copy(update={"limit_mark": "read"}) for test in sample.tests]
    page = render(sample.model_copy(update={"tests": read}), "en")
    table = page.split('class="results"')[1].split("</table>")[0]
    assert "not confirmed" not in table
    assert "Limit not confirmed" not in page


def test_each_procedure_has_a_section_with_data_settings_and_references(sample, pages):
    sections = re.findall(r'<section id="p\d+".*?</section>', pages["en"], flags=re.DOTALL)
    shown = [procedure for procedure in sample.procedures if procedure.procedure != "prepare"]
    assert len(sections) == len(shown)
    for section, procedure in zip(sections, shown, strict=True):
        assert section.count("<figure>") == (0 if procedure.data is None else 2)
        assert section.count('class="judged"') == sum(t.procedure_id == procedure.id for t in sample.tests)
        for reference in procedure.references:
            assert reference in section
        if isinstance(procedure.data, MultipointData):
            assert "Residual standard deviation" in section
    assert "none had changed" in sections[1]
    assert "none had changed" not in sections[0]  # SO2 was adjusted
    assert "SO₂ coefficient 1.070 → <b>0.999</b>" in sections[0]
    assert "averaging time 60 s" in sections[0]
    assert "No data were kept" in sections[-1]


def test_what_was_not_tested_is_named(sample, pages):
    page = Page(sample, "en", [[]] * len(sample.procedures))
    states = [state for _, state, _ in page.untested()]
    assert states == ["void", "not tested", "error"]
    done = sample.model_copy(update={"tests": sample.tests[:3], "procedures": sample.procedures[:5]})
    assert "Every item of the plan was tested." in render(done, "en")
    broken = sample.model_copy(update={"tests": [], "procedures": sample.procedures[-1:]})
    assert Page(broken, "en", [[]]).untested()[0][1:] == (
        "interrupted", "Interrupted by the operator; what had been measured is kept.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "p", "said"),
    [
        ("pass", 0.88, "The result meets the limit. Given U, the probability that the true value does "
                       "not is 12 %; the standard does not ask for this."),
        ("fail", 0.03, "The result does not meet the limit. Given U, the probability that the true "
                       "value does is 3.0 %; the standard does not ask for this."),
        ("pass", None, "The result meets the limit. No probability is attached to it"),
        ("void", 0.5, "The test is void; no statement is made."),
    ],
)  # fmt: skip
def test_assurance_in_words(sample, verdict, p, said):
    test = sample.tests[0].model_copy(update={"verdict": verdict, "p_conform": p})
    assert " ".join(sentences(test, Words("en"))).startswith(said)


def test_adjustment_is_credited_only_where_it_was_needed(sample):
    adjusted = [test for test in sample.tests if test.as_left is not None]
    assert [test.criterion for test in adjusted] == ["zero_span.zero", "zero_span.span"]
    assert [rescued(test) for test in adjusted] == [False, True]
    page = Page(sample, "en", [[]] * len(sample.procedures))
    assert "1 passed only after an adjustment." in page.counts()
    assert next(t for t in page.exceptions() if rescued(t)).verdict == "pass"


def test_margin_bar_is_readable_without_colour(sample):
    slopes = {test.quantity: test for test in sample.tests if test.criterion.endswith("slope") and test.value}
    met, missed = margin_bar(slopes["so2"], "a"), margin_bar(slopes["o3"], "b")
    assert 'class="met"' in met
    assert 'class="missed"' not in met
    assert 'class="missed"' in missed
    assert met.count('class="limit"') == 2
    far = slopes["o3"].model_copy(update={"value": 3.0, "interval": None})
    assert 'class="off"' in margin_bar(far, "c")
    one_sided = slopes["so2"].model_copy(update={"limit_high": None})
    assert margin_bar(one_sided, "d").count('class="open"') == 1
    assert margin_bar(slopes["so2"].model_copy(update={"value": None}), "e") == ""
    places = [float(x) for x in re.findall(r'class="limit" x1="([\d.]+)"', met)]
    value = float(re.search(r'class="met" d="M([\d.]+)', met)[1]) + 5
    assert places[0] < value < places[1]
    share = (value - places[0]) / (places[1] - places[0])
    assert share == pytest.approx((slopes["so2"].value - 0.95) / 0.1, abs=0.01)


def test_markup_and_junk_from_devices_do_no_harm(sample):
    device = sample.devices[0].model_copy(update={"serial": "<b onload=x>\x00\x1b", "firmware": 'a"}</style>'})
    run = sample.run.model_copy(update={"id": 'x"; } </style><script>'})
    page = render(sample.model_copy(update={"devices": [device], "run": run}), "en")
    assert "<script" not in page
    assert "<b onload" not in page
    assert page.count("</style>") == 1
    assert "\x00" not in page
    assert "\x1b" not in page


def test_an_unknown_language_is_refused(sample):
    with pytest.raises(MessageError, match="'fr'"):
        render(sample, "fr")


def test_a_bare_record_still_gives_a_page(sample):
    empty = sample.model_copy(
        update={"tests": [], "procedures": [], "devices": [], "references": [], "notes": [Message(key="new.note")]}
    )
    assert "new.note" in render(empty, "en")


def test_levels_without_readings_and_no_fit(sample):
    entry = next(p for p in sample.procedures if isinstance(p.data, MultipointData))
    data = entry.data
    lost = data.levels[2].model_copy(
        update={"mean": None, "sd": None, "n": 0, "stable": False, "window_start_s": None, "window_end_s": None,
                "slope_per_min": None,
                "refused": Message(key="gas.stability_not_reached", values={
                    "level": "20 %", "minutes": 60, "slope": 3.0, "unit": "nmol/mol", "limit": 0.15,
                    "s": 1.5, "scatter": 3.0})}
    )  # fmt: skip
    levels = [*data.levels[:2], lost, *data.levels[3:]]
    changed = entry.model_copy(update={"data": data.model_copy(update={"levels": levels, "fit": None})})
    page = render(sample.model_copy(update={"procedures": [changed], "tests": []}), "en")
    assert "No line could be fitted" in page
    assert (
        "Refused: 20 %: not stable within 60 min (drift 3 ppb per min, allowed 0.15; scatter s = 1.5 ppb, allowed 3)."
        in page
    )
