"""Choose the dial tasks that deserve the next slots, and ring for just that many.

Claims no more than can start within a moment: the broker stays empty, so a pause or an opt-out
takes effect at once, and a restart of the broker loses next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from campaigns.core.calls import Limit
from campaigns.core.instants import AHEAD, CLAIM_LEASE, EDGE_MARGIN, Now
from campaigns.core.pacing import spacing_of, startable
from campaigns.core.records import AccountRow, CampaignRow, Claim, LaneHead
from campaigns.engine.parts import Parts
from campaigns.errors import EngineFault
from campaigns.ports import Transaction


def dispatch(account_id: int, parts: Parts) -> int:
    """Claim and ring for one account; says for how many tasks. Idempotent."""
    with parts.store.write() as tx:
        if not tx.try_account(account_id):
            return 0
        account = tx.account(account_id)
        now = tx.now()
        count = room(tx, account, now)
        claims = _claim(tx, account, count, now, parts) if count > 0 else []
    for claim in claims:
        parts.doorbell.dial(claim)
    return len(claims)


def room(tx: Transaction, account: AccountRow, now: Now) -> int:
    """How many more starts this account can make in the next moment."""
    if account.paused_why is not None:
        return 0
    slots = tx.slots(account.id, Limit.START)
    count = startable(
        slots,
        at=now.policy,
        until=now.policy + now.mechanical(AHEAD),
        not_before=account.not_before,
        last_at=account.last_intent_at,
        spacing=spacing_of(account, now, slots),
    )
    if account.probing:
        if account.looked_at is None:
            return 0  # a look-up goes first (halfopen.py)
        # The breaker lets one call through, and waits for its answer.
        count = min(count, 1 - tx.dialing_count(account.id))
    return count - tx.claimed_count(account.id)


log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class _Queue:
    """One campaign's open lanes, the one with the earliest head first."""

    lanes: list[LaneHead]


def _claim(
    tx: Transaction, account: AccountRow, count: int, now: Now, parts: Parts
) -> Sequence[Claim]:
    leased_at = now.real if parts.policy.leased_only else None
    queues: list[_Queue] = []
    for campaign in tx.runnable(account.id, leased_at=leased_at):
        try:
            queues.append(_Queue(lanes=open_lanes(tx, campaign, now.policy, parts)))
        except EngineFault as error:
            log.error("campaign_left_out", campaign=campaign.name, why=str(error))
    claims: list[Claim] = []
    until = now.real + CLAIM_LEASE
    while len(claims) < count and any(queue.lanes for queue in queues):
        # One each in turn, beginning with the campaign served longest ago.
        for queue in queues:
            while queue.lanes and len(claims) < count:
                got = tx.claim(queue.lanes[0].lane_id, at=now.policy, until=until, limit=1)
                claims.extend(got)
                if got:
                    break
                queue.lanes.pop(0)
    return claims


def open_lanes(
    tx: Transaction, campaign: CampaignRow, at: datetime, parts: Parts
) -> list[LaneHead]:
    """Lanes with something eligible whose calling hours are open, the longest waiting first."""
    if campaign.run_at is not None:
        return []  # its run has not begun
    if campaign.start_at is not None and at < campaign.start_at:
        return []
    hours = parts.versions.get(tx, campaign.id, campaign.version).hours
    heads = [
        head
        for head in tx.heads(campaign.id)
        if head.head <= at and hours.is_open(at, head.where, EDGE_MARGIN)
    ]
    return sorted(heads, key=lambda head: (head.head, head.lane_id))
