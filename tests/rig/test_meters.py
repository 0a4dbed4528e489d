"""Reference meters at places of a bench: what they show there, in which state, and what they cannot be held at."""

import numpy as np
import pytest
from gas_bench import data, open_bench, recorded, routine

from rig.bench_check import check_bench_data
from rig.errors import ConfigurationErrors

CITY = {"ambient": {"model": "city", "climate": "beijing"}}
CERTIFICATE = {"certificate": "F-1", "expires": "2026-12-31", "u_pct": 0.5, "slope": 1.001, "reference_c": 20.0}


def meter(at="room", model="defender-530", **more):
    return {"model": model, "settings": {"connected_to": at, **more.pop("settings", {})}, **more}


def test_a_meter_at_a_particle_inlet_shows_what_is_drawn_there_and_a_leak_takes_from_it():
    leak = {"kind": "cause", "parameter": "leak_fraction", "severity": 0.2, "device": "pm", "at": "3 h"}
    made = data(air=CITY, device__pm={"model": "5014i"}, device__flow=meter("pm.inlet"), fault=[leak])
    table = recorded(made, 4)
    sampling = table["pm.flow"] > 1.0
    before, after = sampling[:170] & (np.arange(170) > 40), np.flatnonzero(sampling[190:]) + 190
    assert table["flow.volumetric_flow"][:170][before].mean() == pytest.approx(16.67, rel=0.02)
    assert table["flow.volumetric_flow"][after].mean() == pytest.approx(0.8 * 16.67, rel=0.02)
    assert table["pm.flow"][after].mean() == pytest.approx(16.67, rel=0.02)  # the unit sees none of it


def test_it_counts_litres_at_its_own_reference_state():
    shown = {}
    for reference in (0.0, 20.0, 25.0):
        state = {"reference_temperature": reference}
        made = data(device__flow=meter("so2.sample", "alicat-m-1slpm", settings=state))
        table = recorded(made, 0.5)
        shown[reference] = table["flow.mass_flow"][-10:].mean()
        assert table["flow.volumetric_flow"][-10:].mean() == pytest.approx(0.5, rel=0.1)
    assert shown[25.0] / shown[0.0] == pytest.approx(298.15 / 273.15, rel=3e-3)
    assert shown[20.0] / shown[0.0] == pytest.approx(293.15 / 273.15, rel=3e-3)


def test_it_measures_the_branches_of_a_calibrator():
    running = routine("5 min", "calibrator", gas="a", concentration=400.0, total_flow=5.0, calibrator_mode="span")
    hidden = {"gas_flow_span_pct": 5.0}
    for place, expected in (("gas", 0.04 * 1.05), ("zero", 4.96), ("out", 4.96 + 0.04 * 1.05)):
        model = "alicat-m-100sccm" if place == "gas" else "alicat-m-10slpm"
        flow = meter(f"calibrator.{place}", model, settings={"reference_temperature": 25.0})
        made = data(routine=[running], device__calibrator__hidden=hidden, device__flow=flow)
        assert recorded(made, 1)["flow.mass_flow"][-10:].mean() == pytest.approx(expected, rel=0.01)


def test_somebody_moves_it_and_a_climate_meter_goes_outside():
    still = {"temperature_sd_c": 0.0, "pressure_sd_hpa": 0.0}
    air = {"ambient": {"temperature_c": 5.0, **still}, "room": {"temperature_c": 25.0, **still}}
    made = data(air=air, device__climate=meter("outside", "reference-climate"), device__flow=meter("so2.sample"),
                routine=[routine("30 min", "climate", connected_to="room"),
                         routine("30 min", "flow", connected_to="so2.span")])  # fmt: skip
    table = recorded(made, 1)
    assert table["climate.temperature"][28] == pytest.approx(5.0, abs=0.1)
    assert table["climate.temperature"][-1] == pytest.approx(25.0, abs=0.1)
    assert table["flow.volumetric_flow"][28] > 0.4
    assert table["flow.volumetric_flow"][-1] == 0.0  # nothing is drawn at a closed port
    assert (table["climate.connected_to"][28], table["climate.connected_to"][-1]) == ("outside", "room")


def test_its_certificate_goes_with_it():
    made = data(device__flow=meter(certificate={"volumetric_flow": CERTIFICATE}))
    bench = open_bench(made)
    device = bench.instruments["flow"].device
    kept = device.certificates["volumetric_flow"]
    assert (kept.number, kept.expires, kept.u_pct, kept.slope) == ("F-1", "2026-12-31", 1.0, 1.001)
    assert device.read(0, "volumetric_flow_expires") == "2026-12-31"
    bench.close()


BAD = {
    "an inlet that does not exist": (
        {"device__flow": meter("pm11.inlet")},
        "device.flow.settings.connected_to: expected a place of this bench (room, outside, so2.sample",
    ),
    "moved to nowhere": (
        {"device__flow": meter(), "routine": [routine("1 h", "flow", connected_to="attic")]},
        "routine.0.steps.0.set.connected_to: expected a place of this bench",
    ),
    "another reference state": (
        {"device__flow": meter(settings={"reference_temperature": 15.0})},
        "device.flow.settings.reference_temperature: expected a value that the model takes",
    ),
    "a certificate of what it does not measure": (
        {"device__flow": meter(certificate={"speed": CERTIFICATE})},
        "device.flow.certificate.speed: expected a quantity that the defender-530 measures",
    ),
    "a certificate of an analyzer": (
        {"device__so2__certificate": {"so2": CERTIFICATE}}, "device.so2.certificate: expected nothing: only meters",
    ),
    "a day that is none": (
        {"device__flow": meter(certificate={"mass_flow": {**CERTIFICATE, "expires": "soon"}})},
        "device.flow.certificate.mass_flow.expires: expected a day",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_one_clear_error(case):
    parts, words = BAD[case]
    with pytest.raises(ConfigurationErrors) as caught:
        check_bench_data(data(**parts), "bench.toml")
    assert len(caught.value.errors) == 1, str(caught.value)
    assert words in str(caught.value)
