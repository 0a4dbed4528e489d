"""``rig dossier``: an instrument's whole file, from all runs that it was part of."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from calibration.record import Record, load
from reports import write_reports
from reports.dossier import dossier_of, render_dossier
from rig.archive.store import Store
from rig.cli.runs import FOLDER, open_runs
from rig.errors import EXIT_PASS, ConfigurationError, RigFault
from rig.files import write_atomically


def dossier(serial: str, out: Path, folder: Path | None, database: str | None, languages: Sequence[str]) -> int:
    """Write ``index.html`` (a page for each further language) and ``runs/``, a copy of every run; return 0.

    Raises:
        ConfigurationError: no instrument of that number, or ``out`` is there already. RigFault: a disk or a database
            does not do its part.
    """
    if out.exists():
        raise ConfigurationError("--out", "", "a folder that is not there yet", f"{out}, which is")
    store = open_runs(folder, database)
    try:
        names = [
            str(name)
            for (name,) in store.select(
                "SELECT DISTINCT run.name FROM run JOIN device ON device.run = run.name"
                " WHERE device.serial = :serial ORDER BY run.name",
                {"serial": serial},
            )
        ]
        if not names:
            known = store.select("SELECT DISTINCT serial, model FROM device WHERE serial <> '' ORDER BY serial")
            expected = "one of " + (", ".join(f"{one} ({model})" for one, model in known) or "none")
            raise ConfigurationError("SERIAL", "", expected, serial)
        try:
            source = None if database is not None else folder or FOLDER
            runs = list(_copied(names, source, store, out / "runs", languages))
        except OSError as error:
            raise RigFault(f"{out}: cannot be written: {error}") from error
    finally:
        store.close()
    gathered = dossier_of(serial, runs)
    pages = {language: "index.html" if at == 0 else f"index.{language}.html" for at, language in enumerate(languages)}
    for language, file in pages.items():
        others = [(other, name) for other, name in pages.items() if other != language]
        write_atomically(out / file, render_dossier(gathered, language, others))
        sys.stdout.write(f"{out / file}\n")
    sys.stdout.write(f"{len(runs)} runs of {gathered.device.model} {serial}\n")
    return EXIT_PASS


def _copied(
    names: Sequence[str], source: Path | None, store: Store, place: Path, languages: Sequence[str]
) -> Iterator[tuple[str, Record, str]]:
    """Copy each run, or bring it from the database; its name, record, and the report as the page links it."""
    from rig.archive.database import fetch

    for name in names:
        copy = place / name
        if source is None:
            record = fetch(store, name, copy)
        else:
            shutil.copytree(source / name, copy)
            record = load(copy / "result.json")
        if not (copy / "report.html").exists():
            write_reports(record, copy, languages)
        yield name, record, f"runs/{name}/report.html"
