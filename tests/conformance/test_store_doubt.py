"""What the store keeps as evidence about calls in doubt."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from campaigns.core.absence import ListRead
from campaigns.core.capabilities import Capability
from campaigns.core.lifecycle import AttemptState, Outcome, TaskState
from campaigns.core.records import AttemptRow
from campaigns.store.tables import sweep_read
from tests.support.stored import T0, Stored, at, person, said


def read_of(attempt: AttemptRow, seconds: float, **changes: object) -> ListRead:
    values: dict[str, object] = {
        "account_id": attempt.account_id,
        "agent_id": "a",
        "start": T0,
        "end": at(900),
        "read_at": at(seconds),
        "complete": True,
        "digest": "d",
        "sessions": 2,
        "newest_at": at(100),
        "absent": (attempt.id,),
    }
    return ListRead(**{**values, **changes})  # type: ignore[arg-type]  # a test helper


def in_doubt(stored: Stored, *, when: float = 0) -> AttemptRow:
    attempt = stored.calling(stored.campaign(name=f"c{when:g}", people=[person(int(when))]))
    stored.becomes(attempt, AttemptState.UNKNOWN, intent_at=at(when), settle_at=at(when + 19))
    with stored.tx() as tx:
        row = tx.attempt(attempt.id)
    assert row is not None
    return row


def test_a_read_comes_back_as_it_was_to_those_it_looked_for(stored: Stored) -> None:
    attempt, other = in_doubt(stored), in_doubt(stored, when=60)
    mine = read_of(attempt, 1300)
    with stored.tx() as tx:
        tx.store_read(mine)
        tx.store_read(read_of(attempt, 1400, absent=(), present=(attempt.id,)))
        tx.store_read(read_of(attempt, 10))  # before it was settled
        tx.store_read(read_of(attempt, 1500, agent_id="another"))
        reads = tx.reads(attempt)
        assert reads[0] == mine
        assert [one.read_at for one in reads] == [at(1300), at(1400)]
        assert not tx.reads(other)
        assert len(tx.connection.execute(select(sweep_read.c.id)).all()) == 4
        tx.store_read(read_of(attempt, 8 * 86_400))
        tx.store_read(read_of(attempt, 8 * 86_400 + 1))
        assert len(tx.connection.execute(select(sweep_read.c.id)).all()) == 2


def test_calls_in_doubt_of_the_same_minutes_and_agent(stored: Stored) -> None:
    first, second = in_doubt(stored), in_doubt(stored, when=60)
    window = {"since": T0, "until": at(60)}
    with stored.tx() as tx:
        assert [one.id for one in tx.doubtful(1, "a", **window)] == [first.id, second.id]
        assert not tx.doubtful(1, "another", **window)
        assert not tx.doubtful(2, "a", **window)
        assert [one.id for one in tx.doubtful(1, "a", since=at(1), until=at(60))] == [second.id]
    stored.becomes(second, AttemptState.COMPLETED)
    with stored.tx() as tx:
        assert [one.id for one in tx.doubtful(1, "a", **window)] == [first.id]


def test_only_a_webhook_of_a_later_call_is_a_later_webhook(stored: Stored) -> None:
    attempt, later = in_doubt(stored), in_doubt(stored, when=60)
    with stored.tx() as tx:
        tx.store_event(said(attempt.id, "d0"), at(5))
        assert tx.heard(attempt.id)
        assert not tx.heard(later.id)
        assert tx.later_webhook(1, T0) is None
        tx.change_attempt(later.id, AttemptState.UNKNOWN, answered_at=at(61))
        tx.store_event(said(later.id, "d1"), at(70))
        assert tx.later_webhook(1, T0) == at(70)
        assert tx.later_webhook(1, at(60)) is None


def test_the_door_is_up_since_the_first_pulse_after_a_gap(stored: Stored) -> None:
    with stored.tx() as tx:
        assert tx.door_since("hooks", at(0)) is None
        for seconds in (0, 5, 30, 60):
            tx.door_pulse("hooks", "hooks", at(seconds), T0 + timedelta(days=seconds))
        assert tx.door_since("hooks", at(90)) == T0
        assert tx.door_since("hooks", at(91)) is None
        tx.door_pulse("hooks", "hooks", at(91), T0 + timedelta(days=91))
        assert tx.door_since("hooks", at(92)) == T0 + timedelta(days=91)


def test_a_capability_is_what_the_last_test_showed(stored: Stored) -> None:
    attempt = in_doubt(stored)
    with stored.tx() as tx:
        assert tx.capabilities(1) == {}
        first = {Capability.SAME_IDS: "no", Capability.LIST_LAG: "3"}
        tx.set_capabilities(1, first, attempt_id=attempt.id, at=T0)
        tx.set_capabilities(1, {Capability.SAME_IDS: "yes"}, attempt_id=attempt.id, at=T0)
        assert tx.capabilities(1) == {Capability.SAME_IDS: "yes", Capability.LIST_LAG: "3"}
        assert tx.capabilities(2) == {}


def test_what_is_never_placed_is_counted_for_its_task(stored: Stored) -> None:
    attempt = in_doubt(stored)
    assert attempt.task_id is not None
    with stored.tx() as tx:
        assert tx.not_placed(attempt.task_id) == 0
        change = {"state": AttemptState.NOT_PLACED, "open": False, "proof": {"refunded": True}}
        assert tx.change_attempt(attempt.id, AttemptState.UNKNOWN, **change)
        assert tx.not_placed(attempt.task_id) == 1
        row = tx.attempt(attempt.id)
        assert row is not None
        assert row.refunded
        assert tx.recent_intents(attempt.phone_id, at(-1)) == [T0], "it counts for the cap"
        besides = (AttemptState.NOT_PLACED,)
        assert tx.latest_attempt(attempt.task_id, besides=besides) is None


def test_a_stray_call_is_never_refused_by_the_open_one(stored: Stored) -> None:
    attempt = in_doubt(stored)
    with stored.tx() as tx:
        assert tx.other_open(attempt) is None
        tx.insert_stray(attempt, "stray", "session_b", at(100))
        stray = tx.attempt("stray")
        assert stray is not None
        assert not stray.open
        assert tx.other_open(stray) == attempt.id
        assert tx.bound(1, "session_b") == "stray"
        assert len(tx.recent_intents(attempt.phone_id, at(-1))) == 2


def test_only_a_task_that_reached_nobody_is_redialled(stored: Stored) -> None:
    campaign = stored.campaign(3)
    made = [stored.calling(campaign) for _ in range(3)]
    for attempt, outcome in zip(made, (Outcome.NO_ANSWER, Outcome.COMPLETED, None), strict=True):
        if outcome is not None:
            stored.becomes(attempt, AttemptState(outcome.value), open=False)
            stored.done(attempt.task_id or 0, outcome)
    tasks = [attempt.task_id or 0 for attempt in made]
    with stored.tx() as tx:
        met = tx.met(campaign, after=0, limit=9)
        assert [one.unwanted or one.gone or one.held for one in met] == [False] * 3
        ids = [one.contact_id for one in met]
        assert list(tx.met(campaign, after=ids[0], limit=1)) == [met[1]]
        assert set(tx.may_have_talked(ids)) == set(tasks[1:])
        tx.lock_tasks_of(ids)
        assert tx.redial(tasks, at(9)) == 1
        assert tx.redial(tasks, at(9)) == 0
    again = stored.task(tasks[0])
    assert (again.state, again.outcome) == (TaskState.WAITING, None)
    assert (again.attempts, again.spent) == (1, 1)
    assert (again.tries, again.retry_at, again.eligible_at) == (0, at(9), at(9))
    with stored.tx() as tx:
        tx.suppress(again.phone_id, reason="asked", source="test", at=at(9))
        assert [one.unwanted for one in tx.met(campaign, after=0, limit=9)] == [True, False, False]


def test_only_an_unresolved_task_is_reopened(stored: Stored) -> None:
    attempt = in_doubt(stored)
    assert attempt.task_id is not None
    stored.done(attempt.task_id, Outcome.FAILED)
    with stored.tx() as tx:
        assert not tx.reopen(attempt.task_id, at(5))
        tx.end_task(tx.lock_task(attempt.task_id), Outcome.UNRESOLVED, "no_evidence", at(5))
        assert tx.reopen(attempt.task_id, at(5))
    task = stored.task(attempt.task_id)
    assert (task.state, task.outcome, task.attempts) == (TaskState.WAITING, None, 0)
