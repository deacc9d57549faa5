"""A campaign with a cron: everybody once in each run, and the book is always the list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.core.calls import Blame, CallStatus, Rejected, Unknown
from campaigns.core.contacts import Entry
from campaigns.core.definition import Contacts, Retry, Schedule
from campaigns.engine import control, runs, unresolved
from campaigns.engine.runs import advance_run
from campaigns.engine.submit import Submitted
from campaigns.errors import Conflict
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from tests.support.engine import START, World, contact

WEEKLY = Schedule(cron="30 11 * * tue", timezone="America/New_York")
FIRST = START + timedelta(minutes=30)
"""The tests' clock begins on a Tuesday at 11:00 in New York."""
WEEK = timedelta(days=7)


@pytest.fixture
def world() -> World:
    return World()


def put(world: World, *numbers: int, digest: str = "d1", **changes: object) -> Submitted:
    people: list[Entry] = [contact(n) for n in numbers]
    return world.submit(people, digest=digest, **{"schedule": WEEKLY, **changes})  # type: ignore[arg-type]


def answer(world: World, status: CallStatus = CallStatus.COMPLETED) -> None:
    """Every call that is out ends so."""
    for attempt in world.rows("SELECT id FROM attempt WHERE open"):
        world.say(str(attempt["id"]), status, duration=30)


def go_to(world: World, at: datetime) -> None:
    world.clock.at = at
    world.settle()


def rung(world: World) -> list[tuple[str, str]]:
    """(day, number) of each call."""
    return [(f"{at:%m-%d}", request.to_number[-4:]) for at, request in world.provider.rung]


def campaign(world: World) -> dict[str, object]:
    (row,) = world.rows("SELECT state, run, run_at, run_after FROM campaign")
    return dict(row)


def tasks(world: World) -> list[tuple[str, str, str | None]]:
    """(run, state or outcome, reason) of every dial task."""
    return [
        (str(row["occasion"]), str(row["outcome"] or row["state"]), row["reason"])  # type: ignore[misc]
        for row in world.tasks()
    ]


def test_nobody_is_called_before_the_firing_and_everybody_once_after(world: World) -> None:
    put(world, 1, 2)
    assert tasks(world) == [("2026-03-10T15:30Z", "waiting", None)] * 2
    world.run_for(1799)
    assert rung(world) == []
    world.run_for(30)
    assert rung(world) == [("03-10", "0001"), ("03-10", "0002")]
    answer(world)
    world.run_for(60)
    # Done, so the next run is in the book, and nobody is called for it yet.
    assert tasks(world)[2:] == [("2026-03-17T15:30Z", "waiting", None)] * 2
    assert campaign(world)["state"] == "running"
    go_to(world, FIRST + WEEK - timedelta(seconds=1))
    assert len(rung(world)) == 2
    go_to(world, FIRST + WEEK)
    world.run_for(30)
    assert rung(world)[2:] == [("03-17", "0001"), ("03-17", "0002")]


def test_the_book_of_the_next_run_follows_the_list(world: World) -> None:
    put(world, 1, 2)
    go_to(world, FIRST)
    world.run_for(30)
    answer(world)
    world.run_for(5)
    done = put(world, 2, 3, digest="d2")
    assert done.difference is not None
    assert (done.difference.added, done.difference.withdrawn, done.difference.unchanged) == (
        1,
        1,
        1,
    )
    go_to(world, FIRST + WEEK)
    world.run_for(30)
    assert sorted(rung(world)[2:]) == [("03-17", "0002"), ("03-17", "0003")]


def test_whoever_comes_while_a_run_goes_on_belongs_to_it(world: World) -> None:
    put(world, 1)
    go_to(world, FIRST)
    world.run_for(5)
    put(world, 1, 2, digest="d2")
    world.run_for(30)
    assert rung(world) == [("03-10", "0001"), ("03-10", "0002")]


def test_the_next_run_waits_for_the_last_and_skips_what_it_overran(world: World) -> None:
    retry = Retry(max_attempts=2, no_answer=(timedelta(days=8),))
    put(world, 1, retry=retry)
    go_to(world, FIRST)
    world.run_for(5)
    answer(world, CallStatus.NO_ANSWER)
    go_to(world, FIRST + WEEK + timedelta(hours=1))
    assert rung(world) == [("03-10", "0001")]
    go_to(world, FIRST + timedelta(days=8, minutes=10))
    world.run_for(30)
    assert rung(world) == [("03-10", "0001"), ("03-18", "0001")]
    answer(world)
    world.run_for(5)
    assert campaign(world)["run"] == "2026-03-24T15:30Z"


def test_a_firing_that_nobody_could_begin_within_an_hour_waits_for_the_next(world: World) -> None:
    put(world, 1, 2)
    world.clock.at = FIRST + timedelta(hours=1, seconds=1)
    # Whatever was rung in between: what was not begun rings nobody.
    world.bell.dispatch(world.account_id)
    world.bell.play(world.parts)
    assert rung(world) == []
    world.settle(ticks=3)
    assert rung(world) == []
    assert tasks(world) == [("2026-03-17T15:30Z", "waiting", None)] * 2
    (missed,) = world.rows("SELECT detail FROM audit WHERE what = 'run_missed'")
    assert "2026-03-10T15:30Z" in str(missed["detail"])
    go_to(world, FIRST + WEEK + timedelta(hours=1))  # late, but within the hour
    world.run_for(30)
    assert rung(world) == [("03-17", "0001"), ("03-17", "0002")]


def test_a_pause_over_the_firing_is_a_missed_one(world: World) -> None:
    put(world, 1)
    control.pause("reminders", world.parts, who="me", reason="holiday")
    go_to(world, FIRST + timedelta(days=1))
    control.resume("reminders", world.parts, who="me")
    world.settle(ticks=3)
    assert rung(world) == []
    assert campaign(world)["run"] == "2026-03-17T15:30Z"


def test_after_the_last_run_before_the_end_it_is_finished(world: World) -> None:
    put(world, 1, schedule=WEEKLY.model_copy(update={"end": FIRST + timedelta(days=3)}))
    go_to(world, FIRST)
    world.run_for(5)
    answer(world)
    world.run_for(5)
    assert campaign(world)["state"] == "finished"


def test_a_last_run_that_was_missed_calls_nobody(world: World) -> None:
    put(world, 1, schedule=WEEKLY.model_copy(update={"end": FIRST + timedelta(days=3)}))
    go_to(world, FIRST + timedelta(hours=2))
    world.settle(ticks=3)
    assert rung(world) == []
    assert tasks(world) == [("2026-03-10T15:30Z", "expired", "run_missed")]
    assert campaign(world)["state"] == "finished"


def test_another_cron_moves_a_run_that_waits_and_not_one_that_goes_on(world: World) -> None:
    put(world, 1, 2)
    later = WEEKLY.model_copy(update={"cron": "0 15 * * tue"})
    put(world, 1, 2, digest="d2", schedule=later)
    assert [one for one in tasks(world) if one[1] == "waiting"] == [
        ("2026-03-10T19:00Z", "waiting", None)
    ] * 2
    go_to(world, FIRST + timedelta(minutes=5))
    assert rung(world) == []
    go_to(world, datetime(2026, 3, 10, 19, 0, tzinfo=UTC))
    world.run_for(5)
    put(world, 1, 2, digest="d3", schedule=WEEKLY)
    world.run_for(30)
    assert rung(world) == [("03-10", "0001"), ("03-10", "0002")]


def test_another_cron_moves_also_who_is_on_another_list(world: World) -> None:
    """One that was left on the old firing would keep the campaign from every later run."""
    add = Contacts(key="key", file_is="additions")
    put(world, 1, contacts=add, schedule=WEEKLY.model_copy(update={"cron": "30 11 25 * *"}))
    put(world, 2, digest="d2", contacts=add)
    world.settle(ticks=2)
    waiting = [one for one in tasks(world) if one[1] == "waiting"]
    assert waiting == [("2026-03-10T15:30Z", "waiting", None)] * 2
    go_to(world, FIRST)
    world.run_for(30)
    answer(world)
    world.run_for(5)
    assert sorted(rung(world)) == [("03-10", "0001"), ("03-10", "0002")]
    assert campaign(world)["run"] == "2026-03-17T15:30Z"


def test_a_run_is_not_repeated_because_the_cron_was_removed(world: World) -> None:
    put(world, 1, 2)
    go_to(world, FIRST)
    world.run_for(30)
    answer(world)
    world.run_for(2)
    put(world, 1, 2, 3, digest="d2", schedule=Schedule())
    world.run_for(WEEK.total_seconds() + 60, step=600)
    # The run that was in the book already is made, and none after it.
    assert sorted(number for _, number in rung(world)) == ["0001", "0001", "0002", "0002", "0003"]
    answer(world)
    world.run_for(60)
    assert campaign(world)["state"] == "finished"


def test_a_cron_that_comes_later_does_not_repeat_who_still_waited(world: World) -> None:
    put(world, 1, 2, schedule=Schedule(start=START + timedelta(hours=5)))
    put(world, 1, 2, digest="d2")
    go_to(world, FIRST)
    world.run_for(30)
    answer(world)
    world.run_for(timedelta(hours=6).total_seconds(), step=60)
    assert rung(world) == [("03-10", "0001"), ("03-10", "0002")]


REFUSED = Rejected(blame=Blame.CONTACT, status=400, detail="to_number")
DAILY = Schedule(cron="30 11 * * *", timezone="America/New_York")


def test_refusals_over_two_runs_bring_nobody_of_the_first_back(world: World) -> None:
    world.provider.answers.extend([REFUSED] * 3)
    put(world, 1, 2, schedule=DAILY)
    go_to(world, FIRST)
    world.run_for(600)
    go_to(world, FIRST + timedelta(days=1))
    world.run_for(600)
    assert [outcome for _, outcome, _ in tasks(world)[:4]] == [*["rejected"] * 3, "calling"]
    assert campaign(world)["state"] == "running"
    assert rung(world) == [("03-11", "0002")]


def test_three_refusals_of_one_run_give_the_three_of_it_back(world: World) -> None:
    world.provider.answers.extend([REFUSED] * 5)
    put(world, 1, 2, schedule=DAILY)
    go_to(world, FIRST)
    world.run_for(600)
    put(world, 1, 2, 3, digest="d2", schedule=DAILY)
    go_to(world, FIRST + timedelta(days=1))
    world.run_for(600)
    assert [outcome for _, outcome, _ in tasks(world)] == ["rejected"] * 2 + ["waiting"] * 3
    assert campaign(world)["state"] == "paused"


def test_nobody_is_called_again_for_a_run_that_is_over(world: World) -> None:
    world.provider.answers.append(Unknown(why="x"))
    put(world, 1, schedule=DAILY)
    go_to(world, FIRST)
    world.run_for(20)
    (made,) = world.attempts()
    world.run_for(24 * 3600 - 600, step=600)
    go_to(world, FIRST + timedelta(days=1))
    world.run_for(30)
    assert [outcome for _, outcome, _ in tasks(world)] == ["unresolved", "calling"]
    with pytest.raises(Conflict, match="that run is over"):
        unresolved.settle(str(made["id"]), unresolved.As.CALL_AGAIN, world.parts, who="ann")
    unresolved.settle(str(made["id"]), unresolved.As.CALLED, world.parts, who="ann")
    assert [outcome for _, outcome, _ in tasks(world)] == ["unresolved", "calling"]


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture(params=["memory", "postgresql"])
def any_world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield World()
        return
    found = World(database=Database(request.getfixturevalue("postgres_store_url")))
    found.parts = replace(found.parts, dice=SystemDice())
    yield found
    found.store.close()


def test_a_run_is_made_in_chunks_and_goes_on_where_it_was_broken_off(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = any_world
    monkeypatch.setattr(runs, "CHUNK", 2)
    put(world, *range(7))
    with world.store.write() as tx:
        row = tx.campaign(1)
        tx.connection.exec_driver_sql("UPDATE dial_task SET state = 'done', outcome = 'completed'")
        tx.change_campaign(1, (row.state,), run_at=None)
    with world.store.write() as tx:
        assert runs.roll(tx, tx.lock_campaign(1), world.parts)
    seen: Sequence[object] = []
    while True:
        with world.store.read() as tx:
            found = tx.unbegun(tx.now().policy)
        if not found:
            break
        (row,) = found
        seen = world.rows(f"SELECT id FROM dial_task WHERE occasion = '{row.run}'")
        monkeypatch.setattr(runs, "_CHUNKS", 1)  # one transaction, then it is killed
        advance_run(row, world.parts)
    assert len(seen) == 7
    again = world.rows(
        "SELECT contact_id, count(*) AS n FROM dial_task GROUP BY contact_id, occasion"
    )
    assert [one["n"] for one in again] == [1] * 14


def test_a_list_that_changes_while_a_run_is_made_misses_nobody_and_doubles_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CHUNK", 2)
    monkeypatch.setattr(runs, "_CHUNKS", 1)
    put(world, 1, 2, 3, 4)
    go_to(world, FIRST)
    world.run_for(60)
    answer(world)
    world.settle()  # the next run is begun to be made
    assert campaign(world)["run_after"] is not None
    put(world, 1, 2, 4, 5, digest="d2")
    world.settle(ticks=6)
    waiting = [one for one in world.tasks() if one["state"] == "waiting"]
    assert len(waiting) == 4
    go_to(world, FIRST + WEEK)
    world.run_for(60)
    assert sorted(number for day, number in rung(world) if day == "03-17") == [
        "0001",
        "0002",
        "0004",
        "0005",
    ]
