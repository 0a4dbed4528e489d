"""The report as PDF: its bytes, its words, its pages, its fonts. Poppler reads what Typst has set."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from crowded import crowd

from reports.fonts import PaperError, chinese_face, fonts_for
from reports.messages import Words
from reports.page import Page
from reports.pdf import render_pdf

POPPLER = pytest.mark.skipif(
    not all(map(shutil.which, ("pdftotext", "pdffonts", "pdfinfo"))), reason="poppler-utils are not installed"
)
try:
    chinese_face({"HOME": str(Path.home())})
    CHINESE = True
except PaperError:
    CHINESE = False
NEEDS_CHINESE = pytest.mark.skipif(not CHINESE, reason="no font for Chinese is installed (fonts-wqy-microhei)")
SPACE = "{http://www.w3.org/1999/xhtml}"


def asked(tool, data, folder, *more):
    path = folder / "report.pdf"
    path.write_bytes(data)
    found = subprocess.run([tool, *more, str(path), *(["-"] if tool == "pdftotext" else [])], capture_output=True)
    assert found.returncode == 0, found.stderr
    return found.stdout.decode()


@pytest.fixture(scope="session")
def english(sample):
    return render_pdf(sample, "en")


def test_the_same_record_gives_the_same_bytes_in_another_process(sample, english, tmp_path):
    (tmp_path / "result.json").write_text(sample.to_json(), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from calibration.record import load\n"
        "from reports.pdf import render_pdf\n"
        "sys.stdout.buffer.write(render_pdf(load(Path(sys.argv[1])), 'en'))\n"
    )
    root = Path(__file__).parents[2]
    again = subprocess.run([sys.executable, "-c", code, str(tmp_path / "result.json")], check=True, cwd=root,
                           capture_output=True, env={"PYTHONHASHSEED": "7", "PATH": "/usr/bin:/bin"})  # fmt: skip
    assert again.stdout == english


def test_it_says_that_it_is_pdf_a_2b_and_bears_the_date_of_the_run(english):
    assert re.search(rb"<pdfaid:part>2</pdfaid:part>\s*<pdfaid:conformance>B</pdfaid:conformance>", english)
    assert b"2026-11-24" in english  # when the run ended, not when the PDF was made


@POPPLER
def test_every_page_says_which_run_it_is_of_and_that_it_is_simulated(sample, english, tmp_path):
    pages = asked("pdftotext", english, tmp_path, "-layout").split("\f")[:-1]
    assert len(pages) > 10
    for number, page in enumerate(pages, 1):
        assert page.count(sample.run.id) >= 2
        assert "SIMULATED" in page
        assert f"page {number} of {len(pages)}" in page


@POPPLER
def test_a_real_run_is_not_called_simulated(sample, tmp_path):
    real = sample.model_copy(
        update={"run": sample.run.model_copy(update={"simulated": False}), "procedures": [], "tests": []}
    )
    assert "SIMULATED" not in asked("pdftotext", render_pdf(real, "en"), tmp_path)


@POPPLER
@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=NEEDS_CHINESE)])
def test_it_says_of_each_test_what_the_page_of_html_says(sample, english, tmp_path, language):
    data = english if language == "en" else render_pdf(sample, language)
    text = "".join(asked("pdftotext", data, tmp_path).split()).replace("\N{SOFT HYPHEN}", "")
    page = Page(sample, language, [[] for _ in sample.procedures])
    for test in sample.tests:
        for said in (page.phrases.result(test), page.phrases.limit(test), page.phrases.say(test.message or note())):
            assert "".join(said.split()) in text.replace("-", "") or "".join(said.split()) in text
    for section in page.sections():
        assert "".join(section.title().split()) in text
    for reference in sample.references:
        assert reference.certificate in text
    fonts = asked("pdffonts", data, tmp_path).splitlines()[2:]
    assert fonts
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts)  # embedded, subset, with Unicode


def note():
    from calibration.record import Message

    return Message(key="safe.done")


@POPPLER
def test_nothing_overflows_with_twenty_analyzers(sample, tmp_path):
    record = crowd(sample, 20)
    pages = ElementTree.fromstring(
        re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", asked("pdftotext", render_pdf(record, "en"), tmp_path, "-bbox"))
    )
    looked = 0
    for page in pages.iter(f"{SPACE}page"):
        boxes = []
        for word in page.iter(f"{SPACE}word"):
            left, top, right, bottom = (float(word.get(side)) for side in ("xMin", "yMin", "xMax", "yMax"))
            assert left > 34, word.text  # 13 mm are 36.9 points
            assert right < 595.3 - 34, word.text
            if bottom - top < right - left + 12:  # not one that stands upright beside an axis
                boxes.append((left, top + 1.6, right, bottom - 1.6, word.text))
        boxes.sort(key=lambda box: box[1])
        for number, one in enumerate(boxes):
            for other in boxes[number + 1 :]:
                if other[1] >= one[3]:
                    break
                apart = other[0] >= one[2] - 0.6 or other[2] <= one[0] + 0.6
                assert apart, f"{one[4]} lies on {other[4]}"
        looked += len(boxes)
    assert looked > 5000


def test_a_byte_that_no_font_has_becomes_the_sign_for_it(sample, tmp_path):
    device = sample.devices[0].model_copy(update={"firmware": "\U0001f4a9 \u0e01 1.0"})
    odd = sample.model_copy(update={"devices": [device, *sample.devices[1:]], "procedures": [], "tests": []})
    data = render_pdf(odd, "en")
    if shutil.which("pdftotext"):
        assert "\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} 1.0" in asked("pdftotext", data, tmp_path)


def test_without_a_font_for_chinese_the_message_names_the_package(tmp_path):
    bare = {"HOME": str(tmp_path), "XDG_DATA_DIRS": str(tmp_path)}
    with pytest.raises(PaperError, match="fonts-wqy-microhei"):
        fonts_for(Words("zh")("report.title"), bare)
    assert fonts_for("Report, ±5 ppb → fail ✕", bare).families == ("DejaVu Sans",)


def test_a_font_path_without_chinese_is_named(tmp_path):
    latin = fonts_for("a").files[0]
    with pytest.raises(PaperError, match="RIG_FONT_PATH"):
        chinese_face({"RIG_FONT_PATH": str(latin)})
    with pytest.raises(PaperError, match="nowhere"):
        chinese_face({"RIG_FONT_PATH": str(tmp_path / "nowhere")})


@NEEDS_CHINESE
def test_a_font_of_ones_own_goes_first(tmp_path):
    found = chinese_face({"HOME": str(Path.home())})
    mine = tmp_path / f"mine{found.file.suffix}"
    mine.symlink_to(found.file)
    assert chinese_face({"RIG_FONT_PATH": str(tmp_path), "HOME": str(Path.home())}).file == mine


@pytest.mark.parametrize("kind", ["html", "pdf", "junit"])
def test_the_command_makes_the_report_again(sample, tmp_path, kind, capsys):
    from rig.cli.report import report

    short = sample.model_copy(update={"procedures": sample.procedures[:6]})
    (tmp_path / "result.json").write_text(short.to_json(), encoding="utf-8")
    assert report(tmp_path, kind, ("en",), None) == 0
    written = Path(capsys.readouterr().out.strip())
    assert written.parent == tmp_path
    first = written.read_bytes()
    assert report(tmp_path / "result.json", kind, ("en",), tmp_path / "again") == 0
    assert (tmp_path / "again" / written.name).read_bytes() == first
    assert not (tmp_path / "again" / "result.json").exists()


def test_the_command_without_a_font_is_a_mistake_of_the_configuration(sample, tmp_path, monkeypatch):
    from rig.cli.report import report
    from rig.errors import ConfigurationError

    (tmp_path / "result.json").write_text(sample.to_json(), encoding="utf-8")
    monkeypatch.setenv("RIG_FONT_PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="RIG_FONT_PATH"):
        report(tmp_path, "pdf", ("zh",), None)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_a_run_that_is_to_end_in_a_pdf_does_not_begin_without_a_font(tmp_path, monkeypatch):
    from rig.cli.accept import AcceptOptions, accept
    from rig.errors import ConfigurationError

    monkeypatch.setenv("RIG_FONT_PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="--pdf"):
        accept(AcceptOptions(pdf=True, languages=("en", "zh"), out=tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []


def test_pdfs_stand_beside_the_pages_under_the_same_names(sample, tmp_path):
    from reports import write_reports

    bare = sample.model_copy(update={"procedures": [], "tests": []})
    written = write_reports(bare, tmp_path, ("en",), ("html", "pdf"))
    assert [path.name for path in written] == ["result.json", "report.html", "report.pdf"]
