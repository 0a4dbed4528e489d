"""A record with many analyzers."""

from __future__ import annotations

from calibration.record import Record


def crowd(sample: Record, number: int) -> Record:
    """``number`` analyzers with long names, each with the tests of the CO analyzer of the sample."""
    model = next(device for device in sample.devices if device.name == "co")
    tests = [test for test in sample.tests if test.device == "co"]
    first = next(test for test in tests if test.value is not None)
    worst = first.model_copy(update={"verdict": "fail", "repeats": 2, "assurance": "marginal"})
    names = [f"co-roof-north-{n:02d}" for n in range(number)]
    return sample.model_copy(
        update={
            "devices": [*sample.devices, *(model.model_copy(update={"name": name}) for name in names)],
            "tests": [*sample.tests, *(t.model_copy(update={"device": n}) for n in names for t in [worst, *tests])],
        }
    )
