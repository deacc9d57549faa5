"""Watch the database's clock against this machine's: a step would free slots too early.

Whoever sees a step first holds the accounts for all: every slot waits a whole window again. What
one process of a machine has seen is written down, so a process that has just started, and has
nothing of its own to compare with, sees a step that came before it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.core.calls import Limit
from campaigns.core.instants import CLOCK_HOLD, Now
from campaigns.core.records import AccountRow
from campaigns.engine.parts import Parts
from campaigns.ports import Transaction

WHY = "the clock stepped"


def begin(parts: Parts) -> None:
    """Take over what this machine saw last; the first process of a machine writes it down."""
    with parts.store.read() as tx:
        began = tx.last_alive(_row(parts))
    if began is None:
        with parts.store.write() as tx:
            watch(tx, parts)
        return
    at = parts.clock.monotonic()
    parts.guard.observe(began + timedelta(seconds=at), at, at)


def watched_now(tx: Transaction, parts: Parts) -> tuple[Now, float]:
    """The clock, and the monotonic instant before it was read."""
    before = parts.clock.monotonic()
    now = tx.now()
    parts.guard.observe(now.real, before, parts.clock.monotonic())
    return now, before


def held_for_step(tx: Transaction, account: AccountRow, now: Now, parts: Parts) -> datetime | None:
    """Where the clock has stepped: hold this account, whose lock the caller has, until then."""
    if not parts.guard.unheld(account.id, account.not_before):
        return None
    for kind in Limit:
        windows = [slot.window for slot in tx.slots(account.id, kind)]
        if windows:
            tx.slots_from(account.id, kind, now.policy + max(windows))
    until = max(now.policy + CLOCK_HOLD, account.not_before or now.policy)
    tx.change_account(account.id, not_before=until, held_why=WHY)
    parts.guard.held(account.id, until)
    return until


def watch(tx: Transaction, parts: Parts) -> Now:
    """Compare, hold every account after a step, and write down what this machine saw."""
    now, at = watched_now(tx, parts)
    for account in tx.accounts():
        if parts.guard.unheld(account.id, account.not_before):
            held_for_step(tx, tx.lock_account(account.id), now, parts)
    tx.alive(_row(parts), "clock", now.real - timedelta(seconds=at))
    return now


def _row(parts: Parts) -> str:
    return f"clock:{parts.clock.host}"
