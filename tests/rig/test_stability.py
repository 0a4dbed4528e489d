"""When a reading counts as stable, proved on devices whose readings are given."""

from types import SimpleNamespace

import pytest

from rig.host.handles import GasAnalyzer, Identity
from rig.host.references import Supply
from rig.journal import Journal
from rig.logbook import Logbook
from rig.run import Prompt, Run, StabilityRule


class Scripted(GasAnalyzer):
    """An analyzer whose reading is a function of time."""

    def __init__(self, time, law):
        identity = Identity("so2", "so2", "43i", "", "", "", "read", "", emulated=True, gas_port=None)
        super().__init__(identity, None, ())
        self.time, self.law, self.settings = time, law, {"averaging_time": 60.0}

    def read(self, quantity):
        if quantity in self.settings:
            return self.settings[quantity], "s"
        return self.law(self.time.now_us() / 1e6), "nmol/mol"

    def read_if_told(self, quantity):
        return self.read(quantity) if quantity in self.settings else None

    def set(self, setting, value):
        self.settings[setting] = value


class Time:
    def __init__(self):
        self.us = 0

    def now_us(self):
        return self.us

    def sleep(self, seconds):
        self.us += round(seconds * 1e6)


class Person:
    name = "somebody"

    def __init__(self, *answers):
        self.answers = list(answers)

    def ask(self, prompt):
        return self.answers.pop(0)


QUIET = SimpleNamespace(step=lambda text: None, tick=lambda t: None)
RULE = StabilityRule("so2", ("so2",), window_s=120, poll_s=10, least_s=60, most_s=1200, drift=1.0, scatter=2.0)


@pytest.fixture
def make_run(tmp_path):
    journals = []

    def make(law, *answers):
        time = Time()
        device = Scripted(time, law)
        source = SimpleNamespace(name="calibrator", standby=lambda: None)
        journals.append(Journal(tmp_path / f"{len(journals)}.sqlite", each_row=False, wall=lambda: 0.0))
        supply = Supply(source=source, cylinders={}, flows=None)
        return (
            Run({"so2": device}, supply, Logbook(journals[-1], time, time.now_us()), Person(*answers), QUIET),
            device,
            journals[-1],
        )

    yield make
    for journal in journals:
        journal.close()


def test_a_constant_reading_is_stable_after_dead_time_and_window(make_run):
    run, _, _ = make_run(lambda t: 400.0)
    window = run.wait_until(RULE)
    assert window.stable
    assert window.end_s == pytest.approx(180.0)
    assert len(window.readings["so2"]) == 13


def test_a_drifting_reading_is_waited_for_until_its_slope_is_small(make_run):
    run, _, _ = make_run(lambda t: 400.0 * (1 - 2.718281828 ** (-t / 100.0)))
    window = run.wait_until(RULE)
    assert window.stable
    assert abs(window.slope_per_s["so2"]) * 120.0 <= 1.0
    assert abs(window.readings["so2"][-1].value - 400.0) < 1.0


def test_a_reading_that_never_settles_is_given_up_and_said_so(make_run):
    run, _, _ = make_run(lambda t: t)
    window = run.wait_until(RULE)
    assert not window.stable
    assert run.now() == pytest.approx(1200.0)


def test_scatter_alone_keeps_a_reading_from_being_stable(make_run):
    run, _, _ = make_run(lambda t: 400.0 + (5.0 if round(t / 10) % 2 else -5.0))
    assert not run.wait_until(RULE).stable


def test_every_request_is_journaled_with_its_answer(make_run):
    run, _, journal = make_run(lambda t: 400.0)
    run.read("so2", "so2")
    run.wait(10)
    assert [(row.kind, row.request, row.answer) for row in journal.rows()] == [
        ("read", ["so2", "so2"], [400.0, "nmol/mol"]),
        ("wait", [10], None),
    ]


def test_what_was_changed_is_put_back_and_an_adjustment_stays(make_run):
    run, device, _ = make_run(lambda t: 400.0)
    run.set("so2", "averaging_time", 10.0)
    run.set("so2", "averaging_time", 300.0)
    device.settings["so2_coef"] = 1.0
    run.set("so2", "so2_coef", 1.05, adjust=True)
    assert run.make_safe() == []
    assert device.settings == {"averaging_time": 60.0, "so2_coef": 1.05}


def test_an_answer_beyond_belief_is_asked_again(make_run):
    run, _, journal = make_run(lambda t: 0.0, "many", "4000", "401.5")
    answer = run.prompt(Prompt("prompt.gas", expected=400.0, lowest=300.0, highest=500.0))
    assert float(answer) == 401.5
    assert len(list(journal.rows("prompt"))) == 3
