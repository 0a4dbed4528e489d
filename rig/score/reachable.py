"""When a device could be read: by which of its ports, for certain or perhaps, and which messages were struck.

A fault takes a port away only if it strikes every message of it. One that chooses (by chance, by number, by request)
leaves the port open; the truth log has each message that it struck.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP_S = 10
"""The truth log has a line for each device every ten seconds."""

_STEP_US = STEP_S * 1_000_000

_DEAD = ("silence", "hang", "unplug")
"""Faults of a port under which nobody reads anything by it."""

_BARRED = ("refuse", "half_open", "baud_mismatch")
"""Those that leave a way in: a connection of before, a new connection, the box's other rate (docs/lines.md)."""

_LASTING = ("hang", "half_open")
"""Those of which one message that they choose spoils all after it, until the fault passes."""

_POWER = "power_cut"

_REPLUG_S = 2.0
"""How long an adapter stays away that a message has thrown out, where the log does not say (as on the bench)."""


@dataclass(frozen=True, slots=True)
class Access:
    """Whether a device could be read, step by step.

    Attributes:
        mute: nobody could read anything.
        barred: none of its ports was as it should be, but somebody may have read something.
        partly: at least one port (or the power) was not as it should be, at any instant of the step.
        struck: a message was lost or spoilt.
    """

    mute: NDArray[np.bool_]
    barred: NDArray[np.bool_]
    partly: NDArray[np.bool_]
    struck: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Span:
    fault: Mapping[str, Any]
    begin_us: int
    end_us: int

    @property
    def chooses(self) -> bool:
        share = self.fault.get("probability")
        rest = (self.fault.get("nth"), self.fault.get("matching"))
        return (share is not None and share < 1.0) or any(one is not None for one in rest)


class Ports:
    """The ports of every device of a truth log, with what happened at each.

    Args:
        ports: by device, the wire of each port (boxes on one line share it), as the log's first line has them.
        faults: its ``fault`` lines.
        struck: its ``line`` lines.
        count: steps that it covers.
    """

    def __init__(
        self, ports: Mapping[str, Mapping[str, str]], faults: list[dict[str, Any]], struck: list[dict[str, Any]],
        count: int,
    ) -> None:  # fmt: skip
        self._count = count
        self._spans = list(_spans(faults, count * _STEP_US))
        self._struck = struck
        self._ports = {device: dict(its) for device, its in ports.items()}
        for line in (*faults, *struck):
            # A log that does not say what ports there are: those that faults name, and perhaps one more.
            if line["device"] not in ports:
                its = self._ports.setdefault(line["device"], {"": f"{line['device']}/"})
                if line.get("port"):
                    its[line["port"]] = f"{line['device']}/{line['port']}"

    def names(self, device: str) -> tuple[str, ...]:
        """The ports of ``device``."""
        return tuple(self._ports.get(device, ()))

    def access(self, device: str, port: str | None = None) -> Access:
        """When ``device`` could be read: by ``port``, or by any of its ports if it is None."""
        wires = {wire for name, wire in self._ports.get(device, {}).items() if port in (None, name)}
        each = [self._wire(wire) for wire in wires]
        cut, cut_wide = self._none(), self._none()
        for span in self._spans:
            if span.fault["device"] == device and span.fault["fault"] == _POWER:
                _mark(cut, cut_wide, span.begin_us, span.end_us)
        if not each:
            return Access(cut, self._none(), cut_wide, self._none())
        mute = cut | np.logical_and.reduce([one.mute for one in each])
        barred = np.logical_and.reduce([one.mute | one.barred for one in each]) & ~mute
        partly = cut_wide | np.logical_or.reduce([one.partly for one in each])
        return Access(mute, barred, partly, np.logical_or.reduce([one.struck for one in each]))

    def _none(self) -> NDArray[np.bool_]:
        return np.zeros(self._count, bool)

    def _befalls(self, span: _Span, wire: str) -> bool:
        of = self._ports.get(span.fault["device"], {}).items()
        return any(its == wire and span.fault.get("port") in (None, name) for name, its in of)

    def _wire(self, wire: str) -> Access:
        """What happened on one wire, whoever uses it."""
        dead, barred, partly, struck = (self._none() for _ in range(4))
        events = [event for event in self._struck if _wire_of(event) == wire]
        for span in self._spans:
            if not self._befalls(span, wire):
                continue
            kind = span.fault["fault"]
            if not span.chooses and kind in (*_DEAD, *_BARRED):
                _mark(dead if kind in _DEAD else barred, partly, span.begin_us, span.end_us)
            elif span.chooses and kind in _LASTING:
                first = next((e["t_us"] for e in events if _of(span, e)), None)
                if first is not None:
                    _mark(barred, partly, first, span.end_us)
            elif span.chooses and kind == "unplug":
                severity = span.fault.get("severity")
                away_s = _REPLUG_S if isinstance(severity, bool) or not severity else float(severity)
                for event in (e for e in events if _of(span, e)):
                    _mark(dead, partly, event["t_us"], event["t_us"] + round(away_s * 1e6))
        for event in events:
            if _spoilt(event) and event["t_us"] // _STEP_US < self._count:
                struck[event["t_us"] // _STEP_US] = True
        return Access(dead, barred, partly, struck)


def _spans(faults: Iterable[Mapping[str, Any]], last_us: int) -> Iterator[_Span]:
    """From when to when each fault stood; one that comes and goes has several."""
    since: dict[object, Mapping[str, Any]] = {}
    for fault in faults:
        # Two of a kind may have one name, so it is the place in the bench file that tells them apart.
        told = ("number", "name", "device", "fault", "port", "probability", "nth", "matching")
        key = tuple(fault.get(one) for one in told)
        if fault["begins"]:
            since.setdefault(key, fault)
        elif key in since:
            begun = since.pop(key)
            yield _Span(begun, begun["t_us"], fault["t_us"])
    for fault in since.values():
        yield _Span(fault, fault["t_us"], last_us)


def _wire_of(event: Mapping[str, Any]) -> str:
    return f"{event['device']}/{event['port']}"


def _of(span: _Span, event: Mapping[str, Any]) -> bool:
    kinds = event["fault"].split("+")
    return span.fault["fault"] in kinds and span.begin_us <= event["t_us"] <= span.end_us


def _spoilt(event: Mapping[str, Any]) -> bool:
    """Whether the message cannot be found whole in what went instead."""
    if "refuse" in event["fault"].split("+"):
        return True  # it is a connection that was struck
    return bytes.fromhex(event["meant"]) not in bytes.fromhex(event["sent"])


def _mark(whole: NDArray[np.bool_], touched: NDArray[np.bool_], begin_us: int, end_us: int) -> None:
    """Mark the steps that lie in a time with all their length, and those that it touches."""
    whole[-(-begin_us // _STEP_US) : end_us // _STEP_US] = True
    touched[begin_us // _STEP_US : -(-end_us // _STEP_US)] = True
