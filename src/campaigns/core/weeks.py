"""One calendar as stretches of UTC: the weeks of its local days in one zone.

What the law cares about is the wall clock beside the phone, so the question is always asked from
the UTC instant to the local time, which exists once; local to UTC does not (an hour is skipped or
repeated twice a year). Weeks are worked out once per zone and kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaigns.core import public_holidays
from campaigns.core import zones as names_of_zones
from campaigns.core.definition import CallingHours, Span

Stretch = tuple[int, int]  # half-open, in microseconds since the epoch

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
_EPOCH_DAY = EPOCH.toordinal()
_SECOND = 1_000_000
_MINUTE_S, _DAY_S, _WEEK_S = 60, 86_400, 604_800
WEEK = _WEEK_S * _SECOND
# Two changes of one zone's clock within half a day have never happened.
_PROBE_S = _DAY_S // 2


class Calendar:
    """The local days of some calling hours; whose zone they are read in is asked each time.

    Raises ValueError for holidays of a place that is not known: stored by a program that knows
    more places.
    """

    def __init__(self, calling_hours: CallingHours) -> None:
        self._days = calling_hours.days
        self._closed = calling_hours.closed
        self._open = calling_hours.open
        self._holidays = calling_hours.holidays
        for place in self._holidays:
            if not public_holidays.is_known(place):
                raise ValueError(f"no public holidays are known of {place[:20]!r}")
        # Bounded, because a campaign may ring the whole world for a year.
        self.week = lru_cache(maxsize=8192)(self._work_out_week)

    def _work_out_week(self, name: str, week: int) -> tuple[Stretch, ...]:
        """The open stretches of one UTC week (counted from the epoch) in a zone, in order."""
        zone = names_of_zones.load(name)
        if zone is None:  # a place nobody knows has no hours
            return ()
        merged: list[Stretch] = []
        for start_s, end_s, offset in _offsets(zone, week * _WEEK_S):
            # Within one offset the wall clock is a plain shift of UTC.
            first, last = start_s + offset, end_s + offset
            for day in range(first // _DAY_S, (last - 1) // _DAY_S + 1):
                for span in self._spans(date.fromordinal(_EPOCH_DAY + day)):
                    low = max(day * _DAY_S + span.start * _MINUTE_S, first) - offset
                    high = min(day * _DAY_S + span.end * _MINUTE_S, last) - offset
                    if low >= high:
                        continue
                    if merged and merged[-1][1] == low * _SECOND:
                        merged[-1] = (merged[-1][0], high * _SECOND)
                    else:
                        merged.append((low * _SECOND, high * _SECOND))
        return tuple(merged)

    def _spans(self, day: date) -> list[Span]:
        """What one local date says: `open` over `closed` and holidays over the day of the week."""
        if day in self._open:
            spans = self._open[day]
        elif not self._days or self._shut(day):
            spans = ()
        else:
            spans = self._days[day.weekday()]
        return _apart(spans)

    def _shut(self, day: date) -> bool:
        return any(shut.first <= day <= shut.last for shut in self._closed) or any(
            day in public_holidays.of_year(place, day.year) for place in self._holidays
        )


def intersection(ours: tuple[Stretch, ...], theirs: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """What lies in both; each in order and without overlaps."""
    common: list[Stretch] = []
    left, right = 0, 0
    while left < len(ours) and right < len(theirs):
        low = max(ours[left][0], theirs[right][0])
        high = min(ours[left][1], theirs[right][1])
        if low < high:
            common.append((low, high))
        if ours[left][1] < theirs[right][1]:
            left += 1
        else:
            right += 1
    return tuple(common)


def ticks(at: datetime) -> int:
    """An instant as microseconds since the epoch."""
    return (at - EPOCH) // TICK


def instant(count: int) -> datetime:
    """The instant so many microseconds after the epoch."""
    return EPOCH + count * TICK


def _apart(spans: tuple[Span, ...]) -> list[Span]:
    """The same minutes in order, overlaps joined."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if joined and span.start <= joined[-1].end:
            longer = max(joined[-1].end, span.end)
            joined[-1] = Span(start=joined[-1].start, end=longer)
        else:
            joined.append(span)
    return joined


def _offsets(zone: ZoneInfo, start: int) -> Iterator[tuple[int, int, int]]:
    """A UTC week as stretches of one offset each, in seconds."""
    begun, offset = start, _offset(zone, start)
    for probe in range(start + _PROBE_S, start + _WEEK_S + 1, _PROBE_S):
        now = _offset(zone, probe)
        if now == offset:
            continue
        before, after = probe - _PROBE_S, probe
        while after - before > 1:
            middle = (before + after) // 2
            if _offset(zone, middle) == offset:
                before = middle
            else:
                after = middle
        if after < start + _WEEK_S:
            yield begun, after, offset
            begun, offset = after, now
    yield begun, start + _WEEK_S, offset


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    assert offset is not None
    return offset // timedelta(seconds=1)
