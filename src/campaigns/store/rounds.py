"""Queries of rounds: who was called in a first, who was not reached and is called in another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select, update

from campaigns.core.lifecycle import RANG_NOBODY, AttemptState, TaskEvent, TaskState, advance_task
from campaigns.core.rounds import Met, Unreached
from campaigns.store.base import Queries
from campaigns.store.calls import TAKING_PART
from campaigns.store.place import PLACE
from campaigns.store.tables import attempt, contact, dial_task, phone, suppression

_ENDED = [one.value for one in Unreached]
_NOBODY = [state.value for state in RANG_NOBODY]
_MAY_HAVE_TALKED = (
    *(AttemptState.DIALING, AttemptState.ACCEPTED, AttemptState.RINGING, AttemptState.IN_PROGRESS),
    *(AttemptState.COMPLETED, AttemptState.UNKNOWN, AttemptState.UNRESOLVED),
)


class RoundQueries(Queries):
    """A new round of a campaign, whose lock is held by whoever writes."""

    def tried(self, campaign_id: int, since: datetime | None) -> Collection[int]:
        """Contacts that calls since then may have rung, whoever led them; None: since ever."""
        query = (
            select(dial_task.c.contact_id)
            .join(TAKING_PART, TAKING_PART.c.task_id == dial_task.c.id)
            .join(attempt, attempt.c.id == TAKING_PART.c.attempt_id)
            .where(attempt.c.campaign_id == campaign_id, attempt.c.state.not_in(_NOBODY))
        )
        if since is not None:
            query = query.where(attempt.c.intent_at >= since)
        # Not DISTINCT: with it SQLite would read every attempt there is.
        return set(self.connection.execute(query).scalars())

    def met(self, campaign_id: int, *, after: int, limit: int) -> Sequence[Met]:
        """Contacts by id, after an id, and what keeps each of them from another call."""
        unwanted = or_(
            exists().where(suppression.c.phone_id == contact.c.phone_id),
            exists().where(phone.c.id == contact.c.phone_id, phone.c.e164.is_(None)),
        ).label("unwanted")
        query = (
            select(contact.c.id, contact.c.occasion, contact.c.gone_at, contact.c.held, unwanted)
            .where(contact.c.campaign_id == campaign_id, contact.c.id > after)
            .order_by(contact.c.id)
            .limit(limit)
        )
        return [
            Met(
                contact_id=row.id,
                occasion=row.occasion,
                gone=row.gone_at is not None,
                held=row.held,
                unwanted=bool(row.unwanted),
            )
            for row in self.connection.execute(query)
        ]

    def may_have_talked(self, contact_ids: Collection[int]) -> Collection[int]:
        """Dial tasks of these contacts with a call that was answered, or that nobody can tell."""
        query = (
            select(TAKING_PART.c.task_id)
            .join(attempt, attempt.c.id == TAKING_PART.c.attempt_id)
            .join(dial_task, dial_task.c.id == TAKING_PART.c.task_id)
            .where(
                dial_task.c.contact_id.in_(list(contact_ids)),
                or_(attempt.c.open, attempt.c.state.in_([one.value for one in _MAY_HAVE_TALKED])),
            )
        )
        return set(self.connection.execute(query).scalars())

    def lock_tasks_of(self, contact_ids: Collection[int]) -> None:
        """Nothing is folded into these contacts' dial tasks until this transaction ends."""
        self.lock_tasks(dial_task.c.contact_id.in_(list(contact_ids)))

    def redial(self, task_ids: Collection[int], at: datetime) -> int:
        """done → waiting for another round from `at` on, with its attempts counted anew; how many.

        Its number is that of its contact, which may have another by now.
        """
        done = self.connection.execute(
            update(dial_task)
            .where(
                dial_task.c.id.in_(list(task_ids)),
                dial_task.c.state == TaskState.DONE.value,
                dial_task.c.outcome.in_(_ENDED),
            )
            .values(
                **PLACE,
                state=advance_task(TaskState.DONE, TaskEvent.REDIALLED).value,
                spent=dial_task.c.attempts,
                outcome=None,
                reason=None,
                ended_at=None,
                retry_at=at,
                eligible_at=at,
                wait_reason="retry",
            )
        )
        return done.rowcount
