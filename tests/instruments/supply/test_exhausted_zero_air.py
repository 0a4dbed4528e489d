"""An analyzer that is zeroed on the air of a spent generator: the check looks perfect, the night air goes negative."""

import numpy as np
import pytest

from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.plumbing import Tube, VentedManifold
from rig.fault_library import library

from .conftest import Supply, still_air

HOUR = 3600
SPENT = {
    "43i": "zero_air_charcoal_exhausted", "T100": "zero_air_charcoal_exhausted",
    "48i": "zero_air_oxidiser_exhausted", "T300": "zero_air_oxidiser_exhausted",
}  # fmt: skip


def night(model, *, spent):
    """Mean readings on the generator's zero air after the unit was zeroed on it, and in the clean air of a night."""
    bench = Supply(seed=5)
    entry = load(model)
    unit = build_unit(entry, "unit", 5, hidden={"zero_offset": 0.0, "span_wander_pct": 0.0})
    unit.connect("room", bench.room)
    unit.connect("sample", still_air("night", so2=0.5, no=0.0, no2=0.0, co=0.1))
    manifold = VentedManifold(bench.box.outlet, bench.room)
    manifold.add_consumer(unit, "zero")
    unit.connect("zero", Tube(manifold, length_m=3.0, bore_m=0.004, flow_lpm=entry.parameter("sample_flow")))
    if spent:
        fault = library()[SPENT[model]]
        for act in fault.acts:
            bench.tell(10, bench.zero, **{act.command.replace(".", "__"): act.value(0.0, fault.severity.high)})
    bench.tell(60, calibrator_mode="zero")
    bench.tell(60, unit, gas_mode="zero")
    channel = next(iter(entry.channels.values()))
    for second, name, value in ((2 * HOUR, channel.calibrate_zero, True), (3 * HOUR, "gas_mode", "sample")):
        unit.advance(second * 1_000_000)
        unit.apply(second * 1_000_000, Command(name, value, by="panel"))
    table = unit.recording(0, 5 * HOUR // unit.step_s)
    reading = table[next(iter(entry.channels))]

    def mean(begin, end):
        return float(np.mean(reading[begin // unit.step_s : end // unit.step_s]))

    return mean(2 * HOUR + 600, 3 * HOUR), mean(4 * HOUR, 5 * HOUR)


@pytest.mark.parametrize("model", SPENT)
def test_zeroed_on_exhausted_zero_air(model):
    limit, true = (0.06, 0.1) if load(model).kind == "co" else (1.0, 0.5)
    check, air = night(model, spent=False)
    assert abs(check) < limit
    assert air == pytest.approx(true, abs=2 * limit)
    check, air = night(model, spent=True)
    assert abs(check) < limit, "the check looks perfect"
    assert air < -limit, "and the night air goes negative"
