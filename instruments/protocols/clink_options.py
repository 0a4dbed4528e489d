"""What differs between C-Link boxes of one model: firmware habits, and the protocol's own memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from instruments.device import Value
from instruments.protocols.clink_table import ClinkTable


@dataclass(frozen=True, slots=True)
class ClinkOptions:
    """What differs between firmware versions, or is wrong on purpose.

    Attributes:
        layout_stale: the box starts with its stale-layout star on, until the layout is asked for or acknowledged.
        tcp_always_sum: on TCP every reply has its sum, whatever ``format`` says (a recorded 49i-PS did so).
        allow_mode_cmd: ``set mode`` is obeyed from the start. At delivery an iSeries answers ok and ignores it, until
            it is told ``set allow mode cmd 1`` (48i manual p. 287); a box without that command always obeys.
        strict: old firmware: ``set`` commands are refused in local mode, as the manuals say and recorded boxes do not,
            and ``set mode`` is obeyed.
        merge_pipelined: requests that arrive together are merged: the echoes of all, the first one executed.
        state: start values of the protocol's own memory (``baud``, ``address_ip``) that differ from the table's.
    """

    layout_stale: bool = False
    tcp_always_sum: bool = False
    allow_mode_cmd: bool = False
    strict: bool = False
    merge_pipelined: bool = False
    state: Mapping[str, Value] = field(default_factory=dict)


class ClinkMemory:
    """The protocol's own memory (host name, record period, reply format), shared by all lines of one box.

    Attributes:
        now: values in force, by name.
    """

    def __init__(self, table: ClinkTable, options: ClinkOptions) -> None:
        self.now: dict[str, Value] = {
            **table.state,
            "layout_stale": options.layout_stale,
            "allow_mode_cmd": int(options.allow_mode_cmd or options.strict or "allow mode cmd" not in table.exact),
            **options.state,
        }
        self._saved = dict(self.now)

    def save(self) -> None:
        """Put the values in force into the box's flash."""
        self._saved = dict(self.now)

    def power_cycled(self) -> None:
        """Go back to what was saved last."""
        self.now.clear()
        self.now.update(self._saved)
