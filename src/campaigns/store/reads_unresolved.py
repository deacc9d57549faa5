"""Reads on contacts nobody can tell about, each with what was looked at."""

from __future__ import annotations

from sqlalchemy import Row, func, select

from campaigns.core.doubts import UnresolvedLine
from campaigns.core.figures import Page
from campaigns.core.lifecycle import RANG_NOBODY, SETTLED, AttemptState, Outcome
from campaigns.store.calls import ITS_ATTEMPTS
from campaigns.store.reads_base import BaseReads, number_after, page_of
from campaigns.store.tables import attempt, campaign, contact, dial_task, event, phone, sweep_read

_made = attempt.alias("made")


class UnresolvedReads(BaseReads):
    """What waits for a person."""

    def unresolved(self, *, after: str | None = None, limit: int) -> Page[UnresolvedLine]:
        """Dial tasks that ended unresolved and that no person has settled, the oldest first."""
        newest = (
            select(_made.c.id)
            .where(
                _made.c.id.in_(ITS_ATTEMPTS),
                _made.c.state.not_in([state.value for state in RANG_NOBODY]),
            )
            .order_by(_made.c.intent_at.desc())
            .limit(1)
            .correlate(dial_task)
            .scalar_subquery()
        )
        said = select(func.count()).where(event.c.attempt_id == attempt.c.id).scalar_subquery()
        query = (
            select(
                dial_task.c.id.label("task"),
                dial_task.c.reason,
                attempt,
                campaign.c.name,
                contact.c.key,
                phone.c.e164,
                said.label("events"),
            )
            .select_from(dial_task)
            .join(attempt, attempt.c.id == newest)
            .join(campaign, campaign.c.id == dial_task.c.campaign_id)
            .join(contact, contact.c.id == dial_task.c.contact_id)
            .join(phone, phone.c.id == dial_task.c.phone_id)
            .where(
                dial_task.c.outcome == Outcome.UNRESOLVED.value,
                dial_task.c.reason != SETTLED,
                dial_task.c.id > number_after(after),
            )
            .order_by(dial_task.c.id)
            .limit(limit + 1)
        )
        rows = self.connection.execute(query).all()
        return page_of(rows, limit, self._unresolved_line, lambda row: row.task)

    def _unresolved_line(self, row: Row[tuple[object, ...]]) -> UnresolvedLine:
        looked = self.connection.execute(
            select(sweep_read.c.read_at, sweep_read.c.absent).where(
                sweep_read.c.account_id == row.account_id, sweep_read.c.read_at >= row.settle_at
            )
        )
        reads = [read.read_at for read in looked if row.id in read.absent]
        return UnresolvedLine(
            id=row.id,
            campaign=row.name,
            key=row.key,
            to_number=row.e164,
            state=AttemptState(row.state),
            intent_at=row.intent_at,
            reason=row.reason,
            why=row.check_error or row.answer_detail,
            reads=len(reads),
            newest_read_at=max(reads, default=None),
            events=row.events,
            proof=row.proof,
        )
