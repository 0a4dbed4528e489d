"""Hidden truth of open-path units, and the words that they use."""

from __future__ import annotations

from pydantic import Field

from instruments.air import Species
from instruments.clock import ClockedHidden

GASES = (Species.SO2, Species.NO2, Species.O3)
NAMES = tuple(species.name.lower() for species in GASES)
MODES = ("sample", "zero", "span")
NO_CELL = "none"
"""Value of the setting ``cell`` while no cell is inserted."""
STEP_S = 10
LONGEST_STEPS = 180 // STEP_S
"""No gas may take more than three minutes."""

STATUS = ("valid", "not above its deviation", "low light", "no light")
"""Meaning of the values of ``<gas>_status``."""


class OpenPathHidden(ClockedHidden):
    """What is wrong with an open-path unit, beside its clock.

    Attributes:
        lamp_fraction: light of the lamp over that of one of its age; 0: it is out.
        optics_dirt: part of the light that dirt on mirrors and windows takes, beside what their age takes.
        misalignment_mrad: angle by which the beam misses the receiver.
        bend_mrad_per_c: bending of the masts with heat, away from 20 C.
        sway_factor: bending of the masts in the wind over that of sound ones.
        blocked: part of the beam that a branch or a bird's nest stops.
        path_length_m: true length of the path; 0: what the unit was told when it was built.
        wavelength_shift_pm: shift of the spectrometer's scale beside that with temperature.
        residual_factor: structure that the fit leaves over, relative to that of a good set of reference spectra.
        reference_mismatch: how far the lamp's reference spectrum is not this lamp's; 1: another lamp's altogether.
        span_error_pct: error of the differential cross-sections as they are used, %.
        noise_factor: noise over that of a good unit.
        temperature_input_error_c, pressure_input_error_hpa: errors of what it is told about the air outside.
        local_log_sd: how far the path's mean lies from the point's, standard deviation of the logarithm.
    """

    lamp_fraction: float = Field(default=1.0, ge=0.0, le=2.0)
    optics_dirt: float = Field(default=0.0, ge=0.0, le=1.0)
    misalignment_mrad: float = Field(default=0.0, ge=0.0, le=100.0)
    bend_mrad_per_c: float = Field(default=0.0, ge=-10.0, le=10.0)
    sway_factor: float = Field(default=1.0, ge=0.0, le=1000.0)
    blocked: float = Field(default=0.0, ge=0.0, le=1.0)
    path_length_m: float = Field(default=0.0, ge=0.0, le=20_000.0)
    wavelength_shift_pm: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    residual_factor: float = Field(default=1.0, ge=0.0, le=1000.0)
    reference_mismatch: float = Field(default=0.0, ge=-5.0, le=5.0)
    span_error_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    noise_factor: float = Field(default=1.0, ge=0.0, le=1000.0)
    temperature_input_error_c: float = Field(default=0.0, ge=-100.0, le=100.0)
    pressure_input_error_hpa: float = Field(default=0.0, ge=-500.0, le=500.0)
    local_log_sd: float = Field(default=0.06, ge=0.0, le=3.0)
