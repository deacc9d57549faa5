"""Stop everything when the database turns out to be an older state of itself, before it dials.

Whoever sees it first writes the hold into the database; every gate reads it under its locks, and
the heartbeat pauses the accounts so that screens say why.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from campaigns.core import pacing
from campaigns.core.calls import Limit
from campaigns.core.incarnation import Incarnation, command, went_back
from campaigns.core.records import NewEvent
from campaigns.engine.parts import Parts
from campaigns.errors import EngineFault
from campaigns.ports import Transaction

log = structlog.get_logger(__name__)
ENGINE = "engine"


class WentBack(EngineFault):
    """The database has forgotten calls. `since`: real time after which they may be missing."""

    def __init__(self, why: str, since: datetime | None) -> None:
        self.why, self.since = why, since
        super().__init__(why)


def standing(tx: Transaction, parts: Parts) -> Incarnation:
    """The database as it is, once it is certain that it did not go back. Raises WentBack.

    One that is held already is not accused again: its `held_why` says what to do.
    """
    seen = parts.watch.seen
    found = tx.incarnation()
    why = None if found.held_why is not None else went_back(found, seen)
    if why is not None:
        raise WentBack(why, found.marked_at)
    parts.watch.saw(found.mark)
    return found


def at_start(parts: Parts) -> None:
    """What every process does before it does anything: ask the witnesses, and look."""
    with parts.store.read() as tx:
        born = tx.incarnation().born
    if born is not None:
        parts.watch.ask(born)
    try:
        with parts.store.read() as tx:
            standing(tx, parts)
    except WentBack as back:
        hold(parts, back)


def beaten(tx: Transaction, parts: Parts, at: datetime) -> tuple[str | None, int]:
    """A sign of life of the database: its name and its new mark. Raises WentBack."""
    found = standing(tx, parts)
    if found.held_why is not None:
        # Before a person lets go: nobody may find it too low a second time.
        tx.lift_mark(parts.watch.seen, at=at)
    return found.born, tx.raise_mark(at)


def hold(parts: Parts, back: WentBack) -> None:
    """Nothing is dialled by anybody until `recover`."""
    seen = parts.watch.seen
    with parts.store.write() as tx:
        first = hold_within(tx, back.why, since=back.since)
        tx.lift_mark(seen, at=tx.now().real)
    if first:
        log.error("database_went_back", why=back.why)
    stop_accounts(parts)


def hold_within(tx: Transaction, why: str, *, since: datetime | None) -> bool:
    """The hold alone, in a transaction that holds no account; False: it is held already."""
    now = tx.now()
    first = tx.hold_world(why, since=since, at=now.real)
    if first:
        tx.audit(who=ENGINE, what="hold", at=now.policy, why=why)
    return first


def stop_accounts(parts: Parts) -> None:
    """Pause every account of a held database, each once: screens and `run` say why."""
    with parts.store.read() as tx:
        if tx.incarnation().held_why is None:
            return
        going = [account.id for account in tx.accounts() if account.paused_why is None]
    for account_id in going:
        with parts.store.write() as tx:
            account = tx.lock_account(account_id)
            why = tx.incarnation().held_why
            if why is None or account.paused_why is not None:
                continue
            at = tx.now().policy
            tx.change_account(account_id, paused_why=why, paused_by=ENGINE, paused_at=at)
            all_slots_taken(tx, account_id)


def all_slots_taken(tx: Transaction, account_id: int) -> None:
    """The provider still counts requests that this database forgot; the account's lock is held."""
    now = tx.now()
    for kind in Limit:
        for slot in tx.slots(account_id, kind):
            tx.slots_from(account_id, kind, pacing.newborn(now, slot.window))


def keep_unknown_call(tx: Transaction, event: NewEvent) -> bool:
    """Keep what is said of a call of ours that this database does not know, and hold.

    Only we can make the address or the answer it came by, so the call was made and forgotten.
    False: too many such events are kept.
    """
    found = tx.incarnation()
    if not tx.store_orphan(event, tx.now().policy):
        return False
    if not tx.reviewed(event.attempt_id):
        why = f"a call came up that this database has forgotten: run `{command(found)}`"
        hold_within(tx, why, since=found.marked_at)
    return True
