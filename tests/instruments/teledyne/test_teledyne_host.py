"""The host side: what it sends, what it believes, and what it passes over."""

import math

import pytest

from instruments.errors import ConfigurationErrors, Refused
from instruments.protocols.teledyne_host import TeledyneHost
from instruments.protocols.teledyne_table import TeledyneTable

MODELS = ("T100", "T200", "T300", "T400", "T700")
H = b"326:10:38 0000 "


def ends(boxes, model, number=None, **changes):
    box = boxes(model, **changes)
    return box, box.dialect.host(number)


def ask(box, host, text):
    raw = box.say(host.request(text))
    assert host.missing(text, raw) == 0
    return host.parse(text, raw)


@pytest.mark.parametrize("model", MODELS)
def test_everything_that_it_can_read_it_reads_as_the_instrument_has_it(boxes, model):
    box, host = ends(boxes, model)
    asked = 0
    for quantity, inside in box.face.values.items():
        try:
            text = host.read_request(quantity)
        except KeyError:
            continue
        value, _ = host.value(quantity, ask(box, host, text))
        asked += 1
        if isinstance(inside, float):
            assert value == pytest.approx(inside, rel=2e-3, abs=6e-2), quantity
        else:
            assert value == inside, quantity
    assert asked > 15


@pytest.mark.parametrize("model", MODELS)
def test_everything_that_it_can_set_it_sets(boxes, model):
    box, host = ends(boxes, model)
    done = 0
    for quantity, inside in dict(box.face.values).items():
        wanted = not inside if isinstance(inside, bool) else inside + 1 if type(inside) is int else inside
        try:
            text = host.set_request(quantity, wanted)
        except KeyError:
            continue
        ask(box, host, text)
        assert box.face.values[quantity] == wanted, quantity
        done += 1
    assert done >= (4 if model == "T700" else 9)


def test_a_request_of_several_lines_carries_the_machine_id_in_each(boxes):
    box, host = ends(boxes, "T100", number=412, instrument_id=412)
    assert host.request("W LIST\nV MODE") == b"W 412 LIST\rV 412 MODE\r"
    assert host.value("gas_mode", ask(box, host, "V MODE"))[0] == "sample"
    with pytest.raises(ValueError, match="address"):
        box.dialect.host(10_000)


def test_valves_are_held_against_the_mode(boxes):
    box, host = ends(boxes, "T100")
    for port in ("zero", "span", "sample", "sample"):
        ask(box, host, host.set_request("gas_mode", port))
        assert box.face.values["gas_mode"] == port
    raw = b"C " + H + b"START ZERO CALIBRATION\r\nV " + H + b"MODE=SAMPLE\r\n"
    with pytest.raises(ValueError, match="was set to zero and is sample"):
        host.parse("C ZERO\nV MODE", raw)


@pytest.mark.parametrize("model", ["T100", "T200"])
def test_alarms_are_the_warnings_that_stand(boxes, model):
    box, host = ends(boxes, model, alarms=("box_temp:high", "hvps:low"), system_reset=True)
    assert host.value("alarms", ask(box, host, host.read_request("alarms")))[0] == ("box_temp", "hvps")
    box.face.values["alarms"] = ()
    assert host.value("alarms", ask(box, host, host.read_request("alarms")))[0] == ()


def test_reports_between_the_lines_are_passed_over_or_counted(boxes):
    _, host = ends(boxes, "T100")
    text = host.read_request("alarms")
    raw = b"".join(
        kind + H + said + b"\r\n"
        for kind, said in (
            (b"C ", b"START ZERO CALIBRATION"), (b"W ", b"HVPS WARNING"), (b"?!", b""),
            (b"C ", b"FINISH ZERO CALIBRATION"), (b"W ", b"BOX TEMP WARNING"), (b"V ", b"MODE=SAMPLE"),
        )
    )  # fmt: skip
    assert host.value("alarms", host.parse(text, raw))[0] == ("box_temp", "hvps")
    assert host.missing(text, raw[:-3]) == 1
    with pytest.raises(ValueError, match="no warning of this model"):
        host.value("alarms", host.parse(text, b"W " + H + b"BENCH LED DISABLED\r\nV " + H + b"MODE=SAMPLE\r\n"))


@pytest.mark.parametrize(
    "line",
    [b"T 326:10:38 0000 RANGE=500.0 PPB", b"T 326:10:38 SO2=41.7 PPB", b"T 326:10:38 0412 SO2=41.7 PPB",
     b"W 326:10:38 0000 SO2=41.7 PPB", b"T 326:10:38 0000 SO3=41.7 PPB", b"T 367:10:38 0000 SO2=41.7 PPB",
     b"T 326:25:38 0000 SO2=41.7 PPB", b"SO2=41.7 PPB", b"\xff 326:10:38 0000 SO2=41.7 PPB"],
)  # fmt: skip
def test_a_line_that_is_no_answer_is_waited_past(boxes, line):
    _, host = ends(boxes, "T100", number=0)
    raw = line + b"\r\n"
    assert host.missing("T SO2", raw) == 1
    with pytest.raises(ValueError, match="no answer"):
        host.parse("T SO2", raw)
    reply = host.parse("T SO2", raw + b"T 326:10:38 0000 SO2=12.3 PPB\r\n")
    assert host.value("so2", reply) == (12.3, "nmol/mol")


@pytest.mark.parametrize(
    ("told", "words"),
    [("41.7 UGM", "gas unit to ppb or ppm"), ("XXXX PPB", "cannot tell"), ("4\xb1.7 PPB", "no number"),
     ("41.7", "without a unit"), ("4E1 PPB", "no number"), ("41 PPB", "decimals"), ("41.77 PPB", "decimals"),
     ("nan PPB", "no number"), ("41.7 PPV", "gas unit")],
)  # fmt: skip
def test_a_value_of_another_form_is_never_taken(boxes, told, words):
    _, host = ends(boxes, "T100")
    reply = host.parse("T SO2", b"T " + H + b"SO2=" + told.encode("latin-1") + b"\r\n")
    with pytest.raises(ValueError, match=words):
        host.value("so2", reply)


def test_a_setting_that_has_become_something_else_is_an_error(boxes):
    _, host = ends(boxes, "T100")
    with pytest.raises(ValueError, match="was set to 120 and is 12 "):
        host.parse("V FILT_SIZE=120", b"V " + H + b"FILT_SIZE=12 <1-1000>\r\n")


def test_what_the_box_would_refuse_is_not_sent_and_what_it_refuses_is_told(boxes):
    box, host = ends(boxes, "T100")
    with pytest.raises(Refused) as caught:
        host.set_request("filter_size", 5000)
    assert caught.value.reason == "too high"
    with pytest.raises(Refused):
        host.set_request("gas_unit", "grains")
    with pytest.raises(KeyError):
        host.set_request("so2", 1.0)
    with pytest.raises(KeyError):
        host.read_request("o3")
    box.face.refuses["calibrate_so2_span"] = "wrong settings"
    text = host.set_request("calibrate_so2_span", True)
    raw = box.say(host.request(text))
    assert host.missing(text, raw) == 0
    with pytest.raises(Refused) as caught:
        host.parse(text, raw)
    assert caught.value.reason == "wrong settings"


def test_a_box_that_only_chatters_is_given_up(boxes):
    _, host = ends(boxes, "T100")
    with pytest.raises(ValueError, match="without an answer"):
        host.missing("T SO2", b"W " + H + b"HVPS WARNING\r\n" * 2000)


@pytest.mark.parametrize(
    ("mode", "gas", "unit", "request_text"),
    [("zero", "zero", "nmol/mol", "C GENERATE 0 PPB ZERO 4.5 LPM"),
     ("span", "so2", "nmol/mol", "C GENERATE 123.4568 PPB SO2 4.5 LPM"),
     ("span", "co", "umol/mol", "C GENERATE 123.4568 PPM CO 4.5 LPM"),
     ("ozone", "o3", "nmol/mol", "C GENERATE 160 PPB O3 4.5 LPM"),
     ("gpt", "no", "nmol/mol", "C GPT 123.4568 PPB NO 160 PPB O3 4.5 LPM")],
)  # fmt: skip
def test_a_gas_is_made_by_one_request_that_the_box_repeats(boxes, mode, gas, unit, request_text):
    box, host = ends(boxes, "T700")
    amounts = {"total_flow": 4.5, "concentration": 123.45678, "ozone": 160.0}
    text = host.generate_request(mode, gas, amounts, unit)
    assert text == request_text
    ask(box, host, text)
    with pytest.raises(ValueError, match="no answer"):
        host.parse(text, b"C " + H + text[2:].replace("4.5", "4.6").encode() + b"\r\n")
    dark = host.generate_request("gpt", "no", {**amounts, "ozone": 0.0}, "nmol/mol")
    assert dark == "C GPTZ 123.4568 PPB NO 0 PPB O3 4.5 LPM"
    with pytest.raises(KeyError):
        host.generate_request("drives", "no", amounts, "nmol/mol")


def test_an_analyzer_makes_no_gas(boxes):
    _, host = ends(boxes, "T100")
    with pytest.raises(KeyError):
        host.generate_request("zero", "zero", {"total_flow": 5.0}, "nmol/mol")


def test_the_flow_that_no_function_tells_is_the_sum_of_two(boxes):
    box, host = ends(boxes, "T700")
    value, _ = host.value("total_flow_actual", ask(box, host, host.read_request("total_flow_actual")))
    assert math.isclose(value, 4999.7, abs_tol=0.2)


def test_every_mode_of_the_calibrator_comes_back_as_it_is(boxes):
    box, host = ends(boxes, "T700")
    for mode in box.table.rows.mode.words:
        box.face.values["calibrator_mode"] = mode
        assert host.value("calibrator_mode", ask(box, host, "V MODE"))[0] == mode
    box.say(b"D ENTER SIG\r")
    with pytest.raises(ValueError, match="DIAGNOSTIC"):
        host.value("calibrator_mode", ask(box, host, "V MODE"))


@pytest.mark.parametrize(
    ("change", "words"),
    [(lambda rows: rows["test"].append(rows["test"][0]), "RANGE twice"),
     (lambda rows: rows["test"].append({"name": "X", "mark": "read", "source": "s"}), "one of of, fixed, does"),
     (lambda rows: rows["data"].append({**rows["data"][0], "test": "NONE"}), "name of a test function"),
     (lambda rows: rows["variable"].append({"name": "V1", "mark": "read", "source": "s"}), "one of of, fixed"),
     (lambda rows: rows["variable"].append({"name": "V1", "fixed": 1.0, "mark": "read", "source": "s"}), "read_only"),
     (lambda rows: rows["variable"].append({"name": "V1", "of": "tpc", "warn": "x", "mark": "read", "source": "s"}),
      "an alarm ("),
     (lambda rows: rows["warning"].append({"name": "W1", "text": "t", "mark": "read", "source": "s"}), "alarm, latch"),
     (lambda rows: rows.update(colour="red"), "no such key")],
)  # fmt: skip
def test_mistakes_in_a_table_are_named(change, words):
    import copy

    from instruments.catalogue import load

    entry = copy.copy(load("T100"))
    rows = {key: list(value) for key, value in entry.protocols["teledyne"].items()}
    change(rows)
    entry.protocols = {"teledyne": rows}
    with pytest.raises(ConfigurationErrors) as caught:
        TeledyneTable.from_entry(entry)
    assert words in str(caught.value)
    assert "T100.toml" in str(caught.value)


def test_the_mark_is_the_weakest_of_all_lines(boxes):
    table = boxes("T100").table
    assert table.weakest_mark(["T SO2"]) == "read"
    assert table.weakest_mark(["T SO2", "V MODE"]) == "recalled"
    assert table.weakest_mark(["C ZERO"]) == "read"
    assert table.weakest_mark(["C ZERO\nV MODE"]) == "recalled"
    for request in ("T XENON", "W NOTHING", "C DANCE", "hello"):
        with pytest.raises(KeyError):
            table.weakest_mark([request])
    assert TeledyneHost(table).read_request("filter_size") == "V FILT_SIZE"


def told_by(host, raw):
    """The value that a host takes from ``raw``; None where it waits on, or finds that it is none."""
    try:
        if host.missing("T SO2", raw):
            return None
        return host.value("so2", host.parse("T SO2", raw))[0]
    except (ValueError, Refused):
        return None


def test_of_one_spoiled_byte_only_a_digit_of_the_value_can_slip_through(boxes):
    _, host = ends(boxes, "T100")
    good = b"T " + H + b"SO2=41.7 PPB\r\n"
    digits = {good.index(b"41.7"), good.index(b"41.7") + 1, good.index(b"41.7") + 3}
    slipped = set()
    for place in range(len(good)):
        for byte in (*range(0x20), *range(0x20, 0x7F, 3), *b"0123456789.-+", 0x80, 0xFF):
            told = told_by(host, good[:place] + bytes([byte]) + good[place + 1 :])
            if told not in (None, 41.7):
                slipped.add(place)
        for cut in (good[:place] + good[place + 1 :], good[:place] + good[place : place + 1] + good[place:]):
            told = told_by(host, cut)
            assert told in (None, 41.7) or place in digits
    assert slipped <= digits
    assert slipped
