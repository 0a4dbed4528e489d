"""The page as a browser lays it out: nothing overflows, with twenty analyzers, on a screen and on paper.

These tests ask Chromium. Where it is not installed they are skipped; what they guard is then not tested.
"""

import json
import re
import shutil
import subprocess

import pytest
from crowded import crowd
from general_record import build_general

from reports.figures import draw
from reports.html import render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
# Lists every element that reaches beyond the page, as laid out on the screen and then in the width and type of A4.
MEASURE = """<script>
function beyond() {
  const page = document.body.getBoundingClientRect(), found = [];
  for (const e of document.body.querySelectorAll("*:not(svg *)")) {
    const box = e.getBoundingClientRect();
    if (box.width && (box.right > page.right + 1 || box.left < page.left - 1 || e.scrollWidth > e.clientWidth + 1 &&
        getComputedStyle(e).display.startsWith("table"))) found.push(e.tagName + " " + e.textContent.slice(0, 40));
  }
  return found;
}
const screenOverflow = beyond();
document.body.style.cssText = "font-size:9.2pt;width:186mm;max-width:none;margin:0";
const rows = [...document.querySelectorAll(".results tr")].map(r => r.getBoundingClientRect().height);
document.title = JSON.stringify({screen: screenOverflow, paper: beyond(), tallest: Math.max(...rows)});
</script>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: layout is not tested")


def chromium(folder, *arguments):
    profile = folder / "profile"
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.fixture(scope="module")
def drawings(sample):
    return draw(sample)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_twenty_analyzers_do_not_overflow(sample, drawings, language, tmp_path):
    page = render(crowd(sample, 20), language, drawings).replace("</body>", MEASURE + "</body>")
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    dom = chromium(tmp_path, "--window-size=1200,900", "--dump-dom", f"file://{tmp_path}/report.html")
    found = json.loads(re.search(r"<title>(.*?)</title>", dom, re.DOTALL)[1].replace("&amp;", "&"))
    assert found["screen"] == []
    assert found["paper"] == []
    assert 10 < found["tallest"] < 40  # a row of the results is one line, two where there is much to remark


def test_the_report_of_a_long_plan_does_not_overflow(tmp_path):
    """Wide and folded tables, sentences in cells, five figures to a unit."""
    page = render(build_general(), "zh").replace("</body>", MEASURE + "</body>")
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    dom = chromium(tmp_path, "--window-size=1200,900", "--dump-dom", f"file://{tmp_path}/report.html")
    found = json.loads(re.search(r"<title>(.*?)</title>", dom, re.DOTALL)[1].replace("&amp;", "&"))
    assert found["screen"] == []
    assert found["paper"] == []


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext on this machine")
def test_every_printed_page_says_simulated_and_page_one_holds_the_verdict(sample, drawings, tmp_path):
    (tmp_path / "report.html").write_text(render(sample, "en", drawings), encoding="utf-8")
    pdf = tmp_path / "report.pdf"
    chromium(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", f"file://{tmp_path}/report.html")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")[:-1]
    assert 10 < len(pages) < 25
    assert [number for number, page in enumerate(pages) if "SIMULATED" not in page] == []
    first = pages[0]
    assert "ERROR" in first
    for test in sample.tests:
        if test.verdict == "fail":
            assert re.search(rf"✕ fail.*{test.device}", first)
