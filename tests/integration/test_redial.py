"""`redial`: another round for the unreached on a whole engine, under the rules of the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from campaigns.core.calls import CallStatus as C
from campaigns.core.definition import Retry, Schedule
from campaigns.core.instants import CAP_PERIOD
from campaigns.core.lifecycle import AttemptState, Outcome
from campaigns.core.lifecycle import CampaignState as S
from campaigns.core.rounds import Left, Unreached
from campaigns.engine import control
from campaigns.engine.redial import Round, redial, survey
from campaigns.errors import Conflict, UnknownName
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from campaigns.store.invariants import broken
from campaigns.store.tables import dial_task
from tests.support.engine import START, World, contact

ONCE = Retry(max_attempts=1, no_answer=(), busy=())
TWICE = Retry(max_attempts=2, no_answer=(timedelta(minutes=30),), busy=())
BOTH = (Unreached.NO_ANSWER, Unreached.BUSY)


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield World(spacing=0)
        return
    found = World(database=Database(request.getfixturevalue("postgres_store_url")), spacing=0)
    found.parts = replace(found.parts, dice=SystemDice())
    yield found
    with found.store.read() as tx:
        assert broken(tx) == []
    found.store.close()


ON_THE_TESTS_CLOCK = pytest.mark.parametrize("world", ["memory"], indirect=True)


def state(world: World) -> S:
    with world.store.read() as tx:
        row = tx.campaign_named("reminders")
    assert row is not None
    return row.state


def again(world: World, *wanted: Unreached) -> Round:
    return redial("reminders", wanted or BOTH, world.parts, who="ann")


def called(world: World) -> list[str]:
    return [request.to_number[-1] for _, request in world.provider.rung]


def ends(world: World, *words: C, since: int = 0) -> None:
    """The calls from number `since` on end so; a look-up finds the same."""
    for made, word in zip(world.attempts()[since:], words, strict=True):
        world.say(str(made["id"]), word)
    for task in world.tasks():  # what a later word may still raise is given its time
        if task["state"] == "calling":
            world.run_for(8 * 60)
            return


@ON_THE_TESTS_CLOCK
def test_the_unreached_are_called_again_and_nobody_else(world: World) -> None:
    world.submit(5, retry=ONCE)
    world.settle(ticks=6)
    ends(world, C.COMPLETED, C.NO_ANSWER, C.BUSY, C.VOICEMAIL, C.NO_ANSWER)
    assert state(world) is S.FINISHED
    found = again(world)
    assert found.again == {Unreached.NO_ANSWER: 2, Unreached.BUSY: 1}
    assert found.left == {Left.ANSWERED: 1, Left.NOT_ASKED_FOR: 1}
    assert state(world) is S.RUNNING
    world.settle(ticks=6)
    assert called(world)[5:] == ["1", "2", "4"]
    ends(world, C.COMPLETED, C.NO_ANSWER, C.NO_ANSWER, since=5)
    outcomes = [task["outcome"] for task in world.tasks()]
    assert outcomes == ["completed", "completed", "no_answer", "voicemail", "no_answer"]
    assert state(world) is S.FINISHED
    assert [made["attempt_no"] for made in world.attempts()[5:]] == [2, 2, 2]
    (told,) = world.rows("SELECT who, campaign_id FROM audit WHERE what = 'redial'")
    assert told == {"who": "ann", "campaign_id": 1}


@ON_THE_TESTS_CLOCK
def test_each_round_has_all_its_attempts_and_waits(world: World) -> None:
    world.submit(1, retry=TWICE)
    world.settle()
    ends(world, C.NO_ANSWER)
    world.run_for(40 * 60)
    ends(world, C.NO_ANSWER, since=1)
    assert world.tasks()[0]["reason"] == "exhausted"
    again(world)
    world.settle()
    ends(world, C.NO_ANSWER, since=2)
    world.run_for(20 * 60)
    assert len(called(world)) == 3  # the wait of attempt one, not of attempt three
    world.run_for(20 * 60)
    ends(world, C.NO_ANSWER, since=3)
    assert world.tasks()[0]["reason"] == "exhausted"
    assert [made["attempt_no"] for made in world.attempts()] == [1, 2, 3, 4]
    with world.store.read() as tx:
        assert broken(tx) == []


@ON_THE_TESTS_CLOCK
@pytest.mark.parametrize("tries", [0, 1])
def test_who_leaves_a_new_round_and_comes_back_goes_on_in_it(world: World, tries: int) -> None:
    """What was tried in the rounds before counts for nothing, as if it had never left."""
    world.submit([contact(0), contact(1)], retry=TWICE)
    world.settle(ticks=2)
    ends(world, C.NO_ANSWER, C.COMPLETED)
    world.run_for(40 * 60)
    ends(world, C.NO_ANSWER, since=2)
    assert world.tasks()[0]["reason"] == "exhausted"
    again(world)
    if tries:
        world.settle()
        ends(world, C.NO_ANSWER, since=3)
    world.submit([contact(1)], digest="d2", retry=TWICE)
    world.run_for(60)
    assert world.tasks()[0]["reason"] == "withdrawn"
    world.submit([contact(0), contact(1)], digest="d3", retry=TWICE)
    for n in range(tries, 2):
        world.run_for(40 * 60)
        ends(world, C.NO_ANSWER, since=3 + n)
    assert len(called(world)) == 5
    assert world.tasks()[0]["reason"] == "exhausted"


@ON_THE_TESTS_CLOCK
def test_the_cap_holds_over_rounds(world: World) -> None:
    world.submit(1, retry=ONCE)
    for n in range(4):
        world.settle()
        ends(world, C.NO_ANSWER, since=n)
        assert again(world).people == 1
    world.run_for(3600)
    assert len(called(world)) == 4
    assert world.tasks()[0]["wait_reason"] == "cap"
    world.run_for(CAP_PERIOD.total_seconds(), step=60)
    assert len(called(world)) == 5


def test_an_opt_out_holds_over_rounds(world: World) -> None:
    world.submit(2, retry=ONCE)
    world.settle(ticks=3)
    ended(world)
    control.suppress([contact(0).to_number], world.parts, who="ann", reason="asked")
    found = again(world)
    assert found.left == {Left.UNWANTED: 1}
    world.settle(ticks=3)
    assert called(world)[2:] == ["1"]


def ended(world: World) -> None:
    """Everything that rang was not answered, long ago, and a look-up confirmed it."""
    made_of = world.attempts()
    with world.store.write() as tx:
        at = tx.now().policy
        for made in made_of:
            attempt = tx.lock_attempt(str(made["id"]))
            over = at - timedelta(minutes=10)
            ending = {"open": False, "check_at": None, "terminal_at": over, "confirmed": True}
            tx.change_attempt(attempt.id, attempt.state, state=AttemptState.NO_ANSWER, **ending)
            tx.end_task(tx.lock_task(attempt.task_id or 0), Outcome.NO_ANSWER, "exhausted", at)


@ON_THE_TESTS_CLOCK
def test_late_truth_of_an_earlier_round_ends_the_new_one(world: World) -> None:
    world.submit(1, retry=ONCE)
    world.settle()
    ends(world, C.NO_ANSWER)
    again(world)
    world.say(str(world.attempts()[0]["id"]), C.COMPLETED, duration=20)
    assert world.tasks()[0]["outcome"] == "completed"
    world.run_for(3600)
    assert len(called(world)) == 1


@ON_THE_TESTS_CLOCK
@pytest.mark.parametrize("word", [C.NO_ANSWER, C.BUSY, C.FAILED])
def test_another_word_for_not_reached_does_not_end_the_new_one(world: World, word: C) -> None:
    """Neither `exhausted` nor `busy: never` is said of a round by a call of the one before."""
    world.submit(1, retry=ONCE)
    world.settle()
    ends(world, C.NO_ANSWER)
    again(world)
    world.bell.rung.clear()
    world.say(str(world.attempts()[0]["id"]), word, call_id="late", settle=False)
    world.settle(ticks=2)
    assert len(called(world)) == 2


def test_who_is_withdrawn_or_expired_is_left(world: World) -> None:
    end = world.store.policy_now().policy + timedelta(hours=2)
    world.submit(3, retry=ONCE, schedule=Schedule(end=end))
    world.settle(ticks=4)
    ended(world)
    world.submit([contact(0), contact(1)], digest="d2", retry=ONCE, schedule=Schedule(end=end))
    found = survey("reminders", BOTH, world.parts)
    assert found.again == {Unreached.NO_ANSWER: 2}
    assert found.left == {Left.WITHDRAWN: 1}
    late = world.store.policy_now().policy
    with world.store.write() as tx:
        tx.connection.execute(update(dial_task).values(deadline_at=late))
    assert survey("reminders", BOTH, world.parts).left == {Left.WITHDRAWN: 1, Left.TOO_LATE: 2}


def test_a_contact_that_has_another_number_now_is_called_there(world: World) -> None:
    """By its lock, its caps and the do-not-call list: none of them is asked of the old one."""
    world.submit(1, retry=ONCE)
    world.settle()
    ended(world)
    moved = contact(0, to_number="+16175550777")
    world.submit([moved], digest="d2", retry=ONCE)
    assert again(world).people == 1
    world.settle(ticks=2)
    assert [request.to_number for _, request in world.provider.rung][1:] == ["+16175550777"]
    old, new = (made["phone_id"] for made in world.attempts())
    assert old != new
    assert world.tasks()[0]["phone_id"] == new


def test_what_cannot_be_redialled_says_why(world: World) -> None:
    with pytest.raises(UnknownName):
        again(world)
    world.submit(1, retry=ONCE)
    assert again(world).left == {Left.STILL_CALLED: 1}
    control.cancel("reminders", world.parts, who="ann")
    with pytest.raises(Conflict, match="is cancelled"):
        again(world)


@ON_THE_TESTS_CLOCK
def test_a_paused_campaign_stays_paused(world: World) -> None:
    world.submit([contact(0), contact(1, not_before=START + timedelta(days=9))], retry=ONCE)
    world.settle()
    ends(world, C.NO_ANSWER)
    control.pause("reminders", world.parts, who="ann", reason="x")
    assert again(world).people == 1
    world.settle(ticks=2)
    assert (state(world), len(called(world))) == (S.PAUSED, 1)


def test_asking_twice_calls_once(world: World) -> None:
    world.submit(2, retry=ONCE)
    world.settle(ticks=3)
    ended(world)
    assert again(world).people == 2
    assert again(world).left == {Left.STILL_CALLED: 2}
