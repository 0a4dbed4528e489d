"""A small instrument on the base class: what every kind inherits is tested here once."""

import numpy as np
import pytest
from pydantic import Field

from instruments.catalogue import CatalogueEntry, parse
from instruments.device import Command
from instruments.errors import Refused
from instruments.signal import WhiteNoise
from instruments.steps import Hidden
from instruments.unit import Unit
from instruments.wear import Service

MARKED = 'mark = "recalled"\nsource = "test"\n'
ENTRY = f"""
[model]
name = "counter"
kind = "meter"
maker = "nobody"
title = "counts light"
principle = "test"
[parameters.warm_up_time]
value = 600.0
unit = "s"
{MARKED}
[parameters.power_draw]
value = 50.0
unit = "W"
{MARKED}
[parameters.power_draw_starting]
value = 80.0
unit = "W"
{MARKED}
[alarms.temp]
low = 40.0
unit = "deg C"
{MARKED}
[settings.factor]
default = 2.0
low = 0.5
high = 4.0
{MARKED}
[settings.label]
default = "a"
choices = ["a", "b"]
{MARKED}
[wear.lamp]
affects = "light"
law = "exponential"
loss_per_1000h = 0.1
loss_per_shelf_year = 0.2
life_h = 9000.0
replaced_by = "replace_lamp"
{MARKED}
"""


class CounterHidden(Hidden):
    light: float = Field(default=1.0, gt=0.0)


class Counter(Unit):
    step_s = 10
    hidden_model = CounterHidden
    diagnostics = ("light", "temp")
    memory = ("total",)
    report_only = frozenset({"factor", "instrument_id"})
    actions = ("clear",)

    def place(self, site):
        pass

    def detect(self, first, last):
        noise = WhiteNoise(self.seed, f"{self.name}/noise").values(first, last)
        light = self.hidden.light * self.share("lamp", first, last) * (1.0 + 0.01 * noise)
        total = self.before("total", first, 0.0) + np.cumsum(light)
        return np.array([light, 20.0 + 30.0 * self.warmth(first, last), total])

    def reported(self):
        return {"shown": "1"}

    def report(self, quantity, first, last, moment):
        return moment.settings["factor"] * self.steps.values(first, last)[self.rows["total"]]

    def act(self, t_us, step, name, value):
        self.restart("total", step, 0.0)
        return {"factor": 1.0}


def entry() -> CatalogueEntry:
    return parse(ENTRY, "counter.toml")


def counter(**options):
    return Counter(entry(), "c", 1, **options)


def at(seconds):
    return round(seconds * 1e6)


def test_polling_changes_nothing_and_commands_act_from_their_instant():
    commands = [
        (95.0, "hidden.light", 0.5),
        (200.0, "clear", True),
        (203.0, "hidden.light", 0.7),
        (300.0, "factor", 3.0),
    ]
    polled, quiet = counter(), counter()
    for second in range(0, 500, 7):
        while commands and commands[0][0] <= second:
            t, name, value = commands.pop(0)
            for unit in (polled, quiet):
                unit.apply(at(t), Command(name, value))
        polled.read(at(second), "shown")
    assert polled.read(at(500), "shown") == quiet.read(at(500), "shown")
    assert [polled.read(at(t), "shown") for t in (40, 90, 199, 310)] == [
        quiet.read(at(t), "shown") for t in (40, 90, 199, 310)
    ]
    # cleared at 200 s, 0.5 for no step (203 s falls into the same step), then 0.7 on 30 steps, times 3
    assert quiet.read(at(500), "shown") == pytest.approx(3.0 * 0.7 * 30, rel=0.02)
    assert quiet.read(at(199), "shown") == pytest.approx(2.0 * (9 * 1.0 + 10 * 0.5), rel=0.02)


def test_settings_are_checked_and_logged_and_a_change_past_the_log_is_still_counted():
    unit = counter()
    for name, value, reason in [
        ("factor", 5.0, "too high"),
        ("factor", "x", "invalid"),
        ("label", "c", "invalid"),
        ("colour", 1, "unknown"),
        ("hidden.mood", 1.0, "unknown"),
        ("hidden.light", 0.0, "invalid"),
    ]:
        with pytest.raises(Refused) as caught:
            unit.apply(at(10), Command(name, value))
        assert caught.value.reason == reason
    assert unit.read(at(10), "parameter_writes") == 0
    unit.apply(at(20), Command("factor", 3.0))
    unit.apply(at(30), Command("factor", 3.5, by="unlogged"))
    unit.apply(at(40), Command("clear", True))
    assert unit.read(at(25), "factor") == 3.0
    assert unit.read(at(35), "factor") == 3.5
    assert unit.read(at(41), "audit_log") == (
        "1970-01-01 00:00:20 remote factor 2 -> 3",
        "1970-01-01 00:00:40 calibration factor 3.5 -> 1",
    )
    assert unit.read(at(41), "parameter_writes") == 3


def test_parts_age_in_service_and_on_the_shelf_and_are_made_new():
    unit = counter(service=Service(hours=1000.0, shelf_days=365.25))
    old = unit.read(at(100), "light")
    assert old == pytest.approx(0.9 * 0.8, rel=0.05)
    assert unit.read(at(3600), "lamp_hours") == pytest.approx(1001.0)
    unit.apply(at(3600), Command("replace_lamp", True))
    assert unit.read(at(3700), "light") == pytest.approx(1.0, rel=0.05)
    assert unit.read(at(7200), "lamp_hours") == pytest.approx(1.0)
    assert unit.read(at(7200), "service_hours") == pytest.approx(1002.0)
    unit.apply(at(7200), Command("power", False))
    assert unit.read(at(10800), "lamp_hours") == pytest.approx(1.0)


def test_a_cold_start_warms_up_and_the_alarm_goes():
    unit = counter(warm=False)
    assert unit.read(at(20), "alarms") == ("temp:low",)
    assert unit.read(at(3600), "alarms") == ()
    unit.apply(at(3600), Command("power", False))
    assert unit.read(at(3700), "powered") is False
    assert unit.read(at(3700), "alarms") == ()
    assert unit.read(at(5400), "temp") < 25.0
    assert unit.read(at(3599), "powered") is True


def test_a_part_that_the_model_does_not_have_is_named():
    with pytest.raises(ValueError, match=r"service\.parts\.pump.*lamp"):
        counter(service=Service(parts={"pump": 5.0}))
