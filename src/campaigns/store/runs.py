"""Queries on campaigns that come in runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, or_, select, update

from campaigns.core import where
from campaigns.core.lifecycle import CampaignState, TaskState
from campaigns.core.records import CampaignRow, NewTask
from campaigns.core.runs import Member, Origin
from campaigns.store.book import new_task
from campaigns.store.campaigns import CampaignQueries, campaign_row
from campaigns.store.tables import campaign, campaign_version, contact, dial_task

_UNBEGUN = select(campaign).where(
    campaign.c.state == CampaignState.RUNNING.value,
    campaign.c.run_at.is_not(None),
    or_(campaign.c.run_after.is_not(None), campaign.c.run_at <= bindparam("at")),
)
"""Asked in every heartbeat: built once."""


_REFRESHES_DUE = (
    select(campaign.c.id)
    .where(
        campaign.c.refresh_at <= bindparam("at"),
        campaign.c.state.not_in((CampaignState.CANCELLED.value, CampaignState.LOADING.value)),
    )
    .order_by(campaign.c.refresh_at)
    .limit(20)
)


class RunQueries(CampaignQueries):
    """Runs. The campaign's lock is held by whoever changes them."""

    def origin(self, campaign_id: int, version: int) -> Origin | None:
        """Where a version was read; None: not from a file."""
        query = select(campaign_version.c.origin).where(
            campaign_version.c.campaign_id == campaign_id, campaign_version.c.version == version
        )
        found = self.connection.execute(query).scalar_one()
        return None if found is None else Origin(**found)

    def refreshes_due(self, at: datetime) -> Sequence[int]:
        """Campaigns whose list is to be read again by now."""
        return list(self.connection.execute(_REFRESHES_DUE, {"at": at}).scalars())

    def unbegun(self, at: datetime) -> Sequence[CampaignRow]:
        """Running campaigns whose run is not made yet, or has come due and is not begun."""
        rows = self.connection.execute(_UNBEGUN, {"at": at})
        return [campaign_row(row) for row in rows.mappings()]

    def members(self, campaign_id: int, *, after: int, limit: int) -> Sequence[Member]:
        """Contacts on the list, by id, after an id."""
        query = (
            select(contact.c.id, contact.c.phone_id, contact.c.zones, contact.c.time_at)
            .where(
                contact.c.campaign_id == campaign_id,
                contact.c.gone_at.is_(None),
                contact.c.id > after,
            )
            .order_by(contact.c.id)
            .limit(limit)
        )
        return [
            Member(
                contact_id=row.id,
                phone_id=row.phone_id,
                where=where.read(row.zones),
                time_at=row.time_at,
            )
            for row in self.connection.execute(query)
        ]

    def enlist(self, row: CampaignRow, tasks: Sequence[tuple[Member, NewTask, int]]) -> None:
        """A dial task for each of these members, in its lane."""
        if tasks:
            self.connection.execute(
                insert(dial_task),
                [
                    {
                        "campaign_id": row.id,
                        "account_id": row.account_id,
                        "contact_id": member.contact_id,
                        "phone_id": member.phone_id,
                        "lane_id": lane_id,
                        **new_task(task, row.run_at),
                    }
                    for member, task, lane_id in tasks
                ],
            )

    def call_off(self, campaign_id: int, reason: str, at: datetime, *, limit: int) -> int:
        """So many of those who still wait are called no more; the heartbeat ends them."""
        waiting = (
            select(dial_task.c.id)
            .where(
                dial_task.c.campaign_id == campaign_id,
                dial_task.c.state == TaskState.WAITING.value,
                dial_task.c.expires_as != reason,
            )
            .order_by(dial_task.c.id)
            .limit(limit)
        )
        ids = list(self.connection.execute(self.locked(waiting)).scalars())
        if ids:
            self.connection.execute(
                update(dial_task)
                .where(dial_task.c.id.in_(ids))
                .values(deadline_at=at, expires_as=reason)
            )
        return len(ids)
