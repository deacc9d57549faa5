"""Read the provider's whole list of sessions since an instant, until two readings agree.

Its order is not documented and calls of others may come in between, so that pages may shift:
only the same set twice is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from campaigns.core.calls import Found, Limit, Looked, NotThere, Page, Session
from campaigns.core.recovery import MARGIN, outbound
from campaigns.engine.parts import Parts
from campaigns.engine.slots import NoSlot, with_slot
from campaigns.errors import ProviderAway

T = TypeVar("T")
PAGE = 100
_SLACK = timedelta(hours=2)
"""Which of a session's times the provider's dates filter is not documented."""
_READINGS = 6
_TRIES = 5
_PAUSE = 5.0


def since(account_id: int, start: datetime, until: datetime, parts: Parts) -> Sequence[Session]:
    """Every session of an account since `start`. Raises ProviderAway; changes nothing but slots.

    Two readings agree when they hold the same calls that began by `until`: later ones are
    somebody else's, because nothing has been dialled from here since.
    """
    before: frozenset[str] | None = None
    for _ in range(_READINGS):
        found = {session.id: session for session in _reading(account_id, start - _SLACK, parts)}
        ids = frozenset(
            id
            for id, session in found.items()
            if outbound(session) and (session.started_at is None or session.started_at <= until)
        )
        if ids == before:
            return [one for one in found.values() if _recent(one, start - MARGIN)]
        before = ids
    raise ProviderAway("the provider's list does not stay the same: nothing was concluded from it")


def call(account_id: int, call_id: str, parts: Parts) -> Session | None:
    """One call by the id that its webhook named; None where the provider knows no such call."""
    dialer = parts.dialers(account_id)
    looked: Looked = patiently(account_id, Limit.STATUS, partial(dialer.status, call_id), parts)
    match looked:
        case Found(session=session):
            return session
        case NotThere():
            return None
        case _:
            raise ProviderAway("the provider does not say what became of a call: try again later")


def _reading(account_id: int, start: datetime, parts: Parts) -> Iterator[Session]:
    dialer = parts.dialers(account_id)
    offset = 0
    while True:
        ask = partial(dialer.sessions, start=start, limit=PAGE, offset=offset)
        listed = patiently(account_id, Limit.SESSIONS, ask, parts)
        if not isinstance(listed, Page):
            raise ProviderAway("the provider's list cannot be read: try again later")
        yield from listed.sessions
        if len(listed.sessions) < PAGE:
            return
        offset += PAGE


def patiently(account_id: int, kind: Limit, ask: Callable[[], T], parts: Parts) -> T:
    """Ask inside a slot, waiting for one; what says nothing is asked again a few times."""
    answer: T | None = None
    tries = 0
    while tries < _TRIES:
        try:
            answer = with_slot(account_id, kind, parts, ask)
        except NoSlot as none:
            left = none.until - parts.store.policy_now().policy
            parts.clock.sleep(max(0.01, left.total_seconds()))
            continue
        if isinstance(answer, Page | Found | NotThere):
            break
        tries += 1
        if tries < _TRIES:
            parts.clock.sleep(_PAUSE)
    assert answer is not None
    return answer


def _recent(session: Session, start: datetime) -> bool:
    return session.started_at is None or session.started_at >= start
