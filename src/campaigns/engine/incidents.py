"""What must never happen and did: written down at once, shown by `status`, decided by a person.

An incident never refuses the event that brought it to light: the truth is stored first.
"""

from __future__ import annotations

from campaigns.core.calls import Session
from campaigns.core.records import AttemptRow
from campaigns.engine.parts import Parts
from campaigns.ports import Transaction

INCIDENT = "incident"


def late_beside_open(tx: Transaction, attempt: AttemptRow) -> None:
    """A call we took for never placed is alive or answered while another one is under way."""
    other = tx.other_open(attempt)
    if other is not None:
        _write(tx, attempt, "a call came to light while another to its number was open", other)


def beside(tx: Transaction, attempt: AttemptRow, stray: Session, parts: Parts) -> None:
    """The list has two calls where we asked for one: both count, and nobody is redialled."""
    if tx.bound(attempt.account_id, stray.id) is not None:
        return
    other = parts.dice.uuid()
    tx.insert_stray(attempt, other, stray.id, tx.now().policy)
    proof = {**(attempt.proof or {}), "beside": other}
    tx.change_attempt(attempt.id, attempt.state, proof=proof)
    _write(tx, attempt, "two calls in the provider's list for one of ours", other)


def _write(tx: Transaction, attempt: AttemptRow, why: str, other: str) -> None:
    tx.audit(
        who="engine",
        what=INCIDENT,
        at=tx.now().policy,
        campaign_id=attempt.campaign_id,
        account_id=attempt.account_id,
        why=why,
        attempt=attempt.id,
        other=other,
    )
