"""A fault of a line that stands for a while, begun and ended by hand."""

from contextlib import contextmanager

from rig.line_faults import LineFault


@contextmanager
def standing(line, kind, severity=0.0, **choice):
    """Inside, ``line`` has the fault; ``choice`` says which messages it strikes."""
    fault = LineFault("by hand", kind, severity, **choice)
    line.condition.begin(fault)
    try:
        yield
    finally:
        line.condition.end(fault)
