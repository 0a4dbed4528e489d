"""rig power: risks that a plan's number of repeats leaves, held against simulated units."""

import json

import numpy as np
import pytest
from general_record import build_general
from scipy.special import chdtr, chdtrc

from calibration.record import BudgetLine, Message
from rig.cli.power import run_power
from rig.errors import ConfigurationError
from scenarios.power import power, worst_by_criterion

RECORD = build_general()


@pytest.fixture(scope="module")
def found():
    return {one.id: one for one in power(RECORD)}


def test_the_risks_of_a_deviation_are_those_of_simulated_units(found):
    random = np.random.default_rng(5)
    for short, n in (("zero_noise", 25), ("span_noise", 6)):
        one = found[f"so2/noise/so2/{short}"]
        assert (one.repeats, one.planned) == ("readings", n)
        for sigma, said in ((1.0, one.at_limit_passes), (0.8, 1.0 - one.good_fails), (1.25, one.bad_passes)):
            passes = random.normal(0.0, sigma, (40_000, n)).std(axis=1, ddof=1) <= 1.0
            assert passes.mean() == pytest.approx(said, abs=0.01)
        enough = random.normal(0.0, 1.25, (20_000, one.needed)).std(axis=1, ddof=1)
        assert (enough <= 1.0).mean() <= 0.057


def test_readings_that_remember_each_other_count_for_fewer():
    test = next(t for t in RECORD.tests if t.id == "so2/noise/so2/zero_noise")
    half = test.model_copy(update={"dof": 11.0})
    [usual, slow] = power(RECORD.model_copy(update={"tests": [test, half]}))
    assert slow.planned == usual.planned == 25
    assert slow.bad_passes > 1.3 * usual.bad_passes
    assert slow.needed == pytest.approx(usual.needed * 25 / 12, abs=1.1)


def shared_and_own(shared, own, value=0.7, limit=2.0):
    """A record with one test: limits +- ``limit``, standard uncertainties of the references and of everything else."""
    test = next(t for t in RECORD.tests if t.id == "so2/drift/so2/zero_24h")
    lines = [
        BudgetLine(source="cylinder", type="B", u=shared, unit="%", sensitivity=1.0, contribution=shared,
                   basis=Message(key="basis.certificate", values={"certificate": "x"})),
        BudgetLine(source="repeatability", type="A", u=own, unit="%", sensitivity=1.0, contribution=own,
                   basis=Message(key="basis.flow_repeatability")),
        BudgetLine(source="zero_air", type="B", u=9.0, unit="%", sensitivity=1.0, contribution=9.0, cancels=True,
                   basis=Message(key="basis.cancels_same_gas")),
    ]  # fmt: skip
    changed = test.model_copy(
        update={"budget": lines, "u": float(np.hypot(shared, own)), "value": value, "limit_low": -limit,
                "limit_high": limit}
    )  # fmt: skip
    return RECORD.model_copy(update={"tests": [changed]})


def test_repeats_do_nothing_against_what_they_share():
    [one] = power(shared_and_own(0.1, 0.6))
    assert one.repeats == "tests"
    assert one.planned == 1
    random = np.random.default_rng(6)
    for error, said in ((2.0, one.at_limit_passes), (1.6, 1.0 - one.good_fails), (2.5, one.bad_passes)):
        shown = error + random.normal(0, 0.1, 40_000) + random.normal(0, 0.6, 40_000)
        assert (abs(shown) <= 2.0).mean() == pytest.approx(said, abs=0.01)
    means = random.normal(0, 0.6, (40_000, one.needed)).mean(axis=1)
    assert (abs(1.6 + random.normal(0, 0.1, 40_000) + means) > 2.0).mean() <= 0.055
    assert one.needed > 1
    [hopeless] = power(shared_and_own(0.6, 0.1))
    assert hopeless.needed is None
    assert hopeless.why == "references"


def test_of_two_limits_good_and_bad_are_told_from_their_middle():
    record = shared_and_own(0.1, 0.6)
    [centred] = power(record)
    moved = record.tests[0].model_copy(update={"limit_low": 97.0, "limit_high": 101.0, "value": 99.7})
    [shifted] = power(record.model_copy(update={"tests": [moved]}))
    assert shifted.good_fails == pytest.approx(centred.good_fails)
    assert shifted.needed == centred.needed


def test_what_has_no_probability_says_why(found):
    assert found["so2/linearity/so2/correlation"].why == "no distribution"
    untested = next(test for test in RECORD.tests if test.verdict == "not tested")
    assert found[untested.id].why == "no value"
    assert found[untested.id].good_fails is None


def test_the_worst_of_each_criterion_is_shown(found):
    worst = worst_by_criterion(list(found.values()))
    assert len(worst) == 12
    for one in worst:
        assert one.larger == max(other.larger for other in found.values() if other.criterion == one.criterion)


def test_the_command_reads_a_record(tmp_path, capsys):
    path = tmp_path / "result.json"
    run = RECORD.run.model_copy(update={"plan": "gas-check"})
    path.write_text(RECORD.model_copy(update={"run": run}).to_json())
    assert run_power("gas-check", "demo", (), path, 0.8, 0.05, as_json=False) == 0
    said = capsys.readouterr().out
    assert "noise.zero_noise" in said
    a, b, c = chdtr(24, 24), chdtrc(24, 24 / 0.64), chdtr(24, 24 * 0.64)  # 25 readings, sigma at 1, 0.8, 1.25
    assert f"25 readings {100 * a:.1f} % {100 * b:.1f} % {100 * c:.1f} %" in " ".join(said.split())
    assert "no probability can be given for it" in said
    assert run_power("gas-check", "demo", (), path, 0.9, 0.05, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == len(RECORD.tests)
    with pytest.raises(ConfigurationError, match="--record: expected a run of hj193-debug"):
        run_power("hj193-debug", "demo", (), path, 0.8, 0.05, as_json=False)


def test_without_a_record_the_plan_is_tried_on_the_bench(capsys):
    assert run_power("gas-check", "demo", ("o3",), None, 0.8, 0.05, as_json=False) == 0
    said = capsys.readouterr().out
    assert "a trial run on demo" in said
    assert "SIMULATED" not in said  # the last words of the trial are not for the reader
    for criterion in ("zero_span.zero", "zero_span.span", "multipoint.slope", "multipoint.intercept"):
        assert criterion in said


REAL = """
[bench]
epoch = "2026-01-05T00:00:00+08:00"
[device.so2]
model = "43i"
resource = "ASRL/dev/ttyUSB0::INSTR"
protocol = "clink"
id = 43
"""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"good": 1.0}, "--good: expected a part of the limit between 0 and 1"),
        ({"risk": 0.6}, "--risk: expected a probability between 0 and 0.5"),
        ({"record": "missing.json"}, "--record: expected a result.json"),
        ({"bench": REAL}, "has real devices, which are not tried for this"),
    ],
)
def test_mistakes_are_named(options, said, tmp_path):
    asked = {"plan": "gas-check", "bench": "demo", "devices": (), "record": None, "good": 0.8, "risk": 0.05} | options
    if asked["record"]:
        asked["record"] = tmp_path / asked["record"]
    if "\n" in asked["bench"]:
        (tmp_path / "real.toml").write_text(asked["bench"])
        asked["bench"] = str(tmp_path / "real.toml")
    with pytest.raises(ConfigurationError) as error:
        run_power(**asked, as_json=False)
    assert said in str(error.value)
