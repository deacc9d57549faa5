"""Queries on campaigns: versions, states, pauses, leases, audit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, exists, insert, select, update

from campaigns.core.definition import Definition
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.core.runs import Origin
from campaigns.errors import UnknownName
from campaigns.store.base import Queries
from campaigns.store.tables import (
    attempt,
    audit,
    campaign,
    campaign_version,
    dial_task,
    pause_request,
    run_lease,
)

_PAUSES_ASKED = (
    select(pause_request.c.id, pause_request.c.campaign_id, pause_request.c.why)
    .where(~pause_request.c.applied)
    .order_by(pause_request.c.id)
)
_RUNNABLE = (
    select(campaign)
    .where(
        campaign.c.account_id == bindparam("account"),
        campaign.c.state == CampaignState.RUNNING.value,
        ~exists().where(pause_request.c.campaign_id == campaign.c.id, ~pause_request.c.applied),
    )
    .order_by(campaign.c.id)
)
"""Asked in every heartbeat, like the two below: built once."""
_LEASED = _RUNNABLE.where(
    exists().where(
        run_lease.c.campaign_id == campaign.c.id, run_lease.c.until > bindparam("leased_at")
    )
)
_UNFINISHED = select(campaign).where(
    campaign.c.state.in_((CampaignState.RUNNING.value, CampaignState.WAITING_FOR_APPROVAL.value)),
    campaign.c.run_at.is_(None),
    ~exists().where(
        dial_task.c.campaign_id == campaign.c.id,
        dial_task.c.state.in_(("waiting", "claimed", "calling")),
    ),
)


class CampaignQueries(Queries):
    """Campaigns."""

    def campaign_named(self, name: str) -> CampaignRow | None:
        """The campaign of that name."""
        query = select(campaign).where(campaign.c.name == name)
        row = self.connection.execute(query).mappings().one_or_none()
        return None if row is None else campaign_row(row)

    def campaign(self, campaign_id: int) -> CampaignRow:
        """One campaign, not locked."""
        query = select(campaign).where(campaign.c.id == campaign_id)
        return campaign_row(self.connection.execute(query).mappings().one())

    def lock_campaign(self, campaign_id: int) -> CampaignRow:
        """One campaign under its lock: a pause waits for gates under way, and they for it."""
        query = self.locked(select(campaign).where(campaign.c.id == campaign_id))
        row = self.connection.execute(query).mappings().one_or_none()
        if row is None:
            raise UnknownName("that campaign does not exist; see `campaigns list`")
        return campaign_row(row)

    def create_campaign(
        self,
        *,
        name: str,
        account_id: int,
        digest: str,
        start_at: datetime | None,
        end_at: datetime | None,
        token: str,
        until: datetime,
        at: datetime,
        definition: Definition,
        header: Sequence[str],
        source: str,
        origin: Origin | None = None,
    ) -> int | None:
        """A new campaign, still loading: nobody is called from it. None: the name is taken."""
        campaign_id = self.connection.execute(
            self.insert_or_ignore(campaign)
            .values(
                name=name,
                account_id=account_id,
                state=CampaignState.LOADING.value,
                version=1,
                digest=digest,
                start_at=start_at,
                end_at=end_at,
                load_token=token,
                load_until=until,
                created_at=at,
            )
            .returning(campaign.c.id)
        ).scalar_one_or_none()
        if campaign_id is None:
            return None  # another submit was first
        self.new_version(
            campaign_id,
            1,
            definition=definition,
            header=header,
            source=source,
            digest=digest,
            at=at,
            origin=origin,
        )
        return int(campaign_id)

    def new_version(
        self,
        campaign_id: int,
        version: int,
        *,
        definition: Definition,
        header: Sequence[str],
        source: str,
        digest: str,
        at: datetime,
        origin: Origin | None = None,
    ) -> None:
        """What a campaign says from now on; what it said before is kept."""
        self.connection.execute(
            insert(campaign_version).values(
                campaign_id=campaign_id,
                version=version,
                definition=definition.model_dump(mode="json"),
                header=list(header),
                source=source,
                digest=digest,
                accepted_at=at,
                origin=None if origin is None else _written(origin),
            )
        )

    def change_campaign(
        self, campaign_id: int, expect: Iterable[CampaignState], **values: object
    ) -> bool:
        """Set columns of a campaign in one of the expected states."""
        done = self.connection.execute(
            update(campaign)
            .where(campaign.c.id == campaign_id, campaign.c.state.in_([s.value for s in expect]))
            .values(**values)
        )
        return done.rowcount == 1

    def definition(self, campaign_id: int, version: int) -> tuple[Definition, tuple[str, ...]]:
        """The definition of a version, and the header its contacts came under."""
        query = select(campaign_version.c.definition, campaign_version.c.header).where(
            campaign_version.c.campaign_id == campaign_id, campaign_version.c.version == version
        )
        row = self.connection.execute(query).one()
        return _parsed(json.dumps(row.definition)), tuple(row.header)

    def runnable(self, account_id: int, *, leased_at: datetime | None) -> Sequence[CampaignRow]:
        """Campaigns that may dial now."""
        query = _RUNNABLE if leased_at is None else _LEASED
        given = {"account": account_id, "leased_at": leased_at}
        return [campaign_row(row) for row in self.connection.execute(query, given).mappings()]

    def unfinished(self) -> Sequence[CampaignRow]:
        """Campaigns without an open task that nobody paused."""
        return [campaign_row(row) for row in self.connection.execute(_UNFINISHED).mappings()]

    def ask_pause(self, campaign_id: int, why: str, at: datetime) -> None:
        """Ask for a pause without touching the campaign's row: the gate obeys at once."""
        self.connection.execute(
            insert(pause_request).values(campaign_id=campaign_id, why=why[:200], asked_at=at)
        )

    def pause_asked(self, campaign_id: int) -> bool:
        """Whether a pause was asked for and not yet applied."""
        query = select(
            exists().where(pause_request.c.campaign_id == campaign_id, ~pause_request.c.applied)
        )
        return bool(self.connection.execute(query).scalar_one())

    def pauses_asked(self) -> Sequence[tuple[int, int, str]]:
        """Open requests, oldest first."""
        rows = self.connection.execute(_PAUSES_ASKED)
        return [(row.id, row.campaign_id, row.why) for row in rows]

    def pause_applied(self, request_id: int) -> None:
        """The campaign's state says it now."""
        self.connection.execute(
            update(pause_request).where(pause_request.c.id == request_id).values(applied=True)
        )

    def campaign_answers(
        self, campaign_id: int, since: datetime | None, limit: int
    ) -> Sequence[tuple[str, str, str | None]]:
        """(attempt, answer, blame) of the newest accepted and rejected, newest first."""
        query = select(attempt.c.id, attempt.c.answer, attempt.c.answer_blame).where(
            attempt.c.campaign_id == campaign_id,
            attempt.c.answer.in_(("accepted", "rejected")),
        )
        if since is not None:
            query = query.where(attempt.c.intent_at > since)
        query = query.order_by(attempt.c.intent_at.desc()).limit(limit)
        return [(row.id, row.answer, row.answer_blame) for row in self.connection.execute(query)]

    def audit(
        self,
        *,
        who: str,
        what: str,
        at: datetime,
        campaign_id: int | None = None,
        account_id: int | None = None,
        **detail: object,
    ) -> None:
        """Remember who did what."""
        self.connection.execute(
            insert(audit).values(
                at=at,
                who=who,
                what=what,
                campaign_id=campaign_id,
                account_id=account_id,
                detail=detail,
            )
        )

    def hold_lease(self, lease_id: str, campaign_id: int, until: datetime) -> None:
        """Take or prolong a run's lease."""
        done = self.connection.execute(
            update(run_lease).where(run_lease.c.id == lease_id).values(until=until)
        )
        if done.rowcount == 0:
            self.connection.execute(
                insert(run_lease).values(id=lease_id, campaign_id=campaign_id, until=until)
            )

    def end_lease(self, lease_id: str) -> None:
        """A run has ended."""
        self.connection.execute(delete(run_lease).where(run_lease.c.id == lease_id))

    def leased(self, at: datetime) -> Sequence[int]:
        """Campaigns that a living run serves."""
        query = select(run_lease.c.campaign_id).where(run_lease.c.until > at).distinct()
        return list(self.connection.execute(query).scalars())


@lru_cache(maxsize=256)
def _parsed(document: str) -> Definition:
    return Definition.model_validate_json(document)


def _written(origin: Origin) -> dict[str, Any]:
    return {
        "path": origin.path,
        "document": origin.document,
        "filled": dict(origin.filled),
    }


def campaign_row(row: RowMapping) -> CampaignRow:
    """A campaign's row as the engine sees it."""
    values: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return CampaignRow(state=CampaignState(row["state"]), **values)


_PLAIN = (
    *("id", "name", "account_id", "version", "digest", "start_at", "end_at", "load_token"),
    *("load_until", "paused_why", "paused_by", "vouched_at", "approved_at", "trial_since"),
    *("run", "run_at", "run_after", "refresh_at", "refresh_since"),
)
