"""The Store port as a whole: transactions, the clock, the world, signs of life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigns import ports
from campaigns.core.instants import Now
from campaigns.errors import DatabaseAway, UnknownName
from campaigns.store import schema
from campaigns.store.database import Database
from tests.support import stored
from tests.support.stored import T0, Stored, at, person

HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "postgresql"])
def rehearsal(request: pytest.FixtureRequest) -> Iterator[Stored]:
    """A rehearsal world that runs ten times faster."""
    fresh = {"memory": "sqlite://", "postgresql": ""}[request.param]
    database = Database(fresh or request.getfixturevalue("postgres_url"))
    schema.upgrade(database, kind="rehearsal", speed=10, starts_at=T0)
    yield Stored(database)
    database.close()


def test_every_method_of_the_port_is_tried_in_this_directory() -> None:
    files = [*Path(__file__).parent.glob("*.py"), Path(stored.__file__)]
    tried = "".join(path.read_text() for path in files)
    books = (*ports.Transaction.__mro__, ports.Store)
    methods = {name for book in books for name in vars(book) if not name.startswith("_")}
    assert len(methods) > 70
    assert {name for name in methods if f".{name}(" not in tried} == set()


def test_an_exception_rolls_everything_back(stored: Stored) -> None:
    def half() -> None:
        with stored.store.write() as tx:
            tx.phone_ids(["+16175550001"])
            tx.account_named("nobody's")

    with pytest.raises(UnknownName):
        half()
    with stored.store.read() as tx:
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM phone").scalar_one() == 0


def test_a_reading_transaction_of_a_file_cannot_write(fresh_sqlite: str) -> None:
    database = Database(fresh_sqlite)
    schema.upgrade(database, kind="real")
    with pytest.raises(DatabaseAway), database.read() as tx:
        tx.phone_ids(["+16175550001"])
    database.close()


def test_policy_time_is_real_time_in_a_real_world(stored: Stored) -> None:
    now = stored.store.policy_now()
    assert now == Now(real=now.real, policy=now.real, speed=1.0)
    assert now.real.tzinfo is UTC
    with stored.store.read() as tx:
        assert timedelta(0) <= tx.now().real - now.real < HOUR
        assert tx.world().kind == "real"


def test_the_clock_of_a_real_world_cannot_be_set(stored: Stored) -> None:
    with stored.tx() as tx:
        tx.set_clock(real=tx.now().real, policy=T0, speed=60)
        assert tx.now().policy == tx.now().real or tx.now().speed == 1


def test_the_clock_of_a_rehearsal_is_a_map_of_real_time(rehearsal: Stored) -> None:
    with rehearsal.tx() as tx:
        real, policy, speed = tx.clock_map()
        now = tx.now()
        assert (policy, speed) == (T0, 10)
        assert now.policy - T0 == pytest.approx(
            10 * (now.real - real), abs=timedelta(microseconds=9)
        )
        tx.set_clock(real=now.real, policy=T0 + 5 * HOUR, speed=60)
        later = tx.now()
        assert later.policy - (T0 + 5 * HOUR) == (later.real - now.real) * 60
        assert (tx.world().kind, tx.world().speed) == ("rehearsal", 60)


def test_a_stamped_instant_comes_back_as_it_was(stored: Stored) -> None:
    odd = datetime(2026, 11, 1, 5, 59, 59, 999_999, tzinfo=UTC)
    with stored.tx() as tx:
        tx.change_account(stored.account, not_before=odd, last_intent_at=None)
        account = tx.account(stored.account)
    assert (account.not_before, account.last_intent_at) == (odd, None)


def test_a_rehearsal_jumps_to_the_next_thing_that_needs_it(stored: Stored) -> None:
    with stored.tx() as tx:
        assert tx.next_check() is None
        assert not tx.in_flight()
    campaign = stored.campaign([person(0, deadline_at=at(7200)), person(1, deadline_at=at(9000))])
    with stored.tx() as tx:
        assert tx.next_check() == at(7200)
    claim = stored.claim(campaign)
    with stored.tx() as tx:
        assert tx.in_flight()
    attempt = stored.intent(claim)
    with stored.tx() as tx:
        assert tx.in_flight()
        tx.change_attempt(attempt.id, attempt.state, check_at=None)
        assert tx.next_check() == attempt.release_at
        tx.change_attempt(attempt.id, attempt.state, check_at=at(60))
        assert tx.next_check() == at(60)


def test_processes_say_that_they_live(stored: Stored) -> None:
    with stored.tx() as tx:
        assert tx.last_alive("worker@a") is None
        tx.alive("worker@a", "worker", at(1))
        tx.alive("worker@a", "worker", at(2))
        tx.alive("tick", "tick", at(3))
        assert (tx.last_alive("worker@a"), tx.last_alive("tick")) == (at(2), at(3))


def test_a_database_without_a_stamp_says_what_to_do(stored: Stored) -> None:
    with stored.tx() as tx:
        tx.connection.exec_driver_sql("DELETE FROM world")
    for ask in ("now", "world"):
        with stored.store.read() as tx, pytest.raises(DatabaseAway, match="db upgrade"):
            getattr(tx, ask)()
