"""A unit's plate and papers: what a bench file says of them, what a host knows, and what cannot be."""

from datetime import date

import pytest

from instruments.errors import ConfigurationErrors
from rig.bench_check import check_bench_data
from rig.bench_file import parse_bench
from rig.session import open_session

PLATE = {"approval": "EP-1", "manufactured": "2024-03-01", "in_service": "2025-01-01"}


def bench_data(plate=PLATE, service=None, **device):
    unit = {"model": "43i", "plate": plate, "service": service or {}, "port": {"a": {"protocol": "clink"}}, **device}
    return {"bench": {"epoch": "2026-01-05T08:00:00+08:00"}, "device": {"so2": unit}}


def test_a_host_knows_approval_principle_and_age(tmp_path):
    data = bench_data(service={"hours": 8000.0, "shelf_days": 30.0})
    session = open_session(parse_bench(data, "plate"), tmp_path / "plate.toml")
    identity = session.handles["so2"].identity
    session.close()
    assert identity.plate.approval == "EP-1"
    assert (identity.plate.manufactured, identity.plate.in_service) == (date(2024, 3, 1), date(2025, 1, 1))
    assert (identity.plate.hours, identity.plate.shelf_days) == (8000.0, 30.0)
    assert "fluorescence" in identity.principle


def test_what_is_not_told_is_not_invented(tmp_path):
    session = open_session(parse_bench(bench_data(plate={}), "plate"), tmp_path / "plate.toml")
    plate = session.handles["so2"].identity.plate
    session.close()
    assert (plate.approval, plate.manufactured, plate.in_service, plate.hours) == ("", None, None, None)


@pytest.mark.parametrize(
    ("plate", "service", "said"),
    [
        ({"manufactured": "2026-02-01"}, {}, "plate.manufactured: expected a day up to the epoch's, 2026-01-05"),
        ({"in_service": "2027-01-01"}, {}, "plate.in_service: expected a day up to the epoch's"),
        ({"manufactured": "2025-05-01", "in_service": "2025-01-01"}, {},
         "plate.in_service: expected a day from that of its making on, 2025-05-01, found 2025-01-01"),
        ({"in_service": "2025-12-05"}, {"hours": 2000.0},
         "service.hours: expected hours since it was put into service, less those on a shelf, 768 at most, found 2000"),
        ({"manufactured": "2025-12-05"}, {"shelf_days": 90.0}, "service.shelf_days: expected days on a shelf since it"),
        ({"manufactured": "2025-12-05"}, {"hours": 500.0, "shelf_days": 20.0}, "service.hours: expected hours since"),
        ({"manufactured": "May 2025"}, {}, "plate.manufactured: expected a day, such as 2026-12-31, found 'May 2025'"),
        ({"aproval": "EP-1"}, {}, "plate.aproval: expected no such key here"),
    ],
)  # fmt: skip
def test_days_and_hours_that_cannot_be_are_named(plate, service, said):
    with pytest.raises(ConfigurationErrors) as told:
        check_bench_data(bench_data(plate, service), "bench.toml")
    assert str(told.value).startswith(f"bench.toml: device.so2.{said}")


def test_a_real_unit_has_a_plate_too():
    data = bench_data()
    del data["device"]["so2"]["port"]
    data["device"]["so2"] |= {"resource": "ASRL/dev/ttyUSB0::INSTR", "protocol": "clink"}
    assert check_bench_data(data, "bench.toml").device["so2"].plate.approval == "EP-1"
    data["device"]["so2"]["plate"] = {"manufactured": "2026-02-01"}
    with pytest.raises(ConfigurationErrors, match="manufactured"):
        check_bench_data(data, "bench.toml")
