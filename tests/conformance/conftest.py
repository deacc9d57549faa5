"""The Store port has one implementation on three databases: every test here runs on each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.store.database import Database
from campaigns.store.incarnation import stamp
from campaigns.store.tables import metadata
from tests.support.postgres import Databases
from tests.support.stored import Stored

KEPT = ("world", "vault", "alembic_version")
"""What a migrated database has in it before anybody uses it."""


@pytest.fixture(scope="session")
def _one_postgres(postgres: Databases, _postgres_template: str) -> Iterator[Database]:
    with postgres.fresh(_postgres_template) as url:
        database = Database(url)
        yield database
        database.close()


def _emptied(database: Database) -> Database:
    """As new; ids begin at 1 again. A copy of a whole database for each test takes far longer."""
    tables = ", ".join(name for name in metadata.tables if name not in KEPT)
    with database.write() as tx:
        tx.connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")
        tx.connection.exec_driver_sql(
            "INSERT INTO world SELECT 1, 'real', clock_timestamp(), clock_timestamp(), 1"
            " WHERE NOT EXISTS (SELECT 1 FROM world)"
        )
        stamp(tx.connection)
    return database


def _in_memory(template: Path) -> Database:
    database = Database("sqlite://")
    source = sqlite3.connect(template)
    target = database.writer.raw_connection()
    source.backup(target.driver_connection)  # type: ignore[arg-type]  # it is SQLite's own
    target.close()
    source.close()
    return database


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def stored(request: pytest.FixtureRequest) -> Iterator[Stored]:
    """An account with three slots of a kind, on SQLite in memory, in a file, and PostgreSQL."""
    if request.param == "postgresql":
        yield Stored(_emptied(request.getfixturevalue("_one_postgres")))
        return
    if request.param == "memory":
        database = _in_memory(request.getfixturevalue("_sqlite_template"))
    else:
        database = Database(request.getfixturevalue("sqlite_store_url"))
    yield Stored(database)
    database.close()


@pytest.fixture
def on_postgres(_one_postgres: Database) -> Stored:
    """The same where several transactions are open at once."""
    return Stored(_emptied(_one_postgres))
