"""Queries of `recover`: whose call was that, and who may have been called without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, update

from campaigns.core import where
from campaigns.core.calls import Limit
from campaigns.core.lifecycle import (
    RANG_NOBODY,
    CampaignState,
    TaskEvent,
    TaskState,
    advance_task,
)
from campaigns.core.records import AttemptRow, TaskRow
from campaigns.store.attempts import attempt_row
from campaigns.store.base import Queries
from campaigns.store.calls import attempts_of
from campaigns.store.tables import attempt, campaign, contact, dial_task, lane, phone, slot
from campaigns.store.tasks import task_row

_STILL = (TaskState.WAITING.value, TaskState.CLAIMED.value)


class RecoveryQueries(Queries):
    """After a restore."""

    def phone_of(self, number: str) -> int | None:
        """The phone of a number in E.164, if this database has ever heard of it."""
        query = select(phone.c.id).where(phone.c.number_index == self.number_index(number))
        return self.connection.execute(query).scalar_one_or_none()

    def tasks_of_phone(self, phone_id: int, account_id: int) -> Sequence[TaskRow]:
        """Every dial task of this account to a phone, in the order of ids."""
        query = (
            select(dial_task)
            .where(dial_task.c.phone_id == phone_id, dial_task.c.account_id == account_id)
            .order_by(dial_task.c.id)
        )
        return [task_row(row) for row in self.connection.execute(query).mappings()]

    def attempts_without_session(self, phone_id: int) -> Sequence[AttemptRow]:
        """Attempts to a phone that may have rung it and have no session of the provider's."""
        query = select(attempt).where(
            attempt.c.phone_id == phone_id,
            attempt.c.session_id.is_(None),
            attempt.c.state.not_in([state.value for state in RANG_NOBODY]),
        )
        return [attempt_row(row) for row in self.connection.execute(query).mappings()]

    def any_open(self, phone_id: int, task_id: int | None) -> bool:
        """Whether an attempt to this phone or of this task counts as live."""
        same = attempt.c.phone_id == phone_id
        if task_id is not None:
            same = or_(same, attempt.c.id.in_(attempts_of(task_id)))
        query = select(func.count()).where(attempt.c.open, same)
        return bool(self.connection.execute(query).scalar_one())

    def recovered(self, task_id: int, *, from_number: str | None) -> bool:
        """waiting or claimed → calling: it was rung, and this database forgot."""
        moved = False
        for state in (TaskState.WAITING, TaskState.CLAIMED):
            done = self.connection.execute(
                update(dial_task)
                .where(dial_task.c.id == task_id, dial_task.c.state == state.value)
                .values(
                    state=advance_task(state, TaskEvent.RECOVERED).value,
                    attempts=dial_task.c.attempts + 1,
                    from_number=func.coalesce(dial_task.c.from_number, from_number),
                    claim_until=None,
                    wait_reason=None,
                )
            )
            moved = moved or done.rowcount == 1
        return moved

    def due_by(
        self, at: datetime, *, after: int, limit: int
    ) -> Sequence[tuple[TaskRow, str, str, where.Where]]:
        """Tasks not rung as far as is known that could have been by `at`, in the order of ids.

        Each with its campaign's name, its contact's key and where it is.
        """
        query = (
            select(dial_task, campaign.c.name, contact.c.key, lane.c.zones)
            .join(campaign, campaign.c.id == dial_task.c.campaign_id)
            .join(contact, contact.c.id == dial_task.c.contact_id)
            .join(lane, lane.c.id == dial_task.c.lane_id)
            .where(
                dial_task.c.id > after,
                dial_task.c.state.in_(_STILL),
                dial_task.c.eligible_at <= at,
                campaign.c.state.not_in((CampaignState.CANCELLED.value,)),
            )
            .order_by(dial_task.c.id)
            .limit(limit)
        )
        return [
            (task_row(row), row["name"], row["key"], where.read(row["zones"]))
            for row in self.connection.execute(query).mappings()
        ]

    def slots_from(self, account_id: int, kind: Limit, free_at: datetime) -> None:
        """No slot of a kind is free before; the account's lock is held."""
        self.connection.execute(
            update(slot)
            .where(
                slot.c.account_id == account_id,
                slot.c.kind == kind.value,
                slot.c.free_at < free_at,
            )
            .values(free_at=free_at)
        )
