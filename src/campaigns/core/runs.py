"""Runs: a campaign with a cron calls everybody once at each firing.

The book always holds the tasks of one run. When they are done those of the next are made, due at
its firing, so that a list which changes meanwhile changes them as it does any others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from campaigns.core.anchor import occasion as occasion_of
from campaigns.core.cron import GRACE, next_firing
from campaigns.core.definition import Definition, Schedule
from campaigns.core.where import Where

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run. `begun`: its calls go out; before that nothing leaves."""

    at: datetime
    begun: bool

    @property
    def occasion(self) -> str:
        """What its dial tasks are known by."""
        return occasion_of(self.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a version was read, so that its list can be read again.

    `path`: of the campaign file. `document`: its digest without the list, as hex. `filled`: what
    was typed beside it.
    """

    path: str
    document: str
    filled: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A contact on the list, as far as the next run needs it. `time_at`: not before."""

    contact_id: int
    phone_id: int
    where: Where
    time_at: datetime | None


def current(schedule: Schedule, run: str, run_at: datetime | None, now: datetime) -> Run | None:
    """The run that a contact on the list belongs to now; None: there is none, or no more.

    `run`, `run_at`: what the campaign had until now. A run that has begun goes on also where the
    schedule has no cron any more: nobody is called a second time because a key was removed.
    """
    if run and run_at is None:
        return Run(at=_read(run), begun=True)
    if schedule.cron is None:
        return Run(at=_read(run), begun=True) if run else None
    if run_at is not None and run_at <= now:
        return Run(at=run_at, begun=False)
    return following(schedule, now)


def following(schedule: Schedule, after: datetime) -> Run | None:
    """The first run that fires after an instant; None: none does before the end."""
    if schedule.cron is None or schedule.timezone is None:
        return None
    if schedule.start is not None:
        after = max(after, schedule.start - _INSTANT)
    at = next_firing(schedule.cron, schedule.timezone, after)
    if at is None or (schedule.end is not None and at >= schedule.end):
        return None
    return Run(at=at, begun=False)


def next_after(schedule: Schedule, run: str, now: datetime) -> Run | None:
    """The run after one that is done. A firing that came meanwhile counts while it is fresh."""
    return following(schedule, max(_read(run), now - GRACE - _INSTANT))


def over(schedule: Schedule, run: str, occasion: str) -> bool:
    """Whether a dial task is of a run that is over: nothing brings its calls back.

    `run`: the campaign's now. One that goes by appointments has none, whatever it was before.
    """
    return run != "" and schedule.anchor is None and occasion != run


def next_refresh(definition: Definition, after: datetime) -> datetime | None:
    """When the list of a campaign is read again next; None: never, or not before its end."""
    schedule, cron = definition.schedule, definition.contacts.refresh
    if cron is None or schedule.timezone is None:
        return None
    at = next_firing(cron, schedule.timezone, after)
    return None if at is not None and schedule.end is not None and at >= schedule.end else at


def missed(at: datetime, now: datetime) -> bool:
    """Whether a firing is too long ago to begin now."""
    return now - at > GRACE


def _read(run: str) -> datetime:
    return datetime.fromisoformat(run).astimezone(UTC)
