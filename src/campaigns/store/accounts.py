"""Queries on accounts and their slots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, literal, select, text, update

from campaigns.core.calls import Limit
from campaigns.core.pacing import Slot
from campaigns.core.records import AccountRow
from campaigns.errors import UnknownName
from campaigns.store.base import Queries
from campaigns.store.tables import account, attempt, dial_task, slot

_DISPATCH_LOCK = 0x63616D70
"""First key of the advisory locks of dispatchers ("camp"); the second is the account."""

_ACCOUNTS = select(account).order_by(account.c.id)
_ACCOUNT = select(account).where(account.c.id == bindparam("account"))
_SLOTS = select(slot).where(
    slot.c.account_id == bindparam("account"), slot.c.kind == bindparam("kind")
)
_CLAIMED = select(func.count()).where(
    dial_task.c.account_id == bindparam("account"), dial_task.c.state == literal("claimed")
)
"""Asked in every heartbeat, so built once."""


class AccountQueries(Queries):
    """Accounts, slots, holds."""

    def accounts(self) -> Sequence[AccountRow]:
        """All accounts, by id."""
        rows = self.connection.execute(_ACCOUNTS).mappings()
        return [_account(row) for row in rows]

    def account_named(self, name: str) -> AccountRow:
        """The account of that name. Raises UnknownName."""
        query = select(account).where(account.c.name == name)
        row = self.connection.execute(query).mappings().one_or_none()
        if row is None:
            raise UnknownName(f"no voice account is called {name!r}")
        return _account(row)

    def account(self, account_id: int) -> AccountRow:
        """One account, not locked."""
        row = self.connection.execute(_ACCOUNT, {"account": account_id}).mappings().one()
        return _account(row)

    def lock_account(self, account_id: int) -> AccountRow:
        """One account under its lock: slots are taken and settled only under it."""
        query = self.locked(select(account).where(account.c.id == account_id))
        return _account(self.connection.execute(query).mappings().one())

    def try_account(self, account_id: int) -> bool:
        """Whether no other dispatcher works on this account until we commit."""
        if not self.postgres:
            return True
        query = text("SELECT pg_try_advisory_xact_lock(:space, :account)")
        taken = self.connection.execute(query, {"space": _DISPATCH_LOCK, "account": account_id})
        return bool(taken.scalar_one())

    def change_account(self, account_id: int, **values: object) -> None:
        """Set columns of an account whose lock is held."""
        self.connection.execute(update(account).where(account.c.id == account_id).values(**values))

    def slots(self, account_id: int, kind: Limit) -> Sequence[Slot]:
        """An account's slots of a kind."""
        return [
            Slot(n=row.n, free_at=row.free_at, window=timedelta(seconds=row.window_s))
            for row in self.connection.execute(_SLOTS, {"account": account_id, "kind": kind.value})
        ]

    def take_slot(
        self, account_id: int, kind: Limit, n: int, holder: str, free_at: datetime
    ) -> None:
        """Hand a slot to `holder`; the account's lock is held."""
        self.connection.execute(
            update(slot)
            .where(slot.c.account_id == account_id, slot.c.kind == kind.value, slot.c.n == n)
            .values(attempt_id=holder, free_at=free_at)
        )

    def settle_slot(self, account_id: int, holder: str, free_at: datetime) -> bool:
        """Stamp the slot `holder` has; False when it has none any more."""
        done = self.connection.execute(
            update(slot)
            .where(slot.c.account_id == account_id, slot.c.attempt_id == holder)
            .values(free_at=free_at)
        )
        return done.rowcount == 1

    def answers(self, account_id: int, since: datetime | None, limit: int) -> Sequence[str]:
        """The newest answer classes, newest first; what was not sent says nothing."""
        query = select(attempt.c.answer).where(
            attempt.c.account_id == account_id,
            attempt.c.answered_at.is_not(None),
            attempt.c.answer != "not_sent",
        )
        if since is not None:
            query = query.where(attempt.c.answered_at > since)
        query = query.order_by(attempt.c.answered_at.desc()).limit(limit)
        return list(self.connection.execute(query).scalars())

    def dialing_count(self, account_id: int) -> int:
        """Attempts whose answer nobody has yet."""
        query = select(func.count()).where(
            attempt.c.account_id == account_id, attempt.c.state == literal("dialing")
        )
        return int(self.connection.execute(query).scalar_one())

    def claimed_count(self, account_id: int) -> int:
        """Dial tasks of this account on their way to the gate."""
        return int(self.connection.execute(_CLAIMED, {"account": account_id}).scalar_one())


def _account(row: RowMapping) -> AccountRow:
    values: dict[str, Any] = {name: row[name] for name in _PLAIN}
    return AccountRow(spacing=timedelta(seconds=row["spacing_s"]), **values)


_PLAIN = (
    "id",
    "name",
    "strict_until",
    "last_intent_at",
    "not_before",
    "held_why",
    "not_sent_streak",
    "probing",
    "unknown_since",
    "looked_at",
    "look_at",
    "last_429_at",
    "paused_why",
    "paused_by",
    "concurrent_calls",
)
