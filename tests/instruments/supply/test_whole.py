"""The whole supply at once: whoever looks in between, and however the computation is cut, the bits are the same."""

import numpy as np
import pytest

from instruments.air import Species
from instruments.device import Command

from .conftest import Supply, play

LOUD = {
    "flow_repeatability_pct": 0.2,
    "ozone_fluctuation_pct": 0.5,
    "ozone_fluctuation": 1.0,
    "photometer_noise_factor": 1.0,
}


def story(line):
    box, zero, a, b = line.box, line.zero, line.bottles["a"], line.bottles["b"]
    linear = str(box.settings["gas_flow_table"])
    return [
        (33.3, box, "concentration", 400.0), (61.0, box, "calibrator_mode", "span"),
        (700.5, zero, "hidden.purafil_used", 0.95), (1003.7, a, "hidden.used_before", 0.979),
        (1500.0, box, "gas_flow_table", linear.replace("2000:40 ", "2000:41 ")),
        (2003.7, box, "hidden.gas_flow_drift_pct_per_year", 40.0), (2100.1, box, "hidden.solenoid_leak_cc_min", 2.0),
        (2100.1, box, "hidden.solenoid_leak_port", "b"), (2500.2, box, "ozone", 160.0), (2501.9, box, "gas", "b"),
        (2505.4, box, "calibrator_mode", "gptps"), (3300.0, box, "calibrator_mode", "gpt"),
        (3600.1, b, "fit_regulator", True), (4000.0, box, "hidden.ozone_lamp_fraction", 0.6),
        (4100.0, box, "ozone_control", "constant"), (4500.9, box, "replace_o3_lamp", True),
        (5000.5, box, "power", False), (5600.5, box, "power", True), (5700.0, box, "calibrator_mode", "ozone"),
        (6000.0, zero, "replace_purafil", True), (6100.0, box, "calibrator_mode", "drives"),
        (6101.0, box, "gas_drive", 2500.0), (6200.0, zero, "power", False),
    ]  # fmt: skip


@pytest.mark.parametrize("model", ["146i", "T700"])
def test_polling_and_cuts_change_nothing(model):
    def run(cuts):
        line = Supply(model, **LOUD)
        units = (line.box, line.zero, *line.bottles.values())

        def look_at_the_ozone(cut):
            line.read(cut, "photometer_o3")

        def look_at_all(cut):
            for unit in units:
                unit.read(cut * 1_000_000, "alarms")
            look_at_the_ozone(cut)

        play(story(line), cuts, look_at_all, look_at_the_ozone)
        seen = [line.box.outlet.values(0, 7200).tobytes()]
        for unit in units:
            table = unit.recording(0, 7200 // unit.step_s)
            seen += [values.tobytes() for values in table.values()]
        return seen

    rng = np.random.default_rng(5)
    assert run(sorted(rng.integers(1, 7200, 60).tolist())) == run([7199])


def test_what_was_recorded_is_what_was_read():
    line = Supply("T700", **LOUD)
    read = {}
    commands = story(line)
    for second in range(10, 7200, 10):
        while commands and commands[0][0] < second:
            at, unit, name, value = commands.pop(0)
            unit.apply(round(at * 1e6), Command(name, value))
        # what a step shows at its end is what its last second showed
        read[second // 10 - 1] = (
            line.box.read(second * 1_000_000 - 1, "gas_flow"),
            line.box.read(second * 1_000_000, "o3_gen_drive"),
        )
    table = line.box.recording(0, 719)
    for step, (flow, drive) in read.items():
        if line.box.read((step + 1) * 10_000_000, "powered"):
            assert table["gas_flow"][step] == flow
            assert table["o3_gen_drive"][step] == drive


def test_a_calibrator_comes_back_in_standby_with_its_tables_and_values():
    line = Supply()
    line.tell(10, cylinder_value_a=51_000.0, concentration=400.0, calibrator_mode="span")
    line.tell(600, power=False)
    line.tell(900, power=True)
    assert line.read(1000, "calibrator_mode") == "standby"
    assert line.read(1000, "cylinder_value_a") == 51_000.0
    assert line.read(500, "calibrator_mode") == "span"
    assert line.box.outlet.offered_lpm(1200, 1201)[0] == 0.0
    line.tell(1300, calibrator_mode="span")
    assert line.gas(3000)[Species.SO2] == pytest.approx(400.0 * 50.0 / 51.0, rel=5e-3)


def test_a_box_that_nobody_else_looks_after_keeps_its_cylinders_and_zero_air_up_to_date():
    line = Supply()
    line.tell(10, concentration=400.0, calibrator_mode="span")
    for second in range(0, 3 * 86_400 + 1, 6 * 3600):
        line.box.advance(second * 1_000_000)
    # 40 cc/min for three days
    left = line.bottles["a"].read(3 * 86_400 * 1_000_000, "pressure")
    assert left == pytest.approx((10.0 - 0.04 * 1440 * 3 * 0.101325 / 8.0) * 298.15 / 293.15, abs=0.06)
    assert line.bottles["a"].read(3 * 86_400 * 1_000_000, "content") == "SO2 50000 nmol/mol"
