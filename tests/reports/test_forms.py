"""Record forms: thirteen of them, what stands in their fields, as files that other programs read."""

import shutil
import subprocess

import openpyxl
import pytest

from calibration.record import Record
from reports.fonts import PaperError, chinese_face
from reports.forms import write_forms
from reports.forms.definition import all_forms
from reports.forms.filling import fill
from reports.forms.rows import rows, scopes

TITLES = (  # appendix 1, part three, as the rules have them
    "国家城市站运行维护记录表", "颗粒物监测仪校准检查记录", "气态污染物监测仪校准检查记录",
    "空气自动监测系统仪器设备维修记录表", "空气自动监测系统备品备件管理记录表", "国家城市站主要消耗材料使用登记表",
    "多点线性校准表格", "国家城市站室内外环境记录", "标准物质使用记录", "空气自动监测系统仪器资料保管清单",
    "数据审核记录", "量值传递/溯源及标准设备检定记录", "颗粒物手工比对记录",
)  # fmt: skip


def form(name):
    return next(one for one in all_forms() if one.name == name)


def cells(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def after(rows_of, title):
    """Head and rows of the table under ``title``, up to an empty line."""
    start = next(n for n, row in enumerate(rows_of) if row[0] == title)
    found = []
    for row in rows_of[start + 1 :]:
        if all(value is None for value in row):
            break
        found.append(row)
    return found


def test_all_thirteen_are_there_in_the_order_of_the_rules():
    assert tuple(one.zh for one in all_forms()) == TITLES
    assert [one.number for one in all_forms()] == list(range(1, 14))


def test_every_path_of_a_form_leads_somewhere_in_a_record(sample):
    """A path that leads nowhere would leave its field empty for ever, and nobody would know."""
    for one in all_forms():
        for field in one.head:
            assert (
                field.source == ""
                or any(reached(field.source, scope) for scope in scopes(one, sample))
                or (
                    one.name == "pm-check"  # the sample has no particle monitor
                )
            ), f"{one.name}: {field.source}"
        for table in one.table:
            if not table.rows or table.rows.startswith("table:"):
                continue
            found = [row for scope in scopes(one, sample) for row in rows(table.rows, scope)]
            if not found:
                continue
            for column in table.column:
                assert column.source == "" or any(reached(column.source, row) for row in found), column.source


def reached(path, scope):
    """Whether the last step of a path exists, be it empty."""
    first, *rest = path.split(".")
    if first not in scope:
        return False
    at = scope[first]
    for name in rest:
        if at is None:
            return True
        if not hasattr(at, name):
            return False
        at = getattr(at, name)
    return True


def test_the_multipoint_form_holds_points_line_and_verdict(sample, tmp_path):
    write_forms([sample], ["multipoint"], tmp_path, "en")
    book = openpyxl.load_workbook(tmp_path / "07-multipoint.xlsx")
    done = [p for p in sample.procedures if p.procedure == "multipoint"]
    assert len(book.sheetnames) == len(done)
    so2 = next(p for p in done if p.device == "so2")
    sheet = cells(book.worksheets[done.index(so2)])
    head = {row[0]: row[1] for row in sheet[2:16]}
    assert head["Serial no."] == "SIM-0043"
    assert head["Pollutant"] == "SO₂"
    assert head["Slope a"] == pytest.approx(so2.data.fit.slope, rel=1e-3)
    assert len(str(head["Slope a"])) <= 6
    assert head["Correlation coefficient r"] == "> 0.99999"
    assert head["Result"] == "pass"
    points = after(sheet, "Points (Y = aX + b)")[1:]
    assert [row[3] for row in points] == pytest.approx([level.nominal for level in so2.data.levels], abs=0.005)
    assert [row[4] for row in points] == pytest.approx([level.mean for level in so2.data.levels], abs=0.005)
    assert points[0][1] < points[0][2] < points[1][1]


def test_the_gas_form_holds_zero_and_span_before_and_after(sample, tmp_path):
    write_forms([sample], ["gas-check"], tmp_path, "en")
    book = openpyxl.load_workbook(tmp_path / "03-gas-check.xlsx")
    found = after(cells(book.worksheets[0]), "Zero and span")
    data = next(p.data for p in sample.procedures if p.procedure == "zero_span" and p.device == "so2")
    levels = [*data.as_found, *data.as_left]
    drift = found[0].index("Drift")
    assert [row[drift] for row in found[1 : 1 + len(levels)]] == pytest.approx(
        [level.mean - level.nominal for level in levels], abs=0.006
    )
    assert len(found) == 1 + len(levels)


def test_the_log_of_several_runs_has_a_sheet_for_each(sample):
    later = sample.model_copy(update={"run": sample.run.model_copy(update={"id": "another", "simulated": False})})
    filled = fill(form("maintenance"), [sample, later], "en")
    assert [dict(sheet.head)["Run"].text for sheet in filled.sheets] == [sample.run.id, "another"]
    assert [sheet.simulated for sheet in filled.sheets] == [True, False]
    assert filled.simulated


def test_what_failed_stands_in_the_repair_form(sample):
    (sheet,) = fill(form("repair"), [sample], "en").sheets
    bad = [test for test in sample.tests if test.verdict in ("fail", "error")]
    filled = [row for row in sheet.tables[0].rows if row[1].text]
    assert [row[1].text for row in filled] == [test.device for test in bad]
    assert len(sheet.tables[0].rows) == len(bad) + 3  # room to write


def test_a_form_of_which_the_record_knows_nothing_is_an_empty_one(sample):
    (sheet,) = fill(form("pm-check"), [sample], "zh").sheets
    assert all(entry.text == "" for _, entry in sheet.head)
    assert all(entry.text == "" for table in sheet.tables for row in table.rows for entry in row)


def test_the_same_records_give_the_same_bytes(sample, tmp_path):
    copy = Record.model_validate_json(sample.to_json())
    for name, record in (("one", sample), ("two", copy)):
        (tmp_path / name).mkdir()
        write_forms([record], ["references", "documents"], tmp_path / name, "en")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_text_that_looks_like_a_formula_stays_a_text(sample, tmp_path):
    device = sample.devices[0].model_copy(update={"serial": "=1+1"})
    write_forms([sample.model_copy(update={"devices": [device]})], ["documents"], tmp_path, "en")
    sheet = openpyxl.load_workbook(tmp_path / "10-documents.xlsx").worksheets[0]
    found = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1"]
    assert [cell.data_type for cell in found] == ["s"]


def test_the_command_writes_them_all_in_chinese_and_english(sample, tmp_path, capsys):
    from rig.cli.report import forms

    try:
        chinese_face({})
    except PaperError:
        pytest.skip("no font for Chinese is installed (fonts-wqy-microhei)")
    (tmp_path / "result.json").write_text(sample.to_json(), encoding="utf-8")
    assert forms([tmp_path], tmp_path / "forms", (), "both") == 0
    assert len(capsys.readouterr().out.splitlines()) == 26
    assert len(list((tmp_path / "forms").glob("*.pdf"))) == len(list((tmp_path / "forms").glob("*.xlsx"))) == 13
    if shutil.which("pdftotext"):
        command = ["pdftotext", tmp_path / "forms" / "09-references.pdf", "-"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "标准物质使用记录" in text
        assert "Use of reference materials" in text
        assert sample.references[0].certificate in text
        assert "模拟运行" in text


def test_a_form_that_there_is_not_is_named_with_those_that_there_are(sample, tmp_path):
    from rig.cli.report import forms
    from rig.errors import ConfigurationError

    (tmp_path / "result.json").write_text(sample.to_json(), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"multipoint.*found nothing-such"):
        forms([tmp_path], tmp_path / "forms", ("nothing-such",), "en")
