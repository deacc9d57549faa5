"""Ask the provider about a call: to settle silence and doubt, and to confirm an ending.

Every GET takes a slot of its own limit first. What it says is stored as an event like any webhook
and folded; a look-up that says nothing changes nothing but the time of the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from campaigns.core import details
from campaigns.core.absence import NotYet
from campaigns.core.calls import (
    CallEvent,
    CallStatus,
    Found,
    Limit,
    LookupFailed,
    NotThere,
    Session,
    SlowDown,
)
from campaigns.core.instants import EVENT_GRACE, Now
from campaigns.core.lifecycle import TERMINAL, AttemptState, TaskState
from campaigns.core.outcomes import Source
from campaigns.core.polling import next_check, next_details
from campaigns.core.records import AttemptRow
from campaigns.engine.absence import settle_absence
from campaigns.engine.opt_out import heed
from campaigns.engine.parts import Parts
from campaigns.engine.record import fold_events, receive
from campaigns.engine.slots import NoSlot, with_slot
from campaigns.engine.sweep import sweep
from campaigns.ports import Dialer

CHECK_LEASE = timedelta(seconds=60)
_FRESH = timedelta(seconds=15)
"""Policy time for which a read of the list serves the other calls in doubt."""


def check(attempt_id: str, parts: Parts) -> None:
    """One look at one attempt, when it is due and nobody else is at it."""
    with parts.store.write() as tx:
        now = tx.now()
        if not tx.claim_check(attempt_id, now.real, now.real + CHECK_LEASE):
            return
        attempt = tx.attempt(attempt_id)
        assert attempt is not None
        number = tx.number(attempt.phone_id)
    if attempt.check_at is None or attempt.check_at > now.policy:
        _again(attempt, attempt.check_at, parts)
        return
    dialer = parts.dialers(attempt.account_id)
    try:
        if attempt.state in TERMINAL and _talked(attempt) and details.untold(attempt.enriched):
            _enrich(attempt, dialer, parts)
            return
        session, why = _ask(attempt, number, dialer, parts)
    except NoSlot as none:
        _again(attempt, none.until, parts)
        return
    if session is not None:
        learn(attempt, session, parts)
    fold_events(attempt_id, parts)
    doubt = settle_absence(attempt_id, parts)
    if _next(attempt_id, session, why, doubt, parts):
        # Nobody will ask again, and its task waits for that: decided now.
        fold_events(attempt_id, parts)


def _talked(attempt: AttemptRow) -> bool:
    return attempt.state in (AttemptState.COMPLETED, AttemptState.VOICEMAIL)


def _ask(
    attempt: AttemptRow, number: str, dialer: Dialer, parts: Parts
) -> tuple[Session | None, str | None]:
    """The provider's session of this attempt by id, else by a sweep of its list."""
    why: str | None = None
    for id in filter(None, (attempt.session_id, attempt.call_id)):
        for kind, ask in ((Limit.STATUS, dialer.status), (Limit.OTHER, dialer.call)):
            looked = with_slot(attempt.account_id, kind, parts, partial(ask, id))
            match looked:
                case Found(session=session) if _agrees(session, attempt, number):
                    if kind is Limit.STATUS and session.status is CallStatus.FAILED:
                        return _why_failed(attempt, number, session, dialer, parts), None
                    return session, None
                case Found():
                    why = f"{id}: another call's numbers; not bound"
                case LookupFailed(why=why):
                    return None, why
                case SlowDown():
                    return None, "429"
                case NotThere():
                    why = "not found by id"
    if _just_read(attempt, parts):
        return None, why or "not in the list"
    swept = sweep(attempt, dialer, parts)
    for id, session in swept.found.items():
        if id != attempt.id:
            _settle_neighbour(id, session, parts)
    mine = swept.found.get(attempt.id)
    return mine, None if mine is not None else swept.why or why or "not in the list"


def _just_read(attempt: AttemptRow, parts: Parts) -> bool:
    """Whether a read for another call has looked for this one too, when it was due."""
    with parts.store.read() as tx:
        reads = tx.reads(attempt)
    due = attempt.check_at
    return due is not None and any(read.read_at >= due - _FRESH for read in reads)


def _settle_neighbour(attempt_id: str, session: Session, parts: Parts) -> None:
    with parts.store.read() as tx:
        attempt = tx.attempt(attempt_id)
    if attempt is not None:
        learn(attempt, session, parts)
        fold_events(attempt_id, parts)


def _why_failed(
    attempt: AttemptRow, number: str, failed: Session, dialer: Dialer, parts: Parts
) -> Session:
    """v1's vocabulary has one word for all calls nobody answered; v2 may know a better one."""
    looked = with_slot(attempt.account_id, Limit.OTHER, parts, partial(dialer.call, failed.id))
    match looked:
        case Found(session=told) if told.status is not None and _agrees(told, attempt, number):
            better = told.status.terminal and told.status.rank > CallStatus.FAILED.rank
            return replace(failed, status=told.status, word=told.word) if better else failed
        case _:
            return failed


def _agrees(session: Session, attempt: AttemptRow, number: str) -> bool:
    """What the provider tells may be less than we asked for, but never something else."""
    return (
        (session.to_number is None or session.to_number == number)
        and (session.from_number is None or session.from_number == attempt.snapshot["from_number"])
        and (session.agent_id is None or session.agent_id == attempt.snapshot["agent_id"])
    )


def learn(attempt: AttemptRow, session: Session, parts: Parts) -> None:
    """Bind a session that can only be this attempt's, and store what it says as an event."""
    with parts.store.write() as tx:
        ended = tx.lock_attempt(attempt.id).terminal_at is not None
        if session.id != attempt.call_id and not tx.bind(
            attempt, call_id=None, session_id=session.id
        ):
            return
    # A word that was said before the ending says something else after it.
    facts = {
        "word": session.word,
        "duration": session.duration_s,
        "id": session.id,
        "after the ending": ended,
    }
    digest = sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    said = CallEvent(
        call_id=None, status=session.status, word=session.word, duration_s=session.duration_s
    )
    receive(
        attempt.id,
        said,
        digest=digest,
        body=json.dumps(dict(session.raw), default=str)[:65536],
        source=Source.STATUS,
        parts=parts,
    )


def _next(
    attempt_id: str, session: Session | None, why: str | None, doubt: NotYet | None, parts: Parts
) -> bool:
    """When to look again; whether that is never, and its dial task still waits for an ending."""
    with parts.store.write() as tx:
        attempt = tx.lock_attempt(attempt_id)
        now = tx.now()
        at: datetime | None
        if attempt.state in TERMINAL:
            at = _after_ending(attempt, session, now)
        elif attempt.check_at is None:
            at = None
        else:
            at = next_check(
                intent_at=attempt.intent_at,
                settle_at=attempt.answered_at or attempt.settle_at,
                max_duration=attempt.max_duration,
                at=now.policy,
                unknown=attempt.state is AttemptState.UNKNOWN,
                webhooks=bool(attempt.snapshot.get("webhook")),
            )
            if doubt is not None and attempt.state is AttemptState.UNKNOWN:
                at = min(at, max(doubt.look_again_at, now.policy + timedelta(seconds=1)))
                why = f"{why}; {doubt.why}" if why else doubt.why
        tx.change_attempt(
            attempt_id,
            attempt.state,
            check_at=at,
            check_claim_until=None,
            checks=attempt.checks + 1,
            check_error=why[:200] if why else None,
        )
        return at is None and any(task.state is TaskState.CALLING for task in tx.called(attempt))


def _after_ending(attempt: AttemptRow, session: Session | None, now: Now) -> datetime | None:
    """An ending is confirmed once; where the provider stays silent the grace decides."""
    if attempt.check_at is None:
        return None
    if attempt.confirmed or attempt.terminal_at is None:
        return now.policy if _talked(attempt) and details.untold(attempt.enriched) else None
    if _talked(attempt):
        return now.policy if details.untold(attempt.enriched) else None
    grace = attempt.terminal_at + EVENT_GRACE
    live = session is not None and session.status in (CallStatus.INITIATING, CallStatus.RINGING)
    if live:
        return min(now.policy + timedelta(seconds=60), max(attempt.release_at, grace))
    if now.policy < grace:
        return min(now.policy + timedelta(seconds=90), grace)
    return None


def _enrich(attempt: AttemptRow, dialer: Dialer, parts: Parts) -> None:
    """Cost, recording and reason of a call that was answered, and whether its person opted out.

    Kept at once as far as they are told; what is missing is asked for again for a day.
    """
    id = attempt.call_id or attempt.session_id
    looked = (
        NotThere()
        if id is None
        else with_slot(attempt.account_id, Limit.OTHER, parts, partial(dialer.call, id))
    )
    if isinstance(looked, Found):
        heed(attempt, looked.session, parts)
    with parts.store.write() as tx:
        row = tx.lock_attempt(attempt.id)
        now = tx.now()
        values: dict[str, object] = {"check_claim_until": None, "checks": row.checks + 1}
        match looked:
            case _ if row.erased:
                values |= {"enriched": {}, "check_at": None}
            case NotThere():
                values |= {"enriched": details.given_up(row.enriched), "check_at": None}
            case Found(session=session):
                kept = details.enriched(session.raw, row.enriched)
                values |= _known(session) | _awaiting(kept, row, now)
            case _:
                values |= _awaiting(row.enriched, row, now)
        tx.change_attempt(row.id, row.state, **values)


def _known(session: Session) -> dict[str, object]:
    """What a session tells: a later one that tells less takes nothing away."""
    told = {
        "cost": session.cost,
        "currency": session.currency,
        "recording_id": session.recording_id,
        "ended_reason": session.ended_reason,
    }
    return {name: value for name, value in told.items() if value is not None}


def _awaiting(kept: Mapping[str, Any] | None, row: AttemptRow, now: Now) -> dict[str, object]:
    """When what is missing is asked for again; after the last time it stays missing."""
    if not details.untold(kept):
        return {"enriched": kept, "check_at": None}
    at = next_details(row.terminal_at or now.policy, now.policy)
    if at is None:
        return {"enriched": details.given_up(kept), "check_at": None}
    return {"enriched": kept, "check_at": at}


def _again(attempt: AttemptRow, at: datetime | None, parts: Parts) -> None:
    with parts.store.write() as tx:
        tx.change_attempt(attempt.id, attempt.state, check_at=at, check_claim_until=None)
