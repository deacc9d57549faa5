"""Another call or the end, by outcome and waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.core.definition import Retry
from campaigns.core.lifecycle import Outcome
from campaigns.core.retry import GiveUp, RetryAt, decide

END = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
H = timedelta(hours=1)
M = timedelta(minutes=1)


def follow(
    outcome: Outcome,
    attempts: int,
    *,
    policy: Retry | None = None,
    confirmed: bool = False,
    deadline: datetime | None = None,
) -> RetryAt | GiveUp:
    return decide(
        policy or Retry(),
        outcome,
        attempts=attempts,
        ended_at=END,
        confirmed=confirmed,
        deadline=deadline,
    )


def test_the_waits_follow_the_attempts_and_the_last_repeats() -> None:
    policy = Retry(max_attempts=5, no_answer=(30 * M, 4 * H))
    waits = [follow(Outcome.NO_ANSWER, n, policy=policy) for n in (1, 2, 3, 4)]
    assert [w.at - END for w in waits if isinstance(w, RetryAt)] == [30 * M, 4 * H, 4 * H, 4 * H]


@pytest.mark.parametrize(("attempts", "again"), [(2, True), (3, False), (4, False)])
def test_max_attempts_includes_the_first(attempts: int, again: bool) -> None:
    assert isinstance(follow(Outcome.NO_ANSWER, attempts), RetryAt) is again
    if not again:
        assert follow(Outcome.NO_ANSWER, attempts) == GiveUp(reason="exhausted")


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.VOICEMAIL])
def test_what_is_never_retried_by_default(outcome: Outcome) -> None:
    assert follow(outcome, 1) == GiveUp(reason="no_retry")


def test_an_answered_call_is_never_followed_by_another() -> None:
    assert follow(Outcome.COMPLETED, 1) == GiveUp(reason="answered")


def test_nothing_leaves_within_the_grace_unless_a_get_confirmed_the_ending() -> None:
    short = Retry(busy=(2 * M,))
    unsure = follow(Outcome.BUSY, 1, policy=short)
    sure = follow(Outcome.BUSY, 1, policy=short, confirmed=True)
    assert unsure == RetryAt(at=END + 7 * M, confirmed_at=END + 2 * M)
    assert sure == RetryAt(at=END + 2 * M, confirmed_at=END + 2 * M)


@pytest.mark.parametrize(("left", "again"), [(29, False), (30, False), (31, True)])
def test_a_retry_at_or_past_the_end_of_the_campaign_is_none(left: int, again: bool) -> None:
    decision = follow(Outcome.NO_ANSWER, 1, deadline=END + left * M)
    assert isinstance(decision, RetryAt) is again
    if not again:
        assert decision == GiveUp(reason="campaign_end")


@pytest.mark.parametrize(
    ("outcome", "minutes"),
    [
        (Outcome.NO_ANSWER, 11),
        (Outcome.BUSY, 12),
        (Outcome.FAILED, 13),
        (Outcome.VOICEMAIL, 14),
    ],
)
def test_each_outcome_has_waits_of_its_own(outcome: Outcome, minutes: int) -> None:
    policy = Retry(no_answer=(11 * M,), busy=(12 * M,), failed=(13 * M,), voicemail=(14 * M,))
    decision = follow(outcome, 1, policy=policy)
    assert decision == RetryAt(at=END + minutes * M, confirmed_at=END + minutes * M)


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.UNRESOLVED, Outcome.CANCELLED])
def test_an_outcome_without_a_policy_is_never_retried(outcome: Outcome) -> None:
    assert follow(outcome, 1) == GiveUp(reason="no_retry")
