"""Which figures a procedure's data ask for."""

from __future__ import annotations

from calibration.record import ConverterData, MeasuredData, MultipointData, ProcedureRun, Record, Test, ZeroSpanData
from reports.figures_converter import titration_chart
from reports.figures_measured import measured_figures
from reports.figures_multipoint import calibration_line
from reports.figures_trace import trace_figure
from reports.figures_zero_span import bands_chart
from reports.plots import Drawing, Label


def draw(record: Record) -> list[list[Drawing]]:
    """Return the figures of each entry of ``record.procedures``, in order."""
    return [
        _of(procedure, [test for test in record.tests if test.procedure_id == procedure.id], f"f{number}")
        for number, procedure in enumerate(record.procedures)
    ]


def _of(procedure: ProcedureRun, tests: list[Test], name: str) -> list[Drawing]:
    data, start = procedure.data, procedure.started_s
    drawings: list[Drawing] = []
    if isinstance(data, ZeroSpanData):
        drawings.append(bands_chart(f"{name}a", data))
        levels = [*data.as_found, *data.as_left]
        caption = Label("figure.caption_trace", values={"quantity": data.quantity})
        if data.trace.t_s:
            drawings.append(trace_figure(f"{name}b", caption, [data.trace], levels, start, offered=True))
    elif isinstance(data, MultipointData):
        if data.fit is not None:
            drawings.append(calibration_line(f"{name}a", data, data.fit))
        caption = Label("figure.caption_trace", values={"quantity": data.quantity})
        if data.trace.t_s:
            drawings.append(trace_figure(f"{name}b", caption, [data.trace], data.levels, start, offered=True))
    elif isinstance(data, ConverterData):
        if data.points:
            limits = [test.limit_low for test in tests if test.limit_low is not None and test.unit == "%"]
            drawings.append(titration_chart(f"{name}a", data, max(limits, default=None)))
        drawn = [line for line in data.traces if line.t_s]
        if drawn:
            caption = Label("figure.caption_titration_trace")
            drawings.append(trace_figure(f"{name}b", caption, drawn, data.windows, start, offered=False))
    elif isinstance(data, MeasuredData):
        drawings += measured_figures(name, data, start)
    return drawings
