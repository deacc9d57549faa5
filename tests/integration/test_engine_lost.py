"""An answer that was lost for good: proof, redial, and truth that comes late.

Judged by whom the provider rang.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from campaigns.core.calls import (
    Accepted,
    Answer,
    DialRequest,
    Listed,
    LookupFailed,
    NotSent,
    Page,
    Session,
    Unknown,
)
from campaigns.core.calls import CallStatus as C
from campaigns.core.capabilities import Capability
from campaigns.core.definition import Retry
from campaigns.engine import control
from campaigns.engine.absence import door_is_up
from tests.support.engine import FROM, START, World, contact

MINUTE, HOUR = 60, 3600
NUMBER = contact(0).to_number
OTHER = contact(9).to_number


def listed(id: str, at: datetime, *, to: str = OTHER, status: C = C.COMPLETED) -> Session:
    return Session(
        id=id,
        status=status,
        word=status.value,
        agent_id="agent_reminder",
        to_number=to,
        from_number=FROM,
        started_at=at,
    )


CONTROL = listed("session_of_a_later_call", START + timedelta(minutes=3))


def lost(*, public: bool = False, proven: bool = True, **changes: object) -> World:
    """A call whose answer was lost; the list shows a later call and never this one."""
    world = World(public=public)
    if proven:
        show(world)
    world.submit(1, **changes)
    world.provider.answers.append(Unknown(why="reset"))
    world.provider.listed.append(CONTROL)
    world.settle()
    return world


def show(world: World) -> None:
    """A test call has proven that the list shows unanswered calls."""
    with world.store.write() as tx:
        phone = tx.phone_ids([OTHER])[OTHER]
        tx.connection.exec_driver_sql(
            "INSERT INTO attempt (id, account_id, phone_id, attempt_no, state, open, snapshot,"
            " intent_at, settle_at, release_at, give_up_at)"
            f" VALUES ('test', 1, {phone}, 1, 'completed', 0, '{{}}', 0, 0, 0, 0)"
        )
        found = {Capability.LISTS_UNANSWERED: "yes"}
        tx.set_capabilities(1, found, attempt_id="test", at=tx.now().policy)


def rung(world: World) -> int:
    return len(world.provider.rung)


def mine(world: World) -> dict[str, object]:
    """The call whose answer was lost."""
    return dict(next(row for row in world.attempts() if row["answer"] == "unknown"))


def task(world: World) -> dict[str, object]:
    return dict(world.tasks()[0])


# --- proof ----------------------------------------------------------------------------------


def test_a_proven_absence_lets_the_contact_be_called_again() -> None:
    world = lost()
    world.run_for(20 * MINUTE)
    assert rung(world) == 1
    world.run_for(3 * MINUTE)
    assert mine(world)["state"] == "not_placed"
    assert rung(world) == 2
    assert task(world)["attempts"] == 1, "the call that was never placed is not counted"
    proof = str(mine(world)["proof"])
    assert "read_at" in proof
    assert "a later call of this account" in proof


def test_without_the_capability_nobody_is_called_again() -> None:
    world = lost(proven=False)
    world.run_for(2 * HOUR)
    assert rung(world) == 1
    assert task(world)["outcome"] == "unresolved"
    assert "campaigns probe" in str(mine(world)["check_error"])


def test_a_list_that_stands_still_proves_nothing() -> None:
    world = lost()
    world.provider.listed.clear()
    world.run_for(2 * HOUR)
    assert rung(world) == 1


def test_a_list_that_answers_no_more_proves_nothing() -> None:
    world = lost()
    world.provider.list_answers.extend([LookupFailed(why="500")] * 999)
    world.run_for(2 * HOUR)
    assert rung(world) == 1


def test_pages_that_shift_are_read_until_two_passes_agree() -> None:
    world = lost()
    world.run_for(19 * MINUTE)
    flicker: list[Listed] = [
        Page(sessions=(CONTROL, listed(f"s{n}", CONTROL.started_at or START))) for n in range(40)
    ]
    world.provider.list_answers.extend(flicker)
    world.run_for(4 * MINUTE)
    assert rung(world) == 1
    assert {row["complete"] for row in world.rows("SELECT complete FROM sweep_read")} == {0}


@pytest.mark.parametrize("written", [NUMBER, NUMBER.removeprefix("+"), NUMBER[2:], None])
def test_a_call_in_the_list_that_may_be_it_prevents_the_proof(written: str | None) -> None:
    """From another number than ours, so it settles nothing; but it may be this call."""
    world = lost()
    stranger = listed("session_x", START + timedelta(seconds=2))
    world.provider.listed.append(
        Session(
            id=stranger.id,
            status=C.NO_ANSWER,
            word="no_answer",
            to_number=written,
            from_number="+18005550111",
            started_at=stranger.started_at,
        )
    )
    world.run_for(2 * HOUR)
    assert rung(world) == 1


@pytest.mark.parametrize("seconds", [-300, -90, -6, 150, 300])
def test_a_call_in_the_list_by_another_clock_than_ours_prevents_the_proof(seconds: int) -> None:
    """The list tells the provider's time: nobody is rung again because two clocks differ."""
    world = lost()
    at = START + timedelta(seconds=seconds)
    world.provider.listed.append(listed("session_x", at, to=NUMBER))
    world.run_for(2 * HOUR)
    assert rung(world) == 1


def with_door(world: World, minutes: int, *, shut: range = range(0)) -> None:
    """Time passes, and what serves webhooks pulses in time but for the minutes it is shut."""
    for pulse in range(minutes * MINUTE // 25):
        if pulse * 25 // MINUTE not in shut:
            door_is_up(world.parts)
        world.run_for(25, step=25)


@pytest.mark.parametrize(("shut", "calls"), [(range(0), 2), (range(5, 7), 1)])
def test_the_webhook_door_must_have_been_up_all_the_time(shut: range, calls: int) -> None:
    world = World()
    show(world)
    door_is_up(world.parts)
    world.submit(1)
    world.provider.answers.append(Unknown(why="reset"))
    world.provider.listed.append(CONTROL)
    with_door(world, 23, shut=shut)
    assert rung(world) == calls


def test_one_read_serves_every_call_in_doubt() -> None:
    world = World(public=False)
    show(world)
    world.submit(2)
    world.provider.answers.extend([Unknown(why="reset")] * 2)
    world.provider.listed.append(CONTROL)
    world.run_for(15 * MINUTE)
    looked = world.rows("SELECT absent FROM sweep_read")
    assert len(looked) == 4, "20 s, 1, 3 and 10 min after the answer"
    assert all(len(str(row["absent"]).split(",")) == 2 for row in looked)
    world.run_for(9 * MINUTE)
    assert rung(world) == 4


# --- policy ---------------------------------------------------------------------------------


def test_never_keeps_the_proof_and_calls_nobody() -> None:
    world = lost(retry=Retry(redial_after_unknown="never"))
    world.run_for(HOUR)
    assert rung(world) == 1
    assert mine(world)["state"] == "not_placed"
    assert (task(world)["outcome"], task(world)["reason"]) == ("unresolved", "no_redial")


def test_the_third_call_that_was_never_placed_is_a_persons_to_decide() -> None:
    world = lost()
    world.provider.answers.extend([Unknown(why="reset")] * 9)

    def later(**_: object) -> Listed:
        newest = listed(f"session_{world.clock.at:%H%M}", world.clock.at - timedelta(minutes=3))
        return Page(sessions=(CONTROL, newest))

    world.provider.sessions = later  # type: ignore[method-assign]  # the list goes on
    world.run_for(2 * HOUR)
    assert rung(world) == 3
    assert (task(world)["outcome"], task(world)["reason"]) == ("unresolved", "not_placed_again")


def test_the_redial_passes_the_whole_gate() -> None:
    world = lost()
    world.run_for(10 * MINUTE)
    control.suppress([NUMBER], world.parts, who="me", reason="asked")
    world.run_for(20 * MINUTE)
    assert rung(world) == 1
    assert task(world)["outcome"] == "suppressed"


def test_a_call_that_was_never_placed_counts_for_the_cap() -> None:
    """Four intents within a day, whatever became of them."""
    world = lost(retry=Retry(max_attempts=9, no_answer=(timedelta(minutes=30),)))
    world.run_for(24 * MINUTE)
    for _ in range(5):
        newest = world.attempts()[-1]
        if newest["open"]:
            world.say(str(newest["id"]), C.NO_ANSWER)
        world.run_for(40 * MINUTE)
    assert rung(world) == 4


# --- late truth -----------------------------------------------------------------------------


def redialled() -> World:
    """Proven not to be placed, and called again: the second call is open."""
    world = lost()
    world.run_for(23 * MINUTE)
    assert rung(world) == 2
    return world


def held() -> World:
    """Proven not to be placed, and waiting for the redial."""
    world = lost()
    world.run_for(20 * MINUTE)
    control.pause("reminders", world.parts, who="me", reason="lunch")
    world.run_for(5 * MINUTE)
    assert mine(world)["state"] == "not_placed"
    assert task(world)["state"] == "waiting"
    return world


def resumed(world: World) -> None:
    control.resume("reminders", world.parts, who="me")
    world.run_for(5 * MINUTE)


def test_answered_after_all_it_is_done_and_nobody_is_called_again() -> None:
    world = held()
    world.say(str(mine(world)["id"]), C.COMPLETED, duration=30)
    resumed(world)
    assert rung(world) == 1
    assert (task(world)["outcome"], task(world)["attempts"]) == ("completed", 1)
    assert mine(world)["late"]


def test_alive_after_all_its_redial_waits_for_the_bound() -> None:
    world = held()
    world.say(str(mine(world)["id"]), C.RINGING)
    resumed(world)
    world.run_for(8 * MINUTE)
    assert rung(world) == 1
    world.say(str(mine(world)["id"]), C.COMPLETED, duration=30)
    world.run_for(HOUR)
    assert rung(world) == 1
    assert task(world)["outcome"] == "completed"


def test_alive_and_then_silent_it_is_not_called_again() -> None:
    world = held()
    world.say(str(mine(world)["id"]), C.RINGING)
    resumed(world)
    world.run_for(3 * HOUR)
    assert rung(world) == 1
    assert task(world)["outcome"] == "unresolved"


def test_nobody_answered_after_all_it_is_an_attempt_like_others() -> None:
    world = held()
    world.say(str(mine(world)["id"]), C.NO_ANSWER)
    resumed(world)
    world.run_for(20 * MINUTE)
    assert rung(world) == 1, "the wait after attempt 1 is 30 minutes"
    world.run_for(10 * MINUTE)
    assert rung(world) == 2
    assert task(world)["attempts"] == 2


@pytest.mark.parametrize("word", [C.RINGING, C.COMPLETED])
def test_beside_another_open_call_it_is_an_incident_and_no_event_is_lost(word: C) -> None:
    world = redialled()
    world.say(str(mine(world)["id"]), word, duration=30)
    incidents = world.rows("SELECT detail FROM audit WHERE what = 'incident'")
    assert len(incidents) == 1
    assert str(mine(world)["id"]) in str(incidents[0]["detail"])
    assert mine(world)["state"] == word.value
    assert [row["folded"] for row in world.rows("SELECT folded FROM event")] == [1]


def test_the_answer_of_a_process_that_was_frozen_is_late_truth_too() -> None:
    """Its POST left before it froze; it comes back after its call was taken for not placed."""
    world = World(public=False)
    show(world)
    world.submit(1)
    world.provider.listed.append(CONTROL)

    def frozen(request: DialRequest) -> Answer:
        world.run_for(20 * MINUTE)
        control.pause("reminders", world.parts, who="me", reason="lunch")
        world.run_for(5 * MINUTE)
        assert world.attempts()[-1]["state"] == "not_placed"
        return Accepted(call_id="call_late")

    world.provider.answers.append(frozen)
    world.settle()
    world.settle()
    (attempt,) = [row for row in world.attempts() if row["id"] != "test"]
    assert (attempt["state"], attempt["late"]) == ("accepted", 1)
    assert task(world)["attempts"] == 1
    resumed(world)
    assert rung(world) == 1


def test_two_calls_in_the_list_for_one_of_ours_both_count_and_nobody_is_redialled() -> None:
    world = lost()
    first, second = START + timedelta(seconds=1), START + timedelta(seconds=9)
    world.provider.listed += [
        listed("session_b", second, to=NUMBER, status=C.NO_ANSWER),
        listed("session_a", first, to=NUMBER, status=C.NO_ANSWER),
    ]
    world.run_for(3 * HOUR)
    assert rung(world) == 1
    assert mine(world)["session_id"] == "session_a"
    assert (task(world)["outcome"], task(world)["reason"]) == ("no_answer", "incident")
    with world.store.read() as tx:
        phone = int(str(task(world)["phone_id"]))
        assert len(tx.recent_intents(phone, START - timedelta(hours=1))) == 2
    assert len(world.rows("SELECT id FROM audit WHERE what = 'incident'")) == 1


# --- the breaker ----------------------------------------------------------------------------


@pytest.fixture
def broken() -> World:
    """Three answers in a row said nothing."""
    world = World()
    world.submit(20)
    world.provider.answers.extend([Unknown(why="500")] * 3)
    world.run_for(4 * MINUTE)
    assert rung(world) == 3
    return world


def test_after_the_hold_a_look_up_goes_first(broken: World) -> None:
    broken.provider.list_answers.extend([LookupFailed(why="502")] * 200)
    broken.run_for(10 * MINUTE)
    assert rung(broken) == 3
    (account,) = broken.rows("SELECT held_why, probing FROM account")
    assert "the look-up fails too: 502" in str(account["held_why"])
    broken.provider.list_answers.clear()
    broken.run_for(MINUTE)
    assert rung(broken) > 4


def test_a_look_up_that_fails_is_tried_again_each_half_minute(broken: World) -> None:
    broken.provider.list_answers.extend([LookupFailed(why="502")] * 200)
    broken.run_for(2 * MINUTE)  # the hold is over
    before = len(broken.provider.list_answers)
    broken.run_for(5 * MINUTE)
    assert 9 <= before - len(broken.provider.list_answers) <= 16, "and the sweeps of the unknown"


def test_every_hold_wants_a_look_up_of_its_own(broken: World) -> None:
    broken.provider.answers.append(Unknown(why="500"))
    broken.run_for(2 * MINUTE)
    assert rung(broken) == 4
    broken.provider.list_answers.extend([LookupFailed(why="502")] * 200)
    broken.run_for(10 * MINUTE)
    assert rung(broken) == 4


def test_the_probe_that_could_not_be_sent_says_nothing(broken: World) -> None:
    broken.provider.answers.append(NotSent(why="refused"))
    broken.run_for(2 * MINUTE)
    assert rung(broken) > 4
