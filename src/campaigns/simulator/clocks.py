"""The clocks a simulator may run on, and waiting on a clock that runs fast and jumps.

Everything about calls is stamped in policy time. In a rehearsal that is a map of real time whose
anchors the engine moves, so it is read anew each time and never slept on for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

GLANCE = 0.05
"""Real seconds between two looks at the clock: at 60 times the speed, 3 s of policy time."""


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(kw_only=True)
class MappedClock:
    """Policy time as a map of real time: policy_anchor + (now - real_anchor) * speed.

    `read` gives (real_anchor, policy_anchor, speed) and is called for every reading, on the
    simulator's event loop: it must be cheap, and bounded when its database is away.
    """

    read: Callable[[], tuple[datetime, datetime, float]]
    real: Clock = real_clock
    _last: tuple[datetime, datetime, float] | None = field(default=None, init=False, repr=False)

    def __call__(self) -> datetime:
        try:
            self._last = self.read()
        except Exception:
            # The provider's time does not stop because our database restarts.
            if self._last is None:
                raise
        real_anchor, policy_anchor, speed = self._last
        return policy_anchor + (self.real() - real_anchor) * speed


async def wait_until(clock: Clock, instant: datetime, *, wake: asyncio.Event | None = None) -> None:
    """Return when the clock has reached `instant`, or earlier when `wake` is set."""
    while (left := (instant - clock()).total_seconds()) > 0:
        # A slower clock than real time only makes this look once more.
        pause = min(GLANCE, max(left, 0.001))
        if wake is None:
            await asyncio.sleep(pause)
            continue
        try:
            await asyncio.wait_for(wake.wait(), pause)
        except TimeoutError:
            continue
        return


def stamp(instant: datetime) -> str:
    """An instant as the ledger stores it: UTC, fixed width, so that text sorts as time."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def unstamp(text: str) -> datetime:
    """The instant a ledger row means."""
    return datetime.fromisoformat(text)


def said(instant: datetime | None) -> str | None:
    """An instant as the provider's pages write it: whole seconds with Z."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def heard(text: str) -> datetime:
    """An ISO 8601 instant from a request; without an offset it is UTC. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def seconds(value: float) -> timedelta:
    """Short for a timedelta of so many seconds."""
    return timedelta(seconds=value)
