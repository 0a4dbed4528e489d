"""``rig report``: the reports of a run, made again from its record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rig.cli.records import read_record
from rig.errors import EXIT_PASS, ConfigurationError, RigFault

if TYPE_CHECKING:
    from reports import Format


def report(run: Path, kind: Format, languages: Sequence[str], out: Path | None) -> int:
    """Write reports of one kind, and print their paths.

    Args:
        run: folder of a run, or its ``result.json``.
        kind: what to write.
        languages: of the pages; the first gets the plain name.
        out: folder to write into; the run's own if None.

    Returns:
        0: they are written, whatever the run's verdict.

    Raises:
        ConfigurationError: there is no record, Typst or a font is missing.
        RigFault: the folder cannot be written.
    """
    from reports import write_again

    record = read_record(run, "RUN", "the folder of a run, or its result.json")
    if kind == "pdf":
        require_paper("--format", languages)
    folder = out or (run if run.is_dir() else run.parent)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = write_again(record, folder, languages, (kind,))
    except OSError as error:
        raise RigFault(f"{folder}: {error.strerror}; the report is not written") from None
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return EXIT_PASS


def forms(runs: Sequence[Path], out: Path, names: Sequence[str], language: str) -> int:
    """Fill record forms from runs, and print the paths of what was written.

    Args:
        runs: folders of runs, or their ``result.json``.
        out: folder to write into.
        names: of forms; all if none.
        language: ``en``, ``zh`` or ``both``.

    Raises:
        ConfigurationError: there is no such record or form; Typst, openpyxl or a font is missing.
        RigFault: the folder cannot be written.
    """
    from reports.fonts import PaperError
    from reports.forms import write_forms

    records = [read_record(run, "RUN", "the folder of a run, or its result.json") for run in runs]
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = write_forms(records, names, out, language)
    except LookupError as error:
        raise ConfigurationError("--form", "", "the name of a form", str(error)) from None
    except PaperError as error:
        raise ConfigurationError("--out", "", "what PDF and XLSX need", str(error)) from None
    except OSError as error:
        raise RigFault(f"{out}: {error.strerror}; forms are missing") from None
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return EXIT_PASS


def require_paper(option: str, languages: Sequence[str]) -> None:
    """Check that PDFs can be made here. Raises ConfigurationError naming ``option`` and what is missing."""
    from reports.fonts import PaperError
    from reports.pdf import require_pdf

    try:
        require_pdf(languages)
    except PaperError as error:
        raise ConfigurationError(option, "", "what a PDF needs", str(error)) from None
