"""A cap on the inlet: flow and pressure fall to what a leak lets in, on every model; no log tells of it."""

import pytest
from gas_twins import MODELS, unit

from instruments.device import Command
from instruments.errors import Refused

SECOND = 1_000_000
CAP, LOOK, OFF, AGAIN = 3600, 4200, 4300, 5400


def capped(design, leak):
    """The shown flow, the demand at the inlet and the pressure: open, capped, open again."""
    made = unit(design)
    made.apply(0, Command("hidden.leak_fraction", leak))
    flow = "sample_flow" if "sample_flow" in made.quantities() else "flow_a"
    found = []
    for action, at, look in ((None, 0, CAP - 10), (True, CAP, LOOK), (False, OFF, AGAIN)):
        if action is not None:
            made.apply(at * SECOND, Command("inlet_cap", action, by="panel"))
        made.advance(look * SECOND)
        found.append((made.read(look * SECOND, flow), float(made.demand_at(made.open_port, look, look + 1)[0]),
                      made.read(look * SECOND, "pressure")))  # fmt: skip
    assert made.read(AGAIN * SECOND, "audit_log") == ()
    assert made.read(AGAIN * SECOND, "parameter_writes") == 0
    return found


@pytest.mark.parametrize("design", MODELS)
@pytest.mark.parametrize("leak", [0.0, 0.3])
def test_what_flows_past_a_cap_is_the_leak(design, leak):
    before, during, after = capped(design, leak)
    assert during[0] / before[0] == pytest.approx(leak, abs=0.03)
    assert during[1] == 0.0  # nothing comes through the inlet itself
    assert before[1] > 0.0
    assert after[0] == pytest.approx(before[0], rel=0.05)
    assert during[2] < before[2]
    assert after[2] == pytest.approx(before[2], rel=0.05)


def test_a_cap_is_on_or_off():
    with pytest.raises(Refused, match="true or false"):
        unit(next(iter(MODELS))).apply(0, Command("inlet_cap", 1.0))
