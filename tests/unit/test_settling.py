"""What follows from a verdict: every branch, and that the order of what was said cannot matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.core.calls import CallStatus as C
from campaigns.core.definition import Retry
from campaigns.core.instants import EVENT_GRACE
from campaigns.core.lifecycle import AttemptState as A
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.outcomes import STATE_OF, Said, Source, fold
from campaigns.core.records import AttemptRow, TaskRow
from campaigns.core.settling import CONFIRM_AFTER, Ended, Retried, Settlement, settle

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
S, M = timedelta(seconds=1), timedelta(minutes=1)
RETRY = Retry(max_attempts=3, no_answer=(30 * M,), busy=(10 * M,))
EAGER = Retry(max_attempts=9, no_answer=(M,), busy=(M,), failed=(M,), voicemail=(M,))
NEVER = Retry(max_attempts=9, no_answer=(), busy=(), failed=(), voicemail=())

ATTEMPT = AttemptRow(
    id="a1",
    task_id=1,
    campaign_id=1,
    account_id=1,
    phone_id=1,
    version=1,
    attempt_no=1,
    state=A.ACCEPTED,
    open=True,
    late=False,
    snapshot={"max_duration_s": 600},
    intent_at=T0 - 60 * S,
    settle_at=T0 - 41 * S,
    release_at=T0 + 15 * M,
    give_up_at=T0 + timedelta(hours=24),
    answered_at=T0 - 59 * S,
    answer="accepted",
    answer_blame=None,
    call_id="c1",
    session_id=None,
    terminal_at=None,
    confirmed=False,
    check_at=T0 + 12 * M,
    checks=0,
    enriched=None,
)
TASK = TaskRow(
    id=1,
    campaign_id=1,
    account_id=1,
    contact_id=1,
    phone_id=1,
    state=TaskState.CALLING,
    due_at=T0 - 60 * S,
    retry_at=None,
    deadline_at=None,
    eligible_at=T0 - 60 * S,
    attempts=1,
    claim=1,
    from_number="+18005550100",
    outcome=None,
    reason=None,
)
DONE = replace(TASK, state=TaskState.DONE, outcome=Outcome.NO_ANSWER, reason="exhausted")


def said(
    status: C | None, s: float = 0, *, asked: bool = False, talked: float | None = None
) -> Said:
    source = Source.STATUS if asked else Source.WEBHOOK
    return Said(source=source, status=status, at=T0 + s * S, duration_s=talked)


def told(
    *pieces: Said | C,
    attempt: AttemptRow = ATTEMPT,
    task: TaskRow | None = TASK,
    is_latest: bool = True,
    retry: Retry | None = RETRY,
    ends: str | None = None,
    at: datetime = T0,
) -> Settlement:
    verdict = fold([piece if isinstance(piece, Said) else said(piece) for piece in pieces])
    return settle(attempt, task, verdict, is_latest=is_latest, retry=retry, ends=ends, at=at)


def test_nothing_said_changes_nothing() -> None:
    same = Settlement(state=A.ACCEPTED, open=True, task=None, check_at=ATTEMPT.check_at)
    assert told() == told(said(None)) == same


@pytest.mark.parametrize("word", [C.INITIATING, C.RINGING, C.IN_PROGRESS])
def test_a_live_call_keeps_its_number_and_its_task(word: C) -> None:
    settled = told(word)
    assert settled == Settlement(
        state=STATE_OF[word], open=True, task=None, check_at=ATTEMPT.check_at
    )


def test_an_answered_call_ends_its_task_and_is_looked_at_for_its_details() -> None:
    done = Ended(outcome=Outcome.COMPLETED, reason="answered")
    settled = told(C.COMPLETED)
    assert (settled.state, settled.open, settled.task) == (A.COMPLETED, False, done)
    assert settled.check_at == T0 + CONFIRM_AFTER
    assert told(C.COMPLETED, attempt=replace(ATTEMPT, enriched={})).check_at is None
    again = replace(ATTEMPT, state=A.COMPLETED, terminal_at=T0, check_at=T0 + 99 * S)
    assert told(C.COMPLETED, attempt=again).check_at == T0 + 99 * S


def test_an_unanswered_call_is_tried_again_after_its_wait_and_confirmed_meanwhile() -> None:
    settled = told(C.NO_ANSWER)
    assert settled.task == Retried(at=T0 + 30 * M)
    assert settled.check_at == T0 + CONFIRM_AFTER
    assert not settled.open


def test_a_short_wait_leaves_at_once_only_when_a_get_confirmed_it() -> None:
    soon = Retry(busy=(2 * M,))
    unsure, sure = (
        told(C.BUSY, retry=soon),
        told(said(C.BUSY), said(C.FAILED, 3, asked=True), retry=soon),
    )
    assert unsure.task == Retried(at=T0 + EVENT_GRACE)
    assert sure.task == Retried(at=T0 + 2 * M)
    assert sure.check_at is None


def test_a_call_seen_alive_after_its_ending_waits_for_its_bound() -> None:
    settled = told(said(C.BUSY), said(C.RINGING, 3, asked=True))
    assert settled.task == Retried(at=ATTEMPT.release_at)


def test_somebody_picked_up_whatever_the_ending_was() -> None:
    settled = told(C.IN_PROGRESS, said(C.NO_ANSWER, 5))
    assert settled.state is A.COMPLETED
    assert settled.task == Ended(outcome=Outcome.COMPLETED, reason="answered")


def test_talk_in_a_call_that_was_not_answered_is_asked_about_first() -> None:
    odd = said(C.NO_ANSWER, talked=21)
    first = told(odd)
    assert (first.open, first.task, first.check_at) == (False, None, T0 + CONFIRM_AFTER)
    assert told(odd, at=T0 + EVENT_GRACE - S).task is None
    assert told(odd, at=T0 + EVENT_GRACE).task == Retried(at=T0 + 30 * M)
    assert told(odd, said(C.NO_ANSWER, 3, asked=True)).task == Retried(at=T0 + 30 * M)
    found = told(odd, said(C.COMPLETED, 3, asked=True, talked=21))
    assert found.task == Ended(outcome=Outcome.COMPLETED, reason="answered")


@pytest.mark.parametrize(
    ("attempts", "word", "reason"),
    [(3, C.NO_ANSWER, "exhausted"), (1, C.FAILED, "no_retry"), (1, C.CANCELLED, "no_retry")],
)
def test_the_last_unanswered_call_ends_its_task_once_it_is_sure(
    attempts: int, word: C, reason: str
) -> None:
    """Until then a word of higher rank might still want a retry."""
    task = replace(TASK, attempts=attempts)
    unsure = told(word, task=task)
    assert (unsure.open, unsure.task, unsure.check_at) == (False, None, T0 + CONFIRM_AFTER)
    for settled in (
        told(word, task=task, at=T0 + EVENT_GRACE),
        told(said(word), said(C.FAILED, 3, asked=True), task=task),
    ):
        assert isinstance(settled.task, Ended)
        assert settled.task.reason == reason


@pytest.mark.parametrize("why", ["campaign_cancelled", "do_not_call"])
def test_nobody_is_tried_again_once_that_is_forbidden(why: str) -> None:
    settled = told(C.NO_ANSWER, ends=why, at=T0 + EVENT_GRACE)
    assert settled.task == Ended(outcome=Outcome.NO_ANSWER, reason=why)


def test_a_retry_past_the_end_of_the_campaign_is_none() -> None:
    task = replace(TASK, deadline_at=T0 + 30 * M)
    settled = told(C.NO_ANSWER, task=task, at=T0 + EVENT_GRACE)
    assert settled.task == Ended(outcome=Outcome.NO_ANSWER, reason="campaign_end")


def test_late_truth_moves_an_outcome_up_and_never_down() -> None:
    up = told(C.COMPLETED, task=DONE, attempt=replace(ATTEMPT, state=A.NO_ANSWER, open=False))
    assert up.task == Ended(outcome=Outcome.COMPLETED, reason="answered")
    assert told(C.BUSY, task=DONE).task == Ended(outcome=Outcome.BUSY, reason="late")
    assert told(C.FAILED, task=DONE).task is None
    assert told(C.NO_ANSWER, task=DONE).task is None
    assert not up.open


def test_an_earlier_attempt_decides_only_by_having_been_answered() -> None:
    """A newer one is under way, or done."""
    for task in (TASK, replace(TASK, state=TaskState.WAITING)):
        assert told(C.NO_ANSWER, task=task, is_latest=False).task is None
        assert told(C.VOICEMAIL, task=task, is_latest=False).task is None
        answered = told(C.COMPLETED, task=task, is_latest=False).task
        assert answered == Ended(outcome=Outcome.COMPLETED, reason="answered")


def test_a_call_without_a_task_ends_and_nothing_follows() -> None:
    settled = told(C.NO_ANSWER, task=None, retry=None)
    assert (settled.state, settled.open, settled.task) == (A.NO_ANSWER, False, None)


@pytest.mark.parametrize("state", [A.DIALING, A.UNKNOWN, A.UNRESOLVED, A.NOT_PLACED])
def test_its_own_events_settle_a_call_whose_answer_was_lost(state: A) -> None:
    assert told(C.RINGING, attempt=replace(ATTEMPT, state=state)).state is A.RINGING
    assert told(C.COMPLETED, attempt=replace(ATTEMPT, state=state)).state is A.COMPLETED


words = st.sampled_from(C)
details = {"s": st.integers(0, 5), "talked": st.sampled_from([None, 20.0])}
event = st.builds(said, st.none() | words, **details)
piece = event | st.builds(said, st.none() | words, asked=st.just(True), **details)
policies = st.sampled_from([RETRY, EAGER, NEVER])


def lived(pieces: Sequence[Said], retry: Retry) -> tuple[AttemptRow, TaskRow, datetime | None]:
    """An attempt and its task after each piece was folded in turn, and again after the grace."""
    attempt, task = ATTEMPT, TASK
    due: datetime | None = None
    for n in range(1, len(pieces) + 2):
        at = T0 + 6 * S if n <= len(pieces) else T0 + EVENT_GRACE + 6 * S
        settled = told(*pieces[:n], attempt=attempt, task=task, retry=retry, at=at)
        assert attempt.open or not settled.open
        attempt = replace(
            attempt,
            state=settled.state,
            open=settled.open,
            check_at=settled.check_at,
            terminal_at=fold(pieces[:n]).terminal_at,
        )
        match settled.task:
            case Retried(at=when):
                assert task.state is not TaskState.DONE
                due = when
                task = replace(task, state=TaskState.WAITING)
            case Ended(outcome=outcome, reason=reason):
                task = replace(task, state=TaskState.DONE, outcome=outcome, reason=reason)
            case None:
                pass
        due = None if task.state is TaskState.DONE else due
    return replace(attempt, check_at=None), task, due


@given(st.lists(event, max_size=4), policies)
@example([said(C.IN_PROGRESS), said(C.CANCELLED), said(C.VOICEMAIL)], EAGER)
def test_the_order_of_events_cannot_matter(events: list[Said], retry: Retry) -> None:
    one = lived(events, retry)
    assert all(lived(order, retry) == one for order in permutations(events))


def test_a_get_may_end_a_task_before_a_word_of_higher_rank_comes() -> None:
    """A look-up that confirms an ending is believed at once: the one case in which order counts.

    Waiting out the grace instead would let every campaign end seven minutes later.
    """
    early = [said(C.FAILED, asked=True), said(C.NO_ANSWER)]
    _, ended, _ = lived(early, RETRY)
    _, waits, due = lived(early[::-1], RETRY)
    assert (ended.state, ended.outcome) == (TaskState.DONE, Outcome.NO_ANSWER)
    assert waits.state is TaskState.WAITING
    assert due is not None


@given(st.lists(piece, max_size=4), policies)
def test_the_state_of_an_attempt_depends_on_the_set_only(pieces: list[Said], retry: Retry) -> None:
    states = {lived(order, retry)[0].state for order in permutations(pieces)}
    assert len(states) == 1


@given(st.lists(piece, max_size=5), policies)
def test_whoever_was_reached_is_not_called_again(pieces: list[Said], retry: Retry) -> None:
    _, task, due = lived(pieces, retry)
    if fold(pieces).answered:
        assert task.state is not TaskState.WAITING
        assert due is None
    if any(one.status is not None and one.status.terminal for one in pieces):
        assert task.state is not TaskState.CALLING, "stuck"
