"""`pacing.first`: so many contacts are called, and not one more before a person approves."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.core.calls import CallStatus as C
from campaigns.core.calls import NotSent
from campaigns.core.definition import Pacing, Retry, Schedule
from campaigns.core.lifecycle import CampaignState as S
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.approval import approve
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.errors import Conflict, UnknownName
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from campaigns.store.invariants import broken
from campaigns.store.reads import Reads
from tests.support.engine import START, World, contact

FIRST = Pacing(first=2)
ONCE = Retry(max_attempts=1, no_answer=(), busy=())


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield World()
        return
    found = World(database=Database(request.getfixturevalue("postgres_store_url")), spacing=0)
    found.parts = replace(found.parts, dice=SystemDice())
    yield found
    found.store.close()


ON_THE_TESTS_CLOCK = pytest.mark.parametrize("world", ["memory"], indirect=True)


def state(world: World) -> S:
    with world.store.read() as tx:
        row = tx.campaign_named("reminders")
    assert row is not None
    return row.state


def called(world: World) -> list[str]:
    return [request.to_number[-1] for _, request in world.provider.rung]


def waits(world: World) -> dict[str, int]:
    with world.store.read() as tx:
        figures = Reads(tx).campaign_figures("reminders")
    return {one.reason: one.count for one in figures.waiting}


def ends(world: World, n: int, word: C = C.COMPLETED) -> None:
    world.say(str(world.attempts()[n]["id"]), word)


def test_two_are_called_then_a_person_is_asked_then_the_others(world: World) -> None:
    world.submit(5, pacing=FIRST)
    world.settle(ticks=4)
    assert len(world.provider.rung) == 2
    assert state(world) is S.WAITING_FOR_APPROVAL
    assert waits(world) == {"waiting_for_approval": 3}
    ends(world, 0)  # live calls go on, and are settled
    assert world.tasks()[0]["outcome"] == "completed"
    world.settle(ticks=3)
    assert len(world.provider.rung) == 2
    approve("reminders", world.parts, who="ann")
    world.settle(ticks=4)
    assert len(world.provider.rung) == 5
    assert state(world) is S.RUNNING
    said = world.rows(
        "SELECT who, what FROM audit WHERE what IN ('waiting_for_approval', 'approve') ORDER BY id"
    )
    assert [(row["who"], row["what"]) for row in said] == [
        ("engine", "waiting_for_approval"),
        ("ann", "approve"),
    ]


@pytest.mark.parametrize("people", [1, 2])
def test_a_list_that_is_not_longer_never_waits(world: World, people: int) -> None:
    world.submit(people, pacing=FIRST, retry=ONCE)
    world.settle(ticks=4)
    for n in range(people):
        ends(world, n)
    world.settle()
    assert state(world) is S.FINISHED


@ON_THE_TESTS_CLOCK
def test_who_was_not_rung_is_none_of_the_first(world: World) -> None:
    world.provider.answers.append(NotSent(why="no route"))
    world.submit(4, pacing=Pacing(first=1))
    world.clock.forward(seconds=5)
    world.settle(ticks=3)
    world.clock.forward(seconds=5)
    world.settle(ticks=3)
    assert len(world.provider.rung) == 1


@ON_THE_TESTS_CLOCK
def test_retries_leave_until_somebody_else_is_due_and_then_wait_too(world: World) -> None:
    later = START + timedelta(hours=2)
    world.submit(
        [contact(0), contact(1, not_before=later)],
        pacing=Pacing(first=1),
        retry=Retry(no_answer=(timedelta(minutes=30), timedelta(hours=3))),
    )
    world.settle()
    ends(world, 0, C.NO_ANSWER)
    world.run_for(3600)
    assert called(world) == ["0", "0"]
    ends(world, 1, C.NO_ANSWER)
    assert state(world) is S.RUNNING
    world.run_for(8 * 3600)
    assert state(world) is S.WAITING_FOR_APPROVAL
    assert called(world) == ["0", "0"]
    approve("reminders", world.parts, who="ann")
    world.run_for(60)
    assert called(world) == ["0", "0", "1", "0"]


def test_many_workers_at_once_never_call_one_more(postgres_store_url: str) -> None:
    """Everybody is claimed before anybody passed the gate, and all of them pass it at once."""
    world = World(database=Database(postgres_store_url), spacing=0, limit=12)
    world.parts = replace(world.parts, dice=SystemDice())
    world.submit(12, pacing=Pacing(first=3))
    dispatch(world.account_id, world.parts)
    claims = [about for _, about in world.bell.rung if isinstance(about, Claim)]
    assert len(claims) == 12
    with ThreadPoolExecutor(6) as workers:
        list(workers.map(lambda claim: dial(claim, world.parts), claims))
    assert len(world.provider.rung) == 3
    assert state(world) is S.WAITING_FOR_APPROVAL
    world.settle(ticks=3)
    assert len(world.provider.rung) == 3
    with world.store.read() as tx:
        assert broken(tx) == []
    world.store.close()


# --- what a person decides meanwhile --------------------------------------------------------


def test_a_pause_holds_beside_the_approval(world: World) -> None:
    world.submit(4, pacing=FIRST)
    world.settle(ticks=3)
    control.pause("reminders", world.parts, who="ann", reason="lunch")
    assert state(world) is S.PAUSED
    approve("reminders", world.parts, who="ann")
    assert state(world) is S.PAUSED
    world.settle(ticks=2)
    assert len(world.provider.rung) == 2
    control.resume("reminders", world.parts, who="ann")
    world.settle(ticks=3)
    assert len(world.provider.rung) == 4


def test_a_resume_is_no_approval(world: World) -> None:
    world.submit(4, pacing=FIRST)
    world.settle(ticks=3)
    with pytest.raises(Conflict, match="it waits for `campaigns approve reminders`"):
        control.resume("reminders", world.parts, who="ann")
    control.pause("reminders", world.parts, who="ann", reason="lunch")
    control.resume("reminders", world.parts, who="ann")
    world.settle(ticks=3)
    assert state(world) is S.WAITING_FOR_APPROVAL
    assert len(world.provider.rung) == 2


def test_it_may_be_cancelled_and_then_nobody_waits(world: World) -> None:
    world.submit(4, pacing=FIRST)
    world.settle(ticks=3)
    control.cancel("reminders", world.parts, who="ann")
    world.settle(ticks=2)
    assert [task["outcome"] for task in world.tasks()][2:] == ["cancelled"] * 2
    with pytest.raises(Conflict, match="cancelled: there is nothing to approve"):
        approve("reminders", world.parts, who="ann")


@ON_THE_TESTS_CLOCK
def test_who_waits_for_an_approval_expires_and_the_campaign_ends(world: World) -> None:
    end = START + timedelta(hours=1)
    world.submit(3, pacing=FIRST, retry=ONCE, schedule=Schedule(end=end))
    world.settle(ticks=3)
    for n in range(2):
        ends(world, n)
    world.run_for(3700)
    assert [task["outcome"] for task in world.tasks()] == ["completed", "completed", "expired"]
    assert state(world) is S.FINISHED


def test_the_engines_pause_reaches_it_too(world: World) -> None:
    world.submit(4, pacing=FIRST)
    world.settle(ticks=3)
    with world.store.write() as tx:
        row = tx.campaign_named("reminders")
        assert row is not None
        tx.ask_pause(row.id, "three refusals in a row", tx.now().policy)
    world.settle()
    assert state(world) is S.PAUSED


@ON_THE_TESTS_CLOCK
def test_what_cannot_be_approved_says_why(world: World) -> None:
    with pytest.raises(UnknownName, match="no campaign is called 'reminders'"):
        approve("reminders", world.parts, who="ann")
    world.submit(3)
    with pytest.raises(Conflict, match="it waits for no approval"):
        approve("reminders", world.parts, who="ann")
    world.submit([contact(n) for n in range(5, 9)], name="two", pacing=FIRST)
    with pytest.raises(Conflict, match="nobody of two has been called yet"):
        approve("two", world.parts, who="ann")
    world.settle(ticks=3)
    approve("two", world.parts, who="ann")
    with pytest.raises(Conflict, match="two is approved already, since 20"):
        approve("two", world.parts, who="ann")


# --- another version ------------------------------------------------------------------------


def approved(world: World) -> None:
    world.submit(3, pacing=FIRST, retry=ONCE)
    world.settle(ticks=3)
    approve("reminders", world.parts, who="ann")
    world.settle(ticks=3)
    assert len(world.provider.rung) == 3


def test_another_list_keeps_the_approval(world: World) -> None:
    approved(world)
    world.submit(8, digest="d2", pacing=FIRST, retry=ONCE)
    world.settle(ticks=4)
    assert len(world.provider.rung) == 8


@pytest.mark.parametrize(
    "change",
    [
        {"agent_id": "agent_other"},
        {"from_number": "+18005550109"},
        {"context": {"name": "Dr {{ name }}"}},
    ],
    ids=str,
)
def test_what_people_hear_asks_again(world: World, change: dict[str, object]) -> None:
    approved(world)
    world.submit(8, digest="d2", pacing=FIRST, retry=ONCE, **change)
    world.settle(ticks=4)
    assert len(world.provider.rung) == 3 + 2
    assert state(world) is S.WAITING_FOR_APPROVAL


def test_a_wait_that_is_written_later_holds_from_then_on(world: World) -> None:
    world.submit(3, retry=ONCE)
    world.settle(ticks=3)
    world.submit(8, digest="d2", pacing=FIRST, retry=ONCE)
    world.settle(ticks=4)
    assert len(world.provider.rung) == 3 + 2
    world.submit(8, digest="d3", retry=ONCE)  # and one that is taken out, no longer
    world.settle(ticks=4)
    assert len(world.provider.rung) == 8


def test_a_list_that_changes_while_it_waits_calls_nobody_more(world: World) -> None:
    world.submit(3, pacing=FIRST)
    world.settle(ticks=3)
    world.submit(8, digest="d2", pacing=FIRST)
    world.settle(ticks=4)
    assert len(world.provider.rung) == 2
    assert state(world) is S.WAITING_FOR_APPROVAL
