"""The generated city air against the data that it is made from, and what it looks like.

``python benchmarks/ambient_air.py`` runs four years of hours, writes the tables between the marks of
``docs/ambient.md`` and draws a summer and a winter week into ``docs/pictures``. With ``--print`` it only prints.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from measuring import parser_of

from instruments.air import Species
from instruments.ambient.city import CityAir
from instruments.ambient.climate import POLLUTANTS, SEASONS
from instruments.ambient.statistics import (
    anomaly,
    autocorrelation,
    clean_outs,
    correlations,
    daily_course,
    four_years,
    hourly,
)
from instruments.atmosphere import Mode

ROOT = Path(__file__).parents[1]
TRUTH = json.loads((ROOT / "tests" / "data" / "beijing_truth.json").read_text(encoding="utf-8"))
LAG_1 = {"PM2.5": 0.946, "PM10": 0.912, "SO2": 0.945, "NO2": 0.920, "CO": 0.937, "O3": 0.895}
ZONE = timezone(timedelta(hours=8))
EPOCH = datetime(2013, 3, 1, tzinfo=ZONE)
SEED = 2
SEEDS = 12
"""Of the table of swings: 40 s of processor time."""
BEGIN, END = "<!-- made by benchmarks/ambient_air.py -->", "<!-- end -->"
WEEK = 7 * 1440


def tables() -> str:
    """Four years against the truth, as Markdown."""
    begin = time.process_time()
    hours = hourly(CityAir(SEED, "ambient", EPOCH, levels=dict.fromkeys(POLLUTANTS, 1.0)), EPOCH, four_years())
    spent = time.process_time() - begin
    lines = [
        "| | lag 1 h | data | lag 24 h | daily swing, ln: DJF MAM JJA SON | data | log sd: DJF MAM JJA SON | data |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in POLLUTANTS:
        z = anomaly(hours, name)
        found = [np.ptp(np.log(daily_course(hours, name, season))) for season in range(4)]
        truth = [np.ptp(np.log(TRUTH["diurnal_geomean"][name][season])) for season in SEASONS]
        months = [[(3 * number - 1 + k) % 12 for k in range(3)] for number in range(4)]
        spread = [np.std(z[np.isin(hours.month, inside)]) for inside in months]
        lines.append(
            f"| {name} | {autocorrelation(z, 1):.3f} | {LAG_1[name]:.3f} | {autocorrelation(z, 24):.2f} "
            f"| {row(found)} | {row(truth)} | {row(spread)} | {row(TRUTH['log_anomaly_sd'][name].values())} |"
        )
    lines += ["", "Correlations of the anomalies, generated less data:", ""]
    labels = [*POLLUTANTS, "ln wind"]
    lines += ["| | " + " | ".join(labels) + " |", "|---" * 8 + "|"]
    off = correlations(hours) - np.array(TRUTH["anomaly_corr"]["matrix"])
    for label, values in zip(labels, off, strict=True):
        lines.append(f"| {label} | " + " | ".join(f"{value:+.2f}" for value in values) + " |")
    fine, ratio = hours.series["PM2.5"], hours.series["PM2.5"] / hours.series["PM10"]
    steps = np.diff(anomaly(hours, "PM2.5"))
    no, no2, o3 = (hours.series[label] for label in ("NO", "NO2 ppb", "O3 ppb"))
    noon = np.isin(hours.month, (4, 5, 6, 7)) & (hours.hour >= 11) & (hours.hour <= 14)
    apparent = np.quantile(4.4e-4 * no[noon] * o3[noon] / no2[noon], [0.1, 0.5, 0.9])
    dark = ((hours.hour <= 4) | (hours.hour >= 22)) & (o3 > 30.0)
    humidity = [hours.series["humidity"][hours.hour == hour].mean() for hour in (5, 14)]
    quartiles = " / ".join(f"{value:.2f}" for value in np.quantile(ratio, [0.25, 0.5, 0.75]))
    lines += [
        "",
        "| | generated | data |",
        "|---|---|---|",
        f"| PM2.5 down by more than 3 in 3 h, in 6 h | {100 * clean_outs(fine, 3):.1f} %, "
        f"{100 * clean_outs(fine, 6):.1f} % of hours | 3.8 %, 7.3 % |",
        f"| PM2.5 up by more than 3 in 3 h | {100 * clean_outs(fine[::-1], 3):.1f} % | |",
        f"| kurtosis of hourly changes of ln PM2.5 | {np.mean(steps**4) / np.var(steps) ** 2:.1f} | 12 to 27 |",
        f"| PM2.5 / PM10, quartiles | {quartiles}, never above 1 | 0.53 / 0.79 / 1.00 as measured |",
        f"| k NO O3 / NO2 on summer noons, 10, 50, 90 % | {1e3 * apparent[0]:.1f}, {1e3 * apparent[1]:.1f}, "
        f"{1e3 * apparent[2]:.1f} x 0.001 /s | 5, 9.5, 15 (London kerb) |",
        f"| NO beside more than 30 ppb of ozone at night, 99 % | {np.quantile(no[dark], 0.99):.1f} ppb | |",
        f"| O3 + NO2 at midday, DJF, JJA | {oxidant(hours, (11, 0, 1)):.0f}, {oxidant(hours, (5, 6, 7)):.0f} ppb "
        "| 46, 85 ppb |",
        f"| relative humidity at 5 h, 14 h | {humidity[0]:.0f} %, {humidity[1]:.0f} % | 67 %, 38 % |",
        f"| hours with less than 0.5 m/s | {100 * np.mean(hours.series['wind'] < 0.5):.0f} % | 7 % |",
        f"| rain | {hours.series['rain'].sum() / 4:.0f} mm a year | |",
        "",
        f"Seed {SEED}, levels of the data, {four_years()} h by the minute; {spent:.1f} s of processor time.",
    ]
    return "\n".join(lines)


def swings() -> str:
    """Daily swings of many four years: what is the climate's and what is chance, as Markdown."""
    found = np.empty((SEEDS, len(POLLUTANTS), len(SEASONS)))
    for seed in range(SEEDS):
        air = CityAir(seed + 1, "ambient", EPOCH, levels=dict.fromkeys(POLLUTANTS, 1.0))
        hours = hourly(air, EPOCH, four_years())
        for place, name in enumerate(POLLUTANTS):
            found[seed, place] = [np.ptp(np.log(daily_course(hours, name, season))) for season in range(4)]
    lines = [
        f"Daily swing of {SEEDS} seeds, ln: mean +- standard deviation of one four years, and the data:",
        "",
        "| | " + " | ".join(SEASONS) + " |",
        "|---" * 5 + "|",
    ]
    for place, name in enumerate(POLLUTANTS):
        truth = [np.ptp(np.log(TRUTH["diurnal_geomean"][name][season])) for season in SEASONS]
        mean, spread = found[:, place].mean(axis=0), found[:, place].std(axis=0, ddof=1)
        cells = [f"{m:.2f} +- {s:.2f}, {t:.2f}" for m, s, t in zip(mean, spread, truth, strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def row(values: Any) -> str:
    """Numbers side by side."""
    return " ".join(f"{value:.2f}" for value in values)


def oxidant(hours: Any, months: tuple[int, ...]) -> float:
    """Mean of ozone and NO2 at midday, ppb."""
    there = np.isin(hours.month, months) & (hours.hour >= 11) & (hours.hour <= 14)
    return float((hours.series["O3 ppb"] + hours.series["NO2 ppb"])[there].mean())


def picture(name: str, begin: datetime, seed: int, title: str) -> None:
    """Draw a week at today's levels into ``docs/pictures``."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    air = CityAir(seed, "ambient", begin)
    days = np.arange(WEEK) / 1440.0
    gas = air.gas(0, WEEK * 60).fractions.reshape(len(Species), WEEK, 60).mean(axis=2)
    mass, table, sky = air.aerosol(0, WEEK).mass, air.minute_table(0, WEEK), air.weather(0, WEEK)
    figure, (ozone, *axes) = plt.subplots(7, 1, figsize=(11, 14), sharex=True)
    ozone.plot(days, gas[Species.O3], color="tab:blue", lw=0.8, label="O3, nmol/mol")
    for species, colour in ((Species.NO, "0.7"), (Species.NO2, "tab:red")):
        axes[0].plot(days, gas[species], color=colour, lw=0.8, label=f"{species.name}, nmol/mol")
    axes[0].set_ylim(0.0, min(1.05 * gas[Species.NO].max(), 4.0 * gas[Species.NO2].max()))
    axes[1].fill_between(days, mass[: Mode.GIANT].sum(axis=0), color="tan", lw=0, label="PM10, ug/m3")
    axes[1].fill_between(days, mass[: Mode.COARSE].sum(axis=0), color="0.35", lw=0, label="PM2.5")
    axes[1].fill_between(days, mass[Mode.VOLATILE], color="tab:orange", lw=0, label="volatile")
    axes[2].plot(days, gas[Species.SO2], color="tab:purple", lw=0.8, label="SO2, nmol/mol")
    axes[2].plot(days, 10.0 * gas[Species.CO], color="tab:green", lw=0.8, label="CO, 0.1 umol/mol")
    axes[3].plot(days, sky.temperature_c, color="tab:red", lw=0.8, label="temperature, deg C")
    axes[3].plot(days, sky.humidity_pct, color="tab:blue", lw=0.8, label="humidity, %")
    axes[4].plot(days, table["wind_speed"][0], color="0.3", lw=0.6, label="wind, m/s")
    axes[4].plot(days, table["wind_direction"][0] / 36.0, ".", color="tab:cyan", ms=0.6, label="from, 36 deg")
    axes[5].plot(days, sky.sun_w_m2 / 10.0, color="gold", lw=0.8, label="sun, 10 W/m2")
    axes[5].plot(days, np.minimum(table["visibility"][0], 30.0), color="0.5", lw=0.6, label="MOR, km (to 30)")
    axes[5].plot(days, sky.rain_mm_h, color="tab:blue", lw=1.0, label="rain, mm/h")
    for axis in (ozone, *axes):
        axis.legend(loc="upper right", ncols=3, fontsize=8, frameon=False)
        axis.margins(x=0)
        axis.grid(alpha=0.3)
    axes[5].set_xticks(range(8), [f"{begin + timedelta(days=day):%d %b}" for day in range(8)])
    ozone.set_title(title)
    figure.tight_layout()
    figure.savefig(ROOT / "docs" / "pictures" / f"{name}.png", dpi=75, metadata={"Software": None})


def main() -> None:
    """Write or print."""
    parser = parser_of(__doc__)
    parser.add_argument("--print", action="store_true", dest="only_print", help="write nothing")
    only_print = parser.parse_args().only_print
    text = f"{tables()}\n\n{swings()}"
    if only_print:
        print(text)
        return
    page = ROOT / "docs" / "ambient.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    picture("ambient-summer", datetime(2026, 7, 6, tzinfo=ZONE), 11, "A summer week (seed 11)")
    picture("ambient-winter", datetime(2026, 1, 5, tzinfo=ZONE), 6, "A winter week (seed 6)")


if __name__ == "__main__":
    main()
