"""The one catalogue of words: every sentence that a person reads, in every language of the house.

``messages.toml`` holds, per dotted key, one text per language with ``{name}`` placeholders. Two kinds of look-up:

* a *message* must exist: an unknown key, language or placeholder raises :class:`MessageError`;
* a *term* is the word for a name that the record carries (a quantity, a setting, a criterion ...). The house does not
  choose those names alone (a plan may bring its own), so a name without an entry is shown as it is.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from calibration.record import Message
from reports import numbers

LANGUAGES = ("en", "zh")
_CATALOGUE = Path(__file__).with_name("messages.toml")
_KEY = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
VOCABULARY = {  # placeholders whose text values are names with words of their own
    "quantity": "quantity",
    "setting": "setting",
    "level": "level",
    "unit": "unit",
    "band": "band",
    "procedure": "procedure",
    "check": "check",
    "order": "order",
    "device": "name",
    "document": "check",
    "method": "method",
    "binding": "cell",
    "by": "cell",
}
_ALSO = {"series": ("level", "quantity"), "cell": ("level", "quantity", "state", "verdict")}
"""Groups whose names may be those of other groups too: a series or a cell is often named after a level or a gas."""
Value = float | int | str | None


class MessageError(LookupError):
    """A message key, a language or a placeholder that does not exist, or a malformed catalogue."""


class Catalogue:
    """Texts by key and language."""

    def __init__(self, entries: Mapping[str, Mapping[str, str]], name: str = "catalogue") -> None:
        self._name = name
        self._entries = {key: dict(texts) for key, texts in entries.items()}
        problems = [problem for key, texts in self._entries.items() for problem in _problems(key, texts)]
        if problems:
            raise MessageError(f"{name}: " + "; ".join(problems))

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def keys(self) -> tuple[str, ...]:
        """Return every key, in the order of the file."""
        return tuple(self._entries)

    def placeholders(self, key: str, language: str = "en") -> frozenset[str]:
        """Return the names that the text of ``key`` needs."""
        return _placeholders(self.template(key, language))

    def template(self, key: str, language: str) -> str:
        """Return the unfilled text. Raises :class:`MessageError` for an unknown key or language."""
        if language not in LANGUAGES:
            raise MessageError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
        try:
            return self._entries[key][language]
        except KeyError:
            raise MessageError(f"{self._name} has no message {key!r}") from None

    def text(self, key: str, language: str, values: Mapping[str, Value] | None = None) -> str:
        """Return the sentence. Values that it does not show are allowed; missing ones raise :class:`MessageError`."""
        template = self.template(key, language)
        given = values or {}
        missing = sorted(_placeholders(template) - given.keys())
        if missing:
            raise MessageError(f"message {key!r} needs a value for {', '.join(missing)}")
        shown = {name: self._shown(name, value, language) for name, value in given.items()}
        return template.format_map(shown)

    def term(self, group: str, name: str, language: str) -> str:
        """Return the word for ``name`` in ``group``, or ``name`` itself if the catalogue has none."""
        for place in (group, *_ALSO.get(group, ())):
            key = f"{place}.{term_key(name)}"
            if key in self._entries:
                return self.template(key, language)
        return name

    def _shown(self, name: str, value: Value, language: str) -> str:
        if isinstance(value, str):
            return self.term(VOCABULARY[name], value, language) if name in VOCABULARY else value
        if isinstance(value, bool) or value is None:
            return numbers.NOTHING if value is None else str(value)
        if isinstance(value, int):
            return numbers.shortest(value)
        return numbers.shortest(value) if value == round(value, 3) else numbers.significant(value, 3)


class Words:
    """A catalogue in one language: what templates and figures ask for their texts."""

    def __init__(self, language: str, catalogue: Catalogue | None = None) -> None:
        self.language = language
        self._catalogue = catalogue or load()
        self._catalogue.template(self._catalogue.keys()[0], language)  # an unknown language fails here, not midway

    def __call__(self, key: str, **values: Value) -> str:
        """Return the text of ``key`` with ``values`` filled in."""
        return self._catalogue.text(key, self.language, values)

    def message(self, message: Message) -> str:
        """Return a message of the record as a sentence."""
        return self._catalogue.text(message.key, self.language, message.values)

    def term(self, group: str, name: str) -> str:
        """Return the word for a name that the record carries."""
        return self._catalogue.term(group, name, self.language)


def term_key(name: str) -> str:
    """Return the last part of a catalogue key for a name: lower case, runs of anything else made one underscore."""
    return re.sub(r"[^a-z0-9_.]+", "_", name.lower().replace("%", "pct")).strip("_.")


@lru_cache(maxsize=1)
def load() -> Catalogue:
    """Return the catalogue that ships with the package, read once."""
    return read(_CATALOGUE)


def read(path: Path) -> Catalogue:
    """Read a catalogue file. Raises :class:`MessageError` naming every key that lacks a language or a placeholder."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise MessageError(f"{path.name}: {error}") from None
    return Catalogue(content, path.name)


def text(message: Message, language: str = "en") -> str:
    """Return a message of the record as a sentence of the shipped catalogue."""
    return load().text(message.key, language, message.values)


def _problems(key: str, texts: object) -> Iterable[str]:
    if not _KEY.fullmatch(key):
        yield f"{key!r} is not a dotted lower-case key"
        return
    if not isinstance(texts, dict) or any(not isinstance(words, str) or not words for words in texts.values()):
        yield f"{key!r} must give one non-empty text per language"
        return
    if set(texts) != set(LANGUAGES):
        yield f"{key!r} has {', '.join(sorted(texts)) or 'no language'}, expected {', '.join(LANGUAGES)}"
        return
    try:
        named = {language: _placeholders(texts[language]) for language in LANGUAGES}
    except ValueError as error:
        yield f"{key!r}: {error}"
        return
    if len(set(named.values())) > 1:
        yield f"{key!r}: placeholders differ: " + ", ".join(
            f"{language} {sorted(names)}" for language, names in named.items()
        )


def _placeholders(template: str) -> frozenset[str]:
    found = set()
    for _, name, form, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"placeholder {name!r} must be a plain {{name}}")
        found.add(name)
    return frozenset(found)
