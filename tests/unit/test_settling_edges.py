"""Edges of settling that a changed rule must not get past."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from campaigns.core.calls import CallStatus as C
from campaigns.core.lifecycle import AttemptState as A
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.outcomes import STATE_OF
from campaigns.core.records import TaskRow
from campaigns.core.settling import CONFIRM_AFTER, Ended, Retried, Settlement
from tests.unit.test_settling import ATTEMPT, DONE, EAGER, T0, TASK, M, S, said, told

WAITING = replace(TASK, state=TaskState.WAITING, attempts=0)
REFUSED = replace(ATTEMPT, state=A.REJECTED, open=False, check_at=None)


def test_the_provider_gets_two_seconds_to_write_an_ending_down() -> None:
    assert timedelta(seconds=2) == CONFIRM_AFTER


@pytest.mark.parametrize("state", [A.REJECTED, A.NOT_SENT])
def test_a_refused_call_that_rings_after_all_holds_its_task_until_its_bound(state: A) -> None:
    alive = told(C.RINGING, attempt=replace(REFUSED, state=state), task=WAITING)
    assert alive == Settlement(
        state=A.RINGING,
        open=False,
        task=Retried(at=ATTEMPT.release_at),
        check_at=T0 + CONFIRM_AFTER,
        release_at=ATTEMPT.release_at,
    )


@pytest.mark.parametrize(
    ("task", "at"),
    [
        (WAITING, ATTEMPT.release_at),
        (DONE, T0),
        (None, T0),
    ],
)
def test_it_holds_nobody_who_does_not_wait_for_it(task: TaskRow | None, at: datetime) -> None:
    alive = told(C.RINGING, attempt=REFUSED, task=task, at=at)
    assert (alive.state, alive.task, alive.check_at) == (A.RINGING, None, at + CONFIRM_AFTER)


def test_a_refused_call_of_which_nothing_is_heard_stays_refused() -> None:
    assert told(attempt=REFUSED, task=WAITING) == Settlement(
        state=A.REJECTED, open=False, task=None, check_at=None
    )


def test_an_ending_without_evidence_counts_from_now() -> None:
    settled = told(attempt=replace(ATTEMPT, state=A.NO_ANSWER))
    assert settled.task == Retried(at=T0 + 30 * M)
    assert settled.check_at == T0 + CONFIRM_AFTER


def test_a_look_is_never_asked_for_in_the_past() -> None:
    odd = told(said(C.NO_ANSWER, talked=21), at=T0 + 30 * S)
    assert odd.check_at == T0 + 30 * S + CONFIRM_AFTER
    details = told(C.COMPLETED, at=T0 + 30 * S)
    assert details.check_at == T0 + 30 * S + CONFIRM_AFTER


def test_a_doubtful_ending_is_asked_about_until_the_grace_is_over() -> None:
    last = replace(TASK, attempts=3)
    before = told(C.NO_ANSWER, task=last, at=T0 + 7 * M - S)
    assert before.task is None
    assert told(C.NO_ANSWER, task=last, at=T0 + 7 * M).task == Ended(
        outcome=Outcome.NO_ANSWER, reason="exhausted"
    )


def test_an_ending_that_was_seen_before_keeps_the_look_it_has() -> None:
    seen = replace(ATTEMPT, state=A.NO_ANSWER, terminal_at=T0, check_at=T0 + 99 * S)
    assert told(C.NO_ANSWER, attempt=seen, task=replace(TASK, attempts=3)).check_at == T0 + 99 * S


@pytest.mark.parametrize("word", [C.FAILED, C.NO_ANSWER, C.BUSY])
def test_a_last_call_nobody_answered_waits_for_a_word_of_higher_rank(word: C) -> None:
    assert told(word, task=replace(TASK, attempts=3)).task is None


def test_a_voicemail_is_the_highest_word_and_waits_for_none() -> None:
    assert told(C.VOICEMAIL).task == Ended(outcome=Outcome.VOICEMAIL, reason="no_retry")


def test_who_answered_is_never_called_again_for_a_voicemail_beside_it() -> None:
    settled = told(C.VOICEMAIL, C.COMPLETED, retry=EAGER)
    assert settled.task == Ended(outcome=Outcome.VOICEMAIL, reason="answered")


def test_a_state_is_never_lowered() -> None:
    assert told(C.NO_ANSWER, attempt=replace(ATTEMPT, state=A.COMPLETED)).state is A.COMPLETED


def test_without_a_task_or_a_policy_nothing_follows() -> None:
    assert told(C.NO_ANSWER, task=None).task is None
    assert told(C.NO_ANSWER, retry=None).task is None


def test_a_done_task_learns_that_it_was_answered_and_forgets_nothing_better() -> None:
    voicemail = replace(DONE, outcome=Outcome.VOICEMAIL)
    both = told(C.VOICEMAIL, C.COMPLETED, task=voicemail)
    assert both.task == Ended(outcome=Outcome.VOICEMAIL, reason="answered")
    assert told(C.COMPLETED, task=voicemail).task is None
    assert told(C.VOICEMAIL, task=voicemail).task is None


@pytest.mark.parametrize(
    ("has", "gets"),
    [(T0 + 99 * S, T0 + 99 * S), (T0, T0 + CONFIRM_AFTER), (None, T0 + CONFIRM_AFTER)],
)
def test_a_retry_keeps_the_look_that_was_set_for_this_ending(
    has: datetime | None, gets: datetime
) -> None:
    seen = replace(ATTEMPT, state=A.NO_ANSWER, terminal_at=T0, check_at=has)
    assert told(C.NO_ANSWER, attempt=seen).check_at == gets
    assert told(C.NO_ANSWER, attempt=replace(seen, terminal_at=None)).check_at == T0 + CONFIRM_AFTER


@pytest.mark.parametrize("word", [C.COMPLETED, C.VOICEMAIL])
def test_details_are_asked_for_wherever_somebody_spoke(word: C) -> None:
    assert told(word).check_at == T0 + CONFIRM_AFTER
    seen = replace(ATTEMPT, state=STATE_OF[word], terminal_at=T0, check_at=None)
    assert told(word, attempt=seen).check_at == T0 + CONFIRM_AFTER


def test_a_voicemail_whose_details_are_known_is_asked_about_no_more() -> None:
    """No GET confirms a voicemail: one that waits to be confirmed is asked about for ever."""
    known = replace(ATTEMPT, state=A.VOICEMAIL, terminal_at=T0, check_at=None, enriched={})
    settled = told(C.VOICEMAIL, attempt=known, retry=EAGER)
    assert isinstance(settled.task, Retried)
    assert settled.check_at is None


def test_a_task_that_is_being_called_is_settled_by_its_latest_call_whatever_was_spent() -> None:
    task = replace(TASK, attempts=2, spent=1)
    assert told(C.COMPLETED, task=task).task == Ended(outcome=Outcome.COMPLETED, reason="answered")
    assert isinstance(told(said(C.NO_ANSWER, asked=True), task=task).task, Retried)
    waiting = replace(task, state=TaskState.WAITING, attempts=1)  # its new round has no call yet
    assert told(said(C.VOICEMAIL), task=waiting).task is None
