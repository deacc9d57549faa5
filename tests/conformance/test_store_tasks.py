"""Dial tasks: every move names the state it expects, and finds nothing where that is not so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from campaigns.core.lifecycle import CampaignState, Outcome, TaskState
from campaigns.core.records import Claim, NewTask, TaskRow
from campaigns.errors import EngineFault
from campaigns.store.database import SqlTransaction
from campaigns.store.tables import dial_task
from tests.support.engine import FROM
from tests.support.stored import T0, Stored, at, person

Move = Callable[[SqlTransaction, Claim], bool]

MOVES: dict[str, tuple[str, Move]] = {
    "give_back": (
        "claimed",
        lambda tx, c: tx.give_back(c.task_id, c.claim, eligible_at=at(9), reason="slot"),
    ),
    "dialled": ("claimed", lambda tx, c: tx.dialled(c.task_id, c.claim, from_number=FROM)),
    "returned": (
        "calling",
        lambda tx, c: tx.returned(c.task_id, eligible_at=at(9), reason="account_held"),
    ),
    "retry_set": ("calling", lambda tx, c: tx.retry_set(c.task_id, at=at(9))),
    "postpone": ("waiting", lambda tx, c: tx.postpone(c.task_id, at=at(9), reason="retry")),
    "reinstate": ("rejected", lambda tx, c: tx.reinstate(c.task_id, at(9))),
}


STATES = ("waiting", "claimed", "calling", "done", "rejected")


def bring(stored: Stored, state: str, n: int = 0) -> Claim:
    """Task n + 1, alone in its campaign, brought to a state; `rejected` is a way of being done."""
    campaign = stored.campaign([person(n)], f"campaign{n}")
    if state == "waiting":
        return Claim(task_id=n + 1, claim=0)
    claim = stored.claim(campaign)
    if state == "calling":
        stored.intent(claim)
    elif state in ("done", "rejected"):
        stored.done(claim.task_id, Outcome.REJECTED if state == "rejected" else Outcome.COMPLETED)
    return claim


@pytest.mark.parametrize("name", list(MOVES))
def test_a_move_finds_only_the_state_it_expects(stored: Stored, name: str) -> None:
    expects, move = MOVES[name]
    for n, state in enumerate(STATES):
        claim = bring(stored, state, n)
        before = stored.task(n + 1)
        with stored.tx() as tx:
            assert move(tx, claim) is (state == expects), state
        assert (stored.task(n + 1) == before) is (state != expects), state


@pytest.mark.parametrize("name", ["give_back", "dialled"])
def test_a_claim_that_is_not_ours_moves_nothing(stored: Stored, name: str) -> None:
    claim = bring(stored, "claimed")
    with stored.tx() as tx:
        assert not MOVES[name][1](tx, Claim(task_id=1, claim=claim.claim - 1))
        assert not MOVES[name][1](tx, Claim(task_id=1, claim=claim.claim + 1))
    assert stored.task(1).state is TaskState.CLAIMED


def after(stored: Stored, name: str) -> TaskRow:
    expects, move = MOVES[name]
    claim = bring(stored, expects)
    with stored.tx() as tx:
        assert move(tx, claim)
    return stored.task(1)


def test_a_task_given_back_is_unspent_and_not_looked_at_before_its_instant(
    stored: Stored,
) -> None:
    task = after(stored, "give_back")
    assert (task.state, task.attempts, task.eligible_at) == (TaskState.WAITING, 0, at(9))
    assert task.due_at == T0


def test_an_intent_counts_and_remembers_the_number_that_was_shown(stored: Stored) -> None:
    task = after(stored, "dialled")
    assert (task.state, task.attempts, task.from_number) == (TaskState.CALLING, 1, FROM)


def test_a_returned_task_has_its_attempt_back(stored: Stored) -> None:
    task = after(stored, "returned")
    assert (task.state, task.attempts, task.eligible_at) == (TaskState.WAITING, 0, at(9))


def test_a_retry_is_due_later_and_stays_counted(stored: Stored) -> None:
    task = after(stored, "retry_set")
    assert (task.state, task.attempts) == (TaskState.WAITING, 1)
    assert task.retry_at == task.eligible_at == at(9)


def test_a_postponed_task_is_due_later(stored: Stored) -> None:
    task = after(stored, "postpone")
    assert task.retry_at == task.eligible_at == at(9)


def test_a_reinstated_task_has_no_outcome_any_more(stored: Stored) -> None:
    campaign = stored.campaign()
    stored.calling(campaign)
    stored.done(1, Outcome.REJECTED)
    with stored.tx() as tx:
        assert tx.reinstate(1, at(9))
        assert not tx.reinstate(1, at(9))
    task = stored.task(1)
    assert (task.state, task.outcome, task.reason) == (TaskState.WAITING, None, None)
    assert (task.attempts, task.eligible_at) == (0, at(9))


def test_a_task_ends_from_any_state_but_not_from_one_it_has_left(stored: Stored) -> None:
    for n, state in enumerate(STATES[:4]):
        bring(stored, state, n)
        seen = stored.task(n + 1)
        with stored.tx() as tx:
            assert tx.end_task(seen, Outcome.VOICEMAIL, "r" * 99, at(5))
            assert tx.end_task(seen, Outcome.FAILED, "again", at(6)) is (state == "done")
        task = stored.task(n + 1)
        assert task.state is TaskState.DONE
        if state != "done":
            assert (task.outcome, task.reason) == (Outcome.VOICEMAIL, "r" * 64)


def test_each_claim_has_a_number_of_its_own(stored: Stored) -> None:
    campaign = stored.campaign()
    first = stored.claim(campaign)
    with stored.tx() as tx:
        tx.give_back(first.task_id, first.claim, eligible_at=T0, reason="slot")
    assert stored.claim(campaign).claim == first.claim + 1


def test_a_claim_lapses_only_past_its_lease(stored: Stored) -> None:
    campaign = stored.campaign(2)
    claim = stored.claim(campaign, until=at(30))
    stored.calling(campaign)
    with stored.tx() as tx:
        assert tx.lapse_claims(at(30)) == 0
        assert tx.lapse_claims(at(31)) == 1
        assert tx.lapse_claims(at(99)) == 0
        assert not tx.dialled(claim.task_id, claim.claim, from_number=FROM)
    assert [stored.task(n).state for n in (1, 2)] == [TaskState.WAITING, TaskState.CALLING]


def test_those_who_waited_for_a_number_are_woken_and_nobody_else(stored: Stored) -> None:
    people = [person(n, number=0 if n < 4 else n) for n in range(6)]
    campaign = stored.campaign(people)
    for n, (reason, until) in enumerate(
        [
            ("number_busy", 900),
            ("cap", 900),
            ("number_busy", 3),
            ("slot", 900),
            ("number_busy", 900),
        ]
    ):
        claim = stored.claim(campaign)
        assert claim.task_id == n + 1
        with stored.tx() as tx:
            tx.give_back(claim.task_id, claim.claim, eligible_at=at(until), reason=reason)
    phone = stored.task(1).phone_id
    with stored.tx() as tx:
        tx.wake_number(phone, at(60))
    eligible = [stored.task(n).eligible_at for n in range(1, 7)]
    assert eligible == [at(60), at(900), at(3), at(900), at(900), T0]


@pytest.mark.parametrize(
    ("state", "past", "found"),
    [
        (CampaignState.RUNNING, True, True),
        (CampaignState.PAUSED, True, True),
        (CampaignState.LOADING, True, False),
        (CampaignState.RUNNING, False, False),
        (CampaignState.CANCELLED, False, True),
    ],
)
def test_overdue_is_what_waits_past_its_end_or_was_cancelled(
    stored: Stored, state: CampaignState, past: bool, found: bool
) -> None:
    people = [person(n, deadline_at=at(60)) for n in range(3)]
    campaign = stored.campaign([*people, person(3)])
    stored.claim(campaign)  # on its way to the gate, which asks for the end itself
    stored.change(campaign, state)
    with stored.tx() as tx:
        ids = {task.id for task in tx.overdue(at(60) if past else at(59), 9)}
        assert len(tx.overdue(at(60), 1)) <= 1
    cancelled = state is CampaignState.CANCELLED
    assert ids == ({2, 3, 4} if cancelled else {2, 3} if found else set())


def test_what_is_stranded_in_a_lane_is_what_is_due_there(stored: Stored) -> None:
    campaign = stored.campaign([person(0), person(1, due_at=at(60)), person(2)])
    stored.claim(campaign)
    with stored.tx() as tx:
        lane = tx.heads(campaign)[0].lane_id
        assert [task.id for task in tx.stranded(lane, T0, 9)] == [3]
        assert {task.id for task in tx.stranded(lane, at(60), 9)} == {2, 3}
        assert len(tx.stranded(lane, at(60), 1)) == 1


def test_tasks_are_read_with_and_without_their_lock(stored: Stored) -> None:
    stored.campaign()
    with stored.tx() as tx:
        assert tx.lock_task(1) == tx.task(1)
        assert tx.task(2) is None


def test_a_task_cannot_be_done_without_an_outcome(stored: Stored) -> None:
    from sqlalchemy.exc import IntegrityError

    stored.campaign()
    for change in ("state = 'done'", "outcome = 'failed'"):
        with pytest.raises(IntegrityError), stored.tx() as tx:
            tx.connection.exec_driver_sql(f"UPDATE dial_task SET {change}")


def test_a_move_that_the_table_does_not_have_is_a_fault(stored: Stored) -> None:
    from campaigns.core.lifecycle import TaskEvent, advance_task

    with pytest.raises(EngineFault, match="waiting"):
        advance_task(TaskState.WAITING, TaskEvent.DIALLED)


def test_a_contact_has_a_task_for_each_touch_and_occasion(stored: Stored) -> None:
    tasks = tuple(
        NewTask(touch=touch, occasion=occasion, due_at=at(0), expires_as="superseded")
        for touch in ("a", "b")
        for occasion in ("", "2026-03-10T18:00Z")
    )
    campaign = stored.campaign([person(0, tasks=tasks)])
    claims = [stored.claim(campaign) for _ in tasks]
    found = {(task.touch, task.occasion) for task in map(stored.task, [c.task_id for c in claims])}
    assert len(found) == 4
    assert stored.task(claims[0].task_id).expires_as == "superseded"
    twice = (*tasks, tasks[0])
    with pytest.raises(IntegrityError):
        stored.load(stored.loading("two"), [person(0, tasks=twice)])


def test_a_stopped_task_that_waits_is_overdue(stored: Stored) -> None:
    campaign = stored.campaign(3)
    claim = stored.claim(campaign)
    with stored.tx() as tx:
        tx.connection.execute(update(dial_task).values(stopped="withdrawn"))
        waiting = tx.overdue(at(0), 10)
        assert len(waiting) == 2
        assert {task.stopped for task in waiting} == {"withdrawn"}
    assert claim.task_id not in {task.id for task in waiting}
