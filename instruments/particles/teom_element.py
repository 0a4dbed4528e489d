"""The tapered element: frequency and mass, the filter on it, and what makes the frequency move without any particle.

m = K0 / f^2, so that a mass put on at frequency f0 lowers it to f1 with m = K0 (1/f1^2 - 1/f0^2) (physics notes, 4,
read). Masses of the element and the filter are grams, everything that collects on it is micrograms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from instruments.air import FloatArray

UG_PER_G = 1.0e6

EXCHANGE_FLOW_LPM = 1.13
"""Main flow that is shown while the transducer is open for a filter change (read in real 1405-F data)."""
EXCHANGE_LOAD_PCT = 150.0
"""Filter load that is shown then (read in real 1405-F data)."""

_EVAPORATION_DOUBLES_PER_C = 6.0
"""Ammonium nitrate's vapour pressure doubles every 6 degrees (recalled: 180 kJ/mol of the pair, half of it each)."""
_STILL_AIR = 0.1
"""Evaporation without flow over that with flow (choice of this project: diffusion alone)."""


def mass_g(k0: float, frequency_hz: FloatArray | float) -> FloatArray:
    """Return the oscillating mass in grams for a constant ``k0``, g Hz^2."""
    return np.asarray(k0 / np.square(frequency_hz))


def frequency_hz(k0: float, mass: FloatArray) -> FloatArray:
    """Return the frequency for an oscillating ``mass`` in grams."""
    return np.asarray(np.sqrt(k0 / mass))


def k0_of(mass: float, free_hz: float, loaded_hz: float) -> float:
    """Return K0, g Hz^2, from a weighed filter: ``mass`` in grams, frequencies without and with it.

    Raises:
        ValueError: the frequency has not fallen, so no mass was put on.
    """
    if not 0.0 < loaded_hz < free_hz:
        raise ValueError(f"a filter lowers the frequency: {free_hz:g} Hz without, {loaded_hz:g} Hz with it")
    return mass / (loaded_hz**-2 - free_hz**-2)


def loss_rate(temperature_c: FloatArray, flowing: FloatArray, per_hour_at_30: float) -> FloatArray:
    """Return the rate, 1/s, at which volatile matter leaves a filter of that temperature.

    Args:
        temperature_c: of the filter.
        flowing: flow through it over the nominal flow, 0 or more.
        per_hour_at_30: rate at 30 deg C and nominal flow, per hour.
    """
    warm = per_hour_at_30 / 3600.0 * np.exp2((temperature_c - 30.0) / _EVAPORATION_DOUBLES_PER_C)
    return np.asarray(warm * np.maximum(flowing, _STILL_AIR))


def saturation_hpa(temperature_c: FloatArray | float) -> FloatArray:
    """Return the saturation pressure over water, hPa (Magnus formula, Sonntag 1990, recalled)."""
    celsius = np.asarray(temperature_c)
    return np.asarray(6.112 * np.exp(17.62 * celsius / (243.12 + celsius)))


def dew_point_c(vapour_hpa: FloatArray) -> FloatArray:
    """Return the temperature at which that vapour pressure saturates."""
    logarithm = np.log(np.maximum(vapour_hpa, 1.0e-3) / 6.112)
    return np.asarray(243.12 * logarithm / (17.62 - logarithm))


@dataclass(frozen=True, slots=True)
class DepositAir:
    """What :meth:`Deposit.collect` needs to know of the air, one value per step.

    Attributes:
        flow_lpm: true flow at the filter if the pump keeps it up, L/min of outside air.
        headroom: flow that the pump could draw over the one that is set.
        leak_lpm: part of that flow which leaks in behind the inlet, L/min.
        stable_ug_m3: particles at the filter that stay.
        volatile_ug_m3: particles and vapour at the filter that will leave it again.
        leak_ug_m3: particles in what leaks in.
        loss_per_s: rate at which volatile matter leaves.
    """

    flow_lpm: FloatArray
    headroom: FloatArray
    leak_lpm: FloatArray
    stable_ug_m3: FloatArray
    volatile_ug_m3: FloatArray
    leak_ug_m3: FloatArray
    loss_per_s: FloatArray


class Deposit:
    """What flows to the filter, step by step, and what stays: particles change the flow that brings more of them.

    Args:
        step_s: length of a step, seconds.
        new_load_pct: filter load of a clean filter at 3 L/min.
        load_pct_per_mg: rise of the load per milligram.
    """

    def __init__(self, step_s: int, new_load_pct: float, load_pct_per_mg: float) -> None:
        self._per_lpm = step_s / 60.0e3  # m3 that 1 L/min brings in a step
        self._step_s = step_s
        self._clean, self._slope = new_load_pct, load_pct_per_mg / 1000.0

    def load_pct(self, collected_ug: FloatArray, flow_lpm: FloatArray) -> FloatArray:
        """Return the filter load: the pressure drop, which goes with flow, over the largest that the maker allows."""
        return np.asarray((self._clean + self._slope * collected_ug) * flow_lpm / 3.0)

    def collect(self, stable: float, volatile: float, air: DepositAir) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Follow the filter through the steps of ``air``, from ``stable`` and ``volatile`` micrograms on it.

        Returns:
            stable and volatile mass at the end of each step, ug, and the share of the set flow that was kept up.
        """
        kept = np.exp(-air.loss_per_s * self._step_s).tolist()
        share = np.minimum(air.headroom, 1.0)
        stables, volatiles = self._deposited(stable, volatile, share, kept, air)
        # Up to 100 % the controller makes up for the filter; beyond, what is left for it shrinks as mass comes on.
        full = self._clean + self._slope * (stables + volatiles) > 100.0
        if self._clean + self._slope * (stable + volatile) <= 100.0 and not full.any():
            return stables, volatiles, share
        return self._choked(stable, volatile, kept, air)

    def _deposited(
        self, stable: float, volatile: float, share: FloatArray, kept: list[float], air: DepositAir
    ) -> tuple[FloatArray, FloatArray]:
        drawn = share * air.flow_lpm
        inlet = np.where(drawn > air.leak_lpm, drawn - air.leak_lpm, 0.0)
        gained = self._per_lpm * (inlet * air.stable_ug_m3 + (drawn - inlet) * air.leak_ug_m3)
        fresh = (self._per_lpm * inlet * air.volatile_ug_m3).tolist()
        states = [volatile]
        for keep, more in zip(kept, fresh, strict=True):
            volatile = keep * (volatile + more)
            states.append(volatile)
        return np.cumsum(np.concatenate(([stable], gained)))[1:], np.array(states[1:])

    def _choked(
        self, stable: float, volatile: float, kept: list[float], air: DepositAir
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Step by step, where a full filter takes the flow; the same to the last digit where it does not."""
        count = len(kept)
        flow, room, leak = air.flow_lpm.tolist(), air.headroom.tolist(), air.leak_lpm.tolist()
        fine, fresh, other = air.stable_ug_m3.tolist(), air.volatile_ug_m3.tolist(), air.leak_ug_m3.tolist()
        stables, volatiles, shares = [0.0] * count, [0.0] * count, [0.0] * count
        clean, slope, per_lpm = self._clean, self._slope, self._per_lpm
        for index in range(count):
            spare = room[index] * min(1.0, max(0.0, 2.0 - (clean + slope * (stable + volatile)) / 100.0))
            share = spare if spare < 1.0 else 1.0
            drawn = share * flow[index]
            inlet = drawn - leak[index] if drawn > leak[index] else 0.0
            stable += per_lpm * (inlet * fine[index] + (drawn - inlet) * other[index])
            volatile = kept[index] * (volatile + per_lpm * inlet * fresh[index])
            stables[index], volatiles[index], shares[index] = stable, volatile, share
        return np.array(stables), np.array(volatiles), np.array(shares)


def decay(step_s: float, tau_s: float) -> float:
    """Return what a lag of time constant ``tau_s`` keeps of its last output in a step."""
    return math.exp(-step_s / tau_s)
