"""Each class of answer to the POST, and what it may cost (design.md, step 4).

Judged by the provider's own list of whom it rang.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest

from campaigns.core.calls import Answer, Blame, CallStatus, NotSent, Rejected, SlowDown, Unknown
from campaigns.engine import control
from tests.support.engine import World

UNKNOWN = Unknown(why="read timeout")
BAD_NUMBER = Rejected(blame=Blame.CONTACT, status=422, detail="to_number is invalid")
BAD_AGENT = Rejected(blame=Blame.CAMPAIGN, status=404, detail="agent not found")
NO_MONEY = Rejected(blame=Blame.ACCOUNT, status=402, detail="insufficient balance")


def outcomes(world: World) -> Counter[object]:
    return Counter(task["outcome"] or task["state"] for task in world.tasks())


def rung(world: World) -> Counter[str]:
    return Counter(request.to_number for _, request in world.provider.rung)


def finish_calls(world: World) -> None:
    for attempt in world.attempts():
        if attempt["state"] in ("accepted", "ringing"):
            world.say(str(attempt["id"]), CallStatus.COMPLETED, duration=20)


def test_an_accepted_call_is_answered_once() -> None:
    world = World()
    world.submit(3)
    world.run_for(5)
    finish_calls(world)
    world.run_for(120)
    assert outcomes(world) == {"completed": 3}
    assert set(rung(world).values()) == {1}


def test_what_was_not_sent_costs_nothing_and_holds_longer_each_time() -> None:
    world = World()
    world.submit(1)
    world.provider.answers.extend([NotSent(why="connection refused")] * 4)
    world.run_for(30)
    tries = world.attempts()
    gaps = [
        (int(str(later["intent_at"])) - int(str(earlier["answered_at"]))) / 1e6
        for earlier, later in pairwise(tries)
    ]
    assert len(gaps) == 4
    assert all(most <= g < most + 1.5 for g, most in zip(gaps, (1, 2, 4, 8), strict=True))
    assert world.tasks()[0]["attempts"] == 1  # only the one that left
    assert rung(world).total() == 1


def test_a_lost_answer_is_never_answered_with_a_second_post() -> None:
    world = World()
    world.submit(1)
    world.provider.answers.append(UNKNOWN)
    world.run_for(3600, step=30)
    assert rung(world).total() == 1
    assert outcomes(world) == {"calling": 1}


def test_an_event_on_its_own_address_settles_a_lost_answer() -> None:
    world = World()
    world.submit(1)
    world.provider.answers.append(UNKNOWN)
    world.run_for(5)
    world.say(str(world.attempts()[0]["id"]), CallStatus.COMPLETED, call_id="call_x", duration=9)
    assert outcomes(world) == {"completed": 1}
    assert world.attempts()[0]["call_id"] == "call_x"


@pytest.mark.parametrize(("public", "hours"), [(True, 24), (False, 0.5)])
def test_without_evidence_it_ends_unresolved_and_is_not_called_again(
    public: bool, hours: float
) -> None:
    world = World(public=public)
    world.submit(1)
    world.provider.answers.append(UNKNOWN)
    world.run_for(hours * 3600 - 60, step=60)
    assert outcomes(world) == {"calling": 1}
    world.run_for(240, step=60)
    assert outcomes(world) == {"unresolved": 1}
    world.run_for(7200, step=60)
    assert rung(world).total() == 1


def test_three_unknown_answers_stop_the_account_then_one_call_decides() -> None:
    world = World()
    world.submit(20)
    world.provider.answers.extend([UNKNOWN] * 4)
    world.run_for(200)
    assert rung(world).total() == 3
    world.run_for(120)
    assert rung(world).total() == 4  # the probe: unknown again, held again
    world.run_for(250)
    assert rung(world).total() == 4
    world.run_for(60)
    assert rung(world).total() > 5  # the next probe was accepted: everyone goes on
    assert set(rung(world).values()) == {1}


def test_429_makes_all_slots_wait_and_widens_the_spacing() -> None:
    world = World()
    world.submit(5)
    world.provider.answers.extend([lambda _: SlowDown(retry_after=90)])
    world.run_for(85)
    assert rung(world).total() == 0
    world.run_for(12)
    assert rung(world).total() == 2  # 6.2 s apart from now on
    assert sum(int(str(task["attempts"])) for task in world.tasks()) == 2


@pytest.mark.parametrize("answer", [BAD_AGENT, NO_MONEY], ids=["configuration", "account"])
def test_a_fault_of_ours_pauses_and_costs_no_contact(answer: Answer) -> None:
    world = World()
    world.submit(4)
    world.provider.answers.append(answer)
    world.run_for(100)
    assert rung(world).total() == 0
    assert outcomes(world) == {"waiting": 4}
    assert [task["attempts"] for task in world.tasks()] == [0] * 4
    resume(world, answer)
    world.run_for(10)
    assert rung(world).total() == 4


def resume(world: World, answer: Answer) -> None:
    if answer is NO_MONEY:
        control.resume_account([world.account_id], world.parts, who="test")
    else:
        control.resume("reminders", world.parts, who="test")


def test_a_refused_number_ends_its_contact_only() -> None:
    world = World()
    world.submit(3)
    world.provider.answers.extend([BAD_NUMBER])
    world.run_for(10)
    finish_calls(world)
    assert outcomes(world) == {"rejected": 1, "completed": 2}


def test_three_refusals_in_a_row_pause_and_give_all_three_back() -> None:
    world = World()
    world.submit(5)
    world.provider.answers.extend([BAD_NUMBER] * 3)
    world.run_for(100)
    assert outcomes(world) == {"waiting": 5}
    assert world.rows("SELECT state FROM campaign")[0]["state"] == "paused"
    control.resume("reminders", world.parts, who="test")
    world.run_for(20)
    finish_calls(world)
    assert outcomes(world) == {"completed": 5}


def test_refusals_that_a_person_has_vouched_for_stay_refusals() -> None:
    world = World()
    world.submit(4)
    world.provider.answers.extend([BAD_NUMBER] * 3)
    world.run_for(60)
    control.resume("reminders", world.parts, who="test")
    world.provider.answers.extend([BAD_NUMBER] * 4)
    world.run_for(200)
    assert outcomes(world) == {"rejected": 4}


def test_an_answer_that_comes_after_its_event_changes_nothing_but_the_id() -> None:
    world = World()
    world.submit(1)

    def answered_late(request: object) -> Answer:
        attempt_id = str(world.attempts()[0]["id"])
        world.say(attempt_id, CallStatus.COMPLETED, duration=3, settle=False)
        return Answers.accepted

    world.provider.answers.append(answered_late)
    world.run_for(3)
    attempt = world.attempts()[0]
    assert (attempt["state"], attempt["call_id"], attempt["open"]) == ("completed", "call_1", 0)


class Answers:
    """Answers with ids that tests can name."""

    from campaigns.core.calls import Accepted

    accepted: Answer = Accepted(call_id="call_1")


def test_slots_are_stamped_by_the_answer() -> None:
    def free_after(answer: Answer | Callable[[object], Answer] | None) -> float:
        world = World(limit=1)
        world.submit(1)
        if answer is not None:
            world.provider.answers.append(answer)  # type: ignore[arg-type]  # a test's answer
        world.settle()
        free = int(str(world.rows("SELECT free_at FROM slot WHERE kind='start'")[0]["free_at"]))
        return (free - int(str(world.attempts()[0]["answered_at"]))) / 1e6

    assert free_after(None) == pytest.approx(60.02)
    assert free_after(UNKNOWN) == pytest.approx(65)
    assert free_after(SlowDown(retry_after=None)) == pytest.approx(60.02)


def test_a_slot_whose_start_was_not_sent_is_free_at_once() -> None:
    world = World(limit=1)
    world.submit(1)
    world.provider.answers.append(NotSent(why="refused"))
    world.run_for(5)
    assert rung(world).total() == 1
