"""A database becomes ours: migrated, stamped once, and every account with exactly its slots."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event

from campaigns.core.calls import Limit
from campaigns.core.pacing import Slot
from campaigns.errors import ConfigurationError, DatabaseAway
from campaigns.store import schema
from campaigns.store.database import Database
from campaigns.store.schema import LimitOf
from campaigns.store.tables import metadata

pytestmark = pytest.mark.usefixtures("real_migrations")

MINUTE = timedelta(seconds=60)
BORN = timedelta(seconds=84)  # W, and what a request takes that a deleted slot stood for


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database."""
    name = "fresh_sqlite" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def ready(empty: Database) -> Database:
    schema.upgrade(empty, kind="real")
    return empty


def test_the_migrations_make_the_tables_that_the_code_has(ready: Database) -> None:
    with ready.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_an_upgrade_brings_an_empty_database_to_the_head(empty: Database) -> None:
    assert schema.current(empty) is None
    with pytest.raises(DatabaseAway, match="db upgrade"):
        schema.require_current(empty)
    schema.upgrade(empty, kind="real")
    assert schema.current(empty) == schema.head()
    schema.require_current(empty)


def test_an_upgrade_twice_is_harmless(ready: Database) -> None:
    with ready.read() as tx:
        stamped = tx.clock_map()
    schema.upgrade(ready, kind="real")
    with ready.read() as tx:
        assert tx.clock_map() == stamped
        assert tx.world().kind == "real"


@pytest.mark.parametrize(
    "url",
    ["fresh_sqlite", "postgres_url"],
)
def test_two_upgrades_at_once(url: str, request: pytest.FixtureRequest) -> None:
    found: str = request.getfixturevalue(url)

    def upgrade() -> str | None:
        database = Database(found)
        try:
            schema.upgrade(database, kind="real")
            return schema.current(database)
        finally:
            database.close()

    with ThreadPoolExecutor(2) as both:
        running = [both.submit(upgrade) for _ in range(2)]
        assert [one.result(60) for one in running] == [schema.head()] * 2


def test_a_new_sqlite_file_that_is_being_written_is_waited_for(fresh_sqlite: str) -> None:
    other = sqlite3.connect(fresh_sqlite.removeprefix("sqlite:///"), check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE first (n int)")
    done = threading.Timer(0.3, other.commit)
    done.start()
    database = Database(fresh_sqlite)
    try:
        assert schema.current(database) is None
    finally:
        done.join()
        database.close()
        other.close()


@pytest.mark.parametrize(("first", "then"), [("real", "rehearsal"), ("rehearsal", "real")])
def test_a_database_never_changes_its_world(empty: Database, first: str, then: str) -> None:
    schema.upgrade(empty, kind=first)
    with pytest.raises(ConfigurationError, match=f"expected a {then} database"):
        schema.upgrade(empty, kind=then)
    with empty.read() as tx:
        assert tx.world().kind == first


def test_a_database_that_is_not_there_says_so_without_its_password() -> None:
    database = Database("postgresql+psycopg://someone:secret@127.0.0.1:9/none")
    with pytest.raises(DatabaseAway) as away:
        schema.require_current(database)
    assert "secret" not in str(away.value)
    database.close()


def limits(count: int, window: timedelta = MINUTE) -> Mapping[Limit, LimitOf]:
    return {Limit.START: LimitOf(count=count, window=window)}


def ensure(database: Database, count: int, window: timedelta = MINUTE) -> Mapping[int, Slot]:
    """The account's slots under these limits, by number."""
    account = schema.ensure_account(
        database, "default", limits=limits(count, window), spacing=timedelta(seconds=1)
    )
    with database.read() as tx:
        return {slot.n: slot for slot in tx.slots(account, Limit.START)}


def take(database: Database, *numbers: int) -> None:
    """Starts through these slots: each is free again a minute after the one before."""
    with database.write() as tx:
        account = tx.account_named("default").id
        at = tx.now().policy
        for later, n in enumerate(numbers, 1):
            tx.take_slot(account, Limit.START, n, f"attempt {n}", at + later * MINUTE)


def test_a_new_account_may_start_at_once(ready: Database) -> None:
    slots = ensure(ready, 3)
    now = ready.policy_now().policy
    assert set(slots) == {1, 2, 3}
    assert all(slot.free_at <= now and slot.window == MINUTE for slot in slots.values())


def test_the_same_limits_again_change_nothing(ready: Database) -> None:
    ensure(ready, 3)
    take(ready, 2)
    before = ensure(ready, 3)
    assert ensure(ready, 3) == before


def test_a_lowered_limit_deletes_the_slots_that_are_free_earliest(ready: Database) -> None:
    ensure(ready, 5)
    take(ready, 4, 2)
    assert set(ensure(ready, 3)) in ({2, 4, n} for n in (1, 3, 5))
    assert set(ensure(ready, 1)) == {2}
    assert ensure(ready, 0) == {}


def test_a_raised_limit_adds_slots_that_wait_for_what_they_may_stand_for(ready: Database) -> None:
    before = ensure(ready, 2)
    now = ready.policy_now().policy
    after = ensure(ready, 4)
    assert {n: after[n] for n in before} == before
    for n in set(after) - set(before):
        assert timedelta(0) <= after[n].free_at - (now + BORN) < MINUTE / 2


def test_lowered_and_raised_again_no_start_leaves_early(ready: Database) -> None:
    ensure(ready, 3)
    take(ready, 1, 2, 3)
    now = ready.policy_now().policy
    ensure(ready, 1)
    slots = sorted(ensure(ready, 3).values(), key=lambda slot: slot.free_at)
    assert all(slot.free_at >= now + BORN for slot in slots)


def test_a_longer_window_is_added_to_every_slot(ready: Database) -> None:
    ensure(ready, 3)
    take(ready, 2)
    before = ensure(ready, 3)
    longer = ensure(ready, 3, 2 * MINUTE)
    assert {n: slot.free_at - before[n].free_at for n, slot in longer.items()} == dict.fromkeys(
        (1, 2, 3), MINUTE
    )
    assert {slot.window for slot in longer.values()} == {2 * MINUTE}


def test_a_shorter_window_frees_no_slot_earlier(ready: Database) -> None:
    ensure(ready, 3)
    take(ready, 2)
    before = ensure(ready, 3)
    shorter = ensure(ready, 3, MINUTE / 2)
    assert {n: slot.free_at for n, slot in shorter.items()} == {
        n: slot.free_at for n, slot in before.items()
    }
    assert {slot.window for slot in shorter.values()} == {MINUTE / 2}


def test_accounts_do_not_share_slots(ready: Database) -> None:
    ensure(ready, 3)
    other = schema.ensure_account(ready, "other", limits=limits(2), spacing=timedelta(0))
    with ready.read() as tx:
        assert len(tx.slots(other, Limit.START)) == 2
        assert len(tx.slots(tx.account_named("default").id, Limit.START)) == 3


@pytest.mark.parametrize("url", ["fresh_sqlite", "postgres_url"])
def test_two_processes_that_start_at_once_make_one_account(
    url: str, request: pytest.FixtureRequest
) -> None:
    databases = [Database(request.getfixturevalue(url)) for _ in range(2)]
    for database in databases:
        request.addfinalizer(database.close)
    schema.upgrade(databases[0], kind="real")
    together = threading.Barrier(2)

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO account"):
            with suppress(threading.BrokenBarrierError):
                together.wait(1)

    for database in databases:
        event.listen(database.writer, "before_cursor_execute", before)
    with ThreadPoolExecutor(2) as both:
        made = [both.submit(ensure, database, 2) for database in databases]
        slots = [one.result(60) for one in made]
    assert slots[0] == slots[1]
