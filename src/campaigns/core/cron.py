"""Cron expressions of five fields: the instants at which they fire on one zone's wall clock.

Each wall time fires once. A time that the clocks go forward over fires as they do, one that comes
twice fires the first time: croniter itself fires `30 1 * * *` twice in the autumn night.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, CroniterError, croniter

from campaigns.core import zones
from campaigns.core.reading import Refused, one_line, text

GRACE = timedelta(hours=1)
"""How late a firing still counts: what was missed by more waits for the next one."""
_PLAIN = r"[0-9*,/\-]"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_WEEKDAYS = "sun|mon|tue|wed|thu|fri|sat"
_FIELDS = tuple(
    re.compile(field, re.IGNORECASE)
    for field in (
        rf"{_PLAIN}+",
        rf"{_PLAIN}+",
        r"(?:l|[0-9*/\-]+)(?:,(?:l|[0-9*/\-]+))*",
        rf"(?:{_PLAIN}|{_MONTHS})+",
        rf"(?:{_PLAIN}|{_WEEKDAYS})+",
    )
)
"""What may stand in each field. Of croniter's own letters only `L`, the last day of a month, and
not in a range: `R` and `H` fire at another time whenever they are read, `28-L` in the month that
they are asked in."""
_EXPECTED = "a cron of five fields: minute hour day month weekday"
_EXAMPLE = 'such as "30 2 * * *" (2:30 every night)'
_YEARS = 8
"""Two leap years lie at most this far apart: what does not fire within them never does."""
_SHIFT = timedelta(hours=26)
"""More than any clock was ever put forward or back (Samoa left out a whole day)."""
_SHORTEST = timedelta(minutes=5)


def expression(value: Any) -> str:
    """A cron of five fields that fires some day, with one space between them."""
    written = " ".join(text(value).split())
    fields = written.split(" ")
    if len(fields) != 5:
        got = f"{len(fields)} field{'' if len(fields) == 1 else 's'}: {one_line(written)}"
        raise Refused(_EXPECTED, got=got, hint=_EXAMPLE)
    if not all(allowed.fullmatch(field) for allowed, field in zip(_FIELDS, fields, strict=True)):
        raise Refused(_EXPECTED, hint=_EXAMPLE)
    try:
        first = next(_walls(written, datetime(2024, 1, 1)), None)  # noqa: DTZ001  # a wall clock
    except (CroniterError, ValueError, KeyError, TypeError) as wrong:
        why = one_line(str(wrong)) if isinstance(wrong, CroniterError) else ""
        raise Refused("a cron of five fields", hint=why or _EXAMPLE) from None
    if first is None:
        raise Refused("a cron that fires", hint="no year has such a day")
    return written


def refresh(value: Any) -> str:
    """The same for reading a list again: at most every five minutes."""
    written = expression(value)
    walls = list(islice(_walls(written, datetime(2024, 1, 1)), 300))  # noqa: DTZ001  # a wall clock
    if any(later - wall < _SHORTEST for wall, later in pairwise(walls)):
        raise Refused("a cron whose firings are five minutes apart or more")
    return written


def next_firing(written: str, zone: str, after: datetime) -> datetime | None:
    """The first instant (UTC) after `after` at which it fires; None where there is none."""
    place = zones.load(zone)
    assert place is not None, zone
    local = after.astimezone(place).replace(tzinfo=None)
    for wall in _walls(written, local - _SHIFT):
        at = _instant(wall, place)
        if at > after:
            return at
    return None


def _walls(written: str, after: datetime) -> Iterator[datetime]:
    """Naive wall times after one of them."""
    cron = croniter(written, after, max_years_between_matches=_YEARS)
    while True:
        try:
            yield cron.get_next(datetime)
        except CroniterBadDateError:
            return


def _instant(wall: datetime, place: ZoneInfo) -> datetime:
    """When this wall shows: the first time where it does so twice; in a gap, as the gap ends."""
    first = wall.replace(tzinfo=place)
    at = first.astimezone(UTC)
    shown = at.astimezone(place).replace(tzinfo=None)
    if shown == wall:
        return at
    # A gap: `fold=0` reads the wall by the offset before it, so `at` lies behind the change.
    low, high = at - _SHIFT, at
    offset = high.astimezone(place).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(place).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)
