"""Every hidden number and every figure of a model's file has two ends; beyond them it is refused by file and key."""

from itertools import chain, product

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from instruments import catalogue
from instruments.bounds import bounds_of
from instruments.build import UNITS, build_unit, unit_class
from instruments.catalogue.checks import mistakes
from instruments.errors import ConfigurationErrors
from instruments.wear import LONGEST_H, Part, Service
from rig.fault_library import library

ENTRIES = {catalogue.load(model).design: catalogue.load(model) for model in catalogue.models()}
"""A model of each design."""

WITHOUT_ENDS = {"really": "a name of a gas", "solenoid_leak_port": "a letter of a port"}
"""Hidden truth that is no number, and why it is bounded by a pattern."""


def numbers(model):
    """Name and ends (low, high, and whether each belongs to the range) of a model's fields that are numbers."""
    for name, field in model.model_fields.items():
        if field.annotation is bool:
            continue
        if name in WITHOUT_ENDS:
            assert any(getattr(each, "pattern", None) for each in field.metadata), name
            continue
        low = [each for each in field.metadata if isinstance(each, Ge | Gt)]
        high = [each for each in field.metadata if isinstance(each, Le | Lt)]
        assert (len(low), len(high)) == (1, 1), f"{model.__name__}.{name} has no two ends"
        yield (
            name,
            (
                low[0].ge if isinstance(low[0], Ge) else low[0].gt,
                high[0].le if isinstance(high[0], Le) else high[0].lt,
            ),
        )


def test_a_model_of_every_design_is_there():
    assert set(ENTRIES) == set(UNITS)


@pytest.mark.parametrize("design", UNITS)
def test_every_hidden_number_has_two_ends_and_is_refused_beyond_them(design):
    fields = dict(numbers(unit_class(ENTRIES[design]).hidden_model))
    for place in (0, 1):
        beyond = {name: ends[place] + (-1.0, 1.0)[place] * (1.0 + abs(ends[place])) for name, ends in fields.items()}
        if not beyond:
            continue
        with pytest.raises(ConfigurationErrors) as told:
            build_unit(ENTRIES[design], "unit", 1, hidden=beyond, where="bench.toml")
        assert {error.key for error in told.value.errors} == {f"device.unit.hidden.{name}" for name in beyond}
        assert all("than" in str(error.expected) for error in told.value.errors)


def test_no_fault_of_the_library_leaves_the_ends_at_its_worst():
    refused, tried = [], 0
    for name, fault in library().items():
        severities = [None] if fault.severity is None else [fault.severity.low, fault.severity.high]
        for act, severity in product([act for act in fault.acts if act.hidden], severities):
            for design in fault.kinds:
                model = unit_class(ENTRIES[design]).hidden_model
                was = model.model_fields[act.hidden].default
                tried += 1
                try:
                    model.model_validate({act.hidden: act.value(was, severity)})
                except ValidationError as error:
                    refused.append(f"{name} of {design}: {error}")
    assert tried > 400
    assert refused == []


@pytest.mark.parametrize("model", catalogue.models())
def test_every_figure_of_a_model_s_file_has_two_ends_and_is_refused_beyond_them(model):
    entry = catalogue.load(model)
    tables = {
        "parameters": ("value",), "settings": ("default", "low", "high"), "alarms": ("low", "high"),
        "key_parameters": ("low", "high"),
    }  # fmt: skip
    spoiled, expected = {}, set()
    for table, places in tables.items():
        spoiled[table] = {}
        for name, row in getattr(entry, table).items():
            numeric = [
                place for place in places if type(getattr(row, place)) in (int, float)
            ]  # a text, a switch and a limit that is not there are none
            if not numeric:
                continue
            bounds = bounds_of(entry.kind, name, row.unit)
            assert bounds is not None, (table, name)
            assert bounds.low < bounds.high < 1e16, (table, name)
            if table == "settings":
                assert row.choices or (row.low is not None and row.high is not None), name
            far = bounds.high * 1.01 + 1.0
            spoiled[table][name] = row.model_copy(update=dict.fromkeys(numeric, far))
            expected |= {f"{table}.{name}.{place}" for place in numeric}
    file = catalogue.ModelFile.model_construct(model=header(entry), wear=entry.wear, **spoiled)
    found = {error.key: error for error in mistakes(file, "mine.toml")}
    assert expected
    assert expected <= set(found)
    assert all(error.where == "mine.toml" for error in found.values())


def header(entry):
    return catalogue._Model(
        name=entry.name, kind=entry.kind, maker=entry.maker, title=entry.title, principle=entry.principle
    )


def test_ageing_and_service_have_two_ends():
    assert {name for name, _ in chain(numbers_of_floats(Part), numbers_of_floats(Service))} == {
        "loss_per_1000h", "loss_per_shelf_year", "life_h", "least", "hours", "shelf_days",
    }  # fmt: skip
    with pytest.raises(ValidationError):
        Service(parts={"lamp": LONGEST_H * 1.1})
    with pytest.raises(ValidationError):
        Service(parts={"lamp": -1.0})


def numbers_of_floats(model):
    plain = {name: field for name, field in model.model_fields.items() if field.annotation is float}
    return ((name, ends) for name, ends in numbers(type("Plain", (), {"model_fields": plain})))
