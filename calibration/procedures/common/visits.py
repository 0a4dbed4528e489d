"""A visit: all units of a bench read zero gas and some levels of their own gases, one gas after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from calibration.procedures.common.context import Context
from calibration.procedures.common.levels import Asked, Windows, keep, measure_together, request
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Stage, Unit, Wanted, by_gas, label_of
from calibration.record import Level


def visit_stages(units: Sequence[Unit], levels: Mapping[str, float], gas: GasPlan) -> list[Stage]:
    """The way through one visit."""
    stages = [Stage("zero", "", max(gas.wait(unit.gas) for unit in units))] if 0.0 in levels.values() else []
    for name, _ in by_gas(units):
        stages += [Stage(label_of(percent), name, gas.wait(name)) for percent in levels.values() if percent]
    return stages


def visit_gases(unit: Unit, levels: Mapping[str, float], gas: GasPlan, visits: int) -> Iterator[Wanted]:
    """What some visits ask for on this unit; the parameter of a level is its name with ``_pct``."""
    minutes = visits * gas.wait(unit.gas) / 60.0
    for short, percent in levels.items():
        if percent:
            yield Wanted.level(unit, f"{short}_pct", percent, gas, minutes)


def visit(
    context: Context, units: Sequence[Unit], asked: Mapping[str, Asked], levels: Mapping[str, float], windows: Windows
) -> None:
    """Zero for all (if asked for), then each gas at its levels, % of full scale; what was read goes to ``windows``."""
    context.run.begin("day", context.step)

    def note(short: str, devices: Sequence[Asked], label: str, gas: str, value: float) -> None:
        keep(windows, measure_together(context, devices, label, request(context, gas, value), []), short)

    for short, percent in levels.items():
        if not percent:
            note(short, list(asked.values()), "zero", "", 0.0)
    for gas, group in by_gas(units):
        some = [asked[unit.name] for unit in group]
        for short, percent in levels.items():
            if percent:
                note(short, some, label_of(percent), gas, percent * some[0].scale / 100.0)


def excess(levels: Sequence[Level]) -> list[float]:
    """Readings of one level, less what its gas changed since the first: what is made differs a little each time."""
    return [(level.mean or 0.0) - (level.nominal - levels[0].nominal) for level in levels]
