"""Prompts: what hands do at an emulated bench, what eyes read, how often a person errs, what is asked again."""

import io
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from gas_bench import CERTIFIED, data, open_bench

from rig.bench_check import check_bench_data
from rig.cli.people import TerminalOperator
from rig.errors import RigFault
from rig.host.references import Supply
from rig.journal import Journal
from rig.logbook import Logbook
from rig.operators import Habits, Hands, SimulatedOperator
from rig.prompts import Deed, Prompt, Sight
from rig.run import REFUSALS, Run
from rig.session import VirtualTime

QUIET = SimpleNamespace(step=lambda text: None, tick=lambda t: None)
HELD = Prompt(
    "prompt.hold_meter", {"meter": "flow", "place": "so2.sample"},
    deeds=(Deed("flow", "connected_to", "so2.sample", home="room", instead=("so2.span",)),),
)  # fmt: skip
PUT_DOWN = Prompt("prompt.put_down", deeds=(Deed("flow", "connected_to", "room", home="room"),))
FLOW = Prompt("prompt.read", expected=0.5, unit="L/min", lowest=0.0, highest=2.0,
              sight=Sight("flow", "volumetric_flow", decimals=2))  # fmt: skip


@pytest.fixture
def bench():
    meter = {"model": "defender-530", "certificate": {"volumetric_flow": CERTIFIED}}
    opened = open_bench(data(device__flow=meter))
    yield opened
    opened.close()


def person(bench, **habits):
    return SimulatedOperator(VirtualTime(bench), Habits(**habits), Hands(lambda action: action(bench)), seed=3)


@pytest.fixture
def run_with(bench, tmp_path):
    journals = []

    def make(operator):
        journals.append(Journal(tmp_path / f"{len(journals)}.sqlite", each_row=False, wall=lambda: 0.0))
        source = SimpleNamespace(name="calibrator", standby=lambda: None)
        return Run(
            {}, Supply(source, {}, None), Logbook(journals[-1], VirtualTime(bench), 0), operator, QUIET
        ), journals[-1]

    yield make
    for journal in journals:
        journal.close()


def test_hands_move_the_emulated_meter_and_eyes_read_what_it_shows(bench, run_with):
    run, journal = run_with(person(bench, delay_s=30.0))
    run.prompt(HELD)
    assert bench.instruments["flow"].device.settings["connected_to"] == "so2.sample"
    run.wait(20.0)
    shown = float(run.prompt(FLOW))
    assert shown == pytest.approx(0.5, rel=0.1)
    assert run.now() == pytest.approx(80.0)  # two answers, half a minute each
    held, read = journal.rows("prompt")
    assert held.request["deeds"] == [["flow", "connected_to", "so2.sample"]]
    assert held.answer == {"answer": "", "believed": "", "by": "simulated operator", "asked_us": 0}
    assert (read.request["lowest"], read.request["highest"], read.request["unit"]) == (0.0, 2.0, "L/min")
    assert float(read.answer["answer"]) == shown
    assert read.t_us - read.answer["asked_us"] == 30_000_000


def test_what_is_not_put_back_is_named_at_the_end(bench, run_with):
    run, _ = run_with(person(bench))
    run.prompt(HELD)
    assert run.make_safe() == ["flow: connected_to back to room (by hand)"]
    run.prompt(HELD)
    run.prompt(PUT_DOWN)
    assert run.make_safe() == []


def test_what_another_action_undoes_is_named_until_it_is_done_even_when_stopped_in_the_question(run_with):
    def stop(prompt):
        raise KeyboardInterrupt

    somebody = SimpleNamespace(name="Li", ask=lambda prompt: "")
    run, _ = run_with(somebody)
    place = Prompt("prompt.place_foil", deeds=(Deed("pm10", "place_foil", "SIM-1020", undone_by="remove_foil"),))
    remove = Prompt("prompt.remove_foil", deeds=(Deed("pm10", "remove_foil", True),))
    run.prompt(place)
    run.prompt(remove)
    assert run.make_safe() == []
    run.prompt(place)
    somebody.ask = stop
    with pytest.raises(KeyboardInterrupt):
        run.prompt(remove)
    assert run.make_safe() == ["pm10: remove_foil (by hand)"]
    with pytest.raises(KeyboardInterrupt):
        run.prompt(HELD)
    assert run.make_safe() == ["flow: connected_to back to room (by hand)"]


def test_mistakes_come_at_the_stated_rate_and_are_the_same_for_the_same_seed(bench):
    took = []
    for _ in range(2):
        operator = person(bench, mistakes=0.2)
        for _ in range(400):
            operator.ask(HELD)
            operator.ask(PUT_DOWN)
        took.append(operator.slips)
    assert took[0] == took[1]
    assert len(took[0]) == pytest.approx(0.2 * 800, abs=4 * (800 * 0.2 * 0.8) ** 0.5)
    assert {what for key, what in took[0] if key == "prompt.hold_meter"} == {"connected_to = so2.span"}
    assert {what for key, what in took[0] if key == "prompt.put_down"} == {"not done"}


def test_a_number_is_misread_by_swapped_digits(bench):
    operator = person(bench, mistakes=1.0)
    assert operator.ask(Prompt("prompt.gas", expected=412.0)) in {"142.0", "421.0"}
    assert operator.ask(Prompt("prompt.gas", expected="abc")) == "abc"


def test_an_answer_beyond_belief_is_asked_again_and_every_answer_is_kept(run_with):
    answers = iter(["many", "41.2", "401.5"])
    asked = []
    somebody = SimpleNamespace(name="Li", ask=lambda prompt: asked.append(prompt) or next(answers))
    run, journal = run_with(somebody)
    assert run.prompt(Prompt("prompt.gas", expected=400.0, lowest=300.0, highest=500.0)) == "401.5"
    assert [prompt.refused for prompt in asked] == ["", "many", "41.2"]
    assert [(row.answer["answer"], row.answer["believed"], row.answer["by"]) for row in journal.rows("prompt")] == [
        ("many", None, "Li"), ("41.2", None, "Li"), ("401.5", "401.5", "Li"),
    ]  # fmt: skip


@pytest.mark.parametrize("terminal", [False, True])
def test_an_answer_that_never_can_be_believed_ends_in_an_error_that_names_it(run_with, monkeypatch, terminal):
    monkeypatch.setattr("sys.stdin", io.StringIO("41.2\n" * 9))
    somebody = TerminalOperator("en", nullcontext) if terminal else SimpleNamespace(name="Li", ask=lambda _: "41.2")
    run, journal = run_with(somebody)
    values = {"device": "so2", "gas": "SO2", "value": 400.0, "unit": "ppb", "flow": 5.0}
    asked = Prompt("prompt.gas", values, expected=400.0, lowest=300.0, highest=500.0, unit="nmol/mol")
    with pytest.raises(
        RigFault, match=r"prompt\.gas \(device so2, .*\): no answer .* 300\.0 - 500\.0 nmol/mol, found '41\.2'"
    ):
        run.prompt(asked)
    assert len(list(journal.rows("prompt"))) == REFUSALS
    [given_up] = journal.rows("given up")
    assert (given_up.request["key"], given_up.answer) == ("prompt.gas", {"refusals": REFUSALS})


def test_a_choice_takes_only_what_can_be_chosen(run_with):
    answers = iter(["maybe", "308"])
    run, _ = run_with(SimpleNamespace(name="Li", ask=lambda prompt: next(answers)))
    assert run.prompt(Prompt("prompt.read", choices=("308", "304.39"))) == "308"


def test_without_hands_nothing_is_pretended():
    with pytest.raises(RigFault, match="no hands on a bench of another process"):
        SimulatedOperator().ask(HELD)
    assert SimulatedOperator().ask(Prompt("prompt.gas", expected=400.0)) == "400.0"


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        (Prompt("prompt.put_down", deeds=(Deed("nothing", "connected_to", "room"),)), "no such emulated device"),
        (Prompt("prompt.put_down", deeds=(Deed("flow", "connected_to", "attic"),)), "nothing here is called 'attic'"),
        (Prompt("prompt.read", sight=Sight("flow", "speed")), "nothing of that name"),
    ],
)
def test_a_prompt_for_what_is_not_there_is_a_fault_and_names_it(bench, prompt, said):
    with pytest.raises(RigFault, match=said):
        person(bench).ask(prompt)


def test_at_the_terminal_the_rig_lends_its_hands_to_an_emulated_bench(bench, monkeypatch, capsys):
    operator = TerminalOperator("zh", nullcontext, Hands(lambda action: action(bench)))
    monkeypatch.setattr("sys.stdin", io.StringIO("\n\n0.61\n"))
    assert operator.ask(HELD) == ""
    assert bench.instruments["flow"].device.settings["connected_to"] == "so2.sample"
    VirtualTime(bench).sleep(20.0)
    read = Prompt("prompt.put_down", {"meter": "flow", "place": "x"}, sight=Sight("flow", "volumetric_flow", 2),
                  lowest=0.0, highest=0.6, unit="L/min", refused="6.1")  # fmt: skip
    assert float(operator.ask(read)) == pytest.approx(0.5, rel=0.1)
    assert operator.ask(read) == "0.61"
    said = capsys.readouterr().out
    assert "请将参考流量计 flow 连接到 so2.sample" in said
    assert "6.1" in said
    assert "0.0 - 0.6 L/min" in said


def test_a_bench_file_says_how_its_person_works():
    file = check_bench_data(data(operator={"delay": "45 s", "mistakes": 0.05}), "bench.toml")
    assert (file.operator.delay, file.operator.mistakes) == (45.0, 0.05)
