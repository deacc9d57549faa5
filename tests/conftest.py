"""Fixtures that every kind of test shares: real servers, started on first use, gone at the end."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from campaigns.store import migrating
from tests.support import migrated, secret
from tests.support.postgres import Databases, databases
from tests.support.redis import RedisServer

settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    # The same examples each time: a run says something about a change, not about its luck.
    derandomize=os.environ.get("EXPLORE") is None,
)
settings.load_profile("default")
secret.everywhere()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person's who runs the tests reaches them, and no key of theirs."""
    for name in os.environ:
        if name.startswith(("CAMPAIGNS_", "THINNESTAI_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Whatever a test made of the log is gone with it: another may read what is logged."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _migrated_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrating, "migrate", migrated.migrate)
        yield


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """The migrations themselves run, also on an empty SQLite database."""
    monkeypatch.setattr(migrating, "migrate", migrated.REAL)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """A PostgreSQL server, one per test process."""
    with databases() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Databases) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own."""
    with postgres.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def _postgres_template(postgres: Databases) -> Iterator[str]:
    with postgres.fresh() as url:
        _migrate(url)
        yield url


@pytest.fixture
def postgres_store_url(postgres: Databases, _postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database of the test's own with our schema, stamped real."""
    with postgres.fresh(_postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Valkey server, one per test process."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The server's database 0, emptied."""
    import redis

    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> str:
    """The URL of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path}/campaigns.db"


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "campaigns.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_store_url(fresh_sqlite: str, _sqlite_template: Path) -> str:
    """The URL of an SQLite file of the test's own with our schema, stamped real."""
    shutil.copy(_sqlite_template, fresh_sqlite.removeprefix("sqlite:///"))
    return fresh_sqlite


def _migrate(url: str) -> None:
    from campaigns.store.database import Database
    from campaigns.store.schema import upgrade

    database = Database(url)
    try:
        upgrade(database, kind="real")
    finally:
        database.close()
