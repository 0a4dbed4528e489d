"""Handle of a particle monitor: what it measures and shows, its alarms, its settings, and what it can be told to do.

Which of these a monitor's wire tells differs much (a BAM-1020 tells no temperature of its tape between two records, a
TEOM takes no order but run and stop): the handle knows by the protocol's table, without asking the device.
"""

from __future__ import annotations

from dataclasses import dataclass

from instruments.device import Value
from instruments.errors import Refused
from rig.host.handles import Handle, Identity
from rig.host.kinds import MONITOR_ACTIONS, MONITOR_FLOWS, MONITOR_READS, MONITOR_SETTINGS
from rig.host.link import Link


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that a monitor shows, with its unit."""

    value: Value
    unit: str


class ParticleMonitor(Handle):
    """A monitor of the mass of particles.

    Args:
        identity, link: as of any handle.
        background, coefficient: settings that are added to its concentration, and that multiply it; empty if none.
    """

    def __init__(self, identity: Identity, link: Link, background: str, coefficient: str) -> None:
        super().__init__(identity, link)
        self.background, self.coefficient = background, coefficient

    @property
    def shaping(self) -> tuple[str, ...]:
        """The settings of a monitor; each has some of them."""
        return MONITOR_SETTINGS

    @property
    def hourly(self) -> str:
        """Name of its mean over the clock hour; the BAM-1020's one concentration is that."""
        return "concentration_1h" if self.can_read("concentration_1h") else "concentration"

    @property
    def flow(self) -> str:
        """Name of the flow that goes through the filter or tape, L/min."""
        return next((name for name in MONITOR_FLOWS if self.can_read(name)), MONITOR_FLOWS[0])

    def concentration(self) -> float:
        """What it shows now, ug/m3. Raises RigError."""
        value, _ = self.read("concentration", "ug/m3")
        return float(value)  # type: ignore[arg-type]  # a concentration is a number

    def diagnostics(self) -> dict[str, Shown]:
        """Everything that its wire tells beside the concentration: flows, temperatures, pressures, frequency, tape.

        Raises:
            RigError: no proper answer to one of them.
        """
        answers = {name: self.read_if_told(name) for name in MONITOR_READS}
        return {name: Shown(*answer) for name, answer in answers.items() if answer is not None}

    def alarms(self) -> tuple[str, ...]:
        """Alarms or flags that stand, by the model's names; a BAM-1020's are those of the last hour."""
        answer = self.read_if_told("alarms")
        return tuple(answer[0]) if answer is not None and isinstance(answer[0], tuple) else ()

    def settings(self) -> dict[str, Shown]:
        """Settings that its wire tells, as they stand."""
        answers = {name: self.read_if_told(name) for name in MONITOR_SETTINGS}
        return {name: Shown(*answer) for name, answer in answers.items() if answer is not None}

    def can_do(self, action: str, value: Value = True) -> bool:
        """Whether the protocol has a request for an action or setting."""
        try:
            self.link.protocol.set_request(action, value)
        except KeyError:
            return False
        except Refused:
            return True
        return True

    @property
    def actions(self) -> tuple[str, ...]:
        """Actions that can be started over its wire (a self-test, a filter change, stop for a K0 audit)."""
        return tuple(name for name in MONITOR_ACTIONS if self.can_do(name))
