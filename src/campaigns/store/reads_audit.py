"""Reads on the audit: who did what, and when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from campaigns.core.audit import AuditLine
from campaigns.store.reads_base import BaseReads
from campaigns.store.tables import account, audit, campaign


class AuditReads(BaseReads):
    """What people and the engine decided."""

    def audit(
        self,
        *,
        campaign_id: int | None = None,
        account_id: int | None = None,
        since: datetime | None = None,
        limit: int = 0,
    ) -> tuple[AuditLine, ...]:
        """The newest `limit` entries (0: all), the newest last."""
        query = (
            select(
                audit.c.at,
                audit.c.who,
                audit.c.what,
                audit.c.detail,
                campaign.c.name.label("campaign"),
                account.c.name.label("account"),
            )
            .outerjoin(campaign, campaign.c.id == audit.c.campaign_id)
            .outerjoin(account, account.c.id == audit.c.account_id)
            .order_by(audit.c.id.desc())
        )
        if campaign_id is not None:
            query = query.where(audit.c.campaign_id == campaign_id)
        if account_id is not None:
            query = query.where(audit.c.account_id == account_id)
        if since is not None:
            query = query.where(audit.c.at >= since)
        if limit:
            query = query.limit(limit)
        lines = [AuditLine(**row) for row in self.connection.execute(query).mappings()]
        return tuple(reversed(lines))
