"""When a phone may ring: open in every zone where it could be, and with time to spare.

The hours of the file and those of every rule in force at the phone's jurisdictions must all be
open. A country of which no rule is known is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from campaigns.core import zones as names_of_zones
from campaigns.core.definition import CallingHours, Definition
from campaigns.core.rules import Rules
from campaigns.core.weeks import TICK, WEEK, Calendar, Stretch, instant, intersection, ticks
from campaigns.core.where import Where

YEAR = timedelta(days=366)
"""How far ahead an opening is looked for."""
LOOK_AHEAD = timedelta(days=31)
"""Hours that stay open longer than this are said to close then."""

Weeks = Callable[[int], tuple[Stretch, ...]]
"""The open stretches of each UTC week."""

FILE = "calling_hours"
"""What the hours of the file itself are called beside the keys of rules."""
NO_RULES = "no_rules"
"""Why a country is closed of which no rule is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One calendar in one zone at one instant. `rule`: FILE, NO_RULES, or a rule's key."""

    rule: str
    zone: str
    local: datetime | None
    open: bool


def rules_of(definition: Definition) -> Rules:
    """The rules that hold for a campaign."""
    return Rules.of(definition.purpose, definition.calling_hours)


class Hours:
    """The calling hours of one campaign, and the rules that hold for it."""

    @classmethod
    def of(cls, definition: Definition) -> Hours:
        """Those of a campaign file."""
        return cls(definition.calling_hours, rules_of(definition))

    def __init__(self, calling_hours: CallingHours, rules: Rules | None = None) -> None:
        self._always = calling_hours.always
        self._only = (
            None
            if calling_hours.timezone == "contact"
            else (names_of_zones.canonical(calling_hours.timezone),)
        )
        self._file = Calendar(calling_hours)
        self._rules = None if self._always else rules
        self._laws = lru_cache(maxsize=1024)(self._look_up_laws)
        self._week_everywhere = lru_cache(maxsize=8192)(self._intersect_week)
        self._left_of_week = lru_cache(maxsize=8192)(self._count_week)

    def is_open(self, at: datetime, where: Where, margin: timedelta = timedelta(0)) -> bool:
        """Whether every zone is open from `margin` before `at` to `margin` after it."""
        if self._always:
            return True
        return _covers(partial(self._week_everywhere, where), at, margin)

    def next_open(
        self,
        at: datetime,
        where: Where,
        margin: timedelta = timedelta(0),
        horizon: timedelta = YEAR,
    ) -> datetime | None:
        """The first instant from `at` on where `is_open` holds; None: not within the horizon."""
        if self._always:
            return at.astimezone(UTC)
        now, spare, last = ticks(at), margin // TICK, ticks(at + horizon)
        for start, end in self._stretches(where, now - spare, last + spare):
            first = max(now, start + spare)
            if first > last:
                return None
            if first + spare < end:
                return instant(first)
        return None

    def last_open(
        self, before: datetime, where: Where, margin: timedelta = timedelta(0)
    ) -> tuple[datetime, datetime] | None:
        """The last stretch before an instant in which `is_open` holds; half-open.

        None: there is none within LOOK_AHEAD, or it is never closed.
        """
        if self._always:
            return None
        spare, limit = margin // TICK, ticks(before)
        found: Stretch | None = None
        for start, end in self._stretches(where, ticks(before - LOOK_AHEAD), limit):
            if start + spare < min(limit, end - spare):
                found = start + spare, end - spare
        return None if found is None else (instant(found[0]), instant(found[1]))

    def closes(self, at: datetime, where: Where, margin: timedelta = timedelta(0)) -> datetime:
        """The first instant from `at` on where `is_open` no longer holds; `at` where it is shut.

        Nothing is looked at beyond LOOK_AHEAD: what stays open longer answers that instant.
        """
        limit = at + LOOK_AHEAD
        if self._always:
            return limit.astimezone(UTC)
        now, spare, last = ticks(at), margin // TICK, ticks(limit)
        closing = now
        for start, end in self._stretches(where, now - spare, last + spare):
            if start > now - spare:
                break
            closing = max(now, min(end - spare, last))
        return instant(closing)

    def looks(self, at: datetime, where: Where, margin: timedelta = timedelta(0)) -> Sequence[Look]:
        """Every calendar in every zone that has a say, as it is at `at`: for a person to read."""
        if self._always:
            return ()
        asked = [(FILE, self._file, self._only or where.zones)]
        laws = self._laws(where.places)
        asked += [(key, one, where.zones) for key, one in laws or ()]
        found = [
            Look(
                rule=key,
                zone=name,
                local=_wall(at, name),
                open=_covers(partial(one.week, name), at, margin),
            )
            for key, one, zones in asked
            for name in zones or ("",)
        ]
        if laws is None:
            found.append(Look(rule=NO_RULES, zone="", local=None, open=False))
        return found

    def time_left(
        self,
        at: datetime,
        where: Where,
        until: datetime,
        margin: timedelta = timedelta(0),
    ) -> timedelta:
        """How much of the time from `at` to before `until` `is_open` holds."""
        if until <= at:
            return timedelta(0)
        if self._always:
            return until - at
        since, end, spare = ticks(at), ticks(until), margin // TICK
        week, last = since // WEEK, end // WEEK
        if week == last:
            return self._count(where, since, end, spare) * TICK
        whole = sum(self._left_of_week(where, one, spare) for one in range(week + 1, last))
        begun = self._count(where, since, (week + 1) * WEEK, spare)
        return (begun + whole + self._count(where, last * WEEK, end, spare)) * TICK

    def _count_week(self, where: Where, week: int, spare: int) -> int:
        return self._count(where, week * WEEK, (week + 1) * WEEK, spare)

    def _count(self, where: Where, since: int, until: int, spare: int) -> int:
        # A stretch comes again where it grows over weeks: its longest end counts.
        found = dict(self._stretches(where, since - spare, until + spare))
        return sum(
            max(0, min(end - spare, until) - (start + spare)) for start, end in found.items()
        )

    def _stretches(self, where: Where, since: int, until: int) -> Iterator[Stretch]:
        return _runs(partial(self._week_everywhere, where), since, until)

    def _intersect_week(self, where: Where, week: int) -> tuple[Stretch, ...]:
        laws = self._laws(where.places)
        own = self._only or where.zones
        if laws is None or not own or (laws and not where.zones):
            return ()  # whoever cannot tell where the phone is lets nobody ring it
        common = self._file.week(own[0], week)
        others = [(self._file, own[1:]), *((one, where.zones) for _, one in laws)]
        for calendar, zones in others:
            for name in zones:
                if not common:
                    return ()
                common = intersection(common, calendar.week(name, week))
        return common

    def _look_up_laws(self, places: tuple[str, ...]) -> tuple[tuple[str, Calendar], ...] | None:
        """The calendars of the rules in force; None: nothing is known of the place."""
        if self._rules is None or not places:  # of an earlier version: the gate knows the number
            return ()
        if not self._rules.covered(places):
            return None
        return tuple(
            (rule.key, _calendar_of(rule.key, rule.hours))
            for rule in self._rules.in_force(places)
            if rule.hours is not None
        )


_OF_RULES: dict[str, Calendar] = {}
"""Rules never change while a program runs, and all campaigns share their weeks."""


def _calendar_of(key: str, hours: CallingHours) -> Calendar:
    if key not in _OF_RULES:
        _OF_RULES[key] = Calendar(hours)
    return _OF_RULES[key]


def _runs(weeks: Weeks, since: int, until: int) -> Iterator[Stretch]:
    """Open stretches from `since` on, cut off there; one that grows over weeks comes again."""
    run = (since, since)
    for week in range(since // WEEK, until // WEEK + 1):
        for start, end in weeks(week):
            if end <= since:
                continue
            if start > until:
                return
            start_here = max(start, since)
            run = (run[0] if start_here == run[1] else start_here, end)
            yield run


def _covers(weeks: Weeks, at: datetime, margin: timedelta) -> bool:
    """Whether it is open from `margin` before `at` to `margin` after it."""
    since, until = ticks(at - margin), ticks(at + margin)
    return any(start <= since and until < end for start, end in _runs(weeks, since, until))


def _wall(at: datetime, name: str) -> datetime | None:
    zone = names_of_zones.load(name)
    return None if zone is None else at.astimezone(zone)
