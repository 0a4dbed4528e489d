"""The page on lines tells every fault and only such, and its examples are taken."""

import re
import tomllib
from pathlib import Path

from rig.bench_check import check_bench_data
from rig.faults import fault_kinds
from scenarios.opening import bench_path

PAGE = (Path(__file__).parents[1] / "docs" / "lines.md").read_text(encoding="utf-8")


def test_every_fault_of_a_line_is_told_with_the_severity_that_is_taken_and_the_ways_it_has():
    table = PAGE[PAGE.index("| kind | severity |") :].split("\n\n")[0]
    told = {}
    for row in table.splitlines()[2:]:
        kind, severity = (cell.strip() for cell in row.split("|")[1:3])
        for name in re.findall(r"`(\w+)`", kind):
            told.setdefault(name, []).append((severity, "⇄" in kind))
    kinds = {name: kind for name, kind in fault_kinds().items() if kind.target == "line" or name == "clock_jump"}
    assert set(told) == set(kinds)
    for name, kind in kinds.items():
        assert all(both == (len(kind.ways) > 1) for _, both in told[name])
        if kind.typical is not None:
            number = re.search(r", ([\d.]+)( ms)?", told[name][-1][0])
            assert float(number[1]) * (0.001 if number[2] else 1.0) == kind.typical, name


def test_the_examples_are_taken():
    ports, faults = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.S)
    data = tomllib.loads(bench_path("demo").read_text(encoding="utf-8"))
    for name, device in tomllib.loads(ports)["device"].items():
        data["device"][name] = data["device"][name] | device
    data["fault"] = tomllib.loads(faults)["fault"]
    file = check_bench_data(data, "docs/lines.md")
    assert len(file.device["so2"].port) == 3
