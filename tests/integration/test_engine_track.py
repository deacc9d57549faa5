"""From an accepted call to its outcome: events, silence, look-ups, retries.

Judged by whom the provider rang, and when.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import permutations

import pytest

from campaigns.core.calls import Accepted, Session, Unknown
from campaigns.core.calls import CallStatus as C
from campaigns.core.definition import CallingHours, Retry, Span
from campaigns.engine.record import fold_events
from tests.support.engine import FROM, START, World, contact

MINUTES = 60
NUMBER = contact(0).to_number


def session(id: str, status: C | None, **changes: object) -> Session:
    values: dict[str, object] = {
        "id": id,
        "status": status,
        "word": status.value if status else "?",
        "agent_id": "agent_reminder",
        "to_number": NUMBER,
        "from_number": FROM,
        "started_at": START + timedelta(seconds=1),
    }
    return Session(**{**values, **changes})  # type: ignore[arg-type]  # a test helper


def called(world: World, **changes: object) -> str:
    """Submit one contact, ring it, and give the attempt's id."""
    world.submit(1, **changes)
    world.run_for(3)
    return str(world.attempts()[0]["id"])


def end(world: World) -> tuple[object, object]:
    task = world.tasks()[0]
    return task["outcome"] or task["state"], task["reason"]


def moments(world: World) -> list[int]:
    """Minutes after the start at which the phone rang."""
    return [round((at - START).total_seconds() / 60) for at, _ in world.provider.rung]


def test_no_answer_is_called_again_after_each_wait_then_exhausted() -> None:
    world = World()
    called(world)
    for _ in range(3):
        world.say(str(world.attempts()[-1]["id"]), C.NO_ANSWER)
        world.run_for(250 * MINUTES, step=30)
    assert len(world.provider.rung) == 3
    assert end(world) == ("no_answer", "exhausted")


def test_the_waits_are_counted_from_the_ending() -> None:
    world = World()
    attempt = called(world, retry=Retry(max_attempts=2, no_answer=(timedelta(hours=2),)))
    world.run_for(60)
    world.say(attempt, C.NO_ANSWER)
    world.run_for(119 * MINUTES, step=30)
    assert len(world.provider.rung) == 1
    world.run_for(3 * MINUTES)
    assert len(world.provider.rung) == 2


def test_a_retry_shows_the_number_that_was_seen_first() -> None:
    world = World()
    world.submit([contact(0, from_number="+18005550199")])
    world.run_for(3)
    world.say(str(world.attempts()[0]["id"]), C.NO_ANSWER)
    world.run_for(31 * MINUTES, step=20)
    assert [request.from_number for _, request in world.provider.rung] == ["+18005550199"] * 2


def test_a_retry_that_falls_into_the_night_leaves_in_the_morning() -> None:
    """15:00 UTC is 11:00 in New York; nine hours later it is closed there until 09:01."""
    hours = CallingHours(days=((Span(start=540, end=1200),),) * 7)
    world = World()
    attempt = called(
        world, calling_hours=hours, retry=Retry(max_attempts=2, no_answer=(timedelta(hours=9),))
    )
    world.say(attempt, C.NO_ANSWER)
    world.run_for(23 * 3600, step=120)
    morning = START.replace(hour=13) + timedelta(days=1)
    assert timedelta(0) <= world.provider.rung[1][0] - morning <= timedelta(minutes=4)


@pytest.mark.parametrize("order", list(permutations([C.RINGING, C.IN_PROGRESS, C.COMPLETED])))
def test_events_in_any_order_end_the_same(order: tuple[C, ...]) -> None:
    world = World()
    attempt = called(world)
    for status in order:
        world.say(attempt, status)
        world.say(attempt, status)  # and twice
    row = world.attempts()[0]
    assert (row["state"], row["open"]) == ("completed", 0)
    assert end(world) == ("completed", "answered")
    assert len(world.rows("SELECT 1 FROM event")) == 3


def test_a_late_completed_forbids_the_retry_that_was_waiting() -> None:
    world = World()
    attempt = called(world)
    world.say(attempt, C.NO_ANSWER)
    assert end(world)[0] == "waiting"
    world.say(attempt, C.COMPLETED, duration=40)
    world.run_for(60 * MINUTES, step=30)
    assert len(world.provider.rung) == 1
    assert end(world) == ("completed", "answered")


def test_a_late_event_never_calls_a_finished_contact_again() -> None:
    world = World()
    attempt = called(world)
    world.say(attempt, C.COMPLETED, duration=40)
    world.say(attempt, C.NO_ANSWER)
    world.say(attempt, C.RINGING)
    world.run_for(60 * MINUTES, step=30)
    assert len(world.provider.rung) == 1
    assert end(world) == ("completed", "answered")


def test_an_event_for_a_call_nobody_made_is_not_known() -> None:
    world = World()
    called(world)
    assert not world.say("00000000-0000-4000-8000-00000000ffff", C.COMPLETED)


def test_an_event_that_names_another_call_is_kept_without_a_say() -> None:
    world = World()
    attempt = called(world)
    world.say(attempt, C.NO_ANSWER, call_id="call_of_somebody_else")
    assert world.attempts()[0]["state"] == "accepted"
    assert world.rows("SELECT word FROM event")[0]["word"] == "foreign: no_answer"


def test_without_webhooks_the_outcome_comes_by_polling() -> None:
    world = World(public=False)
    called(world)
    world.provider.found["call_1"] = session("call_1", C.COMPLETED, duration_s=33.0)
    world.run_for(2 * MINUTES)
    assert end(world) == ("completed", "answered")
    assert "status call_1" in world.provider.asked


def test_a_status_with_other_numbers_binds_nothing() -> None:
    world = World(public=False)
    called(world)
    world.provider.found["call_1"] = session("call_1", C.COMPLETED, to_number="+16175559999")
    world.run_for(2 * MINUTES)
    assert end(world)[0] == "calling"


def test_where_ids_differ_the_list_names_the_session() -> None:
    world = World(public=False)
    called(world)
    world.provider.listed.append(session("session_9", C.COMPLETED))
    world.run_for(2 * MINUTES)
    assert end(world) == ("completed", "answered")
    assert world.attempts()[0]["session_id"] == "session_9"


def test_a_lost_answer_is_settled_by_the_list() -> None:
    world = World(public=False)
    world.provider.answers.append(Unknown(why="connection reset"))
    called(world)
    world.provider.listed.append(session("session_9", C.COMPLETED))
    world.run_for(2 * MINUTES)
    assert end(world) == ("completed", "answered")
    assert len(world.provider.rung) == 1


@pytest.mark.parametrize(
    "stranger",
    [
        {"to_number": "+16175559999"},
        {"from_number": "+16175559999"},
        {"agent_id": "another"},
        {"started_at": START - timedelta(minutes=5)},
        {"started_at": START + timedelta(minutes=10)},
        {"started_at": None},
    ],
    ids=lambda stranger: next(iter(stranger)),
)
def test_a_session_that_is_not_surely_ours_settles_nothing(stranger: dict[str, object]) -> None:
    world = World(public=False)
    world.provider.answers.append(Unknown(why="connection reset"))
    called(world)
    world.provider.listed.append(session("session_9", C.COMPLETED, **stranger))
    world.run_for(2 * MINUTES)
    assert end(world)[0] == "calling"


def test_a_short_wait_leaves_early_only_when_a_get_confirmed_the_ending() -> None:
    def rung_after(confirm: C | None) -> list[int]:
        world = World()
        attempt = called(world, retry=Retry(max_attempts=2, busy=(timedelta(minutes=2),)))
        if confirm is not None:
            world.provider.found["call_1"] = session("call_1", confirm)
        world.say(attempt, C.BUSY)
        world.run_for(12 * MINUTES, step=5)
        return moments(world)

    assert rung_after(None) == [0, 7]
    assert rung_after(C.FAILED) == [0, 2]
    assert rung_after(C.COMPLETED) == [0]
    assert rung_after(C.RINGING) == [0]


def test_a_call_seen_alive_blocks_the_retry_until_its_bound() -> None:
    world = World()
    attempt = called(world, retry=Retry(max_attempts=2, busy=(timedelta(minutes=2),)))
    world.provider.found["call_1"] = session("call_1", C.RINGING)
    world.say(attempt, C.BUSY)
    world.run_for(17 * MINUTES, step=5)
    assert moments(world) == [0, 16]  # ring + max_duration + 5 min


def test_seconds_of_talk_in_no_answer_are_looked_at_first() -> None:
    world = World()
    attempt = called(world)
    world.provider.found["call_1"] = session("call_1", C.COMPLETED, duration_s=21.0)
    world.say(attempt, C.NO_ANSWER, duration=21)
    assert end(world)[0] == "calling"
    world.run_for(10)
    assert end(world) == ("completed", "answered")


def test_silence_of_the_look_up_blocks_nothing() -> None:
    world = World()
    attempt = called(world)
    world.say(attempt, C.NO_ANSWER, duration=21)
    world.run_for(40 * MINUTES, step=20)
    assert len(world.provider.rung) == 2


def test_an_accepted_call_that_stays_silent_is_polled_then_unresolved() -> None:
    world = World()
    called(world)
    world.run_for(12 * MINUTES, step=10)
    assert not world.provider.asked
    world.run_for(25 * 3600, step=300)
    assert world.provider.asked
    assert end(world) == ("unresolved", "no_evidence")
    assert len(world.provider.rung) == 1


def test_late_proof_settles_what_was_unresolved() -> None:
    world = World()
    attempt = called(world)
    world.run_for(25 * 3600, step=300)
    world.say(attempt, C.COMPLETED, duration=5)
    assert end(world)[0] == "completed"
    assert world.attempts()[0]["late"]


def test_a_process_that_dies_between_intent_and_answer_leaves_an_unknown() -> None:
    """Never a second POST, and its own event still settles it."""
    world = World()

    def dies(_: object) -> None:
        raise KeyboardInterrupt

    world.provider.answers.append(dies)  # type: ignore[arg-type]  # it never answers
    world.submit(1)
    with pytest.raises(KeyboardInterrupt):
        world.settle()
    world.run_for(60)
    assert world.attempts()[0]["state"] == "unknown"
    assert not world.provider.rung
    world.say(str(world.attempts()[0]["id"]), C.NO_ANSWER)
    world.run_for(31 * MINUTES, step=20)
    assert len(world.provider.rung) == 1


def test_counts_add_up_at_every_instant() -> None:
    world = World()
    world.submit(25)
    for _ in range(60):
        world.run_for(20)
        for n, attempt in enumerate(world.attempts()):
            if attempt["open"]:
                world.say(str(attempt["id"]), (C.COMPLETED, C.BUSY, C.NO_ANSWER)[n % 3])
        states = Counter(task["state"] for task in world.tasks())
        assert sum(states.values()) == 25
    assert {task["outcome"] for task in world.tasks()} - {None}


def test_no_attempt_is_ever_without_a_timer() -> None:
    """An event before the dial answer, then silence: the call is still looked up and ended."""
    world = World()

    def answers_late(_: object) -> Accepted:
        world.say(str(world.attempts()[0]["id"]), C.RINGING, settle=False)
        fold_events(str(world.attempts()[0]["id"]), world.parts)
        return Accepted(call_id="call_1")

    world.provider.answers.append(answers_late)
    world.submit(1)
    world.run_for(60)
    assert world.attempts()[0]["state"] == "ringing"
    world.run_for(25 * 3600, step=300)
    assert end(world) == ("unresolved", "no_evidence")
