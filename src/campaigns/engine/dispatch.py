"""Choose the dial tasks that deserve the next slots, and ring for just that many.

Claims no more than can start within a moment: the broker stays empty, so a pause or an opt-out
takes effect at once, and a restart of the broker loses next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from campaigns.core.calls import Limit
from campaigns.core.instants import AHEAD, CLAIM_LEASE, EDGE_MARGIN, Now
from campaigns.core.pacing import spacing_of, startable
from campaigns.core.records import AccountRow, CampaignRow, Claim, LaneHead
from campaigns.core.selection import HORIZON, SHARE_WINDOW, Candidate, Served, choose, shares
from campaigns.engine.ceilings import room_of
from campaigns.engine.parts import Parts, Pinned
from campaigns.errors import EngineFault
from campaigns.ports import Transaction

log = structlog.get_logger(__name__)

RIPEN = 1000
"""So many that have become eligible are seen in one beat, in 50 ms: a million in 17 minutes."""


def dispatch(account_id: int, parts: Parts) -> int:
    """Claim and ring for one account; says for how many tasks. Idempotent."""
    with parts.store.write() as tx:
        if not tx.try_account(account_id):
            return 0
        account = tx.account(account_id)
        now = tx.now()
        if account.paused_why is not None:
            return 0
        sides = list(_sides(tx, account, now, parts))
        _ripen(tx, sides, now.policy)
        count = room(tx, account, now) if sides else 0
        claims = _claim(tx, account, sides, count, now) if count > 0 else []
    for claim in claims:
        parts.doorbell.dial(claim)
    return len(claims)


def room(tx: Transaction, account: AccountRow, now: Now) -> int:
    """How many more starts this account can make in the next moment."""
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
    if account.concurrent_calls is not None:
        count = min(count, account.concurrent_calls - tx.live_calls(account.id))
    return count - tx.claimed_count(account.id)


@dataclass(kw_only=True, slots=True)
class _Side:
    """One campaign that may dial now."""

    campaign: CampaignRow
    pinned: Pinned
    lanes: Mapping[int, LaneHead]
    """Where something is eligible and calling hours are open, by id."""
    shut: Sequence[int]
    """Lanes where something is eligible and they are not."""


def _sides(tx: Transaction, account: AccountRow, now: Now, parts: Parts) -> Iterator[_Side]:
    leased_at = now.real if parts.policy.leased_only else None
    for campaign in tx.runnable(account.id, leased_at=leased_at):
        try:
            pinned = parts.versions.get(tx, campaign.id, campaign.version)
        except EngineFault as error:
            log.error("campaign_left_out", campaign=campaign.name, why=str(error))
            continue
        heads = _due(tx, campaign, now.policy)
        lanes = _open(heads, now.policy, pinned)
        if heads:
            yield _Side(
                campaign=campaign,
                pinned=pinned,
                lanes={head.lane_id: head for head in lanes},
                shut=[head.lane_id for head in heads if head not in lanes],
            )


def _ripen(tx: Transaction, sides: Sequence[_Side], at: datetime) -> None:
    """Where it is open, and whoever goes first: the others have their share besides."""
    first = sorted(sides, key=lambda side: side.pinned.definition.pacing.priority)
    lanes = [lane for side in first for lane in side.lanes]
    tx.ripen([*lanes, *(lane for side in first for lane in side.shut)], at=at, limit=RIPEN)


def _claim(
    tx: Transaction, account: AccountRow, sides: Sequence[_Side], count: int, now: Now
) -> Sequence[Claim]:
    """One after the other, each time the one that deserves it most."""
    at = now.policy
    of = {side.campaign.id: side for side in sides}
    coming = tx.claimed(of, at=at)
    left: dict[int, int] = {}  # what ceilings of their own leave, by campaign
    for id, side in of.items():
        bound = room_of(tx, side.campaign, account, side.pinned.definition, now)
        if bound is not None:
            left[id] = bound - sum(one.campaign_id == id for one in coming)
    callable_now = [side for id, side in of.items() if left.get(id, 1) > 0]
    candidates = [one for side in callable_now for one in _candidates(tx, side, at)]
    if not candidates:
        return []
    served = shares([*tx.starts(of, since=at - SHARE_WINDOW), *coming], at)
    claims: list[Claim] = []
    while len(claims) < count and candidates:
        one = candidates.pop(choose(candidates, served))
        id = one.campaign_id
        until = now.real + CLAIM_LEASE
        got = tx.claim(one.lane_id, again=one.again, at=at, until=until, limit=1)
        if not got:
            continue  # whoever holds those rows now is about to change them
        claims += got
        served[id] = served.get(id, Served()).plus(one.again)
        left[id] = left.get(id, count) - 1
        if not left[id]:
            candidates = [other for other in candidates if other.campaign_id != id]
        elif len(claims) < count:
            behind = _candidates(tx, of[id], at, lanes=[one.lane_id])
            candidates += [other for other in behind if other.again is one.again]
    return claims


def _candidates(
    tx: Transaction, side: _Side, at: datetime, lanes: Collection[int] | None = None
) -> Iterator[Candidate]:
    pacing = side.pinned.definition.pacing
    for ripe in tx.ripest(side.lanes if lanes is None else lanes, at=at):
        left = HORIZON
        if ripe.deadline_at is not None and ripe.deadline_at < at + HORIZON:
            where = side.lanes[ripe.lane_id].where
            left = side.pinned.hours.time_left(at, where, ripe.deadline_at, EDGE_MARGIN)
        yield Candidate(
            campaign_id=side.campaign.id,
            lane_id=ripe.lane_id,
            priority=pacing.priority,
            weight=pacing.weight,
            again=ripe.again,
            left=left,
            since=ripe.since,
        )


def open_lanes(
    tx: Transaction, campaign: CampaignRow, at: datetime, parts: Parts
) -> Sequence[LaneHead]:
    """Lanes with something eligible whose calling hours are open."""
    pinned = parts.versions.get(tx, campaign.id, campaign.version)
    return _open(_due(tx, campaign, at), at, pinned)


def _due(tx: Transaction, campaign: CampaignRow, at: datetime) -> Sequence[LaneHead]:
    if campaign.run_at is not None:
        return []  # its run has not begun
    if campaign.start_at is not None and at < campaign.start_at:
        return []
    return [head for head in tx.heads(campaign.id) if head.head <= at]


def _open(heads: Sequence[LaneHead], at: datetime, pinned: Pinned) -> Sequence[LaneHead]:
    return [head for head in heads if pinned.hours.is_open(at, head.where, EDGE_MARGIN)]
