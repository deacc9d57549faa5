"""Calls that several dial tasks share: who may join one, who has a part in it, and their locks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from campaigns.core.lifecycle import AttemptState, Outcome, TaskState
from campaigns.core.records import AttemptRow, NewAttempt, NewTask
from campaigns.errors import EngineFault
from tests.support.engine import FROM
from tests.support.stored import T0, Stored, at, person, said

A = AttemptState


def family(stored: Stored, children: int = 3) -> int:
    """A campaign with so many tasks of one number, one of another, and one of another touch."""
    people = [person(n, number=0) for n in range(children)]
    other_touch = person(children + 1, number=0, tasks=(NewTask(due_at=T0, touch="later"),))
    return stored.campaign([*people, person(children, number=9), other_touch])


def shared(stored: Stored, *fellows: int, when: int = 0) -> AttemptRow:
    """An attempt of task 1 that these share."""
    with stored.tx() as tx:
        lane = tx.heads(1)[0].lane_id
        tx.ripen([lane], at=at(when), limit=9)
        claims = [
            claim
            for again in (False, True)
            for claim in tx.claim(lane, again=again, at=at(when), until=at(30), limit=9)
        ]
        claim = next(one for one in claims if one.task_id == 1)
        assert tx.dialled(1, claim.claim, from_number=FROM)
        for id in fellows:
            assert tx.joined(tx.lock_task(id), from_number=FROM)
        lead = tx.lock_task(1)
        tx.insert_attempt(
            NewAttempt(
                id=f"call-{when}",
                task_id=1,
                campaign_id=lead.campaign_id,
                account_id=lead.account_id,
                phone_id=lead.phone_id,
                version=1,
                attempt_no=lead.attempts,
                snapshot={"max_duration_s": 600},
                intent_at=at(when),
                settle_at=at(when + 19),
                release_at=at(when + 960),
                give_up_at=at(when + 86_400),
                check_at=at(when + 39),
                fellows={id: tx.lock_task(id).attempts for id in fellows},
            )
        )
        row = tx.attempt(f"call-{when}")
    assert row is not None
    return row


def test_a_family_is_what_waits_of_its_campaign_number_and_touch(stored: Stored) -> None:
    family(stored)
    stored.campaign([person(0)], "two")
    with stored.tx() as tx:
        assert [one.id for one in tx.lock_family(tx.lock_task(2))] == [1, 2, 3]
        tx.stop([3], "withdrawn", T0)
        tx.end_task(tx.lock_task(1), Outcome.EXPIRED, "x", T0)
        assert [one.id for one in tx.lock_family(tx.lock_task(2))] == [2]
        # The task itself always, as it is now.
        assert tx.lock_family(tx.lock_task(1))[0].state is TaskState.DONE


@pytest.mark.parametrize("state", ["waiting", "claimed"])
def test_who_joins_is_calling_and_counts_it(stored: Stored, state: str) -> None:
    campaign = family(stored)
    claim = stored.claim(campaign) if state == "claimed" else None
    with stored.tx() as tx:
        assert tx.joined(tx.lock_task(1), from_number=FROM)
        task = tx.lock_task(1)
        assert (task.state, task.attempts, task.from_number) == (TaskState.CALLING, 1, FROM)
        if claim is not None:  # the claim is worth nothing any more
            assert not tx.dialled(1, claim.claim, from_number=FROM)
        with pytest.raises(EngineFault):
            tx.joined(task, from_number=FROM)


def test_who_has_moved_on_does_not_join(stored: Stored) -> None:
    campaign = family(stored)
    with stored.tx() as tx:
        seen = tx.lock_task(1)
    stored.claim(campaign)
    with stored.tx() as tx:
        assert not tx.joined(seen, from_number=FROM)
        assert tx.lock_task(1).state is TaskState.CLAIMED


def test_a_call_knows_its_tasks_and_they_know_it(stored: Stored) -> None:
    family(stored)
    call = shared(stored, 2, 3)
    with stored.tx() as tx:
        assert [one.id for one in tx.lock_called(call)] == [1, 2, 3]
        assert [one.id for one in tx.called(call)] == [1, 2, 3]
        for id in (1, 2, 3):
            assert tx.latest_attempt(id) == call
        assert tx.latest_attempt(4) is None


def test_who_shared_a_call_was_tried(stored: Stored) -> None:
    campaign = family(stored)
    shared(stored, 2)
    with stored.tx() as tx:
        both = {tx.lock_task(id).contact_id for id in (1, 2)}
        assert tx.tried(campaign, None) == both


def test_each_task_counts_a_call_by_its_own_attempts(stored: Stored) -> None:
    family(stored)
    first = shared(stored, 2)
    stored.becomes(first, A.NO_ANSWER, open=False, terminal_at=at(60), check_at=None)
    with stored.tx() as tx:
        for id in (1, 2):
            tx.retry_set(id, at=at(60))
    second = shared(stored, 3, when=100)
    with stored.tx() as tx:
        assert tx.numbered(first) == {1: 1, 2: 1}
        assert tx.numbered(second) == {1: 2, 3: 1}


def test_a_try_out_call_is_for_nobody(stored: Stored) -> None:
    family(stored)
    call = stored.intent(None)
    with stored.tx() as tx:
        assert tx.lock_called(call) == tx.called(call) == []
        assert tx.numbered(call) == {}


def test_what_is_open_about_a_call_is_open_for_all(stored: Stored) -> None:
    family(stored)
    call = shared(stored, 2)
    with stored.tx() as tx:
        assert [tx.unsettled_until(id) for id in (1, 2, 3)] == [None] * 3
        tx.store_event(said(call.id, "d1"), at(1))
        assert [tx.unheard(id) for id in (1, 2, 3)] == [True, True, False]
        tx.folded(call.id)
        assert [tx.unheard(id) for id in (1, 2, 3)] == [False] * 3
    stored.becomes(call, A.UNKNOWN)
    with stored.tx() as tx:
        bounds = [tx.unsettled_until(id) for id in (1, 2, 3)]
    assert bounds == [call.give_up_at, call.give_up_at, None]
    stored.becomes(call, A.NOT_PLACED, open=False)
    with stored.tx() as tx:
        assert [tx.not_placed(id) for id in (1, 2, 3)] == [1, 1, 0]


def test_a_call_that_ended_is_looked_at_while_one_of_its_tasks_still_calls(stored: Stored) -> None:
    family(stored)
    call = shared(stored, 2)
    stored.becomes(call, A.NO_ANSWER, open=False, terminal_at=at(60), check_at=None)
    stored.done(1, Outcome.NO_ANSWER)
    with stored.tx() as tx:
        assert tx.stalled(at(600), 10) == [call.id]
        assert tx.stalled(at(60), 10) == []
    stored.done(2, Outcome.NO_ANSWER)
    with stored.tx() as tx:
        assert tx.stalled(at(600), 10) == []


def test_a_call_is_not_looked_at_where_its_task_has_a_newer_one(stored: Stored) -> None:
    family(stored)
    old = shared(stored, 2)
    stored.becomes(old, A.NO_ANSWER, open=False, terminal_at=at(60), check_at=None)
    with stored.tx() as tx:
        for id in (1, 2):
            tx.retry_set(id, at=at(60))
    shared(stored, 2, when=100)
    with stored.tx() as tx:
        assert tx.stalled(at(600), 10) == []


def test_who_changes_a_list_locks_in_the_order_of_those_who_settle(stored: Stored) -> None:
    """Both want the tasks 1 and 2: the list from the last, the call from the first."""
    family(stored)
    call = shared(stored, 2)
    there = threading.Barrier(2, timeout=10)

    def settles() -> int:
        with stored.tx() as tx:
            if tx.postgres:  # SQLite has one writer: nobody else is in a transaction
                tx.lock_task(1)
                there.wait()
            return len(tx.lock_called(call))

    def lists() -> TaskState:
        with stored.tx() as tx:
            if tx.postgres:
                there.wait()
            tx.lock_open_tasks([2, 1])
            return tx.lock_task(2).state

    with ThreadPoolExecutor(2) as both:
        one, two = both.submit(settles), both.submit(lists)
        assert (one.result(20), two.result(20)) == (2, TaskState.CALLING)
