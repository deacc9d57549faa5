"""Queries that count calls, for caps, ceilings and budgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, case, func, not_, or_, select

from campaigns.core.budget import Purse, Spent, begun_minutes, day_of
from campaigns.core.definition import Budget, Definition
from campaigns.core.facts import RATE_PERIOD, Ceilings
from campaigns.core.failing import Ending
from campaigns.core.instants import Now
from campaigns.core.lifecycle import RANG_NOBODY, TERMINAL, AttemptState
from campaigns.core.records import AccountRow, CampaignRow
from campaigns.store.base import Queries
from campaigns.store.tables import attempt, audit

_NOBODY = [state.value for state in RANG_NOBODY]
_MAY_HAVE_RUNG = attempt.c.state.not_in(_NOBODY)
_FREE = ("no_answer", "busy", "failed", "cancelled", "not_placed", *_NOBODY)
"""States of a call that costs nothing where nobody says what it costs."""
_PRICE_KNOWN = attempt.c.cost.is_not(None) & (func.coalesce(attempt.c.currency, "USD") == "USD")
"""Budgets are in US dollars: a price in another currency alone is one that nobody has told."""
_INTENTS = (
    select(attempt.c.intent_at)
    .where(
        attempt.c.campaign_id == bindparam("campaign"),
        attempt.c.intent_at > bindparam("since"),
        _MAY_HAVE_RUNG,
    )
    .order_by(attempt.c.intent_at)
)
"""Asked in every heartbeat of a campaign that has a ceiling, so built once."""
_ENDED = [
    state.value
    for state in (*TERMINAL, AttemptState.REJECTED, AttemptState.UNKNOWN, AttemptState.NOT_PLACED)
]
_PRICED = 50
"""Newest priced calls of an account that tell what a minute can cost."""
_MINUTE_S = 60.0


class CeilingQueries(Queries):
    """Counts of calls."""

    def ceilings(
        self,
        campaign: CampaignRow,
        account: AccountRow,
        definition: Definition,
        now: Now,
        max_duration: timedelta | None = None,
    ) -> Ceilings:
        """What a campaign and its account may do at once; nothing is read that they do not state.

        In the gate their locks are held, so however many workers there are, the counts are exact.
        `max_duration`: of the call in question, where its row has its own.
        """
        pacing, at = definition.pacing, now.policy
        limited, counted = pacing.starts_per_minute is not None, pacing.concurrent_calls is not None
        bounded = account.concurrent_calls is not None
        return Ceilings(
            per_minute=pacing.starts_per_minute,
            starts=self.campaign_intents(campaign.id, at - RATE_PERIOD) if limited else (),
            at_once=pacing.concurrent_calls,
            live=self.live_calls(account.id, campaign.id) if counted else 0,
            account_at_once=account.concurrent_calls,
            account_live=self.live_calls(account.id) if bounded else 0,
            purse=self._purse(campaign, definition, at, max_duration or definition.max_duration),
        )

    def _purse(
        self, campaign: CampaignRow, definition: Definition, at: datetime, max_duration: timedelta
    ) -> Purse | None:
        if definition.budget == Budget():
            return None
        begins, ends = day_of(definition, at)
        return Purse(
            budget=definition.budget,
            spent=self.spent(campaign.account_id, campaign.id, begins),
            day_ends=ends,
            max_duration=max_duration,
        )

    def campaign_intents(self, campaign_id: int, since: datetime) -> Sequence[datetime]:
        """Intents of a campaign after `since` that may have rung, oldest first."""
        given = {"campaign": campaign_id, "since": since}
        return list(self.connection.execute(_INTENTS, given).scalars())

    def live_calls(self, account_id: int, campaign_id: int | None = None) -> int:
        """Open attempts of an account, or of one of its campaigns."""
        query = select(func.count()).where(attempt.c.account_id == account_id, attempt.c.open)
        if campaign_id is not None:
            query = query.where(attempt.c.campaign_id == campaign_id)
        return int(self.connection.execute(query).scalar_one())

    def talked_at(self, phone_id: int) -> datetime | None:
        """When the last answered call to a number ended."""
        query = (
            select(func.coalesce(attempt.c.terminal_at, attempt.c.intent_at))
            .where(
                attempt.c.phone_id == phone_id,
                or_(
                    attempt.c.state == AttemptState.COMPLETED.value,
                    attempt.c.in_progress_at.is_not(None)
                    & (attempt.c.state != AttemptState.VOICEMAIL.value),
                ),
            )
            .order_by(attempt.c.intent_at.desc())
            .limit(1)
        )
        found: datetime | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def spent(self, account_id: int, campaign_id: int, since: datetime) -> Spent:
        """What a campaign has done from `since` on."""
        unpriced = not_(_PRICE_KNOWN) & attempt.c.state.not_in(_FREE)
        cost = case((_PRICE_KNOWN & (attempt.c.cost > 0), attempt.c.cost), else_=0.0)
        row = self.connection.execute(
            select(
                func.count(),
                func.coalesce(func.sum(cost), 0.0),
                func.coalesce(func.sum(case((unpriced, 1), else_=0)), 0),
            ).where(
                attempt.c.campaign_id == campaign_id,
                attempt.c.intent_at >= since,
                _MAY_HAVE_RUNG,
            )
        ).one()
        return Spent(
            calls=int(row[0]),
            cost=float(row[1]),
            unpriced=int(row[2]),
            minutes=self._minutes(campaign_id, since, unpriced) if row[2] else None,
            dearest=self._dearest(account_id),
        )

    def _minutes(
        self, campaign_id: int, since: datetime, unpriced: ColumnElement[bool]
    ) -> int | None:
        """The begun minutes that these calls may last; None where one of them does not say."""
        query = select(attempt.c.admitted).where(
            attempt.c.campaign_id == campaign_id,
            attempt.c.intent_at >= since,
            _MAY_HAVE_RUNG,
            unpriced,
        )
        total = 0
        for told in self.connection.scalars(query):
            length = (told or {}).get("max_duration_s")
            if length is None:
                return None
            total += begun_minutes(timedelta(seconds=int(length)))
        return total

    def _dearest(self, account_id: int) -> float | None:
        """The highest price of a started minute among the newest priced calls, in US dollars."""
        query = (
            select(attempt.c.cost, attempt.c.duration_s)
            .where(
                attempt.c.account_id == account_id,
                attempt.c.answered_at.is_not(None),
                _PRICE_KNOWN,
                attempt.c.cost > 0,  # a call for nothing tells no price
            )
            .order_by(attempt.c.answered_at.desc())
            .limit(_PRICED)
        )
        rows = self.connection.execute(query).all()
        each = [row.cost / max(1.0, (row.duration_s or 0.0) / _MINUTE_S) for row in rows]
        return max(each, default=None)

    def resumed_at(self, campaign_id: int) -> datetime | None:
        """When a person last let a paused campaign go on."""
        query = select(func.max(audit.c.at)).where(
            audit.c.campaign_id == campaign_id, audit.c.what == "resume"
        )
        found: datetime | None = self.connection.execute(query).scalar_one()
        return found

    def endings(self, campaign_id: int, since: datetime | None, limit: int) -> Sequence[Ending]:
        """How its newest calls ended that began after `since`, newest first."""
        query = select(attempt.c.state, attempt.c.duration_s).where(
            attempt.c.campaign_id == campaign_id, attempt.c.state.in_(_ENDED)
        )
        if since is not None:
            query = query.where(attempt.c.intent_at > since)
        query = query.order_by(attempt.c.intent_at.desc()).limit(limit)
        return [
            Ending(
                state=AttemptState(row.state),
                duration=None if row.duration_s is None else timedelta(seconds=row.duration_s),
            )
            for row in self.connection.execute(query)
        ]
