"""What stands beside a verdict, in sentences. It never changes the verdict."""

from __future__ import annotations

from calibration.record import Test
from reports.messages import Words
from reports.numbers import percent

_VERDICTS = {
    "pass": "assure.pass",
    "fail": "assure.fail",
    "undecided": "assure.undecided",
    "void": "assure.void",
    "not tested": "assure.not_tested",
    "error": "assure.error",
}


def sentences(test: Test, words: Words) -> list[str]:
    """Return the verdict, the risk of it being wrong and how firm it is."""
    found = [words(_VERDICTS[test.verdict])]
    if test.verdict not in ("pass", "fail", "undecided"):
        return found
    if test.p_conform is None:
        found.append(words("assure.not_applicable"))
    elif test.verdict == "pass":
        found.append(words("assure.risk_of_pass", p=percent(1.0 - test.p_conform)))
    elif test.verdict == "fail":
        found.append(words("assure.risk_of_fail", p=percent(test.p_conform)))
    else:
        found.append(words("assure.risk_of_undecided", p=percent(test.p_conform)))
    if test.assurance == "marginal" and test.verdict != "undecided":
        found.append(words("assure.marginal"))
    if test.assurance == "firm":
        found.append(words("assure.firm"))
    if test.decision_rule == "guarded":
        found.append(words("assure.guarded"))
    return found
