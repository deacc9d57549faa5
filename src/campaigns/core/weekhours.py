"""`calling_hours` as people write them become spans of minutes for each day.

Hours that could be read two ways are refused: a day named twice, spans that overlap, a night that
runs past midnight. A phone rings at the wrong hour otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from campaigns.core.definition import HOUSE_HOURS, CallingHours, DateRange, Span
from campaigns.core.instants import EDGE_MINUTES
from campaigns.core.public_holidays import place_named
from campaigns.core.reading import Path, Reading, Refused, one_line, text
from campaigns.core.rules import rule_named
from campaigns.core.wall import day, zone_name
from campaigns.core.week_words import DAYS, day_hours

_NAMES = {
    name: index
    for index, names in enumerate(
        (
            ("mon", "monday"),
            ("tue", "tues", "tuesday"),
            ("wed", "wednesday"),
            ("thu", "thur", "thurs", "thursday"),
            ("fri", "friday"),
            ("sat", "saturday"),
            ("sun", "sunday"),
        )
    )
    for name in names
}
_GROUPS = {
    "daily": "mon-sun",
    "everyday": "mon-sun",
    "every day": "mon-sun",
    "all": "mon-sun",
    "days": "mon-fri",
    "weekdays": "mon-fri",
    "weekday": "mon-fri",
    "workdays": "mon-fri",
    "weekend": "sat-sun",
    "weekends": "sat-sun",
}
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_EXPECTED = "hours such as 09:00-12:30, 13:30-19:00"
_FULL_DAY = 24 * 60
_CLOSED: tuple[Span, ...] = ()


def calling_hours(value: Any, reading: Reading, path: Path) -> CallingHours:
    """`always`, or a mapping of days. Unknown keys were refused before."""
    if isinstance(value, str) and value.strip().lower() == "always":
        return CallingHours(always=True)
    section = reading.section(value, path, "`always`")
    if section is None:
        return HOUSE_HOURS
    days = _week(section, reading, path)
    closed = [
        reading.value(item, where, date_range, None)
        for item, where in reading.items(section.get("closed", []), (*path, "closed"))
    ]
    places = [
        reading.value(item, where, place_named, "")
        for item, where in reading.items(section.get("holidays", []), (*path, "holidays"))
    ]
    opened = _opened(section.get("open", {}), reading, (*path, "open"))
    hours = CallingHours(
        timezone=reading.take(section, path, "timezone", _timezone, "contact"),
        days=days,
        closed=tuple(stretch for stretch in closed if stretch is not None),
        open=opened,
        holidays=tuple(dict.fromkeys(place for place in places if place)),
        ambiguous_timezone=reading.take(
            section, path, "ambiguous_timezone", _ambiguous, "intersect"
        ),
        **_rules(section, reading, (*path, "rules")),
    )
    if _only_rules(section):
        return hours.model_copy(update={"days": HOUSE_HOURS.days, "stated": False})
    _agree(hours, section, reading, path)
    return hours


def _rules(section: Mapping[str, Any], reading: Reading, path: Path) -> Mapping[str, Any]:
    """Which rule packs hold; each name as the packs know it."""
    value = section.get("rules", [])
    if isinstance(value, str) and value.strip().lower() == "none":
        return {"rules_off": True}
    named = [
        reading.value(item, where, rule_named, "") for item, where in reading.items(value, path)
    ]
    if "rules" in section and not named:
        hint = "`campaigns rules list` names them; none switches every rule off"
        reading.fault(path, "names of rule packs", got="nothing", hint=hint)
    return {"rules": tuple(dict.fromkeys(filter(None, named)))}


def _only_rules(section: Mapping[str, Any]) -> bool:
    """Whether nothing is said of the hours themselves: those of the house stay."""
    if any(map(is_day_key, section)) or not section:
        return False
    return set(section) <= {"rules", "ambiguous_timezone"}


def is_day_key(key: str) -> bool:
    """Whether a key was meant to name days, rightly or not."""
    words = re.split(r"[\s,–-]+", key.strip().lower())
    return key.strip().lower() in _GROUPS or any(word in _NAMES for word in words)


def days_named(key: str) -> tuple[int, ...]:
    """`sat`, `mon-fri`, `sun-thu`, `mon, wed`: positions in the week, Monday 0."""
    found: list[int] = []
    if key.strip().lower() in _GROUPS:
        raise Refused("days such as mon-fri", hint=f"write {_GROUPS[key.strip().lower()]}")
    for part in key.lower().replace("–", "-").split(","):
        ends = [_NAMES.get(word.strip()) for word in part.split("-")]
        match ends:
            case [int(only)]:
                found.append(only)
            case [int(first), int(last)]:
                found.extend((first + step) % 7 for step in range((last - first) % 7 + 1))
            case _:
                raise Refused("days such as mon-fri, sat, or mon, wed", got=one_line(key))
    return tuple(found)


def spans(value: Any) -> tuple[Span, ...]:
    """`09:00-12:30, 13:30-19:00`, a list of such, or `closed`: in order, none overlapping."""
    written = [text(item) for item in value] if isinstance(value, list | tuple) else [text(value)]
    if written == ["closed"]:
        return ()
    found = sorted(
        (_span(part) for item in written for part in item.split(",")),
        key=lambda span: span.start,
    )
    if not found:
        raise Refused(_EXPECTED, got="nothing")
    for earlier, later in pairwise(found):
        if later.start < earlier.end:
            raise Refused(
                "hours that do not overlap", got=f"{day_hours([earlier])} and {day_hours([later])}"
            )
    return tuple(found)


def date_range(value: Any) -> DateRange:
    """`2026-11-27`, or `2026-12-24/2027-01-01` with both days included."""
    first, slash, last = text(value).partition("/")
    stretch = DateRange(first=day(first), last=day(last if slash else first))
    if stretch.last < stretch.first:
        raise Refused("a first day before the last", hint="write the earlier date first")
    return stretch


def _week(section: Mapping[str, Any], reading: Reading, path: Path) -> tuple[tuple[Span, ...], ...]:
    week: list[tuple[Span, ...]] = [()] * 7
    named: dict[int, str] = {}
    for key, value in section.items():
        if not is_day_key(key):
            continue
        where = (*path, key)
        hours = reading.value(value, where, spans, _CLOSED)
        try:
            these = days_named(key)
        except Refused as refused:
            reading.fault(where, refused.expected, got=refused.got or key, hint=refused.hint)
            these = ()
        for index in these:
            if index in named:
                reading.fault(
                    where,
                    "each day once",
                    got=f"{DAYS[index]} in {one_line(named[index])} and in {one_line(key)}",
                    hint="put all hours of a day on one line: mon: 09:00-12:30, 13:30-19:00",
                )
                break
            named[index] = key
            week[index] = hours
    return tuple(week)


def _opened(value: Any, reading: Reading, path: Path) -> dict[date, tuple[Span, ...]]:
    opened: dict[date, tuple[Span, ...]] = {}
    for key, hours in (reading.section(value, path) or {}).items():
        where = (*path, key)
        if "-" in key and ":" in key:
            hint = "inside { } several hours need quotes: {2026-10-12: '09:00-12:00, 13:00-17:00'}"
            reading.fault(where, "a date such as 2026-10-12", got=one_line(key), hint=hint)
            continue
        on = reading.value(key, where, day, None)
        found = reading.value(hours, where, spans, _CLOSED)
        if on is not None and not found and hours == "closed":
            reading.fault(where, _EXPECTED, got="closed", hint="put the date under `closed`")
        if on is not None:
            opened[on] = found
    return opened


def _agree(hours: CallingHours, section: Mapping[str, Any], reading: Reading, path: Path) -> None:
    """What no single key can be blamed for."""
    if not any(map(is_day_key, section)) and not section.get("open"):
        reading.fault(
            path,
            "the days on which phones may ring",
            got="none",
            hint="add for example mon-fri: 09:00-19:00; a day not named is closed",
        )
    for on in hours.open:
        if any(stretch.first <= on <= stretch.last for stretch in hours.closed):
            reading.fault(
                (*path, "open", on.isoformat()),
                "a date that is not also under `closed`",
                got=on.isoformat(),
                hint="remove it from one of the two",
            )


def _timezone(value: Any) -> str:
    if text(value) == "contact":
        return "contact"
    try:
        return zone_name(value)
    except Refused as refused:
        raise Refused(f"contact, or {refused.expected}", hint=refused.hint) from None


def _ambiguous(value: Any) -> str:
    word = text(value)
    if word in ("intersect", "skip"):
        return word
    try:
        return zone_name(value)
    except Refused as refused:
        raise Refused(f"intersect, skip, or {refused.expected}", hint=refused.hint) from None


def _span(part: str) -> Span:
    ends = [end.strip() for end in part.replace("–", "-").split("-")]
    if len(ends) != 2:
        raise Refused(_EXPECTED)
    start, end = (_minutes(written) for written in ends)
    if start == _FULL_DAY:
        raise Refused("hours that start before 24:00", got=part.strip())
    if end == 0:
        raise Refused(
            "hours that end after they start", got=part.strip(), hint="write 24:00 for the end"
        )
    if end < start:
        hint = f"split at midnight: {ends[0]}-24:00 and, on the next day, 00:00-{ends[1]}"
        raise Refused("hours within one day", got=part.strip(), hint=hint)
    if end == start:
        hint = "00:00-24:00 is the whole day"
        raise Refused("hours that end after they start", got=part.strip(), hint=hint)
    if end - start <= EDGE_MINUTES:
        hint = "a call keeps 60 s from both edges, so none would ever start"
        raise Refused("hours of more than two minutes", got=part.strip(), hint=hint)
    return Span(start=start, end=end)


def _minutes(written: str) -> int:
    found = _TIME.fullmatch(written)
    if found is None:
        raise Refused(_EXPECTED, hint="a time is written 09:00 or 17:30, in 24 hours")
    hour, minute = int(found[1]), int(found[2])
    if minute > 59 or hour * 60 + minute > _FULL_DAY:
        raise Refused("times from 00:00 to 24:00", got=one_line(written))
    return hour * 60 + minute
