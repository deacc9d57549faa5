"""When a phone may ring: open in every zone where it could be, and with time to spare.

What the law cares about is the wall clock beside the phone, so the question is always asked from
the UTC instant to the local time, which exists once; local to UTC does not (an hour is skipped or
repeated twice a year). Weeks are worked out once per set of zones and kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaigns.core import public_holidays
from campaigns.core import zones as names_of_zones
from campaigns.core.definition import CallingHours, Span

YEAR = timedelta(days=366)
"""How far ahead an opening is looked for."""
LOOK_AHEAD = timedelta(days=31)
"""Hours that stay open longer than this are said to close then."""

Stretch = tuple[int, int]  # half-open, in microseconds since the epoch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_TICK = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE_S, _DAY_S, _WEEK_S = 60, 86_400, 604_800
_WEEK = _WEEK_S * _SECOND
# Two changes of one zone's clock within half a day have never happened.
_PROBE_S = _DAY_S // 2


class Hours:
    """The calling hours of one campaign."""

    def __init__(self, calling_hours: CallingHours) -> None:
        self._always = calling_hours.always
        self._only = (
            None
            if calling_hours.timezone == "contact"
            else (names_of_zones.canonical(calling_hours.timezone),)
        )
        self._days = calling_hours.days
        self._closed = calling_hours.closed
        self._open = calling_hours.open
        self._holidays = calling_hours.holidays
        for place in self._holidays:
            if not public_holidays.is_known(place):  # stored by a program that knows more places
                raise ValueError(f"no public holidays are known of {place[:20]!r}")
        # Bounded, because a campaign may ring the whole world for a year.
        self._week_in = lru_cache(maxsize=8192)(self._work_out_week)
        self._week_everywhere = lru_cache(maxsize=8192)(self._intersect_week)

    def is_open(
        self, at: datetime, zones: tuple[str, ...], margin: timedelta = timedelta(0)
    ) -> bool:
        """Whether every zone is open from `margin` before `at` to `margin` after it."""
        if self._always:
            return True
        since, until = _ticks(at - margin), _ticks(at + margin)
        for start, end in self._stretches(zones, since, until):
            if start > since:
                return False
            if until < end:
                return True
        return False

    def next_open(
        self,
        at: datetime,
        zones: tuple[str, ...],
        margin: timedelta = timedelta(0),
        horizon: timedelta = YEAR,
    ) -> datetime | None:
        """The first instant from `at` on where `is_open` holds; None: not within the horizon."""
        if self._always:
            return at.astimezone(UTC)
        now, spare, last = _ticks(at), margin // _TICK, _ticks(at + horizon)
        for start, end in self._stretches(zones, now - spare, last + spare):
            first = max(now, start + spare)
            if first > last:
                return None
            if first + spare < end:
                return _instant(first)
        return None

    def last_open(
        self, before: datetime, zones: tuple[str, ...], margin: timedelta = timedelta(0)
    ) -> tuple[datetime, datetime] | None:
        """The last stretch before an instant in which `is_open` holds; half-open.

        None: there is none within LOOK_AHEAD, or it is never closed.
        """
        if self._always:
            return None
        spare, limit = margin // _TICK, _ticks(before)
        found: Stretch | None = None
        for start, end in self._stretches(zones, _ticks(before - LOOK_AHEAD), limit):
            if start + spare < min(limit, end - spare):
                found = start + spare, end - spare
        return None if found is None else (_instant(found[0]), _instant(found[1]))

    def closes(
        self, at: datetime, zones: tuple[str, ...], margin: timedelta = timedelta(0)
    ) -> datetime:
        """The first instant from `at` on where `is_open` no longer holds; `at` where it is shut.

        Nothing is looked at beyond LOOK_AHEAD: what stays open longer answers that instant.
        """
        limit = at + LOOK_AHEAD
        if self._always:
            return limit.astimezone(UTC)
        now, spare, last = _ticks(at), margin // _TICK, _ticks(limit)
        closing = now
        for start, end in self._stretches(zones, now - spare, last + spare):
            if start > now - spare:
                break
            closing = max(now, min(end - spare, last))
        return _instant(closing)

    def callable_at_all(
        self,
        zones: tuple[str, ...],
        start: datetime,
        end: datetime | None = None,
        margin: timedelta = timedelta(0),
    ) -> bool:
        """Whether there is any open instant from `start` to before `end` (None: within a year)."""
        opening = self.next_open(start, zones, margin, YEAR if end is None else end - start)
        return opening is not None and (end is None or opening < end)

    def _stretches(self, zones: tuple[str, ...], since: int, until: int) -> Iterator[Stretch]:
        """Open stretches from `since` on, cut off there; one that grows over weeks comes again."""
        where = self._only or zones
        if not where:
            return
        run = (since, since)
        for week in range(since // _WEEK, until // _WEEK + 1):
            for start, end in self._week_everywhere(where, week):
                if end <= since:
                    continue
                if start > until:
                    return
                start_here = max(start, since)
                run = (run[0] if start_here == run[1] else start_here, end)
                yield run

    def _intersect_week(self, where: tuple[str, ...], week: int) -> tuple[Stretch, ...]:
        common = self._week_in(where[0], week)
        for name in where[1:]:
            if not common:
                break
            common = _intersection(common, self._week_in(name, week))
        return common

    def _work_out_week(self, name: str, week: int) -> tuple[Stretch, ...]:
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


def _intersection(ours: tuple[Stretch, ...], theirs: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
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


def _ticks(at: datetime) -> int:
    return (at - _EPOCH) // _TICK


def _instant(ticks: int) -> datetime:
    return _EPOCH + ticks * _TICK
