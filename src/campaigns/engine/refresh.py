"""A list is read again when its cron says so, and taken as if a person had submitted it.

A list that is missing, half written, too old or beyond a guard is refused: the book stays what it
is, the refusal is kept where `show` and `status` find it, and the same firing is tried for an hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from campaigns.core.contacts import Entry
from campaigns.core.definition import Definition
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.core.runs import Origin, next_refresh
from campaigns.engine.parts import Parts
from campaigns.engine.submission import AGAIN, Busy, Submission
from campaigns.engine.submit import submit
from campaigns.errors import DefinitionError, InputError, WorldError
from campaigns.ports import FreshList

log = structlog.get_logger(__name__)

TRIED_FOR = timedelta(hours=1)
SETTLED = timedelta(seconds=10)
"""A file that was written to less long ago may still be written to. Real time, as its age is."""
_PROLONGED_EVERY = 20.0
"""Seconds of this process after which its claim on the list is prolonged."""
WHO = "refresh"
_REFRESHED = (
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.WAITING_FOR_APPROVAL,
    CampaignState.FINISHED,
    CampaignState.RECONCILING,
)
_LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class _Firing:
    row: CampaignRow
    definition: Definition
    origin: Origin
    since: datetime


def refresh(campaign_id: int, parts: Parts) -> None:
    """Read the list of one campaign, if that is due and nobody else is at it."""
    firing = _claim(campaign_id, parts)
    if firing is None:
        return
    try:
        fresh = parts.lists(firing.definition, firing.origin)
        _right_age(fresh, firing.definition, parts)
        submit(_submission(firing, fresh, parts), parts, who=WHO)
    except Busy:
        return  # a person was first: it is looked at again in a minute
    except InputError as error:
        _refused(firing, _sentence(error), parts)
    else:
        _taken(firing, parts)


def _claim(campaign_id: int, parts: Parts) -> _Firing | None:
    with parts.store.write() as tx:
        row = tx.lock_campaign(campaign_id)
        now = tx.now()
        if row.state not in _REFRESHED or row.refresh_at is None or row.refresh_at > now.policy:
            return None
        if parts.policy.leased_only and row.id not in tx.leased(now.real):
            return None
        definition, _ = tx.definition(row.id, row.version)
        origin = tx.origin(row.id, row.version)
        if origin is None:
            return None
        since = row.refresh_since or row.refresh_at
        tx.change_campaign(
            row.id, _REFRESHED, refresh_at=now.policy + now.mechanical(AGAIN), refresh_since=since
        )
        return _Firing(row=row, definition=definition, origin=origin, since=since)


def _right_age(fresh: FreshList, definition: Definition, parts: Parts) -> None:
    """Raises InputError for a file that is too old, or that somebody may be writing to."""
    age = parts.store.policy_now().real - fresh.written_at
    oldest = definition.contacts.max_age
    if oldest is not None and age > oldest:
        hours = age // timedelta(hours=1)
        raise InputError(f"{fresh.name} was last written {hours:,} hours ago, beyond max_age")
    if timedelta(0) <= age < SETTLED and not parts.policy.rehearsal:
        raise InputError(f"{fresh.name} was written to a moment ago: it may not be whole yet")


def _submission(firing: _Firing, fresh: FreshList, parts: Parts) -> Submission:
    return Submission(
        definition=firing.definition,
        digest=fresh.digest,
        header=fresh.header,
        source=fresh.name,
        entries=_Steady(fresh, firing.row.id, parts),
        origin=firing.origin,
        follows=firing.row.version,
    )


class _Steady:
    """Entries of a list as often as they are asked for, as long as this process goes on.

    A long one is ours as long as it is read: nobody else begins to read it.
    """

    def __init__(self, fresh: FreshList, campaign_id: int, parts: Parts) -> None:
        self._fresh, self._id, self._parts = fresh, campaign_id, parts
        self._told_at = parts.clock.monotonic() - _PROLONGED_EVERY  # opening it took its time

    def __iter__(self) -> Iterator[Entry]:
        for number, entry in enumerate(self._fresh.entries):
            if number % 100 == 0:
                if self._parts.stopping():
                    raise WorldError("this process is ending: another one reads the list")
                self._prolong()
            yield entry

    def _prolong(self) -> None:
        now = self._parts.clock.monotonic()
        if now - self._told_at < _PROLONGED_EVERY:
            return
        self._told_at = now
        with self._parts.store.write() as tx:
            row = tx.lock_campaign(self._id)
            at = tx.now()
            if row.refresh_at is not None and row.refresh_at > at.policy:
                until = at.policy + at.mechanical(AGAIN)
                tx.change_campaign(self._id, _REFRESHED, refresh_at=max(row.refresh_at, until))


def _taken(firing: _Firing, parts: Parts) -> None:
    with parts.store.write() as tx:
        tx.lock_campaign(firing.row.id)
        at = tx.now().policy
        tx.change_campaign(
            firing.row.id,
            _REFRESHED,
            refresh_at=next_refresh(firing.definition, at),
            refresh_since=None,
            refresh_why=None,
            refreshed_at=at,
        )


def _refused(firing: _Firing, why: str, parts: Parts) -> None:
    with parts.store.write() as tx:
        row = tx.lock_campaign(firing.row.id)
        now = tx.now()
        over = now.policy - firing.since >= TRIED_FOR
        after = next_refresh(firing.definition, now.policy) if over else now.policy + AGAIN
        tx.change_campaign(
            row.id,
            _REFRESHED,
            refresh_at=after,
            refresh_since=None if over else firing.since,
            refresh_why=why,
        )
        news = over or firing.row.refresh_since is None
        if news:
            tx.audit(who=WHO, what="refresh_refused", at=now.policy, campaign_id=row.id, why=why)
    if news:  # sixty lines of one refusal say no more than two
        log.warning("refresh_refused", campaign=firing.row.name, why=why, given_up=over)


def _sentence(error: InputError) -> str:
    """What is kept and logged: without what a fault says of the list's own words."""
    faults = error.faults if isinstance(error, DefinitionError) else ()
    said = str(error)
    if faults:
        said = str(replace(faults[0], hint="", got="" if faults[0].quotes else faults[0].got))
    more = len(faults) - 1
    text = f"{said} (and {more:,} more)" if more > 0 else said
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
