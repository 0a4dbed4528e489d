"""One item of a record as text in one language: units, limits, results, clauses, references."""

from __future__ import annotations

import re

from calibration.record import Message, Reference, Test
from reports import numbers
from reports.messages import MessageError, Words

_NOT_OF: dict[str, set[str]] = {
    "o3": {"cylinder", "gas_flow", "zero_flow", "dilution_flow"},
    **{quantity: {"photometer"} for quantity in ("so2", "no", "nox", "co")},
}
"""Sources that a component does not have: ozone is made by the calibrator itself and measured with its photometer."""
_HYPHEN = re.compile(r"(?<!\w)-(?=\d)")  # a computer's minus sign before a number


class Phrases:
    """What the pages say of single things. Templates call it; it knows one language and no record."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.fixed, self.significant = numbers.fixed, numbers.significant

    def say(self, message: Message) -> str:
        """Return a message of the record as a sentence, or as key and values if the catalogue is older than it."""
        try:
            return self.words.message(message)
        except MessageError:
            values = ", ".join(f"{name} = {value}" for name, value in message.values.items())
            return f"{message.key} {values}".strip()

    def unit(self, unit: str) -> str:
        """Return a unit as shown; nothing for the unit one."""
        return "" if unit in ("", "1") else self.words.term("unit", unit)

    def criterion(self, test: Test) -> str:
        """Return the words for a criterion, named whole (``multipoint.slope``) or within its procedure (``slope``)."""
        found = self.words.term("criterion", test.criterion)
        if found == test.criterion:
            found = self.words.term("criterion", f"{test.procedure}.{test.criterion}")
        return test.criterion if found == f"{test.procedure}.{test.criterion}" else found

    def item(self, test: Test) -> str:
        """Return device, quantity and criterion of a test."""
        return f"{test.device} · {self.words.term('quantity', test.quantity)} · {self.criterion(test)}"

    def clause(self, test: Test, *, with_document: bool = True) -> str:
        """Return document and clause, or the clause alone."""
        clause = self.words.term("clause", test.clause)
        return f"{test.document} {clause}".strip() if with_document else clause

    def limit(self, test: Test) -> str:
        """Return the limits with their unit."""
        low, high, short, words = test.limit_low, test.limit_high, numbers.shortest, self.words
        if low is not None and high is not None:
            if low == -high:
                text = words("limit.plus_minus", limit=short(high))
            else:
                text = words("limit.between", low=short(low), high=short(high))
        elif low is not None:
            text = words("limit.at_least", limit=short(low))
        elif high is not None:
            text = words("limit.at_most", limit=short(high))
        else:
            return numbers.NOTHING
        return f"{text} {self.unit(test.unit)}".strip()

    def result(self, test: Test) -> str:
        """Return the result as one text: value, uncertainty or interval, unit."""
        found = numbers.result(test)
        text = found.value
        if found.expanded:
            text = f"{text} ± {found.expanded}"
        elif found.interval:
            text = f"{text} {found.interval}"
        unit = self.unit(test.unit) if test.value is not None else ""
        if unit and found.expanded:
            return f"({text}) {unit}"
        return f"{text} {unit}".strip()

    def measurand(self, test: Test) -> str:
        """Return what the value is an estimate of, and how that estimate scatters."""
        words = self.words
        if test.distribution == "chi-square" and test.dof is not None:
            how = words("report.estimate_deviation", dof=self.dof(test.dof))
        elif test.distribution == "none":
            how = words("report.estimate_none")
        elif test.p_conform is None or not test.measurand:
            how = ""  # nothing was said of it
        elif test.dof is None or test.dof > 1000:
            how = words("report.estimate_normal")
        else:
            how = words("report.estimate_student", dof=self.dof(test.dof))
        what = words.term("measurand", test.measurand) if test.measurand else ""
        return words("report.list_semicolon").join(part for part in (what, how) if part)

    def does_not_count(self, test: Test) -> str:
        """Return the error sources that cancel, but for those that the budget names or this gas does not have."""
        told = {line.source for line in test.budget if line.cancels}
        told |= _NOT_OF.get(test.quantity, set())
        names = [self.words.term("source", source) for source in test.cancels if source not in told]
        return (
            self.words("report.does_not_count_text", list=self.words("report.list_comma").join(names)) if names else ""
        )

    def as_found(self, test: Test) -> str:
        """Return the value before and the value after an adjustment, with the digits of the result."""
        places = numbers.places_of(test)
        ends = (numbers.fixed(end, places) for end in (test.as_found, test.as_left))
        return f"{' → '.join(ends)} {self.unit(test.unit)}".strip()

    def formula_numbers(self, test: Test) -> str:
        """Return the formula with numbers put in, ending in the value that it gives."""
        if test.criterion.endswith("correlation") and test.value is not None:
            shown = numbers.result(test).value  # the record may hold it rounded to 1, which it is not
            return f"r {shown}" if shown.startswith((">", "<")) else f"r = {shown}"
        given = _HYPHEN.sub(numbers.MINUS, test.formula_numbers)
        if "=" in given or test.value is None:
            return given
        return f"{given} = {numbers.result(test).value} {self.unit(test.unit)}".strip()

    def with_error(self, value: float, error: float) -> str:
        """Return a parameter of a line with its standard error, to matching digits."""
        if error <= 0:
            return numbers.significant(value, 5)
        places = numbers.places_for(error)
        shown = self.words("report.standard_error", value=numbers.significant(error, 2))
        return f"{numbers.fixed(value, places)} ({shown})"

    def correlation(self, r: float) -> str:
        """Return a correlation coefficient."""
        return numbers.coefficient(r, 5)

    def dof(self, dof: float | None) -> str:
        """Return degrees of freedom; none given means infinitely many, and more than a thousand are as good."""
        if dof is None:
            return "∞"
        return "> 1000" if dof > 1000 else numbers.fixed(dof, 0)

    def content(self, reference: Reference) -> str:
        """Return the certified value of a reference; nothing for one that certifies a part of a reading (100 %)."""
        if reference.unit == "%":
            return numbers.NOTHING
        shown, unit = numbers.amount(reference.value, reference.unit)
        return f"{numbers.shortest(shown)} {self.unit(unit)}".strip()

    def content_u(self, reference: Reference) -> str:
        """Return the standard uncertainty of a reference, in the unit that its value is shown in."""
        value, unit = numbers.amount(reference.value, reference.unit)
        u = reference.u if unit == reference.unit else reference.u * value / reference.value
        return f"{numbers.significant(u, 2)} {self.unit(unit)}".strip()

    def reference(self, reference: Reference) -> str:
        """Return a reference in one line: what it is, its value with u, certificate and last day."""
        kind = self.words.term("reference", reference.kind)
        species = self.words.term("quantity", reference.species) if reference.species else ""
        value = "" if self.content(reference) == numbers.NOTHING else self.content(reference)
        text = " ".join(part for part in (kind, species, value) if part)
        return self.words(
            "report.reference_line", id=reference.id, text=text, u=self.content_u(reference),
            certificate=reference.certificate, expires=reference.expires,
        )  # fmt: skip

    def chain(self, reference: Reference) -> str:
        """Return a reference's certificate and the standards above it, the nearest first."""
        found = [reference.certificate]
        for link in reference.chain:
            papers = link.certificate
            if papers and link.expires:
                papers = f"{papers}, {self.words('report.expires')} {link.expires}"
            found.append(f"{link.standard} ({papers})" if papers else link.standard)
        return " ← ".join(found)


def rescued(test: Test) -> bool:
    """Whether only an adjustment brought the result within its limits."""
    if test.as_found is None or test.as_left is None:
        return False
    return not numbers.within(test.as_found, test.limit_low, test.limit_high)
