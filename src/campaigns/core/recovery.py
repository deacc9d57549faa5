"""Whose call was it? Rules for a call in the provider's list that this database has forgotten."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns.core.calls import CallStatus, Session
from campaigns.core.instants import DEAD_PROCESS, SEND_BY
from campaigns.core.lifecycle import TaskState
from campaigns.core.records import TaskRow

MARGIN = timedelta(minutes=5)
"""A call that began so long before the stated instant is looked at too: clocks differ."""
LIST_LAG = timedelta(minutes=2)
SETTLES = SEND_BY + DEAD_PROCESS + LIST_LAG
"""After the hold: what was under way has arrived at the provider, and its list shows it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A dial task of the number that was rung, and how it would have been called."""

    task: TaskRow
    agent_id: str
    from_number: str = field(repr=False)
    max_duration_s: int
    version: int
    family: Hashable = None  # where rows are one call: what those of it have in common


@dataclass(frozen=True, kw_only=True, slots=True)
class Whose:
    """`bound`: the one task it can only be. `doubtful`: tasks it may be, where several fit.

    `fellows`: tasks that shared the call, where rows are grouped.
    """

    bound: Candidate | None = None
    fellows: tuple[Candidate, ...] = ()
    doubtful: tuple[Candidate, ...] = ()


def whose(session: Session, candidates: Sequence[Candidate]) -> Whose:
    """The task of this call: same agent and caller, and among those the one not done yet.

    A family is rung once: a call of one of its rows counts for all that wait, or one is told twice.
    """
    fitting = [
        one
        for one in candidates
        if session.agent_id in (None, one.agent_id)
        and session.from_number in (None, one.from_number)
    ]
    still = [one for one in fitting if one.task.state is not TaskState.DONE]
    chosen = still or fitting
    families = {one.family for one in chosen}
    if len(chosen) == 1 or (len(families) == 1 and None not in families):
        first, *fellows = chosen
        if first.family is not None:
            # Also those whose own agent or caller differs: it was the lead's that was shown.
            others = [one for one in candidates if one.family == first.family]
            fellows = [one for one in others if one is not first and _same_side(one, first)]
        return Whose(bound=first, fellows=tuple(fellows))
    return Whose(doubtful=tuple(chosen))


def _same_side(one: Candidate, first: Candidate) -> bool:
    return (one.task.state is TaskState.DONE) == (first.task.state is TaskState.DONE)


def outbound(session: Session) -> bool:
    """Whether a phone may have been rung: not a browser session, not somebody who called in."""
    said = {str(session.raw.get(name)).lower() for name in ("type", "direction", "call_direction")}
    return session.to_number is not None and not said & {"inbound", "web", "webrtc"}


def number(text: str) -> str:
    """A number of the provider's as ours are written."""
    return "+" + "".join(char for char in text if char in "0123456789").removeprefix("00")


def told(session: Session) -> bool:
    """Whether the list's word says enough. Its `failed` stands for every unanswered call."""
    return session.status not in (None, CallStatus.FAILED)


def forgotten(sessions: Iterable[Session], since: datetime) -> list[Session]:
    """The outbound calls that may be missing here, oldest first; one without a time comes first."""
    wanted = [
        session
        for session in sessions
        if outbound(session) and (session.started_at is None or session.started_at >= since)
    ]
    return sorted(wanted, key=lambda one: (one.started_at or since, one.id))
