"""What a reviewer found by breaking things: each once rang somebody too often, or lost them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from campaigns.core.calls import (
    Blame,
    CallStatus,
    DialRequest,
    Rejected,
    Session,
    SlowDown,
    Unknown,
)
from campaigns.core.definition import Retry, Schedule
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.lookup import check
from tests.support.engine import FROM, VirtualClock, World, contact

C = CallStatus
M = timedelta(minutes=1)
REFUSED = Rejected(blame=Blame.CONTACT, status=422, detail="to_number")


def session(status: CallStatus, at: datetime) -> Session:
    return Session(
        id="s1",
        status=status,
        word=status.value,
        agent_id="agent_reminder",
        to_number=contact(0).to_number,
        from_number=FROM,
        started_at=at,
    )


def test_a_call_that_a_look_up_still_sees_ringing_is_waited_for() -> None:
    """The same word was said before the ending: it is new evidence all the same."""
    world = World()
    world.provider.answers.append(Unknown(why="reset"))
    world.submit(1, retry=Retry(max_attempts=2, busy=(2 * M,)))
    world.run_for(3)
    attempt = str(world.attempts()[0]["id"])
    ringing = session(C.RINGING, world.clock.at)
    world.provider.listed, world.provider.found = [ringing], {"s1": ringing}
    world.run_for(45)
    assert world.attempts()[0]["state"] == "ringing"
    world.say(attempt, C.BUSY, call_id="s1")
    world.run_for(12 * 60, step=5)
    assert len(world.provider.rung) == 1, "its phone rings, says the provider itself"


def test_a_resume_for_another_reason_vouches_for_no_list() -> None:
    world = World()
    world.submit(6)
    control.pause("reminders", world.parts, who="me", reason="lunch")
    control.resume("reminders", world.parts, who="me")
    world.provider.answers.extend([REFUSED] * 6)
    world.run_for(120)
    assert world.rows("SELECT state FROM campaign")[0]["state"] == "paused"
    assert [task["state"] for task in world.tasks()] == ["waiting"] * 6


def test_who_resumes_after_refusals_takes_them_for_the_contacts_own() -> None:
    world = World()
    world.submit(5)
    world.provider.answers.extend([REFUSED] * 9)
    world.run_for(60)
    control.resume("reminders", world.parts, who="me")
    world.run_for(60)
    assert {task["reason"] for task in world.tasks()} == {"number_refused"}


def test_a_check_that_straddles_the_grace_leaves_no_task_behind() -> None:
    """Every reading of the clock costs a millisecond; the grace ends between two of them."""
    stuck = []
    for offset in range(-12, 3):
        clock = _Ticking()
        world = World(clock=clock)
        world.submit(1, retry=Retry(max_attempts=1))
        world.run_for(3)
        attempt = str(world.attempts()[0]["id"])
        world.say(attempt, C.NO_ANSWER)
        with world.store.write() as tx:
            row = tx.attempt(attempt)
            assert row is not None
            assert row.terminal_at is not None
            tx.change_attempt(attempt, row.state, check_claim_until=None)
        world.bell.rung.clear()
        clock.at = row.terminal_at + 7 * M + timedelta(milliseconds=offset)
        clock.tick = timedelta(milliseconds=1)
        check(attempt, world.parts)
        clock.tick = timedelta(0)
        world.run_for(3600, step=60)
        if world.tasks()[0]["state"] != "done":
            stuck.append(offset)
    assert not stuck


class _Ticking(VirtualClock):
    tick = timedelta(0)

    def wall(self) -> datetime:
        self.at += self.tick
        return self.at


def test_a_task_whose_call_ended_and_whom_nobody_asks_about_is_found_again() -> None:
    """Whatever left it like this: the heartbeat folds it once more."""
    world = World()
    world.submit(1, retry=Retry(max_attempts=1))
    world.run_for(3)
    attempt = str(world.attempts()[0]["id"])
    world.say(attempt, C.NO_ANSWER)
    with world.store.write() as tx:
        row = tx.attempt(attempt)
        assert row is not None
        tx.change_attempt(attempt, row.state, check_at=None)
    world.clock.forward(minutes=10)
    world.run_for(120, step=30)
    assert world.tasks()[0]["outcome"] == "no_answer"


def test_a_refusal_that_was_given_back_and_rang_after_all_counts() -> None:
    world = World()
    world.submit(3, retry=Retry(max_attempts=2, no_answer=(30 * M,)))

    def rings_and_refuses(request: DialRequest) -> Rejected:
        world.provider.rung.append((world.clock.at, request))
        return REFUSED

    world.provider.answers.extend([rings_and_refuses] * 3)
    world.run_for(20)
    for attempt in world.attempts():
        world.say(str(attempt["id"]), C.NO_ANSWER)
    control.resume("reminders", world.parts, who="me")
    for _ in range(4):
        world.run_for(3600, step=30)
        for attempt in world.attempts():
            if attempt["state"] == "accepted":
                world.say(str(attempt["id"]), C.NO_ANSWER)
    numbers = [request.to_number for _, request in world.provider.rung]
    assert len(numbers) == 6
    assert all(numbers.count(number) == 2 for number in numbers)


def test_a_claimed_retry_past_its_end_keeps_the_outcome_its_call_had() -> None:
    world = World()
    end = world.clock.at + 60 * M
    world.submit(1, retry=Retry(max_attempts=3, no_answer=(30 * M,)), schedule=Schedule(end=end))
    world.run_for(3)
    world.say(str(world.attempts()[0]["id"]), C.NO_ANSWER)
    world.run_for(29 * 60, step=30)
    world.clock.at = end - timedelta(seconds=1)
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    (claim,) = [about for what, about in world.bell.rung if what == "dial"]
    assert isinstance(claim, Claim)
    world.clock.at = end
    dial(claim, world.parts)
    assert (world.tasks()[0]["outcome"], world.tasks()[0]["reason"]) == (
        "no_answer",
        "campaign_end",
    )


def test_after_a_429_the_spacing_follows_the_limit() -> None:
    """6.2 s is a minute's tenth and a little: an account of 60 a minute waits for a second."""
    world = World(limit=60)
    world.submit(8)
    world.provider.answers.append(SlowDown(retry_after=0))
    world.run_for(80)
    times = [at for at, _ in world.provider.rung]
    assert len(times) >= 8
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert all(1.2 <= gap < 2.5 for gap in gaps), gaps
