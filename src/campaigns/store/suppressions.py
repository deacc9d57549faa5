"""Queries on the do-not-call lists: that of all campaigns, and those of single ones."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, or_, select, update

from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.store.base import Queries
from campaigns.store.tables import campaign_suppression, dial_task, phone, suppression


class SuppressionQueries(Queries):
    """Who is not to be called."""

    def suppressed(self, phone_id: int, campaign_id: int | None = None) -> bool:
        """Whether this number must not be called: it is on a list that holds, or nobody knows it.

        Lists: that of all campaigns, and that of this one.
        """
        listed = exists().where(suppression.c.phone_id == phone_id)
        own = exists().where(
            campaign_suppression.c.phone_id == phone_id,
            campaign_suppression.c.campaign_id == campaign_id,
        )
        erased = exists().where(phone.c.id == phone_id, phone.c.e164.is_(None))
        query = select(or_(listed, erased) if campaign_id is None else or_(listed, own, erased))
        return bool(self.connection.execute(query).scalar_one())

    def suppress(
        self,
        phone_id: int,
        *,
        reason: str,
        source: str,
        at: datetime,
        campaign_id: int | None = None,
    ) -> bool:
        """Add a number to a do-not-call list; its lock is held. False: it was there.

        `campaign_id`: the list of that campaign alone.
        """
        values = {"phone_id": phone_id, "reason": reason[:200], "source": source[:32]}
        kept: dict[str, Any] = {**values, "added_at": at}
        table = suppression
        if campaign_id is not None:
            table, kept["campaign_id"] = campaign_suppression, campaign_id
        # RETURNING, because an INSERT has no row count on PostgreSQL.
        added = self.connection.execute(
            self.insert_or_ignore(table).values(**kept).returning(table.c.phone_id)
        )
        return added.first() is not None

    def unsuppress(self, phone_id: int, campaign_id: int | None = None) -> bool:
        """Take a number off the do-not-call list of all campaigns, or off that of one."""
        query = delete(suppression).where(suppression.c.phone_id == phone_id)
        if campaign_id is not None:
            query = delete(campaign_suppression).where(
                campaign_suppression.c.phone_id == phone_id,
                campaign_suppression.c.campaign_id == campaign_id,
            )
        return self.connection.execute(query).rowcount == 1

    def drop_waiting(
        self, phone_ids: Collection[int], at: datetime, campaign_id: int | None = None
    ) -> int:
        """End every waiting dial task of suppressed numbers; says how many."""
        waits = [
            dial_task.c.phone_id.in_(phone_ids),
            dial_task.c.state == TaskState.WAITING.value,
        ]
        if campaign_id is not None:
            waits.append(dial_task.c.campaign_id == campaign_id)
        ids = self.lock_tasks(*waits)
        done = self.connection.execute(
            update(dial_task)
            .where(dial_task.c.id.in_(ids))
            .values(
                state=TaskState.DONE.value,
                outcome=Outcome.SUPPRESSED.value,
                reason="do_not_call",
                ended_at=at,
                wait_reason=None,
            )
        )
        return done.rowcount
