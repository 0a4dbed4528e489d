"""Where gas goes on a bench: cylinders that are used up, bottles at analyzers, ozone standards, zero air."""

import json

import numpy as np
import pytest
from gas_bench import CERTIFIED, data, open_bench, recorded, routine

from instruments.errors import ConfigurationErrors
from rig.bench_check import check_bench_data
from rig.host.references import cylinders_of
from rig.truth import TruthLog

SPAN = routine("10 min", "calibrator", gas="a", concentration=400.0, total_flow=5.0, calibrator_mode="span")


def test_a_calibrator_uses_its_cylinder_up():
    full = recorded(data(routine=[SPAN], fault=[]), 8)
    # 40 cc/min of 50 ppm at 25 deg C in 5 L/min: 40 cc min / 4 L x 0.101325 MPa
    fallen = full["cylinder.so2.pressure"][15] - full["cylinder.so2.pressure"][-1]
    assert fallen == pytest.approx(0.04 * 465 / 4.0 * 0.101325, abs=0.15)
    idle = recorded(data(), 2)
    assert np.ptp(idle["cylinder.so2.pressure"]) == 0.0


def test_an_empty_cylinder_is_seen_where_its_gas_should_be():
    empty = data(routine=[SPAN], cylinder__so2__pressure="0.25 MPa")
    table = recorded(empty, 6)
    made = table["calibrator.concentration_actual"]  # what it believes
    assert made[60] == pytest.approx(400.0, rel=0.01)
    assert table["cylinder.so2.alarms"][-1] == "pressure:low"
    assert made[-1] < 200.0
    assert table["calibrator.gas_pressure"][-1] < 0.5 * table["calibrator.gas_pressure"][30]


def test_faults_reach_a_cylinder_and_leave_all_that_has_none_of_its_gas_alone():
    closed = {"kind": "cylinder_valve_closed", "device": "cylinder.so2", "at": "1 h", "for": "1 h"}
    well, ill = (recorded(data(routine=[SPAN], fault=faults), 3) for faults in ([], [closed]))
    shown = "calibrator.gas_flow"
    assert np.array_equal(well[shown][:59], ill[shown][:59])
    assert ill[shown][90] < 1.0 < well[shown][90]
    assert ill[shown][150] == pytest.approx(well[shown][150], rel=0.05)
    for column in ("so2.so2", "o3.o3", "cylinder.span.pressure"):
        assert np.array_equal(well[column], ill[column])


def test_a_bottle_at_an_analyzer_flows_while_its_valve_stands_there():
    there_and_back = [routine("30 min", "so2", gas_mode="span"), routine("90 min", "so2", gas_mode="sample")]
    table = recorded(data(routine=there_and_back), 3)
    assert table["so2.so2"][85] == pytest.approx(400.0, rel=0.03)
    assert table["so2.so2"][-1] < 30.0
    pressure = table["cylinder.span.pressure"]
    assert np.ptp(pressure[:29]) == pytest.approx(0.0, abs=0.1)
    assert pressure[0] - pressure[-1] == pytest.approx(60.0 / 8.0 * 0.101325, abs=0.15)


def test_a_bottle_that_nobody_opens_gives_the_room():
    shut = data(routine=[routine("30 min", "so2", gas_mode="span")], cylinder__span__settings={"valve": "closed"})
    assert recorded(shut, 2)["so2.so2"][-1] < 10.0  # the tee is open to the room


def test_a_standard_makes_ozone_for_an_analyzer_out_of_zero_air():
    making = [routine("10 min", "standard", ozone=200.0, gas_mode="span"), routine("10 min", "o3", gas_mode="span")]
    table = recorded(data(routine=making), 2)
    assert table["standard.o3"][-20:].mean() == pytest.approx(200.0, rel=0.03)
    assert table["o3.o3"][-20:].mean() == pytest.approx(table["standard.o3"][-20:].mean(), rel=0.02)
    assert table["zero.flow"][5] == 0.0
    assert table["zero.flow"][-1] > 3.0


def test_a_standard_measures_the_ozone_of_a_calibrator_with_its_error():
    making = [routine("10 min", "calibrator", ozone=150.0, calibrator_mode="ozone")]
    for error in (0.0, 5.0):
        made = data(routine=making, device__calibrator__hidden={"photometer_error_pct": error})
        table = recorded(made, 2)
        assert table["calibrator.photometer_o3"][-20:].mean() == pytest.approx(150.0, rel=0.01)
        assert table["standard.o3"][-20:].mean() == pytest.approx(150.0 * (1.0 + error / 100.0), rel=0.02)


def test_an_idle_standard_breathes_the_room():
    still = {"temperature_sd_c": 0.0, "pressure_sd_hpa": 0.0}
    made = data(air={"ambient": {"o3": "80 ppb", **still}, "room": {"o3": "5 ppb", **still}}, tube__measured=None)
    assert recorded(made, 1)["standard.o3"][-20:].mean() == pytest.approx(5.0, abs=1.0)


def test_a_mixture_is_known_by_its_gases_and_set_by_its_main_one():
    made = data(cylinder={"mixture": {"components": {"co": "3000 ppm", "no": "50 ppm"}, "species": "no", **CERTIFIED}},
                tube__bottle=None)  # fmt: skip
    found = cylinders_of(check_bench_data(made, "bench.toml"))
    assert {species: (one.value, one.unit, one.main) for species, one in found.items()} == {
        "no": (50_000.0, "nmol/mol", "no"), "co": (3000.0, "umol/mol", "no"),
    }  # fmt: skip
    bench = open_bench(made)
    content = bench.instruments["calibrator"].device.contents["a"]
    assert {species.name: value for species, value in content.components.items()} == {"NO": 50_000.0, "CO": 3000.0}


def test_a_cylinder_without_a_model_is_no_device_and_lasts_for_ever():
    made = data(routine=[SPAN], cylinder__so2={"value": "50 ppm", **CERTIFIED})
    table = recorded(made, 1)
    assert not any(column.startswith("cylinder.so2") for column in table)
    assert table["calibrator.gas_flow"][-1] > 10.0


BAD = {
    "a port that no calibrator has": ({"cylinder__so2__port": "z"}, "cylinder.so2.port: expected one of a, b, c, d"),
    "a port that the model does not have": (
        {"cylinder__so2__port": "e", "device__calibrator": {
            "model": "T700", "port": {"a": {"kind": "direct", "protocol": "direct"}}}},
        "cylinder.so2.port: expected one of a, b, c, d, found 'e'",
    ),
    "two on a port": (
        {"cylinder__no": {"value": "50 ppm", "port": "a", **CERTIFIED}},
        "cylinder.no.port: expected a port that cylinder.so2 is not connected to, found 'a'",
    ),
    "a unit of another kind": (
        {"cylinder__so2__pressure": "2 ppm"}, "cylinder.so2.pressure: expected a unit of pressure (MPa, bar, kPa",
    ),
    "a number without a unit": (
        {"cylinder__so2__pressure": 2.0}, 'cylinder.so2.pressure: expected text with a unit of pressure, such as "8',
    ),
    "more than it holds": (
        {"cylinder__so2__pressure": "20 MPa"},
        "cylinder.so2.pressure: expected at most 10 MPa, to which a cylinder-4l is filled, found 20 MPa",
    ),
    "told twice": (
        {"cylinder__so2__hidden": {"used_before": 0.5}},
        "cylinder.so2.hidden.used_before: expected nothing beside cylinder.so2.pressure",
    ),
    "neither value nor components": ({"cylinder__so2__value": None}, "cylinder.so2: expected either value"),
    "a mixture without its main gas": (
        {"cylinder__span__species": "co"}, "cylinder.span.species: expected the gas by which the mixture is set",
    ),
    "no model of a cylinder": (
        {"cylinder__so2__model": "43i"}, "cylinder.so2.model: expected a model of a cylinder, found a so2 (43i)",
    ),
    "no such model": ({"cylinder__so2__model": "cylinder-9l"}, "cylinder.so2.model: expected"),
    "hidden of no cylinder": ({"cylinder__so2__hidden": {"mood": 1}}, "cylinder.so2.hidden.mood: expected one of"),
    "an impossible leak": ({"cylinder__so2__hidden": {"leak_cc_min": -1.0}}, "cylinder.so2.hidden.leak_cc_min: "),
    "a valve ajar": ({"cylinder__so2__settings": {"valve": "ajar"}}, "cylinder.so2.settings.valve: expected"),
    "pressure of what lasts for ever": (
        {"cylinder__so2__model": None}, "cylinder.so2.pressure: expected nothing for a cylinder without a model",
    ),
    "a cylinder among the devices": (
        {"device__bottle": {"model": "cylinder-4l"}},
        'device.bottle.model: expected a device; a cylinder is a section of its own: [cylinder.bottle]',
    ),
    "a tube from no cylinder": (
        {"tube__bottle__from": "cylinder.argon", "cylinder__span": None},
        "tube.bottle.from: expected a cylinder of this bench (cylinder.so2), found",
    ),
    "two tubes to one port": (
        {"tube__more": {"from": "calibrator.out", "to": "so2.span", "length": "1 m"}},
        "tube.more.to: expected a port that tube.bottle does not lead to, found 'so2.span'",
    ),
    "a tube to the ozonator's own port": ({"tube__measured__to": "standard.span"}, "tube.measured.to: expected"),
    "a tube in a circle": (
        {"tube__measured__from": "standard.out"}, "tube.measured.to: expected another device than the one",
    ),
    "a needle valve at a calibrator": (
        {"tube__measured__flow": "1 L/min"}, "tube.measured.flow: expected nothing: only a cylinder has a needle valve",
    ),
    "a port told for a bottle with a tube": (
        {"cylinder__span__port": "b"}, "cylinder.span.port: expected nothing: a tube leads from this cylinder",
    ),
    "a fault of what lasts for ever": (
        {"cylinder__so2": {"value": "50 ppm", **CERTIFIED},
         "fault": [{"kind": "cylinder_leak", "device": "cylinder.so2", "at": "1 h"}]},
        "fault.0.device: expected a cylinder with a model",
    ),
    "a fault that a cylinder cannot have": (
        {"fault": [{"kind": "cylinder_leak", "device": "so2", "at": "1 h"}]},
        "fault.0.kind: expected a fault that a 43i can have",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_one_clear_error(case):
    parts, words = BAD[case]
    with pytest.raises(ConfigurationErrors) as caught:
        check_bench_data(data(**parts), "bench.toml")
    assert [str(error) for error in caught.value.errors if words in str(error)], str(caught.value)
    assert len(caught.value.errors) == 1, str(caught.value)


def test_the_truth_log_tells_of_standards_and_cylinders_too(tmp_path):
    bench = open_bench(data())
    log = TruthLog(bench, tmp_path / "truth.jsonl")
    bench.clock.run_to(25_000_000)
    log.close()
    bench.close()
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    shown = {line["device"]: line["shown"] for line in lines if line["kind"] == "reading"}
    assert set(shown["standard"]) == {"o3"}
    assert {"cylinder.so2", "cylinder.span", "zero"} <= set(shown)
    assert lines[0]["devices"]["cylinder.so2"]["used_before"] == pytest.approx(0.8)
    assert lines[0]["cylinders"] == {}
