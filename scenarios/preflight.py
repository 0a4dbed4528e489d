"""Before gas flows: can this bench carry this plan? References there and valid, levels that can be made."""

from __future__ import annotations

from pathlib import Path

from instruments.catalogue import load
from rig.bench_file import BenchFile
from rig.errors import ConfigurationError, ConfigurationErrors
from rig.host.kinds import CHANNELS, is_analyzer
from rig.host.references import cylinders_of
from scenarios.plan_file import PlanFile

_LEAST_GAS_SHARE = 0.02
"""A mass-flow controller is not trusted below 2 % of its full scale."""


def check_plan(plan: PlanFile, plan_path: Path, bench: BenchFile, bench_path: Path, devices: tuple[str, ...]) -> None:
    """Check everything that can be known without asking a device.

    Raises:
        ConfigurationErrors: all that is missing, expired or impossible.
    """
    errors: list[ConfigurationError] = []
    cylinders = cylinders_of(bench)
    today = bench.bench.epoch.date()
    calibrators = {name: section for name, section in bench.device.items() if section.model == "manual"
                   or load(section.model).kind == "calibrator"}  # fmt: skip
    tested = [name for name, section in bench.device.items() if section.model != "manual"
              and is_analyzer(load(section.model).kind) and (not devices or name in devices)]  # fmt: skip
    if not tested:
        errors.append(ConfigurationError(bench_path, "device", "an analyzer to test", "none"))
    for name in tested:
        kind = load(bench.device[name].model).kind
        gas = CHANNELS[kind][0].gas
        if gas == "o3":
            continue
        if gas not in cylinders:
            errors.append(ConfigurationError(bench_path, f"cylinder.{gas}", f"a cylinder for {name}", "none"))
            continue
        cylinder = cylinders[gas]
        if cylinder.expires < today:
            errors.append(
                ConfigurationError(
                    bench_path,
                    f"{cylinder.id}.expires",
                    f"a certificate that is valid on {today}",
                    f"expired on {cylinder.expires}",
                )
            )
        section = bench.device[name]
        scale = section.range if section.range is not None else 50_000.0 if kind == "co" else 500.0
        scale = scale / 1000.0 if kind == "co" else scale
        for calibrator, its in calibrators.items():
            if its.model != "manual":
                errors += _levels(plan, plan_path, calibrator, its.model, gas, cylinder.value, scale, kind)
    for calibrator in calibrators:
        certificate = bench.certificate.get(calibrator)
        if certificate is not None and certificate.expires < today:
            errors.append(
                ConfigurationError(
                    bench_path,
                    f"certificate.{calibrator}.expires",
                    f"a certificate that is valid on {today}",
                    f"expired on {certificate.expires}",
                )
            )
    if errors:
        raise ConfigurationErrors(errors)


def _levels(
    plan: PlanFile, plan_path: Path, calibrator: str, model: str, gas: str, cylinder: float, scale: float, kind: str
) -> list[ConfigurationError]:
    entry = load(model)
    full_gas = entry.parameter("gas_flow_full_scale") / 1000.0
    found = []
    asked: list[tuple[str, float, float]] = []
    if "multipoint" in plan.procedures:
        asked += [("multipoint.levels_pct", p, plan.gas.total_flow) for p in plan.multipoint.levels_pct]
    if "zero_span" in plan.procedures:
        asked.append(("zero_span.span_pct", plan.zero_span.span_pct, plan.gas.total_flow))
    if "converter_efficiency" in plan.procedures and kind == "nox":
        asked.append(
            ("converter_efficiency.no_pct", plan.converter_efficiency.no_pct, plan.converter_efficiency.total_flow)
        )
    for key, percent, total in asked:
        value = percent * scale / 100.0
        flow = value / cylinder * total
        if value > 0.0 and not _LEAST_GAS_SHARE * full_gas <= flow <= full_gas:
            found.append(ConfigurationError(
                plan_path, key, f"a level that {calibrator} can make from the {gas} cylinder "
                f"(gas flow {1000 * _LEAST_GAS_SHARE * full_gas:.3g} to {1000 * full_gas:.3g} cc/min)",
                f"{percent:g} % of {scale:g}: {1000 * flow:.3g} cc/min"))  # fmt: skip
    return found
