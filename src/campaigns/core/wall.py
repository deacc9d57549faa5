"""A date-time in a campaign file becomes one UTC instant, or the reason why it is none or two.

Twice a year a wall clock skips an hour or repeats one; a campaign that starts an hour off calls
people at the wrong time, so both are refused with the text that says what was meant.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.core import spoken, zones
from campaigns.core.reading import Refused, text
from campaigns.core.spoken import Moment, Unreadable

_EXPECTED = "a date and a time such as 2026-03-09T09:00"
_FIRST_YEAR, _LAST_YEAR = 2000, 2199


def zone_name(value: Any) -> str:
    """An IANA name, as it is called today."""
    name = text(value)
    if zones.load(name) is None:
        meant = zones.suggestion(name)
        raise Refused(
            "an IANA zone such as America/New_York",
            hint=f"did you mean {meant}?" if meant else "",
        )
    return zones.canonical(name)


def instant(value: Any, zone: str | None, *, zone_is_wrong: bool = False) -> datetime:
    """The UTC instant of a date-time with an offset, or on the wall clock of `zone`.

    `zone_is_wrong` says that the zone has its own fault, so that none is asked for again.
    """
    written = text(value)
    moment = _read(written, _EXPECTED)
    if moment.date is None or moment.time is None:
        missing = "time" if moment.time is None else "date"
        raise Refused(_EXPECTED, hint=f"add the {missing}")
    _sensible(moment.date)
    naive = datetime.combine(moment.date, moment.time)
    if moment.offset is not None:
        return naive.replace(tzinfo=moment.offset).astimezone(UTC)
    place = zones.load(zone) if zone else None
    if place is None or zone is None:
        if zone_is_wrong:
            return naive.replace(tzinfo=UTC)
        raise Refused(
            "a date-time whose zone is known",
            hint="set schedule.timezone, or write an offset such as 2026-03-09T09:00-05:00",
        )
    return _on_the_wall(naive, place, zone)


def day(value: Any) -> date:
    """One date such as 2026-11-27."""
    moment = _read(text(value), "a date such as 2026-11-27")
    if moment.date is None or moment.time is not None:
        raise Refused("a date such as 2026-11-27")
    return _sensible(moment.date)


def _read(written: str, expected: str) -> Moment:
    if re.search("[T ]24:", written):  # newer Pythons read it as 00:00 of the same day
        raise Refused(expected, hint="write 00:00 of the next day")
    try:
        return spoken.read(written)
    except Unreadable as unreadable:
        reason = str(unreadable)
        hint = "" if reason.startswith("not a date") else reason
        raise Refused(expected, hint=hint) from None


def _sensible(found: date) -> date:
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Refused(f"a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return found


def _on_the_wall(naive: datetime, place: ZoneInfo, zone: str) -> datetime:
    first = naive.replace(tzinfo=place)
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    landed = first.astimezone(UTC).astimezone(place).replace(tzinfo=None)
    if landed != naive:
        raise Refused(
            f"a time that exists in {zone}",
            hint=f"the clocks go forward over it that day: write {_text(landed)}",
        )
    early, late = (f"{_text(naive)}{_offset(one.utcoffset())}" for one in (first, second))
    raise Refused(
        f"a time that happens once in {zone}",
        hint=f"the clocks go back over it that day: write {early} or {late}",
    )


def _text(naive: datetime) -> str:
    return naive.isoformat(timespec="seconds" if naive.second else "minutes")


def _offset(offset: timedelta | None) -> str:
    minutes = (offset or timedelta()) // timedelta(minutes=1)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
