"""The gate on a whole engine: who is not rung, why, and when they are looked at again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from campaigns.core.calls import CallStatus, Unknown
from campaigns.core.definition import CallingHours, Schedule, Span
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.errors import DatabaseAway
from campaigns.store.database import SqlTransaction
from tests.support.engine import START, World, contact

WORKDAY = CallingHours(days=((Span(start=540, end=1200),),) * 7)


def test_nobody_is_rung_before_the_start() -> None:
    world = World()
    world.submit(2, schedule=Schedule(start=START + timedelta(minutes=10)))
    world.run_for(590)
    assert not world.provider.rung
    world.run_for(20)
    assert len(world.provider.rung) == 2


def test_what_is_not_rung_by_the_end_has_expired() -> None:
    world = World(limit=2)
    world.submit(5, schedule=Schedule(end=START + timedelta(seconds=90)))
    world.run_for(200)
    assert len(world.provider.rung) == 4
    late = [task for task in world.tasks() if task["state"] == "done"]
    assert [(task["outcome"], task["reason"]) for task in late] == [("expired", "campaign_end")]


def test_a_contact_is_rung_in_its_own_hours_with_a_minute_to_spare() -> None:
    """15:00 UTC is 08:00 in Los Angeles: the day there opens at 09:00, so 09:01 at the earliest."""
    world = World()
    people = [contact(0), contact(1, zones=("America/Los_Angeles",))]
    world.submit(people, calling_hours=WORKDAY)
    world.run_for(4000, step=10)
    rung = {request.to_number[-1]: at for at, request in world.provider.rung}
    assert rung["0"] - START < timedelta(seconds=5)
    assert timedelta(minutes=61) <= rung["1"] - START < timedelta(minutes=62)


def test_a_contact_without_a_common_open_minute_is_skipped_and_said() -> None:
    world = World()
    submitted = world.submit(
        [contact(0, zones=()), contact(1, zones=("America/Sao_Paulo", "Asia/Tokyo"))],
        calling_hours=WORKDAY,
    )
    assert submitted.counts.skipped == 2
    world.run_for(5)
    assert {task["reason"] for task in world.tasks()} == {"no_callable_time"}
    assert world.rows("SELECT state FROM campaign")[0]["state"] == "finished"


def test_one_number_is_never_rung_twice_at_once() -> None:
    """Two contacts share a phone: the second waits until the first call is over."""
    world = World()
    world.submit([contact(0), contact(1, to_number=contact(0).to_number)])
    world.run_for(60)
    assert len(world.provider.rung) == 1
    assert {task["wait_reason"] for task in world.tasks()} == {None, "number_busy"}
    world.say(str(world.attempts()[0]["id"]), CallStatus.COMPLETED)
    world.run_for(3)
    assert len(world.provider.rung) == 2


def test_a_silent_call_releases_its_number_at_the_bound() -> None:
    world = World()
    world.submit([contact(0), contact(1, to_number=contact(0).to_number)])
    world.run_for(60 + 600 + 300 - 30, step=10)
    assert len(world.provider.rung) == 1
    world.run_for(60, step=10)
    assert len(world.provider.rung) == 2


def test_the_fifth_call_within_a_day_waits_for_the_first_to_leave_it() -> None:
    world = World()
    same = contact(0).to_number
    world.submit([contact(n, to_number=same) for n in range(5)])
    for _ in range(4):
        world.run_for(10)
        for attempt in world.attempts():
            if attempt["open"]:
                world.say(str(attempt["id"]), CallStatus.COMPLETED)
    world.run_for(60)
    assert len(world.provider.rung) == 4
    waiting = next(task for task in world.tasks() if task["state"] == "waiting")
    assert waiting["wait_reason"] == "cap"
    world.clock.forward(hours=23, minutes=50)
    world.run_for(5)
    assert len(world.provider.rung) == 4
    world.clock.forward(minutes=10)
    world.run_for(5)
    assert len(world.provider.rung) == 5


def test_a_number_on_the_list_is_not_rung_and_says_so() -> None:
    world = World()
    world.submit(2, schedule=Schedule(start=START + timedelta(minutes=1)))
    added, dropped = control.suppress(
        [contact(0).to_number], world.parts, who="test", reason="asked"
    )
    assert (added, dropped) == (1, 1)
    world.run_for(70)
    assert Counter(request.to_number for _, request in world.provider.rung) == {
        contact(1).to_number: 1
    }


def test_an_opt_out_committed_while_a_task_is_claimed_wins() -> None:
    world = World()
    world.submit(1)
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    control.suppress([contact(0).to_number], world.parts, who="test", reason="asked")
    world.settle()
    assert not world.provider.rung
    assert world.tasks()[0]["outcome"] == "suppressed"


@pytest.mark.parametrize("stop", ["campaign", "account"])
def test_a_pause_committed_while_a_task_is_claimed_wins(stop: str) -> None:
    world = World()
    world.submit(1)
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    assert world.tasks()[0]["state"] == "claimed"
    if stop == "campaign":
        control.pause("reminders", world.parts, who="test", reason="lunch")
    else:
        control.pause_account([world.account_id], world.parts, who="test", reason="lunch")
    world.settle()
    assert not world.provider.rung
    assert world.tasks()[0]["state"] == "waiting"


@pytest.mark.parametrize("stop", ["campaign", "account"])
def test_a_pause_holds_from_the_moment_it_returns(stop: str) -> None:
    world = World()
    world.submit(20)
    world.run_for(3)
    before = len(world.provider.rung)
    if stop == "campaign":
        control.pause("reminders", world.parts, who="test", reason="lunch")
    else:
        control.pause_account([world.account_id], world.parts, who="test", reason="lunch")
    world.run_for(60)
    assert len(world.provider.rung) == before
    if stop == "campaign":
        control.resume("reminders", world.parts, who="test")
    else:
        control.resume_account([world.account_id], world.parts, who="test")
    world.run_for(60)
    assert len(world.provider.rung) > before


def test_a_cancelled_campaign_ends_what_waits_and_retries_nothing() -> None:
    world = World(limit=2)
    world.submit(4)
    world.run_for(5)
    control.cancel("reminders", world.parts, who="test")
    world.run_for(3)
    for attempt in world.attempts():
        world.say(str(attempt["id"]), CallStatus.NO_ANSWER)
    world.run_for(3600, step=60)
    assert len(world.provider.rung) == 2
    ends = Counter((task["outcome"], task["reason"]) for task in world.tasks())
    assert ends == {
        ("no_answer", "campaign_cancelled"): 2,
        ("cancelled", "campaign_cancelled"): 2,
    }


def test_a_doubled_or_stale_ring_of_the_doorbell_rings_no_phone() -> None:
    world = World()
    world.submit(1)
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    claim = world.bell.rung[0][1]
    assert isinstance(claim, Claim)
    for _ in range(3):
        dial(claim, world.parts)
    dial(Claim(task_id=claim.task_id, claim=claim.claim + 7), world.parts)
    dial(Claim(task_id=999, claim=1), world.parts)
    assert len(world.provider.rung) == 1


def test_a_lost_ring_costs_a_lease_and_nothing_else() -> None:
    world = World()
    world.submit(1)
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    world.bell.rung.clear()
    world.run_for(29)
    assert not world.provider.rung
    world.run_for(5)
    assert len(world.provider.rung) == 1


def test_a_step_of_the_databases_clock_holds_the_account_for_a_minute() -> None:
    world = World()
    world.submit(20)
    world.run_for(20)
    world.store.clock = lambda: world.clock.at + timedelta(seconds=10)
    world.run_for(80)  # the next gate, a minute after the first start, sees the step
    assert len(world.provider.rung) == 10
    world.run_for(30)
    assert len(world.provider.rung) == 20


def test_an_intent_whose_commit_is_not_certain_is_never_posted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The link to the database breaks while the gate commits: committed or not, nobody is rung."""
    world = World()
    world.submit(1)
    write = world.store.write

    @contextmanager
    def flaky() -> Iterator[SqlTransaction]:
        with write() as tx:
            yield tx
        if next(breaks, False):
            raise DatabaseAway("the link broke after COMMIT was sent")

    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    claim = world.bell.rung.popleft()[1]
    assert isinstance(claim, Claim)
    breaks = iter([True])
    monkeypatch.setattr(world.store, "write", flaky)
    with pytest.raises(DatabaseAway):
        dial(claim, world.parts)
    monkeypatch.undo()
    assert not world.provider.rung
    assert world.attempts()[0]["state"] == "not_sent"
    world.run_for(5)
    assert len(world.provider.rung) == 1


def test_the_breaker_leaves_the_doubtful_people_alone() -> None:
    world = World()
    world.submit(3)
    world.provider.answers.extend([Unknown(why="500")] * 3)
    world.run_for(3600, step=20)
    assert (
        Counter(request.to_number for _, request in world.provider.rung).most_common(1)[0][1] == 1
    )
