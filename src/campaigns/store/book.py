"""Queries on the book: a campaign's contacts against a new list, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, insert, literal, select, update

from campaigns.core.lifecycle import Outcome, TaskEvent, TaskState, advance_task
from campaigns.core.reconcile import BookContact, BookTask, Rename, Retime
from campaigns.core.records import NewContact, NewTask
from campaigns.store.base import Queries
from campaigns.store.columns import Instant
from campaigns.store.last_calls import rang_until
from campaigns.store.place import PLACE
from campaigns.store.tables import contact, dial_task

_COLUMNS = (
    contact.c.id,
    contact.c.key_index,
    contact.c.digest,
    contact.c.source,
    contact.c.source_line,
    contact.c.occasion,
    contact.c.time_at,
    contact.c.gone_at,
    contact.c.held,
    contact.c.said_at,
)
"""None that is sealed: opening a million of them takes longer than reading the list."""
_OPEN = dial_task.c.state != TaskState.DONE.value
_WAITING = dial_task.c.state == TaskState.WAITING.value


class BookQueries(Queries):
    """The book of one campaign. Its lock is held by whoever changes it."""

    def digests(self, campaign_id: int, entries: Sequence[NewContact]) -> Mapping[str, str]:
        """Key → what its row says, in a form that can be kept and compared."""
        return {one.key: self.row_digest(campaign_id, _said(one)) for one in entries}

    def book(self, campaign_id: int, keys: Collection[str]) -> Mapping[str, BookContact]:
        """The contacts with these keys, without their tasks."""
        by_index = {self.key_index(campaign_id, key): key for key in keys}
        query = select(*_COLUMNS).where(
            contact.c.campaign_id == campaign_id, contact.c.key_index.in_(list(by_index))
        )
        rows = self.connection.execute(query)
        return {by_index[row.key_index]: _contact(row) for row in rows}

    def of_source(
        self, campaign_id: int, source: str, *, after: int, limit: int
    ) -> Sequence[BookContact]:
        """Contacts of one list that are on it, by id, after an id."""
        query = (
            select(*_COLUMNS)
            .where(
                contact.c.campaign_id == campaign_id,
                contact.c.source.in_(("", source)),
                contact.c.gone_at.is_(None),
                contact.c.id > after,
            )
            .order_by(contact.c.id)
            .limit(limit)
        )
        return [_contact(row) for row in self.connection.execute(query)]

    def tasks_of(self, contact_ids: Collection[int]) -> Mapping[int, Sequence[BookTask]]:
        """Every dial task of these contacts."""
        query = select(dial_task).where(dial_task.c.contact_id.in_(list(contact_ids)))
        found: dict[int, list[BookTask]] = {id: [] for id in contact_ids}
        rows = self.connection.execute(query.order_by(dial_task.c.id)).all()
        rang = rang_until(self.connection, [row.id for row in rows if row.outcome and row.attempts])
        for row in rows:
            found[row.contact_id].append(_task(row, rang.get(row.id)))
        return found

    def lock_open_tasks(self, contact_ids: Collection[int]) -> None:
        """Lock the tasks of these contacts that are not done, in the one order.

        What settles a call for several rows locks theirs too: in the list's order, each could have
        what the other waits for.
        """
        if contact_ids:
            self.lock_tasks(dial_task.c.contact_id.in_(list(contact_ids)), _OPEN)

    def still_called(self, contact_ids: Collection[int]) -> Collection[int]:
        """Those of these contacts that have a dial task which is not done."""
        query = select(dial_task.c.contact_id).where(
            dial_task.c.contact_id.in_(list(contact_ids)), _OPEN
        )
        return set(self.connection.execute(query.distinct()).scalars())

    def rewrite(
        self,
        contact_id: int,
        entry: NewContact,
        *,
        digest: str,
        source: str,
        phone_id: int,
        lane_id: int,
    ) -> None:
        """A contact is as its row says now, and so are the tasks that are not done."""
        self.connection.execute(
            update(contact)
            .where(contact.c.id == contact_id)
            .values(
                key=entry.key,
                phone_id=phone_id,
                zones=entry.where.text,
                zone_source=entry.zone_source,
                settings=dict(entry.settings),
                fields=dict(entry.fields),
                source_line=entry.line,
                digest=digest,
                source=source,
                occasion=entry.occasion,
                time_at=entry.time_at,
                gone_at=None,
                held=False,
            )
        )
        self.connection.execute(
            update(dial_task)
            .where(dial_task.c.contact_id == contact_id, _OPEN)
            .values(phone_id=phone_id, lane_id=lane_id)
        )

    def relined(self, lines: Mapping[int, int], source: str) -> None:
        """Contacts that say the same on another line, or are on this list for the first time."""
        if lines:
            query = update(contact).where(contact.c.id == bindparam("one"))
            self.connection.execute(
                query.values(source_line=bindparam("line"), source=source),
                [{"one": id, "line": line} for id, line in lines.items()],
            )

    def hold(self, contact_ids: Collection[int]) -> None:
        """Their rows cannot be read: neither withdrawn nor called with what they said before."""
        self._contacts(contact_ids, held=True)
        if contact_ids:
            self.connection.execute(
                update(dial_task)
                .where(dial_task.c.contact_id.in_(list(contact_ids)), _WAITING)
                .values(wait_reason="row_unreadable")
            )

    def leave(self, contact_ids: Collection[int], at: datetime) -> None:
        """Their list no longer has them."""
        self._contacts(contact_ids, gone_at=at, held=False)

    def _contacts(self, ids: Collection[int], **values: object) -> None:
        if ids:
            query = update(contact).where(contact.c.id.in_(list(ids)))
            self.connection.execute(query.values(**values))

    def add_tasks(
        self,
        contact_id: int,
        plans: Sequence[NewTask],
        *,
        campaign_id: int,
        account_id: int,
        phone_id: int,
        lane_id: int,
    ) -> None:
        """Further dial tasks of a contact."""
        place = {"campaign_id": campaign_id, "account_id": account_id, "contact_id": contact_id}
        place |= {"phone_id": phone_id, "lane_id": lane_id}
        if plans:
            self.connection.execute(
                insert(dial_task), [{**place, **new_task(plan)} for plan in plans]
            )

    def retime(self, step: Retime, at: datetime) -> bool:
        """Another time for a task that is not done; `revive`: for one that is."""
        plan = step.plan
        values: dict[str, Any] = {
            "due_at": plan.due_at,
            "deadline_at": plan.deadline_at,
            "expires_as": plan.expires_as,
            "stopped": None,
        }
        query = update(dial_task).where(dial_task.c.id == step.task_id)
        if step.revive:
            values |= {
                **PLACE,
                "state": advance_task(TaskState.DONE, TaskEvent.RELISTED).value,
                "outcome": None,
                "reason": None,
                "ended_at": None,
                "retry_at": step.not_before,
                "eligible_at": max(filter(None, (plan.due_at, at, step.not_before))),
                "wait_reason": "due" if step.not_before is None else "retry",
            }
            query = query.where(dial_task.c.state == TaskState.DONE.value)
        else:
            due = literal(plan.due_at, Instant)
            retry = dial_task.c.retry_at
            values["eligible_at"] = case((retry > due, retry), else_=due)
            values["wait_reason"] = case(
                (~_WAITING, dial_task.c.wait_reason), (retry > due, "retry"), else_="due"
            )
            query = query.where(_OPEN)
        return self.connection.execute(query.values(**values)).rowcount == 1

    def stop(self, task_ids: Collection[int], reason: str, at: datetime) -> None:
        """No further call. Those that wait for their first end now, the others by the heartbeat."""
        ids = self.lock_tasks(dial_task.c.id.in_(list(task_ids)), _OPEN)
        if not ids:
            return
        self.connection.execute(
            update(dial_task).where(dial_task.c.id.in_(ids)).values(stopped=reason)
        )
        untouched: ColumnElement[bool] = and_(
            dial_task.c.id.in_(ids),
            dial_task.c.state == TaskState.WAITING.value,
            dial_task.c.attempts == 0,
        )
        self.connection.execute(
            update(dial_task)
            .where(untouched)
            .values(
                state=advance_task(TaskState.WAITING, TaskEvent.ENDED).value,
                outcome=Outcome.CANCELLED.value,
                reason=reason,
                ended_at=at,
                wait_reason=None,
            )
        )

    def rename(self, step: Rename) -> None:
        """What was done for one occasion counts for another."""
        one = dial_task.c.id == step.task_id
        self.connection.execute(update(dial_task).where(one).values(occasion=step.occasion))


def new_task(task: NewTask, ripe_by: datetime | None = None) -> dict[str, Any]:
    """The columns of a dial task that its plan decides; ripe at once where it is due by then."""
    done = task.outcome is not None
    ripe = ripe_by is not None and task.due_at <= ripe_by
    return {
        "touch": task.touch,
        "occasion": task.occasion,
        "state": (TaskState.DONE if done else TaskState.WAITING).value,
        "due_at": task.due_at,
        "deadline_at": task.deadline_at,
        "expires_as": task.expires_as,
        "eligible_at": task.due_at,
        "ripe_at": task.due_at if ripe else None,
        "wait_reason": None if done else "due",
        "outcome": task.outcome.value if task.outcome else None,
        "reason": task.reason,
        "ended_at": (task.at or task.due_at) if done else None,
    }


def _said(entry: NewContact) -> str:
    """Everything that a row says, in one text: the order of its columns says nothing."""
    said = [entry.e164, entry.where.text, entry.zone_source, entry.settings, entry.fields]
    time = None if entry.time_at is None else entry.time_at.isoformat()
    return json.dumps([*said, time, entry.occasion], sort_keys=True, ensure_ascii=False)


def _contact(row: Any) -> BookContact:
    return BookContact(
        id=row.id,
        digest=row.digest,
        source=row.source,
        line=row.source_line,
        occasion=row.occasion,
        time_at=row.time_at,
        gone=row.gone_at is not None,
        held=row.held,
        said_at=row.said_at,
    )


def _task(row: Any, rang_until: datetime | None) -> BookTask:
    return BookTask(
        id=row.id,
        touch=row.touch,
        occasion=row.occasion,
        state=TaskState(row.state),
        due_at=row.due_at,
        retry_at=row.retry_at,
        deadline_at=row.deadline_at,
        expires_as=row.expires_as,
        attempts=row.attempts,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        reason=row.reason,
        stopped=row.stopped,
        rang_until=rang_until,
        spent=row.spent,
    )
