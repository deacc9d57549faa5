"""Reads on campaigns and accounts: the list, and everything `show` says about one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select

from campaigns.core import pacing, where
from campaigns.core.admission import full
from campaigns.core.calls import Limit
from campaigns.core.definition import Definition
from campaigns.core.figures import (
    AccountFigures,
    CampaignFigures,
    CampaignSummary,
    LaneGroup,
    Refresh,
    RowCounts,
    TaskCounts,
)
from campaigns.core.hours import Hours
from campaigns.core.instants import Now
from campaigns.core.lifecycle import RANG_NOBODY, AttemptState, CampaignState, Outcome
from campaigns.core.pacing import Wait, grant
from campaigns.core.records import CampaignRow
from campaigns.core.report import Situation, estimated_end, waiting
from campaigns.errors import UnknownName
from campaigns.store.reads_base import BaseReads
from campaigns.store.tables import (
    account,
    attempt,
    campaign,
    dial_task,
    lane,
    pause_request,
    rejected_row,
)

_LIVE = (
    AttemptState.DIALING,
    AttemptState.ACCEPTED,
    AttemptState.RINGING,
    AttemptState.IN_PROGRESS,
)


def _refresh(row: Any) -> Refresh | None:
    if row.refresh_at is None and row.refresh_why is None:
        return None
    return Refresh(
        last_at=row.refreshed_at,
        next_at=row.refresh_at,
        why=row.refresh_why,
        trying=row.refresh_since is not None,
    )


class CampaignReads(BaseReads):
    """Campaigns and accounts."""

    def campaigns(self) -> Sequence[CampaignSummary]:
        """Every campaign, the newest first."""
        counts: dict[int, dict[str, int]] = {}
        query = select(dial_task.c.campaign_id, dial_task.c.state, func.count()).group_by(
            dial_task.c.campaign_id, dial_task.c.state
        )
        for campaign_id, state, count in self.connection.execute(query):
            counts.setdefault(campaign_id, {})[state] = count
        return self._summaries(counts)

    def with_waiting(self, summary: CampaignSummary) -> CampaignSummary:
        """The same line with why its dial tasks wait."""
        if not summary.tasks.waiting or summary.state is CampaignState.CANCELLED:
            return summary
        row, now = self.tx.campaign(summary.id), self.tx.now()
        definition, _ = self.tx.definition(row.id, row.version)
        groups = self._lane_groups(row.id, now.policy)
        return replace(summary, waiting=waiting(groups, self.situation(row, definition, now)))

    def campaign_figures(self, name: str) -> CampaignFigures:
        """Everything about one campaign. Raises UnknownName."""
        row = self.campaign_row(name)
        now = self.tx.now()
        counts, outcomes = self._counts(row.id)
        (summary,) = self._summaries({row.id: counts}, only=row.id)
        definition, _ = self.tx.definition(row.id, row.version)
        dialled_by = self.account_figures(row.account_id, now)
        groups = self._lane_groups(row.id, now.policy)
        situation = self.situation(row, definition, now, dialled_by)
        states = self._attempt_states(row.id)
        tick = self.tx.last_alive("tick")
        return CampaignFigures(
            at=now.policy,
            summary=summary,
            version=row.version,
            source=self.tx.source_of(row.id, row.version),
            max_attempts=definition.retry.max_attempts,
            rows=self._rows(row.id),
            outcomes=outcomes,
            touches=self._touches(row.id, definition),
            waiting=waiting(groups, situation),
            live={state: states[state] for state in _LIVE if state in states},
            unknown=states.get(AttemptState.UNKNOWN, 0),
            calls=sum(count for state, count in states.items() if state not in RANG_NOBODY),
            account=dialled_by,
            estimated_end=estimated_end(groups, situation),
            tick_real_age=None if tick is None else now.real - tick,
        )

    def situation(
        self,
        row: CampaignRow,
        definition: Definition,
        now: Now,
        dialled_by: AccountFigures | None = None,
    ) -> Situation:
        """What decides whether something of a campaign can leave now."""
        account = self.tx.account(row.account_id)
        return Situation(
            at=now.policy,
            hours=Hours.of(definition),
            state=row.state,
            pause_asked=self.tx.pause_asked(row.id),
            start=row.start_at,
            account=dialled_by or self.account_figures(row.account_id, now),
            full=full(self.tx.ceilings(row, account, definition, now), now),
        )

    def rows_beside(self, name: str) -> RowCounts:
        """Rows of a campaign's list that became no contact. Raises UnknownName."""
        return self._rows(self.campaign_row(name).id)

    def account_figures(self, account_id: int, now: Now) -> AccountFigures:
        """One account's limit, and what stops it."""
        row = self.connection.execute(select(account).where(account.c.id == account_id)).one()
        return self._account(row, now)

    def accounts_figures(self, now: Now) -> tuple[AccountFigures, ...]:
        """Every account's."""
        rows = self.connection.execute(select(account).order_by(account.c.id)).all()
        return tuple(self._account(row, now) for row in rows)

    def account_id(self, name: str) -> int:
        """The account of that name. Raises UnknownName, which names the ones there are."""
        rows = self.connection.execute(select(account.c.name, account.c.id).order_by(account.c.id))
        known = {row.name: int(row.id) for row in rows}
        if name not in known:
            there = ", ".join(sorted(known)) or "none yet"
            raise UnknownName(f"no voice account is called {name!r}: there is {there}")
        return known[name]

    def _account(self, row: Row[Any], now: Now) -> AccountFigures:
        slots = self.tx.slots(row.id, Limit.START)
        spacing = timedelta(seconds=row.spacing_s)
        if row.strict_until is not None and now.policy < row.strict_until:
            spacing = max(spacing, pacing.even(slots))
        granted = grant(
            slots,
            at=now.policy,
            not_before=row.not_before,
            last_at=row.last_intent_at,
            spacing=spacing,
        )
        held = row.not_before is not None and row.not_before > now.policy
        return AccountFigures(
            id=row.id,
            name=row.name,
            limit=len(slots),
            window=max((slot.window for slot in slots), default=timedelta(0)),
            spacing=spacing,
            concurrent_calls=row.concurrent_calls,
            live=self.tx.live_calls(row.id),
            slots_busy=sum(1 for slot in slots if slot.free_at > now.policy),
            next_start_at=granted.until if isinstance(granted, Wait) else now.policy,
            last_start_at=row.last_intent_at,
            last_429_at=row.last_429_at,
            held_until=row.not_before if held else None,
            held_why=row.held_why if held or row.probing else None,
            probing=row.probing,
            paused_why=row.paused_why,
            paused_by=row.paused_by,
            paused_at=row.paused_at,
        )

    def _summaries(
        self, counts: Mapping[int, Mapping[str, int]], *, only: int | None = None
    ) -> Sequence[CampaignSummary]:
        open_requests = (
            select(pause_request.c.campaign_id, func.min(pause_request.c.why))
            .where(~pause_request.c.applied)
            .group_by(pause_request.c.campaign_id)
        )
        asked = dict(self.connection.execute(open_requests).all())
        query = (
            select(campaign, account.c.name.label("account"))
            .join(account, account.c.id == campaign.c.account_id)
            .order_by(campaign.c.id.desc())
        )
        if only is not None:
            query = query.where(campaign.c.id == only)
        return [
            CampaignSummary(
                id=row.id,
                name=row.name,
                state=CampaignState(row.state),
                account=row.account,
                pause_asked=row.id in asked,
                paused_why=row.paused_why or asked.get(row.id),
                paused_by=row.paused_by or ("engine" if row.id in asked else None),
                paused_at=row.paused_at,
                created_at=row.created_at,
                start_at=row.start_at,
                end_at=row.end_at,
                finished_at=row.finished_at,
                tasks=TaskCounts(**counts.get(row.id, {})),
                run=row.run,
                run_at=row.run_at,
                refresh=_refresh(row),
            )
            for row in self.connection.execute(query)
        ]

    def _counts(self, campaign_id: int) -> tuple[Mapping[str, int], Mapping[Outcome, int]]:
        query = (
            select(dial_task.c.state, dial_task.c.outcome, func.count())
            .where(dial_task.c.campaign_id == campaign_id)
            .group_by(dial_task.c.state, dial_task.c.outcome)
        )
        states: dict[str, int] = {}
        outcomes: dict[Outcome, int] = {}
        for state, outcome, count in self.connection.execute(query):
            states[state] = states.get(state, 0) + count
            if outcome is not None:
                outcomes[Outcome(outcome)] = count
        return states, {outcome: outcomes[outcome] for outcome in Outcome if outcome in outcomes}

    def _touches(self, campaign_id: int, definition: Definition) -> Mapping[str, Mapping[str, int]]:
        """Where each touch stands, in the order of the file; nothing where there are none."""
        found: dict[str, dict[str, int]] = {one.name: {} for one in definition.schedule.touches}
        if not found:
            return {}
        query = (
            select(dial_task.c.touch, dial_task.c.outcome, func.count())
            .where(dial_task.c.campaign_id == campaign_id)
            .group_by(dial_task.c.touch, dial_task.c.outcome)
        )
        for name, outcome, count in self.connection.execute(query):
            found.setdefault(name, {})[outcome or "open"] = count
        return found

    def _lane_groups(self, campaign_id: int, at: datetime) -> Sequence[LaneGroup]:
        """Thousands of tasks in a lane share one calendar: one row per lane, reason and side."""
        eligible = (dial_task.c.eligible_at <= at).label("eligible")
        query = (
            select(
                lane.c.zones,
                dial_task.c.wait_reason,
                eligible,
                func.count().label("count"),
                func.min(dial_task.c.eligible_at),
                func.max(dial_task.c.eligible_at),
            )
            .join(lane, lane.c.id == dial_task.c.lane_id)
            .where(dial_task.c.campaign_id == campaign_id, dial_task.c.state == "waiting")
            .group_by(lane.c.zones, dial_task.c.wait_reason, eligible)
        )
        return [
            LaneGroup(
                where=where.read(zones),
                reason=reason,
                eligible=bool(ready),
                count=count,
                first=first,
                last=last,
            )
            for zones, reason, ready, count, first, last in self.connection.execute(query)
        ]

    def _attempt_states(self, campaign_id: int) -> Mapping[AttemptState, int]:
        query = (
            select(attempt.c.state, func.count())
            .where(attempt.c.campaign_id == campaign_id)
            .group_by(attempt.c.state)
        )
        return {AttemptState(state): count for state, count in self.connection.execute(query)}

    def _rows(self, campaign_id: int) -> RowCounts:
        query = (
            select(rejected_row.c.kind, func.count())
            .where(rejected_row.c.campaign_id == campaign_id)
            .group_by(rejected_row.c.kind)
        )
        return RowCounts(**dict(self.connection.execute(query).all()))
