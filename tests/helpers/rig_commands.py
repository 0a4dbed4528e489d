"""The real command, in a process of its own."""

import copy
import json
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
RIG = [sys.executable, "-c", "from rig.cli import main; main()"]
DEMO = tomllib.loads((ROOT / "scenarios" / "benches" / "demo.toml").read_text())
PLAN = tomllib.loads((ROOT / "scenarios" / "plans" / "gas-check.toml").read_text())


def rig(*arguments, timeout=100, **options):
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run(
        [*RIG, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=timeout, **options,
    )  # fmt: skip


def complaints(done, code):
    """What a command that ended with `code` had to complain about: lines that begin with "rig:", and nothing else."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert lines
    assert all(line.startswith("rig: ") for line in lines), done.stderr
    assert done.stdout == ""
    return lines


def changed(data, **values):
    """A copy with dotted keys set (``device__so2__model="43x"``); None takes a key out."""
    data = copy.deepcopy(data)
    for path, value in values.items():
        *way, last = path.split("__")
        node = data
        for part in way:
            node = node.setdefault(part, {})
        if value is None:
            del node[last]
        else:
            node[last] = value
    return data


def write(path, data):
    """Write bench data as JSON, which a bench file may be."""
    path.write_text(json.dumps(data, default=lambda value: value.isoformat()))
    return path


def toml_of(value):
    """A value as TOML, for plans: tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {toml_of(item)}' for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    return json.dumps(value) if isinstance(value, str | bool) else repr(value)


def write_plan(path, data):
    path.write_text("".join(f"{key} = {toml_of(value)}\n" for key, value in data.items()))
    return path


@contextmanager
def served(tmp_path, data, *options, name="server"):
    """A server in a process of its own, with its endpoints."""
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    bench, endpoints = write(folder / "bench.json", data), folder / "endpoints.json"
    command = [*RIG, "serve", str(bench), "--endpoints", str(endpoints), "--folder", str(folder / "ports"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        table = []
        while len(table) < 1 + sum(len(device["port"]) for device in data["device"].values()):
            line = server.stdout.readline()
            assert line, server.stderr.read()
            table.append(line.split())
        try:
            yield server, json.loads(endpoints.read_text()), table
        finally:
            if server.poll() is None:
                server.terminate()
            server.wait(20)
