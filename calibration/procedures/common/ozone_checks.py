"""What is looked at before and after an ozone transfer: connection, warmth, cells, coefficients, slopes."""

from __future__ import annotations

from collections.abc import Mapping

from calibration.procedures.common.context import Context
from calibration.procedures.common.hands import told
from calibration.procedures.common.ozone import connect, warm
from calibration.procedures.common.ozone_plan import NAME, OzoneTransferPlan
from calibration.record import Message, PrepareCheck
from rig.prompts import Prompt

_SLOPES = {"calibrator": ("photometer_slope", "photometer_zero"), "standard": ("o3_coef", "o3_bkg")}
"""Settings that must be the same at the end as at the beginning."""
_BELIEVED = {"photometer_slope": (0.8, 1.25), "o3_coef": (0.8, 1.25)}
_BELIEVED_ZERO = (-50.0, 50.0)
"""Between what bounds a person's reading of them is believed."""
_COEFFICIENT = {"calibrator": "photometer_coefficient", "standard": "absorption_coefficient"}
_MMHG_PER_HPA = 0.750061683


def first_checks(
    context: Context, calibrator: str, plan: OzoneTransferPlan
) -> tuple[list[PrepareCheck], Message | None]:
    """Connect, warm up, and look at what both reckon with; what is not in order voids the transfer."""
    run, standard = context.run, plan.standard
    run.step(f"{calibrator}: {NAME}")
    connect(context, standard)
    checks: list[PrepareCheck] = []
    for device, alarms in warm(context, (standard, calibrator)).items():
        checks.append(PrepareCheck(name="alarms", found=f"{device}: {', '.join(alarms) or 'none'}", expected="none",
                                   ok=not alarms))  # fmt: skip
    if plan.barometer:
        air = run.supply.certified(plan.barometer, "pressure").corrected(run.read(plan.barometer, "pressure").value)
        room = run.look(plan.barometer, "temperature")
        for device in (standard, calibrator):
            checks += _cell(context, device, air * _MMHG_PER_HPA, room, plan)
    coefficients = {}
    for kind, device in (("standard", standard), ("calibrator", calibrator)):
        prompt = Prompt("prompt.read_coefficient", {"device": device}, expected=308.0, unit="atm-1 cm-1",
                        lowest=290.0, highest=320.0)  # fmt: skip
        coefficients[device] = float(told(context, device, _COEFFICIENT[kind], prompt))
    same = len(set(coefficients.values())) == 1
    shown = ", ".join(f"{device} {value:g}" for device, value in coefficients.items())
    checks.append(PrepareCheck(name="absorption_coefficient", found=shown, expected="the same in both", ok=same))
    bad = next((check for check in checks if not check.ok), None)
    if bad is None:
        return checks, None
    values: dict[str, float | int | str | None] = {"check": bad.name, "found": bad.found, "expected": bad.expected}
    return checks, Message(key="ozone.not_in_order", values=values)


def _cell(context: Context, device: str, air_mmhg: float, room: object, plan: OzoneTransferPlan) -> list[PrepareCheck]:
    run, found = context.run, []
    pressure, temperature = run.look(device, "pressure"), run.look(device, "bench_temp")
    if isinstance(pressure, int | float):
        limit = plan.most_pressure_difference_mmhg
        found.append(PrepareCheck(
            name="cell_pressure", found=f"{device}: {pressure:.1f} mmHg", expected=f"{air_mmhg:.1f} ± {limit:g} mmHg",
            ok=abs(pressure - air_mmhg) <= limit,
        ))  # fmt: skip
    if isinstance(temperature, int | float) and isinstance(room, int | float):
        most = room + plan.most_cell_excess_c
        found.append(PrepareCheck(
            name="cell_temperature", found=f"{device}: {temperature:.1f} deg C",
            expected=f"{room:.1f} to {most:.1f} deg C",
            ok=room - 1.0 <= temperature <= most,
        ))  # fmt: skip
    return found


def slopes_of(context: Context, calibrator: str, plan: OzoneTransferPlan) -> dict[str, str]:
    """Slopes and zeros of both, as text; what the wire does not tell is read off by a person."""
    found = {}
    for kind, device in (("standard", plan.standard), ("calibrator", calibrator)):
        for name in _SLOPES[kind]:
            low, high = _BELIEVED.get(name, _BELIEVED_ZERO)
            prompt = Prompt("prompt.read_setting", {"device": device, "setting": name}, lowest=low, highest=high)
            found[name] = f"{float(told(context, device, name, prompt)):g}"
    return found


def changed(
    before: Mapping[str, str], after: Mapping[str, str], calibrator: str, plan: OzoneTransferPlan
) -> Message | None:
    """The first setting that is no longer what it was; None if all are."""
    owners = dict.fromkeys(_SLOPES["calibrator"], calibrator) | dict.fromkeys(_SLOPES["standard"], plan.standard)
    for name, text in before.items():
        if after[name] != text:
            values: dict[str, float | int | str | None] = {"before": text, "after": after[name]}
            return Message(key="device.setting_changed", values={"device": owners[name], "setting": name, **values})
    return None
