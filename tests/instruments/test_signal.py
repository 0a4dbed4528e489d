"""Random paths against theory, and their independence of how they are asked for."""

import numpy as np
import pytest

from instruments.history import History
from instruments.signal import (
    PATH_BLOCK,
    Flicker,
    OrnsteinUhlenbeck,
    RandomWalk,
    Together,
    WhiteNoise,
    interpolated,
    path_key,
)

MANY = 40 * PATH_BLOCK


def allan_deviation(values, count):
    means = values[: len(values) // count * count].reshape(-1, count).mean(axis=1)
    return np.sqrt(np.mean(np.diff(means) ** 2) / 2.0)


@pytest.mark.parametrize(
    "path", [WhiteNoise(1, "a/x"), OrnsteinUhlenbeck(1, "a/x", 600.0), RandomWalk(1, "a/x"), Flicker(1, "a/x")]
)
def test_a_path_does_not_depend_on_how_it_is_asked_for(path):
    whole = path.values(0, 12 * PATH_BLOCK).copy()
    fresh = type(path)(1, "a/x", 600.0) if isinstance(path, OrnsteinUhlenbeck) else type(path)(1, "a/x")
    late = fresh.values(9 * PATH_BLOCK - 5, 9 * PATH_BLOCK + 5)
    assert late.tobytes() == whole[9 * PATH_BLOCK - 5 : 9 * PATH_BLOCK + 5].tobytes()
    early = fresh.values(3, 700)
    assert early.tobytes() == whole[3:700].tobytes()


def test_seed_and_name_both_key_a_path():
    keys = {path_key(seed, name) for seed in (1, 2, 12) for name in ("a/x", "a/y", "2a/x")}
    assert len(keys) == 9


def test_blocks_share_no_numbers():
    values = WhiteNoise(1, "a/x").values(0, MANY)
    assert len(np.unique(values)) == MANY


def test_white_noise_averages_down():
    values = WhiteNoise(3, "a/x").values(0, MANY)
    for count in (1, 10, 100):
        assert allan_deviation(values, count) == pytest.approx(1.0 / np.sqrt(count), rel=0.08)


@pytest.mark.parametrize("tau_s", [60.0, 600.0])
def test_ornstein_uhlenbeck_has_variance_one_and_decays(tau_s):
    values = OrnsteinUhlenbeck(4, "a/x", tau_s).values(0, MANY)
    assert np.var(values) == pytest.approx(1.0, rel=0.1)
    for steps in (1, 5, 20):
        found = np.mean(values[steps:] * values[:-steps])
        assert found == pytest.approx(np.exp(-steps * 60.0 / tau_s), abs=0.06)


def test_ornstein_uhlenbeck_starts_stationary():
    starts = [OrnsteinUhlenbeck(seed, "a/x", 1e6).values(0, 1)[0] for seed in range(400)]
    assert np.std(starts) == pytest.approx(1.0, abs=0.12)


def test_random_walk_grows_by_one_per_day():
    ends = [RandomWalk(seed, "a/x").values(4 * 1440 - 1, 4 * 1440)[0] for seed in range(300)]
    assert np.std(ends) == pytest.approx(2.0, rel=0.13)


def test_flicker_has_a_flat_floor():
    deviations = [allan_deviation(Flicker(5, "a/x").values(0, MANY), minutes) for minutes in (4, 8, 16, 32)]
    assert deviations == pytest.approx([1.0] * 4, rel=0.12)


def test_interpolation_meets_its_knots():
    path = OrnsteinUhlenbeck(6, "a/x", 600.0)
    fine = interpolated(path, 0, 601, 60)
    assert fine[::60].tolist() == path.values(0, 11).tolist()
    assert fine[90] == pytest.approx((fine[60] + fine[120]) / 2.0)
    assert interpolated(path, 77, 401, 60).tobytes() == fine[77:401].tobytes()


def test_a_path_begins_at_the_epoch():
    with pytest.raises(ValueError, match="epoch"):
        WhiteNoise(1, "a/x").values(-1, 3)


def write(history, values):
    history.space(len(values))[:] = values
    history.grow(len(values))


def test_history_lets_go_and_says_so():
    history = History(1)
    write(history, np.arange(5000.0))
    history.trim(4000)
    assert history.view(4000, 4003)[0].tolist() == [4000.0, 4001.0, 4002.0]
    with pytest.raises(RuntimeError, match="advance"):
        history.view(3999, 4001)
    history.truncate(4500)
    write(history, np.full(3, -1.0))
    assert history.view(4499, 4503)[0].tolist() == [4499.0, -1.0, -1.0, -1.0]
    with pytest.raises(RuntimeError):
        history.truncate(3000)


def test_paths_asked_for_together_are_those_asked_for_alone():
    def paths():
        return {name: OrnsteinUhlenbeck(1, f"a/{name}", 3600.0) for name in ("x", "y", "z")}

    together, alone = Together(paths(), 6), paths()
    for first, last in ((0, 7), (5, 2000), (6 * PATH_BLOCK - 3, 6 * PATH_BLOCK + 9)):
        for name in ("y", "x"):  # z is never asked for, y comes before x
            expected = interpolated(alone[name], first, last, 6)
            assert together.values(name, first, last).tobytes() == expected.tobytes()
