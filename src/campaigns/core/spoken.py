"""A date or time as a cell writes it, and as a person says it on the phone.

Only ISO forms are read: `3/4/2026` is a day in March here and in April there, and an agent that
names the wrong day is worse than a row that waits for its correction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from campaigns.core import zones
from campaigns.core.languages import LANGUAGES, USUAL, Language

_ISO = re.compile(
    r"(?:(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T](?=[0-9])|$))?"
    r"(?:(?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?: ?(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_WEEK = 7
"""Days ahead from which on a weekday alone could be two days."""
FORMS = "2026-03-10 14:00, 2026-03-10T14:00-05:00, 2026-03-10 or 14:00"


class Unreadable(ValueError):
    """The text is no date or time that can be read one way only; says why, not what it was."""

    column = ""
    """Where it was read from, when whoever raised it knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """What a cell says: a date, a time, or both, and the offset it was written with."""

    date: date | None
    time: time | None
    offset: timezone | None

    def instant(self, zone: str | None) -> datetime:
        """The UTC instant; a date alone is its first minute, `zone` is for texts without offset."""
        if self.date is None:
            raise Unreadable("a time without a date")
        wall = datetime.combine(self.date, self.time or time())
        if self.offset is not None:
            return wall.replace(tzinfo=self.offset).astimezone(UTC)
        place = zones.load(zone) if zone else None
        if place is None:
            raise Unreadable("a date without a zone: write its offset, or set schedule.timezone")
        return wall.replace(tzinfo=place).astimezone(UTC)


def read(text: str) -> Moment:
    """The moment in a text of one of FORMS."""
    found = _ISO.fullmatch(text.strip())
    if not found or not (found["date"] or found["time"]):
        raise Unreadable(f"not a date or time that can be read, such as {FORMS}")
    if found["offset"] and not found["date"]:
        raise Unreadable("a time with an offset but without a date")
    offset = _offset(found["offset"]) if found["offset"] else None
    if (found["time"] or "").startswith("24"):
        # Newer Pythons read 24:00 as the start of the SAME day: a day early.
        raise Unreadable("24:00 on this day: write 00:00 of the next")
    try:
        return Moment(
            date=date.fromisoformat(found["date"]) if found["date"] else None,
            time=time.fromisoformat(found["time"]) if found["time"] else None,
            offset=offset,
        )
    except ValueError:
        raise Unreadable("no such day or time in the calendar") from None


class Written(str):
    """A cell whose moment was read already, by a format and a zone of its own."""

    __slots__ = ("moment", "zone")

    moment: Moment
    zone: str | None

    @classmethod
    def of(cls, text: str, moment: Moment, zone: str | None) -> Written:
        """The same text, with its moment and the zone of its wall clock."""
        made = cls(text)
        made.moment, made.zone = moment, zone
        return made


def say(
    text: str, zone: str | None, *, locale: str = USUAL, relative_to: datetime | None = None
) -> str:
    """`Tuesday, March 10 at 2 PM`, on the wall clock that the text was written by.

    A date-time must have such a clock: its offset, else `zone`. In the hour that a zone skips in
    spring there is nothing to say. `relative_to`: what is near that instant is said as people do,
    `tomorrow at 2 PM`.
    """
    if locale not in LANGUAGES:
        raise Unreadable(f"not a language that can be spoken: {', '.join(LANGUAGES)}")
    language = LANGUAGES[locale]
    moment, zone = (text.moment, text.zone) if isinstance(text, Written) else (read(text), zone)
    if moment.date and moment.time and moment.offset is None:
        instant = moment.instant(zone)
        place = zones.load(zone) if zone else None
        if instant.astimezone(place).time() != moment.time:
            raise Unreadable("a time that does not exist: the clocks go forward over it that day")
    if moment.date is None:
        return "" if moment.time is None else language.clock(moment.time)
    day = language.said(moment.date)
    if relative_to is not None:
        day = _near(moment, zone, relative_to, language) or day
    return day if moment.time is None else day + language.at(moment.time)


def _near(moment: Moment, zone: str | None, now: datetime, language: Language) -> str | None:
    """Today, tomorrow or the weekday, on the moment's own calendar; None: too far."""
    place = moment.offset or (zones.load(zone) if zone else None)
    if place is None:
        raise Unreadable("a date without a zone: write its offset, or set schedule.timezone")
    assert moment.date is not None
    days = (moment.date - now.astimezone(place).date()).days
    if days in (0, 1):
        return (language.today, language.tomorrow)[days]
    return f"{language.on}{language.weekday(moment.date)}" if 1 < days < _WEEK else None


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if minutes > 59 or hours > 14:
        raise Unreadable("an offset that no zone has")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
