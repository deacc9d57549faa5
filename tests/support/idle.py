"""How long nothing can happen in a world on virtual time: its heartbeats until then are skipped.

Everything the engine waits for is an instant in a row, or the edge of somebody's calling hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, true

from campaigns.core.calls import Limit
from campaigns.core.instants import AHEAD, EDGE_MARGIN, Now
from campaigns.core.pacing import spacing_of
from campaigns.engine.ceilings import room_at
from campaigns.engine.parts import Parts
from campaigns.store.call_tables import attempt, dial_task
from campaigns.store.database import Database, SqlTransaction
from campaigns.store.tables import account, campaign, run_lease, slot

Wanted = Sequence[Select[tuple[datetime | None]]]


def _first(column: ColumnElement[datetime | None], condition: ColumnElement[bool]) -> Select[Any]:
    # An instant that is now still counts: some rules ask for later than it, not for as late.
    return select(func.min(column)).where(column >= bindparam("at"), condition)


_WAITING = dial_task.c.state == "waiting"
_CHECKED = attempt.c.check_at.is_not(None)
_POLICY: Wanted = (
    _first(campaign.c.start_at, true()),
    _first(campaign.c.refresh_at, true()),
    _first(campaign.c.run_at, true()),
    _first(dial_task.c.eligible_at, _WAITING),
    _first(dial_task.c.deadline_at, _WAITING),
    _first(attempt.c.settle_at, attempt.c.state == "dialing"),
    _first(attempt.c.release_at, attempt.c.open),
    _first(attempt.c.check_at, _CHECKED),
    _first(attempt.c.give_up_at, _CHECKED),
    _first(account.c.look_at, account.c.probing),
)
_ACCOUNTS: Wanted = (
    _first(account.c.not_before, true()),
    _first(account.c.strict_until, true()),
    _first(slot.c.free_at, slot.c.kind == Limit.START.value),
)
_REAL: Wanted = (
    _first(dial_task.c.claim_until, dial_task.c.state == "claimed"),
    _first(attempt.c.check_claim_until, _CHECKED),
    _first(run_lease.c.until, true()),
)


def changes(store: Database) -> int | None:
    """Rows written so far; None where the database does not count them."""
    with store.read() as tx:
        return getattr(tx.connection.connection.driver_connection, "total_changes", None)


def quiet_for(
    parts: Parts, store: Database, *, unseen: timedelta = timedelta(0)
) -> timedelta | None:
    """Real time from now in which no heartbeat finds anything to do; None: for ever.

    `unseen`: how long before now the last heartbeat was, which saw nothing of what came since.
    """
    with store.read() as tx:
        now = tx.now()
        since = now.policy - unseen
        policy = [*_after(tx, _POLICY, since), *_due(tx, now, since, parts)]
        waits = [now.until(instant) for instant in policy if instant >= since]
        waits += [instant - now.real for instant in _after(tx, _REAL, now.real)]
    # Dispatch looks this far ahead.
    return min(waits) - AHEAD if waits else None


def _after(tx: SqlTransaction, wanted: Wanted, at: datetime) -> Iterator[datetime]:
    for query in wanted:
        first = tx.connection.execute(query, {"at": at}).scalar_one()
        if first is not None:
            yield first


def _due(tx: SqlTransaction, now: Now, since: datetime, parts: Parts) -> Iterator[datetime]:
    """What those are waiting for whose own time has come: hours, slots, holds, spacing."""
    at = now.policy
    for row in tx.accounts():
        due = False
        for one in tx.runnable(row.id, leased_at=None):
            pinned = parts.versions.get(tx, one.id, one.version)
            hours = pinned.hours
            room = room_at(tx, one, row, pinned.definition, now)
            if room is not None:
                yield room
            for head in tx.heads(one.id):
                if head.head > at:
                    continue
                due = True
                if hours.is_open(at, head.where, EDGE_MARGIN):
                    if not hours.is_open(since, head.where, EDGE_MARGIN):
                        yield at
                    yield hours.closes(at, head.where, EDGE_MARGIN)
                elif opening := hours.next_open(at, head.where, EDGE_MARGIN):
                    yield opening
        if due:
            yield from _after(tx, _ACCOUNTS, at)
            if row.last_intent_at is not None:
                slots = tx.slots(row.id, Limit.START)
                yield row.last_intent_at + spacing_of(row, now, slots)
