"""What the store knows of evidence that came at an odd moment."""

from __future__ import annotations

from datetime import timedelta

from campaigns.core.lifecycle import AttemptState
from campaigns.core.outcomes import Source
from campaigns.core.records import NewEvent
from tests.support.stored import T0, Stored


def event(attempt_id: str) -> NewEvent:
    return NewEvent(
        attempt_id=attempt_id,
        source=Source.WEBHOOK,
        digest="d",
        status="completed",
        word="completed",
        call_id=None,
        duration_s=None,
        body="{}",
    )


def test_an_event_is_unheard_until_it_is_folded(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    assert attempt.task_id is not None
    with stored.tx() as tx:
        assert not tx.unheard(attempt.task_id)
        tx.store_event(event(attempt.id), T0)
        assert tx.unheard(attempt.task_id)
        tx.folded(attempt.id)
        assert not tx.unheard(attempt.task_id)


def test_a_call_in_doubt_keeps_its_task_until_it_is_given_up(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    assert attempt.task_id is not None
    with stored.tx() as tx:
        assert tx.unsettled_until(attempt.task_id) is None
        tx.change_attempt(attempt.id, AttemptState.DIALING, state=AttemptState.UNKNOWN)
        assert tx.unsettled_until(attempt.task_id) == attempt.give_up_at


def test_a_refunded_call_that_rang_after_all_counts_again(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    assert attempt.task_id is not None
    with stored.tx() as tx:
        tx.returned(attempt.task_id, eligible_at=T0, reason="account_held")
        tx.recount(attempt.task_id, contact_refused=False)
        tx.recount(attempt.task_id, contact_refused=True)  # was never refunded
    assert stored.task(attempt.task_id).attempts == 1


def test_other_intents_are_those_of_calls_without_a_session(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign())
    with stored.tx() as tx:
        tx.change_attempt(attempt.id, AttemptState.DIALING, open=False)
    second = stored.intent(None, phone=attempt.phone_id, when=T0 + timedelta(minutes=1))
    with stored.tx() as tx:
        assert tx.other_intents(second) == [T0]
        row = tx.attempt(attempt.id)
        assert row is not None
        assert tx.bind(row, call_id=None, session_id="session_1")
        assert tx.other_intents(second) == []
