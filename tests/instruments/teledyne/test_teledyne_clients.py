"""Rules by which two known clients read a box of the T series (written anew from the notes on them)."""

import re

import pytest

from instruments.build import build_unit
from instruments.catalogue import load
from instruments.protocols.dialects import dialect, protocols_of

COUNTS = {"T200": 35, "T300": 31, "T400": 29}
AIRT_VALUE = re.compile(r"(?<==)[^\s]+")
ORDER = {
    "T200": ("RANGE", "STABIL", "SAMP FLW", "OZONE FL", "PMT", "NORM PMT", "AZERO", "HVPS", "RCELL TEMP", "BOX TEMP",
             "PMT TEMP", "MOLY TEMP", "RCEL", "SAMP", "NOX SLOPE", "NOX OFFS", "NO SLOPE", "NO OFFS", "NO2", "NOX",
             "NO", "TEST", "XIN1", "XIN8", "TIME"),
    "T300": ("RANGE", "STABIL", "CO MEAS", "CO REF", "MR RATIO", "PRES", "SAMP FL", "SAMPLE TEMP", "BENCH TEMP",
             "WHEEL TEMP", "BOX TEMP", "PHT DRIVE", "SLOPE", "OFFSET", "CO", "TEST", "XIN1", "XIN8", "TIME"),
    "T400": ("RANGE", "STABIL", "O3 MEAS", "O3 REF", "O3 GEN", "O3 DRIVE", "PHOTO POWER", "PRES", "SAMP FL",
             "SAMPLE TEMP", "PHOTO LAMP", "O3 SCRUB", "O3 GEN TMP", "BOX TEMP", "SLOPE", "OFFSET", "O3", "TEST", "XIN1",
             "XIN8", "TIME"),
}  # fmt: skip


def kb2(line):
    """Datalogger2: a line of type T; three tokens dropped, the rest joined and split at the equals sign."""
    assert line.startswith("T")
    _, told = " ".join(line.split(" ")[3:]).split("=")
    words = told.split()
    return float(words[0]), words[-1]


@pytest.mark.parametrize("model", COUNTS)
def test_air_trend_finds_as_many_values_as_it_needs_in_its_order(boxes, model):
    """It sends ``t list all`` with CR LF once in two seconds and takes what stands right behind each equals sign."""
    lines = [line for line in boxes(model).say(b"t list all\r\n").decode("utf-8").split("\n") if "=" in line]
    values = [AIRT_VALUE.search(line).group() for line in lines]
    assert len(values) == COUNTS[model]
    for value in values[:-1]:
        float(value)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", values[-1])
    labels = [line.split(" ", 3)[3].partition("=")[0] for line in lines]
    places = [labels.index(label) if label != "NOX" else len(labels) - 1 - labels[::-1].index(label)
              for label in ORDER[model]]  # fmt: skip
    assert places == sorted(places)
    assert all(" =" not in line and "= " not in line for line in lines)


def test_the_whole_list_is_there_within_its_two_seconds(boxes):
    for model in COUNTS:
        said = boxes(model).say(b"t list all\r\n")
        assert len(said) * 10 / 115_200 < 0.5


@pytest.mark.parametrize(
    ("model", "name", "found"),
    [("T100", "SO2", (261.4, "PPB")), ("T200", "NOX", (141.7, "PPB")), ("T200", "NO", (100.0, "PPB")),
     ("T200", "NO2", (41.6, "PPB")), ("T300", "CO", (6.827, "PPM")), ("T400", "O3", (41.7, "PPB"))],
)  # fmt: skip
def test_datalogger2_reads_value_and_unit(boxes, model, name, found):
    box = boxes(model)
    assert box.say(b"C EXIT\r\n") != b""  # it sends this at every connection
    assert kb2(box.say(f"T {name}\r\n".encode()).decode().strip()) == found


@pytest.mark.parametrize("model", ["T100", "T200", "T300", "T400", "T700"])
def test_a_table_asks_nothing_that_its_model_cannot_tell(model):
    """Every quantity, setting and action of the table is one of the instrument itself; every alarm has a warning."""
    entry = load(model)
    assert "teledyne" in protocols_of(entry)
    spoken = dialect(entry, "teledyne")
    unit = build_unit(entry, model, 1)
    known = {
        *unit.settings, *unit.quantities(), *unit.actions, *unit.standing(), "alarms", "powered", "uptime_s",
        "chamber_volume",
    }  # fmt: skip
    assert spoken.quantities() <= known
    assert {row.alarm for row in spoken.table.warnings.values() if row.alarm} == set(entry.alarms)
    assert len({row.text for row in spoken.table.warnings.values()}) == len(spoken.table.warnings)
    assert all(told.source for told in spoken.told())
