"""The T700: its own commands, four ports, Teledyne's test functions."""

import pytest

from instruments.air import Species
from instruments.device import Command
from instruments.errors import Refused


def test_generate_picks_the_port_by_the_gas(supply):
    line = supply("T700")
    line.tell(10, generate="400 ppb SO2 5.0 LPM")
    assert line.gas(2000)[Species.SO2] == pytest.approx(400.0, rel=2e-3)
    line.tell(2000, generate="40 PPM CO")
    assert line.gas(4000)[Species.CO] == pytest.approx(40.0, rel=2e-3)
    assert line.read(4000, "gas") == "c"
    line.tell(4000, generate="0.3 PPM O3 6.0")
    assert line.gas(6000)[Species.O3] == pytest.approx(300.0, rel=2e-3)
    assert line.box.outlet.offered_lpm(6000, 6001)[0] == pytest.approx(6.0)
    line.tell(6000, generate="0 PPB ZERO")
    assert max(line.gas(8000)[s] for s in (Species.SO2, Species.O3, Species.NO)) < 0.2
    line.tell(8000, standby=True)
    assert line.box.outlet.offered_lpm(9000, 9001)[0] == 0.0
    line.tell(9000, purge=True)
    assert line.box.outlet.offered_lpm(9500, 9501)[0] == pytest.approx(10.1)
    assert line.gas(9500)[Species.SO2] < 0.2


def test_a_component_of_a_mixture_may_be_asked_for(supply):
    from instruments.supply.cylinder import Cylinder

    line = supply("T700")
    line.box.connect_cylinder("d", Cylinder(Species.SO2, 50_000.0, 1.0, others={Species.NO2: 20_000.0}))
    line.tell(10, generate="200 PPB NO2 5")
    assert line.read(20, "gas") == "d"
    assert line.gas(2000)[Species.NO2] == pytest.approx(200.0, rel=0.01)
    assert line.gas(2000)[Species.SO2] == pytest.approx(500.0, rel=0.01)


def test_titration_commands(supply):
    line = supply("T700", ozone_table_error_pct=6.0)
    line.tell(10, gptz="450 PPB NO 160 PPB O3 5.0")
    base = line.gas(3000)
    assert base[Species.NO] == pytest.approx(450.0, rel=2e-3)
    line.tell(3000, gptps="450 PPB NO 160 PPB O3")
    line.tell(6000, gpt="450 PPB NO 160 PPB O3")
    after = line.gas(9000)
    assert base[Species.NO] - after[Species.NO] == pytest.approx(160.0, rel=6e-3)
    assert line.read(9000, "o3_flow") == pytest.approx(0.15, rel=0.01)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("generate", "400 PPB XE", "wrong settings"), ("generate", "some gas", "invalid"),
        ("generate", True, "invalid"), ("generate", "4000 PPB SO2 5.0", "too high"),
        ("gpt", "400 PPB NO", "invalid"), ("gas", "e", "invalid"),
        ("generate", "4e2 PPB SO2", "invalid"), ("generate", "400 PPB SO2 50", "too high"),
    ],
)  # fmt: skip
def test_what_it_cannot_do_it_refuses_and_changes_nothing(supply, name, value, reason):
    line = supply("T700")
    line.tell(10, generate="400 PPB SO2 5.0")
    settings = dict(line.box.settings)
    with pytest.raises(Refused) as caught:
        line.box.apply(20_000_000, Command(name, value))
    assert caught.value.reason == reason
    assert dict(line.box.settings) == settings


def test_test_functions_of_a_working_box(supply):
    line = supply("T700", photometer_noise_factor=1.0)
    line.tell(10, generate="400 PPB SO2 5.0")
    expected = {
        "act_cal": (0.04, 0.001), "targ_cal": (0.04, 1e-9), "act_dil": (4.96, 0.01), "targ_dil": (4.96, 1e-9),
        "targ": (400.0, 1e-9), "act": (400.0, 3.0), "o3_flow": (0.0, 1e-9), "o3_gen_drive": (0.0, 1.0),
        "cal_pressure": (29.0, 1.0), "dil_pressure": (30.0, 1.0), "box_temp": (32.0, 1.0), "photo_flow": (0.8, 1e-9),
        "photo_pressure": (29.92, 0.05), "photo_slope": (1.0, 1e-9), "photo_offset": (0.0, 1e-9),
        "photo_reference": (4500.0, 50.0), "o3_gen_temp": (48.0, 0.5), "photo_lamp_temp": (58.0, 0.5),
    }  # fmt: skip
    for name, (value, tolerance) in expected.items():
        assert line.read(3600, name) == pytest.approx(value, abs=tolerance), name
    line.tell(3600, generate="400 PPB O3 5.0")
    assert line.read(5400, "o3_gen_drive") == pytest.approx(5000.0 * 400.0 * 5.0 / 7500.0, rel=0.01)
    assert line.read(5400, "photo_measure") / line.read(5400, "photo_reference") == pytest.approx(
        1.0 - 308.0 * 38.0 * 400e-9, rel=1e-4
    )
    assert line.read(5400, "alarms") == ()
    assert set(line.box.units()) >= set(line.box.quantities())


SEQUENCES = (
    "SPAN SO2: GENERATE 400 PPB SO2 5.0; 20 MIN; STANDBY | dark gpt: gptz 450 PPB NO 160 PPB O3 5 ; 1.5 h; purge"
)


def test_stored_sequences_do_one_thing_after_the_other(supply):
    line = supply("T700")
    line.tell(5, sequences=SEQUENCES)
    line.tell(10, execute_sequence="span so2")
    assert line.read(11, "calibrator_mode") == "span"
    assert line.box.next_event_us() == 1_210_000_000
    line.box.advance(1_300_000_000)
    assert line.read(1209, "calibrator_mode") == "span"
    assert line.read(1211, "calibrator_mode") == "standby"
    assert line.box.next_event_us() is None
    line.tell(1400, execute_sequence="DARK GPT")
    assert line.read(1500, "ozone") == 0.0
    line.tell(1500, power=False)
    assert line.box.next_event_us() is None


@pytest.mark.parametrize(
    "text",
    ["SPAN", "A: DANCE", "A: 5 MIN; STANDBY", "A: STANDBY | a: PURGE", "A: GENERATE", "A: STANDBY NOW", ": PURGE"],
)
def test_text_that_is_no_sequence_is_refused(supply, text):
    line = supply("T700")
    with pytest.raises(Refused):
        line.tell(5, sequences=text)
    assert line.read(6, "sequences") == ""


def test_a_step_that_cannot_be_is_passed_over_and_an_unknown_sequence_refused(supply):
    line = supply("T700")
    line.tell(
        5, sequences="A: GENERATE 400 PPB SO2 5; 1 MIN; GENERATE 400 PPB XE; 1 MIN; STANDBY | B: GENERATE 1 PPB XE"
    )
    line.tell(10, execute_sequence="A")
    line.box.advance(100_000_000)
    assert line.read(100, "calibrator_mode") == "span"
    line.box.advance(200_000_000)
    assert line.read(199, "calibrator_mode") == "standby"
    for name in ("B", "C"):
        with pytest.raises(Refused):
            line.tell(300, execute_sequence=name)
