"""Cutter heads: which part of each mode of the aerosol an inlet lets through, and what spoils it.

A head is a part of its own. A PM2.5 inlet is a PM10 head with a very sharp cut cyclone under it; its curves multiply
size by size. The cut-off goes with the flow that passes the head (less flow, larger cut-off) and with dirt in it. All
figures stand in ``cutters.toml``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from instruments.air import FloatArray
from instruments.atmosphere import Mode
from instruments.catalogue import Parameter
from instruments.steps import Hidden

Size = Literal["tsp", "pm10", "pm2.5"]
"""Size fraction that a monitor or sampler is set up for."""

_NODES = 161
_LOG_REACH = math.log(3.0)
"""The table of penetrations reaches from a third to three times the cut-off at design flow."""
_STEP = 2.0 * _LOG_REACH / (_NODES - 1)
_SIZES = 80
"""Sizes per mode of the quadrature."""
_EDGE = math.log(0.84 / 0.16)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Head(_Strict):
    title: str
    d50: Parameter
    sigma_g: Parameter


class _Sizes(_Strict):
    mass_median: Parameter
    sigma_g: Parameter
    low: Parameter
    high: Parameter


class _Cutters(_Strict):
    head: dict[str, _Head]
    chain: dict[Size, list[str]]
    flow: dict[Literal["exponent"], Parameter]
    dirt: dict[Literal["cut", "bounce"], Parameter]
    gauze: dict[Literal["fine", "coarse"], Parameter]
    mist: dict[Literal["fine", "coarse"], Parameter]
    mode: dict[str, _Sizes]


@cache
def cutters() -> _Cutters:
    """The data of ``cutters.toml``."""
    text = (Path(__file__).parent / "cutters.toml").read_text(encoding="utf-8")
    return _Cutters.model_validate(tomllib.loads(text))


class InletHidden(Hidden):
    """What may be wrong between the open air and the tube: fields for the hidden truth of anything with an inlet.

    Attributes:
        wrong_head: part of the air that comes through the other size's head: 1 for PM10 and PM2.5 heads swapped, or,
            on a PM2.5 unit, for a missing cyclone; less for a loose one.
        head_missing: part of the air that comes in past all heads, with giant particles.
        cutoff_factor: D50 over that of a good head.
        head_dirt: narrowing of the jets by deposits, 0 clean to below 1, beside the dirt of service hours.
        gauze: how thickly gauze is wrapped around the inlet, 0 not at all, 1 wet layers.
        filtered: part of the air that comes from a filter or a purifier by the inlet.
        mist: part of the air that has gone through a mist cannon's spray, which washes it.
    """

    wrong_head: float = Field(default=0.0, ge=0.0, le=1.0)
    head_missing: float = Field(default=0.0, ge=0.0, le=1.0)
    cutoff_factor: float = Field(default=1.0, gt=0.3, lt=3.0)
    head_dirt: float = Field(default=0.0, ge=0.0, lt=1.0)
    gauze: float = Field(default=0.0, ge=0.0, le=1.0)
    filtered: float = Field(default=0.0, ge=0.0, le=1.0)
    mist: float = Field(default=0.0, ge=0.0, le=1.0)


class Inlet:
    """The inlet of a unit that is set up for ``size``, in the condition that ``hidden`` says.

    Args:
        size: what the unit is to measure.
        design_flow_lpm: flow, at outside conditions, at which the heads have their cut-offs.
        hidden: what is wrong with it.

    Raises:
        ValueError: no such size.
    """

    def __init__(self, size: str, design_flow_lpm: float, hidden: InletHidden) -> None:
        data = cutters()
        if size not in data.chain:
            raise ValueError(f"size {size!r}: one of {', '.join(data.chain)}")
        self._design = design_flow_lpm
        self._exponent = data.flow["exponent"].value
        self._dirt_cut, self._bounce = data.dirt["cut"].value, data.dirt["bounce"].value
        self._hidden = hidden
        own = _table(tuple(data.chain[size]))
        other = _table(tuple(data.chain[_other(size)]))
        bare = np.ones_like(own)
        mixed = own + hidden.wrong_head * (other - own)
        mixed = mixed + hidden.head_missing * (bare - mixed)
        self._outside = (1.0 - hidden.gauze * _by_mode(data.gauze)) * (1.0 - hidden.filtered)
        self._outside = self._outside * (1.0 - hidden.mist * _by_mode(data.mist))
        self._columns = mixed
        self._rows: list[list[float]] = mixed.T.tolist()
        self._after: list[float] = self._outside.tolist()

    def penetration(self, flow_lpm: FloatArray, clean: FloatArray) -> FloatArray:
        """Return the part of each mode that reaches the tube, shape (len(Mode), n).

        Args:
            flow_lpm: flow through the heads at outside conditions, L/min, shape (n,).
            clean: share of a clean head's jet width (wear part ``head``), shape (n,).
        """
        width = clean * (1.0 - self._hidden.head_dirt)
        flow = np.maximum(flow_lpm, 1e-3)
        shift = (
            self._exponent * (math.log(self._design) - np.log(flow))
            + self._dirt_cut * np.log(np.maximum(width, 1e-3))
            + math.log(self._hidden.cutoff_factor)
        )
        place = (np.clip(shift, -_LOG_REACH, _LOG_REACH) + _LOG_REACH) / _STEP
        index = np.minimum(place.astype(np.int64), _NODES - 2)
        weight = place - index
        passed = self._columns[:, index] * (1.0 - weight) + self._columns[:, index + 1] * weight
        bounced = self._bounce * (1.0 - width)
        return np.asarray((passed + bounced * (1.0 - passed)) * self._outside[:, None])

    def at(self, flow_lpm: float, clean: float) -> tuple[float, float, float, float]:
        """The same at one instant, mode by mode, for models that step."""
        width = clean * (1.0 - self._hidden.head_dirt)
        shift = (
            self._exponent * math.log(self._design / max(flow_lpm, 1e-3))
            + self._dirt_cut * math.log(max(width, 1e-3))
            + math.log(self._hidden.cutoff_factor)
        )
        place = (min(max(shift, -_LOG_REACH), _LOG_REACH) + _LOG_REACH) / _STEP
        index = min(int(place), _NODES - 2)
        weight = place - index
        bounced = self._bounce * (1.0 - width)
        fine, volatile, coarse, giant = (
            (low + weight * (high - low)) for low, high in zip(self._rows[index], self._rows[index + 1], strict=True)
        )
        a, b, c, d = self._after
        return (
            (fine + bounced * (1.0 - fine)) * a,
            (volatile + bounced * (1.0 - volatile)) * b,
            (coarse + bounced * (1.0 - coarse)) * c,
            (giant + bounced * (1.0 - giant)) * d,
        )


def cutoff_um(size: Size, flow_over_design: float) -> float:
    """D50 of the lowest head of an inlet at a flow, um.

    Args:
        size: ``pm10`` or ``pm2.5``.
        flow_over_design: flow over design flow.
    """
    data = cutters()
    d50 = data.head[data.chain[size][-1]].d50.value
    return d50 * math.exp(-data.flow["exponent"].value * math.log(flow_over_design))


def _by_mode(figures: Mapping[Literal["fine", "coarse"], Parameter]) -> FloatArray:
    return np.array([figures["coarse" if mode >= Mode.COARSE else "fine"].value for mode in Mode])


def _other(size: str) -> Size:
    others: Mapping[str, Size] = {"pm10": "pm2.5", "pm2.5": "pm10", "tsp": "tsp"}
    return others[size]


@cache
def _table(chain: Sequence[str]) -> FloatArray:
    """Penetration of each mode through ``chain``, for factors of the cut-off from 1/3 to 3, (len(Mode), _NODES)."""
    data = cutters()
    factors = np.exp(np.linspace(-_LOG_REACH, _LOG_REACH, _NODES))
    table = np.empty((len(Mode), _NODES))
    for mode in Mode:
        sizes = data.mode[mode.name]
        log_d = np.linspace(math.log(sizes.low.value), math.log(sizes.high.value), _SIZES)
        spread = (log_d - math.log(sizes.mass_median.value)) / math.log(sizes.sigma_g.value)
        weight = np.exp(-0.5 * spread**2)
        passed = np.ones((_SIZES, _NODES))
        for name in chain:
            head = data.head[name]
            power = _EDGE / math.log(head.sigma_g.value)
            passed /= 1.0 + np.exp(power * (log_d[:, None] - np.log(head.d50.value * factors)[None, :]))
        table[mode] = (weight[:, None] * passed).sum(axis=0) / weight.sum()
    return table
