"""What a list of arrivals says about a limit: pure figures, computed from the ledger.

Each answers for one way in which a provider may count, so that a run is judged by all of them and
not only by the one that was switched on. Arrivals need not be sorted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def max_in_sliding(arrivals: Iterable[datetime], window: timedelta = _MINUTE) -> int:
    """The most arrivals in any closed window: exactly `window` apart still counts as inside."""
    inside: deque[datetime] = deque()
    most = 0
    for at in sorted(arrivals):
        inside.append(at)
        while inside[0] < at - window:
            inside.popleft()
        most = max(most, len(inside))
    return most


def max_per_calendar_minute(arrivals: Iterable[datetime]) -> int:
    """The most arrivals in one minute of the clock."""
    minutes = Counter((at - _EPOCH) // _MINUTE for at in arrivals)
    return max(minutes.values(), default=0)


def max_by_bucket(arrivals: Iterable[datetime], limit: int, window: timedelta = _MINUTE) -> float:
    """The highest level of a bucket that drains `limit` per window.

    A bucket of capacity C would have refused something exactly when this is over C.
    """
    drip = window / limit
    empty_at: datetime | None = None
    highest = 0.0
    for at in sorted(arrivals):
        empty_at = max(at, empty_at or at) + drip
        highest = max(highest, (empty_at - at) / drip)
    return highest


def utilisation(
    arrivals: Sequence[datetime], limit: int, window: timedelta = _MINUTE
) -> float | None:
    """The share of the limit that was used, 1.0 where not one start more was possible.

    Compares each arrival with the one `limit` before it, which can be no nearer than a window.
    So the burst at the start and the tail at the end do not blur the figure, and it cannot pass
    1.0 while the limit holds. None below two rounds of the limit.
    """
    ordered = sorted(arrivals)
    if limit < 1 or len(ordered) < 2 * limit:
        return None
    later = len(ordered) - limit
    waited = sum((ordered[i + limit] - ordered[i] for i in range(later)), start=timedelta(0))
    return later * window / waited if waited else None


def overlapping(spans: Iterable[tuple[str, datetime, datetime | None]]) -> int:
    """How many calls to a number began while an earlier call to it was alive.

    A span is (number, began, ended); one that never ends overlaps all that follow.
    """
    alive_until: dict[str, datetime] = {}
    count = 0
    for number, began, ended in sorted(spans, key=lambda span: span[1]):
        until = alive_until.get(number)
        if until is not None and began < until:
            count += 1
        ends = ended or datetime.max.replace(tzinfo=UTC)
        alive_until[number] = max(until or ends, ends)
    return count
