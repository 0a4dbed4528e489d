"""The same timed commands give the same readings, bit for bit, whoever reads in between."""

import random

import pytest

QUANTITIES = {
    "so2": ("so2", "chamber_temp", "lamp_intensity", "so2_coef", "alarms"),
    "nox": ("no", "nox", "no2", "converter_temp", "ozonator_flow"),
    "o3": ("o3", "cell_a_o3", "cell_b_intensity", "pressure"),
    "co": ("co", "ratio", "agc_intensity"),
}
SCHEDULE = [
    (903.2, "calibrator", {"gas": "a", "concentration": 400.0, "calibrator_mode": "span"}),
    (905.0, "so2", {"gas_mode": "span"}), (905.0, "co", {"gas_mode": "span"}),
    (1500.0, "so2", {"averaging_time": 10}), (1799.999999, "so2", {"hidden__span_error_pct": 12.0}),
    (2100.0, "nox", {"ozonator": False}), (2222.0, "o3", {"hidden__cell_b_dirt": 0.2}),
    (2400.0, "nox", {"ozonator": True, "pres_comp": False}), (2500.5, "so2", {"so2_coef": 1.1}),
    (2700.0, "co", {"power": False}), (2800.0, "calibrator", {"calibrator_mode": "standby"}),
    (3001.0, "co", {"power": True}), (3333.0, "so2", {"gas_mode": "sample", "hidden__leak_fraction": 0.2}),
    (3333.0, "nox", {"hidden__span_drift_pct_per_day": 3.0}), (3334.0, "o3", {"temp_comp": False}),
]  # fmt: skip
END = 4200.0
MODELS = ("43i", "42i", "49i", "48i")


def play(rig, polls=()):
    """Play the schedule with polls (second, kind) between, then look at all from the epoch on."""
    todo = sorted([(t, 0, (kind, settings)) for t, kind, settings in SCHEDULE] + [(t, 1, kind) for t, kind in polls],
                  key=lambda one: one[:2])  # fmt: skip
    for t, is_poll, what in todo:
        if is_poll:
            if what in rig.analyzers:
                for quantity in QUANTITIES[what]:
                    rig.analyzers[what].read(int(t * 1e6), quantity)
        elif what[0] in (*rig.analyzers, "calibrator"):
            rig.tell(what[0], t, **what[1])
    return {
        kind: [unit.read(int(t * 1e6), q) for q in QUANTITIES[kind] for t in range(10, int(END), 7)]
        for kind, unit in rig.analyzers.items()
    }


@pytest.mark.parametrize("seed", range(5))
def test_polls_change_nothing(line, seed):
    rng = random.Random(seed)
    polls = [(rng.uniform(0.0, END), rng.choice(list(QUANTITIES))) for _ in range(120)]
    assert play(line(*MODELS), polls) == play(line(*MODELS))


def test_a_neighbour_changes_nothing(line):
    alone = play(line("42i"))
    assert play(line(*MODELS))["nox"] == alone["nox"]


def test_another_seed_gives_other_readings(line):
    assert play(line("43i", seed=2))["so2"] != play(line("43i"))["so2"]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [("so2", "so2_coef", 1.4), ("so2", "so2_bkg", 3.0), ("so2", "averaging_time", 300), ("so2", "gas_mode", "zero"),
     ("nox", "ozonator", False), ("nox", "no2_coef", 1.2), ("o3", "hidden__scrubber_efficiency", 0.5),
     ("co", "power", False), ("co", "hidden__zero_drift_per_day", 50.0)],
)  # fmt: skip
def test_a_command_changes_nothing_before_it(line, kind, name, value):
    times = [int(t * 1e6) for t in (600.0, 1234.5, 1799.9, 1804.9)]

    def seen(rig):
        return [rig.analyzers[kind].read(t, q) for t in times for q in (*QUANTITIES[kind], "powered", "inlet_flow")]

    rig = line(*MODELS)
    before = seen(rig)
    rig.analyzers[kind].advance(2_400_000_000)
    rig.tell(kind, 1805.0, **{name: value})
    assert seen(rig) == before


def test_advancing_in_small_or_large_steps(line):
    def run(step):
        rig = line(*MODELS)
        for hour in range(step, 31, step):
            for unit in rig.analyzers.values():
                unit.advance(hour * 3_600_000_000)
            rig.calibrator.advance(hour * 3_600_000_000)
        return {kind: [rig.analyzers[kind].read(t * 60_000_000, q) for q in qs for t in range(1500, 1800, 7)]
                for kind, qs in QUANTITIES.items()}  # fmt: skip

    assert run(6) == run(1) == run(5)
