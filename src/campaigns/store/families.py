"""Queries on dial tasks that share a call: who may join one, and who has a part in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, select, update

from campaigns.core.lifecycle import TaskEvent, TaskState, advance_task
from campaigns.core.records import AttemptRow, TaskRow
from campaigns.store.base import Queries
from campaigns.store.calls import tasks_of_attempt
from campaigns.store.tables import attempt_member, dial_task
from campaigns.store.tasks import task_row

_KIN = 500
"""Rows of one number that are looked at for one call: a list that has more has a fault."""


class FamilyQueries(Queries):
    """Dial tasks of one call."""

    def lock_family(self, task: TaskRow) -> Sequence[TaskRow]:
        """A task, and the undialled ones of its campaign, number and touch, under their locks.

        Looked for first and locked then, in the order of ids: what changed between is as it is now.
        """
        near = select(dial_task.c.id).where(
            dial_task.c.phone_id == task.phone_id,
            dial_task.c.campaign_id == task.campaign_id,
            dial_task.c.touch == task.touch,
            dial_task.c.state.in_((TaskState.WAITING.value, TaskState.CLAIMED.value)),
            dial_task.c.stopped.is_(None),
        )
        ids = {*self.connection.execute(near.order_by(dial_task.c.id).limit(_KIN)).scalars()}
        return self._lock_in_order(dial_task.c.id.in_(sorted({task.id, *ids})))

    def lock_called(self, attempt: AttemptRow) -> Sequence[TaskRow]:
        """The tasks that an attempt is made for, under their locks; none for a try-out call."""
        return self._lock_in_order(dial_task.c.id.in_(tasks_of_attempt(attempt.id)))

    def called(self, attempt: AttemptRow) -> Sequence[TaskRow]:
        """The same, not locked."""
        query = select(dial_task).where(dial_task.c.id.in_(tasks_of_attempt(attempt.id)))
        rows = self.connection.execute(query.order_by(dial_task.c.id)).mappings()
        return [task_row(row) for row in rows]

    def numbered(self, attempt: AttemptRow) -> Mapping[int, int]:
        """The number that an attempt has for each of its tasks: theirs differ where rows share."""
        query = select(attempt_member.c.task_id, attempt_member.c.attempt_no)
        rows = self.connection.execute(query.where(attempt_member.c.attempt_id == attempt.id))
        own = {} if attempt.task_id is None else {attempt.task_id: attempt.attempt_no}
        return {**own, **{row.task_id: row.attempt_no for row in rows}}

    def _lock_in_order(self, where: ColumnElement[bool]) -> Sequence[TaskRow]:
        query = self.locked(select(dial_task).where(where).order_by(dial_task.c.id))
        return [task_row(row) for row in self.connection.execute(query).mappings()]

    def joined(self, task: TaskRow, *, from_number: str) -> bool:
        """waiting or claimed → calling: the intent that is being written is for it too."""
        done = self.connection.execute(
            update(dial_task)
            .where(dial_task.c.id == task.id, dial_task.c.state == task.state.value)
            .values(
                state=advance_task(task.state, TaskEvent.JOINED).value,
                attempts=dial_task.c.attempts + 1,
                from_number=from_number,
                claim_until=None,
                wait_reason=None,
            )
        )
        return done.rowcount == 1
