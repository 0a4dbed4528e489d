"""Figures: drawn once for all languages, thinned, without a plotting library."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from reports.figures import draw
from reports.messages import Words
from reports.plots import MOST_POINTS, thin


@pytest.fixture(scope="module")
def drawings(sample):
    return draw(sample)


def test_each_procedure_gets_its_figures(sample, drawings):
    counts = {"prepare": 0, "zero_span": 2, "multipoint": 2, "converter_efficiency": 2}
    expected = [counts[p.procedure] if p.data is not None else 0 for p in sample.procedures]
    assert [len(found) for found in drawings] == expected
    assert sum(expected) == 22


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_figure_is_well_formed_and_its_words_are_filled_in(drawings, language):
    words = Words(language)
    identifiers: list[str] = []
    for drawing in (drawing for found in drawings for drawing in found):
        svg = drawing.svg(words)
        root = ET.fromstring(svg)
        texts = [node.text or "" for node in root.iter("text")]
        assert not any(text.startswith("[") for text in texts)
        assert len(texts) >= len(drawing.labels) > 0
        for forbidden in ("<script", "http", "metadata", "<style", "font-family"):
            assert forbidden not in svg
        names = {node.get("id") for node in root.iter()} - {None}
        used = {node.get("href", "")[1:] for node in root.iter("use")}
        assert used <= names
        identifiers += sorted(filter(None, names))
    assert len(identifiers) == len(set(identifiers))


def test_chinese_figures_speak_chinese(drawings):
    svg = "".join(d.svg(Words("zh")) for found in drawings for d in found)
    for word in ("标准浓度", "残差", "零点偏差", "未转化", "程序开始后的时间", "零点（调整前）"):
        assert word in svg


def test_thinning_keeps_ends_order_and_spikes():
    t = np.arange(100_000.0)
    value = np.sin(t / 5000)
    value[77_777] = 9.0
    few_t, few = thin(t.tolist(), value.tolist())
    assert len(few_t) <= MOST_POINTS
    assert (np.diff(few_t) > 0).all()
    assert few.max() == 9.0
    assert few_t[0] < 500
    assert few_t[-1] > 99_500
    short = thin([0.0, 1.0], [2.0, 3.0])
    assert short[1].tolist() == [2.0, 3.0]


def test_long_traces_do_not_make_long_figures(sample, drawings):
    """A whole page of figures stays small enough to be opened anywhere."""
    assert sum(len(d.source) for found in drawings for d in found) < 600_000
    longest = next(p for p in sample.procedures if p.procedure == "converter_efficiency")
    trace = longest.data.traces[0]
    assert len(trace.t_s) > MOST_POINTS


def test_no_plotting_library_is_loaded_to_draw(sample, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(sample.model_dump_json(), encoding="utf-8")
    code = (
        "import sys\n"
        "from calibration.record import Record\n"
        "from reports.figures import draw\n"
        f"record = Record.model_validate_json(open({str(path)!r}, encoding='utf-8').read())\n"
        "assert sum(map(len, draw(record))) == 22\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
