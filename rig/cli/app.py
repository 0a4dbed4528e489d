"""The commands and their options."""

from __future__ import annotations

import sys
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
    seed: Annotated[int | None, typer.Option(min=0, help="Root seed of an emulated bench.")] = None,
    clock: Annotated[Literal["virtual", "paced"], typer.Option(help="Clock of an emulated bench.")] = "virtual",
    speed: Annotated[float, typer.Option(min=1.0, help="Bench seconds to a second, on the paced clock.")] = 1.0,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; default out/<run id>.")] = None,
    lang: Annotated[Literal["en", "zh", "both"], typer.Option(help="Language of the report.")] = "en",
    decision_rule: Annotated[
        Literal["simple", "guarded"] | None, typer.Option(help="Decision rule, if not the plan's.")
    ] = None,
    operator: Annotated[Literal["terminal", "simulated"], typer.Option(help="Who answers prompts.")] = "terminal",
) -> None:
    """Run a plan on a bench and report."""
    from rig.cli.accept import AcceptOptions
    from rig.cli.accept import accept as run_accept

    languages = ("en", "zh") if lang == "both" else (lang,)
    raise typer.Exit(run_accept(AcceptOptions(
        bench=bench, plan=plan, devices=tuple(device or ()), seed=seed, clock=clock, speed=speed, out=out,
        languages=languages, decision_rule=decision_rule, operator=operator,
    )))  # fmt: skip


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    bench: Annotated[str, typer.Argument(help="Bench file or embedded bench.")] = "demo",
    speed: Annotated[float, typer.Option(min=1.0, help="Bench seconds to a second.")] = 1.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Root seed.")] = None,
    endpoints: Annotated[Path | None, typer.Option(help="Write the endpoints here when ready.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Log the truth here (JSON lines).")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Folder for the port links; a temporary one if not given.")
    ] = None,
) -> None:
    """Serve every device on a pty or TCP port; with -- CMD, run CMD against them and return its code."""
    from rig.cli.serve import serve as run_serve

    raise typer.Exit(run_serve(bench, speed, seed, endpoints, truth, folder, tuple(context.args)))


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

    raise typer.Exit(run_simulate(bench, seconds(duration, "--for"), out, seconds(every, "--every"), plot, seed))


@app.command()
def catalog(
    model: Annotated[str | None, typer.Argument(help="Model; all models if not given.")] = None,
) -> None:
    """Show what a model is: parameters, alarms, settings and commands, each with its source."""
    from rig.cli.catalog import catalog as show

    raise typer.Exit(show(model))


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="Bench or plan, by file or embedded name.")],
    connect: Annotated[bool, typer.Option("--connect", help="Ask each device who it is; changes nothing.")] = False,
) -> None:
    """Check a file and name all its mistakes."""
    from rig.cli.check import check as run_check

    raise typer.Exit(run_check(file, connect=connect))


def run_app() -> int:
    """Run the command line; return the exit code."""
    from rig.errors import EXIT_CONFIGURATION, EXIT_FAULT, ConfigurationError, Refused, RigError

    try:
        code = app(standalone_mode=False)
    except ConfigurationError as error:
        sys.stderr.write("".join(f"rig: {line}\n" for line in str(error).splitlines()))
        return EXIT_CONFIGURATION
    except (RigError, Refused) as error:
        sys.stderr.write(f"rig: {error}\n")
        return EXIT_FAULT
    except KeyboardInterrupt:
        sys.stderr.write("rig: interrupted\n")
        return EXIT_FAULT
    except Exception as error:
        # typer vendors click: its usage errors know how to show themselves and which code they want.
        show = getattr(error, "show", None)
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", EXIT_CONFIGURATION))
    return int(code or 0)
