"""The clock of a rehearsal: fast while anything happens, and otherwise straight to the next thing.

A jump is one transaction that finds nothing claimed, live, unfolded or due, so no mechanical term
(a lease, a POST under way) is ever collapsed. At speed 1 a rehearsal is in real time and never
jumps. Real worlds never come here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from campaigns.core.calls import Limit
from campaigns.core.instants import EDGE_MARGIN, Now
from campaigns.core.pacing import spacing_of
from campaigns.engine.ceilings import room_at
from campaigns.engine.dispatch import open_lanes
from campaigns.engine.parts import Parts
from campaigns.errors import EngineFault
from campaigns.ports import Transaction


def advance(parts: Parts) -> datetime | None:
    """Jump to the next instant at which something happens; None when the clock stays."""
    if parts.store.policy_now().speed == 1:
        return None  # a rehearsal in real time: what runs at the real limit is what is looked at
    outside = parts.next_outside()
    with parts.store.write() as tx:
        for account in tx.accounts():
            tx.lock_account(account.id)  # no gate is under way, and none starts before the jump
        now = tx.now()
        if tx.world().kind != "rehearsal" or tx.in_flight():
            return None
        instants = [*_ahead(tx, now, parts), *outside]
        if tx.next_check() is not None:
            instants.append(tx.next_check() or now.policy)
        target = min(instants, default=None)
        if target is None or target <= now.policy:
            return None
        tx.set_clock(real=now.real, policy=target, speed=now.speed)
        return target


def _ahead(tx: Transaction, now: Now, parts: Parts) -> Iterable[datetime]:
    """When each lane can next be served; the present instant where something is due."""
    for account in tx.accounts():
        if account.paused_why is not None:
            continue
        slots = tx.slots(account.id, Limit.START)
        free = min((slot.free_at for slot in slots), default=now.policy)
        if account.last_intent_at is not None:
            free = max(free, account.last_intent_at + spacing_of(account, now, slots))
        ready = max(filter(None, (now.policy, free, account.not_before)))
        for campaign in tx.runnable(account.id, leased_at=None):
            yield from filter(None, (campaign.refresh_at, campaign.run_at))
            try:
                pinned = parts.versions.get(tx, campaign.id, campaign.version)
            except EngineFault:
                continue  # dispatch says so each second
            room = room_at(tx, campaign, account, pinned.definition, now)
            served = max(ready, room or ready)
            if open_lanes(tx, campaign, now.policy, parts):
                yield served
                continue
            for head in tx.heads(campaign.id):
                start = max(filter(None, (head.head, campaign.start_at, now.policy)))
                opening = pinned.hours.next_open(start, head.where, EDGE_MARGIN)
                if opening is not None:
                    yield max(opening, served)
