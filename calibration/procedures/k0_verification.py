"""K0 of an oscillating balance by a weighed filter: the element without it, and with it, several times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import OSCILLATION, hands, own_piece, shown
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table, Test
from calibration.statistics.errors import BadArgument
from calibration.statistics.hj_particles import k0_difference, k0_from_filter
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget, Component
from calibration.uncertainty.k0 import k0_budget
from rig.host.plate import Piece
from rig.prompts import Deed, Prompt, Sight

NAME = "k0_verification"
QUANTITY = "k0"
_FIT = "fit_filter"
_UNIT = "g Hz2"
_AUDIT_SHARE = 0.005
"""How far the unit's own figure may lie from ours to be believed: it takes one frequency, we take the mean of some
(this project's choice; two swapped digits of a K0 are more)."""


class K0VerificationPlan(Parameters):
    """What a plan may set of a K0 verification."""

    repeats: int = Field(default=3, ge=2)
    settle: Seconds = Field(default=1800.0, description="from the closed transducer to the first look")
    window: Seconds = Field(default=600.0, gt=0, description="over which the frequency must stand still")
    poll: Seconds = Field(default=60.0, gt=0)
    most: Seconds = Field(default=7200.0, description="longest wait for it")
    spread: float = Field(default=0.02, gt=0, description="range of the frequency within the window, Hz")
    resolution: float = Field(default=0.000_001, gt=0, description="step of the displayed frequency, Hz")
    temperature_tolerance_pct: float = Field(default=2.0, gt=0, description="transducer against its set point, %")
    sampling_filter_g: float = Field(default=0.0903, gt=0, description="mass of the clean filter that is fitted after")
    void_after: Seconds = Field(default=10_800.0, description="from the new filter until the data count again")


@dataclass(frozen=True, slots=True)
class _Repeat:
    """One pair of frequencies, with the scatter of both, and what the unit makes of it."""

    free: float
    loaded: float
    u_free: float
    u_loaded: float
    k0: float
    audit: float


class K0Verification(Procedure[K0VerificationPlan]):
    """Sampling stopped, transducer at its temperature, frequency standing still: without the filter, then with it.

    The filter belongs to this unit by its certificate. A result beyond the limit is not believed before the filter has
    been seated anew and everything was repeated once; a new K0 is never typed in.
    """

    name = NAME
    parameters = K0VerificationPlan
    criteria: ClassVar[Mapping[str, str]] = {"difference": "%"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Oscillating balances."""
        return unit.weighing == OSCILLATION

    def judged(self, unit: Unit, parameters: K0VerificationPlan) -> list[Judged]:
        """K0."""
        return [Judged(QUANTITY, "%", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: K0VerificationPlan, gas: GasPlan) -> list[Stage]:
        """Pairs of frequencies, and the void hours after them."""
        wanted = Message(key="prompt.start_k0", values={"device": units[0].name})
        once = 2.0 * (parameters.settle + parameters.window)
        pairs = [Stage(f"K0 {number + 1}", "", once, hands=wanted) for number in range(parameters.repeats)]
        return [*pairs, Stage("void", "", parameters.void_after)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: K0VerificationPlan) -> list[Outcome]:
        """Verify; if it fails, seat anew and verify once more."""
        [unit] = units
        run, device, name = context.run, unit.name, f"{NAME}.difference"
        subject = context.subject(device, QUANTITY, "%", 100.0)
        piece, why = own_piece(context, device)
        stored = run.look(device, "k0")
        if piece is None or why is not None:
            assert why is not None  # one or the other
            return [Outcome(device, None, None, [context.judge.no_result(name, subject, "void", why)], [why])]
        k0_stored = float(stored) if isinstance(stored, int | float) else shown(context, device, "k0", _UNIT, 1e3, 1e5)
        notes = [Message(key="piece.used", values={"device": device, "piece": piece.name, "value": piece.value,
                                                   "unit": "g", "certificate": piece.certificate})]  # fmt: skip
        hands(context, "prompt.start_k0", device, Deed(device, "start_k0", True, undone_by="end_k0"))
        rounds: list[list[_Repeat]] = []
        test: Test | None = None
        while len(rounds) < 2 and (test is None or test.verdict == "fail"):
            if rounds:
                notes.append(Message(key="k0_verification.repeated", values={"device": device}))
            found = _round(context, device, piece, parameters, notes)
            rounds.append(found)
            if not found:
                unstable = Message(key="k0_verification.not_stable", values={"device": device})
                test = context.judge.no_result(name, subject, "void", unstable)
            else:
                test = _judged(context, device, found, piece, k0_stored, parameters)
        hands(context, "prompt.fit_sampling_filter", device, Deed(device, _FIT, parameters.sampling_filter_g))
        hands(context, "prompt.end_k0", device, Deed(device, "end_k0", True))
        run.step(f"{device}: void")
        run.wait(parameters.void_after)
        hours = parameters.void_after / 3600.0
        notes.append(Message(key="particle.void_hours", values={"device": device, "hours": round(hours, 1)}))
        assert test is not None  # one round at least
        numbered = enumerate((its for one in rounds for its in one), 1)
        table = Table(
            key=NAME,
            columns=[Column(key="repeat", decimals=0), Column(key="frequency_free", unit="Hz", decimals=4),
                     Column(key="frequency_loaded", unit="Hz", decimals=4), Column(key="k0", unit=_UNIT, decimals=1),
                     Column(key="k0_audit", unit=_UNIT, decimals=1), Column(key="difference", unit="%", decimals=2)],
            rows=[[float(number), its.free, its.loaded, its.k0, its.audit, k0_difference(its.k0, k0_stored)]
                  for number, its in numbered],
        )  # fmt: skip
        data = MeasuredData(quantity=QUANTITY, unit=_UNIT, full_scale=k0_stored, tables=[table])
        return [Outcome(device, None, data, [test], notes)]


def _round(
    context: Context, device: str, piece: Piece, plan: K0VerificationPlan, notes: list[Message]
) -> list[_Repeat]:
    """All pairs of a round; none if the element would not stand still."""
    found: list[_Repeat] = []
    others = tuple(its.value for its in context.run.identity(device).plate.pieces if its.name != piece.name)
    for number in range(plan.repeats):
        context.run.step(f"{device}: K0 {number + 1}")
        hands(context, "prompt.remove_filter", device, Deed(device, "remove_filter", True, undone_by=_FIT))
        free = _frequency(context, device, plan)
        hands(context, "prompt.k0_free", device, Deed(device, "k0_free", True))
        fit = Deed(device, _FIT, piece.value, instead=others, undone_by=_FIT)
        hands(context, "prompt.fit_weighed_filter", device, fit, piece=piece.name, mass=piece.value)
        loaded = _frequency(context, device, plan)
        if free is None or loaded is None:
            return []
        try:
            k0 = k0_from_filter(piece.value, free[0], loaded[0])
        except BadArgument:  # it was not taken off, or not fitted
            notes.append(Message(key="k0_verification.no_filter", values={"device": device, "piece": piece.name}))
            return []
        hands(context, "prompt.k0_filter", device, Deed(device, "k0_filter", piece.value), mass=piece.value)
        audit = float(
            context.run.prompt(
                Prompt("prompt.read_display", {"device": device, "quantity": "k0_audit", "unit": _UNIT}, unit=_UNIT,
                       expected=round(k0, 1), lowest=(1.0 - _AUDIT_SHARE) * k0, highest=(1.0 + _AUDIT_SHARE) * k0,
                       sight=Sight(device, "k0_audit", 1))
            )
        )  # fmt: skip
        found.append(_Repeat(free[0], loaded[0], free[1], loaded[1], k0, audit))
    return found


def _frequency(context: Context, device: str, plan: K0VerificationPlan) -> tuple[float, float] | None:
    """Mean and standard deviation of the frequency once it stands still and the transducer is warm; None if never."""
    run = context.run
    run.wait(plan.settle)
    begun, readings, warm = run.now(), [], []
    count = max(2, round(plan.window / plan.poll) + 1)
    while run.now() - begun <= plan.most:
        readings.append(shown(context, device, "frequency", "Hz", 50.0, 1000.0, 6))
        temperatures = [shown(context, device, its, "deg C", 0.0, 80.0) for its in ("case_temp", "cap_temp")]
        warm.append(temperatures)
        window, temps = readings[-count:], warm[-count:]
        steady = all(
            max(row[at] for row in temps) - min(row[at] for row in temps)
            <= plan.temperature_tolerance_pct / 100.0 * temps[-1][at]
            for at in range(2)
        )
        if len(window) == count and steady and max(window) - min(window) <= plan.spread:
            found = summarize(window)
            return found.mean, found.sd
        run.wait(plan.poll)
    return None


def _judged(
    context: Context, device: str, found: Sequence[_Repeat], piece: Piece, stored: float, plan: K0VerificationPlan
) -> Test:
    """The mean of the repeats against the stored constant."""
    values = summarize([its.k0 for its in found])
    u_frequency = max(max(its.u_free, its.u_loaded) for its in found)
    _, one = k0_budget(piece.value, found[0].free, found[0].loaded, piece.u, u_frequency, plan.resolution)
    to_percent = 100.0 / stored
    parts = [
        Component(c.source, c.type, c.u, c.unit, c.sensitivity * to_percent, c.dof,
                  basis_key="basis.certificate" if c.source == "filter_mass" else "basis.resolution",
                  basis_values={"certificate": piece.certificate} if c.source == "filter_mass" else
                  {"step": plan.resolution, "unit": "Hz"})
        for c in one.components
        if c.source in ("filter_mass", "resolution")
    ]  # fmt: skip
    told: dict[str, float | int | str] = {"n": values.n, "s": float(f"{values.sd:.3g}"), "unit": _UNIT}
    # Seating and frequency both differ from repeat to repeat: their scatter holds both.
    own = max(values.standard_error, one.components[1].contribution / len(found) ** 0.5)
    parts.append(Component("repeatability", "A", own, _UNIT, to_percent, max(values.n - 1.0, 1.0),
                           basis_key="basis.repeatability", basis_values=told))  # fmt: skip
    subject = context.subject(device, QUANTITY, "%", 100.0)
    return context.judge.judge(
        f"{NAME}.difference", subject, value=k0_difference(values.mean, stored), budget=Budget(tuple(parts)),
        n=values.n, formula_numbers=f"({values.mean:.1f} − {stored:.1f}) / {stored:.1f} × 100 %",
    )  # fmt: skip


PROCEDURE = K0Verification()
