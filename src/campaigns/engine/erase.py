"""Forget a person: what is personal goes, that they are not to be called stays."""

from __future__ import annotations

from campaigns.core.records import Erased
from campaigns.engine.parts import Parts
from campaigns.errors import Conflict

NOTHING = Erased(contacts=0, calls=0, ended=0)


def erase(number: str, parts: Parts, *, who: str, suppress: bool = True) -> Erased:
    """Erase everything about a number (E.164), and unless told otherwise never call it again.

    Raises Conflict while a call to it is under way. Nothing of the number is audited.
    """
    with parts.store.write() as tx:
        phone_id = tx.phone_of(number)
        if phone_id is None:
            if not suppress:
                return NOTHING
            phone_id = tx.phone_ids([number])[number]
    with parts.store.write() as tx:
        tx.lock_phone(phone_id)
        at = tx.now().policy
        busy_until = tx.busy_until(phone_id, at)
        if busy_until is not None:
            raise Conflict(
                "a call to this number is under way, until"
                f" {busy_until:%Y-%m-%d %H:%M} UTC at the latest: erase it when it has ended"
            )
        if suppress:
            tx.suppress(phone_id, reason="erased", source="erase", at=at)
        erased = tx.erase(phone_id, at)
        tx.audit(who=who, what="erase", at=at, phone=phone_id)
        return erased


def told(number: str, parts: Parts, *, who: str) -> None:
    """Somebody is handed everything that is held about a number: that is audited, by its id."""
    with parts.store.write() as tx:
        phone_id = tx.phone_of(number)
        if phone_id is not None:
            tx.audit(who=who, what="held", at=tx.now().policy, phone=phone_id)
