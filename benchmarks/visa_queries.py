"""Queries per second in one process, through PyVISA's own ``query``: ``@rig`` against the package ``pyvisa-sim``.

The 43i, line timing off, against a dialogue of the same texts. At least twice as fast. Needs the extra ``bench``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyvisa
from measuring import parser_of, rounds, verdict
from wire_servers import require_bench_extra
from wire_table import port, write_bench

SIM = """
spec: "1.1"
devices:
  so2:
    eom:
      ASRL INSTR:
        q: "\\r"
        r: "\\r"
    dialogues:
      - q: "so2"
        r: "{reply}"
resources:
  ASRL1::INSTR:
    device: so2
"""


def visa_rates(count: int = 4000, repeats: int = 7) -> dict[str, float]:
    """Median queries per second through PyVISA in this process: ``@rig`` and ``pyvisa-sim``."""
    ends = {"read_termination": "\r", "write_termination": "\r"}
    with tempfile.TemporaryDirectory(prefix="rig-queries-") as name:
        folder = Path(name)
        bench = write_bench(folder, {"so2": {"model": "43i", "port": {"a": port("clink", "pty")}}})
        ours = pyvisa.ResourceManager(f"{bench}@rig")
        so2 = ours.open_resource("ASRLso2::INSTR", encoding="latin-1", **ends)
        reply = so2.query("\xabso2")
        (folder / "sim.yaml").write_text(SIM.format(reply=reply), encoding="utf-8")
        theirs = pyvisa.ResourceManager(f"{folder / 'sim.yaml'}@sim")
        sim = theirs.open_resource("ASRL1::INSTR", **ends)
        if sim.query("so2") != reply:
            raise RuntimeError(f"pyvisa-sim answers {sim.query('so2')!r}, not {reply!r}")

        def many(resource: Any, request: str) -> Callable[[int], None]:
            def ask(number: int) -> None:
                for _ in range(number):
                    resource.query(request)

            return ask

        asking = [many(so2, "\xabso2"), many(sim, "so2")]
        medians = rounds([lambda ask=ask: rate(ask, count) for ask in asking], repeats)
        theirs.close()
        ours.close()
    return {"@rig": medians[0], "pyvisa-sim": medians[1]}


def rate(ask: Callable[[int], object], count: int) -> float:
    """Queries per second of ``count`` queries."""
    begun = time.perf_counter()
    ask(count)
    return count / (time.perf_counter() - begun)


def main() -> int:
    parser_of(__doc__).parse_args()
    require_bench_extra()
    visa = visa_rates()
    print(f"PyVISA in process, queries/s: @rig {visa['@rig']:.0f}, pyvisa-sim {visa['pyvisa-sim']:.0f}")
    return 0 if verdict("@rig over pyvisa-sim", visa["@rig"] / visa["pyvisa-sim"], 2.0) else 1


if __name__ == "__main__":
    sys.exit(main())
