"""The picture of a station: what is of the air, what is a check, what is flagged, and where the days are."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from reports.station import StationPicture

EPOCH = datetime(2026, 7, 6, tzinfo=timezone(timedelta(hours=8)))
DAY = 288


def drawn(numbers, texts):
    """The figure of columns of 300 s, taken day by day."""
    picture = StationPicture(EPOCH, "station: SIMULATED")
    count = len(next(iter(numbers.values())))
    t_s = np.arange(1, count + 1) * 300.0
    for begin in range(0, count, DAY):
        cut = slice(begin, begin + DAY)
        picture.take(t_s[cut], {k: v[cut] for k, v in numbers.items()}, {}, {k: v[cut] for k, v in texts.items()})
    return picture.figure()


def panel(figure, title):
    (place,) = [axes for axes in figure.axes if axes.get_ylabel().startswith(title)]
    return place, {line.get_label(): np.asarray(line.get_ydata(), dtype=float) for line in place.get_lines()}


def days(count=3):
    t = np.arange(count * DAY)
    hour = (t % DAY) / 12.0
    numbers = {
        "outside.so2": np.full(len(t), 2.0), "so2.so2": np.full(len(t), 2.1), "co.co": np.full(len(t), 0.4),
        "outside.sun": np.where((hour > 6.0) & (hour < 18.0), 500.0, 0.0), "pm.concentration": np.full(len(t), 30.0),
        "pm.record_s": np.where(t < 24, 0.0, 3600.0), "room.temperature": 25.0 + np.sin(t),
        "so2.internal_temp": 33.0 + t,
    }  # fmt: skip
    texts = {
        "so2.gas_mode": np.full(len(t), "sample", dtype="U8"), "so2.alarms": np.full(len(t), "", dtype="U20"),
        "co.gas_mode": np.full(len(t), "sample", dtype="U8"), "pm.size": np.full(len(t), "pm10"),
    }  # fmt: skip
    return numbers, texts


def test_a_standard_in_its_case_is_no_analyzer_of_the_air():
    numbers, texts = days()
    numbers |= {"o3.o3": np.full(3 * DAY, 50.0), "ozone_standard.o3": np.full(3 * DAY, 1.0)}
    texts["ozone_standard.sample_line"] = np.full(3 * DAY, "open")
    _, shown = panel(drawn(numbers, texts), "Ozone")
    assert set(shown) == {"o3.o3"}


def test_checks_stand_in_a_panel_of_their_own_and_are_gaps_in_the_air():
    numbers, texts = days()
    for name, level in (("so2", 400.0), ("co", 40.0)):
        numbers[f"{name}.{name}"][12:18] = level
        texts[f"{name}.gas_mode"][12:18] = "span"
    figure = drawn(numbers, texts)
    _, air = panel(figure, "SO")
    assert np.nanmax(air["so2.so2"]) == pytest.approx(2.1)
    assert np.isnan(air["so2.so2"]).sum() == 6
    assert not np.isnan(air["outside, true"]).any()
    _, checks = panel(figure, "Zero and span")
    assert np.flatnonzero(~np.isnan(checks["so2.so2"])).tolist() == list(range(12, 18))
    assert np.nanmax(checks["co.co"]) == pytest.approx(400.0)  # tenths of a ppm


def test_alarms_and_the_time_before_the_first_record_are_gaps():
    numbers, texts = days()
    texts["so2.alarms"][100:103] = "sample_flow:low"
    figure = drawn(numbers, texts)
    assert np.flatnonzero(np.isnan(panel(figure, "SO")[1]["so2.so2"])).tolist() == [100, 101, 102]
    assert np.isnan(panel(figure, "PM10")[1]["pm.concentration"]).sum() == 24
    assert not any(axes.get_ylabel().startswith("PM2.5") for axes in figure.axes)


def test_days_are_marked_and_named_and_nights_are_grey():
    figure = drawn(*days())
    place, _ = panel(figure, "Temperature")  # the lowest of those with days
    figure.canvas.draw()
    names = [label.get_text() for label in place.get_xticklabels()]
    assert names[:3] == ["Mon 06 Jul", "Tue 07 Jul", "Wed 08 Jul"]
    assert len(place.patches) == 4  # the nights that three days begin, have and end with
    assert figure.get_suptitle() == "station: SIMULATED"


def test_the_last_hours_show_the_room_by_every_row():
    figure = drawn(*days())
    _, close = panel(figure, "Room and cabinets")
    assert len(close["room, true"]) == 72
    assert close["so2.internal_temp"][-1] == 33.0 + 3 * DAY - 1


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_rows_give_the_same_file(tmp_path, suffix):
    made = []
    for name in ("one", "two"):
        picture = StationPicture(EPOCH)
        picture.take(np.arange(1, 13) * 300.0, {"so2.so2": np.arange(12.0)}, {})
        picture.save(tmp_path / f"{name}{suffix}")
        made.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert made[0] == made[1]
