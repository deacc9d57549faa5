"""Who is called again in another round, and why everybody else is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.core.reconcile import BookTask
from campaigns.core.rounds import Again, Left, Met, Unreached, again

T0 = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
H = timedelta(hours=1)
BOTH = (Unreached.NO_ANSWER, Unreached.BUSY)
MET = Met(contact_id=1, occasion="", gone=False, held=False, unwanted=False)
TASK = BookTask(
    id=7,
    touch="",
    occasion="",
    state=TaskState.DONE,
    due_at=T0 - H,
    retry_at=None,
    deadline_at=None,
    expires_as="campaign_end",
    attempts=3,
    outcome=Outcome.NO_ANSWER,
    reason="exhausted",
    stopped=None,
)


def ask(*tasks: BookTask, met: Met = MET, talked: tuple[int, ...] = ()) -> Again | Left:
    return again(met, tasks, talked=talked, touches={"", "same_day"}, wanted=BOTH, at=T0)


def test_a_call_that_has_just_ended_is_given_the_time_in_which_its_word_may_change() -> None:
    over = T0 - timedelta(minutes=2)
    found = ask(done(Outcome.NO_ANSWER, rang_until=over))
    assert found == Again(task_id=7, was=Unreached.NO_ANSWER, at=over + timedelta(minutes=7))
    long_ago = ask(done(Outcome.NO_ANSWER, rang_until=T0 - H))
    assert long_ago == Again(task_id=7, was=Unreached.NO_ANSWER, at=T0)


def done(outcome: Outcome, **changes: object) -> BookTask:
    return replace(TASK, outcome=outcome, **changes)  # type: ignore[arg-type]  # a test helper


@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.BUSY])
def test_who_was_not_reached_is_called_again(outcome: Outcome) -> None:
    assert ask(done(outcome)) == Again(task_id=7, was=Unreached(outcome.value), at=T0)


@pytest.mark.parametrize(
    ("task", "left"),
    [
        (done(Outcome.COMPLETED), Left.ANSWERED),
        (done(Outcome.VOICEMAIL), Left.NOT_ASKED_FOR),
        (done(Outcome.FAILED), Left.NOT_ASKED_FOR),
        (done(Outcome.REJECTED), Left.NOT_ASKED_FOR),
        (done(Outcome.UNRESOLVED), Left.UNRESOLVED),
        (done(Outcome.BUSY, reason="answered"), Left.ANSWERED),
        (done(Outcome.EXPIRED, attempts=0), Left.NEVER_CALLED),
        (done(Outcome.SKIPPED, attempts=0), Left.NEVER_CALLED),
        (replace(TASK, stopped="withdrawn"), Left.STOPPED),
        (replace(TASK, touch="removed"), Left.NO_TOUCH),
        (replace(TASK, deadline_at=T0), Left.TOO_LATE),
        (replace(TASK, state=TaskState.WAITING, outcome=None), Left.STILL_CALLED),
        (replace(TASK, state=TaskState.CALLING, outcome=None), Left.STILL_CALLED),
    ],
)
def test_nobody_else_is_and_each_has_a_reason(task: BookTask, left: Left) -> None:
    assert ask(task) is left


def test_a_deadline_that_is_ahead_lets_it_pass() -> None:
    assert isinstance(ask(replace(TASK, deadline_at=T0 + H)), Again)


@pytest.mark.parametrize(
    ("met", "left"),
    [
        (replace(MET, gone=True), Left.WITHDRAWN),
        (replace(MET, held=True), Left.UNREADABLE),
        (replace(MET, unwanted=True), Left.UNWANTED),
    ],
)
def test_a_contact_that_must_not_be_called_is_left(met: Met, left: Left) -> None:
    assert ask(TASK, met=met) is left


def test_a_call_that_was_answered_or_is_in_doubt_forbids_it() -> None:
    assert ask(TASK, talked=(7,)) is Left.ANSWERED


def test_only_the_latest_touch_of_a_contact_is_called_again() -> None:
    later = replace(TASK, id=8, touch="same_day", due_at=T0 - H / 2)
    assert ask(later, TASK) == Again(task_id=8, was=Unreached.NO_ANSWER, at=T0)
    assert ask(TASK, replace(later, outcome=Outcome.COMPLETED)) is Left.ANSWERED
    never = replace(later, outcome=Outcome.SKIPPED, attempts=0)
    assert ask(TASK, never) == Again(task_id=7, was=Unreached.NO_ANSWER, at=T0)
    coming = replace(later, state=TaskState.WAITING, outcome=None)
    assert ask(TASK, coming) is Left.STILL_CALLED


def test_an_appointment_that_moved_away_is_none_to_call_for() -> None:
    assert ask(replace(TASK, occasion="before")) is Left.NEVER_CALLED
