"""Pages as images, held against golden ones within a tolerance: what no test of words sees.

The record is `tests/data/report_record.json`, the images lie in `tests/data/pages`. Fonts are fixed (DejaVu Sans as it
comes with matplotlib), so that another computer draws the same. After a wanted change of layout write them anew:
``RIG_WRITE_GOLDEN=1 pytest tests/reports/test_golden_pages.py``, and look at each before it is committed.
"""

import os
import shutil
import subprocess
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from calibration.record import load
from reports.figures import draw
from reports.fonts import PaperError, chinese_face
from reports.html import render
from reports.pdf import render_pdf

DATA = Path(__file__).parents[1] / "data"
PAGES = DATA / "pages"
DPI = 50
MOST_MEAN, MOST_SHARE = 1.0, 0.006
"""Tolerance: mean difference of grey (of 255), and share of pixels that differ by more than a quarter of the scale."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_POPPLER = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils are not installed")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def record():
    return load(DATA / "report_record.json")


@pytest.fixture(scope="module")
def drawings(record):
    return draw(record)


def pdf_page(data, number, folder):
    path = folder / "report.pdf"
    path.write_bytes(data)
    where = ["-f", str(number), "-l", str(number), "-singlefile"]
    command = ["pdftoppm", "-gray", "-r", str(DPI), *where, "-png", str(path), str(folder / "page")]
    subprocess.run(command, check=True, capture_output=True)
    with Image.open(folder / "page.png") as image:
        return np.asarray(image.convert("L"))


def html_page(page, folder):
    font = Path(mpl.get_data_path()) / "fonts/ttf"
    faces = "".join(
        f'@font-face {{ font-family: Golden; font-weight: {weight}; src: url("file://{font}/{name}.ttf"); }}'
        for weight, name in ((400, "DejaVuSans"), (700, "DejaVuSans-Bold"))
    )
    style = f"<style>{faces} body, body * {{ font-family: Golden !important; }}</style></head>"
    (folder / "report.html").write_text(page.replace("</head>", style, 1), encoding="utf-8")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--disable-background-networking", "--allow-file-access-from-files",
             "--force-device-scale-factor=0.5", "--window-size=1000,1300",
             f"--user-data-dir={folder / 'profile'}", f"--screenshot={folder / 'page.png'}")  # fmt: skip
    command = [CHROMIUM, *flags, f"file://{folder}/report.html"]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    with Image.open(folder / "page.png") as image:
        return np.asarray(image.convert("L"))


def differences(found, golden):
    """Mean difference of grey, and the share of pixels that differ by more than a quarter of the scale."""
    assert found.shape == golden.shape
    off = np.abs(found.astype(int) - golden.astype(int))
    return float(off.mean()), float((off > 64).mean())


def compare(found, name):
    path = PAGES / f"{name}.png"
    if os.environ.get("RIG_WRITE_GOLDEN"):
        Image.fromarray(found).quantize(16).save(path, optimize=True)
    with Image.open(path) as image:
        mean, share = differences(found, np.asarray(image.convert("L")))
    assert mean < MOST_MEAN, f"{path}: the page differs by {mean:.2f} of 255 on the mean"
    assert share < MOST_SHARE, f"{path}: {100 * share:.2f} % of the page differs"


@NEEDS_POPPLER
@pytest.mark.parametrize(("number", "name"), [(1, "results"), (3, "zero-span")])
def test_pages_of_the_pdf(record, drawings, number, name, tmp_path):
    compare(pdf_page(render_pdf(record, "en", drawings), number, tmp_path), f"pdf-{name}")


@NEEDS_POPPLER
def test_first_page_of_the_pdf_in_chinese(record, drawings, tmp_path):
    try:
        family = chinese_face({}).family
    except PaperError:
        family = "none"
    if family != "WenQuanYi Micro Hei":
        pytest.skip(f"the golden page is set in WenQuanYi Micro Hei (fonts-wqy-microhei); found {family}")
    compare(pdf_page(render_pdf(record, "zh", drawings), 1, tmp_path), "pdf-results-zh")


@NEEDS_CHROMIUM
def test_top_of_the_page_of_html(record, drawings, tmp_path):
    compare(html_page(render(record, "en", drawings), tmp_path), "html-results")


@NEEDS_POPPLER
def test_a_verdict_that_is_another_is_beyond_the_tolerance(record, drawings, tmp_path):
    """The tolerance is no wider than one failed item among thirty."""
    turned = [
        test.model_copy(update={"verdict": "pass", "value": 1.0}) if test.verdict == "fail" else test
        for test in record.tests
    ]
    other = pdf_page(render_pdf(record.model_copy(update={"tests": turned}), "en", drawings), 1, tmp_path)
    with Image.open(PAGES / "pdf-results.png") as image:
        mean, share = differences(other, np.asarray(image.convert("L")))
    assert mean > MOST_MEAN or share > MOST_SHARE
