import numpy as np
import pytest

from instruments.air import Species
from instruments.history import GasSeries
from instruments.plumbing import Air, Tube, VentedManifold


class Step(GasSeries):
    def __init__(self, at=100, lpm=5.0):
        super().__init__()
        self.at, self.lpm = at, lpm

    def offered_lpm(self, first, last):
        return np.full(last - first, self.lpm)

    def _compute(self, first, last, rows):
        rows[:] = 0.0
        rows[:6] = np.where(np.arange(first, last) >= self.at, 100.0, 0.0)
        rows[Species.O3] = 0.0
        rows[6], rows[7] = 25.0, 1000.0


class Drawing:
    def __init__(self, lpm):
        self.lpm, self.listener = lpm, None

    def demand_at(self, port, first, last):
        return np.full(last - first, self.lpm if port == "sample" else 0.0)

    def on_demand_change(self, listener):
        self.listener = listener


def room():
    return Air(1, "room", {Species.NO: 30.0, Species.O3: 40.0, Species.CO: 0.4}, temperature_c=24, temperature_sd_c=0.5,
               pressure_hpa=1005, pressure_sd_hpa=3, log_sd=0.3, correlation_time_s=1800)  # fmt: skip


def test_starved_manifold_draws_room_air_and_follows_demand():
    air, source, analyzer = room(), Step(at=0, lpm=1.0), Drawing(0.5)
    manifold = VentedManifold(source, air)
    manifold.add_consumer(analyzer, "sample")
    assert manifold.gas(0, 10).fractions[Species.CO].tolist() == [100.0] * 10
    analyzer.lpm = 4.0
    analyzer.listener.gas_changed(5)
    mixed = manifold.gas(0, 10).fractions[Species.CO]
    assert mixed[:5].tolist() == [100.0] * 5
    np.testing.assert_allclose(mixed[5:], 25.0 + 0.75 * air.gas(5, 10).fractions[Species.CO])
    source.lpm = 0.0
    manifold.gas_changed(0)
    np.testing.assert_allclose(manifold.gas(0, 10).fractions, air.gas(0, 10).fractions)


def test_tube_delays_and_washes_out_and_holds_so2_longest():
    tube = Tube(Step(), length_m=3.0, bore_m=0.004, flow_lpm=0.6, washout_s=2.0)
    assert tube.dead_time_s == pytest.approx(np.pi * 0.002**2 * 3.0 / 1e-5, rel=1e-12)
    arrival = 100 + int(tube.dead_time_s)
    gas = tube.gas(0, 2000).fractions
    assert gas[Species.CO, arrival - 1] < 1e-9 < gas[Species.CO, arrival + 1]
    assert gas[Species.CO, arrival + 60] == pytest.approx(100.0, abs=1e-6)
    assert gas[Species.SO2, arrival + 60] == pytest.approx(100 - 3 * np.exp(-58.0 / 480), abs=0.05)
    assert gas[Species.SO2, 1999] > 99.9


def test_cut_invariance_of_tube_and_air():
    def run(cuts):
        tube = Tube(room(), length_m=4.0, bore_m=0.004, flow_lpm=0.7)
        for cut in cuts:
            tube.ensure(cut)
        return tube.values(0, 11_000).tobytes()

    cuts = sorted(np.random.default_rng(5).integers(1, 11_000, 50).tolist())
    assert run([*cuts, 11_000]) == run([11_000])
