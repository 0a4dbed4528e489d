"""Twin runs: one unit healthy, one with a fault from the library, in air in which everything moves."""

from functools import cache

import numpy as np
from beta_support import HOUR_US, Outside, Room
from waves import wave

from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.particles.filters import FilterBox
from rig.fault_library import library

MODEL = {"bam-1020": "BAM-1020", "5014i": "5014i", "sampler": "sampler-16", "balance": "balance-6"}
FAULTS = {
    name: fault for name, fault in library().items()
    if set(fault.kinds) & set(MODEL) and not name.startswith("clock_")  # those: tests/instruments/test_clock_faults.py
}  # fmt: skip
CASES = [(name, kind) for name, fault in FAULTS.items() for kind in fault.kinds if kind in MODEL]
BEGINS = (2.301, 3.75)
"""Hours at which the faults begin."""
HOURS = {"bam-1020": 26, "5014i": 26, "sampler": 26, "balance": 8}


def air():
    """Clean hours, haze, dust, rain, damp nights: what a fault can act on is there within a day."""
    return Outside(
        fine=lambda minute: np.maximum(30.0 + 60.0 * np.sin(minute / 120.0), 0.0),
        volatile=lambda minute: np.maximum(8.0 + 12.0 * np.sin(minute / 120.0 + 0.4), 0.0),
        coarse=lambda minute: np.where((minute > 600) & (minute < 840), 900.0, 25.0 + 25.0 * np.sin(minute / 120.0)),
        giant=lambda minute: np.where((minute > 600) & (minute < 840), 1200.0, 5.0),
        humidity=wave(55.0, 35.0, 200.0),
        temperature=wave(18.0, 9.0, 230.0),
        pressure=wave(1000.0, 4.0, 300.0),
        rain=lambda minute: np.where((minute > 300) & (minute < 420), 4.0, 0.0),
        temperature_room=wave(24.0, 1.5, 4.0),
    )  # fmt: skip


def unit(kind):
    """A unit whose settings are not all as delivered; one with filters has one in it."""
    settings = {"k_factor": 1.03, "bkgd": -1.0} if kind in ("bam-1020", "5014i") else {}
    built = build_unit(load(MODEL[kind]), "pm", 5, serial="T", settings=settings)
    outside = air()
    built.place(Site(outside, Room(outside)))
    if kind in ("sampler", "balance"):
        built.use(FilterBox(5, "box"))
    if kind == "balance":
        built.apply(round(0.2 * HOUR_US), Command("condition", 2))
    if kind == "sampler":
        built.apply(round(0.4 * HOUR_US), Command("fit_filter", 1))
        built.apply(round(0.5 * HOUR_US), Command("start", True))
    return built


def live(device, kind):
    """What goes on at a unit after the fault has begun."""
    if kind == "balance":
        for hour, name, value in [(4.0, "weigh", 1), (5.0, "weigh_standard", 200), (5.5, "clear_pan", True),
                                  (6.0, "zero_balance", True), (6.5, "weigh", 2)]:  # fmt: skip
            device.apply(round(hour * HOUR_US), Command(name, value))


def apply(device, hour, fault, severity=None):
    """Let a fault begin, as the scheduler does it."""
    if severity is None and fault.severity is not None:
        severity = fault.severity.typical
    for act in fault.acts:
        was = None if act.power or act.to is not None else device.read(round(hour * HOUR_US), act.command)
        value = act.to if act.to is not None else act.value(was, severity)
        device.apply(round(hour * HOUR_US), Command(act.command, value, act.by))


def recorded(device, kind):
    """Everything that a recording holds, and the alarms."""
    live(device, kind)
    hours = HOURS[kind]
    for hour in range(6, hours, 6):
        device.advance(hour * HOUR_US)
    device.advance(hours * HOUR_US)
    table = device.recording(0, hours * 3600 // device.step_s)
    return {**table, "alarms": device.alarm_texts(table)}


@cache
def healthy(kind):
    return recorded(unit(kind), kind)


def runs(fault):
    """Beginning and severity of the twins of a fault."""
    scale = fault.severity
    if scale is None:
        return [(hour, None) for hour in BEGINS]
    return [(BEGINS[0], scale.typical), (BEGINS[1], scale.typical), (BEGINS[0], scale.low), (BEGINS[1], scale.high)]


def moved(kind, name, hour, severity):
    """Observables that differ between two twins."""
    sound, ill = healthy(kind), unit(kind)
    apply(ill, hour, FAULTS[name], severity)
    table = recorded(ill, kind)
    return [label for label, values in table.items() if not same(values, sound[label])]


def moved_by(name, kind):
    """Observables that differ in any of the twins of a fault, in the order of the unit's own list."""
    found = [label for hour, severity in runs(FAULTS[name]) for label in moved(kind, name, hour, severity)]
    return [label for label in healthy(kind) if label in found]


def same(one, other):
    if one.dtype.kind == "U":
        return bool((one == other).all())
    return bool(np.array_equal(one, other, equal_nan=True))
