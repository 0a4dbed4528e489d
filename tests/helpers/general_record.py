"""A record of a long plan by hand: four analyzers, a dozen criteria each, general data with every kind of figure."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import chdtrc, chdtri, ndtr

from calibration.record import (
    BudgetLine,
    Chart,
    Column,
    DeviceInfo,
    Interval,
    Level,
    LineFit,
    MeasuredData,
    Message,
    PlanParameter,
    PrepareCheck,
    ProcedureRun,
    Record,
    RunInfo,
    Setting,
    Table,
    Test,
    Trace,
    Wall,
)

CHANNELS = (
    ("so2", "so2", "nmol/mol", 500.0),
    ("nox", "no", "nmol/mol", 500.0),
    ("nox", "nox", "nmol/mol", 500.0),
    ("o3", "o3", "nmol/mol", 500.0),
    ("co", "co", "umol/mol", 50.0),
)
DAY_S = 86_400.0


def _budget(u: float, unit: str) -> list[BudgetLine]:
    return [
        BudgetLine(source="repeatability", type="A", u=0.6 * u, unit=unit, sensitivity=1.0, contribution=0.6 * u, dof=9,
                   basis=Message(key="basis.repeatability", values={"n": 10, "s": u, "unit": unit})),
        BudgetLine(source="flow_repeatability", type="B", u=0.8 * u, unit=unit, sensitivity=1.0, contribution=0.8 * u,
                   basis=Message(key="basis.flow_repeatability")),
    ]  # fmt: skip


def value_test(
    entry: str, short: str, unit: str, value: float, low: float | None, high: float | None, u: float, **more: object
) -> Test:
    """A test of a value with a budget, judged by simple acceptance."""
    device, step, quantity = entry.split("/")
    p = (1.0 if high is None else ndtr((high - value) / u)) - (0.0 if low is None else ndtr((low - value) / u))
    fields: dict[str, object] = {
        "id": f"{entry}/{short}", "procedure": step, "procedure_id": entry, "criterion": f"{step}.{short}",
        "document": "HJ 193-2013", "clause": "7.1", "limit_mark": "read", "device": device, "quantity": quantity,
        "unit": unit, "value": value, "u": u, "dof": 41.0, "interval": Interval(low=value - 2 * u, high=value + 2 * u),
        "budget": _budget(u, unit), "limit_low": low, "limit_high": high, "decimals": 1, "n": 10,
        "formula": "(Z1 − Z0) / 24 h", "formula_numbers": f"{value:.2f}", "measurand": "change of the zero in 24 h",
        "cancels": ["cylinder", "dilution_flow"], "p_conform": float(p),
        "assurance": "marginal" if 0.025 < p < 0.975 else "firm",
        "verdict": "pass" if (low is None or value >= low) and (high is None or value <= high) else "fail",
    }  # fmt: skip
    return Test.model_validate(fields | more)


def deviation_test(entry: str, short: str, unit: str, s: float, limit: float, n: int = 25) -> Test:
    """A test of a standard deviation: chi-square, with its lopsided interval."""
    dof = n - 1
    p = float(chdtrc(dof, dof * (s / limit) ** 2))
    low, high = (s * math.sqrt(dof / float(chdtri(dof, q))) for q in (0.025, 0.975))
    return value_test(entry, short, unit, s, None, limit, s / math.sqrt(2 * dof), dof=float(dof), n=n, budget=[],
                      interval=Interval(low=low, high=high), p_conform=p, distribution="chi-square", cancels=[],
                      measurand="standard deviation of means over 2 min", formula="s of 25 means",
                      formula_numbers=f"s({n}) = {s:.3g}",
                      assurance="marginal" if 0.025 < p < 0.975 else "firm")  # fmt: skip


def line_of(x: list[float], y: list[float]) -> LineFit:
    """A least-squares line with a band."""
    slope, intercept = np.polyfit(x, y, 1)
    rest = np.array(y) - intercept - slope * np.array(x)
    sd = float(np.sqrt((rest**2).sum() / (len(x) - 2)))
    grid = np.linspace(0.0, max(x), 21)
    half = 2.8 * sd * np.sqrt(1 / len(x) + (grid - np.mean(x)) ** 2 / ((np.array(x) - np.mean(x)) ** 2).sum())
    return LineFit(slope=float(slope), intercept=float(intercept), se_slope=1e-3, se_intercept=0.2, covariance=0.0,
                   residual_sd=sd, dof=len(x) - 2, r=0.9999, residuals=rest.tolist(), band_x=grid.tolist(),
                   band_low=(intercept + slope * grid - half).tolist(),
                   band_high=(intercept + slope * grid + half).tolist())  # fmt: skip


def noise(random: np.random.Generator, entry: str, unit: str, scale: float, start: float) -> ProcedureRun:
    """Zero noise: a folded table, a series between limits, a trace."""
    means = random.normal(0.0, 0.0008 * scale, 25)
    t = [start + 1500.0 + 120.0 * k for k in range(25)]
    data = MeasuredData(
        quantity=entry.split("/")[2], unit=unit, full_scale=scale,
        levels=[Level(label="zero", nominal=0.0, u_nominal=0.0, unit=unit, mean=0.1, sd=0.2, n=31, asked_t_s=start,
                      window_start_s=start + 1200, window_end_s=start + 1500, stable=True, slope_per_min=0.001)],
        tables=[Table(key="noise",
                      columns=[Column(key="number", decimals=0), Column(key="time", unit="min", decimals=1),
                               Column(key="mean", unit=unit, decimals=2)],
                      rows=[[float(k + 1), (t[k] - start) / 60, float(means[k])] for k in range(25)])],
        charts=[Chart(key="noise", kind="series", x_unit="min", y_unit=unit, names=["zero"],
                      x=[[(s - start) / 60 for s in t]], y=[means.tolist()],
                      limit_low=-0.002 * scale, limit_high=0.002 * scale)],
        traces=[Trace(quantity=entry.split("/")[2], unit=unit, t_s=[start + 10.0 * k for k in range(1, 451)],
                      value=(random.normal(0, 0.001 * scale, 450) + 3 * np.exp(-np.arange(450) / 12.0)).tolist())],
    )  # fmt: skip
    return _run(entry, "noise", start, 4500.0, data)


def drift(random: np.random.Generator, entry: str, unit: str, scale: float, start: float) -> ProcedureRun:
    """Drift over eight days at three levels: three series, a table with words and messages, checks, settings."""
    days = [float(d) for d in range(8)]
    series = [[float(v) for v in random.normal(0, 0.15, 8) + slope * np.arange(8)] for slope in (0.02, 0.25, -0.1)]
    names = ["zero", "20 %", "80 %"]
    why = Message(
        key="gas.stability_not_reached",
        values={"level": "80 %", "minutes": 60.0, "slope": 0.3, "unit": unit, "limit": 0.15, "s": 0.7, "scatter": 3.0},
    )
    rows: list[list[float | str | Message | None]] = [
        [day, level, series[k][int(day)], None if day == 0 else series[k][int(day)] - series[k][0],
         why if (day, k) == (5.0, 2) else "within"]
        for day in days[:6] for k, level in enumerate(names)
    ]  # fmt: skip
    data = MeasuredData(
        quantity=entry.split("/")[2], unit=unit, full_scale=scale,
        tables=[Table(key="drift", columns=[
            Column(key="day", decimals=0), Column(key="level"), Column(key="deviation", unit="%", decimals=2),
            Column(key="change", unit="%", decimals=2), Column(key="band")], rows=rows)],
        charts=[Chart(key="drift", kind="series", x_unit="d", y_unit="%", names=names, x=[days] * 3, y=series,
                      limit_low=-5.0, limit_high=5.0, marks={"day of adjustment": 4.0})],
        checks=[PrepareCheck(name="mode", found="remote", expected="remote or local, not service", ok=True),
                PrepareCheck(name="range", found="200 ppb", expected="500 ppb", ok=False)],
        settings=[Setting(name="so2_coef", as_found="1.070", as_left="0.999"),
                  Setting(name="averaging_time", as_found="60", as_left="60")],
    )  # fmt: skip
    return _run(entry, "drift", start, 7 * DAY_S, data)


def response(random: np.random.Generator, entry: str, unit: str, scale: float, start: float) -> ProcedureRun:
    """Rise and fall: a trace chart with instants, bars of each step."""
    t = np.arange(0.0, 900.0, 2.0)
    top = 0.8 * scale
    y = np.where(t < 450, top * (1 - np.exp(-np.maximum(t - 20, 0) / 40)), top * np.exp(-np.maximum(t - 470, 0) / 40))
    y = y + random.normal(0, 0.0006 * scale, len(t))
    data = MeasuredData(
        quantity=entry.split("/")[2], unit=unit, full_scale=scale,
        charts=[
            Chart(key="response", kind="trace", x_unit="s", y_unit=unit, x=[t.tolist()], y=[y.tolist()],
                  limit_low=0.1 * top, limit_high=0.9 * top,
                  marks={"gas on": 0.0, "lag": 20.0, "T90": 112.0, "gas off": 450.0, "T10": 562.0}),
            Chart(key="response_times", kind="bars", x_unit="", y_unit="s", names=["rise", "fall"],
                  x=[[1.0, 2.0, 3.0]] * 2, y=[[92.0, 94.0, 91.0], [95.0, 97.0, 93.0]], limit_high=120.0,
                  marks={"first": 1.0, "second": 2.0, "third": 3.0}),
        ],
        tables=[Table(key="response", columns=[Column(key=f"c{k}", unit="s", decimals=1) for k in range(12)],
                      rows=[[float(k) + 90.0 for k in range(12)]] * 3)],
    )  # fmt: skip
    return _run(entry, "response", start, 900.0, data)


def linearity(random: np.random.Generator, entry: str, unit: str, scale: float, start: float) -> ProcedureRun:
    """Lack of fit: a line with its band, refused points beside it, residuals against limits."""
    x = [scale * k / 100.0 for k in (0, 10, 20, 40, 60, 80, 95)]
    y = [1.01 * v + 0.2 + float(random.normal(0, 0.001 * scale)) for v in x]
    data = MeasuredData(
        quantity=entry.split("/")[2], unit=unit, full_scale=scale,
        charts=[Chart(key="linearity", kind="line", x_unit=unit, y_unit=unit, names=["rising", "falling"],
                      x=[x, x[2:5]], y=[y, [v + 0.004 * scale for v in y[2:5]]], fit=line_of(x, y),
                      limit_low=-0.01 * scale, limit_high=0.01 * scale)],
    )  # fmt: skip
    return _run(entry, "linearity", start, 9000.0, data)


def _run(entry: str, procedure: str, start: float, length: float, data: MeasuredData) -> ProcedureRun:
    return ProcedureRun(id=entry, procedure=procedure, device=entry.split("/")[0], status="done", started_s=start,
                        ended_s=start + length, gas_port="span", data=data)  # fmt: skip


def build_general(seed: int = 3) -> Record:
    """The record: a fail, some marginal ones, deviations, a criterion without a distribution, one not tested."""
    random = np.random.default_rng(seed)
    procedures: list[ProcedureRun] = []
    tests: list[Test] = []
    for device, quantity, unit, scale in CHANNELS:
        start = 3600.0
        made = {
            name: make(random, f"{device}/{name}/{quantity}", unit, scale, start)
            for name, make in (("noise", noise), ("drift", drift), ("response", response), ("linearity", linearity))
        }
        procedures += made.values()
        worse = 1.4 if quantity == "o3" else 1.0
        tests += [
            deviation_test(made["noise"].id, "zero_noise", unit, 0.0009 * scale * worse, 0.001 * scale),
            deviation_test(made["noise"].id, "detection_limit", unit, 0.0014 * scale, 0.004 * scale),
            deviation_test(made["noise"].id, "span_noise", unit, 0.004 * scale, 0.01 * scale, 6),
        ]
        for k, short in enumerate(("zero_24h", "span20_24h", "span80_24h", "zero_7d", "span_7d")):
            tests.append(value_test(made["drift"].id, short, "%" if k else unit, 0.4 + 0.6 * k, -5.0, 5.0, 0.7))
        tests.append(value_test(made["response"].id, "rise", "s", 92.3, None, 120.0, 1.5, measurand="", cancels=[]))
        tests.append(value_test(made["response"].id, "fall", "s", 95.1, None, 120.0, 1.5, measurand="", cancels=[]))
        tests.append(value_test(made["linearity"].id, "residual", "%", 0.7, None, 1.0, 0.3))
        r = value_test(made["linearity"].id, "correlation", "1", 0.99987, 0.999, None, 0.1, decimals=4,
                       distribution="none", measurand="correlation of readings and gas")  # fmt: skip
        blank = {
            "u": None,
            "dof": None,
            "interval": None,
            "p_conform": None,
            "budget": [],
            "assurance": "not applicable",
        }
        tests.append(r.model_copy(update=blank))
    tests[-3] = tests[-3].model_copy(update={
        "value": None, "u": None, "interval": None, "p_conform": None, "budget": [], "verdict": "not tested",
        "assurance": "not applicable", "message": Message(key="run.interrupted")})  # fmt: skip
    return Record(
        run=RunInfo(
            id="20260105T000000-long", bench="demo", bench_sha256="3f" * 32, plan="long", plan_sha256="a7" * 32, seed=1,
            clock="virtual", speed=None, epoch="2026-01-05T00:00:00+08:00", started_us=0,
            ended_us=int(9 * DAY_S * 1e6), simulated=True, decision_rule="simple",
            versions={"air-station-rig": "0.1.0"},
            plan_parameters=[PlanParameter(name=f"choice_{k}", value=f"{k} d", mark=mark, source="not in the document")
                             for k, mark in enumerate(("recalled", "reported", "read"))],
            wall=Wall(started="2026-11-24T02:00:00+00:00", ended="2026-11-24T02:00:02+00:00", duration_s=2.0,
                      out="out/1", host="bench-pc", user="tester"),
        ),
        devices=[DeviceInfo(name=name, kind=name, model=model, maker="Thermo", serial=f"SIM-{model}", firmware="01.06",
                            protocol="clink", protocol_mark="read", resource="", emulated=True, gas_port="span")
                 for name, model in (("so2", "43i"), ("nox", "42i"), ("o3", "49i"), ("co", "48i"))],
        references=[], procedures=procedures, tests=tests, verdict="fail",
    )  # fmt: skip
