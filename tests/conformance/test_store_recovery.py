"""What the store remembers of itself, and of calls that it forgot."""

from __future__ import annotations

from datetime import timedelta

from campaigns.core.calls import Limit
from campaigns.core.incarnation import Orphan
from campaigns.core.lifecycle import AttemptState, TaskState
from tests.support.stored import T0, Stored, at, person, said


def test_the_mark_rises_and_is_lifted_and_never_falls(stored: Stored) -> None:
    with stored.tx() as tx:
        before = tx.incarnation().mark
        assert tx.raise_mark(T0) == before + 1
        tx.lift_mark(before + 50, at=T0)
        tx.lift_mark(before + 10, at=T0)
        found = tx.incarnation()
    assert found.mark == before + 50
    assert found.born is not None


def test_a_hold_is_written_once_and_freed_by_a_person(stored: Stored) -> None:
    with stored.tx() as tx:
        assert tx.hold_world("restored", since=at(-600), at=T0)
        assert not tx.hold_world("again", since=None, at=at(1))
        held = tx.incarnation()
        assert (held.held_why, held.lost_since) == ("restored", at(-600))
        tx.free_world()
        assert tx.incarnation().held_why is None


def test_no_slot_of_a_kind_is_free_before(stored: Stored) -> None:
    with stored.tx() as tx:
        account = tx.accounts()[0].id
        late = tx.now().policy + timedelta(hours=1)
        tx.slots_from(account, Limit.START, late)
        tx.slots_from(account, Limit.START, late - timedelta(minutes=1))
        assert {slot.free_at for slot in tx.slots(account, Limit.START)} == {late}


def test_events_of_unknown_calls_are_kept_until_somebody_looked(stored: Stored) -> None:
    with stored.tx() as tx:
        assert tx.store_orphan(said("gone", "d1", call_id="call_9"), T0)
        assert tx.store_orphan(said("gone", "d1", call_id="call_9"), T0)
        assert tx.orphans() == [Orphan(attempt_id="gone", call_id="call_9")]
        assert not tx.reviewed("gone")
        tx.orphans_reviewed(["gone"])
        assert tx.reviewed("gone")
        assert tx.orphans() == []


def test_a_number_that_was_never_heard_of_has_no_phone(stored: Stored) -> None:
    campaign = stored.campaign(people=[person(1)])
    with stored.tx() as tx:
        phone = tx.phone_of(person(1).e164)
        assert phone is not None
        assert tx.phone_of("+16175559999") is None
        (task,) = tx.tasks_of_phone(phone, tx.accounts()[0].id)
        assert task.campaign_id == campaign
        assert tx.tasks_of_phone(phone, 999) == []


def test_a_task_that_was_rung_and_forgotten_is_calling(stored: Stored) -> None:
    campaign = stored.campaign(people=[person(1), person(2)])
    with stored.tx() as tx:
        due = tx.due_by(at(3600), after=0, limit=10)
        assert [name for _, name, _, _ in due] == ["one", "one"]
        assert tx.due_by(at(-3600), after=0, limit=10) == []
        task = due[0][0]
        assert task.campaign_id == campaign
        assert tx.recovered(task.id, from_number="+18005550100")
        assert not tx.recovered(task.id, from_number="+18005550100")
        found = tx.task(task.id)
        assert found is not None
        assert (found.state, found.attempts) == (TaskState.CALLING, 1)
        assert len(tx.due_by(at(3600), after=task.id, limit=10)) == 1


def test_attempts_without_a_session_and_live_ones(stored: Stored) -> None:
    attempt = stored.calling(stored.campaign(people=[person(1)]))
    with stored.tx() as tx:
        assert tx.any_open(attempt.phone_id, None)
        assert tx.any_open(999, attempt.task_id)
        assert not tx.any_open(999, None)
        assert [one.id for one in tx.attempts_without_session(attempt.phone_id)] == [attempt.id]
    stored.becomes(attempt, AttemptState.NOT_SENT, open=False)
    with stored.tx() as tx:
        assert not tx.any_open(attempt.phone_id, attempt.task_id)
        assert tx.attempts_without_session(attempt.phone_id) == []


def test_an_ended_call_whose_task_still_calls_is_found_unless_a_newer_one_exists(
    stored: Stored,
) -> None:
    attempt = stored.calling(stored.campaign(people=[person(1)]))
    stored.becomes(attempt, AttemptState.NO_ANSWER, open=False, terminal_at=at(60), check_at=at(90))
    with stored.tx() as tx:
        assert tx.stalled(at(120), 10) == []
        tx.change_attempt(attempt.id, AttemptState.NO_ANSWER, check_at=None)
        assert tx.stalled(at(60), 10) == []
        assert tx.stalled(at(61), 10) == [attempt.id]


def test_who_is_erased_has_a_number_that_only_finds_the_suppression(stored: Stored) -> None:
    stored.campaign(people=[person(1), person(2)])
    with stored.tx() as tx:
        phone = tx.phone_of(person(1).e164)
        assert phone is not None
        tx.lock_phone(phone)
        erased = tx.erase(phone, T0)
        assert (erased.contacts, erased.calls, erased.ended) == (1, 0, 1)
        assert tx.phone_of(person(1).e164) == phone
        (task,) = tx.tasks_of_phone(phone, tx.accounts()[0].id)
        assert task.state is TaskState.DONE
        assert len(tx.due_by(at(3600), after=0, limit=10)) == 1
