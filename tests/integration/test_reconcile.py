"""A known campaign is submitted with another list: the book follows, and nothing is repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from campaigns.core import report
from campaigns.core.calls import CallStatus
from campaigns.core.contacts import Contact, Entry, RejectedRow
from campaigns.core.definition import Contacts, Retry, Schedule
from campaigns.engine import control
from campaigns.engine.submit import Effect, Refused, Submission, Submitted, compare, submit
from campaigns.errors import Conflict
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from campaigns.store.reads import Reads
from tests.support.engine import START, World, contact, definition


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield World()
        return
    found = World(database=Database(request.getfixturevalue("postgres_store_url")))
    found.parts = replace(found.parts, dice=SystemDice())
    yield found
    found.store.close()


ON_THE_TESTS_CLOCK = pytest.mark.parametrize("world", ["memory"], indirect=True)
"""Where calls follow each other: PostgreSQL's clock cannot be sent forward."""


def submission(entries: Sequence[Entry], digest: str, **changes: object) -> Submission:
    return Submission(
        definition=definition(**changes),
        digest=digest,
        header=("key", "name", "to_number"),
        source="people.csv",
        entries=entries,
    )


def put(
    world: World, entries: Sequence[Entry], digest: str, *, allow: bool = False, **changes: object
) -> Submitted:
    made = submission(entries, digest, **changes)
    return submit(made, world.parts, who="test", allow_withdraw=allow)


def counted(done: Submitted) -> dict[str, int]:
    found = done.difference
    assert found is not None
    named = ("added", "moved", "changed", "withdrawn", "unchanged", "held", "finished")
    return {name: count for name in named if (count := getattr(found, name))}


def book(world: World) -> dict[str, tuple[object, object]]:
    """Key → outcome (or state) and reason of its tasks."""
    with world.store.read() as tx:
        rows = world.rows(
            "SELECT t.contact_id, coalesce(t.outcome, t.state) AS now, t.reason FROM dial_task t"
            " ORDER BY t.id"
        )
        return {
            tx.contact(int(str(row["contact_id"]))).key: (row["now"], row["reason"]) for row in rows
        }


def people(*numbers: int, **changes: object) -> list[Entry]:
    return [contact(n, **changes) for n in numbers]


@ON_THE_TESTS_CLOCK
def test_who_is_new_is_added_and_who_is_missing_is_withdrawn(world: World) -> None:
    put(world, people(1, 2, 3), "d1")
    done = put(world, people(2, 3, 4), "d2")
    assert done.effect is Effect.CHANGED
    assert counted(done) == {"added": 1, "withdrawn": 1, "unchanged": 2}
    assert book(world) == {
        "k1": ("cancelled", "withdrawn"),
        "k2": ("waiting", None),
        "k3": ("waiting", None),
        "k4": ("waiting", None),
    }
    assert world.rows("SELECT state, version FROM campaign") == [{"state": "running", "version": 2}]
    world.settle()
    assert {request.to_number[-4:] for _, request in world.provider.rung} == {
        "0002",
        "0003",
        "0004",
    }


@ON_THE_TESTS_CLOCK
def test_nobody_is_called_by_what_a_row_said_before(world: World) -> None:
    put(world, people(1, 2), "d1")
    other = contact(1, to_number="+16175559999", fields={"name": "Renamed", "key": "k1"})
    assert counted(put(world, [other, contact(2)], "d2")) == {"changed": 1, "unchanged": 1}
    world.settle()
    rung = {request.to_number: request.context for _, request in world.provider.rung}
    assert rung["+16175559999"] == {"name": "Renamed"}
    assert "+16175550001" not in rung


def test_the_same_list_again_writes_nothing_and_a_moved_line_only_its_line(world: World) -> None:
    put(world, people(1, 2), "d1")
    assert put(world, people(9), "d1").effect is Effect.UNCHANGED
    swapped = [contact(2, line=1), contact(1, line=2)]
    assert counted(put(world, swapped, "d2")) == {"unchanged": 2}
    lines = world.rows("SELECT source_line FROM contact ORDER BY id")
    assert [row["source_line"] for row in lines] == [2, 1]


@ON_THE_TESTS_CLOCK
def test_what_was_done_is_never_repeated(world: World) -> None:
    put(world, people(1, 2), "d1")
    world.settle()
    for attempt in world.attempts():
        world.say(str(attempt["id"]), CallStatus.IN_PROGRESS)
        world.say(str(attempt["id"]), CallStatus.COMPLETED, duration=30.0)
    renamed = contact(1, fields={"name": "Renamed", "key": "k1"})
    done = put(world, [renamed, contact(2), contact(3)], "d2")
    assert counted(done) == {"added": 1, "changed": 1, "unchanged": 1, "finished": 2}
    world.settle(ticks=3)
    assert len(world.provider.rung) == 3
    assert put(world, people(1, 2, 3), "d3", name="reminders").difference is not None
    world.settle(ticks=3)
    assert len(world.provider.rung) == 3


@ON_THE_TESTS_CLOCK
def test_who_comes_back_to_the_list_is_called_and_keeps_what_was_tried(world: World) -> None:
    put(world, people(1, 2), "d1")
    put(world, people(2), "d2")
    assert counted(put(world, people(1, 2), "d3")) == {"added": 1, "unchanged": 1}
    assert book(world)["k1"] == ("waiting", None)
    world.settle()
    assert len(world.provider.rung) == 2


@ON_THE_TESTS_CLOCK
@pytest.mark.parametrize(
    ("ended", "again_after"),
    [
        (CallStatus.BUSY, timedelta(hours=1)),
        (CallStatus.NO_ANSWER, timedelta(minutes=30)),
        (CallStatus.FAILED, None),  # `failed: never`
    ],
)
def test_who_left_and_comes_back_waits_as_if_nothing_had_been(
    world: World, ended: CallStatus, again_after: timedelta | None
) -> None:
    retry = Retry(max_attempts=3, busy=(timedelta(hours=1),), no_answer=(timedelta(minutes=30),))
    put(world, people(1, 2), "d1", retry=retry)
    world.settle()
    rung_at, _ = world.provider.rung[0]
    put(world, people(2), "d2", retry=retry)
    world.clock.forward(seconds=40)
    (first, _) = world.attempts()
    world.say(str(first["id"]), ended)
    over = world.clock.at
    world.run_for(60)
    put(world, people(1, 2), "d3", retry=retry)

    def first_again() -> list[datetime]:
        rings = [at for at, request in world.provider.rung if request.to_number.endswith("0001")]
        return [at for at in rings if at != rung_at]

    world.run_for(29 * 60 - 60, step=10)
    assert first_again() == []
    world.run_for(90 * 60, step=10)
    if again_after is None:
        assert first_again() == []
        assert book(world)["k1"] == ("failed", "no_retry")
    else:
        (again,) = first_again()
        assert again_after <= again - over < again_after + timedelta(seconds=30)


@ON_THE_TESTS_CLOCK
def test_a_live_call_goes_on_when_its_contact_is_withdrawn_and_is_not_repeated(
    world: World,
) -> None:
    put(world, people(1, 2), "d1")
    world.settle()
    put(world, people(2), "d2")
    (first, _) = world.attempts()
    world.say(str(first["id"]), CallStatus.NO_ANSWER)
    world.clock.forward(hours=8)
    world.settle(ticks=3)
    assert book(world)["k1"] == ("no_answer", "withdrawn")
    called = [request.to_number[-4:] for _, request in world.provider.rung]
    assert called.count("0001") == 1


@ON_THE_TESTS_CLOCK
def test_a_row_that_cannot_be_read_any_more_is_held(world: World) -> None:
    put(world, people(1, 2), "d1")
    bad = RejectedRow(line=2, column="to_number", reason="no number", key="k1")
    assert counted(put(world, [bad, contact(2)], "d2")) == {"unchanged": 1, "held": 1}
    world.settle(ticks=2)
    assert [request.to_number[-4:] for _, request in world.provider.rung] == ["0002"]
    assert book(world)["k1"] == ("waiting", None)
    assert world.tasks()[0]["wait_reason"] == "row_unreadable"
    assert counted(put(world, people(1, 2), "d3")) == {"changed": 1, "unchanged": 1}
    assert world.tasks()[0]["wait_reason"] == "due"
    world.clock.forward(seconds=5)
    world.settle(ticks=2)
    assert [request.to_number[-4:] for _, request in world.provider.rung] == ["0002", "0001"]


@pytest.mark.parametrize("left", [0, 10])
def test_half_a_file_changes_nothing(world: World, left: int) -> None:
    put(world, people(*range(20)), "d1")
    with pytest.raises(Refused, match=r"max_withdrawn|no rows"):
        put(world, people(*range(left)), "d2")
    assert all(now == "waiting" for now, _ in book(world).values())
    assert world.rows("SELECT state, version FROM campaign") == [{"state": "running", "version": 1}]
    assert put(world, people(*range(left)), "d2", allow=True).effect is Effect.CHANGED
    assert sum(now == "cancelled" for now, _ in book(world).values()) == 20 - left


def test_a_list_of_bad_rows_changes_nothing(world: World) -> None:
    put(world, people(*range(20)), "d1")
    bad = [RejectedRow(line=n, column="to_number", reason="no", key=f"k{n}") for n in range(7)]
    with pytest.raises(Refused, match="max_rejected"):
        put(world, [*bad, *people(*range(7, 20))], "d2")
    assert all(now == "waiting" for now, _ in book(world).values())


def test_additions_withdraw_nobody(world: World) -> None:
    only_more = Contacts(file="people.csv", key="key", file_is="additions")
    put(world, people(1, 2), "d1", contacts=only_more)
    assert counted(put(world, people(3), "d2", contacts=only_more)) == {"added": 1}
    assert {key for key, (now, _) in book(world).items() if now == "waiting"} == {"k1", "k2", "k3"}


def test_a_list_withdraws_only_its_own(world: World) -> None:
    put(world, people(1, 2), "d1")
    other = Contacts(file="walk-ins.csv", key="key")
    assert counted(put(world, people(3), "d2", contacts=other)) == {"added": 1}
    assert counted(put(world, people(2), "d3")) == {"withdrawn": 1, "unchanged": 1}


@ON_THE_TESTS_CLOCK
def test_a_later_end_brings_back_who_expired_untried(world: World) -> None:
    start = world.clock.at
    ends = [Schedule(end=start + timedelta(hours=hours)) for hours in (1, 9)]
    control_first = people(1)
    put(world, control_first, "d1", schedule=ends[0])
    control.pause("reminders", world.parts, who="ann", reason="lunch")
    world.clock.forward(hours=2)
    world.settle()
    assert book(world)["k1"] == ("expired", "campaign_end")
    put(world, people(1), "d2", schedule=ends[1])
    control.resume("reminders", world.parts, who="ann")
    world.settle(ticks=2)
    assert len(world.provider.rung) == 1


def test_a_pause_outlives_a_submission_and_may_come_during_it(world: World) -> None:
    put(world, people(1, 2), "d1")
    control.pause("reminders", world.parts, who="ann", reason="lunch")
    put(world, people(1, 3), "d2")
    assert world.rows("SELECT state FROM campaign") == [{"state": "paused"}]
    control.resume("reminders", world.parts, who="ann")

    class Meanwhile(list[Entry]):
        reads = 0

        def __iter__(self) -> Iterator[Entry]:
            self.reads += 1
            if self.reads == 2:
                control.pause("reminders", world.parts, who="ann", reason="again")
            return super().__iter__()

    put(world, Meanwhile(people(1, 4)), "d3")
    assert world.rows("SELECT state FROM campaign") == [{"state": "paused"}]


@ON_THE_TESTS_CLOCK
def test_a_crash_leaves_it_visible_and_the_same_submit_goes_on(world: World) -> None:
    put(world, people(1, 2), "d1")

    class Breaks(list[Entry]):
        reads = 0

        def __iter__(self) -> Iterator[Entry]:
            self.reads += 1
            if self.reads == 2:
                raise RuntimeError("killed")
            return super().__iter__()

    with pytest.raises(RuntimeError):
        put(world, Breaks(people(2, 3)), "d2")
    assert world.rows("SELECT state FROM campaign") == [{"state": "reconciling"}]
    world.settle(ticks=2)
    assert not world.provider.rung
    with world.store.read() as tx:
        health = Reads(tx).health()
        assert Reads(tx).gauges().paused["campaign"] == 1
    assert any("submit the same file again" in line for line in report.problems(health))
    put(world, people(2, 3), "d2")
    assert world.rows("SELECT state, version FROM campaign") == [{"state": "running", "version": 2}]
    world.settle()
    assert {request.to_number[-4:] for _, request in world.provider.rung} == {"0002", "0003"}


def test_two_submits_at_once_are_one_after_the_other(world: World) -> None:
    put(world, people(1), "d1")

    class Another(list[Entry]):
        reads = 0

        def __iter__(self) -> Iterator[Entry]:
            self.reads += 1
            if self.reads == 2:
                with pytest.raises(Conflict, match="another submit"):
                    put(world, people(1, 9), "d9")
            return super().__iter__()

    put(world, Another(people(1, 2)), "d2")
    assert set(book(world)) == {"k1", "k2"}


def test_a_repeated_key_counts_once(world: World) -> None:
    put(world, people(1), "d1")
    done = put(world, [contact(1), contact(1, line=7), contact(2), contact(2, line=9)], "d2")
    assert done.difference is not None
    assert done.difference.duplicate == 2
    assert counted(done) == {"added": 1, "unchanged": 1}


def test_a_comparison_writes_nothing(world: World) -> None:
    assert compare(submission(people(1), "d1"), world.parts) is None
    put(world, people(1), "d1")
    found = compare(submission(people(2), "d2"), world.parts)
    assert found is not None
    assert (found.added, found.withdrawn) == (1, 1)
    assert set(book(world)) == {"k1"}


@ON_THE_TESTS_CLOCK
def test_an_opt_out_outlives_every_list(world: World) -> None:
    one = contact(1)
    assert isinstance(one, Contact)
    put(world, [one], "d1")
    control.suppress([one.to_number], world.parts, who="ann", reason="asked")
    put(world, [contact(2)], "d2")
    put(world, [one, contact(2)], "d3")
    world.settle(ticks=2)
    assert [request.to_number[-4:] for _, request in world.provider.rung] == ["0002"]


@ON_THE_TESTS_CLOCK
def test_a_contact_of_an_older_release_is_called_by_what_its_row_says_now(world: World) -> None:
    put(world, people(1, 2), "d1")
    with world.store.write() as tx:  # as a migration leaves those that were there before it
        tx.connection.exec_driver_sql("UPDATE contact SET digest = '', source = ''")
    renamed = contact(1, fields={"name": "Renamed", "key": "k1"})
    put(world, [renamed, contact(2)], "d2")
    assert {row["source"] for row in world.rows("SELECT source FROM contact")} == {"people.csv"}
    assert counted(put(world, [renamed, contact(2)], "d3")) == {"unchanged": 2}
    world.settle()
    said = [request.context["name"] for _, request in world.provider.rung]
    assert said == ["Renamed", "Person 2"]


def test_an_edited_file_may_be_submitted_paused(world: World) -> None:
    put(world, people(1), "d1")
    done = submit(submission(people(1, 2), "d2"), world.parts, who="ann", paused=True)
    assert done.effect is Effect.CHANGED
    (row,) = world.rows("SELECT state, paused_by FROM campaign")
    assert row == {"state": "paused", "paused_by": "ann"}


@ON_THE_TESTS_CLOCK
def test_who_comes_back_with_another_number_is_locked_and_asked_about_by_that_one(
    world: World,
) -> None:
    """The do-not-call list holds for the number that would ring, not for the one on the old row."""
    later = START + timedelta(hours=1)
    put(world, [contact(1, not_before=later), contact(2)], "d1")
    put(world, [contact(2)], "d2")
    control.suppress(["+16175550777"], world.parts, who="ann", reason="asked")
    put(world, [contact(1, to_number="+16175550777"), contact(2)], "d3")
    world.run_for(2 * 3600)
    assert "+16175550777" not in [request.to_number for _, request in world.provider.rung]
    assert book(world)["k1"][0] == "suppressed"


def test_a_first_list_with_too_many_bad_rows_is_not_stored(world: World) -> None:
    """Whoever hands it in, a program too."""
    bad = [RejectedRow(line=n, column="phone", reason="empty") for n in range(50, 56)]
    with pytest.raises(Refused, match="6 of 9 rows cannot be read") as caught:
        put(world, [*people(1, 2, 3), *bad], "d1")
    assert caught.value.difference.rejected == 6
    assert world.rows("SELECT * FROM campaign") == []
    put(world, [*people(1, 2, 3), *bad[:5]], "d1")  # a handful is let go
