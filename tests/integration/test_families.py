"""`same_number: group` on a whole engine: a family is rung once, and all rows have its outcome.

The clock is the test's, on PostgreSQL too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.core.calls import (
    Accepted,
    Answer,
    Blame,
    CallStatus,
    NotSent,
    Rejected,
    SlowDown,
    Unknown,
)
from campaigns.core.contacts import Contact, Entry
from campaigns.core.definition import (
    Anchor,
    Cap,
    Contacts,
    Pacing,
    Retry,
    SameNumber,
    Schedule,
    Touch,
)
from campaigns.core.offsets import read
from campaigns.core.records import Claim
from campaigns.core.rounds import Unreached
from campaigns.engine import control, unresolved
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.erase import erase
from campaigns.engine.gate import Intent, pass_gate
from campaigns.engine.redial import redial
from campaigns.engine.submit import Submission, submit
from campaigns.errors import Conflict
from campaigns.machine import SystemDice
from campaigns.store import invariants
from campaigns.store.database import Database
from campaigns.store.reads import Reads
from tests.support.anchored import anchored
from tests.support.engine import FROM, START, VirtualClock, World, contact, definition
from tests.support.restored import on_the_tests_clock

GROUPED = Contacts(file="people.csv", key="key", same_number=SameNumber.GROUP)
HEADER = ("key", "name", "to_number", "visit_at", "scheduled_at")
PHONE = "+16175550001"
VISIT = datetime(2026, 3, 12, 14, 0)  # noqa: DTZ001  # two days after START, in New York
DUE = datetime(2026, 3, 11, 21, 30, tzinfo=UTC)  # 17:30 there the day before
H, M, D = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
TOLD = {"all": "{{ group | map(attribute='name') | join(' and ') }}", "lead": "{{ name }}"}
VISITS = Schedule(
    anchor=Anchor(column="visit_at", timezone="America/New_York"),
    touches=(Touch(name="day_before", offset=read("-1d at 17:30")),),
    past_due="now",
)


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with ExitStack() as stack:
        if request.param == "memory":
            made = World(spacing=0)
        else:
            stack.enter_context(on_the_tests_clock())
            clock = VirtualClock()
            url = request.getfixturevalue("postgres_store_url")
            made = World(database=Database(url, clock=clock.wall), clock=clock, spacing=0)
        stack.callback(made.store.close)
        yield made
        with made.store.read() as tx:
            assert invariants.broken(tx) == []


def child(n: int, visit: datetime | None = None, **changes: Any) -> Contact:
    """A row of the one family; without a visit its campaign has no anchors."""
    fields = {"name": f"Child {n}", "key": f"k{n}"}
    if visit is not None:
        fields["visit_at"] = f"{visit:%Y-%m-%d %H:%M}"
        changes["anchor"] = anchored(visit)
    return contact(n, to_number=PHONE, fields=fields, **changes)


def held_until(at: datetime, row: Contact) -> Contact:
    """The same row with its own `scheduled_at`."""
    fields = {**row.fields, "scheduled_at": at.isoformat()}
    return replace(row, fields=fields, not_before=at)


def put(world: World, entries: Sequence[Entry], digest: str = "d1", **changes: Any) -> None:
    made = {"contacts": GROUPED, "context": TOLD, "retry": RETRY, **changes}
    submit(
        Submission(
            definition=definition(**made),
            digest=digest,
            header=HEADER,
            source="people.csv",
            entries=entries,
        ),
        world.parts,
        who="test",
        allow_withdraw=True,
    )


RETRY = Retry(max_attempts=3, no_answer=(20 * M,))


def until(world: World, at: datetime) -> None:
    """In leaps: nothing here hangs on what a heartbeat in between would find."""
    leap = (at - world.clock.at) / 8
    while world.clock.at < at:
        world.settle()
        world.clock.forward(seconds=leap.total_seconds())
    world.settle(ticks=3)


def later(world: World, time: timedelta) -> None:
    until(world, world.clock.at + time)


def told(world: World) -> list[str]:
    return [request.context["all"] for _, request in world.provider.rung]


def last(world: World) -> str:
    return str(world.attempts()[-1]["id"])


def states(world: World) -> list[tuple[object, ...]]:
    return [(one["state"], one["attempts"], one["outcome"], one["reason"]) for one in world.tasks()]


def claims(world: World) -> list[Claim]:
    dispatch(world.account_id, world.parts)
    found = [about for _, about in world.bell.rung if isinstance(about, Claim)]
    world.bell.rung.clear()
    return found


ANSWERED = ("done", 1, "completed", "answered")


def test_two_children_are_one_call_and_both_have_its_outcome(world: World) -> None:
    put(world, [child(1), child(2)])
    world.settle()
    assert told(world) == ["Child 1 and Child 2"]
    assert states(world) == [("calling", 1, None, None)] * 2
    world.say(last(world), CallStatus.COMPLETED, duration=40)
    assert states(world) == [ANSWERED] * 2
    later(world, 3 * H)
    assert len(world.provider.rung) == 1


def test_whichever_is_claimed_the_row_with_the_earliest_time_leads(world: World) -> None:
    put(world, [child(1, VISIT), child(2, VISIT - 3 * H)], schedule=VISITS)
    until(world, DUE + M)
    ((_, request),) = world.provider.rung
    assert request.context == {"all": "Child 2 and Child 1", "lead": "Child 2"}
    (attempt,) = world.attempts()
    assert attempt["task_id"] == world.tasks()[1]["id"]


def test_one_call_for_each_day(world: World) -> None:
    put(world, [child(1, VISIT), child(2, VISIT + H), child(3, VISIT + D)], schedule=VISITS)
    until(world, DUE + M)
    world.say(last(world), CallStatus.COMPLETED, duration=40)
    until(world, DUE + D + M)
    assert told(world) == ["Child 1 and Child 2", "Child 3"]


def test_a_row_whose_own_time_is_later_that_day_joins_the_earliest_call(world: World) -> None:
    touch = (Touch(name="same_day", offset=read("-3h")),)
    schedule = VISITS.model_copy(update={"touches": touch})
    put(world, [child(1, VISIT), child(2, VISIT - 4 * H)], schedule=schedule)
    until(world, datetime(2026, 3, 12, 11, 1, tzinfo=UTC))  # 3 h before 10:00 there
    assert told(world) == ["Child 2 and Child 1"]
    world.say(last(world), CallStatus.COMPLETED, duration=40)
    until(world, datetime(2026, 3, 12, 20, 0, tzinfo=UTC))
    assert len(world.provider.rung) == 1


def test_a_child_that_is_moved_to_another_day_gets_a_call_of_its_own(world: World) -> None:
    put(world, [child(1, VISIT), child(2, VISIT)], schedule=VISITS)
    put(world, [child(1, VISIT), child(2, VISIT + D)], "d2", schedule=VISITS)
    until(world, DUE + M)
    assert told(world) == ["Child 1"]
    world.say(last(world), CallStatus.COMPLETED, duration=40)
    until(world, DUE + D + M)
    assert told(world) == ["Child 1", "Child 2"]


def test_a_group_forms_anew_for_every_attempt(world: World) -> None:
    put(world, [child(1), child(2)])
    world.settle()
    first = world.attempts()[0]["id"]
    put(world, [child(2), child(3)], "d2")  # one is withdrawn while it rings, one is added
    world.say(str(first), CallStatus.NO_ANSWER)
    until(world, START + 19 * M)
    assert states(world)[0] == ("done", 1, "no_answer", "withdrawn")
    # The new one could be called at once: its family is called in a minute.
    assert len(world.provider.rung) == 1
    until(world, START + 21 * M)
    assert told(world) == ["Child 1 and Child 2", "Child 2 and Child 3"]
    assert [one["attempts"] for one in world.tasks()] == [1, 2, 1]


def test_nobody_waits_for_a_family_until_it_is_too_late(world: World) -> None:
    schedule = VISITS.model_copy(update={"touches": (Touch(name="t", offset=read("-6h")),)})
    retry = Retry(max_attempts=3, no_answer=(6 * H,))
    put(world, [child(1, VISIT + H)], schedule=schedule, retry=retry)
    until(world, datetime(2026, 3, 12, 13, 1, tzinfo=UTC))  # 9:00 there: again at 15:00
    world.say(last(world), CallStatus.NO_ANSWER)
    put(
        world,
        [child(1, VISIT + H), child(2, VISIT)],  # at 14:00: its past touch is called now
        "d2",
        schedule=schedule,
        retry=retry,
    )
    later(world, M)
    assert told(world) == ["Child 1", "Child 2"]


def test_who_is_withdrawn_before_the_retry_is_not_in_it(world: World) -> None:
    put(world, [child(1), child(2)])
    world.settle()
    world.say(last(world), CallStatus.NO_ANSWER)
    put(world, [child(2)], "d2")
    until(world, START + 40 * M)
    assert told(world) == ["Child 1 and Child 2", "Child 2"]
    assert states(world)[0] == ("done", 1, "no_answer", "withdrawn")


def test_each_row_is_retried_by_its_own_facts(world: World) -> None:
    """The same unanswered call: one has time for another, the other's appointment is too near."""
    schedule = VISITS.model_copy(update={"touches": (Touch(name="t", offset=read("-3h")),)})
    start = datetime(2026, 3, 12, 13, 0, tzinfo=UTC)  # 9:00 there
    put(
        world,
        [child(1, VISIT - 4 * H + 10 * M), child(2, VISIT)],  # 10:10 and 14:00
        schedule=schedule,
        retry=Retry(max_attempts=3, no_answer=(4 * H,)),
    )
    until(world, start)
    assert told(world) == ["Child 1 and Child 2"]
    world.say(last(world), CallStatus.NO_ANSWER)
    until(world, start + H)
    assert states(world) == [
        ("done", 1, "no_answer", "deadline"),
        ("waiting", 1, None, None),
    ]


def test_the_attempts_of_each_row_are_counted(world: World) -> None:
    put(world, [child(1), child(2)], retry=Retry(max_attempts=1))
    world.settle()
    world.say(last(world), CallStatus.NO_ANSWER)
    until(world, START + H)
    assert states(world) == [("done", 1, "no_answer", "exhausted")] * 2
    assert len(world.provider.rung) == 1


def test_the_second_worker_finds_nothing_to_do(world: World) -> None:
    put(world, [child(1), child(2)])
    one, two = claims(world)
    assert isinstance(dial(two, world.parts), Accepted)
    assert not isinstance(dial(one, world.parts), Answer)
    assert len(world.attempts()) == len(world.provider.rung) == 1
    assert states(world) == [("calling", 1, None, None)] * 2


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_two_workers_at_once_ring_a_family_once(world: World) -> None:
    world.parts = replace(world.parts, dice=SystemDice())
    for turn in range(8):
        family = [
            replace(child(n), key=f"k{turn}-{n}", to_number=f"+1617555{turn:02d}00")
            for n in range(1, 5)
        ]
        put(world, family, name=f"turn{turn}", digest=f"t{turn}")
        with ThreadPoolExecutor(4) as workers:
            list(workers.map(lambda claim: dial(claim, world.parts), claims(world)))
        world.clock.forward(seconds=120)
        world.settle()
    assert len(world.provider.rung) == len(world.attempts()) == 8
    assert {one["state"] for one in world.tasks()} == {"calling"}


@pytest.mark.parametrize(
    "answer",
    [
        NotSent(why="refused"),
        SlowDown(),
        Rejected(blame=Blame.CAMPAIGN, status=400, detail="agent"),
    ],
)
def test_a_call_that_nobody_is_to_blame_for_is_given_back_to_all(
    world: World, answer: Answer
) -> None:
    world.provider.answers.append(answer)
    put(world, [child(1), child(2)])
    dial(claims(world)[0], world.parts)
    assert states(world) == [("waiting", 0, None, None)] * 2


def test_a_number_that_is_refused_is_refused_for_all_and_given_back_to_all(world: World) -> None:
    refused = Rejected(blame=Blame.CONTACT, status=422, detail="to_number")
    world.provider.answers.extend([refused] * 3)
    put(world, [child(1), child(2)])
    world.settle()
    assert states(world) == [("done", 1, "rejected", "number_refused")] * 2
    put(world, [child(1), child(2), contact(7), contact(8)], "d2")
    world.settle(ticks=2)
    # Three in a row: the list is wrong, not these numbers.
    assert [one["state"] for one in world.tasks()] == ["waiting"] * 4
    assert [one["attempts"] for one in world.tasks()] == [0] * 4


def lost(world: World, **changes: Any) -> str:
    """A worker writes the intent for both and dies before it has an answer."""
    put(world, [child(1), child(2)], **changes)
    one, _ = claims(world)
    with world.store.write() as tx:
        assert isinstance(pass_gate(tx, one, world.parts), Intent)
    return last(world)


def test_a_worker_that_dies_leaves_nobody_waiting(world: World) -> None:
    attempt = lost(world)
    later(world, 10 * M)
    assert world.attempts()[0]["state"] == "unknown"
    assert [one["state"] for one in world.tasks()] == ["calling"] * 2
    later(world, 25 * H)
    assert states(world) == [("done", 1, "unresolved", "no_evidence")] * 2
    assert not world.provider.rung
    world.say(attempt, CallStatus.COMPLETED, duration=40)  # and then it is heard of after all
    assert states(world) == [ANSWERED] * 2


def test_a_person_decides_about_an_unresolved_call_for_all_of_its_rows(world: World) -> None:
    attempt = lost(world)
    later(world, 25 * H)
    with world.store.read() as tx:
        listed = Reads(tx).unresolved(limit=10).items
    assert [one.id for one in listed] == [attempt] * 2
    unresolved.settle(attempt, unresolved.As.CALL_AGAIN, world.parts, who="ann")
    assert states(world) == [("waiting", 0, None, None)] * 2
    world.settle()
    assert told(world) == ["Child 1 and Child 2"]
    with pytest.raises(Conflict, match="not unresolved"):
        unresolved.settle(attempt, unresolved.As.CALLED, world.parts, who="ann")
    # The first one rang too: both count it again.
    world.say(attempt, CallStatus.NO_ANSWER)
    assert [one["attempts"] for one in world.tasks()] == [2, 2]


def test_only_those_that_may_be_are_called_again(world: World) -> None:
    attempt = lost(world)
    later(world, 10 * M)
    put(world, [child(2)], "d2")
    later(world, 25 * H)
    unresolved.settle(attempt, unresolved.As.CALL_AGAIN, world.parts, who="ann")
    assert [one["state"] for one in world.tasks()] == ["done", "waiting"]
    world.settle()
    assert told(world) == ["Child 2"]
    world.say(attempt, CallStatus.NO_ANSWER)
    assert [one["attempts"] for one in world.tasks()] == [1, 2]


def test_late_truth_about_a_call_that_was_given_back_reaches_all(world: World) -> None:
    world.provider.answers.append(SlowDown())
    put(world, [child(1), child(2)])
    dial(claims(world)[0], world.parts)
    world.say(last(world), CallStatus.COMPLETED, duration=40, settle=False)
    later(world, 10 * M)
    assert states(world) == [ANSWERED] * 2
    assert not world.provider.rung


def test_an_opt_out_while_it_rings_ends_it_for_all(world: World) -> None:
    put(world, [child(1), child(2)])
    world.settle()
    control.suppress([PHONE], world.parts, who="ann", reason="asked")
    world.say(last(world), CallStatus.NO_ANSWER)
    later(world, 20 * M)
    assert states(world) == [("done", 1, "no_answer", "do_not_call")] * 2


def test_a_campaign_that_is_cancelled_ends_it_for_all(world: World) -> None:
    put(world, [child(1), child(2)])
    world.settle()
    control.cancel("reminders", world.parts, who="ann")
    world.say(last(world), CallStatus.NO_ANSWER)
    later(world, 20 * M)
    assert states(world) == [("done", 1, "no_answer", "campaign_cancelled")] * 2


def test_a_family_is_forgotten_by_its_number(world: World) -> None:
    put(world, [child(1), child(2)])
    world.settle()
    with pytest.raises(Conflict, match="under way"):
        erase(PHONE, world.parts, who="ann")
    world.say(last(world), CallStatus.COMPLETED, duration=40)
    found = erase(PHONE, world.parts, who="ann")
    assert (found.contacts, found.calls) == (2, 1)


def test_every_read_knows_whom_a_call_was_for(world: World) -> None:
    put(world, [child(1), child(2)])
    world.settle()
    attempt = last(world)
    world.say(attempt, CallStatus.COMPLETED, duration=40)
    with world.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE attempt SET cost = 0.5, currency = 'USD'")
    with world.store.read() as tx:
        reads = Reads(tx)
        results = reads.results("reminders", limit=10).items
        by_key = [
            [line.id for line in reads.calls("reminders", key=key, limit=10).items]
            for key in ("k1", "k2", "k9")
        ]
        detail = reads.call(attempt)
        calls = reads.campaign_figures("reminders").calls
    assert [one["call_id"] for one in results] == ["call_1"] * 2
    assert results[0]["first_called_at"] == results[1]["first_called_at"] is not None
    assert [one["cost"] for one in results] == [0.5, None]  # paid for once
    assert by_key == [[attempt], [attempt], []]
    assert (detail.line.key, detail.also) == ("k1", ("k2",))
    assert calls == 1


def test_the_caps_count_one_call(world: World) -> None:
    put(world, [child(n) for n in range(1, 7)], retry=Retry(max_attempts=4, no_answer=(10 * M,)))
    for _ in range(3):
        later(world, 15 * M)
        world.say(last(world), CallStatus.NO_ANSWER)
    later(world, 15 * M)
    assert len(world.provider.rung) == 4


def test_a_call_tells_as_many_as_it_can_and_the_others_get_one_of_their_own(world: World) -> None:
    long = [replace(child(n), fields={"name": f"{n}" * 900, "key": f"k{n}"}) for n in range(1, 6)]
    put(world, long)
    world.settle()
    world.say(last(world), CallStatus.COMPLETED, duration=40)
    later(world, M)
    assert [len(text) for text in told(world)] == [1805, 1805]


def test_the_person_sees_the_number_that_called_first(world: World) -> None:
    put(world, [child(1)])
    world.settle()
    world.say(last(world), CallStatus.NO_ANSWER)
    put(world, [child(1), child(0)], "d2", from_number="+18005550199")
    until(world, START + 21 * M)
    assert told(world)[1:] == ["Child 1 and Child 0"]
    assert {request.from_number for _, request in world.provider.rung} == {FROM}


def test_who_says_no_to_a_recording_is_not_recorded_with_another(world: World) -> None:
    put(world, [child(1), child(2, recording=False)], recording=True)
    world.settle()
    ((_, request),) = world.provider.rung
    assert request.recording is False


def test_a_row_that_cannot_be_read_now_is_not_called_with_the_others(world: World) -> None:
    put(world, [child(1), child(2)])
    unreadable = world.tasks()[1]["contact_id"]
    assert isinstance(unreadable, int)
    with world.store.write() as tx:
        tx.hold([unreadable])
    world.settle()
    assert told(world) == ["Child 1"]


def test_rows_of_another_campaign_or_without_the_key_word_are_calls_of_their_own(
    world: World,
) -> None:
    separate = Contacts(file="people.csv", key="key")
    put(world, [child(1), child(2)], contacts=separate, context={"all": "{{ name }}"})
    world.settle()
    assert told(world) == ["Child 1"]


def test_an_unknown_answer_is_unknown_for_all(world: World) -> None:
    world.provider.answers.append(Unknown(why="reset"))
    put(world, [child(1), child(2)])
    later(world, M)
    assert states(world) == [("calling", 1, None, None)] * 2
    assert len(world.attempts()) == 1


def test_a_row_of_a_new_round_is_settled_by_the_call_of_its_new_sister(world: World) -> None:
    """The sister leads with her first attempt, which is the other's second."""
    retry = Retry(max_attempts=3, no_answer=(20 * M,), voicemail=())
    put(world, [child(2, VISIT)], schedule=VISITS, retry=retry)
    until(world, DUE + M)
    world.say(last(world), CallStatus.VOICEMAIL)
    later(world, 10 * M)
    put(world, [child(2, VISIT), child(1, VISIT - H)], "d2", schedule=VISITS, retry=retry)
    redial("reminders", [Unreached.VOICEMAIL], world.parts, who="ann")
    later(world, M)
    assert told(world) == ["Child 2", "Child 1 and Child 2"]
    numbers = world.rows("SELECT attempt_no FROM attempt_member")
    assert [one["attempt_no"] for one in numbers] == [2]
    world.say(last(world), CallStatus.NO_ANSWER)
    later(world, 2 * M)
    assert {one["state"] for one in world.tasks()} == {"waiting"}


def test_a_late_word_about_the_round_before_ends_nobodys_new_one(world: World) -> None:
    """What is the lead's second attempt is its fellow's first, and spent for both."""
    retry = Retry(max_attempts=3, no_answer=(20 * M,), busy=(), voicemail=())
    put(world, [child(1)], retry=retry)
    world.settle()
    world.say(last(world), CallStatus.NO_ANSWER)
    put(world, [child(1), child(2)], "d2", retry=retry)
    until(world, START + 21 * M)
    shared = last(world)
    world.say(shared, CallStatus.BUSY)
    later(world, 10 * M)
    assert [one["outcome"] for one in world.tasks()] == ["busy", "busy"]
    redial("reminders", [Unreached.BUSY], world.parts, who="ann")
    world.say(shared, CallStatus.VOICEMAIL)
    later(world, M)
    assert [one["outcome"] for one in world.tasks()] == [None, None]
    assert told(world) == ["Child 1", "Child 1 and Child 2", "Child 1 and Child 2"]


def test_a_new_round_of_a_family_is_one_call_again(world: World) -> None:
    put(world, [child(1), child(2)], retry=Retry(max_attempts=1, no_answer=(20 * M,)))
    world.settle()
    world.say(last(world), CallStatus.NO_ANSWER)
    later(world, 10 * M)
    redial("reminders", [Unreached.NO_ANSWER], world.parts, who="ann")
    later(world, 5 * M)
    assert told(world) == ["Child 1 and Child 2"] * 2
    world.say(last(world), CallStatus.NO_ANSWER)
    later(world, 30 * M)
    assert states(world) == [("done", 2, "no_answer", "exhausted")] * 2
    assert len(world.provider.rung) == 2


def test_a_row_is_not_told_before_its_own_time_in_an_earlier_call(world: World) -> None:
    late = DUE + 30 * M
    put(world, [child(1, VISIT), held_until(late, child(2, VISIT + H))], schedule=VISITS)
    until(world, DUE + M)
    assert told(world) == ["Child 1"]
    world.say(last(world), CallStatus.NO_ANSWER)  # again in twenty minutes
    until(world, late - M)
    assert told(world) == ["Child 1", "Child 1"]
    world.say(last(world), CallStatus.COMPLETED, duration=40)
    until(world, late + M)
    assert told(world) == ["Child 1", "Child 1", "Child 2"]


def test_a_row_whose_own_time_has_come_joins_the_others(world: World) -> None:
    put(world, [child(1, VISIT), held_until(DUE - H, child(2, VISIT + H))], schedule=VISITS)
    until(world, DUE + M)
    assert told(world) == ["Child 1 and Child 2"]


def test_everybody_of_a_call_is_among_the_first_that_are_called(world: World) -> None:
    put(world, [child(1), child(2), contact(7)], pacing=Pacing(first=2))
    world.settle(ticks=3)
    assert told(world) == ["Child 1 and Child 2"]
    assert world.rows("SELECT state FROM campaign")[0]["state"] == "waiting_for_approval"


def test_the_retry_of_who_shared_a_call_calls_nobody_new(world: World) -> None:
    put(world, [child(1), child(2)], pacing=Pacing(first=1))
    world.settle()
    world.say(last(world), CallStatus.NO_ANSWER)
    put(world, [child(2)], "d2", pacing=Pacing(first=1))  # who led is withdrawn
    until(world, START + 21 * M)
    assert told(world) == ["Child 1 and Child 2", "Child 2"]


def test_what_holds_for_one_of_a_family_holds_for_its_call(world: World) -> None:
    """Florida lets a number be rung three times in 24 hours, wherever the others live."""
    florida = replace(child(2), places=("US", "US-FL", "US-MA"))
    retry = Retry(max_attempts=8, no_answer=(10 * M,))
    roomy = (Cap(calls=99, per=24 * H),)
    put(world, [child(1), florida], purpose="marketing", retry=retry, caps=roomy)
    for _ in range(6):
        until(world, world.clock.at + 11 * M)
        for one in world.attempts():
            if one["open"]:
                world.say(str(one["id"]), CallStatus.NO_ANSWER)
    assert told(world) == ["Child 1 and Child 2"] * 3
    assert {task["wait_reason"] for task in world.tasks()} == {"cap"}
