"""Limits on a virtual clock where people come in fractions: a quarter of a call uses a quarter.

Instants are whole microseconds since the epoch, because a forecast compares millions of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush

DUST = 1e-9
"""Less of a person than this is nobody: what sums of fractions leave over."""
NEVER = 1 << 62

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def ticks(at: datetime) -> int:
    """An instant in microseconds since the epoch."""
    return (at - _EPOCH) // _TICK


def length(span: timedelta) -> int:
    """A duration in microseconds."""
    return span // _TICK


def instant(at: int) -> datetime:
    """The instant of so many microseconds since the epoch."""
    return _EPOCH + at * _TICK


class Rate:
    """`spacing` microseconds from one start to the next, and after a part of one the same part."""

    def __init__(self, spacing: float, clear: int = 0) -> None:
        self._spacing, self._clear = spacing, clear

    def free_at(self, now: int) -> int:
        """The first instant from `now` on at which anything may leave."""
        return max(now, self._clear)

    def take(self, now: int, part: float) -> None:
        """So much leaves now."""
        self._clear = now + round(self._spacing * part)


class Ceiling:
    """At most `most` at once, each for `hold` microseconds. `busy`: when those in use come back.

    `rough`: an even flow of as many, which holds over a step of several and not within it.
    """

    def __init__(
        self, most: float, hold: int, *, busy: Iterable[int] = (), rough: bool = False
    ) -> None:
        self._most, self._hold = most, hold
        self._flow = Rate(hold / most) if rough else None
        self._taken = [] if rough else [(until, 1.0) for until in busy]
        heapify(self._taken)
        self._used = float(len(self._taken))

    def free_at(self, now: int, wanted: float) -> int:
        """The first instant from `now` on at which so much may leave."""
        if self._flow is not None:
            return self._flow.free_at(now)
        taken = self._taken
        while taken and taken[0][0] <= now:
            self._used -= heappop(taken)[1]
        over = self._used + min(wanted, self._most) - self._most
        if over <= DUST:
            return now
        for until, part in sorted(taken):
            over -= part
            if over <= DUST:
                return until
        return NEVER

    def take(self, now: int, part: float) -> None:
        """So much leaves now."""
        if self._flow is not None:
            self._flow.take(now, part)
            return
        self._used += part
        heappush(self._taken, (now + self._hold, part))


class Purse:
    """What may be spent in a day; a new day begins with a full one.

    `price`: what a call costs on average; 0 where nobody knows. `ends`: an instant → when the day
    that it lies in does.
    """

    def __init__(
        self,
        *,
        calls: float | None,
        cost: float | None,
        price: float,
        ends: Callable[[datetime], datetime],
    ) -> None:
        most = [calls] if calls is not None else []
        if cost is not None and price > 0:
            most.append(cost / price)
        self._most = min(most, default=None)
        self._day_ends = ends
        self._spent, self.ends = 0.0, 0
        self._empty: list[tuple[int, int]] = []

    def room(self, now: int) -> float:
        """How many calls are left of the day's."""
        if self._most is None:
            return float("inf")
        if now >= self.ends:
            self._spent = 0.0
            self.ends = ticks(self._day_ends(instant(now)))
        left = self._most - self._spent
        if left <= DUST and (not self._empty or self._empty[-1][1] != self.ends):
            self._empty.append((now, self.ends))
        return left

    def take(self, part: float) -> None:
        """So many calls."""
        self._spent += part

    def empty_between(self, since: int, until: int) -> bool:
        """Whether it was empty at any time in between."""
        return any(begin < until and since < end for begin, end in self._empty)
