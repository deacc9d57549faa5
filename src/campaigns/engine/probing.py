"""One consented test call, and what it shows of the provider that its pages do not say.

The call goes through the same locks, caps and slots as `try`; then it is only looked at, each GET
in a slot of its own. What the looks prove is decided in core/capabilities.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from campaigns.core import matching
from campaigns.core.calls import (
    Accepted,
    Answer,
    CallStatus,
    DialRequest,
    Found,
    Limit,
    NotThere,
    Page,
    Session,
)
from campaigns.core.capabilities import MISSING_AFTER, Capability, Evidence, read
from campaigns.core.instants import RING
from campaigns.core.outcomes import STATE_OF
from campaigns.core.records import AttemptRow
from campaigns.engine.lookup import learn
from campaigns.engine.parts import Parts
from campaigns.engine.record import fold_events
from campaigns.engine.slots import NoSlot, with_slot
from campaigns.engine.tryout import try_out
from campaigns.ports import Dialer

T = TypeVar("T")
MARK = "campaigns_test_call"
"""The one key of the test call's context: it is looked for in the session's details."""
_PAUSE = timedelta(seconds=5)
_SHORTEST_PAUSE = 0.2
_TELLING = timedelta(seconds=10)
"""A call shorter than this cannot tell which of its times a filter looks at."""
_STATUS_OF = {state: status for status, state in STATE_OF.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """The test call, its answer, and what it proves; nothing where it was not accepted."""

    attempt_id: str
    answer: Answer
    evidence: Evidence | None = None
    found: Mapping[Capability, str] | None = None


def probe(account_id: int, request: DialRequest, parts: Parts, *, who: str) -> Probed:
    """Make the call, look until it has ended and is listed (or clearly is not), remember.

    Bounded: a ring, the call's own bound, and the time after which it counts as missing. Raises
    Conflict where the rules forbid the call.
    """
    tried = try_out(account_id, replace(request, context={MARK: "yes"}), parts)
    if not isinstance(tried.answer, Accepted):
        return Probed(attempt_id=tried.attempt_id, answer=tried.answer)
    with parts.store.read() as tx:
        attempt = tx.attempt(tried.attempt_id)
        assert attempt is not None
        number = tx.number(attempt.phone_id)
    look = _Look(attempt, number, tried.answer.call_id, parts)
    evidence = look.until_it_tells()
    found = read(evidence)
    with parts.store.write() as tx:
        tx.lock_account(account_id)
        at = tx.now().policy
        tx.set_capabilities(account_id, found, attempt_id=attempt.id, at=at)
        tx.audit(who=who, what="probe", at=at, account_id=account_id, attempt=attempt.id)
    return Probed(attempt_id=attempt.id, answer=tried.answer, evidence=evidence, found=found)


class _Look:
    """Looks at one call, again and again."""

    def __init__(self, attempt: AttemptRow, number: str, call_id: str, parts: Parts) -> None:
        self._attempt, self._number, self._parts = attempt, number, parts
        self._dialer: Dialer = parts.dialers(attempt.account_id)
        self._session: Session | None = None
        self._ended_at: datetime | None = None
        accepted_at = attempt.answered_at or attempt.intent_at
        self._seen = Evidence(call_id=call_id, accepted_at=accepted_at)

    def until_it_tells(self) -> Evidence:
        """Everything the call showed."""
        longest = RING + self._attempt.max_duration + MISSING_AFTER + RING
        give_up = self._seen.accepted_at + longest
        while True:
            self._status()
            self._list()
            now = self._parts.store.policy_now()
            told = self._seen.ended is not None and (
                self._seen.listed_at is not None or self._seen.missing
            )
            if told or now.policy >= give_up:
                break
            self._parts.clock.sleep(max(_SHORTEST_PAUSE, _PAUSE / timedelta(seconds=now.speed)))
        self._filter()
        self._details()
        self._seen = replace(self._seen, rate_headers=self._dialer.rate_headers())
        if self._session is not None:
            learn(self._attempt, self._session, self._parts)
        fold_events(self._attempt.id, self._parts)
        return self._seen

    def _ask(self, kind: Limit, ask: Callable[[], T]) -> T | None:
        """None where the limit is used up just now: another look will have its turn."""
        try:
            return with_slot(self._attempt.account_id, kind, self._parts, ask)
        except NoSlot:
            return None

    def _status(self) -> None:
        call_id = self._seen.call_id
        match self._ask(Limit.STATUS, partial(self._dialer.status, call_id)):
            case Found(session=session):
                self._saw(session)
                self._seen = replace(self._seen, by_call_id=True, status_id=session.id)
            case NotThere():
                self._seen = replace(self._seen, by_call_id=False)
            case _:
                pass
        with self._parts.store.read() as tx:
            row = tx.attempt(self._attempt.id)
        if row is not None:
            self._ends(_STATUS_OF.get(row.state))  # a webhook may have told it first

    def _list(self) -> None:
        page = self._sessions(self._attempt.intent_at - timedelta(seconds=60))
        if page is None:
            return
        at = self._parts.store.policy_now().policy
        self._seen = replace(self._seen, last_read_at=at)
        session = self._mine(page)
        if session is None:
            return
        self._saw(session)
        if self._seen.listed_at is None:
            self._seen = replace(self._seen, listed_id=session.id, listed_at=at)

    def _sessions(self, start: datetime) -> Page | None:
        agent = str(self._attempt.snapshot["agent_id"])
        ask = partial(self._dialer.sessions, agent_id=agent, start=start, limit=100)
        listed = self._ask(Limit.SESSIONS, ask)
        return listed if isinstance(listed, Page) else None

    def _mine(self, page: Page) -> Session | None:
        by_id = [one for one in page.sessions if one.id == self._seen.call_id]
        alike = [one for one in page.sessions if matching.surely(one, self._attempt, self._number)]
        return next(iter([*by_id, *alike]), None)

    def _saw(self, session: Session) -> None:
        self._session = session
        self._ended_at = session.ended_at or self._ended_at
        self._ends(session.status)

    def _ends(self, status: CallStatus | None) -> None:
        if status is None or not status.terminal:
            return
        if self._seen.ended is None or status.rank > self._seen.ended.rank:
            at = self._seen.ended_at or self._parts.store.policy_now().policy
            self._seen = replace(self._seen, ended=status, ended_at=at)

    def _filter(self) -> None:
        """Ask for calls from the middle of this one on: is it still shown?"""
        ended = self._ended_at or self._seen.ended_at
        if self._seen.listed_at is None or ended is None:
            return
        lasted = ended - self._seen.accepted_at
        if lasted < _TELLING:
            return
        page = self._sessions(self._seen.accepted_at + lasted / 2)
        if page is not None:
            self._seen = replace(self._seen, late_start_found=self._mine(page) is not None)

    def _details(self) -> None:
        id = self._seen.listed_id or self._seen.call_id
        match self._ask(Limit.SESSIONS, partial(self._dialer.session, id)):
            case Found(session=session):
                shown = MARK in json.dumps(dict(session.raw), default=str)
                self._seen = replace(self._seen, context_shown=shown)
            case _:
                pass
