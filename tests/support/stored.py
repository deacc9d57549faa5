"""Rows for tests of the Store port: an account, a campaign, its tasks, an intent, in a few words.

Instants are given by hand, because no query of the store reads a clock but `now`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from campaigns.core.calls import Limit
from campaigns.core.definition import Schedule
from campaigns.core.lifecycle import AttemptState, CampaignState, Outcome
from campaigns.core.outcomes import Source
from campaigns.core.records import (
    AttemptRow,
    Claim,
    NewAttempt,
    NewContact,
    NewEvent,
    NewTask,
    TaskRow,
)
from campaigns.core.where import Where
from campaigns.store import schema
from campaigns.store.database import Database, SqlTransaction
from tests.support.engine import FROM, NEW_YORK, definition

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
W = timedelta(seconds=60)


def at(seconds: float) -> datetime:
    """So many seconds after T0."""
    return T0 + timedelta(seconds=seconds)


def person(n: int, *, number: int | None = None, **changes: object) -> NewContact:
    """Contact number n, due at T0; `number` where it shares another's phone."""
    task = {name: changes.pop(name) for name in sorted(_OF_ITS_TASK & changes.keys())}
    values: dict[str, object] = {
        "key": f"k{n}",
        "e164": f"+1617555{n if number is None else number:04d}",
        "where": Where(NEW_YORK),
        "zone_source": "number",
        "settings": {},
        "fields": {"name": f"Person {n}"},
        "line": n + 2,
        "tasks": (NewTask(**{"due_at": T0, **task}),),  # type: ignore[arg-type]  # a test helper
    }
    return NewContact(**{**values, **changes})  # type: ignore[arg-type]  # a test helper


_OF_ITS_TASK = {"due_at", "deadline_at", "outcome", "reason"}


class Stored:
    """A migrated database with one account."""

    def __init__(self, database: Database, *, slots: int = 3) -> None:
        self.store = database
        self._ids = itertools.count(1)
        limits = {
            kind: schema.LimitOf(count=slots, window=W) for kind in (Limit.START, Limit.STATUS)
        }
        self.account = schema.ensure_account(
            database, "default", limits=limits, spacing=timedelta(seconds=1)
        )

    @contextmanager
    def tx(self) -> Iterator[SqlTransaction]:
        """One transaction that writes."""
        with self.store.write() as tx:
            yield tx

    def loading(self, name: str = "one", *, account: int | None = None) -> int:
        """A campaign that is still loading."""
        with self.tx() as tx:
            campaign = tx.create_campaign(
                name=name,
                account_id=account or self.account,
                digest="d1",
                start_at=None,
                end_at=None,
                token="t1",
                until=at(60),
                at=T0,
                definition=definition(name=name, schedule=Schedule(start=T0)),
                header=("key", "name"),
                source="people.csv",
            )
        assert campaign is not None
        return campaign

    def load(self, campaign: int, people: Sequence[NewContact]) -> Sequence[tuple[NewContact, int]]:
        """Contacts with their tasks."""
        with self.tx() as tx:
            phones = tx.phone_ids(one.e164 for one in people)
            return tx.load(
                campaign_id=campaign,
                account_id=tx.campaign(campaign).account_id,
                contacts=people,
                phones=phones,
                ripe_by=T0,
            )

    def campaign(
        self, people: Sequence[NewContact] | int = 1, name: str = "one", **more: int
    ) -> int:
        """A running campaign with these people."""
        campaign = self.loading(name, **more)
        self.load(campaign, [person(n) for n in range(people)] if type(people) is int else people)  # type: ignore[arg-type]
        self.change(campaign, CampaignState.RUNNING)
        return campaign

    def change(self, campaign: int, state: CampaignState) -> None:
        """Whatever it was before."""
        with self.tx() as tx:
            assert tx.change_campaign(campaign, CampaignState, state=state.value)

    def task(self, task_id: int) -> TaskRow:
        with self.tx() as tx:
            task = tx.task(task_id)
        assert task is not None
        return task

    def claim(self, campaign: int, *, limit: int = 1, until: datetime | None = None) -> Claim:
        """The first claim among `limit` tasks of the campaign's lanes."""
        with self.tx() as tx:
            lane = tx.heads(campaign)[0].lane_id
            tx.ripen([lane], at=at(0), limit=99)
            lease = until or at(30)
            for again in (False, True):
                claims = tx.claim(lane, again=again, at=at(0), until=lease, limit=limit)
                if claims:
                    return claims[0]
        raise AssertionError("nobody waits")

    def intent(
        self, claim: Claim | None, *, phone: int | None = None, when: datetime = T0
    ) -> AttemptRow:
        """An attempt for a claimed task, or a try-out call to a phone."""
        id = f"attempt-{next(self._ids)}"
        with self.tx() as tx:
            task = tx.task(claim.task_id) if claim else None
            if claim is not None:
                assert tx.dialled(claim.task_id, claim.claim, from_number=FROM)
            tx.insert_attempt(
                NewAttempt(
                    id=id,
                    task_id=task.id if task else None,
                    campaign_id=task.campaign_id if task else None,
                    account_id=task.account_id if task else self.account,
                    phone_id=task.phone_id if task else phone or 1,
                    version=1 if task else None,
                    attempt_no=1,
                    snapshot={"max_duration_s": 600, "from_number": FROM, "agent_id": "a"},
                    intent_at=when,
                    settle_at=when + timedelta(seconds=19),
                    release_at=when + timedelta(minutes=16),
                    give_up_at=when + timedelta(hours=24),
                    check_at=when + timedelta(seconds=39),
                )
            )
            row = tx.attempt(id)
        assert row is not None
        return row

    def calling(self, campaign: int, *, when: datetime = T0) -> AttemptRow:
        """Claim the next task and write its intent."""
        return self.intent(self.claim(campaign), when=when)

    def becomes(self, attempt: AttemptRow, state: AttemptState, **values: object) -> None:
        """The attempt, from whatever it is, as the database remembers it."""
        with self.tx() as tx:
            now = tx.attempt(attempt.id)
            assert now is not None
            assert tx.change_attempt(attempt.id, now.state, state=state, **values)

    def done(self, task_id: int, outcome: Outcome) -> None:
        """End a task."""
        with self.tx() as tx:
            assert tx.end_task(tx.lock_task(task_id), outcome, "test", at(1))


def said(attempt: str, digest: str, status: str | None = "ringing", **changes: object) -> NewEvent:
    """A webhook's event."""
    values: dict[str, object] = {
        "attempt_id": attempt,
        "source": Source.WEBHOOK,
        "digest": digest,
        "status": status,
        "word": status or "?",
        "call_id": None,
        "duration_s": None,
        "body": "{}",
    }
    return NewEvent(**{**values, **changes})  # type: ignore[arg-type]  # a test helper
