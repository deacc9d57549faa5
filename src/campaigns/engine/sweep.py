"""Find a call in the provider's list of sessions, where no id of it is known.

A session settles an attempt only if it can be no other call: same agent and numbers, begun within
the attempt's minutes, bound to nobody, and nearer to it than to any other attempt of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from campaigns.core.calls import Limit, Page, Session
from campaigns.core.records import AttemptRow
from campaigns.engine.parts import Parts
from campaigns.engine.slots import with_slot
from campaigns.ports import Dialer

LIST_LAG = timedelta(minutes=2)
EARLY = timedelta(seconds=5)
_SLACK = timedelta(minutes=10)
"""Which of a session's times the provider's dates filter is not documented."""
_PAGES = 5


def sweep(attempt: AttemptRow, number: str, dialer: Dialer, parts: Parts) -> Session | None:
    """The one session in the list that can only be ours, or None."""
    agent = str(attempt.snapshot["agent_id"])
    start = attempt.intent_at - timedelta(seconds=60)
    end = attempt.settle_at + LIST_LAG + _SLACK
    matches: dict[str, Session] = {}
    for page in range(_PAGES):
        listed = with_slot(
            attempt.account_id,
            Limit.SESSIONS,
            parts,
            partial(
                dialer.sessions, agent_id=agent, start=start, end=end, limit=100, offset=100 * page
            ),
        )
        if not isinstance(listed, Page):
            return None
        for session in listed.sessions:
            if _matches(session, attempt, number):
                matches[session.id] = session
        if len(listed.sessions) < 100:
            break
    with parts.store.read() as tx:
        others = tx.other_intents(attempt)
        free = [
            session
            for session in matches.values()
            if tx.bound(attempt.account_id, session.id) in (None, attempt.id)
            and _nearest(session, attempt, others)
        ]
    # Two candidates: one is a duplicate or a stranger on our key; the earlier is bound, both count.
    return min(free, key=lambda session: session.started_at or attempt.intent_at, default=None)


def _nearest(session: Session, attempt: AttemptRow, others: Sequence[datetime]) -> bool:
    """Whether no other call of ours to this number began nearer to this session."""
    began = session.started_at or attempt.intent_at
    ours = abs(began - attempt.intent_at)
    return all(ours <= abs(began - other) for other in others)


def _matches(session: Session, attempt: AttemptRow, number: str) -> bool:
    if session.started_at is None:
        return False
    inside = attempt.intent_at - EARLY <= session.started_at <= attempt.settle_at + LIST_LAG
    return (
        inside
        and session.to_number == number
        and session.from_number == attempt.snapshot["from_number"]
        and session.agent_id in (None, attempt.snapshot["agent_id"])
    )
