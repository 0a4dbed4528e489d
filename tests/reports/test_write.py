"""Files: which, where, whole or not at all, the same bytes for the same record."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

import reports.html
from calibration.record import load
from reports import write_reports
from reports.messages import MessageError


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_files_and_their_names(sample, tmp_path):
    written = write_reports(sample, tmp_path, ("zh", "en"))
    assert [path.name for path in written] == ["result.json", "junit.xml", "report.html", "report.en.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written)
    assert load(tmp_path / "result.json") == sample
    first = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in first
    assert '<a href="report.en.html" lang="en">English</a>' in first
    assert '<a href="report.html" lang="zh">中文</a>' in (tmp_path / "report.en.html").read_text(encoding="utf-8")


def test_the_same_record_gives_the_same_bytes_in_another_process(sample, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    write_reports(sample, here, ("en", "zh"))
    code = (
        "import sys; from pathlib import Path; from calibration.record import load; from reports import write_reports\n"
        "write_reports(load(Path(sys.argv[1])), Path(sys.argv[2]), ('en', 'zh'))\n"
    )
    root = Path(reports.html.__file__).parents[1]
    command = [sys.executable, "-c", code, str(here / "result.json"), str(there)]
    subprocess.run(command, check=True, cwd=root, env={"PYTHONHASHSEED": "7", "PATH": "/usr/bin:/bin"})
    assert digests(here) == digests(there)


@pytest.mark.parametrize("languages", [(), ("fr",), ("en", "de")])
def test_a_language_that_is_not_there_writes_nothing(sample, tmp_path, languages):
    with pytest.raises(MessageError):
        write_reports(sample, tmp_path, languages)
    assert list(tmp_path.iterdir()) == []


def test_the_result_is_kept_whatever_becomes_of_the_page(sample, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("no page")

    monkeypatch.setattr(reports.html, "render", broken)
    with pytest.raises(RuntimeError, match="no page"):
        write_reports(sample, tmp_path)
    assert load(tmp_path / "result.json") == sample


def test_a_file_that_cannot_be_put_in_place_leaves_no_rest(sample, tmp_path):
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(OSError, match=r"junit\.xml"):
        write_reports(sample, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "result.json"]
