"""Weighing of filters by a person at a balance: twice or more, until two weighings agree."""

from __future__ import annotations

from calibration.procedures.common.context import Context
from calibration.record import Message
from calibration.statistics.summary import mean
from rig.run import Deed, Prompt, Sight

_ATTEMPTS = 5
_SETTLING_S = 60.0
_LIGHTEST_MG, _HEAVIEST_MG = 20.0, 2000.0
"""Masses that a loaded or clean filter of 47 to 90 mm may have: what is beyond is asked again."""


def lay_out(context: Context, balance: str, filters: list[int]) -> None:
    """Have filters laid out in the weighing room, to take on its humidity."""
    deeds = tuple(Deed(balance, "condition", number) for number in filters)
    context.run.prompt(Prompt("prompt.lay_out_filters", {"first": filters[0], "last": filters[-1]}, deeds=deeds))


def weigh(context: Context, balance: str, number: int, agree_mg: float, notes: list[Message]) -> float:
    """Mass of a filter, mg: the mean of the first two weighings in turn that agree.

    Digits that were swapped, and a filter that was taken for another one, do not come twice alike.
    """
    run = context.run
    found: list[float] = []
    for _ in range(_ATTEMPTS):
        deed = Deed(balance, "weigh", number, instead=(number + 1,))
        run.prompt(Prompt("prompt.weigh_filter", {"filter": number, "balance": balance}, deeds=(deed,)))
        run.wait(_SETTLING_S)
        answer = run.prompt(
            Prompt("prompt.read_balance", {"filter": number, "balance": balance}, unit="mg", lowest=_LIGHTEST_MG,
                   highest=_HEAVIEST_MG, sight=Sight(balance, "reading", 3))
        )  # fmt: skip
        found.append(float(answer))
        if len(found) > 1 and abs(found[-1] - found[-2]) <= agree_mg:
            break
    if len(found) > 2:
        notes.append(Message(key="weighing.repeated", values={"filter": number, "n": len(found)}))
    return mean(found[-2:])
