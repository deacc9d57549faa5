"""Which session of the provider's list can be a call of ours: surely, or just possibly.

The two questions fail to opposite sides. A session settles a call only if it can be no other; a
call is absent only if no session could be it, however the provider writes a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from campaigns.core.absence import LIST_LAG
from campaigns.core.calls import Session
from campaigns.core.records import AttemptRow

EARLY = timedelta(seconds=5)
CLOCKS = timedelta(minutes=10)
"""How far our clock may be from the provider's before an absence is believed wrongly."""
_FEWEST = 6
"""Digits that tell two phones apart, where one is written without its country."""


def surely(session: Session, attempt: AttemptRow, number: str) -> bool:
    """Same agent and numbers, begun within the attempt's minutes."""
    return (
        session.started_at is not None
        and _inside(session.started_at, attempt)
        and session.to_number == number
        and session.from_number == attempt.snapshot["from_number"]
        and session.agent_id in (None, attempt.snapshot["agent_id"])
    )


def possibly(session: Session, attempt: AttemptRow, number: str) -> bool:
    """Nothing that it says rules it out: what it does not say might be anything."""
    began = session.started_at
    return (began is None or _inside(began, attempt, apart=CLOCKS)) and (
        session.to_number is None or _same_phone(session.to_number, number)
    )


def nearest(session: Session, attempt: AttemptRow, others: Iterable[datetime]) -> bool:
    """Whether no other call of ours to this number began nearer to this session."""
    began = session.started_at or attempt.intent_at
    ours = abs(began - attempt.intent_at)
    return all(ours <= abs(began - other) for other in others)


def _inside(began: datetime, attempt: AttemptRow, *, apart: timedelta = timedelta(0)) -> bool:
    return attempt.intent_at - EARLY - apart <= began <= attempt.settle_at + LIST_LAG + apart


def _same_phone(written: str, number: str) -> bool:
    digits = "".join(filter(str.isdigit, written)).lstrip("0")
    ours = "".join(filter(str.isdigit, number))
    return len(digits) < _FEWEST or digits.endswith(ours) or ours.endswith(digits)
