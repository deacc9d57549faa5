"""Queries on one contact: who it is, every attempt for it, and the lists that forbid its calls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from campaigns.core.explanation import Past, Subject
from campaigns.core.suppression import SuppressionLine
from campaigns.store.attempts import attempt_row
from campaigns.store.base import Queries, key_of
from campaigns.store.calls import TAKING_PART
from campaigns.store.tables import (
    attempt,
    attempt_member,
    campaign,
    campaign_suppression,
    campaign_version,
    contact,
    phone,
    rejected_row,
    suppression,
)

_ERASED = re.compile(r"erased-([0-9]{1,18})")


class ExplainQueries(Queries):
    """One contact."""

    def subject(self, campaign_id: int, key: str) -> Subject | None:
        """The contact of that key; an erased one is found by its key and by its new name."""
        found = self._subject(campaign_id, contact.c.key_index == self.key_index(campaign_id, key))
        named = _ERASED.fullmatch(key)
        if found is None and named is not None:
            erased = contact.c.key.is_(None) & (contact.c.id == int(named[1]))
            found = self._subject(campaign_id, erased)
        return found

    def _subject(self, campaign_id: int, which: ColumnElement[bool]) -> Subject | None:
        query = select(contact).where(contact.c.campaign_id == campaign_id, which)
        row = self.connection.execute(query).one_or_none()
        if row is None:
            return None
        return Subject(
            contact_id=row.id,
            phone_id=row.phone_id,
            key=key_of(row.key, row.id),
            source=row.source,
            line=row.source_line,
            gone=row.gone_at is not None,
            held=row.held,
            erased=row.key is None,
        )

    def past(self, task_id: int) -> Sequence[Past]:
        """Every attempt that was made for a dial task, oldest first."""
        number = func.coalesce(attempt_member.c.attempt_no, attempt.c.attempt_no).label("number")
        query = (
            select(attempt, number)
            .join(TAKING_PART, TAKING_PART.c.attempt_id == attempt.c.id)
            .outerjoin(
                attempt_member,
                (attempt_member.c.attempt_id == attempt.c.id)
                & (attempt_member.c.task_id == TAKING_PART.c.task_id),
            )
            .where(TAKING_PART.c.task_id == task_id)
            .order_by(attempt.c.intent_at, attempt.c.id)
        )
        return [
            Past(
                attempt=attempt_row(row),
                number=row["number"],
                admitted=row["admitted"],
                duration_s=row["duration_s"],
                recovered=row["recovered"],
            )
            for row in self.connection.execute(query).mappings()
        ]

    def lists_of(self, phone_id: int) -> Sequence[SuppressionLine]:
        """The do-not-call lists that a number is on: that of all campaigns first."""
        everywhere = (
            select(suppression, phone.c.e164)
            .join(phone, phone.c.id == suppression.c.phone_id)
            .where(suppression.c.phone_id == phone_id)
        )
        single = (
            select(campaign_suppression, phone.c.e164, campaign.c.name)
            .join(phone, phone.c.id == campaign_suppression.c.phone_id)
            .join(campaign, campaign.c.id == campaign_suppression.c.campaign_id)
            .where(campaign_suppression.c.phone_id == phone_id)
            .order_by(campaign.c.id)
        )
        return [
            *(suppression_line(row) for row in self.connection.execute(everywhere)),
            *(suppression_line(row, row.name) for row in self.connection.execute(single)),
        ]

    def source_of(self, campaign_id: int, version: int) -> str:
        """The list that a version was submitted with."""
        query = select(campaign_version.c.source).where(
            campaign_version.c.campaign_id == campaign_id, campaign_version.c.version == version
        )
        return str(self.connection.execute(query).scalar_one())

    def rows_beside(self, campaign_id: int) -> int:
        """Rows of its list that became no contact."""
        query = select(func.count()).where(rejected_row.c.campaign_id == campaign_id)
        return int(self.connection.execute(query).scalar_one())


def suppression_line(row: Row[Any], campaign: str | None = None) -> SuppressionLine:
    """One entry of a do-not-call list; an erased number has none."""
    return SuppressionLine(
        to_number=row.e164 or "",
        reason=row.reason,
        source=row.source,
        added_at=row.added_at,
        campaign=campaign,
    )
