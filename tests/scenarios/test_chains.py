"""A certificate's chain to the next standards: held against the days on which it was needed, printed in the report."""

import copy
import json
import tomllib

import pytest

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from scenarios.opening import bench_path, plan_path

DEMO = tomllib.loads(bench_path("demo").read_text())
PRIMARY = {"standard": "primary standard of NIM"}


def working(expires, **more):
    return {"standard": "working standard", "certificate": "NIM-24017", "expires": expires, **more}


def play(tmp_path, change):
    bench = copy.deepcopy(DEMO)
    change(bench)
    text = (
        plan_path("gas-check").read_text().replace('"zero_span", "multipoint", "converter_efficiency"', '"zero_span"')
    )
    (tmp_path / "plan.toml").write_text(text)
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=("so2",),
                         out=tmp_path / "out", operator="simulated"))  # fmt: skip
    return tmp_path / "out"


def chained(*links, issued=None, where=("cylinder", "so2")):
    def change(bench):
        section = bench[where[0]][where[1]]
        section["chain"] = list(links)
        if issued is not None:
            section["issued"] = issued

    return change


def test_a_chain_to_the_primary_standard_is_on_record_and_in_the_report(tmp_path):
    out = play(tmp_path, chained(working("2025-12-31", issued="2024-12-20"), PRIMARY, issued="2025-06-10"))
    record = load(out / "result.json")
    [so2] = [its for its in record.references if its.id == "cylinder.so2"]
    assert [link.standard for link in so2.chain] == ["working standard", "primary standard of NIM"]
    assert [link.expires for link in so2.chain] == ["2025-12-31", None]
    assert all(its.chain == [] for its in record.references if its.id != "cylinder.so2")
    page = (out / "report.html").read_text()
    assert "GBW-SO2-25081 ← working standard (NIM-24017" in page
    assert "← primary standard of NIM" in page


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (chained(working("2025-06-09"), PRIMARY, issued="2025-06-10"),
         r"cylinder\.so2\.chain\[0\]\.expires: expected a certificate that was valid on 2025-06-10, "
         r"when it was needed, found expired on 2025-06-09"),
        (chained(working("2025-12-31"), PRIMARY), r"chain\[0\]\.expires: expected .* valid on 2026-01-0"),
        (chained(working("2026-12-31", issued="2024-12-20"), working("2024-12-19"), issued="2025-06-10"),
         r"cylinder\.so2\.chain\[1\]\.expires: expected a certificate that was valid on 2024-12-20"),
        (chained(working("2025-12-31"), where=("certificate", "calibrator")),
         r"certificate\.calibrator\.chain\[0\]\.expires"),
        (chained({"certificate": "NIM-24017"}), r"cylinder\.so2\.chain\.0\.standard|chain\[0\]\.standard"),
    ],
    ids=["expired-when-issued", "expired-today", "second-link", "calibrator", "no-standard"],
)  # fmt: skip
def test_a_standard_that_was_not_valid_when_needed_stops_the_plan(tmp_path, change, told):
    with pytest.raises(ConfigurationErrors, match=told):
        play(tmp_path, change)
    assert not (tmp_path / "out").exists()


def test_a_cylinder_that_the_plan_does_not_touch_stops_nothing(tmp_path):
    play(tmp_path, chained(working("2025-12-31"), where=("cylinder", "co")))
