"""Weather, visibility and open path through `rig accept`: good units pass, each bad one fails by what was predicted."""

import copy
import json
import tomllib

import pytest

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from scenarios.defects import defects, found_in
from scenarios.opening import bench_path

STATION = tomllib.loads(bench_path("station").read_text())
PLANS = {"weather": "weather", "visibility": "visibility", "open-path": "path"}


def small(device, model=None):
    """The station with one sensor and the climate meter."""
    data = copy.deepcopy(STATION)
    data["device"] = {name: data["device"][name] for name in (device, "climate_meter")}
    for key in ("routine", "tube", "cylinder", "certificate"):
        del data[key]
    if device != "path":
        del data["cell"]
    if model == "CV-6":
        data["device"][device] = {"model": model, "port": {"a": {"kind": "serial", "protocol": "ascii", "id": 1}}}
    return data


def play(tmp_path, plan, bench):
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=plan, out=tmp_path / "out",
                                operator="simulated"))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


def notes(record):
    return [note.key for entry in record.procedures for note in entry.notes]


@pytest.mark.parametrize(("plan", "device", "model", "number"), [
    ("weather", "weather", None, 9), ("weather", "weather", "CV-6", 10), ("visibility", "visibility", None, 5),
    ("open-path", "path", None, 19),
])  # fmt: skip
def test_a_good_unit_passes_and_everything_is_taken_off_again(tmp_path, plan, device, model, number):
    code, record = play(tmp_path, plan, small(device, model))
    assert code == 0, found_in(record)
    assert {test.verdict for test in record.tests} == {"pass"}
    assert len(record.tests) == number
    assert "safe.done" in [note.key for note in record.notes]
    assert notes(record) == []
    assert {test.limit_mark for test in record.tests} == {"recalled"}


@pytest.mark.parametrize("defect", [d for d in defects() if d.plan in PLANS], ids=lambda d: d.name)
def test_a_bad_unit_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, defect):
    good = small(defect.device, "CV-6" if "cup" in defect.name or "vane" in defect.name else None)
    _, record = play(tmp_path, defect.plan, defect.bench_data(good))
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert held == set()


def test_figures_are_those_of_the_causes(tmp_path):
    bench = small("weather", "CV-6")
    bench["device"]["weather"]["hidden"] = {
        "temperature_error_c": 0.3, "humidity_error_pct": 4.0, "pressure_error_hpa": -1.2, "cup_gain": 0.95,
        "bearing_friction": 0.33, "north_offset_deg": 6.0, "vane_friction": 0.33,
    }  # fmt: skip
    _, record = play(tmp_path, "weather", bench)
    found = {test.criterion: test.value for test in record.tests}
    assert found["climate_comparison.temperature"] == pytest.approx(0.3, abs=0.06)
    humidity = next(entry for entry in record.procedures if entry.id.endswith("relative_humidity"))
    true = humidity.data.tables[0].rows[0][1]
    assert found["climate_comparison.humidity"] == pytest.approx(0.04 * true, abs=0.3)
    assert found["climate_comparison.pressure"] == pytest.approx(-1.2, abs=0.05)
    assert found["wind_speed_check.high"] == pytest.approx(-5.2, abs=0.4)  # 5 % and what friction takes
    assert found["wind_speed_check.threshold"] == 0.8  # 0.73 m/s lies between 0.7 and 0.8
    assert found["wind_direction_check.threshold"] == 0.8
    assert found["wind_direction_check.orientation"] == pytest.approx(-6.0, abs=0.2)
    assert abs(found["wind_direction_check.linearity"]) < 1.0


def test_a_cell_counts_by_its_certificate_and_by_the_path_that_the_unit_is_set_to(tmp_path):
    bench = small("path")
    bench["cell"]["so2"]["hidden"] = {"deviation_pct": 6.0}
    bench["device"]["path"]["settings"] = {"path_length": 250.0}
    _, record = play(tmp_path, "open-path", bench)
    so2 = {test.criterion: test for test in record.tests if test.quantity == "so2"}
    assert so2["open_path_check.cell"].value == pytest.approx(0.06 * 400.0, abs=1.5)
    assert so2["open_path_check.cell"].verdict == "fail"
    assert abs(so2["open_path_check.span_drift"].value) < 2.0
    [entry] = [its for its in record.procedures if its.id.endswith("/so2")]
    assert entry.references == ["cell.so2"]


def test_a_person_who_takes_the_wrong_plate_or_leaves_the_tunnel_as_it_was_is_asked_again(tmp_path):
    bench = small("visibility")
    bench["operator"] = {"delay": "10 s", "mistakes": 0.9}
    bench["bench"]["seed"] = 3
    _, record = play(tmp_path, "visibility", bench)
    assert "visibility.plate_doubted" in notes(record)
    (tmp_path / "wind").mkdir()
    bench = small("weather")
    bench["operator"] = {"delay": "10 s", "mistakes": 0.5}
    _, record = play(tmp_path / "wind", "weather", bench)
    assert "wind.tunnel_doubted" in notes(record)


def test_a_cell_that_is_not_there_is_said_before_anything_is_touched(tmp_path):
    bench = small("path")
    del bench["cell"]["o3"]
    with pytest.raises(ConfigurationErrors, match="a calibration cell of o3 beside path"):
        play(tmp_path, "open-path", bench)
    bench = small("weather")
    del bench["device"]["climate_meter"]["certificate"]["humidity"]
    with pytest.raises(ConfigurationErrors, match="certificate for humidity"):
        play(tmp_path, "weather", bench)
