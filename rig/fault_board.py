"""Which faults stand at the moment, and what that makes of each cause."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from instruments.device import Command, Value
from instruments.errors import Refused
from rig.clock import Clock, to_us
from rig.fault_library import Act
from rig.faults import Fault
from rig.line_faults import LineFault

_RAMP_STEPS = 120
_SHORTEST_STEP_US = to_us(60.0)


class FaultTarget(Protocol):
    """What a fault may do to a device on the bench; the bench does it."""

    def line_fault(self, device: str, fault: LineFault, *, stands: bool) -> None:
        """Let a fault of the ports of ``device`` begin, or pass."""
        ...

    def jump_clock(self, device: str, by_us: int) -> None:
        """Put the clock of ``device`` forward."""
        ...

    def command(self, device: str, command: Command) -> None:
        """Apply a command to ``device`` now."""
        ...

    def observed(self, device: str, quantity: str) -> Value | None:
        """Present value of a setting or hidden parameter; None if the device has none of that name (an action)."""
        ...


class FaultBoard:
    """Lets faults strike, grow and pass.

    Faults may overlap: of those that act on one cause of one device the one that struck last counts, and when it ends
    the one before it counts again; after the last one the cause is as it was before the first.
    """

    def __init__(self, target: FaultTarget) -> None:
        self._target = target
        self._standing: dict[tuple[str, str], list[tuple[Fault, Act, float]]] = {}
        self._healthy: dict[tuple[str, str], Value | None] = {}

    def begin(self, fault: Fault, share: float = 1.0) -> None:
        """Let ``fault`` strike now, with ``share`` of its severity; one that stands already goes on with that share."""
        self._beside_causes(fault, begins=True)
        for act in fault.acts:
            cause = (fault.device, act.command)
            standing = self._standing.setdefault(cause, [])
            if not standing:
                self._healthy[cause] = self._target.observed(fault.device, act.command)
            for place, (other, _, _) in enumerate(standing):
                if other is fault:
                    standing[place] = (fault, act, share)
                    break
            else:
                standing.append((fault, act, share))
            self._settle(cause, act)

    def end(self, fault: Fault) -> None:
        """Let ``fault`` pass."""
        self._beside_causes(fault, begins=False)
        for act in fault.acts:
            cause = (fault.device, act.command)
            standing = self._standing.get(cause, [])
            standing[:] = [one for one in standing if one[0] is not fault]
            self._settle(cause, act)

    def _beside_causes(self, fault: Fault, *, begins: bool) -> None:
        """What is no parameter of the device: its lines, and its clock, which goes on from wherever it is put."""
        if fault.line is not None:
            self._target.line_fault(fault.device, fault.line, stands=begins)
        elif fault.kind.name == "clock_jump":
            by = round(float(fault.severity) * 1e6)  # type: ignore[arg-type]  # seconds
            self._target.jump_clock(fault.device, by if begins else -by)

    def _settle(self, cause: tuple[str, str], act: Act) -> None:
        device, command = cause
        standing, healthy = self._standing[cause], self._healthy.get(cause)
        if standing:
            fault, its, share = standing[-1]
            new = _grown(healthy, its.value(healthy if healthy is not None else 0.0, fault.severity), share)
        elif healthy is None:
            return  # an action has been carried out; nothing takes it back
        else:
            new = healthy
        # A device without power, or with other limits than the library thinks, does not take it: nothing happens.
        with suppress(Refused):
            self._target.command(device, Command(command, new, by=act.by))


def _grown(was: Value | None, full: Value, share: float) -> Value:
    """The part ``share`` of the way from ``was`` to ``full``, where both are numbers."""
    numbers = [one for one in (was, full) if isinstance(one, int | float) and not isinstance(one, bool)]
    if share >= 1.0 or len(numbers) < 2:
        return full
    return numbers[0] + share * (numbers[1] - numbers[0])


def schedule(
    fault: Fault, clock: Clock, board: FaultBoard, tell: Callable[[Fault, bool], None], open_: Callable[[], bool]
) -> None:
    """Put ``fault`` on ``clock`` with its onset.

    Args:
        fault: what happens.
        clock: the bench's, at time 0.
        board: lets it strike and pass.
        tell: is told when it begins and ends.
        open_: whether the bench still lives; nothing happens to a closed one.
    """

    def strike() -> None:
        if open_():
            board.begin(fault, 1.0 if fault.onset != "ramp" else 1.0 / _steps(fault))
            tell(fault, True)
            if fault.onset == "ramp":
                clock.after(fault.over_us // _steps(fault), lambda: grow(2))
            elif fault.onset == "intermittent":
                clock.after(round(fault.duty * fault.period_us), rest)

    def grow(number: int) -> None:
        if open_() and standing():
            board.begin(fault, number / _steps(fault))
            if number < _steps(fault):
                clock.after(fault.over_us // _steps(fault), lambda: grow(number + 1))

    def rest() -> None:
        if open_() and standing():
            board.end(fault)
            tell(fault, False)
            clock.after(fault.period_us - round(fault.duty * fault.period_us), again)

    def again() -> None:
        if open_() and standing():
            strike()

    def standing() -> bool:
        return fault.end_us is None or clock.now_us < fault.end_us

    def end() -> None:
        if open_():
            board.end(fault)
            tell(fault, False)

    clock.after(fault.start_us, strike)
    if fault.end_us is not None:
        clock.after(fault.end_us, end)


def _steps(fault: Fault) -> int:
    return int(max(1, min(_RAMP_STEPS, fault.over_us // _SHORTEST_STEP_US)))
