"""Somebody asked in a call not to be called again: obeyed before anything else is kept of it."""

from __future__ import annotations

from campaigns.core.calls import Session
from campaigns.core.definition import OptOut
from campaigns.core.opt_out import asked
from campaigns.core.records import AttemptRow
from campaigns.engine import control
from campaigns.engine.parts import Parts

SOURCE = "call"
"""Who put such a number on the do-not-call list."""


def heed(attempt: AttemptRow, session: Session, parts: Parts) -> bool:
    """Suppress the number of a finished call whose person asked for it; says whether it did.

    A transaction of its own, because the number's lock comes before the attempt's. Repeating it
    changes nothing, so a process that dies in between is followed by one that does it again.
    """
    with parts.store.read() as tx:
        number = tx.number(attempt.phone_id)
        more = OptOut()
        if attempt.campaign_id is not None and attempt.version is not None:
            pinned = parts.versions.get(tx, attempt.campaign_id, attempt.version)
            more = pinned.definition.opt_out
    how = asked(session.raw, more)
    if how is None or not number:
        return False
    control.suppress([number], parts, who="engine", reason=how, source=SOURCE)
    return True
