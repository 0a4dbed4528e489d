"""A recorded conversation as a device: it matches requests by meaning and keeps the recorded timing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from instruments.protocols.ends import DeviceEnd
from rig.conversation.file import PAUSE_US, Exchange
from rig.conversation.meaning import addressed_again, is_line, is_text, meaning

_LONGEST = 4096


class ReplayEnd(DeviceEnd):
    """The device's end of a line, played from a recording.

    Each request is answered with the replies that the recording has for it, one after the other; after the last one
    they begin again. A request that was never recorded is met with silence, and told.

    Args:
        recorded: the exchanges.
        now_us: the clock.
        tell: is told of requests that the recording does not have.
    """

    def __init__(
        self, recorded: Iterable[Exchange], now_us: Callable[[], int], tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._known: dict[bytes, deque[Exchange]] = {}
        for exchange in recorded:
            if exchange.request:
                self._known.setdefault(meaning(exchange.request).key, deque()).append(exchange)
        self._now_us, self._tell = now_us, tell
        self._request = b""
        self._latest_us = 0
        self._waiting: deque[tuple[int, bytes]] = deque()

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes; the answer comes by :meth:`output`, at its time."""
        now = self._now_us()
        if self._request and now - self._latest_us > PAUSE_US:
            # The beginning of a line that nobody finished, or binary that the recording does not have.
            if not is_text(self._request):
                self._tell(f"not in the recording: {meaning(self._request).text}")
            self._request = b""
        self._latest_us = now
        for byte in data:
            self._request = (self._request + bytes([byte]))[-_LONGEST:]
            if self._is_whole():
                self._answer(now)
        return []

    def power_cycled(self) -> None:
        """Forget half a request and what was on its way."""
        self._request = b""
        self._waiting.clear()

    def next_output_us(self) -> int | None:
        """When the next piece of an answer leaves."""
        return self._waiting[0][0] if self._waiting else None

    def output(self) -> list[bytes]:
        """The pieces that are due."""
        now = self._now_us()
        due = []
        while self._waiting and self._waiting[0][0] <= now:
            due.append(self._waiting.popleft()[1])
        return due

    def _is_whole(self) -> bool:
        # A text is whole at its line end only: "o3" must not be taken for the beginning of "o3 coef".
        if is_text(self._request):
            return is_line(self._request)
        return meaning(self._request).key in self._known

    def _answer(self, now_us: int) -> None:
        request, self._request = self._request, b""
        if not request.strip():
            return
        wanted = meaning(request)
        known = self._known.get(wanted.key)
        if known is None:
            self._tell(f"not in the recording: {wanted.text}")
            return
        exchange = known[0]
        known.rotate(-1)
        start = max(now_us, self._waiting[-1][0] if self._waiting else 0)
        for after_us, data in exchange.replies:
            self._waiting.append((start + after_us, addressed_again(data, exchange.request, request)))
