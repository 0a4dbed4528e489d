"""RS-485 on two wires: one pair for requests and replies, so the host hears its own words and all boxes hear all.

Nobody waits for the pair to be free, as no box does: who asks too early garbles the reply, and his own request with it.
A box does not hear while it sends. The host hears itself, unless its adapter shuts its receiver off while it sends;
then it misses what comes meanwhile too.
"""

from __future__ import annotations

from rig.clock import Clock
from rig.line_condition import LineCondition
from rig.line_faults import Piece
from rig.lines import INPUT_BUFFER_BYTES, Line, LineTiming
from rig.multidrop import Multidrop
from rig.uart import LineSettings
from rig.wire_pair import WirePair

_HOST, _ANYBODY = "host", "anybody"
"""Talkers that are no boxes; the second is whoever an unsolicited message comes from."""


class TwoWireLine(Line):
    """A line of :class:`~rig.lines.Line` whose boxes and host share one pair.

    What a fault makes of a message is on the pair as well: the echo shows it, and other boxes hear it.

    Args:
        name, clock, boxes, timing, settings, condition: as of a line; bytes take their time.
        echo: the host's adapter hears while it sends.
    """

    def __init__(
        self, name: str, clock: Clock, boxes: Multidrop, timing: LineTiming, *, settings: LineSettings,
        condition: LineCondition, echo: bool, handshake: bool = False,
    ) -> None:  # fmt: skip
        if not timing.baud:
            raise ValueError(f"{name}: on two wires bytes take their time")
        super().__init__(name, clock, boxes, timing, settings=settings, condition=condition, handshake=handshake)
        self._boxes = boxes
        self._echo = echo
        self._echo_now = False
        self._sends_until: dict[object, float] = {}
        self._talking: object = _ANYBODY
        self._hears = settings
        self._pair = WirePair(clock)
        self._pair.listen(lambda: self._hears, self._boxes_hear)
        self._pair.listen(lambda: self._host_settings, self._host_hears)

    # -- on to the pair -------------------------------------------------------------------------------------------

    def from_host(self, data: bytes) -> None:
        """Bytes that the host has put on the pair now."""
        condition = self.condition
        if self._is_cut(data) or self._is_lost("to device", data, data):
            return
        now = float(self._clock.now_us)
        waiting = max(0.0, self._sends_until.get(_HOST, 0.0) - now)
        data = data[: max(0, INPUT_BUFFER_BYTES - int(waiting / self.timing.byte_us))]
        self._hears = self.settings
        # The fault of that name leaves the receiver of an adapter on that has it off while it sends.
        self._echo_now = not condition.at_rest and condition.echoes(data)
        if not condition.at_rest:
            hits = condition.hits(data, "to device")
            self._hears = self._device_settings(hits)
            data = self._spoiled(data, data, hits)
        if data:
            self._transmit(_HOST, data, self._host_settings, now)

    def _put_on_wire(self, piece: Piece, sent: LineSettings, *, thinking: bool) -> None:
        talker, data = self._talking, piece.data
        start = float(self._clock.now_us + piece.delay_us + (self.timing.reply_delay_us if thinking else 0))
        start = max(start, self._sends_until.get(talker, 0.0)) + piece.gap_us
        size = 1 if piece.drip_us else max(1, len(data))
        for first in range(0, len(data), size):
            start = self._transmit(talker, data[first : first + size], sent, start + piece.drip_us)

    def _transmit(self, talker: object, data: bytes, settings: LineSettings, start_us: float) -> float:
        """Send, after what the same talker has sent before; return when it is over."""
        begin = max(start_us, self._sends_until.get(talker, 0.0))
        end = self._sends_until[talker] = self._pair.send(talker, data, settings, begin)
        return end

    def discard_to_device(self) -> None:
        """Nothing: what the host has written is on the pair."""

    def _have_spoken(self) -> None:
        for tap, messages in self._boxes.outputs():
            self._say_as(tap, messages)

    def _say_as(self, talker: object, messages: list[bytes]) -> None:
        self._talking = talker
        try:
            self._pass_on(messages)
        finally:
            self._talking = _ANYBODY

    # -- off the pair ---------------------------------------------------------------------------------------------

    def _boxes_hear(self, byte: int, begin_us: float, end_us: float) -> None:
        if not self.condition.at_rest and self._pair.sends(_HOST, begin_us, end_us):
            self._note_asked(byte)
        for tap in self._boxes.taps:
            if tap.powered and not self._pair.sends(tap, begin_us, end_us):
                replies = tap.end.receive(bytes([byte]))
                if replies:
                    self._say_as(tap, replies)
        self.listen()

    def _host_hears(self, byte: int, begin_us: float, end_us: float) -> None:
        if self._echo or self._echo_now or not self._pair.sends(_HOST, begin_us, end_us):
            self._arrive(bytes([byte]), self._session)
