"""Queries on dial tasks. Every change of state names the state it expects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Update, bindparam, case, exists, select, update

from campaigns.core import where
from campaigns.core.lifecycle import (
    CampaignState,
    Outcome,
    TaskEvent,
    TaskState,
    advance_task,
)
from campaigns.core.records import LaneHead, TaskRow
from campaigns.store.base import Queries
from campaigns.store.place import PLACE
from campaigns.store.tables import campaign, dial_task, lane

_WAITING = dial_task.c.state == TaskState.WAITING.value
_HEAD = (
    select(dial_task.c.eligible_at)
    .where(dial_task.c.lane_id == lane.c.id, _WAITING)
    .order_by(dial_task.c.eligible_at, dial_task.c.id)
    .limit(1)
    .scalar_subquery()
)
_HEADS = select(lane.c.id, lane.c.zones, _HEAD.label("head")).where(
    lane.c.campaign_id == bindparam("campaign")
)
"""Asked in every heartbeat, like those below: built once."""
_STOPPED = (
    select(dial_task.c.id)
    .where(_WAITING, dial_task.c.stopped.is_not(None))
    .limit(bindparam("most"))
)
_GOING = (
    CampaignState.RUNNING.value,
    CampaignState.PAUSED.value,
    CampaignState.WAITING_FOR_APPROVAL.value,
)
_LATE = (
    select(dial_task.c.id)
    .join(campaign, campaign.c.id == dial_task.c.campaign_id)
    .where(
        _WAITING,
        dial_task.c.deadline_at <= bindparam("at"),
        campaign.c.state.in_(_GOING),
    )
    .limit(bindparam("most"))
)
_CANCELLED = select(campaign.c.id).where(
    campaign.c.state == CampaignState.CANCELLED.value,
    exists().where(dial_task.c.campaign_id == campaign.c.id, _WAITING),
)


class TaskQueries(Queries):
    """Dial tasks."""

    def heads(self, campaign_id: int) -> Sequence[LaneHead]:
        """The first waiting task of each lane: one index probe per lane."""
        return [
            LaneHead(
                lane_id=row.id,
                campaign_id=campaign_id,
                where=where.read(row.zones),
                head=row.head,
            )
            for row in self.connection.execute(_HEADS, {"campaign": campaign_id})
            if row.head is not None
        ]

    def task(self, task_id: int) -> TaskRow | None:
        """One dial task, not locked."""
        query = select(dial_task).where(dial_task.c.id == task_id)
        row = self.connection.execute(query).mappings().one_or_none()
        return None if row is None else task_row(row)

    def lock_task(self, task_id: int) -> TaskRow:
        """One dial task under its lock."""
        query = self.locked(select(dial_task).where(dial_task.c.id == task_id))
        return task_row(self.connection.execute(query).mappings().one())

    def give_back(self, task_id: int, claim: int, *, eligible_at: datetime, reason: str) -> bool:
        """claimed → waiting, unspent."""
        return self._moved(
            _from(task_id, TaskState.CLAIMED, TaskEvent.GIVEN_BACK)
            .where(dial_task.c.claim == claim)
            .values(eligible_at=eligible_at, wait_reason=reason, claim_until=None)
        )

    def dialled(self, task_id: int, claim: int, *, from_number: str) -> bool:
        """claimed → calling: the intent is being written."""
        return self._moved(
            _from(task_id, TaskState.CLAIMED, TaskEvent.DIALLED)
            .where(dial_task.c.claim == claim)
            .values(
                attempts=dial_task.c.attempts + 1,
                from_number=from_number,
                claim_until=None,
                wait_reason=None,
            )
        )

    def returned(self, task_id: int, *, eligible_at: datetime, reason: str) -> bool:
        """calling → waiting: nobody was rung and nobody is to blame here; unspent."""
        return self._moved(
            _from(task_id, TaskState.CALLING, TaskEvent.RETURNED).values(
                attempts=dial_task.c.attempts - 1, eligible_at=eligible_at, wait_reason=reason
            )
        )

    def retry_set(self, task_id: int, *, at: datetime) -> bool:
        """calling → waiting for another attempt."""
        return self._moved(
            _from(task_id, TaskState.CALLING, TaskEvent.RETRY_SET).values(
                retry_at=at, eligible_at=at, wait_reason="retry"
            )
        )

    def recount(self, task_id: int, *, contact_refused: bool) -> None:
        """A call that was refunded rang after all: it counts again."""
        if not contact_refused:  # such a refusal ended its task and was never refunded
            self.connection.execute(
                update(dial_task)
                .where(dial_task.c.id == task_id)
                .values(attempts=dial_task.c.attempts + 1)
            )

    def postpone(self, task_id: int, *, at: datetime, reason: str) -> bool:
        """Another instant for a task that stays waiting."""
        return self._moved(
            update(dial_task)
            .where(dial_task.c.id == task_id, dial_task.c.state == TaskState.WAITING.value)
            .values(retry_at=at, eligible_at=at, wait_reason=reason)
        )

    def end_task(self, task: TaskRow, outcome: Outcome, reason: str, at: datetime) -> bool:
        """Whatever state it is in → done, with its one outcome; from done only upwards."""
        event = TaskEvent.OVERRULED if task.state is TaskState.DONE else TaskEvent.ENDED
        return self._moved(
            _from(task.id, task.state, event).values(
                outcome=outcome.value,
                reason=reason[:64],
                ended_at=at,
                wait_reason=None,
                claim_until=None,
            )
        )

    def reinstate(self, task_id: int, at: datetime) -> bool:
        """done (rejected) → waiting: the refusals turned out not to be the contact's fault."""
        return self._moved(
            _from(task_id, TaskState.DONE, TaskEvent.REINSTATED)
            .where(dial_task.c.outcome == Outcome.REJECTED.value)
            .values(
                **PLACE,
                outcome=None,
                reason=None,
                ended_at=None,
                attempts=dial_task.c.attempts - 1,
                eligible_at=at,
                wait_reason="paused",
            )
        )

    def reopen(self, task_id: int, at: datetime) -> bool:
        """done (unresolved) → waiting by a person: the call in doubt is not counted."""
        return self._moved(
            _from(task_id, TaskState.DONE, TaskEvent.REOPENED)
            .where(dial_task.c.outcome == Outcome.UNRESOLVED.value)
            .values(
                **PLACE,
                outcome=None,
                reason=None,
                ended_at=None,
                attempts=case((dial_task.c.attempts > 0, dial_task.c.attempts - 1), else_=0),
                eligible_at=at,
                wait_reason="retry",
            )
        )

    def wake_number(self, phone_id: int, at: datetime) -> None:
        """The live call to this number is over: whoever waited for it may be looked at."""
        ids = self.lock_tasks(
            dial_task.c.phone_id == phone_id,
            dial_task.c.state == TaskState.WAITING.value,
            dial_task.c.wait_reason == "number_busy",
            dial_task.c.eligible_at > at,
        )
        self.connection.execute(
            update(dial_task).where(dial_task.c.id.in_(ids)).values(eligible_at=at)
        )

    def lapse_claims(self, at: datetime) -> int:
        """claimed → waiting where the lease ended (real time): a worker died or a ring was lost."""
        ids = self.lock_tasks(
            dial_task.c.state == TaskState.CLAIMED.value, dial_task.c.claim_until < at
        )
        if not ids:
            return 0
        done = self.connection.execute(
            update(dial_task)
            .where(dial_task.c.id.in_(ids))
            .values(
                state=advance_task(TaskState.CLAIMED, TaskEvent.GIVEN_BACK).value, claim_until=None
            )
        )
        return done.rowcount

    def overdue(self, at: datetime, limit: int) -> Sequence[TaskRow]:
        """Waiting tasks past their deadline, stopped, or of a cancelled campaign, by id.

        Each look-up has an index of its own: however long the lists, mostly they find nothing.
        """
        ids = list(self.connection.execute(_STOPPED, {"most": limit}).scalars())
        ids += self.connection.execute(_LATE, {"at": at, "most": limit}).scalars()
        if cancelled := list(self.connection.execute(_CANCELLED).scalars()):
            dropped = select(dial_task.c.id).where(dial_task.c.campaign_id.in_(cancelled), _WAITING)
            ids += self.connection.execute(dropped.limit(limit)).scalars()
        if not ids:
            return []
        query = select(dial_task).where(dial_task.c.id.in_(sorted(set(ids))[:limit]))
        rows = self.connection.execute(query.order_by(dial_task.c.id)).mappings()
        return [task_row(row) for row in rows]

    def stranded(self, lane_id: int, at: datetime, limit: int) -> Sequence[TaskRow]:
        """Waiting tasks of a lane whose calendar never opens again."""
        query = (
            select(dial_task)
            .where(
                dial_task.c.lane_id == lane_id,
                dial_task.c.state == TaskState.WAITING.value,
                dial_task.c.eligible_at <= at,
            )
            .order_by(dial_task.c.id)
            .limit(limit)
        )
        return [task_row(row) for row in self.connection.execute(query).mappings()]

    def _moved(self, query: Update) -> bool:
        return self.connection.execute(query).rowcount == 1


def _from(task_id: int, state: TaskState, event: TaskEvent) -> Update:
    return (
        update(dial_task)
        .where(dial_task.c.id == task_id, dial_task.c.state == state.value)
        .values(state=advance_task(state, event).value)
    )


def task_row(row: RowMapping) -> TaskRow:
    """A dial task's row as the engine sees it."""
    values: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return TaskRow(
        state=TaskState(row["state"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        **values,
    )


_PLAIN = (
    *("id", "campaign_id", "account_id", "contact_id", "phone_id", "due_at", "retry_at"),
    *("deadline_at", "eligible_at", "attempts", "claim", "from_number", "reason"),
    *("touch", "occasion", "expires_as", "stopped", "spent", "wait_reason"),
)
