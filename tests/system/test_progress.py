"""Progress as a person sees it: a live line at a terminal, plain lines in the log of a paced run, nothing otherwise."""

import os
import pty
import re
import subprocess
import termios
import threading

import pytest
from rig_commands import RIG, rig, write_plan

QUICK = {
    "title": "One level at zero, one at span", "standard": "hj818", "procedures": ["prepare", "zero_span"],
    "gas": {"stability": {"window": "2 min", "poll": "10 s", "most": "40 min", "drift_pct_full_scale": 0.6,
                          "scatter_pct_full_scale": 1.0, "least": {"default": "3 min"}}},
}  # fmt: skip


def at_a_terminal(command, columns):
    """Run a command with a terminal as its standard error; return its code, what it printed, what the terminal saw."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    seen = []

    def read():
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:
                return
            seen.append(data)

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, text=True,
                          env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}) as run:  # fmt: skip
        os.close(slave)
        reader = threading.Thread(target=read)
        reader.start()
        said, _ = run.communicate(timeout=100)
    reader.join(10)
    os.close(master)
    return run.returncode, said, b"".join(seen).decode()


@pytest.mark.parametrize("columns", [120, 40])
def test_a_live_line_at_a_terminal(tmp_path, columns):
    plan = write_plan(tmp_path / "plan.toml", QUICK)
    command = [*RIG, "accept", "--plan", str(plan), "--device", "co", "--out", str(tmp_path / "out"),
               "--clock", "paced", "--speed", "300"]  # fmt: skip
    code, said, seen = at_a_terminal(command, columns)
    assert code == 0, said + seen
    assert "\x1b[2K" in seen  # a line that is drawn again
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", seen)
    lines = [line.strip() for line in re.split(r"[\r\n]+", shown) if line.strip()]
    assert max(map(len, lines)) <= columns
    assert any("Zero/span check  co" in line for line in lines)
    if columns == 120:
        whole = [
            re.fullmatch(r"(\d\d:\d\d:\d\d)  .* co  .*left (\d\d:\d\d:\d\d)  \(.* at speed 300\)", line)
            for line in lines
        ]
        whole = [match for match in whole if match]
        assert len({match[1] for match in whole}) > 3  # bench time goes on between the steps
        assert len({match[2] for match in whole}) > 3
        assert any("zero, as found" in line for line in lines)
        assert any("span, as found" in line for line in lines)
    assert seen.rstrip().endswith(("\x1b[2K", "\x1b[?25h", "\x1b[1A\x1b[2K"))  # and nothing of it stays
    assert "PASS" in said


def test_plain_lines_in_the_log_of_a_paced_run_and_none_in_a_virtual_one(tmp_path):
    plan = write_plan(tmp_path / "plan.toml", QUICK)
    paced = rig("accept", "--plan", plan, "--device", "co", "--out", tmp_path / "paced", "--clock", "paced",
                "--speed", "300")  # fmt: skip
    assert paced.returncode == 0, paced.stderr
    steps = [line.split("  ")[1:4] for line in paced.stderr.splitlines()]
    assert [step[:2] for step in steps] == [["Preparation", "co"], ["Zero/span check", "co"], ["Zero/span check", "co"]]
    assert [step[2] for step in steps[1:]] == ["zero, as found", "span, as found"]
    virtual = rig("accept", "--plan", plan, "--device", "co", "--out", tmp_path / "virtual")
    assert virtual.returncode == 0
    assert virtual.stderr == ""
    chinese = rig("accept", "--plan", plan, "--device", "co", "--out", tmp_path / "zh", "--clock", "paced",
                  "--speed", "600", "--lang", "zh")  # fmt: skip
    assert "零点（调整前）" in chinese.stderr


def test_help_is_quick_and_loads_nothing_heavy():
    script = (
        "import sys; sys.argv = ['rig', '--help']\n"
        "from rig.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'scipy', 'pyvisa', 'matplotlib', 'rich', 'pydantic', 'simpy')\n"
        "print([module for module in heavy if module in sys.modules])\n"
    )
    done = subprocess.run([RIG[0], "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]"
