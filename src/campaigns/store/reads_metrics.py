"""Reads for /metrics: a look that costs little however long the history is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, select

from campaigns.core.figures import AccountFigures
from campaigns.core.gauges import AccountGauges, Gauges, Starts
from campaigns.core.instants import Now
from campaigns.core.lifecycle import CampaignState
from campaigns.core.records import CampaignRow
from campaigns.core.report import waiting
from campaigns.store.reads_health import HealthReads
from campaigns.store.tables import attempt, campaign, event

_SETTLED = timedelta(seconds=60)
"""An answer is stamped before its commit: by then whoever stamped it has committed or failed."""

_OPEN = (
    CampaignState.RUNNING.value,
    CampaignState.PAUSED.value,
    CampaignState.WAITING_FOR_APPROVAL.value,
)


class MetricReads(HealthReads):
    """Figures for a machine that asks every few seconds."""

    def gauges(self, before: Starts | None = None) -> Gauges:
        """One look. `before`: the starts of the last one, which are not counted again."""
        now = self.tx.now()
        accounts = self.accounts_figures(now)
        ids = select(campaign.c.id).where(campaign.c.state.in_(_OPEN)).order_by(campaign.c.id)
        campaigns = [self.tx.campaign(id) for id in self.connection.execute(ids).scalars()]
        asked = {campaign_id for _, campaign_id, _ in self.tx.pauses_asked()}
        paused = [one for one in campaigns if one.state is CampaignState.PAUSED or one.id in asked]
        return Gauges(
            accounts={
                one.id: self._gauge(
                    one, [row for row in campaigns if row.account_id == one.id], asked, now
                )
                for one in accounts
            },
            attempts_open=self._open_by_state(),
            unresolved=self._unresolved(),
            webhook_lag=self._webhook_lag(now),
            paused={
                "campaign": len(paused) + len(self.broken_off(now.real)),
                "account": sum(one.paused_why is not None for one in accounts),
            },
            starts=self._starts([one.id for one in accounts], now, before),
        )

    def _gauge(
        self, one: AccountFigures, campaigns: list[CampaignRow], asked: set[int], now: Now
    ) -> AccountGauges:
        waits: Counter[str] = Counter()
        for row in campaigns:
            definition, _ = self.tx.definition(row.id, row.version)
            situation = self.situation(row, definition, now, one)
            for why in waiting(self._lane_groups(row.id, now.policy), situation):
                waits[why.reason] += why.count
        callable_now = [
            row.id for row in campaigns
            if row.state is CampaignState.RUNNING and row.id not in asked
        ]  # fmt: skip
        late = None
        if one.paused_why is None:  # what a person stopped is not late
            late = self._oldest_late(callable_now, now.policy)
        age = None if one.last_start_at is None else _seconds(now.policy - one.last_start_at)
        return AccountGauges(
            name=one.name,
            slots_busy=one.slots_busy,
            last_start_age=age,
            due_oldest_age=0.0 if late is None else _seconds(now.policy - late),
            waiting=waits,
        )

    def _open_by_state(self) -> Mapping[str, int]:
        query = select(attempt.c.state, func.count()).where(attempt.c.open)
        return dict(self.connection.execute(query.group_by(attempt.c.state)).all())

    def _webhook_lag(self, now: Now) -> float:
        oldest = self.connection.execute(
            select(event.c.received_at).where(~event.c.folded).order_by(event.c.id).limit(1)
        ).scalar_one_or_none()
        return 0.0 if oldest is None else _seconds(now.policy - oldest)

    def _starts(self, account_ids: list[int], now: Now, before: Starts | None) -> Starts:
        until = now.policy - now.mechanical(_SETTLED)
        counts = Counter(before.counts if before is not None else {})
        for account_id in account_ids:
            query = select(attempt.c.answer, attempt.c.answer_blame, func.count()).where(
                attempt.c.account_id == account_id, attempt.c.answered_at <= until
            )
            if before is not None:
                query = query.where(attempt.c.answered_at > before.until)
            query = query.group_by(attempt.c.answer, attempt.c.answer_blame)
            for answer, blame, count in self.connection.execute(query):
                counts[account_id, answer, blame or ""] += count
        return Starts(until=until, counts=counts)


def _seconds(age: timedelta) -> float:
    return max(0.0, age.total_seconds())
