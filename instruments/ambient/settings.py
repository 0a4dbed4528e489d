"""``[air.ambient]`` of a bench file that wants more than simple air: a generated city, or a recorded atmosphere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from instruments.ambient.city import PAN_OF_OZONE, CityAir
from instruments.ambient.climate import POLLUTANTS, climates, load_climate
from instruments.ambient.replay import ReplayAir
from instruments.ambient.replay_file import Column, Recording, parse_zone, read_recording
from instruments.ambient.units import KINDS, REFERENCE_K, Quantity, Reference, is_mass, units_of
from instruments.atmosphere import Atmosphere
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.reading import validate


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CitySection(_Section):
    """``model = "city"``: air with the statistics of a climate."""

    model: Literal["city"]
    climate: str = "beijing"
    latitude: float | None = Field(
        default=None, ge=-66.0, le=66.0, description="degrees north; the climate's if left out"
    )
    longitude: float | None = Field(default=None, ge=-180.0, le=180.0, description="degrees east")
    road_nox_ppb: float | None = Field(default=None, ge=0.0, le=500.0, description="mean NOx of the streets nearby")
    pan_of_ozone: float = Field(
        default=PAN_OF_OZONE,
        ge=0.0,
        le=0.2,
        description="PAN for each part of ozone above 30 nmol/mol",
    )
    levels: dict[str, Annotated[float, Field(gt=0.0, le=20.0)]] = Field(
        default_factory=dict, description="over those of the climate's data; today's where left out"
    )

    @field_validator("climate")
    @classmethod
    def _of_climates(cls, climate: str) -> str:
        if climate not in climates():
            raise ValueError(f"one of {', '.join(climates())}")
        return climate

    @field_validator("levels")
    @classmethod
    def _of_pollutants(cls, levels: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(levels) - set(POLLUTANTS)):
            raise ValueError(f"levels of {', '.join(POLLUTANTS)}, not of {', '.join(unknown)}")
        return levels


class ColumnSection(_Section):
    """``[air.ambient.column.X]``: where a quantity stands in the file, and in which unit."""

    name: str
    unit: str
    reference: Reference | None = Field(default=None, description="for mass units: 273 K, 293 K, 298 K or outside")


class ReplaySection(_Section):
    """``model = "replay"``: air from a CSV or Parquet file."""

    model: Literal["replay"]
    file: str
    time: str = "time"
    zone: str = Field(default="", description='zone of times that do not tell theirs: "+08:00"')
    stamp: Literal["begin", "end"] = Field(default="begin", description="which end of a mean its time names")
    start: datetime | None = Field(default=None, description="time in the file that stands at the bench's epoch")
    gaps: Literal["refuse", "hold"] = "refuse"
    missing: list[str] = Field(default_factory=lambda: ["", "NA", "NaN", "nan", "null"])
    column: dict[Quantity, ColumnSection] = Field(min_length=1)
    value: dict[Quantity, float] = Field(
        default_factory=dict, description="quantities that the file does not hold, in units inside"
    )
    latitude: float = Field(default=39.9, ge=-66.0, le=66.0)
    longitude: float = Field(default=116.4, ge=-180.0, le=180.0)

    @model_validator(mode="after")
    def _units_fit(self) -> ReplaySection:
        for quantity, column in self.column.items():
            key = f"column.{quantity}"
            if column.unit not in units_of(quantity):
                raise ConfigurationError(
                    "", f"{key}.unit", f"one of {', '.join(units_of(quantity))}", repr(column.unit)
                )
            mass, states = is_mass(quantity, column.unit), ", ".join(REFERENCE_K)
            if mass and column.reference is None:
                particles = " or outside" if quantity in ("pm2_5", "pm10") else ""
                raise ConfigurationError("", f"{key}.reference", f"a state, for a mass: {states}{particles}", "none")
            if mass and column.reference == "outside" and quantity not in ("pm2_5", "pm10"):
                raise ConfigurationError("", f"{key}.reference", f"a gas's state: {states}", "'outside'")
            if not mass and column.reference is not None:
                raise ConfigurationError("", f"{key}.reference", f"no state for {column.unit}", repr(column.reference))
            if quantity in self.value:
                raise ConfigurationError("", f"value.{quantity}", "what the file does not hold", "a column of it, too")
        for quantity, value in self.value.items():
            kind = KINDS[quantity]
            if not kind.low <= value <= kind.high:
                expected = f"{kind.low:g} to {kind.high:g} {kind.unit}"
                raise ConfigurationError("", f"value.{quantity}", expected, repr(value))
        both = {"wind_speed", "wind_direction"}
        if len(both & set(self.column)) == 1:
            raise ConfigurationError(
                "",
                "column",
                "wind_speed and wind_direction together",
                *(repr(name) for name in both & set(self.column)),
            )
        if self.start is not None and self.start.tzinfo is None:
            raise ConfigurationError("", "start", "a time with its zone", self.start.isoformat())
        return self


AmbientSection = Annotated[CitySection | ReplaySection, Field(discriminator="model")]
"""What ``[air.ambient]`` may be beside the simple air."""


class _Air(_Section):
    ambient: AmbientSection


class _File(_Section):
    air: _Air


def parse_ambient(data: dict[str, Any], where: str) -> CitySection | ReplaySection:
    """Check ``[air.ambient]`` data. Raises ConfigurationErrors with all mistakes."""
    return validate(_File, {"air": {"ambient": data}}, where).air.ambient


def build_atmosphere(
    section: CitySection | ReplaySection, seed: int, name: str, epoch: datetime, folder: Path, where: str = ""
) -> Atmosphere:
    """Build the air that a section asks for.

    Args:
        section: the section.
        seed: root seed of the bench.
        name: full name of the air.
        epoch: calendar time of bench time 0, with its zone.
        folder: that file names are relative to: the bench file's.
        where: the bench file, for messages.

    Raises:
        ConfigurationError: no such climate, or a file that cannot be replayed.
    """
    if isinstance(section, CitySection):
        try:
            load_climate(section.climate)
        except ConfigurationErrors:
            raise
        except ConfigurationError as error:
            raise ConfigurationError(where or error.where, "air.ambient.climate", error.expected, error.found) from None
        return CityAir(
            seed, name, epoch, climate=section.climate, latitude=section.latitude, longitude=section.longitude,
            levels=section.levels, road_nox=section.road_nox_ppb, pan_of_ozone=section.pan_of_ozone,
        )  # fmt: skip
    recording = recording_of(section, folder, where)
    return ReplayAir(
        seed, name, epoch if section.start is None else section.start, recording, values=dict(section.value),
        latitude=section.latitude, longitude=section.longitude,
    )  # fmt: skip


def recording_of(section: ReplaySection, folder: Path, where: str = "") -> Recording:
    """Read the file of a section. Raises ConfigurationError."""
    zone = None
    if section.zone:
        try:
            zone = parse_zone(section.zone)
        except ValueError as error:
            raise ConfigurationError(where, "air.ambient.zone", str(error), repr(section.zone)) from None
    columns = {
        quantity: Column(column.name, column.unit, column.reference) for quantity, column in section.column.items()
    }
    return read_recording(
        folder / section.file, columns, time=section.time, zone=zone, stamp=section.stamp, gaps=section.gaps,
        missing=frozenset(section.missing),
    )  # fmt: skip
