"""Run one GET inside a slot of its own limit: look-ups share the account with the campaigns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from campaigns.core import pacing
from campaigns.core.calls import Limit
from campaigns.core.pacing import Granted, grant
from campaigns.engine.clock import held_for_step, watched_now
from campaigns.engine.parts import Parts

T = TypeVar("T")


class NoSlot(Exception):
    """The limit of this kind of GET is used up until `until` (policy time)."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__("no slot")


def with_slot(account_id: int, kind: Limit, parts: Parts, ask: Callable[[], T]) -> T:
    """Run one GET inside a slot of its kind. Raises NoSlot instead of waiting."""
    holder = parts.dice.uuid()
    with parts.store.write() as tx:
        account = tx.lock_account(account_id)
        now, _ = watched_now(tx, parts)
        held_for_step(tx, account, now, parts)
        granted = grant(tx.slots(account_id, kind), at=now.policy)
        if isinstance(granted, Granted):
            until = pacing.held(now, granted.slot.window, budget=parts.policy.lookup_deadline)
            tx.take_slot(account.id, kind, granted.slot.n, holder, until)
    if not isinstance(granted, Granted):
        raise NoSlot(granted.until)  # outside: what a step of the clock wrote must be kept
    window = granted.slot.window
    answer = ask()
    with parts.store.write() as tx:
        tx.lock_account(account_id)
        now = tx.now()
        tx.settle_slot(account_id, holder, pacing.answered(now, window))
    return answer
