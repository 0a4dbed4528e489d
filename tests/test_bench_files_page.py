"""Every example of docs/bench-files.md is a bench without mistakes, and the page leaves nothing out."""

import re
import tomllib
from pathlib import Path

import pytest

from instruments.catalogue import load, models
from rig import bench_file
from rig.bench import Bench
from rig.bench_check import check_bench_data
from rig.clock import VirtualClock

PAGE = (Path(__file__).parents[1] / "docs" / "bench-files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
BY_SERVE = {"speed", "started_wall", "process", "source", "simulated", "hands"}
BY_SERVE |= {"resources", "ports", "emulated", "options"}


def data_of(example):
    return {"bench": {"epoch": "2026-01-05T08:00:00+08:00"}, **tomllib.loads(example)}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_a_bench_that_can_be_built_and_runs(number):
    file = check_bench_data(data_of(EXAMPLES[number]), f"example {number}")
    if any(device.resource for device in file.device.values()):
        return
    bench = Bench(file, "page", VirtualClock())
    bench.clock.run_to(1_800_000_000)
    assert bench.instruments
    bench.close()


def test_every_model_of_the_catalogue_has_its_place():
    used = {section["model"] for example in EXAMPLES
            for kind in ("device", "cylinder") for section in data_of(example).get(kind, {}).values()
            if "model" in section}  # fmt: skip
    kinds = {load(model).design for model in used - {"manual"}}
    assert {load(name).design for name in models()} - kinds <= {"nox", "t200", "t300", "teom"}
    for name in models():
        if load(name).kind in ("meter", "cylinder", "calibrator", "zero_air", "photometer", "pm", "sampler"):
            assert name in PAGE


def test_every_key_of_every_section_is_named():
    sections = [
        model for model in vars(bench_file).values()
        if isinstance(model, type) and issubclass(model, bench_file.BaseModel) and model.__module__ == "rig.bench_file"
    ]  # fmt: skip
    assert len(sections) > 10
    words = set(re.findall(r"[a-z_0-9]+", PAGE))
    for section in sections:
        for field, info in section.model_fields.items():
            assert (info.alias or field) in words | BY_SERVE, f"{section.__name__}.{field}"
