"""Reads on one number: every call to it, in all campaigns, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from campaigns.core import where
from campaigns.core.caps import Frequency, frequency, next_allowed
from campaigns.core.definition import Definition
from campaigns.core.figures import LaneGroup
from campaigns.core.hours import rules_of
from campaigns.core.instants import Now
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.report import Situation
from campaigns.core.suppression import SuppressionLine
from campaigns.core.whom import (
    CapUsed,
    NumberRules,
    Resting,
    Whom,
    WhomTask,
    comes_next,
    resting,
    used,
)
from campaigns.store.base import key_of
from campaigns.store.reads_calls import CallReads
from campaigns.store.reads_campaigns import CampaignReads
from campaigns.store.tables import contact, dial_task

NEWEST = 200
"""Dial tasks, and calls, that are told of one number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Campaign:
    """A campaign that has the number, and what decides there when something leaves."""

    name: str
    source: str
    definition: Definition
    situation: Situation
    unwanted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Past:
    """What was done to the number, for caps and rests."""

    at: datetime
    intents: Sequence[datetime]
    talked_at: datetime | None
    busy_until: datetime | None


class WhomReads(CallReads, CampaignReads):
    """One number."""

    def whom(self, number: str) -> Whom:
        """Everything about a number in E.164. It is found by its index, and kept nowhere."""
        now = self.tx.now()
        phone_id = self.tx.phone_of(number)
        if phone_id is None:
            free = used(frequency((), ()), (), now.policy)
            return Whom(at=now.policy, to_number=number, known=False, caps=free)
        query = (
            select(
                dial_task,
                *(contact.c.key, contact.c.zones, contact.c.gone_at),
                *(contact.c.source, contact.c.source_line),
            )
            .join(contact, contact.c.id == dial_task.c.contact_id)
            .where(dial_task.c.phone_id == phone_id)
            .order_by(dial_task.c.id.desc())
            .limit(NEWEST + 1)
        )
        tasks = self.connection.execute(query).all()
        calls = self.calls_to(phone_id, limit=NEWEST + 1)
        known = {id: self._where(id, phone_id, now) for id in {row.campaign_id for row in tasks}}
        often = [(known[row.campaign_id], _often(row, known[row.campaign_id])) for row in tasks]
        longest = max([frequency((), ()).longest, *(of.longest for _, of in often)])
        past = _Past(
            at=now.policy,
            intents=self.tx.recent_intents(phone_id, now.policy - longest),
            talked_at=self.tx.talked_at(phone_id),
            busy_until=self.tx.busy_until(phone_id, now.policy),
        )
        still = [
            pair
            for row, pair in zip(tasks, often, strict=True)
            if TaskState(row.state) is not TaskState.DONE
        ]
        return Whom(
            at=now.policy,
            to_number=number,
            known=True,
            suppressed=tuple(self.tx.lists_of(phone_id)),
            caps=_caps(still, past),
            resting=_resting(still, past),
            busy_until=past.busy_until,
            tasks=tuple(
                _task(row, of, frequency_, past)
                for row, (of, frequency_) in list(zip(tasks, often, strict=True))[:NEWEST]
            ),
            calls=tuple(calls[:NEWEST]),
            more=len(tasks) > NEWEST or len(calls) > NEWEST,
        )

    def lists_of(self, number: str) -> Sequence[SuppressionLine]:
        """The do-not-call lists that a number is on."""
        phone_id = self.tx.phone_of(number)
        return () if phone_id is None else self.tx.lists_of(phone_id)

    def _where(self, campaign_id: int, phone_id: int, now: Now) -> _Campaign:
        row = self.tx.campaign(campaign_id)
        definition, _ = self.tx.definition(row.id, row.version)
        return _Campaign(
            name=row.name,
            source=self.tx.source_of(row.id, row.version),
            definition=definition,
            situation=self.situation(row, definition, now),
            unwanted=self.tx.suppressed(phone_id, row.id),
        )


def _often(row: Row[Any], of: _Campaign) -> Frequency:
    """What bounds how often the number is rung for one of its contacts."""
    rules = rules_of(of.definition).in_force(where.read(row.zones).places)
    return frequency(of.definition.caps, rules)


def _caps(often: Iterable[tuple[_Campaign, Frequency]], past: _Past) -> tuple[CapUsed, ...]:
    """Each cap that holds, once, with the campaigns in which it does."""
    found: dict[CapUsed, list[str]] = {}
    for of, bounds in often:
        for cap in used(bounds, past.intents, past.at):
            names = found.setdefault(cap, [])
            names += [] if of.name in names else [of.name]
    if not found:
        return used(frequency((), ()), past.intents, past.at)
    return tuple(replace(cap, campaigns=tuple(names)) for cap, names in found.items())


def _resting(often: Iterable[tuple[_Campaign, Frequency]], past: _Past) -> tuple[Resting, ...]:
    found: dict[Resting, list[str]] = {}
    for of, bounds in often:
        rest = resting(bounds, past.talked_at, past.at)
        if rest is not None and of.name not in found.setdefault(rest, []):
            found[rest].append(of.name)
    return tuple(replace(rest, campaigns=tuple(names)) for rest, names in found.items())


def _task(row: Row[Any], of: _Campaign, often: Frequency, past: _Past) -> WhomTask:
    state = TaskState(row.state)
    next_at, why = None, None
    if state is TaskState.WAITING:
        group = LaneGroup(
            where=where.read(row.zones),
            reason=row.wait_reason,
            eligible=row.eligible_at <= past.at,
            count=1,
            first=row.eligible_at,
            last=row.eligible_at,
        )
        full = next_allowed(often.limits, past.intents, past.at)
        rest = resting(often, past.talked_at, past.at)
        rules = NumberRules(
            unwanted=of.unwanted,
            cap_until=full[1] if full else None,
            rest_until=rest.until if rest else None,
            busy_until=past.busy_until,
        )
        found = comes_next(group, of.situation, rules)
        next_at, why = found.next_at, row.stopped or found.reason
    return WhomTask(
        campaign=of.name,
        campaign_state=of.situation.state,
        key=key_of(row.key, row.contact_id),
        touch=row.touch,
        state=state,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        reason=row.reason,
        attempts=row.attempts,
        due_at=row.due_at,
        next_at=next_at,
        why=why,
        source_file=row.source or of.source,
        source_line=row.source_line,
        withdrawn=row.gone_at is not None,
    )
