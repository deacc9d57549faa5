"""The servers that tests run on: real, empty for each test, and gone afterwards."""

import shutil
import subprocess
import sys

import psutil
import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text

from campaigns.store.database import Database
from campaigns.store.schema import require_current
from tests.support.postgres import PostgresServer
from tests.support.processes import wait_until


def test_a_postgres_of_the_test_s_own(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (n int)"))
    engine.dispose()


def test_and_it_is_empty_again(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT to_regclass('t')")).scalar()
    engine.dispose()
    assert found is None


@pytest.mark.parametrize("of", ["postgres", "sqlite"])
def test_a_store_comes_with_its_schema(of: str, request: pytest.FixtureRequest) -> None:
    database = Database(request.getfixturevalue(f"{of}_store_url"))
    try:
        require_current(database)
    finally:
        database.close()


def test_what_was_committed_survives_a_crash_of_the_server() -> None:
    server = PostgresServer()
    try:
        server.start()
        address = f"host=127.0.0.1 port={server.port} user=postgres"
        with psycopg.connect(address) as link:
            link.execute("CREATE TABLE t AS SELECT 1 AS n")
        server.kill()
        server.start()
        with psycopg.connect(address) as link:
            assert link.execute("SELECT n FROM t").fetchone() == (1,)
    finally:
        server.close()
    assert not server.root.exists()


def test_a_broker_that_never_evicts(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_no_server_outlives_a_killed_test_run() -> None:
    code = (
        "import os, signal\n"
        "from tests.support.redis import RedisServer\n"
        "server = RedisServer(); server.start()\n"
        "print(server._process.pid, server.root, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid, root = done.stdout.split()
    shutil.rmtree(root, ignore_errors=True)
    wait_until(lambda: _ended(int(pid)), within=5, what="the server's end")


def _ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
