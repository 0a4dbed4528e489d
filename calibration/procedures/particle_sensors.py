"""Temperature, pressure and humidity that a particle monitor shows, against a reference meter beside its sensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.hands import hold, put_down
from calibration.procedures.common.monitors import BETA, certified, humidity_at, in_turn, scatter, shown
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Needed, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table
from calibration.statistics.hj_particles import indication_difference
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget

NAME = "particle_sensors"
OUTSIDE = "outside"
_KPA = {"temperature": ("deg C", 1.0, 1), "pressure": ("kPa", 0.1, 2), "humidity": ("%", 1.0, 1)}
"""Unit of each result, its value over the readings' (hPa, deg C, %), decimals."""
_ATTEMPTS = 3


class ParticleSensorsPlan(Parameters):
    """What a plan may set of a check of the sensors."""

    meter: str = "climate_meter"
    settle: Seconds = Field(default=900.0, description="until the reference has come to the air outside")
    readings: int = Field(default=5, ge=2)
    every: Seconds = Field(default=60.0, gt=0)
    believed: float = Field(default=5.0, gt=0, description="difference of temperatures that is believed at once, K")


class ParticleSensors(Procedure[ParticleSensorsPlan]):
    """Hold the reference beside the outside sensors, and read both.

    A beta monitor has its humidity sensor under the filter, where the air is warmer: what the reference finds outside
    is brought to the temperature there (the vapour pressure is the same) before it is compared.
    """

    name = NAME
    parameters = ParticleSensorsPlan
    criteria: ClassVar[Mapping[str, str]] = {"temperature": "deg C", "pressure": "kPa", "humidity": "%"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Particle monitors."""
        return bool(unit.weighing)

    def rests_on(self, unit: Unit, parameters: ParticleSensorsPlan) -> list[Needed]:
        """The reference, certified for all three."""
        return [Needed("meter", parameters.meter, (name,)) for name in self.criteria]

    def judged(self, unit: Unit, parameters: ParticleSensorsPlan) -> list[Judged]:
        """Each quantity by its own criterion."""
        return [Judged(name, unit_name, (name,)) for name, unit_name in self.criteria.items()]

    def stages(self, units: Sequence[Unit], parameters: ParticleSensorsPlan, gas: GasPlan) -> list[Stage]:
        """The reference outside."""
        wanted = Message(key="prompt.hold_meter", values={"meter": parameters.meter, "place": OUTSIDE})
        return [Stage(NAME, "", parameters.settle + (parameters.readings - 1) * parameters.every, hands=wanted)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ParticleSensorsPlan) -> list[Outcome]:
        """Compare, and judge."""
        [unit] = units
        run, device, meter = context.run, unit.name, parameters.meter
        notes: list[Message] = []
        for attempt in range(1, _ATTEMPTS + 1):
            hold(context, meter, OUTSIDE, ("room",))
            run.wait(parameters.settle)
            own = shown(context, device, "ambient_temp", "deg C", -60.0, 60.0, 1)
            reference = run.read(meter, "temperature").value
            if abs(own - reference) <= parameters.believed:
                break
            notes.append(
                Message(key="particle_sensors.place_doubted",
                        values={"meter": meter, "device": device, "display": round(own, 1),
                                "measured": round(reference, 1), "attempt": attempt})
            )  # fmt: skip
        pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in self.criteria}
        in_turn(context, parameters.readings, parameters.every, lambda: _read(context, unit, meter, pairs))
        put_down(context, meter, OUTSIDE)
        outcomes = []
        for name, readings in pairs.items():
            unit_name, scale, decimals = _KPA[name]
            standard = run.supply.certified(meter, name)
            own_all, references = [pair[0] for pair in readings], [pair[1] for pair in readings]
            value = scale * indication_difference(own_all, references)
            away = summarize([a - b for a, b in readings])
            level = sum(references) / len(references)
            budget = Budget((scatter("repeatability", away, standard.unit, scale),
                             certified(standard, level, -scale)))  # fmt: skip
            subject = context.subject(device, name, unit_name, 1.0)
            criterion = f"{NAME}.{name}"
            tests = []
            if criterion in context.judge:
                tests = [context.judge.judge(criterion, subject, value=value, budget=budget, n=len(readings))]
            heads = ("display", "reference", "error")
            table = Table(
                key=NAME,
                columns=[Column(key=key, unit=unit_name, decimals=decimals) for key in heads],
                rows=[[scale * a, scale * b, scale * (a - b)] for a, b in readings],
            )
            data = MeasuredData(quantity=name, unit=unit_name, full_scale=1.0, tables=[table])
            outcomes.append(Outcome(device, name, data, tests, notes, [standard.id]))
        return outcomes


def _read(context: Context, unit: Unit, meter: str, pairs: dict[str, list[tuple[float, float]]]) -> None:
    """One reading of each; a monitor without a sensor outside has one under its filter."""
    run, device = context.run, unit.name
    found = {
        name: run.supply.certified(meter, name).corrected(run.read(meter, name).value)
        for name in ("temperature", "pressure", "humidity")
    }
    own_c = shown(context, device, "ambient_temp", "deg C", -60.0, 60.0, 1)
    pairs["temperature"].append((own_c, found["temperature"]))
    own_hpa = shown(context, device, "ambient_pressure", "hPa", 500.0, 1100.0, 1)
    pairs["pressure"].append((own_hpa, found["pressure"]))
    humidity, where = found["humidity"], "ambient_humidity"
    if unit.weighing == BETA:
        where = "filter_rh"
        at_c = shown(context, device, "filter_temp", "deg C", -60.0, 90.0, 1)
        humidity = humidity_at(humidity, found["temperature"], at_c)
    pairs["humidity"].append((shown(context, device, where, "%", 0.0, 100.0, 1), humidity))


PROCEDURE = ParticleSensors()
