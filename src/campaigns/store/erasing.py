"""Queries that take a person out of the database and leave what counts and what protects."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from campaigns.core.lifecycle import TERMINAL, Outcome, TaskState
from campaigns.core.records import ERASED, Erased
from campaigns.store.base import Queries
from campaigns.store.tables import attempt, contact, dial_task, event, phone

_PERSONAL = ("context",)
"""What an attempt was told about the person; the rest of its snapshot is about the call."""


class ErasingQueries(Queries):
    """Erasing."""

    def phone_of(self, number: str) -> int | None:
        """The phone of a number, where it is known or was."""
        query = select(phone.c.id).where(phone.c.number_index == self.number_index(number))
        return self.connection.execute(query).scalar_one_or_none()

    def erase(self, phone_id: int, at: datetime) -> Erased:
        """Everything personal about a number, whose lock is held, is written over.

        Its outcomes stay, under no name. Its index stays: it finds the suppression, nothing else.
        """
        ended = self._end(phone_id, at)
        calls = self._forget_calls(phone_id)
        contacts = self.connection.execute(
            update(contact).where(contact.c.phone_id == phone_id).values(key=None, fields={})
        ).rowcount
        self.connection.execute(update(phone).where(phone.c.id == phone_id).values(e164=None))
        return Erased(contacts=contacts, calls=calls, ended=ended)

    def _end(self, phone_id: int, at: datetime) -> int:
        """End every task that is not done, also one whose call is still in doubt."""
        ids = self.lock_tasks(
            dial_task.c.phone_id == phone_id, dial_task.c.state != TaskState.DONE.value
        )
        self.connection.execute(
            update(dial_task)
            .where(dial_task.c.id.in_(ids))
            .values(
                state=TaskState.DONE.value,
                outcome=Outcome.SUPPRESSED.value,
                reason="erased",
                ended_at=at,
                wait_reason=None,
                claim_until=None,
            )
        )
        return len(ids)

    def _forget_calls(self, phone_id: int) -> int:
        query = (
            select(attempt.c.id, attempt.c.state, attempt.c.snapshot)
            .where(attempt.c.phone_id == phone_id)
            .order_by(attempt.c.id)
        )
        calls = self.connection.execute(self.locked(query)).all()
        ended = [state.value for state in TERMINAL]
        for call in calls:
            kept = {name: value for name, value in call.snapshot.items() if name not in _PERSONAL}
            values = {"check_at": None} if call.state in ended else {}  # nothing is fetched again
            self.connection.execute(
                update(attempt)
                .where(attempt.c.id == call.id)
                .values(
                    snapshot={**kept, ERASED: True},
                    answer_detail=None,
                    enriched={},
                    recording_id=None,
                    **values,
                )
            )
        ids = [call.id for call in calls]
        self.connection.execute(update(event).where(event.c.attempt_id.in_(ids)).values(body=""))
        return len(calls)
