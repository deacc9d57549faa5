"""How the provider may count requests: pure policies, asked with the instant of arrival.

Its pages name limits and not the way of counting, so there are four, the strictest first. A
refused request is not counted by any of them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)


class Kind(StrEnum):
    """The endpoints that share one count."""

    START = "start"
    VOICE_START = "voice_start"
    STATUS = "status"
    SESSIONS = "sessions"
    OTHER = "other"


LIMITS: dict[Kind, int] = {
    Kind.START: 10,
    Kind.VOICE_START: 30,
    Kind.STATUS: 60,
    Kind.SESSIONS: 30,
    Kind.OTHER: 120,
}
"""Requests per window and API key, as the provider's pages say."""


class Counting(StrEnum):
    """Ways of counting."""

    SLIDING = "sliding"  # a log over ANY window, its both ends included
    FIXED = "fixed"  # calendar windows
    BUCKET = "bucket"  # leaky, holds `limit`, drains `limit` per window
    BUCKET1 = "bucket1"  # leaky, holds one: even spacing


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """Counted. `remaining` more would pass now; all is forgotten at `reset_at`."""

    remaining: int
    reset_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Not counted; the next may pass after `retry_after`."""

    retry_after: timedelta
    reset_at: datetime


class Policy(Protocol):
    """One count, of one key and kind."""

    def hit(self, at: datetime) -> Granted | Refused:
        """Count a request that arrives now, or refuse it."""
        ...


class SlidingLog:
    """No more than `limit` in any closed window: the strictest reading of "per minute"."""

    def __init__(self, limit: int, window: timedelta = MINUTE) -> None:
        self._limit, self._window = limit, window
        self._log: deque[datetime] = deque()

    def hit(self, at: datetime) -> Granted | Refused:
        if self._log:
            # A clock that steps back must not make room.
            at = max(at, self._log[-1])
        while self._log and self._log[0] < at - self._window:
            self._log.popleft()
        if len(self._log) < self._limit:
            self._log.append(at)
            return Granted(
                remaining=self._limit - len(self._log), reset_at=self._log[0] + self._window
            )
        opens = (self._log[0] if self._log else at) + self._window + _INSTANT
        return Refused(retry_after=opens - at, reset_at=opens)


class FixedWindow:
    """No more than `limit` per calendar window: up to twice that in 60 s."""

    def __init__(self, limit: int, window: timedelta = MINUTE) -> None:
        self._limit, self._window = limit, window
        self._number, self._count = -1, 0

    def hit(self, at: datetime) -> Granted | Refused:
        number = max((at - _EPOCH) // self._window, self._number)
        if number != self._number:
            self._number, self._count = number, 0
        ends = _EPOCH + (number + 1) * self._window
        if self._count < self._limit:
            self._count += 1
            return Granted(remaining=self._limit - self._count, reset_at=ends)
        return Refused(retry_after=max(ends - at, _INSTANT), reset_at=ends)


class LeakyBucket:
    """Holds `capacity`, drains `limit` per window; kept as the instant at which it is empty."""

    def __init__(self, limit: int, window: timedelta = MINUTE, *, capacity: int) -> None:
        self._capacity, self._window = capacity, window
        self._drip = window / limit if limit else None
        self._empty_at: datetime | None = None

    def hit(self, at: datetime) -> Granted | Refused:
        if self._drip is None:
            return Refused(retry_after=self._window, reset_at=at + self._window)
        empty_at = max(at, self._empty_at or at)
        opens = empty_at - (self._capacity - 1) * self._drip
        if at < opens:
            return Refused(retry_after=opens - at, reset_at=empty_at)
        self._empty_at = empty_at + self._drip
        level = -((at - self._empty_at) // self._drip)
        return Granted(remaining=max(0, self._capacity - level), reset_at=self._empty_at)


def policy(counting: Counting, limit: int, window: timedelta = MINUTE) -> Policy:
    """A fresh count of that kind."""
    match counting:
        case Counting.SLIDING:
            return SlidingLog(limit, window)
        case Counting.FIXED:
            return FixedWindow(limit, window)
        case Counting.BUCKET:
            return LeakyBucket(limit, window, capacity=max(limit, 1))
        case Counting.BUCKET1:
            return LeakyBucket(limit, window, capacity=1)


class Limiter:
    """The counts of all keys and kinds."""

    def __init__(self, counting: Counting, limits: dict[Kind, int], window: timedelta) -> None:
        self._counting, self._limits, self._window = counting, limits, window
        self._policies: dict[tuple[str, Kind], Policy] = {}

    def limit(self, kind: Kind) -> int:
        """How many of this kind per window."""
        return self._limits[kind]

    def hit(self, key: str, kind: Kind, at: datetime) -> Granted | Refused:
        """Count a request of a key, or refuse it."""
        found = self._policies.get((key, kind))
        if found is None:
            found = policy(self._counting, self._limits[kind], self._window)
            self._policies[key, kind] = found
        return found.hit(at)
