"""Read the provider's list of sessions for calls of which no id is known.

One read serves every call in doubt of the same agent and the same minutes, and is kept: a session
that can be no other call settles one, and a call that no read shows may be proven absent
(core/absence.py). Paging by offset is unstable, so a read that is to prove an absence is made of
passes over all pages until two in a row agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from campaigns.core import capabilities, matching
from campaigns.core.absence import LIST_LAG, ListRead, quarantine
from campaigns.core.calls import Limit, Page, Session
from campaigns.core.records import AttemptRow
from campaigns.engine.incidents import beside
from campaigns.engine.parts import Parts
from campaigns.engine.slots import with_slot
from campaigns.ports import Dialer, Transaction

_SLACK = timedelta(minutes=10)
"""Which of a session's times the provider's dates filter is not documented."""
_REACH = timedelta(minutes=30)
"""How far past its call a proving read looks for later ones: that the list is alive."""
_TOGETHER = timedelta(minutes=10)
_PAGE = 100
_PAGES = 20
_PASSES = 3

Learn = Callable[[AttemptRow, Session], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """What one read found: calls in doubt with their session, and why it may not count."""

    found: Mapping[str, Session] = field(default_factory=dict)
    why: str | None = None


def sweep(attempt: AttemptRow, dialer: Dialer, parts: Parts) -> Swept:
    """Read the list for this attempt and its neighbours in doubt. Raises NoSlot."""
    agent = str(attempt.snapshot["agent_id"])
    with parts.store.read() as tx:
        now = tx.now().policy
        near = tx.doubtful(
            attempt.account_id,
            agent,
            since=attempt.intent_at - _TOGETHER,
            until=attempt.intent_at + _TOGETHER,
        )
        served = [attempt, *(one for one in near if one.id != attempt.id)]
        numbers = {one.id: tx.number(one.phone_id) for one in served}
        known = tx.capabilities(attempt.account_id)
    lag = capabilities.list_lag(known)
    # Where the list may hide unanswered calls, more passes over it would prove nothing either.
    proving = capabilities.lists_unanswered(known) and any(
        now >= one.settle_at + quarantine(one.max_duration, lag) for one in served
    )
    # The list tells the provider's time: a call begins before its intent where our clock is ahead.
    start = min(one.intent_at for one in served) - matching.CLOCKS - matching.EARLY
    end = max(one.settle_at for one in served) + LIST_LAG + _SLACK
    if proving:
        # Not up to this moment: what is only just appearing would let no two passes agree.
        end = max(end, min(now - LIST_LAG, end + _REACH))
    ask = partial(_pass, attempt.account_id, agent, start, end, dialer, parts)
    passes: list[dict[str, Session]] = []
    why, complete = None, False
    for _ in range(_PASSES if proving else 1):
        got = ask()
        if isinstance(got, str):
            why = got
            break
        passes.append(got)
        complete = len(passes) > 1 and passes[-1].keys() == passes[-2].keys()
        if complete:
            break
    if not passes:
        return Swept(why=why)
    sessions = {id: session for one in passes for id, session in one.items()}
    began = [session.started_at for session in sessions.values() if session.started_at is not None]
    with parts.store.write() as tx:
        found, present = _sort(tx, served, numbers, sessions, parts)
        tx.store_read(
            ListRead(
                account_id=attempt.account_id,
                agent_id=agent,
                start=start,
                end=end,
                read_at=tx.now().policy,
                complete=complete,
                digest=sha256("\n".join(sorted(passes[-1])).encode()).hexdigest(),
                sessions=len(sessions),
                newest_at=max(began, default=None),
                absent=tuple(one.id for one in served if one.id not in present),
                present=tuple(sorted(present)),
            )
        )
    if proving and not complete:
        why = why or "the list did not stand still: two passes in a row never agreed"
    return Swept(found=found, why=why)


def _pass(
    account_id: int, agent: str, start: datetime, end: datetime, dialer: Dialer, parts: Parts
) -> dict[str, Session] | str:
    """Every session of all pages by id, or why not all of them were read."""
    seen: dict[str, Session] = {}
    for page in range(_PAGES):
        ask = partial(
            dialer.sessions, agent_id=agent, start=start, end=end, limit=_PAGE, offset=_PAGE * page
        )
        listed = with_slot(account_id, Limit.SESSIONS, parts, ask)
        if not isinstance(listed, Page):
            return getattr(listed, "why", "429")
        seen |= {session.id: session for session in listed.sessions}
        if len(listed.sessions) < _PAGE:
            return seen
    return f"the list has more than {_PAGES} pages for these minutes"


def _sort(
    tx: Transaction,
    served: Sequence[AttemptRow],
    numbers: Mapping[str, str],
    sessions: Mapping[str, Session],
    parts: Parts,
) -> tuple[dict[str, Session], set[str]]:
    """Who is surely found with which session, and who is possibly there."""
    found: dict[str, Session] = {}
    present: set[str] = set()
    for one in served:
        number = numbers[one.id]
        free = [
            session
            for session in sessions.values()
            if matching.possibly(session, one, number)
            and tx.bound(one.account_id, session.id) in (None, one.id)
        ]
        if free:
            present.add(one.id)
        others = tx.other_intents(one)
        sure = [
            session
            for session in free
            if matching.surely(session, one, number)
            and session.id not in {taken.id for taken in found.values()}
            and matching.nearest(session, one, others)
        ]
        sure.sort(key=lambda session: (session.started_at or one.intent_at, session.id))
        if sure:
            found[one.id] = sure[0]
        for stray in sure[1:]:
            # A duplicate, or a stranger on our key: the person was rung, so it counts.
            beside(tx, one, stray, parts)
    return found, present
