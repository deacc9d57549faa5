"""Reads on contacts, rejected rows and the do-not-call lists."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select

from campaigns.core import where
from campaigns.core.figures import (
    ContactLine,
    Page,
    RejectedLine,
)
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.suppression import SuppressionLine
from campaigns.store.base import key_of
from campaigns.store.explaining import suppression_line
from campaigns.store.reads_base import BaseReads, number_after, page_of
from campaigns.store.tables import (
    campaign_suppression,
    contact,
    dial_task,
    phone,
    rejected_row,
    suppression,
)


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

    def suppressions(
        self, *, campaign: str | None = None, after: str | None = None, limit: int
    ) -> Page[SuppressionLine]:
        """A do-not-call list, in the order in which the numbers became known.

        That of all campaigns, or of one. Raises UnknownName.
        """
        listed = suppression if campaign is None else campaign_suppression
        query = (
            select(listed, phone.c.e164)
            .join(phone, phone.c.id == listed.c.phone_id)
            .where(listed.c.phone_id > number_after(after))
            .order_by(listed.c.phone_id)
            .limit(limit + 1)
        )
        if campaign is not None:
            of = campaign_suppression.c.campaign_id
            query = query.where(of == self.campaign_row(campaign).id)
        rows = self.connection.execute(query).all()
        return page_of(
            rows, limit, lambda row: suppression_line(row, campaign), lambda one: one.phone_id
        )

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
