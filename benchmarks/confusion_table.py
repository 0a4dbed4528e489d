"""Runs every bad unit of ``scenarios/defects.toml`` through its plan and writes docs/confusion.md.

Usage: python benchmarks/confusion_table.py [NAME ...] [--plan PLAN]: names of defects; all, and the page is written, if
none; with a plan only its defects, and its part of the page.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from measuring import parser_of

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from scenarios.defects import Defect, defects, found_in
from scenarios.opening import bench_path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "confusion.md"
HEAD = """# Does a plan find what is wrong, and nothing else?

Every row is a run of the whole plan on one unit of the embedded station with one hidden defect, made by
`python benchmarks/confusion_table.py`; `scenarios/defects.toml` holds the defects and what was predicted of them. A
criterion that fails without being predicted, or does not fail although it was, is a mistake of the plan or of the
model: the tests hold every row to its prediction.

"""


def run(defect: Defect, folder: Path) -> tuple[list[str], set[str]]:
    good = tomllib.loads(bench_path(defect.bench).read_text(encoding="utf-8"))
    path = folder / "bench.json"
    path.write_text(json.dumps(defect.bench_data(good), default=lambda value: value.isoformat()))
    with contextlib.redirect_stdout(io.StringIO()):
        accept(AcceptOptions(bench=str(path), plan=defect.plan, devices=defect.devices, out=folder / "out",
                             operator="simulated"))  # fmt: skip
    return found_in(load(folder / "out" / "result.json"))


def _short(value: object) -> str:
    return (
        ", ".join(f"{key} = {its or 'none'}" for key, its in value.items()) if isinstance(value, dict) else str(value)
    )


def cause_of(defect: Defect) -> str:
    if defect.fault:
        return f"`{defect.fault}`" + ("" if defect.severity is None else f" {defect.severity:g}")
    if defect.hidden:
        return ", ".join(f"`{name}` = {value:g}" for name, value in defect.hidden.items())
    if defect.setting:
        return f"`{defect.setting}` = {defect.value if isinstance(defect.value, bool) else f'{defect.value:g}'}"
    if defect.section:
        return "; ".join(f"`{key}`: {_short(value)}" for key, value in defect.section.items())
    return "stored " + ", ".join(f"{name} {value}" for name, value in defect.stored.items())


def section_of(plan: str, lines: list[str]) -> str:
    head = f"## `{plan}`\n\n| bad unit | device | cause | what failed | prediction |\n|---|---|---|---|---|\n"
    return head + "\n".join(lines) + "\n\n"


def with_section(page: str, plan: str, section: str) -> str:
    """The page with one plan's section anew; at the end if it had none."""
    parts = page.split("## `")
    others = [part for part in parts[1:] if not part.startswith(f"{plan}`")]
    return "## `".join([parts[0], *(f"{part.rstrip()}\n\n" for part in others), section.removeprefix("## `")])


def main(names: list[str], plan: str | None = None) -> int:
    chosen = [its for its in defects() if (not names or its.name in names) and (plan is None or its.plan == plan)]
    rows: dict[str, list[str]] = {}
    wrong = 0
    for defect in chosen:
        begun = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            failed, held = run(defect, Path(folder))
        predicted = set(defect.fails) == set(failed) and (defect.held_by is None or defect.held_by in held)
        wrong += not predicted
        named = [f"`{name}`" for name in failed]
        if held:
            named.append(f"{'the rest ' * bool(failed)}not tested: `{', '.join(sorted(held))}`")
        seen = ", ".join(named)
        cause = cause_of(defect)
        mark = "as predicted" if predicted else f"**predicted: {', '.join(defect.fails) or defect.held_by}**"
        rows.setdefault(defect.plan, []).append(
            f"| {defect.name} | {defect.device} | {cause} | {seen} | {mark}{'; ' * bool(defect.why)}{defect.why} |"
        )
        print(f"{defect.name:40} {time.process_time() - begun:5.1f} s  {seen}  {mark}", flush=True)
    if not names:
        text = HEAD if plan is None else PAGE.read_text(encoding="utf-8")
        for its, lines in rows.items():
            text = with_section(text, its, section_of(its, lines))
        PAGE.write_text(text.rstrip() + "\n", encoding="utf-8")
        print(PAGE)
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = parser_of(__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a defect; all, and the page is written, if none")
    parser.add_argument("--plan", help="only the defects of this plan; without names its part of the page is written")
    arguments = parser.parse_args()
    sys.exit(main(arguments.names, arguments.plan))
