"""Outcome, attempts, policy: another call, or the end with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.core.definition import Retry
from campaigns.core.instants import EVENT_GRACE
from campaigns.core.lifecycle import Outcome
from campaigns.core.records import CAMPAIGN_END


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryAt:
    """Call again at `at`, or at `confirmed_at` once a GET has confirmed the ending."""

    at: datetime
    confirmed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveUp:
    """No further call; `reason` is the reason code of the outcome."""

    reason: str


def decide(
    policy: Retry,
    outcome: Outcome,
    *,
    attempts: int,
    ended_at: datetime,
    confirmed: bool,
    deadline: datetime | None,
    expires_as: str = CAMPAIGN_END,
) -> RetryAt | GiveUp:
    """What follows attempt number `attempts` (1-based, refunded ones not counted).

    `ended_at` is when the ending was received; waits count from there. Nothing leaves before
    `ended_at + EVENT_GRACE` unless a GET confirmed the ending: a webhook may be early or wrong.
    `expires_as`: why nothing leaves from `deadline` on.
    """
    waits = _waits(policy, outcome)
    if outcome is Outcome.COMPLETED:
        return GiveUp(reason="answered")
    if not waits:
        return GiveUp(reason="no_retry")
    if attempts >= policy.max_attempts:
        return GiveUp(reason="exhausted")
    wait = waits[min(attempts, len(waits)) - 1]
    confirmed_at = ended_at + wait
    at = confirmed_at if confirmed else max(confirmed_at, ended_at + EVENT_GRACE)
    if deadline is not None and confirmed_at >= deadline:
        return GiveUp(reason=expires_as)
    return RetryAt(at=at, confirmed_at=confirmed_at)


def _waits(policy: Retry, outcome: Outcome) -> tuple[timedelta, ...]:
    match outcome:
        case Outcome.NO_ANSWER:
            return policy.no_answer
        case Outcome.BUSY:
            return policy.busy
        case Outcome.FAILED:
            return policy.failed
        case Outcome.VOICEMAIL:
            return policy.voicemail
        case _:
            return ()
