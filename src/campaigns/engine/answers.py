"""Remember what the provider answered to a POST, and draw the consequences (design.md, step 4).

Each class of answer has one: the slot's stamp, the attempt's state, the task's way on, and what
stops when the fault is not the contact's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential,
)

from campaigns.core import pacing, polling
from campaigns.core.calls import (
    Accepted,
    Answer,
    Blame,
    CallStatus,
    Limit,
    NotSent,
    Rejected,
    SlowDown,
    Unknown,
)
from campaigns.core.instants import Now
from campaigns.core.lifecycle import DOUBTED, AttemptState, Outcome, TaskState
from campaigns.core.outcomes import Source
from campaigns.core.records import AttemptRow, NewEvent
from campaigns.engine.blame import failing, hold, lock_refused, refusals, stop
from campaigns.engine.gate import Intent
from campaigns.engine.incarnation import keep_unknown_call
from campaigns.engine.parts import Parts, Unrecorded
from campaigns.engine.record import release
from campaigns.errors import WorldError
from campaigns.ports import Transaction

log = structlog.get_logger(__name__)


def remember(intent: Intent, answer: Answer, parts: Parts) -> None:
    """Record an answer; when the database is away, keep it for `flush` (never lost while alive)."""
    try:
        record_answer(intent, answer, parts)
    except WorldError:
        parts.unrecorded.append(
            Unrecorded(
                attempt_id=intent.request.attempt_id,
                account_id=intent.account_id,
                window=intent.window,
                answer=answer,
            )
        )


def record_answer(intent: Intent, answer: Answer, parts: Parts, *, patience: float = 2.0) -> None:
    """Write an answer, trying again for `patience` seconds while the database is away."""
    tries = Retrying(
        retry=retry_if_exception_type(WorldError),
        stop=stop_after_delay(patience),
        wait=wait_exponential(multiplier=0.05, max=0.5),
        sleep=parts.clock.sleep,
    )
    attempt_id = intent.request.attempt_id
    try:
        tries(lambda: _record(attempt_id, intent.account_id, intent.window, answer, parts))
    except RetryError as error:
        raise error.last_attempt.result() from None  # re-raises the WorldError itself
    parts.doorbell.dispatch(intent.account_id)


def flush(parts: Parts) -> None:
    """Write the answers that were kept while the database was away."""
    while parts.unrecorded:
        try:
            kept = parts.unrecorded.popleft()
        except IndexError:
            return  # another thread of this process was faster
        try:
            _record(kept.attempt_id, kept.account_id, kept.window, kept.answer, parts)
        except WorldError:
            parts.unrecorded.appendleft(kept)
            raise
        except Exception as error:
            # Not a matter of waiting: its attempt is settled as an unknown, by evidence.
            log.exception("answer_not_recorded", kind=type(error).__name__)


def _record(
    attempt_id: str, account_id: int, window: timedelta, answer: Answer, parts: Parts
) -> None:
    freed: int | None = None
    with parts.store.write() as tx:
        seen = tx.attempt(attempt_id)
        if seen is None:
            _forgotten(tx, attempt_id, answer)
            return
        account = tx.lock_account(account_id)
        if isinstance(answer, Rejected) and answer.blame is Blame.CONTACT:
            lock_refused(tx, seen)
        tasks = tx.lock_called(seen)
        attempt = tx.lock_attempt(attempt_id)
        now = tx.now()
        # The window of now: it may have been made longer while the call was under way.
        window = max([window, *(slot.window for slot in tx.slots(account_id, Limit.START))])
        tx.settle_slot(account_id, attempt_id, _free_at(answer, window, now))
        hold(tx, account, attempt, answer, now, window)
        if attempt.answered_at is not None:
            return
        _attempt(tx, attempt, answer, now)
        if attempt.state in DOUBTED and isinstance(answer, Accepted):
            _late(tx, attempt, answer, now)
        if attempt.open and attempt.state in _FRESH and not isinstance(answer, Accepted | Unknown):
            freed = attempt.phone_id
        # Where events have spoken already, they outweigh an answer that refuses.
        calling = [task for task in tasks if task.state is TaskState.CALLING]
        if calling and attempt.state in _FRESH:
            match answer:
                case Rejected(blame=Blame.CONTACT):
                    for task in calling:
                        tx.end_task(task, Outcome.REJECTED, "number_refused", now.policy)
                    refusals(tx, attempt, now, parts.versions)
                case NotSent() | SlowDown() | Rejected():
                    reason = "account_held" if not isinstance(answer, Rejected) else "paused"
                    for task in calling:
                        tx.returned(task.id, eligible_at=now.policy, reason=reason)
                    if isinstance(answer, Rejected):
                        stop(tx, attempt, account, answer, now)
                case Accepted() | Unknown():
                    pass
        if isinstance(answer, Unknown | Rejected):
            failing(tx, attempt, now, parts.versions)
    if freed is not None:
        release(freed, parts)


def _forgotten(tx: Transaction, attempt_id: str, answer: Answer) -> None:
    """No such intent. Not sent: it was never committed. Otherwise the database has forgotten it."""
    if isinstance(answer, NotSent):
        return
    call_id = answer.call_id if isinstance(answer, Accepted) else None
    keep_unknown_call(
        tx,
        NewEvent(
            attempt_id=attempt_id,
            source=Source.STATUS,
            digest=f"answer|{attempt_id}",
            status=None,
            word=_CLASS[type(answer)],
            call_id=call_id,
            duration_s=None,
            body="",
        ),
    )


_FRESH = (AttemptState.DIALING, AttemptState.UNKNOWN)
"""Nothing is known of the call but its answer."""


def _late(tx: Transaction, attempt: AttemptRow, answer: Accepted, now: Now) -> None:
    """A process was frozen for so long that its call had been given up: folded like an event.

    Until it is folded the gate lets nobody of this task pass.
    """
    tx.store_event(
        NewEvent(
            attempt_id=attempt.id,
            source=Source.ANSWER,
            digest=sha256(f"accepted {answer.call_id}".encode()).hexdigest(),
            status=CallStatus.INITIATING.value,
            word="accepted",
            call_id=answer.call_id,
            duration_s=None,
            body="{}",
        ),
        now.policy,
    )


def _free_at(answer: Answer, window: timedelta, now: Now) -> datetime:
    match answer:
        case NotSent():
            return now.policy
        case Unknown():
            return pacing.shut(now, window)
        case _:
            return pacing.answered(now, window)


def _attempt(tx: Transaction, attempt: AttemptRow, answer: Answer, now: Now) -> None:
    values: dict[str, object] = {"answered_at": now.policy, "answer": _CLASS[type(answer)]}
    state = attempt.state
    fresh = state in _FRESH
    match answer:
        case Accepted(call_id=call_id):
            if not tx.bind(attempt, call_id=call_id, session_id=None):
                values["check_error"] = "the provider gave this call an id that another call has"
            values["give_up_at"] = polling.give_up_at(
                attempt.intent_at, attempt.max_duration, can_tell=True
            )
            if fresh:
                values["state"] = AttemptState.ACCEPTED
                values["check_at"] = polling.next_check(
                    intent_at=attempt.intent_at,
                    settle_at=attempt.settle_at,
                    max_duration=attempt.max_duration,
                    at=now.policy,
                    unknown=False,
                    webhooks=attempt.snapshot.get("webhook", False) is True,
                )
        case NotSent(why=why):
            if fresh:
                values |= {"state": AttemptState.NOT_SENT, "open": False, "check_at": None}
            values["answer_detail"] = why[:300]
        case Rejected(blame=blame, status=status, detail=detail):
            if fresh:
                values |= {"state": AttemptState.REJECTED, "open": False, "check_at": None}
            values |= {"answer_blame": blame.value, "answer_detail": f"{status} {detail}"[:300]}
        case SlowDown():
            if fresh:
                values |= {"state": AttemptState.REJECTED, "open": False, "check_at": None}
            values |= {"answer_detail": "429"}
        case Unknown(why=why):
            if fresh:
                values |= {
                    "state": AttemptState.UNKNOWN,
                    "check_at": polling.next_check(
                        intent_at=attempt.intent_at,
                        settle_at=now.policy,
                        max_duration=attempt.max_duration,
                        at=now.policy,
                        unknown=True,
                        webhooks=False,
                    ),
                }
            values["answer_detail"] = why[:300]
    tx.change_attempt(attempt.id, state, **values)


_CLASS: dict[type[Answer], str] = {
    Accepted: "accepted",
    NotSent: "not_sent",
    Rejected: "rejected",
    SlowDown: "slow_down",
    Unknown: "unknown",
}
