"""Reads on the installation: who works, what is silent, what is late, what is stopped."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select

from campaigns.core.doubts import Incident
from campaigns.core.figures import Health, Pause, Process
from campaigns.core.hours import Hours
from campaigns.core.instants import EDGE_MARGIN
from campaigns.core.lifecycle import SETTLED, AttemptState, CampaignState, Outcome
from campaigns.core.report import FRESH_INCIDENT, late_since
from campaigns.store.reads_campaigns import CampaignReads
from campaigns.store.tables import attempt, audit, campaign, dial_task, event, heartbeat

_NO_WORKERS = ("clock", "tick", "hooks")
"""Kinds of heartbeat that are one row for many processes: the beat, and the webhook door."""
_INCIDENTS_SHOWN = 5
_HALF = (CampaignState.LOADING.value, CampaignState.RECONCILING.value)


class HealthReads(CampaignReads):
    """One screen of health."""

    def health(self) -> Health:
        """Everything `status` says."""
        now = self.tx.now()
        campaigns = self.campaigns()
        running = [one for one in campaigns if one.state is CampaignState.RUNNING]
        accounts = self.accounts_figures(now)
        pauses = [
            Pause(
                scope="account",
                name=one.name,
                why=one.paused_why,
                who=one.paused_by or "",
                at=one.paused_at,
            )
            for one in accounts
            if one.paused_why is not None
        ] + [
            Pause(
                scope="campaign",
                name=one.name,
                why=one.paused_why or "no reason kept",
                who=one.paused_by or "",
                at=one.paused_at,
            )
            for one in campaigns
            if one.state is CampaignState.PAUSED or one.pause_asked
        ]
        return Health(
            real=now.real,
            policy=now.policy,
            world=self.tx.world().kind,
            tick_at=self.tx.last_alive("tick"),
            workers=self._processes(),
            accounts=accounts,
            running=len(running),
            open_tasks=sum(one.tasks.total - one.tasks.done for one in running),
            unknown=self._attempts_in(AttemptState.UNKNOWN),
            unresolved=self._unresolved(),
            incidents=self._incidents(now.policy - FRESH_INCIDENT),
            newest_event_at=self.connection.execute(
                select(event.c.received_at).order_by(event.c.id.desc()).limit(1)
            ).scalar_one_or_none(),
            oldest_unfolded_at=self.connection.execute(
                select(event.c.received_at).where(~event.c.folded).order_by(event.c.id).limit(1)
            ).scalar_one_or_none(),
            oldest_late_at=self._oldest_late(
                [one.id for one in running if not one.pause_asked], now.policy
            ),
            pauses=tuple(pauses),
            approvals=tuple(
                one.name for one in campaigns if one.state is CampaignState.WAITING_FOR_APPROVAL
            ),
            broken_off=self.broken_off(now.real),
            unread=tuple(
                (one.name, one.refresh.why)
                for one in campaigns
                if one.refresh is not None
                and one.refresh.why is not None
                and one.state is not CampaignState.CANCELLED
            ),
        )

    def broken_off(self, real: datetime) -> tuple[str, ...]:
        """Campaigns whose submission ended half way: nobody is called before it is done again."""
        query = select(campaign.c.name).where(
            campaign.c.state.in_(_HALF),
            or_(campaign.c.load_until.is_(None), campaign.c.load_until < real),
        )
        return tuple(self.connection.execute(query.order_by(campaign.c.id)).scalars())

    def _processes(self) -> tuple[Process, ...]:
        query = (
            select(heartbeat)
            .where(heartbeat.c.kind.not_in(_NO_WORKERS))
            .order_by(heartbeat.c.at.desc())
        )
        return tuple(
            Process(name=row.process, kind=row.kind, at=row.at)
            for row in self.connection.execute(query.limit(50))
        )

    def _attempts_in(self, state: AttemptState) -> int:
        query = select(func.count()).where(attempt.c.state == state.value)
        return int(self.connection.execute(query).scalar_one())

    def _unresolved(self) -> int:
        query = select(func.count()).where(
            dial_task.c.outcome == Outcome.UNRESOLVED.value, dial_task.c.reason != SETTLED
        )
        return int(self.connection.execute(query).scalar_one())

    def _incidents(self, since: datetime) -> tuple[Incident, ...]:
        """The newest ones since an instant."""
        query = (
            select(audit.c.at, audit.c.detail, campaign.c.name)
            .outerjoin(campaign, campaign.c.id == audit.c.campaign_id)
            .where(audit.c.what == "incident", audit.c.at >= since)
            .order_by(audit.c.at.desc(), audit.c.id.desc())
            .limit(_INCIDENTS_SHOWN)
        )
        return tuple(
            Incident(
                at=row.at,
                campaign=row.name,
                why=str(row.detail.get("why", "")),
                attempt=str(row.detail.get("attempt", "")),
                other=str(row.detail.get("other", "")),
            )
            for row in self.connection.execute(query)
        )

    def _oldest_late(self, campaign_ids: list[int], at: datetime) -> datetime | None:
        """The longest that a call which could leave now has been able to: one probe per lane."""
        late: list[datetime] = []
        for campaign_id in campaign_ids:
            row = self.tx.campaign(campaign_id)
            if row.start_at is not None and at < row.start_at:
                continue
            hours = Hours.of(self.tx.definition(row.id, row.version)[0])
            for head in self.tx.heads(campaign_id):
                if head.head <= at and hours.is_open(at, head.where, EDGE_MARGIN):
                    due = max(filter(None, (head.head, row.start_at)))
                    late.append(late_since(due, head.where, hours) or due)
        return min(late, default=None)
