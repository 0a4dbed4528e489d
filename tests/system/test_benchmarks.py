"""The benchmarks run, on sizes at which their figures mean nothing."""

import contextlib
import importlib
import io
import runpy
import sys
from pathlib import Path

import pytest

from rig.bench import Bench
from rig.bench_file import read_bench_file
from rig.clock import VirtualClock

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    """Imports a benchmark by name as ``python benchmarks/<name>.py`` would see it, and forgets it afterwards."""
    monkeypatch.syspath_prepend(str(FOLDER))
    own = {path.stem for path in FOLDER.glob("*.py")}
    yield importlib.import_module
    for name in own & set(sys.modules):
        del sys.modules[name]


def test_runners_take_turns_and_the_median_is_told(benchmark):
    measuring = benchmark("measuring")
    calls, values = [], {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 4.0, 3.0])}

    def runner(name):
        def run():
            calls.append(name)
            return next(values[name])

        return run

    assert measuring.rounds([runner("a"), runner("b")], 3) == [2.0, 4.0]
    assert calls == ["a", "b"] * 3


@pytest.mark.parametrize(
    ("figure", "at_most", "met"), [(1.9, False, False), (2.0, False, True), (1.9, True, True), (2.1, True, False)]
)
def test_a_target_that_is_missed_is_said_so(benchmark, capsys, figure, at_most, met):
    assert benchmark("measuring").verdict("x", figure, 2.0, at_most=at_most) is met
    assert capsys.readouterr().out.startswith("met" if met else "NOT MET")


def test_queries_of_rig_and_echo_by_turns(benchmark):
    queries, seen = benchmark("queries"), []
    for kind, clients, results in queries.measure("clink", rounds=2, seconds=0.05, loops=("asyncio",), peers=()):
        seen.append((kind, clients))
        assert set(results) == {"rig asyncio", "echo asyncio"}
        assert all(result.rate > 0.0 and result.cost > 0.0 and len(result.rates) == 2 for result in results.values())
        assert queries.share(results, "echo asyncio", "echo asyncio") == 1.0
    assert seen == [("pty", 1), ("pty", 8), ("tcp", 1), ("tcp", 8)]


def test_each_protocol_s_usual_request_is_answered_as_the_client_expects(benchmark, tmp_path):
    table = benchmark("wire_table")
    path = table.write_bench(
        tmp_path,
        {
            f"d{n}": {"model": asked.model, "port": {"a": table.port(name, table.kinds(name)[0])}}
            for n, (name, asked) in enumerate(table.PROTOCOLS.items())
        },
    )
    bench = Bench(read_bench_file(path), str(path), VirtualClock())
    for instrument, (name, asked) in zip(bench.instruments.values(), table.PROTOCOLS.items(), strict=True):
        said = []
        line = bench.make_line(instrument, "a", instrument.section.port["a"])
        line.connect(said.append)
        bench.virtual_clock.run_to(max(bench.clock.now_us, round(asked.history_s * 1e6)))
        said.clear()
        line.from_host(asked.request)
        reply = b"".join(said)
        assert reply, name
        assert len(reply) >= asked.least, name
        assert reply.endswith(asked.end), name
    bench.close()


def test_without_the_extra_one_line_says_so(benchmark, monkeypatch, capsys):
    servers = benchmark("wire_servers")
    monkeypatch.setattr(servers, "NEEDED", ("json", "no_such_module_here"))
    with pytest.raises(SystemExit) as ended:
        servers.require_bench_extra()
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told == "needs the extra [bench]: pip install -e '.[bench]' (missing: no_such_module_here)\n"


def test_visa_queries(benchmark):
    pytest.importorskip("pyvisa_sim", reason="the bench extra is not installed")
    rates = benchmark("visa_queries").visa_rates(count=20, repeats=1)
    assert all(rate > 0.0 for rate in rates.values())


def test_simulated_days_read_every_value_and_the_floor_is_what_the_model_used(benchmark):
    days, measuring = benchmark("days"), benchmark("measuring")
    station = days.Station()
    with measuring.listening() as (normals, shapes):
        assert station.run(6) == 5 * 2160  # two channels of the 42i, one of each of the others
    assert sum(normals) > 5 * 2160
    assert sum(rows * points for rows, points in shapes) > 4 * 6 * 3600  # the cells alone
    measuring.floor(normals, shapes)()
    assert all(speed > 0.0 for speed in days.speeds(hours=6, repeats=1).values())


def test_a_station_s_day_is_recorded_and_its_floor_is_heard(benchmark):
    station = benchmark("station")
    one = station.Stations("full")
    # the gas channels by 10 s alone: NO, NOx, SO2, O3, CO
    assert one.live(3600) > one.run(3600) > 5 * 360
    assert station.cost("full", 1 / 24, 2) > 0.0
    speeds = station.speeds("full", days=1 / 24, repeats=1)
    assert speeds["floor"] > speeds["model"] > 0.0
    assert speeds["recorded"] > 0.0
    assert 50.0 < station.peak_mb(1 / 24) < 2000.0


def test_command_line_waits_for_a_whole_run(benchmark):
    times = benchmark("command_line").times(repeats=1, arguments=("--device", "co"))
    assert times["accept"] > times["help"] > 0.0
    assert times["processor"] > 0.0


PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("benchmark")
@pytest.mark.parametrize("name", PROGRAMS)
def test_help_says_what_a_benchmark_is_and_runs_nothing(name):
    """In this process and module by module, for each import of the rig's libraries would take a second by itself."""
    code = FOLDER / f"{name}.py"
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(sys, "argv", [str(code), "--help"])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(code), run_name="__main__")
    assert ended.value.code == 0
    assert printed.getvalue().startswith(f"usage: {name}.py [-h]")
    assert len(printed.getvalue().splitlines()) > 4


def test_rows_of_a_journal_beside_those_of_sqlite_alone(benchmark, tmp_path):
    journal = benchmark("journal")
    assert journal.ours(str(tmp_path), 50, 20, each_row=False) > 0.0
    assert journal.ours(str(tmp_path), 5, 1, each_row=True) > 0.0
    assert journal.bare(str(tmp_path), 50, 20) > 0.0
    assert journal.bare(str(tmp_path), 5, 1) > 0.0
    assert list(tmp_path.iterdir()) == []
