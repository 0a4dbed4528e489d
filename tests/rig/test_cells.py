"""Calibration cells of an open path: filled from a cylinder or sealed, inserted by a routine or a host, and checked."""

import copy

import numpy as np
import pytest

from instruments.errors import ConfigurationErrors, Refused
from rig.bench import Bench
from rig.bench_check import check_bench_data
from rig.cells import cells_of
from rig.clock import VirtualClock
from rig.recording import record
from rig.session import open_session

DATA = {
    "bench": {"epoch": "2026-01-05T08:00:00+08:00"},
    "air": {"ambient": {"model": "city"}},
    "device": {"path": {"model": "doas-generic", "settings": {"path_length": 400.0},
                        "port": {"a": {"protocol": "ascii"}}}},
    "cylinder": {"high": {"value": "100 ppm", "species": "so2", "u_pct": 0.3, "certificate": "GBW-1",
                          "expires": "2026-12-31"}},
    "cell": {
        "so2": {"length": "1 m", "length_u_pct": 0.4, "cylinder": "high"},
        "no2": {"length": "10 cm", "components": {"no2": "800 ppm"}, "u_pct": 2.0, "certificate": "CELL-1",
                "expires": "2026-12-31", "hidden": {"deviation_pct": -3.0}},
    },
}  # fmt: skip


def bench_data(**changes):
    data = copy.deepcopy(DATA)
    for path, value in changes.items():
        *folders, key = path.split("__")
        inside = data
        for folder in folders:
            inside = inside.setdefault(folder, {})
        inside[key] = value
    return data


def recorded(data, hours=2):
    bench = Bench(check_bench_data(data, "cells"), "cells", VirtualClock())
    chunks = list(record(bench, hours * 3600, 60))
    bench.close()
    return {name: np.concatenate([chunk.numbers[name] for chunk in chunks]) for name in chunks[0].numbers}


def test_a_routine_inserts_a_cell_and_it_reads_as_its_equivalent():
    steps = [{"device": "path", "set": {"cell": "so2", "gas_mode": "span"}},
             {"after": "30 min", "device": "path", "set": {"cell": "no2"}},
             {"after": "1 h", "device": "path", "set": {"cell": "none"}}]  # fmt: skip
    table = recorded(bench_data(routine=[{"name": "cells", "at": "10 min", "steps": steps}]))
    means = {gas: [table[f"path.{gas}"][at : at + 20].mean() for at in (18, 48, 80)] for gas in ("so2", "no2")}
    # 100 ppm in 1 m, and 800 ppm in 10 cm of which 3 % are gone, on 400 m
    assert means["so2"] == pytest.approx([250.0, 0.1, 0.0], abs=1.0)
    assert means["no2"] == pytest.approx([0.1, 194.0, 0.0], abs=1.0)


@pytest.mark.parametrize(
    ("changes", "true"),
    [({"cylinder__high__model": "cylinder-8l", "cylinder__high__service": {"hours": 8766.0},
       "cylinder__high__hidden": {"drift_pct_per_year": 5.0}}, 237.5),
     ({"cylinder__high__hidden": {"deviation_pct": 2.0}}, 255.0)],
)  # fmt: skip
def test_a_cell_holds_what_its_cylinder_truly_has(changes, true):
    settings = {"path_length": 400.0, "cell": "so2", "gas_mode": "span"}
    table = recorded(bench_data(device__path__settings=settings, **changes))
    assert table["path.so2"][30:].mean() == pytest.approx(true, abs=1.0)


def test_a_host_calibrates_with_a_cell_over_the_wire(tmp_path):
    data = bench_data(device__path__hidden={"span_error_pct": 6.0, "local_log_sd": 0.0})
    session = open_session(check_bench_data(data, "cells"), tmp_path / "cells.toml")
    path, cell = session.handles["path"], session.cells["so2"]
    with pytest.raises(Refused):
        path.set("cell", "ozone")
    path.set("cell", "so2")
    path.set("gas_mode", "span")
    told = path.read("so2_equivalent")
    assert told == (pytest.approx(cell.equivalent("so2", 400.0)), "nmol/mol")
    path.set("span_concentration", told[0])
    session.time.sleep(900)
    as_found = path.read("so2")[0]
    path.set("calibrate_so2_coef", True)
    session.time.sleep(900)
    assert as_found == pytest.approx(265.0, abs=1.5)
    assert path.read("so2")[0] == pytest.approx(250.0, abs=1.5)
    path.set("cell", "none")
    assert path.read("so2_equivalent")[0] == 0.0
    session.close()


def test_a_host_knows_what_a_cell_is_worth():
    cells = cells_of(check_bench_data(bench_data(), "cells"))
    assert (cells["so2"].certificate, cells["so2"].u_pct) == ("GBW-1", pytest.approx(0.5))
    assert (cells["no2"].certificate, cells["no2"].u_pct, cells["no2"].device) == ("CELL-1", 2.0, "path")
    assert cells["no2"].equivalent("no2", 400.0) == pytest.approx(200.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cell__so2__cylinder": "lost"}, "cell.so2.cylinder: expected a cylinder of this bench (high), found 'lost'"),
        ({"cell__so2__device": "so2"}, "cell.so2.device: expected an open path of this bench (path)"),
        ({"cell__so2__u_pct": 1.0}, "cell.so2: expected no u_pct: that of cylinder.high counts"),
        ({"cell__no2": {"length": "1 m", "components": {"no2": "1 ppm"}}}, "cell.no2: expected u_pct of the sealed"),
        ({"cell__so2__components": {"so2": "1 ppm"}}, "cell.so2: expected either cylinder"),
        ({"cell__so2__length": "1 ppm"}, "cell.so2.length: expected a unit of length"),
        ({"cylinder__high__species": "co"}, "cell.so2.cylinder: expected a cylinder with one of so2, no2, o3"),
        ({"cell__none": DATA["cell"]["so2"]}, "cell.none: expected a name in one word, other than none"),
        ({"device__path__settings": {"cell": "x"}}, "device.path.settings.cell: expected a cell of this open path"),
        ({"routine": [{"name": "r", "at": "1 h", "steps": [{"device": "path", "set": {"cell": "high"}}]}]},
         "routine.0.steps.0.set.cell: expected a cell of this open path (none, so2, no2), found 'high'"),
        ({"device__path": {"model": "PWD22"}}, "cell.so2.device: expected an open path, found nothing"),
    ],
)  # fmt: skip
def test_mistakes_are_named(changes, said):
    with pytest.raises(ConfigurationErrors) as told:
        check_bench_data(bench_data(**changes), "cells.toml")
    assert f"cells.toml: {said}" in str(told.value)
