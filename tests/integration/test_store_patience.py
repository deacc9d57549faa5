"""A database that stops answering costs time: no thread waits for it for ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from campaigns.errors import DatabaseAway
from campaigns.store import patience
from campaigns.store.database import Database
from tests.support.proxy import Fault, Kind, Proxy


@pytest.fixture
def proxy(postgres_store_url: str) -> Iterator[Proxy]:
    port = make_url(postgres_store_url).port
    assert port is not None
    with Proxy(port) as between:
        yield between


@pytest.fixture
def database(
    postgres_store_url: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    monkeypatch.setattr(patience, "GRACE", 2.0)
    monkeypatch.setattr(patience, "PROMPT", 2.0)
    url = make_url(postgres_store_url).set(host="127.0.0.1", port=proxy.port)
    reached = Database(url.render_as_string(hide_password=False), statement_s=1.0)
    yield reached
    reached.close()


def test_a_statement_that_gets_no_answer_ends_and_the_pool_is_whole_again(
    database: Database, proxy: Proxy
) -> None:
    def asked() -> None:
        with database.write() as tx:
            tx.now()
            proxy.strike(Fault(kind=Kind.HALF_OPEN))
            tx.now()

    with pytest.raises(DatabaseAway):
        asked()
    proxy.heal()
    assert database.policy_now()


def test_connections_that_died_while_they_were_idle_are_found_and_replaced(
    database: Database, proxy: Proxy
) -> None:
    with database.read() as one, database.read() as another:
        one.now()
        another.now()
    proxy.strike(Fault(kind=Kind.HALF_OPEN))
    proxy.heal()
    assert database.policy_now()
    assert database.policy_now()


def test_a_slow_answer_is_still_an_answer(database: Database) -> None:
    with database.read() as tx:
        tx.now()
        assert tx.connection.execute(text("SELECT 1 FROM pg_sleep(0.5)")).scalar_one() == 1


def test_the_server_gives_a_statement_up_by_itself(database: Database) -> None:
    def asked() -> None:
        with database.read() as tx:
            tx.connection.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(DatabaseAway, match="QueryCanceled"):
        asked()


def test_who_is_gone_in_mid_transaction_holds_no_lock_for_long(
    database: Database, proxy: Proxy, postgres_store_url: str
) -> None:
    """Behind a router that forgot the connection the server never hears that its client ended."""

    def held() -> None:
        with database.write() as tx:
            tx.alive("tick", "tick", tx.now().real)
            proxy.strike(Fault(kind=Kind.HALF_OPEN))

    with pytest.raises(DatabaseAway):
        held()
    proxy.heal()
    other = Database(postgres_store_url)
    try:
        with other.write() as tx:
            tx.alive("tick", "tick", tx.now().real)
    finally:
        other.close()
