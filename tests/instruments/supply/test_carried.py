"""What hands change at references: the sample line of a carried ozone standard, a cartridge behind the zero air."""

import pytest
from gas_bench import data, recorded, routine

ROOM = {"o3": "40 ppb", "no2": "20 ppb", "so2": "5 ppb", "log_sd": 0.0}
OZONE = {"ozone": 300.0, "total_flow": 5.0, "calibrator_mode": "ozone"}


def test_a_carried_standard_reads_the_calibrator_only_while_its_line_is_on():
    made = data(
        air={"room": ROOM}, device__standard__settings={"sample_line": "open"},
        routine=[routine("1 min", "calibrator", **OZONE), routine("60 min", "standard", sample_line="connected"),
                 routine("120 min", "standard", sample_line="open")],
    )  # fmt: skip
    shown = recorded(made, 3)["standard.o3"]
    assert shown[58] == pytest.approx(40.0, abs=3.0)
    assert shown[118] == pytest.approx(300.0, rel=0.02)
    assert shown[-1] == pytest.approx(40.0, abs=3.0)


def test_it_draws_nothing_from_the_calibrator_while_its_line_is_off():
    drawn = {}
    for line in ("open", "connected"):
        # 1.9 L/min are offered; an analyzer that draws 1.4 beside a standard that draws 1.4 would get room air.
        made = data(
            air={"room": ROOM}, device__standard__settings={"sample_line": line},
            device__o3__settings={"gas_mode": "span"},
            tube__ozone={"from": "calibrator.out", "to": "o3.span", "length": "2 m"},
            routine=[routine("1 min", "calibrator", ozone=300.0, total_flow=1.9, calibrator_mode="ozone")],
        )  # fmt: skip
        drawn[line] = recorded(made, 2)["o3.o3"][-1]
    assert drawn["open"] == pytest.approx(300.0, rel=0.02)
    assert drawn["connected"] < 250.0


def test_a_cartridge_behind_spent_charcoal_makes_zero_air_again():
    running = routine("1 min", "calibrator", total_flow=5.0, calibrator_mode="zero")
    shown = {}
    for cartridge in (False, True):
        made = data(
            air={"room": ROOM}, device__zero__hidden={"charcoal_used": 3.0},
            device__zero__settings={"extra_scrubber": cartridge}, device__o3__settings={"gas_mode": "span"},
            tube__ozone={"from": "calibrator.out", "to": "o3.span", "length": "2 m"}, routine=[running],
        )  # fmt: skip
        shown[cartridge] = recorded(made, 2)["o3.o3"][-30:].mean()
    assert shown[False] == pytest.approx(40.0, rel=0.1)
    assert shown[True] == pytest.approx(0.02 * shown[False], abs=1.0)
