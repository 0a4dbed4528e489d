"""The catalogue: both languages, the same placeholders, and every key that somebody uses."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import calibration
import reports
from calibration.record import Message
from reports.messages import LANGUAGES, Catalogue, MessageError, Words, load, read, term_key, text

REPORTS = Path(reports.__file__).parent
ROOT = REPORTS.parent
FAMILIES = "(?:report|limit|assure|figure|prepare|gas|device|run|safe|zero_span|multipoint|converter|basis|prompt)"
"""Families of whole sentences; the other keys are words for names that a record carries."""
GOOD = {"a.b": {"en": "one {n}", "zh": "一 {n}"}}


def messages_in(part: object) -> Iterator[Message]:
    if isinstance(part, Message):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from messages_in(getattr(part, name))
    elif isinstance(part, list | tuple):
        for item in part:
            yield from messages_in(item)


def keys_in_templates() -> set[str]:
    found: set[str] = set()
    for path in sorted((REPORTS / "templates").glob("*.j2")):
        found |= set(re.findall(r"\bt\(\s*\"([a-z0-9_.]+)\"", path.read_text(encoding="utf-8")))
    return found


def keys_in_code(folder: Path) -> set[str]:
    """Every text constant of the code that has the form of a key of a family that holds whole sentences."""
    names = re.compile(rf"{FAMILIES}\.[a-z0-9_]+")
    found: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and any(k.arg in ("key", "basis_key") for k in node.keywords):
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                family = f"{called.lower()}." if called in ("Table", "Column", "Chart") else ""
                for keyword in node.keywords:
                    if keyword.arg in ("key", "basis_key") and isinstance(keyword.value, ast.Constant):
                        found.add(family + str(keyword.value.value))
            if folder == REPORTS and isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if names.fullmatch(node.value) else set()
    groups = {"device.kind"}  # of terms
    return {key for key in found - groups if key and not key.endswith((".css", ".html"))}


def test_every_key_of_templates_and_code_is_in_the_catalogue():
    used = keys_in_templates() | keys_in_code(REPORTS)
    assert len(used) > 100  # the search itself works
    assert sorted(used - set(load().keys())) == []


def test_no_sentence_is_kept_for_nobody():
    """Each sentence of the catalogue is asked for by a template, a module of reports, a procedure or the rig."""
    code = "".join(p.read_text(encoding="utf-8") for folder in ("calibration", "scenarios", "rig", "reports")
                   for p in sorted((ROOT / folder).rglob("*.py")))  # fmt: skip
    used = keys_in_templates() | set(re.findall(rf"\"({FAMILIES}\.[a-z0-9_]+)\"", code))
    sentences = {key for key in load().keys() if re.fullmatch(rf"{FAMILIES}\.[a-z0-9_]+", key)}  # noqa: SIM118
    assert len(sentences) > 150
    assert sorted(sentences - used) == []


def test_every_key_that_procedures_name_is_in_the_catalogue():
    used = keys_in_code(Path(calibration.__file__).parent) | keys_in_code(ROOT / "scenarios")
    assert used
    assert sorted(used - set(load().keys())) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_of_the_record_can_be_said(sample, language):
    found = list(messages_in(sample))
    assert len({message.key for message in found}) > 10
    for message in found:
        said = text(message, language)
        assert said
        assert "{" not in said


def test_both_languages_ask_for_the_same_values():
    catalogue = load()
    for key in catalogue.keys():  # noqa: SIM118 - not a mapping
        assert catalogue.placeholders(key, "en") == catalogue.placeholders(key, "zh")


def test_chinese_is_chinese():
    """A key whose two texts are the same was forgotten, but for symbols and names."""
    same = [k for k in load().keys() if load().template(k, "en") == load().template(k, "zh")]  # noqa: SIM118
    allowed = ("quantity.", "unit.", "limit.", "protocol.")
    assert [key for key in same if not key.startswith(allowed)] == []
    assert all(len(load().template(key, "en")) < 14 for key in same)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"a.b": {"en": "one"}}, "'a.b' has en, expected en, zh"),
        ({"a.b": {"en": "one", "zh": ""}}, "'a.b' must give one non-empty text per language"),
        ({"a.b": {"en": "one {n}", "zh": "一"}}, "'a.b': placeholders differ: en ['n'], zh []"),
        ({"a.b": {"en": "{0}", "zh": "{0}"}}, "'a.b': placeholder '0' must be a plain {name}"),
        ({"a.b": {"en": "{n:.2f}", "zh": "{n:.2f}"}}, "must be a plain {name}"),
        ({"Nodots": {"en": "x", "zh": "x"}}, "'Nodots' is not a dotted lower-case key"),
    ],
)
def test_a_broken_catalogue_says_what_is_wrong(entries, said):
    with pytest.raises(MessageError, match=re.escape(said)):
        Catalogue(entries)


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / "words.toml"
    path.write_text('"a.b".en = ', encoding="utf-8")
    with pytest.raises(MessageError, match=r"words\.toml"):
        read(path)


def test_missing_key_language_and_value_are_named():
    catalogue = Catalogue(GOOD)
    with pytest.raises(MessageError, match=r"no message 'a\.c'"):
        catalogue.text("a.c", "en")
    with pytest.raises(MessageError, match="'fr' is not one of en, zh"):
        catalogue.text("a.b", "fr", {"n": 1})
    with pytest.raises(MessageError, match=r"'a\.b' needs a value for n"):
        catalogue.text("a.b", "en")
    with pytest.raises(MessageError, match="'fr'"):
        Words("fr", catalogue)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(3, "one 3"), (0.12345678, "one 0.123"), (None, "one –"), (2.5, "one 2.5"), ("x{y}", "one x{y}")],
)
def test_values_are_rounded_for_people(value, shown):
    assert Catalogue(GOOD).text("a.b", "en", {"n": value, "unused": 1}) == shown


def test_names_in_a_sentence_are_said_in_its_language():
    values = {"device": "so2", "setting": "so2_coef", "reason": "?"}
    message = Message(key="zero_span.adjustment_refused", values=values)
    assert "SO₂ 系数" in text(message, "zh")
    assert "SO₂ coefficient" in text(message)


def test_a_name_without_a_word_is_shown_as_it_is():
    assert Words("zh").term("setting", "purge_hours") == "purge_hours"
    assert Words("zh").term("verdict", "not tested") == "未检"
    assert term_key("80 % of range") == "80_pct_of_range"


def test_no_sign_is_used_that_common_fonts_lack():
    """℃ and the like are missing from many fonts, and a browser leaves a hole: degrees are written °C."""
    rare = re.compile("[\u2100-\u214f\u3300-\u33ff]")
    texts = [(key, load().template(key, language)) for key in load().keys() for language in LANGUAGES]  # noqa: SIM118
    assert [key for key, text_ in texts if rare.search(text_)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios" / "plans").glob("*.toml")), ids=lambda path: path.stem)
def test_what_an_embedded_plan_chose_is_said_in_chinese_too(path):
    for one in tomllib.loads(path.read_text(encoding="utf-8")).get("parameter", []):
        for key in ("value", "source"):
            chinese = one[f"{key}_zh"]
            assert re.search(r"[\u4e00-\u9fff]", chinese) or len(one[key].split()) < 9, chinese
            assert not re.search(r"\b(the|this|project|choice|and|of)\b", chinese), chinese
            given, said = (set(re.findall(r"\d+\.\d+|\d{2,}", text)) for text in (one[key], chinese))
            assert given <= said, (chinese, one[key])
