"""The commands and their options."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    name="rig", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Test rig for ambient air-quality stations: simulated instruments, real wires, procedures, reports.",
    epilog="Exit codes: 0 pass, 1 fail, 2 mistake in a file or argument, 3 undecided or not tested, 4 device fault.",
)  # fmt: skip


@app.command()
def accept(
    bench: Annotated[str, typer.Option(help="Bench file, endpoints file, or embedded bench.")] = "demo",
    plan: Annotated[str, typer.Option(help="Plan file or embedded plan.")] = "gas-check",
    device: Annotated[
        list[str] | None, typer.Option(help="Analyzer to test; may be repeated. All if not given.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Root seed of an emulated bench, 0 or more.")] = None,
    clock: Annotated[
        Literal["virtual", "paced"] | None, typer.Option(help="Clock of an emulated bench; virtual if not given.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="Bench seconds to a second, on the paced clock; 1 if not given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; default out/<run id>.")] = None,
    lang: Annotated[Literal["en", "zh", "both"], typer.Option(help="Language of the report.")] = "en",
    pdf: Annotated[bool, typer.Option("--pdf", help="Write the report as PDF too (extra pdf).")] = False,
    decision_rule: Annotated[
        Literal["simple", "guarded"] | None, typer.Option(help="Decision rule, if not the plan's.")
    ] = None,
    operator: Annotated[Literal["terminal", "simulated"], typer.Option(help="Who answers prompts.")] = "terminal",
    last_record: Annotated[
        Path | None, typer.Option(help="Record of an earlier run (result.json or its folder), to compare with.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Folder of a run that was cut off, to be taken up again; it knows the rest.")
    ] = None,
    gas_may_run_out: Annotated[
        bool, typer.Option("--gas-may-run-out", help="Begin although a cylinder will not last; the report says so.")
    ] = False,
) -> None:
    """Run a plan on a bench and report."""
    from rig.cli.accept import AcceptOptions
    from rig.cli.accept import accept as run_accept

    languages = ("en", "zh") if lang == "both" else (lang,)
    raise typer.Exit(_orderly(run_accept, AcceptOptions(
        bench=bench, plan=plan, devices=tuple(device or ()), seed=seed, clock=clock, speed=speed, out=out,
        languages=languages, decision_rule=decision_rule, operator=operator, last_record=last_record,
        resume=resume, gas_may_run_out=gas_may_run_out, pdf=pdf,
    )))  # fmt: skip


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    public: Annotated[Path | None, typer.Option(help="Public key whose seal the run must bear.")] = None,
) -> None:
    """Prove that nothing in a run's journal has been altered, or name the first row that was."""
    from rig.cli.verify import verify as run_verify

    raise typer.Exit(_orderly(run_verify, run, public))


@app.command()
def seal(
    run: Annotated[Path | None, typer.Argument(help="Folder of a run that has come to its end.")] = None,
    key: Annotated[Path | None, typer.Option(help="Private key to sign with.")] = None,
    make_key: Annotated[Path | None, typer.Option(help="Make a key here, its public part beside it.")] = None,
) -> None:
    """Seal a run: sign its journal and its result, so that neither can be made anew unseen."""
    from rig.cli.verify import make_key as run_make_key
    from rig.cli.verify import seal as run_seal
    from rig.errors import ConfigurationError

    if make_key is not None and run is None and key is None:
        raise typer.Exit(_orderly(run_make_key, make_key))
    if run is None or key is None or make_key is not None:
        raise ConfigurationError("rig seal", "", "RUN --key KEY, or --make-key FILE alone", "something else")
    raise typer.Exit(_orderly(run_seal, run, key))


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run, ended or not.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write, .parquet or .csv; both into the run's folder if not given.")
    ] = None,
) -> None:
    """Write a run's raw readings as Parquet and CSV: units, flags, bench time, calendar time, what still counts."""
    from rig.cli.export import export as run_export

    raise typer.Exit(_orderly(run_export, run, out))


@app.command()
def runs(
    folder: Annotated[Path | None, typer.Argument(help="Folder whose folders are runs; out if not given.")] = None,
    database: Annotated[str | None, typer.Option(help="URL of a database of runs, instead of a folder.")] = None,
    plan: Annotated[str | None, typer.Option(help="Name of the plan, or a part of it.")] = None,
    device: Annotated[str | None, typer.Option(help="Name of a device that was tested.")] = None,
    serial: Annotated[str | None, typer.Option(help="Serial number of a device of the bench.")] = None,
    verdict: Annotated[str | None, typer.Option(help="Verdict of the run.")] = None,
    since: Annotated[str | None, typer.Option(help="Day on which it began at the earliest.")] = None,
    compare: Annotated[
        tuple[str, str] | None, typer.Option(help="Names of two runs to set against each other.")
    ] = None,
) -> None:
    """List runs and filter them, or compare two of them test by test."""
    from rig.archive.query import Wanted
    from rig.cli.runs import runs as run_runs

    wanted = Wanted(plan, device, serial, verdict, since)
    raise typer.Exit(_orderly(run_runs, folder, database, wanted, compare or ()))


@app.command()
def trend(
    device: Annotated[str, typer.Argument(help="A unit, by its serial number, or by its name on the bench.")],
    quantity: Annotated[
        str,
        typer.Argument(help="zero, span, converter, k0, or a criterion; no/zero where a unit has several channels."),
    ],
    folder: Annotated[Path | None, typer.Option(help="Folder whose folders are runs; out if not given.")] = None,
    database: Annotated[str | None, typer.Option(help="URL of a database of runs, instead of a folder.")] = None,
    baseline: Annotated[int, typer.Option(help="The limits rest on so many of the first runs.")] = 20,
    plot: Annotated[Path | None, typer.Option(help="Draw the chart here (.png, .svg).")] = None,
    since: Annotated[str | None, typer.Option(help="Day from which on runs count.")] = None,
) -> None:
    """Chart a quantity of one unit over runs, with control limits and the rules that tell a trend from chance."""
    from rig.cli.trend import trend as run_trend

    raise typer.Exit(_orderly(run_trend, device, quantity, folder, database, baseline, plot, since))


@app.command()
def dossier(
    serial: Annotated[str, typer.Argument(help="Serial number of an instrument.")],
    out: Annotated[Path, typer.Option(help="Folder for the dossier; it must not be there yet.")],
    folder: Annotated[Path | None, typer.Option(help="Folder whose folders are runs; out if not given.")] = None,
    database: Annotated[str | None, typer.Option(help="URL of a database of runs, instead of a folder.")] = None,
    lang: Annotated[Literal["en", "zh", "both"], typer.Option(help="Language of the page.")] = "en",
) -> None:
    """Gather an instrument's whole file: a page, and beside it the records of all its runs."""
    from rig.cli.dossier import dossier as run_dossier

    languages = ("en", "zh") if lang == "both" else (lang,)
    raise typer.Exit(_orderly(run_dossier, serial, out, folder, database, languages))


@app.command()
def archive(
    database: Annotated[str, typer.Option(help="URL of the database: sqlite:///FILE, or any of SQLAlchemy's.")],
    run: Annotated[list[Path] | None, typer.Argument(help="Folders of runs to keep.")] = None,
    fetch: Annotated[str | None, typer.Option(help="Name of a run to bring back instead.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to bring it back into.")] = None,
) -> None:
    """Keep whole runs (record, journal, seal) in a database, or bring one back as it was."""
    from rig.cli.runs import archive as run_archive

    raise typer.Exit(_orderly(run_archive, tuple(run or ()), database, fetch, out))


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or its result.json.")],
    kind: Annotated[Literal["html", "pdf", "junit"], typer.Option("--format", help="What to write.")] = "html",
    lang: Annotated[Literal["en", "zh", "both"], typer.Option(help="Language of the report.")] = "en",
    out: Annotated[Path | None, typer.Option(help="Folder to write into; the run's own if not given.")] = None,
) -> None:
    """Make a report again from the record of a run: the same record gives the same bytes."""
    from rig.cli.report import report as run_report

    languages = ("en", "zh") if lang == "both" else (lang,)
    raise typer.Exit(_orderly(run_report, run, kind, languages, out))


@app.command()
def forms(
    run: Annotated[list[Path], typer.Argument(help="Folders of runs, or their result.json.")],
    out: Annotated[Path, typer.Option(help="Folder to write into.")],
    form: Annotated[list[str] | None, typer.Option(help="Name of a form; may be repeated. All if not given.")] = None,
    lang: Annotated[Literal["en", "zh", "both"], typer.Option(help="Language of the forms.")] = "both",
) -> None:
    """Fill the record forms of a station from runs, as PDF and XLSX (extra forms)."""
    from rig.cli.report import forms as run_forms

    raise typer.Exit(_orderly(run_forms, tuple(run), out, tuple(form or ()), lang))


@app.command()
def safe(
    bench: Annotated[str, typer.Argument(help="Bench file of real devices, or endpoints file.")],
    run: Annotated[
        Path | None, typer.Option(help="Folder of a run that was killed: what it had set is put back too.")
    ] = None,
) -> None:
    """Make a bench safe: calibrator in standby, ozone off, analyzers on sample."""
    from rig.cli.safe import safe as run_safe

    raise typer.Exit(_orderly(run_safe, bench, run))


@app.command()
def plan(
    name: Annotated[str, typer.Argument(metavar="PLAN", help="Plan file or embedded plan.")],
    bench: Annotated[str, typer.Option(help="Bench file, endpoints file, or embedded bench.")] = "demo",
    device: Annotated[list[str] | None, typer.Option(help="Analyzer to test; may be repeated.")] = None,
    begin: Annotated[
        str | None, typer.Option(help='When, such as "2026-01-06T09:00"; if not given, as rig accept would begin.')
    ] = None,
    city_valid: Annotated[
        float | None, typer.Option(help="Share of the city's stations that have valid data, %.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what a plan will be on a bench: times, hands, gas, data lost, references. Nothing is touched."""
    from rig.cli.plan import plan as run_plan

    raise typer.Exit(_orderly(run_plan, name, bench, tuple(device or ()), begin, city_valid, as_json=as_json))


@app.command()
def power(
    plan_name: Annotated[str, typer.Argument(metavar="PLAN", help="Plan file or embedded plan.")],
    bench: Annotated[str, typer.Option(help="Emulated bench on which the plan is tried.")] = "demo",
    device: Annotated[list[str] | None, typer.Option(help="Analyzer to test; may be repeated.")] = None,
    record: Annotated[
        Path | None, typer.Option(help="result.json of a run of the plan; without it the plan is tried on the bench.")
    ] = None,
    good: Annotated[float, typer.Option(help="A good unit, as part of the limit; a bad one is at 1/GOOD.")] = 0.8,
    risk: Annotated[float, typer.Option(help="Risk that is wanted.")] = 0.05,
    as_json: Annotated[bool, typer.Option("--json", help="Print every test as JSON.")] = False,
) -> None:
    """Say for each criterion of a plan what risk its number of repeats leaves, and how many would do."""
    from rig.cli.power import run_power

    raise typer.Exit(_orderly(run_power, plan_name, bench, tuple(device or ()), record, good, risk, as_json=as_json))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    bench: Annotated[str, typer.Argument(help="Bench file or embedded bench.")] = "demo",
    speed: Annotated[float, typer.Option(help="Bench seconds to a second, 1 or more.")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Root seed, 0 or more.")] = None,
    endpoints: Annotated[Path | None, typer.Option(help="Write the endpoints here when ready.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Log the truth here (JSON lines).")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Folder for the port links; a temporary one if not given.")
    ] = None,
) -> None:
    """Serve every device on a pty or TCP port; with -- CMD, run CMD against them and return its code."""
    from rig.cli.serve import serve as run_serve

    raise typer.Exit(_orderly(run_serve, bench, speed, seed, endpoints, truth, folder, tuple(context.args)))


@app.command()
def simulate(
    bench: Annotated[str, typer.Argument(help="Bench file or embedded bench.")] = "demo",
    duration: Annotated[str, typer.Option("--for", help='How long, such as "7 d" or "36h".')] = "7 d",
    out: Annotated[Path, typer.Option(help="File to write: .parquet or .csv.")] = Path("station.parquet"),
    every: Annotated[str, typer.Option(help='Distance of the rows, "1 s" to "6 h".')] = "10 s",
    plot: Annotated[Path | None, typer.Option(help="Draw the station here (.png, .svg, .pdf).")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Root seed.")] = None,
) -> None:
    """Let a bench run on virtual time and write every channel, diagnostic, flag and the true air."""
    from rig.cli.simulate import seconds
    from rig.cli.simulate import simulate as run_simulate

    duration_s, every_s = seconds(duration, "--for"), seconds(every, "--every")
    raise typer.Exit(_orderly(run_simulate, bench, duration_s, out, every_s, plot, seed))


@app.command()
def score(
    truth: Annotated[Path, typer.Option(help="Truth log of rig serve --truth.")],
    log: Annotated[Path, typer.Option(help="The software's log: CSV, long or wide.")],
    average: Annotated[
        str | None, typer.Option(help='Records are means over this time, such as "1 h"; readings if not given.')
    ] = None,
    label: Annotated[Literal["begin", "end"], typer.Option(help="End of the interval that a time names.")] = "begin",
    every: Annotated[
        str | None, typer.Option(help="Distance of records; the usual one of the log if not given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the findings here as JSON.")] = None,
) -> None:
    """Hold a station software's log against the served truth: lost, shifted, rescaled, wrongly valid, invented."""
    from rig.cli.score import score as run_score
    from rig.cli.simulate import seconds

    average_s = 0 if average is None else seconds(average, "--average")
    every_s = None if every is None else seconds(every, "--every")
    raise typer.Exit(_orderly(run_score, truth, log, average_s, label, every_s, out))


@app.command()
def record(
    port: Annotated[str, typer.Option(help="The real device: /dev/ttyUSB0, or socket://host:port.")],
    listen: Annotated[str, typer.Option(help="Where the software connects: a path for a pty, or tcp:PORT.")],
    out: Annotated[Path, typer.Option(help="File of the conversation (JSON lines).")] = Path("conversation.jsonl"),
    baud: Annotated[int, typer.Option(min=50, help="Rate of the real port.")] = 9600,
) -> None:
    """Sit between software and a real device, and write down what they say to each other, until interrupted."""
    from rig.cli.conversation import record as run_record

    raise typer.Exit(_orderly(run_record, port, listen, out, baud))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A conversation of rig record.")],
    listen: Annotated[str, typer.Option(help="Where the software connects: a path for a pty, or tcp:PORT.")],
) -> None:
    """Serve a conversation as the device that it was recorded from, in its own time, until interrupted."""
    from rig.cli.conversation import replay as run_replay

    raise typer.Exit(_orderly(run_replay, file, listen))


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(help="A conversation of rig record.")],
    second: Annotated[Path, typer.Argument(help="The one to hold against it.")],
    relative: Annotated[float, typer.Option(min=0.0, help="Part by which numbers may differ.")] = 0.0,
    absolute: Annotated[float, typer.Option(min=0.0, help="Amount by which numbers may differ.")] = 0.0,
    model: Annotated[str | None, typer.Option(help="Who answered: registers of Modbus are read by its map.")] = None,
    bench: Annotated[str | None, typer.Option(help="The bench of who answered, instead of a model.")] = None,
    device: Annotated[str | None, typer.Option(help="The one of that bench who answered.")] = None,
) -> None:
    """Compare two conversations by meaning: which requests, and what was answered."""
    from rig.cli.conversation import diff as run_diff

    raise typer.Exit(_orderly(run_diff, first, second, relative, absolute, model, bench, device))


@app.command()
def catalog(
    model: Annotated[str | None, typer.Argument(help="Model, or a model's own file; all models if not given.")] = None,
    faults: Annotated[bool, typer.Option("--faults", help="Show the fault library instead.")] = False,
) -> None:
    """Show what a model is: figures, settings, alarms, parts, faults and commands, each with its source."""
    from rig.cli.catalog import catalog as show
    from rig.cli.catalog import faults as show_faults

    if faults:
        raise typer.Exit(_orderly(show_faults))
    raise typer.Exit(_orderly(show, model))


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="Bench or plan, by file or embedded name.")],
    connect: Annotated[bool, typer.Option("--connect", help="Ask each device who it is; changes nothing.")] = False,
) -> None:
    """Check a file and name all its mistakes."""
    from rig.cli.check import check as run_check

    raise typer.Exit(_orderly(run_check, file, connect=connect))


def _orderly(command: Callable[..., int], *arguments: object, **options: object) -> int:
    """Run a command; an interrupt that it does not answer itself is a fault of the run, not typer's affair."""
    from rig.errors import RigFault

    try:
        return command(*arguments, **options)
    except KeyboardInterrupt:
        raise RigFault("interrupted") from None
    except BrokenPipeError:
        # Before typer sees it, who would make it a 1, which here means that a unit has failed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE


def run_app() -> int:
    """Run the command line; return the exit code. Whatever goes wrong is told in lines that begin with ``rig:``."""
    from rig.errors import EXIT_CONFIGURATION, EXIT_FAULT, ConfigurationError, Refused, RigError

    try:
        code = int(app(standalone_mode=False) or 0)
        sys.stdout.flush()
    except ConfigurationError as error:
        sys.stderr.write("".join(f"rig: {line}\n" for line in str(error).splitlines()))
        return EXIT_CONFIGURATION
    except (RigError, Refused) as error:
        sys.stderr.write(f"rig: {error}\n")
        return EXIT_FAULT
    except BrokenPipeError:
        # Whoever read our output has had enough (rig catalog | head); Python must not find that out again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - told in one line, whatever it is
        return _unforeseen(error)
    return code


_BROKEN_PIPE = 128 + 13


def _unforeseen(error: Exception) -> int:
    from rig.errors import EXIT_CONFIGURATION, EXIT_FAULT

    # typer brings its own click; its usage errors are known by what they can do.
    message = getattr(error, "format_message", None)
    if message is not None:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(str(message()) + "\n")
        else:
            sys.stderr.write(f"rig: {message()}\n")
        return int(getattr(error, "exit_code", EXIT_CONFIGURATION))
    if os.environ.get("RIG_DEBUG"):
        raise error
    told = str(error) if isinstance(error, OSError) else f"an error of the rig itself: {type(error).__name__}: {error}"
    sys.stderr.write(f"rig: {told} (RIG_DEBUG=1 shows where)\n")
    return EXIT_FAULT
