"""Everything that is held about one number, as one document: what a person may ask to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from campaigns.store.reads_base import BaseReads
from campaigns.store.tables import attempt, campaign, contact, dial_task, event, phone, suppression

Held = Mapping[str, Any]


class HeldReads(BaseReads):
    """One person."""

    def held(self, number: str) -> Held | None:
        """All rows about a number; None where nothing was ever stored under it."""
        query = select(phone.c.id).where(phone.c.number_index == self.tx.number_index(number))
        phone_id = self.connection.execute(query).scalar_one_or_none()
        if phone_id is None:
            return None
        return {
            "number": number,
            "do_not_call": self._all(
                select(suppression).where(suppression.c.phone_id == phone_id), "phone_id"
            ),
            "contacts": self._all(
                select(contact, campaign.c.name.label("campaign"))
                .join(campaign, campaign.c.id == contact.c.campaign_id)
                .where(contact.c.phone_id == phone_id)
                .order_by(contact.c.id),
                *("phone_id", "campaign_id", "key_index"),
            ),
            "dial_tasks": self._all(
                select(dial_task, campaign.c.name.label("campaign"))
                .join(campaign, campaign.c.id == dial_task.c.campaign_id)
                .where(dial_task.c.phone_id == phone_id)
                .order_by(dial_task.c.id),
                *("phone_id", "campaign_id", "account_id", "lane_id", "claim", "claim_until"),
            ),
            "calls": self._calls(phone_id),
        }

    def _calls(self, phone_id: int) -> Sequence[Held]:
        calls = self._all(
            select(attempt).where(attempt.c.phone_id == phone_id).order_by(attempt.c.intent_at),
            *("phone_id", "campaign_id", "account_id"),
        )
        return [
            {
                **call,
                "events": self._all(
                    select(event).where(event.c.attempt_id == call["id"]).order_by(event.c.id),
                    *("id", "attempt_id", "digest", "folded"),
                ),
            }
            for call in calls
        ]

    def _all(self, query: Select[Any], *without: str) -> Sequence[Held]:
        """Rows by the names of their columns, but for what is about our machinery."""
        names = [str(one.key) for one in query.selected_columns]
        return [
            {name: value for name, value in zip(names, row, strict=True) if name not in without}
            for row in self.connection.execute(query)
        ]
