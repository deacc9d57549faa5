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
    monkeypatch.setattr(patience, "PATIENCE", 0.3)
    monkeypatch.setattr(patience, "PROMPT", 0.3)
    url = make_url(postgres_store_url).set(host="127.0.0.1", port=proxy.port)
    reached = Database(url.render_as_string(hide_password=False))
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


def test_a_slow_answer_is_still_an_answer(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 30.0)
    with database.read() as tx:
        tx.now()
        assert tx.connection.execute(text("SELECT 1 FROM pg_sleep(0.5)")).scalar_one() == 1
