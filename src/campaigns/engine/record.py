"""Take what is said about a call: store it raw first, fold it into the state afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from campaigns.core.calls import Blame, CallEvent
from campaigns.core.families import refunded_to
from campaigns.core.instants import Now
from campaigns.core.lifecycle import (
    DOUBTED,
    RANG_NOBODY,
    AttemptState,
    CampaignState,
    Outcome,
    TaskState,
)
from campaigns.core.outcomes import OUTCOME_OF, Source, Verdict, fold
from campaigns.core.records import AttemptRow, NewEvent, TaskRow
from campaigns.core.settling import Ended, Retried, Settlement, combined, raised, settle
from campaigns.engine import blame, incidents
from campaigns.engine.incarnation import keep_unknown_call
from campaigns.engine.parts import Parts
from campaigns.ports import Transaction


def receive(
    attempt_id: str, said: CallEvent, *, digest: str, body: str, source: Source, parts: Parts
) -> bool:
    """Store one event; its sender may be told "got it" once this has returned True.

    False: there is no such attempt. An event that names another call id than the one this attempt
    is bound to is kept without a say, and shown by `calls show`.
    """
    with parts.store.write() as tx:
        attempt = tx.attempt(attempt_id)
        if attempt is None:
            return False
        foreign = said.call_id is not None and not _ours(tx, attempt, said.call_id)
        tx.store_event(
            NewEvent(
                attempt_id=attempt_id,
                source=source,
                digest=digest,
                status=None if foreign or said.status is None else said.status.value,
                word=f"foreign: {said.word}" if foreign else said.word,
                call_id=said.call_id,
                duration_s=said.duration_s,
                body="" if attempt.erased else body,
            ),
            tx.now().policy,
        )
    parts.doorbell.fold(attempt_id)
    return True


def receive_for_call(
    account_id: int, said: CallEvent, *, digest: str, body: str, parts: Parts
) -> bool:
    """Store an account-level event, which knows the call id only; False when it is not ours."""
    if said.call_id is None:
        return False
    with parts.store.read() as tx:
        attempt_id = tx.bound(account_id, said.call_id)
    if attempt_id is None:
        return False
    return receive(attempt_id, said, digest=digest, body=body, source=Source.ACCOUNT, parts=parts)


def receive_unknown(
    attempt_id: str, said: CallEvent, *, digest: str, body: str, parts: Parts
) -> bool:
    """Store an event on an address of ours whose attempt this database does not know.

    After a restore its call may be known under another attempt; otherwise nothing more is dialled
    until `recover` has looked at it. False: too many such events are kept.
    """
    known: str | None = None
    with parts.store.write() as tx:
        if said.call_id is not None:
            found = (tx.bound(account.id, said.call_id) for account in tx.accounts())
            known = next((id for id in found if id is not None), None)
        if known is None:
            return keep_unknown_call(
                tx,
                NewEvent(
                    attempt_id=attempt_id,
                    source=Source.WEBHOOK,
                    digest=digest,
                    status=None if said.status is None else said.status.value,
                    word=said.word,
                    call_id=said.call_id,
                    duration_s=said.duration_s,
                    body=body,
                ),
            )
    return receive(known, said, digest=digest, body=body, source=Source.WEBHOOK, parts=parts)


def _ours(tx: Transaction, attempt: AttemptRow, call_id: str) -> bool:
    if call_id in (attempt.call_id, attempt.session_id):
        return True
    if attempt.call_id is None:
        return tx.bound(attempt.account_id, call_id) in (None, attempt.id)
    return False


def fold_events(attempt_id: str, parts: Parts) -> Settlement | None:
    """Bring an attempt and its task to what the whole evidence says. Idempotent."""
    freed: int | None = None
    with parts.store.write() as tx:
        seen = tx.attempt(attempt_id)
        if seen is None:
            return None
        tasks = tx.lock_called(seen)
        attempt = tx.lock_attempt(attempt_id)
        now = tx.now()
        # Marked before it is read: an event committed in between is seen, and folded once more.
        tx.folded(attempt_id)
        settlement = _settle(tx, attempt, tasks, now, parts)
        if attempt.open and not settlement.open:
            freed = attempt.phone_id
    if freed is not None:
        release(freed, parts)
    if settlement.task is not None:
        parts.doorbell.dispatch(attempt.account_id)
    return settlement


def _settle(
    tx: Transaction, attempt: AttemptRow, tasks: Sequence[TaskRow], now: Now, parts: Parts
) -> Settlement:
    """Every row that the call was for has what was said of it, each by its own facts."""
    verdict = fold(tx.evidence(attempt.id))
    its: Sequence[TaskRow | None] = tasks or [None]  # a try-out call is for nobody
    # Rows that share a call count it each by their own attempts.
    numbers = tx.numbered(attempt) if len(tasks) > 1 else {}
    each = []
    for task in its:
        own = replace(attempt, attempt_no=numbers[task.id]) if task and numbers else attempt
        each.append(_settled(tx, own, task, verdict, now, parts))
    settlement = combined([one for _, one in each])
    call_id = tx.said_call_id(attempt.id)
    if call_id is not None and attempt.call_id is None:
        tx.bind(attempt, call_id=call_id, session_id=None)
    tx.change_attempt(
        attempt.id,
        attempt.state,
        state=settlement.state,
        open=attempt.open and settlement.open,
        late=attempt.late or (not attempt.open and settlement.state is not attempt.state),
        ringing_at=verdict.ringing_at,
        in_progress_at=verdict.in_progress_at,
        terminal_at=verdict.terminal_at,
        duration_s=verdict.duration_s,
        confirmed=verdict.confirmed,
        check_at=settlement.check_at,
        release_at=settlement.release_at or attempt.release_at,
        give_up_at=settlement.give_up_at or attempt.give_up_at,
    )
    if settlement.state is not attempt.state:
        blame.failing(tx, attempt, now, parts.versions)
        if attempt.refunded:
            proof = {**(attempt.proof or {}), "refunded": False}
            tx.change_attempt(attempt.id, settlement.state, proof=proof)
        if not attempt.open and attempt.state in _BELIEVED_SILENT:
            incidents.late_beside_open(tx, attempt)
    for task, one in each:
        _move(tx, task, one, now)
    return settlement


def _settled(
    tx: Transaction,
    attempt: AttemptRow,
    task: TaskRow | None,
    verdict: Verdict,
    now: Now,
    parts: Parts,
) -> tuple[TaskRow | None, Settlement]:
    """What follows for one of its tasks, and that task as it is counted now."""
    retry, ends = None, None
    if task is not None and attempt.campaign_id is not None and attempt.version is not None:
        campaign = tx.campaign(attempt.campaign_id)
        definition = parts.versions.get(tx, campaign.id, attempt.version).definition
        retry = definition.retry_of(task.touch)
        if campaign.state is CampaignState.CANCELLED:
            ends = "campaign_cancelled"
        elif tx.suppressed(attempt.phone_id, campaign.id):
            ends = "do_not_call"
        elif task.stopped is not None:
            ends = task.stopped
        elif attempt.proof and "beside" in attempt.proof:
            ends = "incident"  # two calls where we asked for one: a person decides
        if _counts_again(attempt, task, raised(attempt.state, verdict)):
            # Before anything is decided by the count: this call rang after all.
            tx.recount(task.id, contact_refused=attempt.answer_blame == Blame.CONTACT.value)
            task = tx.lock_task(task.id)
    latest = tx.latest_attempt(task.id) if task is not None else None
    is_latest = latest is None or latest.intent_at <= attempt.intent_at
    settlement = settle(
        attempt,
        task,
        verdict,
        is_latest=is_latest,
        retry=retry,
        ends=ends,
        at=now.policy,
    )
    return task, settlement


_BELIEVED_SILENT = RANG_NOBODY | DOUBTED | {AttemptState.UNKNOWN}
"""What was closed in one of these may have let another call to the number through."""


def _counts_again(attempt: AttemptRow, task: TaskRow, state: AttemptState) -> bool:
    """Whether a call that was refunded to its task proves to have rung."""
    if state is attempt.state:
        return False
    return attempt.state in RANG_NOBODY or (
        attempt.state in DOUBTED and refunded_to(attempt, task.id)
    )


def _move(tx: Transaction, task: TaskRow | None, settlement: Settlement, now: Now) -> None:
    if task is None:
        return
    match settlement.task:
        case Retried(at=at) if task.state is TaskState.CALLING:
            tx.retry_set(task.id, at=at)
        case Retried(at=at) if task.state in (TaskState.WAITING, TaskState.CLAIMED):
            tx.give_back(task.id, task.claim, eligible_at=at, reason="retry")  # where it is claimed
            tx.postpone(task.id, at=at, reason="retry")
        case Ended(outcome=outcome, reason=reason):
            if task.state is not TaskState.DONE or (task.outcome, task.reason) != (outcome, reason):
                tx.end_task(task, outcome, reason, now.policy)
        case _:
            pass


def _hangs_on(tx: Transaction, task: TaskRow, attempt: AttemptRow) -> bool:
    """Whether nothing but this attempt decides about its task."""
    if task.state is TaskState.WAITING:
        # It was refunded, and then its call proved to be alive.
        latest = tx.latest_attempt(task.id)
        return latest is not None and latest.id == attempt.id
    return task.state is TaskState.CALLING


def kept(tx: Transaction, task: TaskRow, outcome: Outcome) -> Outcome:
    """The outcome of a task that ends without another call: that of its last one, if it had any."""
    if task.attempts == 0:
        return outcome
    # What was proven never to be placed says nothing about the calls before it.
    last = tx.latest_attempt(task.id, besides=(*RANG_NOBODY, AttemptState.NOT_PLACED))
    return outcome if last is None else OUTCOME_OF.get(last.state, outcome)


def release(phone_id: int, parts: Parts) -> None:
    """A call to this number is over: whoever waited for it may be looked at.

    A transaction of its own, because it touches other tasks, whose locks come before attempts;
    behind the number's lock, because a gate under way may just be reading that it is busy.
    """
    with parts.store.write() as tx:
        tx.lock_phone(phone_id)
        tx.wake_number(phone_id, tx.now().policy)


def give_up(attempt_id: str, parts: Parts) -> None:
    """Nobody can tell what became of this call: `unresolved`, visibly, and never redialled."""
    with parts.store.write() as tx:
        seen = tx.attempt(attempt_id)
        if seen is None:
            return
        tasks = tx.lock_called(seen)
        attempt = tx.lock_attempt(attempt_id)
        now = tx.now()
        silent = (
            AttemptState.UNKNOWN,
            AttemptState.ACCEPTED,
            AttemptState.RINGING,
            AttemptState.IN_PROGRESS,
        )
        if attempt.state not in silent or attempt.give_up_at > now.policy:
            return
        tx.change_attempt(
            attempt.id, attempt.state, state=AttemptState.UNRESOLVED, open=False, check_at=None
        )
        for task in tasks:
            if _hangs_on(tx, task, attempt):
                tx.end_task(task, Outcome.UNRESOLVED, "no_evidence", now.policy)
    release(seen.phone_id, parts)
