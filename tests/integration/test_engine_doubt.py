"""Doubt never rings a phone: whatever evidence there is comes before the next call.

Judged by whom the provider rang.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from campaigns.core.calls import (
    Accepted,
    Answer,
    Blame,
    CallEvent,
    DialRequest,
    Page,
    Rejected,
    Session,
    SlowDown,
    Unknown,
)
from campaigns.core.calls import CallStatus as C
from campaigns.core.definition import Retry
from campaigns.core.outcomes import Source
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.record import fold_events, receive
from tests.support.engine import FROM, World, contact

MINUTE = 60
HOUR = 3600
NUMBER = contact(0).to_number


def rung(world: World) -> int:
    return len(world.provider.rung)


def first(world: World) -> str:
    return str(world.attempts()[0]["id"])


def placed(world: World, answer: Answer, *said: C) -> Callable[[DialRequest], Answer]:
    """The phone rings, events may come, and then the POST is answered like this."""

    def answered(request: DialRequest) -> Answer:
        world.provider.rung.append((world.clock.at, request))
        for word in said:
            world.say(request.attempt_id, word, settle=False)
            fold_events(request.attempt_id, world.parts)
        return answer

    return answered


def test_a_completed_that_is_stored_before_the_gate_forbids_the_retry() -> None:
    """It was told 2xx; the ring for its fold is on its way or lost."""
    world = World()
    world.submit(1)
    world.run_for(3)
    world.say(first(world), C.NO_ANSWER)
    world.run_for(29 * MINUTE)
    world.clock.forward(minutes=2)
    dispatch(world.account_id, world.parts)
    world.say(first(world), C.COMPLETED, duration=60, settle=False)
    claims = [about for _, about in world.bell.rung if isinstance(about, Claim)]
    world.bell.rung.clear()
    assert len(claims) == 1
    dial(claims[0], world.parts)
    assert rung(world) == 1


REFUSED = Rejected(blame=Blame.CAMPAIGN, status=404, detail="x")
BAD_NUMBER = Rejected(blame=Blame.CONTACT, status=422, detail="to_number")


@pytest.mark.parametrize("answer", [SlowDown(), REFUSED, BAD_NUMBER], ids=["429", "404", "422"])
def test_an_event_outweighs_the_refusal_that_comes_after_it(answer: Answer) -> None:
    """A proxy refuses what the provider has placed already; the end of the call is never told."""
    world = World()
    world.submit(1)
    world.provider.answers.append(placed(world, answer, C.INITIATING))
    world.run_for(MINUTE)
    if world.rows("SELECT state FROM campaign")[0]["state"] == "paused":
        control.resume("reminders", world.parts, who="me")
    world.run_for(HOUR)
    assert rung(world) == 1


@pytest.mark.parametrize("answer", [SlowDown(), REFUSED], ids=["429", "404"])
def test_an_event_outweighs_the_refusal_that_came_before_it(answer: Answer) -> None:
    world = World()
    world.submit(1)
    world.provider.answers.append(placed(world, answer))
    world.settle()
    world.say(first(world), C.COMPLETED, duration=30)
    world.run_for(HOUR)
    assert rung(world) == 1
    assert world.tasks()[0]["outcome"] == "completed"


def session(id: str, status: C, started_at: datetime) -> Session:
    return Session(
        id=id,
        status=status,
        word=status.value,
        agent_id="agent_reminder",
        to_number=NUMBER,
        from_number=FROM,
        started_at=started_at,
    )


def test_a_lost_answer_is_not_settled_by_the_call_before_it_to_the_same_number() -> None:
    """Two contacts share a phone; the first call failed at once, where ids differ in the list."""
    world = World()
    world.provider.answers.extend([Accepted(call_id="call_a"), Unknown(why="reset")])
    world.submit([contact(0), contact(1, to_number=NUMBER)])
    world.settle()
    world.clock.forward(seconds=1)
    world.say(first(world), C.FAILED)
    world.run_for(3)
    began = [at for at, _ in world.provider.rung]
    world.provider.listed = [
        session("session_a", C.FAILED, began[0]),
        session("session_b", C.COMPLETED, began[1]),
    ]
    world.run_for(20 * MINUTE)
    assert world.tasks()[1]["outcome"] == "completed"


def test_a_sweep_asks_for_the_minutes_of_its_attempt_only() -> None:
    world = World(public=False)
    world.submit(1)
    world.provider.answers.append(Unknown(why="reset"))
    asked: list[dict[str, object]] = []

    def sessions(**query: object) -> Page:
        asked.append(query)
        return Page(sessions=())

    world.provider.sessions = sessions  # type: ignore[method-assign]  # the same, but listens
    world.run_for(5 * MINUTE)
    assert asked
    assert all(query.get("end") for query in asked)


def test_a_probe_whose_process_died_holds_the_account_again() -> None:
    """Otherwise a process that each answer kills rings one phone after the other, blindly."""
    world = World()
    world.submit(20)
    world.provider.answers.extend([Unknown(why="500")] * 3)
    world.run_for(290)
    assert rung(world) == 3

    def dies(request: DialRequest) -> Answer:
        world.provider.rung.append((world.clock.at, request))
        raise KeyboardInterrupt

    world.provider.answers.extend([dies] * 10)
    for _ in range(4 * MINUTE):
        with suppress(KeyboardInterrupt):
            world.settle()
        world.clock.forward(seconds=1)
    assert rung(world) == 4


def test_only_the_probe_itself_lets_the_others_go() -> None:
    """Four calls are under way; three say nothing, and the first is accepted after all."""
    world = World(spacing=0)
    world.submit(20)
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    claims = [about for _, about in world.bell.rung if isinstance(about, Claim)]
    world.bell.rung.clear()

    def slow(request: DialRequest) -> Answer:
        for claim in claims[1:4]:
            dial(claim, world.parts)
        return Accepted(call_id="call_1")

    world.provider.answers.extend([slow, *[Unknown(why="500")] * 9])
    dial(claims[0], world.parts)
    assert rung(world) == 4
    world.run_for(6 * MINUTE)
    assert rung(world) == 5


def test_a_voicemail_that_picked_up_is_called_again_where_the_file_says_so() -> None:
    """The usual way to a voicemail leads through `in_progress`."""
    world = World()
    world.submit(1, retry=Retry(max_attempts=2, voicemail=(timedelta(hours=1),)))
    world.run_for(3)
    for word in (C.RINGING, C.IN_PROGRESS, C.VOICEMAIL):
        world.say(first(world), word)
    world.run_for(2 * HOUR)
    assert rung(world) == 2


def test_a_late_word_on_a_voicemail_does_not_have_it_asked_about_each_second() -> None:
    world = World()
    world.submit(1, retry=Retry(max_attempts=2, voicemail=(timedelta(hours=1),)))
    world.run_for(3)
    call_id = str(world.attempts()[0]["call_id"])
    ended = Session(id=call_id, status=C.VOICEMAIL, word="voicemail")
    world.provider.found[call_id] = ended
    world.say(first(world), C.VOICEMAIL)
    world.run_for(10 * MINUTE)
    asked = len(world.provider.asked)
    world.say(first(world), C.RINGING)
    world.run_for(10 * MINUTE)
    assert len(world.provider.asked) <= asked + 1


def test_a_call_that_proves_to_be_answered_late_has_its_details_fetched_too() -> None:
    world = World()
    world.submit(1, retry=Retry(no_answer=()))
    world.run_for(3)
    world.say(first(world), C.NO_ANSWER)
    world.run_for(10 * MINUTE)
    world.say(first(world), C.COMPLETED, duration=30)
    world.run_for(10 * MINUTE)
    assert world.tasks()[0]["outcome"] == "completed"
    assert world.attempts()[0]["enriched"] is not None


def test_events_that_name_no_call_of_ours_change_nobody() -> None:
    world = World()
    world.submit(2)
    world.run_for(5)
    said = CallEvent(call_id="call_of_a_stranger", status=C.COMPLETED, word="completed")
    for attempt in world.attempts():
        receive(
            str(attempt["id"]), said, digest="d", body="{}", source=Source.WEBHOOK,
            parts=world.parts,
        )  # fmt: skip
    world.settle()
    assert Counter(task["state"] for task in world.tasks()) == {"calling": 2}


def test_what_was_said_is_heard_before_anybody_is_given_up() -> None:
    """A whole day nobody was at work, but the webhook door was open."""
    world = World()
    world.submit(1)
    world.run_for(3)
    world.say(first(world), C.NO_ANSWER, settle=False)
    world.bell.rung.clear()
    world.clock.forward(hours=25)
    world.run_for(10 * MINUTE)
    assert rung(world) == 2


@pytest.mark.parametrize("word", [C.INITIATING, C.RINGING])
def test_a_task_on_its_way_to_the_gate_waits_for_a_call_that_proves_to_be_live(word: C) -> None:
    """Its first call was refused, they said; claimed again, it is heard to ring."""
    world = World()
    world.submit(1)
    world.provider.answers.append(placed(world, SlowDown(retry_after=60)))
    world.settle()
    world.clock.forward(seconds=61)
    world.bell.rung.clear()
    dispatch(world.account_id, world.parts)
    claims = [about for _, about in world.bell.rung if isinstance(about, Claim)]
    assert len(claims) == 1
    world.say(first(world), word, settle=False)
    fold_events(first(world), world.parts)
    dial(claims[0], world.parts)
    assert rung(world) == 1


def test_a_refused_call_that_is_heard_to_ring_and_then_falls_silent_is_not_made_again() -> None:
    """It rang and nobody can tell how it ended: that is unresolved, not a reason for a second."""
    world = World()
    world.submit(1)
    world.provider.answers.append(placed(world, SlowDown(retry_after=60)))
    world.settle()
    world.say(first(world), C.RINGING)
    world.run_for(20 * MINUTE)
    assert rung(world) == 1


def test_a_task_that_waits_for_its_live_call_is_not_asked_about_all_the_time() -> None:
    world = World()
    world.submit(1)
    world.provider.answers.append(placed(world, SlowDown(retry_after=60)))
    world.settle()
    world.say(first(world), C.RINGING)
    world.run_for(20 * MINUTE)
    assert int(str(world.tasks()[0]["claim"])) < 20
