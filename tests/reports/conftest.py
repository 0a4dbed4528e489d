"""A whole record with every case that a report must show, built from numbers that a bench could have given."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from general_record import CHANNELS
from scipy.special import stdtrit

from calibration.record import (
    BudgetLine,
    ConverterData,
    DeviceInfo,
    Interval,
    Level,
    LineFit,
    Message,
    MultipointData,
    PlanParameter,
    PrepareCheck,
    PrepareData,
    ProcedureRun,
    Record,
    Reference,
    RunInfo,
    Setting,
    Test,
    TitrationPoint,
    Trace,
    Wall,
    ZeroSpanData,
)

POLL_S = 10.0
CERTIFICATES = {
    "so2": "GBW(E)061333-07",
    "no": "GBW(E)061334-11",
    "nox": "GBW(E)061334-11",
    "co": "GBW(E)061335-02",
    "o3": "NIM-O3-2025-118",
}


class Bench:
    """Simulates nothing but first-order responses with noise; time only goes forward."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.now = 0.0

    def respond(self, level: float, trace: Trace | None, unit: str, quantity: str, noise: float) -> tuple[Trace, float]:
        """Twenty minutes on one level: returns the grown trace and the time asked."""
        asked = self.now
        times = asked + POLL_S * np.arange(1, 121)
        last = trace.value[-1] if trace is not None and trace.value else 0.0
        values = level + (last - level) * np.exp(-(times - asked) / 75.0) + self.random.normal(0, noise, len(times))
        self.now = float(times[-1])
        old_t, old_v = ([], []) if trace is None else (trace.t_s, trace.value)
        grown = Trace(quantity=quantity, unit=unit, t_s=[*old_t, *times.tolist()], value=[*old_v, *values.tolist()])
        return grown, asked


def _level(trace: Trace, asked: float, label: str, nominal: float, **more: object) -> Level:
    tail = np.array(trace.value[-31:])
    return Level(
        label=label, nominal=nominal, u_nominal=0.009 * nominal, unit=trace.unit, mean=float(tail.mean()),
        sd=float(tail.std(ddof=1)), n=len(tail), asked_t_s=asked, window_start_s=trace.t_s[-31],
        window_end_s=trace.t_s[-1], stable=True, slope_per_min=0.0031, **more,
    )  # fmt: skip


def fit_line(x: list[float], y: list[float]) -> LineFit:
    """Ordinary least squares with its 95 % band."""
    xs, ys = np.array(x), np.array(y)
    n, mean = len(xs), xs.mean()
    sxx = float(((xs - mean) ** 2).sum())
    slope = float(((xs - mean) * (ys - ys.mean())).sum() / sxx)
    intercept = float(ys.mean() - slope * mean)
    rest = ys - intercept - slope * xs
    sd = float(np.sqrt((rest**2).sum() / (n - 2)))
    grid = np.linspace(0.0, xs.max(), 41)
    half = float(stdtrit(n - 2, 0.975)) * sd * np.sqrt(1 / n + (grid - mean) ** 2 / sxx)
    return LineFit(
        slope=slope, intercept=intercept, se_slope=sd / math.sqrt(sxx),
        se_intercept=sd * math.sqrt(1 / n + mean**2 / sxx),
        covariance=-mean * sd**2 / sxx, residual_sd=sd, dof=n - 2, r=float(np.corrcoef(xs, ys)[0, 1]),
        residuals=rest.tolist(), band_x=grid.tolist(), band_low=(intercept + slope * grid - half).tolist(),
        band_high=(intercept + slope * grid + half).tolist(), lack_of_fit_f=1.37, lack_of_fit_p=0.245,
    )  # fmt: skip


def _line(source: str, kind: str, u: float, unit: str, c: float, basis: str, /, **values: object) -> BudgetLine:
    dof = 4.0 if kind == "A" else None
    return BudgetLine(source=source, type=kind, u=u, unit=unit, sensitivity=c, contribution=abs(u * c), dof=dof,
                      basis=Message(key=basis, values=values))  # fmt: skip


def slope_budget(quantity: str, scatter: float) -> list[BudgetLine]:
    certificate = {"certificate": CERTIFICATES[quantity]}
    return [
        _line("residual_scatter", "A", scatter, "", 1.0, "basis.residual_scatter", n=6),
        _line("cylinder", "B", 0.5, "%", -0.01, "basis.certificate", **certificate),
        _line("gas_flow", "B", 0.6, "%", -0.0099, "basis.flow_calibration", certificate="FLOW-2025-031"),
        _line("zero_flow", "B", 0.6, "%", 0.0099, "basis.flow_calibration", certificate="FLOW-2025-031"),
    ]


def judged(
    device: str, procedure: str, short: str, quantity: str, unit: str, value: float | None, low: float | None,
    high: float | None, *, budget: list[BudgetLine] | None = None, decimals: int = 3, entry: str | None = None,
    **more: object,
) -> Test:  # fmt: skip
    """A test whose verdict follows from its numbers by simple acceptance, unless ``more`` says otherwise."""
    u = math.sqrt(sum(b.contribution**2 for b in budget)) if budget else None
    fields: dict[str, object] = {
        "id": f"{device}/{procedure}/{quantity}/{short}", "procedure": procedure, "document": "HJ 818-2018",
        "procedure_id": f"{device}/{procedure}/{quantity}" if entry is None else entry,
        "criterion": f"{procedure}.{short}", "clause": "6 (zero/span check)", "limit_mark": "read", "device": device,
        "quantity": quantity, "unit": unit, "value": value, "u": u, "budget": budget or [], "limit_low": low,
        "limit_high": high, "decimals": decimals, "n": 6, "formula": "Y = aX + b, least squares",
        "readings_ref": f"{device}/{procedure}/{quantity}", "verdict": "pass",
    }  # fmt: skip
    if value is not None:
        inside = (low is None or value >= low) and (high is None or value <= high)
        fields["verdict"] = "pass" if inside else "fail"
        if u:
            phi: Callable[[float], float] = lambda z: 0.5 * math.erfc(-z / math.sqrt(2))  # noqa: E731
            p = (1.0 if high is None else phi((high - value) / u)) - (0.0 if low is None else phi((low - value) / u))
            fields |= {"interval": Interval(low=value - 2 * u, high=value + 2 * u), "p_conform": p, "dof": 41.0}
            fields["assurance"] = "marginal" if 0.025 < p < 0.975 else "firm"
    return Test.model_validate(fields | more)


def zero_span(bench: Bench, device: str, quantity: str, unit: str, scale: float) -> tuple[ProcedureRun, list[Test]]:
    """SO2 is found 7 % high and adjusted; the others are within."""
    start = bench.now
    span, noise = 0.8 * scale, 0.0004 * scale
    high = 1.071 if device == "so2" else 1.004
    trace, rounds = None, []
    for when, gain in (("as_found", high), ("as_left", 1.002))[: 2 if device == "so2" else 1]:
        levels = []
        for label, nominal in (("zero", 0.0), ("span", span)):
            trace, asked = bench.respond(nominal * gain + 0.0008 * scale, trace, unit, quantity, noise)
            band = "adjust" if abs(gain - 1) > 0.05 and nominal else "within"
            levels.append(_level(trace, asked, f"{when}_{label}", nominal, band=band))
        rounds.append(levels)
    assert trace is not None
    adjusted = len(rounds) == 2
    data = ZeroSpanData(
        quantity=quantity, unit=unit, full_scale=scale, as_found=rounds[0], as_left=rounds[1] if adjusted else [],
        zero_bands=(0.02 * scale, 0.05 * scale), span_bands_pct=(5.0, 10.0), bands_mark="reported",
        bands_source="two station programs", adjust="if-needed", trace=trace,
        outcome="pass after adjustment" if adjusted else "pass",
        coefficients=[Setting(name="so2_coef", as_found="1.070", as_left="0.999")] if adjusted else [],
    )  # fmt: skip
    notes = [Message(key="zero_span.within")]
    if adjusted:
        notes = [Message(key="zero_span.adjusted", values={"setting": "so2_coef", "before": "1.070", "after": "0.999"})]
    entry = f"{device}/zero_span/{quantity}"
    tests = []
    for index, (short, shown, limit) in enumerate((("zero", unit, 0.02 * scale), ("span", "%", 5.0))):
        found = _deviation(rounds[0][index])
        value = _deviation(rounds[-1][index])
        u = 0.0006 * scale if short == "zero" else 0.9
        budget = [_line("repeatability", "A", u / 3, shown, 1.0, "basis.repeatability", n=31, s=u, unit=shown)]
        if short == "span":
            certificate = CERTIFICATES[quantity]
            budget.append(_line("cylinder", "B", 0.5, "%", -1.0, "basis.certificate", certificate=certificate))
        left = value if adjusted else None
        tests.append(judged(device, "zero_span", short, quantity, shown, value, -limit, limit, budget=budget,
                            decimals=1, limit_mark="reported", as_found=found, as_left=left,
                            formula="SD = (S − S0) / S0 × 100 %", formula_numbers=f"{value:.2f} %"))  # fmt: skip
    return _entry(bench, device, "zero_span", entry, quantity, data, start, notes), tests


def _deviation(level: Level) -> float:
    assert level.mean is not None
    return level.mean - level.nominal if level.nominal == 0 else 100 * (level.mean / level.nominal - 1)


def multipoint(bench: Bench, device: str, quantity: str, unit: str, scale: float) -> tuple[ProcedureRun, list[Test]]:
    """CO sits on the limit of the slope (marginal); O3 fails it."""
    start = bench.now
    gain = {"co": 1.0465, "o3": 0.931}.get(quantity, 1.006)
    trace, levels = None, []
    for percent in (0, 10, 20, 40, 60, 80):
        nominal = percent * scale / 100
        trace, asked = bench.respond(nominal * gain + 0.001 * scale + bench.random.normal(0, 4e-4 * scale), trace, unit,
                                     quantity, 0.0004 * scale)  # fmt: skip
        levels.append(_level(trace, asked, f"{percent} %" if percent else "zero", nominal))
    assert trace is not None
    fit = fit_line([lv.nominal for lv in levels], [lv.mean for lv in levels if lv.mean is not None])
    data = MultipointData(quantity=quantity, unit=unit, full_scale=scale, levels=levels, fit=fit, trace=trace)
    clause = {"clause": "6 (multipoint calibration)"}
    numbers = f"Y = {fit.slope:.4f} X + {fit.intercept:.3g}"
    intercept = [
        _line("residual_scatter", "A", fit.se_intercept, "", 1.0, "basis.residual_scatter", n=6),
        _line("cylinder", "B", 0.5, "%", 0.002, "basis.certificate", certificate=CERTIFICATES[quantity]).model_copy(
            update={"cancels": True, "contribution": 0.0, "basis": Message(key="basis.cancels_same_gas")}
        ),
    ]
    entry = f"{device}/multipoint/{quantity}"
    tests = [
        judged(device, "multipoint", "slope", quantity, "1", fit.slope, 0.95, 1.05, limit_mark="reported",
               budget=slope_budget(quantity, fit.se_slope), formula_numbers=numbers, **clause),
        judged(device, "multipoint", "intercept", quantity, unit, fit.intercept, -0.01 * scale, 0.01 * scale,
               decimals=1, budget=intercept, formula_numbers=numbers, **clause),
        judged(device, "multipoint", "correlation", quantity, "1", fit.r, 0.999, None, decimals=4,
               formula="r of Y on X", message=Message(key="multipoint.correlation_is_no_test"), **clause),
    ]  # fmt: skip
    notes = [Message(key="multipoint.order", values={"order": "ascending"})]
    return _entry(bench, device, "multipoint", entry, quantity, data, start, notes), tests


def converter(bench: Bench) -> tuple[ProcedureRun, list[Test]]:
    """Four titrations of a converter of 97 %, the last refused; under a guarded rule the result stays undecided."""
    start, scale, unit = bench.now, 500.0, "nmol/mol"
    no: Trace | None = None
    windows, points = [], []
    nox = Trace(quantity="nox", unit=unit, t_s=[], value=[])
    means: list[tuple[float, float]] = []
    for ozone in (0.0, 80.0, 0.0, 160.0, 0.0, 240.0, 0.0, 425.0, 0.0):
        before = bench.now
        no, asked = bench.respond(450.0 - ozone, no, unit, "no", 0.25)
        bench.now = before
        nox, _ = bench.respond(452.0 - 0.03 * ozone, nox, unit, "nox", 0.3)
        means.append((float(np.mean(no.value[-31:])), float(np.mean(nox.value[-31:]))))
        windows.append(_level(nox, asked, f"{ozone / scale * 100:g} %" if ozone else "original", 450.0))
    for k, label in enumerate(("16 %", "32 %", "48 %", "85 %")):
        (no_a, nox_a), (no_t, nox_t), (no_b, nox_b) = means[2 * k : 2 * k + 3]
        made = (no_a + no_b) / 2 - no_t
        converted = made - ((nox_a + nox_b) / 2 - nox_t)
        left = 200 * no_t / (no_a + no_b)
        refused = Message(key="converter.no_remainder_low", values={"value": round(left, 1), "limit": 10.0})
        points.append(
            TitrationPoint(
                label=label, ozone_set=float(label[:-2]) * 5, no_before=no_a, nox_before=nox_a, no_titrated=no_t,
                nox_titrated=nox_t, no_after=no_b, nox_after=nox_b, no2_made=made, no2_converted=converted,
                efficiency_pct=100 * converted / made, no_remainder_pct=left, total_flow_lpm=4.002, residence_min=0.58,
                dynamic_parameter=2.97, repeats=int(k == 1), refused=refused if left < 10 else None,
            )
        )  # fmt: skip
    good = [p for p in points if p.refused is None]
    fit = fit_line([p.no2_made for p in good], [p.no2_converted for p in good])
    assert no is not None
    factor = Setting(name="no2_coef", as_found="1.021", as_left="1.021")
    data = ConverterData(unit=unit, points=points, fit=fit, stored_factor=factor, traces=[no, nox], windows=windows)
    budget = [
        _line("repeatability", "A", 0.42, "%", 1.0, "basis.repeatability_pooled", n=3),
        _line("flow_repeatability", "B", 0.1, "%", 1.9, "basis.flow_repeatability"),
        BudgetLine(source="cylinder", type="B", u=0.0, unit="%", sensitivity=0.0, contribution=0.0, cancels=True,
                   basis=Message(key="basis.cancels_same_gas")),
        BudgetLine(source="dilution_flow", type="B", u=0.0, unit="%", sensitivity=0.0, contribution=0.0, cancels=True,
                   basis=Message(key="basis.cancels_same_flow")),
    ]  # fmt: skip
    entry = "nox/converter_efficiency"
    more = {"clause": "6 (converter check); annex B", "limit_mark": "recalled"}
    lowest = min(good, key=lambda p: p.efficiency_pct or math.inf)
    tests = [
        judged("nox", "converter_efficiency", "efficiency", "no2", "%", 96.7, 96.0, 102.0, budget=budget, decimals=1,
               entry=entry, decision_rule="guarded", verdict="undecided", formula_numbers="100 × 0.967",
               formula="η = slope of NO2 converted on NO2 made × 100 %", **more),
        judged("nox", "converter_efficiency", "lowest", "no2", "%", lowest.efficiency_pct, 96.0, 102.0, budget=budget,
               decimals=1, entry=entry, repeats=1,
               message=Message(key="converter.lowest_point",
                               values={"value": lowest.efficiency_pct, "level": lowest.label}), **more),
    ]  # fmt: skip
    notes = [Message(key="converter.factor_set", values={"before": "1.021", "after": "1.000"})]
    return _entry(bench, "nox", "converter_efficiency", entry, "no", data, start, notes), tests


def _entry(
    bench: Bench, device: str, procedure: str, name: str, quantity: str, data: object, start: float,
    notes: list[Message],
) -> ProcedureRun:  # fmt: skip
    coefficient = f"{quantity}_coef"
    settings = [
        Setting(name="range", as_found="500", as_left="500"),
        Setting(name="averaging_time", as_found="60", as_left="60"),
        Setting(name="gas_mode", as_found="sample", as_left="sample"),
        Setting(name="temp_comp", as_found="on", as_left="on"),
        Setting(name=coefficient, as_found="1.000", as_left="1.000"),
    ]
    if getattr(data, "coefficients", None):
        settings[-1] = Setting(name=coefficient, as_found="1.070", as_left="0.999")
    references = ["photometer", "flows"] if quantity == "o3" else [f"cylinder-{quantity.replace('nox', 'no')}", "flows"]
    return ProcedureRun(
        id=name, procedure=procedure, device=device, status="done", started_s=start, ended_s=bench.now,
        gas_port="sample", settings=settings, references=references, notes=notes, data=data,
    )  # fmt: skip


def _prepare(device: str, number: int) -> ProcedureRun:
    checks = [
        PrepareCheck(name="mode", found="remote", expected="remote or local, not service", ok=True),
        PrepareCheck(name="alarms", found="none", expected="none", ok=True),
        PrepareCheck(name="sample_flow", found="0.512 L/min", expected="> 0.3 L/min", ok=True),
    ]
    return ProcedureRun(
        id=f"{device}/prepare", procedure="prepare", device=device, status="done", started_s=60.0 * number,
        ended_s=60.0 * number + 55, data=PrepareData(checks=checks),
    )  # fmt: skip


def _device(name: str, kind: str, model: str, serial: str, mark: str = "read") -> DeviceInfo:
    return DeviceInfo(name=name, kind=kind, model=model, maker="Thermo", serial=serial, firmware="01.06.08",
                      protocol="clink", protocol_mark=mark, resource=f"ASRL{name}::INSTR", emulated=True,
                      gas_port=None if kind == "calibrator" else "sample")  # fmt: skip


def _cylinder(species: str, value: float, unit: str) -> Reference:
    return Reference(
        id=f"cylinder-{species}", kind="cylinder", species=species, value=value, unit=unit, u=0.005 * value,
        certificate=CERTIFICATES[species], expires="2026-12-31", emulated=True,
    )  # fmt: skip


def build_record(seed: int = 1) -> Record:
    """The whole record. One item each: fail, marginal, undecided, pass after adjustment, void, not tested, error."""
    bench = Bench(seed)
    procedures = [_prepare(name, n) for n, name in enumerate(("so2", "nox", "o3", "co"))]
    tests: list[Test] = []
    bench.now = 300.0
    for make in (zero_span, multipoint):
        for channel in CHANNELS:
            entry, found = make(bench, *channel)
            procedures.append(entry)
            tests += found
    entry, found = converter(bench)
    procedures.append(entry)
    tests += found
    interrupted = ProcedureRun(
        id="co/multipoint/co/1", procedure="multipoint", device="co", status="interrupted", started_s=bench.now,
        ended_s=bench.now + 30, notes=[Message(key="run.interrupted")],
    )  # fmt: skip
    procedures.append(interrupted)
    for number, (verdict, reason) in enumerate(
        (
            ("void", Message(key="device.setting_changed", values={
                "device": "co", "setting": "co_coef", "before": "1.000", "after": "1.013"})),
            ("not tested", Message(key="run.interrupted")),
            ("error", Message(key="run.error", values={"error": "co: no answer to 'co' within 2 s"})),
        )
    ):  # fmt: skip
        short = ("slope", "intercept", "correlation")[number]
        tests.append(judged("co", "multipoint", short, "co", "1", None, 0.95, 1.05, entry=interrupted.id,
                            verdict=verdict, message=reason, id=f"co/multipoint/co/1/{short}"))  # fmt: skip
    run = RunInfo(
        id="20260105T013000-gas-check", bench="demo", bench_sha256="3f" * 32, plan="gas-check", plan_sha256="a7" * 32,
        seed=seed, clock="virtual", speed=None, epoch="2026-01-05T00:00:00+08:00", started_us=0,
        ended_us=int(1e6 * (bench.now + 30)), simulated=True, decision_rule="simple",
        versions={"air-station-rig": "0.1.0", "numpy": "2.4.6", "scipy": "1.17.1"},
        plan_parameters=[
            PlanParameter(name="stability_time", value="5 min window", mark="recalled", source="this project's choice"),
            PlanParameter(name="levels", value="0, 10, 20, 40, 60, 80 %", mark="reported", source="station programs"),
        ],
        wall=Wall(started="2026-11-24T02:00:00+00:00", ended="2026-11-24T02:00:02+00:00", duration_s=2.31,
                  out="out/1", host="bench-pc", user="tester"),
    )  # fmt: skip
    return Record(
        run=run,
        devices=[
            _device("so2", "so2", "43i", "SIM-0043"), _device("nox", "nox", "42i", "SIM-0042"),
            _device("o3", "o3", "49i", "SIM-0049"), _device("co", "co", "48i", "SIM-0048"),
            _device("calibrator", "calibrator", "146i", "SIM-0146", "recalled"),
        ],
        references=[
            _cylinder("so2", 50000.0, "nmol/mol"), _cylinder("no", 50000.0, "nmol/mol"),
            _cylinder("co", 5000.0, "umol/mol"),
            Reference(id="photometer", kind="photometer", species="o3", value=100.0, unit="%", u=0.7,
                      certificate=CERTIFICATES["o3"], expires="2026-06-30", emulated=True),
            Reference(id="flows", kind="flow", species="", value=100.0, unit="%", u=0.6, certificate="FLOW-2025-031",
                      expires="2026-09-30", emulated=True),
        ],
        procedures=procedures, tests=tests, verdict="error",
        notes=[Message(key="run.interrupted"), Message(key="safe.done")],
    )  # fmt: skip


@pytest.fixture(scope="session")
def sample() -> Record:
    """The record; frozen, so one serves all tests."""
    return build_record()
