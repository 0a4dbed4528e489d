"""Fonts for paper: the one for Latin comes with matplotlib; one for Chinese is looked for, and never replaced by boxes.

Looked for in ``RIG_FONT_PATH`` (font files or folders, separated by colons), then among the families of
``fonts.toml``, in their order, in the folders where Linux keeps fonts. The computer's other fonts are not used: what a
PDF looks like must not depend on them.
"""

from __future__ import annotations

import importlib.util
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FONT_PATH = "RIG_FONT_PATH"
LATIN = "DejaVu Sans"
PACKAGE = "fonts-wqy-microhei"
_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
_FAMILY, _TYPOGRAPHIC_FAMILY = 1, 16  # of a font's table of names (OpenType, `name`)
_PROBE = "合格不校准台架限值结论"
"""What a font for Chinese must have, whatever its name."""
_BLOCKS = ((0x2E80, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))


class PaperError(RuntimeError):
    """A PDF cannot be made on this computer; the message says what it lacks."""


@dataclass(frozen=True)
class Face:
    """A font that was found: the name that Typst knows it by, and its file."""

    family: str
    file: Path


@dataclass(frozen=True)
class Fonts:
    """What a document is set in.

    ``families`` in the order in which a character is looked for, ``folders`` those that hold them.
    """

    families: tuple[str, ...]
    folders: tuple[Path, ...]
    files: tuple[Path, ...]

    def missing(self, text: str) -> str:
        """Return the characters of ``text`` that none of the fonts has, each once, in the order of their codes."""
        covered = _characters(self.files)
        return "".join(sorted(c for c in set(text) if ord(c) not in covered and not c.isspace() and c.isprintable()))


def fonts_for(text: str, environment: Mapping[str, str] | None = None) -> Fonts:
    """Return fonts that can show ``text``.

    Args:
        text: all that the document says.
        environment: where ``RIG_FONT_PATH`` is looked up; the process's own if None.

    Raises:
        PaperError: there is Chinese in it, and no font for Chinese.
    """
    latin = _latin_folder()
    fonts = Fonts((LATIN,), (latin,), (latin / "DejaVuSans.ttf",))
    if not any(is_chinese(character) for character in text):
        return fonts
    face = chinese_face(os.environ if environment is None else environment)
    return Fonts((LATIN, face.family), (latin, face.file.parent), (*fonts.files, face.file))


def is_chinese(character: str) -> bool:
    """Whether it is a character or a punctuation mark of Chinese, by its block of Unicode."""
    return any(first <= ord(character) <= last for first, last in _BLOCKS)


def chinese_face(environment: Mapping[str, str]) -> Face:
    """Return the font for Chinese. Raises :class:`PaperError` naming what to install."""
    own = environment.get(FONT_PATH, "")
    if own:
        found = _in_own_path(own)
        if found is not None:
            return found
        raise PaperError(
            f"{FONT_PATH}: expected font files or folders with a font that has Chinese characters, found {own!r}"
        )
    files = {file.name: file for folder in reversed(_system_folders(environment)) for file in _font_files(folder)}
    for entry in _families():
        for name in entry["files"]:
            if name in files and entry["family"] in {family for family, _ in _faces(files[name])}:
                return Face(entry["family"], files[name])
    names = ", ".join(entry["family"] for entry in _families())
    raise PaperError(
        f"a PDF with Chinese in it needs a font: expected {FONT_PATH} or one of {names}, found none; "
        f"the Debian package {PACKAGE} has one"
    )


def _in_own_path(value: str) -> Face | None:
    for part in value.split(os.pathsep):
        path = Path(part)
        for file in [path] if path.is_file() else sorted(_font_files(path)):
            for family, characters in _faces(file):
                if all(ord(character) in characters for character in _PROBE):
                    return Face(family, file)
    return None


def _system_folders(environment: Mapping[str, str]) -> list[Path]:
    home = Path(environment["HOME"]) if environment.get("HOME") else None
    data = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = [] if home is None else [home / ".local/share/fonts", home / ".fonts"]
    return [*own, *(Path(folder) / "fonts" for folder in data.split(os.pathsep))]


def _font_files(folder: Path) -> Iterator[Path]:
    return (Path(at) / name for at, _, names in os.walk(folder) for name in sorted(names)
            if Path(name).suffix.lower() in _SUFFIXES)  # fmt: skip


def _latin_folder() -> Path:
    found = importlib.util.find_spec("matplotlib")  # looked for, not imported: that would take a tenth of a second
    if found is None or found.origin is None:
        raise PaperError("a PDF is set in DejaVu Sans, which comes with matplotlib; it is not installed")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


@lru_cache(maxsize=1)
def _families() -> tuple[dict[str, Any], ...]:
    path = Path(__file__).with_name("fonts.toml")
    return tuple(tomllib.loads(path.read_text(encoding="utf-8"))["family"])


@lru_cache(maxsize=8)
def _faces(file: Path) -> tuple[tuple[str, Collection[int]], ...]:
    """Families and characters of each face in a file; none for a file that is no font."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        if file.suffix.lower() in (".ttc", ".otc"):
            with TTCollection(file, lazy=True) as collection:
                return tuple(_face(font) for font in collection.fonts)
        with TTFont(file, lazy=True) as font:
            return (_face(font),)
    except (TTLibError, OSError, KeyError):
        return ()


def _face(font: Any) -> tuple[str, Collection[int]]:
    return _family(font), frozenset(font.getBestCmap() or ())


def _family(font: Any) -> str:
    names = font["name"]
    return str(names.getDebugName(_TYPOGRAPHIC_FAMILY) or names.getDebugName(_FAMILY) or "")


@lru_cache(maxsize=4)
def _characters(files: tuple[Path, ...]) -> frozenset[int]:
    return frozenset(code for file in files for _, characters in _faces(file) for code in characters)
