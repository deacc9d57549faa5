"""After the breaker's hold: a look-up that rings nobody goes first, then one call decides.

While the provider cannot even answer a GET, a POST would ring a phone blindly. A look-up that
fails prolongs nothing: the account stays closed, and it is asked again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.core.calls import Limit, Page
from campaigns.core.records import AccountRow
from campaigns.engine.parts import Parts
from campaigns.engine.slots import NoSlot, with_slot
from campaigns.ports import Transaction

AGAIN = timedelta(seconds=30)


def to_look(tx: Transaction) -> list[int]:
    """Accounts whose hold is over and whose look-up is due."""
    at = tx.now().policy
    return [account.id for account in tx.accounts() if _due(account, at)]


def _due(account: AccountRow, at: datetime) -> bool:
    return (
        account.probing
        and account.looked_at is None
        and (account.not_before is None or account.not_before <= at)
        and (account.look_at is None or account.look_at <= at)
    )


def look(account_id: int, parts: Parts) -> bool:
    """One look-up for a held account; whether a call may be let through now."""
    with parts.store.write() as tx:
        account = tx.lock_account(account_id)
        at = tx.now().policy
        if not _due(account, at):
            return account.looked_at is not None
        tx.change_account(account_id, look_at=at + AGAIN)
    dialer = parts.dialers(account_id)
    try:
        listed = with_slot(account_id, Limit.SESSIONS, parts, lambda: dialer.sessions(limit=1))
    except NoSlot as none:
        with parts.store.write() as tx:
            tx.lock_account(account_id)
            tx.change_account(account_id, look_at=none.until)
        return False
    worked = isinstance(listed, Page)
    with parts.store.write() as tx:
        now = tx.lock_account(account_id)
        if not now.probing or now.not_before != account.not_before:
            return False  # held anew meanwhile: that hold wants a look-up of its own
        if worked:
            tx.change_account(account_id, looked_at=tx.now().policy)
        else:
            why = f"held after answers that say nothing; the look-up fails too: {_why(listed)}"
            tx.change_account(account_id, held_why=why[:200])
    if worked:
        parts.doorbell.dispatch(account_id)
    return worked


def _why(listed: object) -> str:
    return str(getattr(listed, "why", "429: the provider's limit"))
