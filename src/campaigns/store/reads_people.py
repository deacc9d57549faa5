"""Reads on contacts, rejected rows and the do-not-call list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from campaigns.core import where
from campaigns.core.figures import (
    ContactLine,
    Page,
    RejectedLine,
    SuppressionLine,
)
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.store.reads_base import BaseReads, key_of, number_after, page_of
from campaigns.store.tables import contact, dial_task, phone, rejected_row, suppression


class PeopleReads(BaseReads):
    """Contacts, rows, numbers."""

    def contacts(
        self,
        name: str,
        *,
        states: Collection[TaskState] = (),
        outcomes: Collection[Outcome] = (),
        after: str | None = None,
        limit: int,
    ) -> Page[ContactLine]:
        """A campaign's contacts in the order of its list. Raises UnknownName."""
        row = self.campaign_row(name)
        query = (
            select(dial_task, contact.c.key, contact.c.zones, contact.c.source_line, phone.c.e164)
            .join(contact, contact.c.id == dial_task.c.contact_id)
            .join(phone, phone.c.id == dial_task.c.phone_id)
            .where(self.tasks_after(row.id, after))
        )
        if states:
            query = query.where(dial_task.c.state.in_([state.value for state in states]))
        if outcomes:
            query = query.where(dial_task.c.outcome.in_([outcome.value for outcome in outcomes]))
        query = query.order_by(dial_task.c.id).limit(limit + 1)
        return page_of(self.connection.execute(query).all(), limit, _contact, lambda one: one.id)

    def rejected(self, name: str, *, after: str | None = None, limit: int) -> Page[RejectedLine]:
        """Rows of the list that became no contact, by line. Raises UnknownName."""
        row = self.campaign_row(name)
        query = (
            select(rejected_row)
            .where(rejected_row.c.campaign_id == row.id, rejected_row.c.line > number_after(after))
            .order_by(rejected_row.c.line)
            .limit(limit + 1)
        )
        return page_of(self.connection.execute(query).all(), limit, _rejected, lambda one: one.line)

    def suppressions(self, *, after: str | None = None, limit: int) -> Page[SuppressionLine]:
        """The do-not-call list, in the order in which the numbers became known."""
        query = (
            select(suppression, phone.c.e164)
            .join(phone, phone.c.id == suppression.c.phone_id)
            .where(suppression.c.phone_id > number_after(after))
            .order_by(suppression.c.phone_id)
            .limit(limit + 1)
        )
        rows = self.connection.execute(query).all()
        return page_of(rows, limit, _suppressed, lambda one: one.phone_id)

    def tasks_after(self, campaign_id: int, after: str | None) -> ColumnElement[bool]:
        """The dial tasks of a campaign that come after a page, to be read in the order of ids.

        SQLite would take the index on campaigns and sort all that is left, for every page: so it
        is held to the primary key, between the campaign's first task and its last.
        """
        since = number_after(after)
        if self.tx.postgres:
            return and_(dial_task.c.campaign_id == campaign_id, dial_task.c.id > since)
        ends = [
            self.connection.execute(
                select(edge(dial_task.c.id)).where(
                    dial_task.c.campaign_id == campaign_id, dial_task.c.state == state.value
                )
            ).scalar_one()
            for state in TaskState
            for edge in (func.min, func.max)
        ]
        there = [id for id in ends if id is not None]
        return and_(
            dial_task.c.campaign_id + 0 == campaign_id,
            dial_task.c.id > max(since, min(there, default=0) - 1),
            dial_task.c.id <= max(there, default=0),
        )


def _contact(row: Row[Any]) -> ContactLine:
    waiting = row.state == TaskState.WAITING.value
    return ContactLine(
        id=row.contact_id,
        key=key_of(row.key, row.contact_id),
        to_number=row.e164 or "",
        zones=where.read(row.zones).zones,
        state=TaskState(row.state),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        reason=row.reason,
        wait_reason=row.wait_reason if waiting else None,
        attempts=row.attempts,
        next_at=row.eligible_at if waiting else None,
        line=row.source_line,
        touch=row.touch,
        due_at=row.due_at,
    )


def _rejected(row: Row[Any]) -> RejectedLine:
    return RejectedLine(line=row.line, kind=row.kind, column=row.column, reason=row.reason)


def _suppressed(row: Row[Any]) -> SuppressionLine:
    return SuppressionLine(
        to_number=row.e164 or "", reason=row.reason, source=row.source, added_at=row.added_at
    )
