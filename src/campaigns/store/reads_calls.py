"""Reads on attempts: the list of a campaign's calls, and one call with everything said about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, or_, select

from campaigns.core.figures import CallDetail, CallLine, EventLine, Page
from campaigns.core.lifecycle import AttemptState
from campaigns.errors import InputError, UnknownName
from campaigns.store.base import key_of
from campaigns.store.calls import attempts_of
from campaigns.store.reads_base import BaseReads, page_of
from campaigns.store.tables import (
    attempt,
    attempt_member,
    campaign,
    contact,
    dial_task,
    event,
    phone,
)

_SHORTEST = 6
"""Characters of an attempt id that are enough to name it, where no other begins like this."""


class CallReads(BaseReads):
    """Attempts."""

    def calls(
        self,
        name: str,
        *,
        states: Collection[AttemptState] = (),
        key: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> Page[CallLine]:
        """A campaign's attempts, the newest first. Raises UnknownName."""
        row = self.campaign_row(name)
        query = _lines().where(attempt.c.campaign_id == row.id)
        if states:
            query = query.where(attempt.c.state.in_([state.value for state in states]))
        if key is not None:
            query = query.where(attempt.c.id.in_(attempts_of(*self._tasks_of(row.id, key))))
        if after is not None:
            last = self.connection.execute(
                select(attempt.c.intent_at).where(attempt.c.id == after)
            ).scalar_one_or_none()
            if last is None:
                raise InputError("--after takes what the page before said under `next`")
            earlier = and_(attempt.c.intent_at == last, attempt.c.id < after)
            query = query.where(or_(attempt.c.intent_at < last, earlier))
        query = query.order_by(attempt.c.intent_at.desc(), attempt.c.id.desc()).limit(limit + 1)
        return page_of(self.connection.execute(query).all(), limit, _line, lambda one: one.id)

    def calls_to(self, phone_id: int, *, limit: int) -> Sequence[CallLine]:
        """The newest calls to a phone, of whatever campaign, and those of nobody's."""
        query = _lines().where(attempt.c.phone_id == phone_id)
        query = query.order_by(attempt.c.intent_at.desc(), attempt.c.id.desc()).limit(limit)
        return [_line(row) for row in self.connection.execute(query)]

    def call(self, id: str) -> CallDetail:
        """One attempt by its id, the start of it, or the provider's id. Raises UnknownName."""
        attempt_id = self._attempt_id(id)
        row = self.connection.execute(_lines(whole=True).where(attempt.c.id == attempt_id)).one()
        events = self.connection.execute(
            select(event).where(event.c.attempt_id == attempt_id).order_by(event.c.id)
        )
        return CallDetail(
            line=_line(row),
            also=self._also(attempt_id),
            session_id=row.session_id,
            snapshot=row.snapshot,
            answered_at=row.answered_at,
            ringing_at=row.ringing_at,
            release_at=row.release_at,
            give_up_at=row.give_up_at,
            confirmed=row.confirmed,
            check_at=row.check_at,
            checks=row.checks,
            cost=row.cost,
            currency=row.currency,
            recording_id=row.recording_id,
            ended_reason=row.ended_reason,
            enriched=row.enriched,
            proof=row.proof,
            events=tuple(
                EventLine(
                    received_at=said.received_at,
                    source=said.source,
                    status=said.status,
                    word=said.word,
                    call_id=said.call_id,
                    duration_s=said.duration_s,
                    folded=said.folded,
                    body=said.body,
                )
                for said in events
            ),
        )

    def _tasks_of(self, campaign_id: int, key: str) -> Sequence[int]:
        query = (
            select(dial_task.c.id)
            .join(contact, contact.c.id == dial_task.c.contact_id)
            .where(
                contact.c.campaign_id == campaign_id,
                contact.c.key_index == self.tx.key_index(campaign_id, key),
            )
        )
        return list(self.connection.execute(query).scalars())

    def _also(self, attempt_id: str) -> tuple[str, ...]:
        """The keys of the other rows that a call was for."""
        query = (
            select(contact.c.key, contact.c.id)
            .join(dial_task, dial_task.c.contact_id == contact.c.id)
            .join(attempt_member, attempt_member.c.task_id == dial_task.c.id)
            .where(attempt_member.c.attempt_id == attempt_id)
            .order_by(contact.c.source_line, contact.c.id)
        )
        return tuple(key_of(row.key, row.id) for row in self.connection.execute(query))

    def _attempt_id(self, id: str) -> str:
        exact = select(attempt.c.id).where(
            or_(attempt.c.id == id, attempt.c.call_id == id, attempt.c.session_id == id)
        )
        found = list(self.connection.execute(exact.limit(2)).scalars())
        if not found and len(id) >= _SHORTEST:
            begins = select(attempt.c.id).where(attempt.c.id.startswith(id, autoescape=True))
            found = list(self.connection.execute(begins.limit(2)).scalars())
        if not found:
            raise UnknownName(f"no call has the id {id[:40]!r}: see `campaigns calls NAME`")
        if len(found) > 1:
            raise UnknownName(f"several calls begin with {id[:40]!r}: write more of the id")
        return str(found[0])


_LISTED = (
    attempt.c.id,
    attempt.c.attempt_no,
    attempt.c.state,
    attempt.c.open,
    attempt.c.late,
    attempt.c.intent_at,
    attempt.c.in_progress_at,
    attempt.c.terminal_at,
    attempt.c.duration_s,
    attempt.c.answer,
    attempt.c.answer_detail,
    attempt.c.call_id,
    attempt.c.check_error,
)
_MORE = (
    attempt.c.session_id,
    attempt.c.snapshot,
    attempt.c.answered_at,
    attempt.c.ringing_at,
    attempt.c.release_at,
    attempt.c.give_up_at,
    attempt.c.confirmed,
    attempt.c.check_at,
    attempt.c.checks,
    attempt.c.cost,
    attempt.c.currency,
    attempt.c.recording_id,
    attempt.c.ended_reason,
    attempt.c.enriched,
    attempt.c.proof,
)


def _lines(*, whole: bool = False) -> Select[Any]:
    """Attempts with their campaign and contact; a try-out call has neither."""
    columns = (*_LISTED, *_MORE) if whole else _LISTED
    return (
        select(
            *columns,
            phone.c.e164,
            contact.c.id.label("contact_id"),
            contact.c.key,
            dial_task.c.touch,
            campaign.c.name.label("campaign"),
        )
        .join(phone, phone.c.id == attempt.c.phone_id)
        .outerjoin(dial_task, dial_task.c.id == attempt.c.task_id)
        .outerjoin(contact, contact.c.id == dial_task.c.contact_id)
        .outerjoin(campaign, campaign.c.id == attempt.c.campaign_id)
    )


def _line(row: Row[Any]) -> CallLine:
    plain = {column.name: getattr(row, column.name) for column in _LISTED}
    plain["state"] = AttemptState(row.state)
    key = None if row.contact_id is None else key_of(row.key, row.contact_id)
    return CallLine(
        campaign=row.campaign,
        key=key,
        to_number=row.e164 or "",
        touch=row.touch or None,
        **plain,
    )
