"""What follows from a verdict: for the attempt, for its dial task, and whether to ask again.

Pure. The engine reads the rows under their locks, asks here, and writes what it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigns.core import polling
from campaigns.core.definition import Retry
from campaigns.core.details import untold
from campaigns.core.instants import EVENT_GRACE
from campaigns.core.lifecycle import (
    ATTEMPT_TABLE,
    DOUBTED,
    RANG_NOBODY,
    TERMINAL,
    AttemptState,
    Outcome,
    TaskState,
)
from campaigns.core.outcomes import OUTCOME_OF, STATE_OF, Verdict, better
from campaigns.core.records import AttemptRow, TaskRow
from campaigns.core.retry import GiveUp, RetryAt, decide

CONFIRM_AFTER = timedelta(seconds=2)
"""Policy time between an ending and the GET that confirms it: the provider writes it first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retried:
    """The task waits for another attempt at `at`."""

    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The task has (or moves up to) this outcome."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """`task` None: the task stays as it is. `check_at` None: nothing more to ask.

    `release_at` and `give_up_at`: new bounds of a call that came to light late.
    """

    state: AttemptState
    open: bool
    task: Retried | Ended | None
    check_at: datetime | None
    release_at: datetime | None = None
    give_up_at: datetime | None = None


def settle(
    attempt: AttemptRow,
    task: TaskRow | None,
    verdict: Verdict,
    *,
    is_latest: bool,
    retry: Retry | None,
    ends: str | None,
    at: datetime,
) -> Settlement:
    """The consequences of `verdict` at the policy instant `at`.

    `attempt`: with the number that it has for this task. `is_latest`: no newer attempt of the task
    exists. `ends`: why no further attempt may follow whatever the policy says (campaign cancelled,
    do not call), or None.
    """
    state = raised(attempt.state, verdict)
    if state not in TERMINAL:
        if attempt.state in RANG_NOBODY | DOUBTED and state is not attempt.state:
            return _alive_after_all(attempt, task, state, at)
        return Settlement(state=state, open=attempt.open, task=None, check_at=attempt.check_at)
    ended_at = verdict.terminal_at or at
    asked_enough = at >= ended_at + EVENT_GRACE
    if verdict.look_first and not asked_enough:
        # Contradicting words: the number is free, but nothing follows before a GET or the grace.
        check = max(at, ended_at) + CONFIRM_AFTER
        redial = task is not None and task.state in (TaskState.WAITING, TaskState.CLAIMED)
        waits = Retried(at=ended_at + EVENT_GRACE) if redial and is_latest else None
        return Settlement(state=state, open=False, task=waits, check_at=check)
    outcome = OUTCOME_OF[state]
    follow = _task(attempt, task, verdict, outcome, is_latest, retry, ends, ended_at)
    calling = task is not None and task.state is TaskState.CALLING and is_latest
    if calling and isinstance(follow, Ended) and _may_rise(outcome, verdict) and not asked_enough:
        # A word of higher rank may follow and want a retry; what is done is never undone.
        asked = attempt.check_at if attempt.terminal_at else ended_at + CONFIRM_AFTER
        return Settlement(state=state, open=False, task=None, check_at=asked)
    return Settlement(
        state=state,
        open=False,
        task=follow,
        check_at=_check(attempt, verdict, outcome, follow, ended_at, at),
    )


def combined(each: Sequence[Settlement]) -> Settlement:
    """One attempt that several tasks share: what follows for it when one of them needs it.

    `task`: that of the first that has any.
    """
    first = each[0]
    checks = [one.check_at for one in each if one.check_at is not None]
    return replace(
        first,
        task=next((one.task for one in each if one.task is not None), None),
        check_at=min(checks, default=None),
    )


def _alive_after_all(
    attempt: AttemptRow, task: TaskRow | None, state: AttemptState, at: datetime
) -> Settlement:
    """We believed that nobody was rung, the call itself says otherwise: wait for its bound.

    A call of which we had no word may have begun at any time until now: its bounds count from here.
    """
    release_at, give_up_at = attempt.release_at, None
    if attempt.state in DOUBTED:
        longest = attempt.max_duration
        release_at = max(release_at, polling.release_at(at, longest))
        give_up_at = max(
            attempt.give_up_at, release_at, polling.give_up_at(at, longest, can_tell=False)
        )
    asked = task is not None and task.state in (TaskState.WAITING, TaskState.CLAIMED)
    return Settlement(
        state=state,
        open=attempt.open,
        task=Retried(at=release_at) if asked and at < release_at else None,
        check_at=at + CONFIRM_AFTER,
        release_at=release_at,
        give_up_at=give_up_at,
    )


def _may_rise(outcome: Outcome, verdict: Verdict) -> bool:
    return outcome in _UNANSWERED and not verdict.answered and not verdict.confirmed


_UNANSWERED = frozenset({Outcome.FAILED, Outcome.NO_ANSWER, Outcome.BUSY})


def raised(current: AttemptState, verdict: Verdict) -> AttemptState:
    """The state that a verdict lifts an attempt to; never one below where it is."""
    if verdict.status is None:
        return current
    said = STATE_OF[verdict.status]
    return said if (current, said) in ATTEMPT_TABLE else current


def _task(
    attempt: AttemptRow,
    task: TaskRow | None,
    verdict: Verdict,
    outcome: Outcome,
    is_latest: bool,
    retry: Retry | None,
    ends: str | None,
    ended_at: datetime,
) -> Retried | Ended | None:
    if task is None or retry is None:
        return None
    # A task that is being called is called by its latest attempt: that one is of this round.
    calling = task.state is TaskState.CALLING and is_latest
    earlier = attempt.attempt_no <= task.spent and not calling
    if earlier and verdict.live_since is not None and not verdict.answered:
        # A GET after the ending still saw it alive: the new round waits for its bound.
        waits = task.state in (TaskState.WAITING, TaskState.CLAIMED)
        return Retried(at=attempt.release_at) if waits else None
    if task.state is TaskState.DONE or not is_latest or earlier:
        # Late truth: the outcome moves up, never down, and nobody is called again for it.
        if task.outcome is None:
            return Ended(outcome=outcome, reason="answered") if verdict.answered else None
        reason = "answered" if verdict.answered else "late"
        if better(outcome, task.outcome) or (outcome is task.outcome and verdict.answered):
            return Ended(outcome=outcome, reason=reason)
        return None
    match follows(task, verdict, outcome, retry, attempts=task.tries, ended_at=ended_at):
        case GiveUp(reason=reason):
            return Ended(outcome=outcome, reason=reason)
        case RetryAt(at=when) if ends is None:
            if verdict.live_since is not None:
                # A GET after the ending still saw it alive: wait for the bound.
                when = max(when, attempt.release_at)
            return Retried(at=when)
        case RetryAt():
            return Ended(outcome=outcome, reason=ends or "stopped")


def follows(
    task: TaskRow,
    verdict: Verdict,
    outcome: Outcome,
    retry: Retry,
    *,
    attempts: int,
    ended_at: datetime,
) -> RetryAt | GiveUp:
    """What policy says after a call of a task that has ended, its attempt number `attempts`."""
    if verdict.answered:
        return GiveUp(reason="answered")
    return decide(
        retry,
        outcome,
        attempts=attempts,
        ended_at=ended_at,
        confirmed=verdict.confirmed,
        deadline=task.deadline_at,
        expires_as=task.expires_as,
    )


def _check(
    attempt: AttemptRow,
    verdict: Verdict,
    outcome: Outcome,
    follow: Retried | Ended | None,
    ended_at: datetime,
    at: datetime,
) -> datetime | None:
    # Only an unanswered ending can be confirmed: a voicemail would be asked about for ever.
    if isinstance(follow, Retried) and outcome in _UNANSWERED and not verdict.confirmed:
        if attempt.check_at is not None and attempt.check_at > ended_at and attempt.terminal_at:
            return attempt.check_at
        return ended_at + CONFIRM_AFTER
    talked = outcome in (Outcome.COMPLETED, Outcome.VOICEMAIL)
    if talked and untold(attempt.enriched):
        seen_before = attempt.terminal_at is not None and attempt.check_at is not None
        return attempt.check_at if seen_before else max(at, ended_at) + CONFIRM_AFTER
    return None
