"""A list goes into the store: every line is accounted for, and a crash in between costs nothing."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import event, select

from campaigns.core.contacts import Contact, Entry, FilteredRow, RejectedRow
from campaigns.core.definition import HOUSE_HOURS, Contacts, SameNumber
from campaigns.engine import control
from campaigns.engine.loading import CHUNK
from campaigns.engine.submit import Effect, Submission, Submitted, known, submit
from campaigns.errors import CampaignsError, Conflict, UnknownName
from campaigns.machine import SystemDice
from campaigns.store.database import Database
from campaigns.store.tables import contact as contact_row
from campaigns.store.tables import dial_task, phone, rejected_row
from tests.support.engine import World, contact, definition

LEASE = 61  # seconds: a load that died is taken over after its lease
ROWS = 2 * CHUNK + 137


class Crash(Exception):
    """What a killed process looks like from inside."""


@pytest.fixture
def on_postgres(postgres_store_url: str) -> Iterator[World]:
    world = World(database=Database(postgres_store_url))
    world.parts = replace(world.parts, dice=SystemDice())
    yield world
    world.store.close()


@pytest.fixture(params=["memory", "postgresql"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        return World()
    found: World = request.getfixturevalue("on_postgres")
    return found


def rows(count: int, *, seed: int = 1) -> Sequence[Entry]:
    """Lines of every kind: good, of a repeated key, faulty, filtered, in no known zone."""
    dice = random.Random(seed)
    made: list[Entry] = []
    for n in range(count):
        match dice.choices(range(5), weights=[80, 8, 5, 5, 2])[0]:
            case 0:
                made.append(contact(n, line=n + 2))
            case 1:
                made.append(contact(n, line=n + 2, key=f"k{dice.randrange(n + 1)}"))
            case 2:
                made.append(RejectedRow(line=n + 2, column="to_number", reason="no number"))
            case 3:
                made.append(FilteredRow(line=n + 2))
            case _:
                made.append(contact(n, line=n + 2, zones=()))
    return made


def put(
    world: World, entries: Iterable[Entry], *, digest: str = "d1", **changes: object
) -> Submitted:
    submission = Submission(
        definition=definition(**{"calling_hours": HOUSE_HOURS, **changes}),
        digest=digest,
        header=("key", "name", "to_number"),
        source="people.csv",
        entries=entries,
    )
    # The list is read once, so that a test can act at a row of its load.
    return submit(submission, world.parts, who="test", looked=True)


def stored(world: World) -> dict[str, object]:
    """All that a finished load leaves behind, without ids and instants."""
    reject, task = rejected_row.c, dial_task.c
    kinds = world.opened(select(reject.line, reject.kind, reject.reason).order_by(reject.line))
    people = world.opened(
        select(
            *(contact_row.c.key, contact_row.c.source_line, phone.c.e164),
            *(task.state, task.outcome, task.reason),
        )
        .join_from(contact_row, dial_task, task.contact_id == contact_row.c.id)
        .join(phone, phone.c.id == task.phone_id)
        .order_by(contact_row.c.source_line)
    )
    return {"kinds": kinds, "people": people, "state": state(world)}


def state(world: World) -> object:
    return world.rows("SELECT state FROM campaign")[0]["state"]


def after_the_lease(world: World) -> None:
    world.clock.forward(seconds=LEASE)
    with world.store.write() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE campaign SET load_until = (SELECT min(anchor_real) FROM world)"
        )


def test_every_line_is_accounted_for(world: World) -> None:
    entries = rows(ROWS)
    submitted = put(world, entries)
    counts = submitted.counts
    assert submitted.effect is Effect.CREATED
    assert counts.lines == ROWS
    assert counts.lines == counts.accepted + counts.rejected + counts.duplicate + counts.filtered
    kept = Counter(row["kind"] for row in world.rows("SELECT kind FROM rejected_row"))
    assert kept == {
        "rejected": counts.rejected,
        "duplicate": counts.duplicate,
        "filtered": counts.filtered,
    }
    tasks = world.tasks()
    assert len(tasks) == counts.accepted
    assert sum(task["outcome"] == "skipped" for task in tasks) == counts.skipped > 0


@pytest.mark.parametrize("crash_at", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, ROWS - 1, ROWS])
def test_a_crash_at_any_row_and_the_same_submit_again_end_equal(crash_at: int) -> None:
    entries = rows(ROWS)

    def breaks() -> Iterator[Entry]:
        yield from entries[:crash_at]
        raise Crash

    straight, broken = World(), World()
    expected = put(straight, entries)
    with pytest.raises(Crash):
        put(broken, breaks())
    assert state(broken) == "loading"
    assert all(task["attempts"] == 0 for task in broken.tasks())
    broken.run_for(5)
    assert not broken.provider.rung
    after_the_lease(broken)
    resumed = put(broken, entries)
    assert resumed.effect is Effect.RESUMED
    assert resumed.counts == expected.counts
    assert stored(broken) == stored(straight)


def test_crashes_again_and_again_end_equal(world: World) -> None:
    entries = rows(ROWS, seed=2)

    def breaks(at: int) -> Iterator[Entry]:
        yield from entries[:at]
        raise Crash

    for at in (700, 300, 1000):
        with pytest.raises(Crash):
            put(world, breaks(at))
        after_the_lease(world)
    again = put(world, entries)
    straight = World()
    assert again.counts == put(straight, entries).counts
    assert stored(world) == stored(straight)


def test_nobody_is_called_before_the_whole_list_is_in(world: World) -> None:
    def looking() -> Iterator[Entry]:
        for n in range(CHUNK + 1):
            yield contact(n)
        assert len(world.tasks()) == CHUNK
        world.settle()
        assert not world.provider.rung

    put(world, looking())


def test_the_same_file_again_changes_nothing(world: World) -> None:
    put(world, rows(30))
    before = stored(world)
    again = put(world, iter([RejectedRow(line=1, column="x", reason="never read")]))
    assert again.effect is Effect.UNCHANGED
    assert again.counts.lines == 0
    assert stored(world) == before


def test_a_half_loaded_name_takes_its_own_file_only(world: World) -> None:
    with pytest.raises(Crash):
        put(world, crashing())
    after_the_lease(world)
    with pytest.raises(Conflict, match="half loaded"):
        put(world, rows(5), digest="d2")


def test_a_load_under_way_is_not_taken_over(world: World) -> None:
    def interrupted() -> Iterator[Entry]:
        with pytest.raises(Conflict, match="another submit"):
            put(world, rows(5))
        yield contact(0)

    assert put(world, interrupted()).counts.accepted == 1


def test_a_load_that_broke_off_is_taken_up_at_once(world: World) -> None:
    with pytest.raises(Crash):
        put(world, crashing())
    assert put(world, rows(5)).effect is Effect.RESUMED


def crashing() -> Iterator[Entry]:
    yield contact(0)
    raise Crash


def test_a_load_that_was_taken_over_stops(world: World) -> None:
    """The first one slept through its lease; the second has the token now."""

    def slow() -> Iterator[Entry]:
        for n in range(CHUNK):
            yield contact(n)
        after_the_lease(world)
        put(world, [contact(n) for n in range(CHUNK)])
        yield contact(CHUNK)

    with pytest.raises(Conflict, match="took over"):
        put(world, slow())
    assert state(world) == "running"
    assert len(world.tasks()) == CHUNK


def test_a_cancelled_name_is_not_used_again(world: World) -> None:
    put(world, rows(5))
    control.cancel("reminders", world.parts, who="me")
    with pytest.raises(Conflict, match="cancelled: use another name"):
        put(world, rows(5))


def test_a_load_that_is_cancelled_under_way_stops(world: World) -> None:
    def cancelled() -> Iterator[Entry]:
        for n in range(CHUNK):
            yield contact(n)
        control.cancel("reminders", world.parts, who="me")
        yield contact(CHUNK)

    with pytest.raises(Conflict):
        put(world, cancelled())
    assert state(world) == "cancelled"
    world.settle(ticks=3)
    assert {task["outcome"] for task in world.tasks()} == {"cancelled"}


def test_a_campaign_for_an_account_that_is_not_there(world: World) -> None:
    submission = Submission(
        definition=definition(), digest="d", header=(), source="x", entries=[], account="other"
    )
    with pytest.raises(UnknownName, match="'other'"):
        submit(submission, world.parts, who="me")
    assert known("reminders", world.store) is None


def test_an_empty_list_is_finished_at_once(world: World) -> None:
    put(world, [])
    world.settle()
    assert state(world) == "finished"


def test_a_second_row_of_a_number_is_refused_where_the_file_says_so(world: World) -> None:
    same = contact(0).to_number
    people: list[Contact] = [contact(0), contact(1, to_number=same), contact(2)]
    refuse = Contacts(file="people.csv", key="key", same_number=SameNumber.REFUSE)
    counts = put(world, people, contacts=refuse).counts
    assert (counts.lines, counts.accepted, counts.duplicate) == (3, 2, 1)
    reason = world.opened(select(rejected_row.c.reason))[0]["reason"]
    assert "on line 1 already" in str(reason)


def test_a_number_is_refused_only_where_another_row_was_accepted_with_it(world: World) -> None:
    """The second row is no contact: its key was there. So nobody has its number yet."""
    people = [contact(0), contact(1, key="k0"), contact(2, to_number=contact(1).to_number)]
    refuse = Contacts(file="people.csv", key="key", same_number=SameNumber.REFUSE)
    assert put(world, people, contacts=refuse).counts.accepted == 2


def test_two_submits_of_one_name_at_once_make_one_campaign(on_postgres: World) -> None:
    world = on_postgres
    together = threading.Barrier(2)

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO campaign "):
            with suppress(threading.BrokenBarrierError):
                together.wait(1)

    def attempt() -> Submitted | CampaignsError:
        try:
            return put(world, [contact(n) for n in range(20)])
        except CampaignsError as error:
            return error

    event.listen(world.store.writer, "before_cursor_execute", before)
    with ThreadPoolExecutor(2) as both:
        ends = [one.result(60) for one in [both.submit(attempt) for _ in range(2)]]
    assert any(isinstance(end, Submitted) and end.effect is Effect.CREATED for end in ends)
    assert all(isinstance(end, Submitted | Conflict) for end in ends)
    assert len(world.tasks()) == 20
