"""Distances from an appointment: `-2d at 17:30`, `-3h`, `-1d2h`, `+2h`, and where they land.

Days and weeks are counted on the calendar of the anchor's clock, so that two days before a visit
at 9:00 is 9:00 also when the clocks change in between; hours, minutes and seconds pass.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from campaigns.core import durations
from campaigns.core.definition import Offset
from campaigns.core.durations import NotADuration
from campaigns.core.reading import Refused, text

FORMS = "-2d at 17:30, -3h or +2h"
FURTHEST = timedelta(days=366)

_WRITTEN = re.compile(
    r"(?P<sign>[+-]) ?(?P<days>(?:[0-9]{1,4}w)? ?(?:[0-9]{1,4}d)?) ?(?P<elapsed>[0-9][0-9hms ]*)?"
    r"(?:(?:^| )at (?P<at>[0-9]{1,2}:[0-9]{2}))?"
)
_CLOCK = re.compile(r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})")


def read(value: Any) -> Offset:
    """The rule for a signed distance in a campaign file."""
    written = " ".join(text(value).split())
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise Refused(f"a distance from the anchor such as {FORMS}", hint=_meant(written))
    sign = -1 if found["sign"] == "-" else 1
    try:
        days = durations.parse(found["days"]) if found["days"] else None
        elapsed = durations.parse(found["elapsed"]) if found["elapsed"] else None
    except NotADuration as wrong:
        raise Refused(f"a distance from the anchor such as {FORMS}", hint=wrong.hint) from None
    if days is None and elapsed is None:
        raise Refused(f"a distance from the anchor such as {FORMS}")
    if found["at"] is not None and (days is None or elapsed is not None):
        raise Refused(
            "whole days before a time of day",
            hint="write for example -2d at 17:30; -0d at 08:00 is the day itself",
        )
    total = (days or timedelta(0)) + (elapsed or timedelta(0))
    if total > FURTHEST:
        raise Refused("a distance of at most 366d")
    return Offset(
        days=sign * (days or timedelta(0)).days,
        at=None if found["at"] is None else _minutes(found["at"]),
        elapsed=sign * (elapsed or timedelta(0)),
    )


def land(offset: Offset, anchor: datetime, place: tzinfo) -> datetime:
    """The instant, in UTC, that lies this far from `anchor` on the calendar of `place`.

    A wall time that a clock change skips is the first instant after the gap; of one that happens
    twice the first is taken.
    """
    instant = anchor.astimezone(UTC)
    if offset.days or offset.at is not None:
        wall = anchor.astimezone(place).replace(tzinfo=None) + timedelta(days=offset.days)
        if offset.at is not None:
            hour, minute = divmod(offset.at, 60)
            wall = wall.replace(hour=hour, minute=minute, second=0, microsecond=0)
        instant = first_instant(wall, place)
    return instant + offset.elapsed


def first_instant(wall: datetime, place: tzinfo) -> datetime:
    """The first UTC instant at which a clock in `place` shows `wall`, or has jumped over it."""
    early = wall.replace(tzinfo=place, fold=0)
    late = wall.replace(tzinfo=place, fold=1)
    before, after = early.utcoffset(), late.utcoffset()
    assert before is not None
    assert after is not None
    if after <= before:
        return early.astimezone(UTC)
    # Skipped: the clock jumped after `low`, and at `high` at the latest.
    low = late.astimezone(UTC).replace(microsecond=0)
    seconds = 0, int((after - before).total_seconds()) + 1
    while seconds[1] - seconds[0] > 1:
        middle = sum(seconds) // 2
        there = (low + timedelta(seconds=middle)).astimezone(place).utcoffset()
        seconds = (middle, seconds[1]) if there == before else (seconds[0], middle)
    return low + timedelta(seconds=seconds[1])


def certainly_not_before(one: Offset, other: Offset) -> bool:
    """Whether `one` never lands before `other`, clock changes aside."""
    if one.at is not None and other.at is not None:
        return (one.days, one.at) >= (other.days, other.at)
    return _span(one)[0] >= _span(other)[1]


def _span(offset: Offset) -> tuple[timedelta, timedelta]:
    """The least and the most that it is, by the time of day of the anchor."""
    days = timedelta(days=offset.days)
    if offset.at is None:
        return days + offset.elapsed, days + offset.elapsed
    at = timedelta(minutes=offset.at)
    return days + at - timedelta(days=1), days + at


def _minutes(clock: str) -> int:
    found = _CLOCK.fullmatch(clock)
    assert found is not None
    hour, minute = int(found["hour"]), int(found["minute"])
    if hour > 23 or minute > 59:
        raise Refused("a time of day from 00:00 to 23:59", got=clock)
    return hour * 60 + minute


def _meant(written: str) -> str:
    if _WRITTEN.fullmatch(f"-{written}"):
        return f"give it a sign: -{written} before the anchor, +{written} after it"
    if _CLOCK.fullmatch(written.removeprefix("at ")):
        clock = written.removeprefix("at ")
        return f"say which day: -1d at {clock} is the day before, -0d at {clock} the day itself"
    return ""
