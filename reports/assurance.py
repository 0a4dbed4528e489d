"""What stands beside a verdict, in sentences. It never changes the verdict."""

from __future__ import annotations

from calibration.record import Advice, Test
from reports.messages import Words
from reports.numbers import percent

_ADVICE = {"readings": "assure.more_readings", "tests": "assure.more_tests"}
_VERDICTS = {
    "pass": "assure.pass",
    "fail": "assure.fail",
    "undecided": "assure.undecided",
    "void": "assure.void",
    "not tested": "assure.not_tested",
    "error": "assure.error",
}
_RISKS = {  # of a verdict, and whether it is on a deviation: what blurs that is the number of readings, not U
    ("pass", False): "assure.risk_of_pass",
    ("fail", False): "assure.risk_of_fail",
    ("pass", True): "assure.risk_of_pass_deviation",
    ("fail", True): "assure.risk_of_fail_deviation",
}


def sentences(test: Test, words: Words) -> list[str]:
    """Return the verdict, the risk of it being wrong and how firm it is."""
    found = [words(_VERDICTS[test.verdict])]
    if test.verdict not in ("pass", "fail", "undecided"):
        return found
    if test.p_conform is None:
        found.append(words("assure.no_distribution" if test.distribution == "none" else "assure.not_applicable"))
    elif test.verdict in ("pass", "fail"):
        risk = percent(1.0 - test.p_conform if test.verdict == "pass" else test.p_conform)
        found.append(words(_RISKS[test.verdict, test.distribution == "chi-square"], n=test.n, p=risk))
    else:
        found.append(words("assure.risk_of_undecided", p=percent(test.p_conform)))
    if test.assurance == "marginal" and test.verdict != "undecided":
        found.append(words("assure.marginal"))
    if test.advice is not None:
        found.append(_advice(test.advice, words))
    if test.assurance == "firm":
        found.append(words("assure.firm"))
    if test.decision_rule == "guarded":
        found.append(words("assure.guarded"))
    return found


def _advice(advice: Advice, words: Words) -> str:
    """Return what would settle a marginal verdict."""
    if advice.more is not None:
        return words(_ADVICE[advice.repeats], n=advice.more)
    return words("assure.better_references" if advice.references else "assure.no_number_of_repeats")
