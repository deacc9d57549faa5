"""How much a request may ask of us: bytes, seconds, and events about one call.

The provider hangs up after 5 seconds and sends again, so reading and storing together stay below
that; whatever is refused here comes back, or is found out by polling.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The bounds of the webhook door.

    `waiting` events may be on their way into the database at once; `per_call` events about one
    call are taken per minute: a call has about six, so more means that its address leaked.
    """

    body_bytes: int = 64 * 1024
    body_seconds: float = 2.0
    store_seconds: float = 2.5
    waiting: int = 2_000
    per_call: int = 60


class Quota:
    """Counts events per call and minute, in bounded memory. Used by the event loop alone."""

    def __init__(self, per_minute: int, *, remembered: int = 10_000) -> None:
        self._per_minute = per_minute
        self._remembered = remembered
        self._minutes: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allows(self, call: str, at: float) -> bool:
        """Whether one more event about `call` may be taken at the monotonic instant `at`."""
        began, count = self._minutes.pop(call, (at, 0))
        if at - began >= 60:
            began, count = at, 0
        self._minutes[call] = (began, count + 1)
        if len(self._minutes) > self._remembered:
            self._minutes.popitem(last=False)
        return count < self._per_minute
