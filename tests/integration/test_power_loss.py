"""SQLite after kill -9 and a torn log: what was reported committed is there.

Every commit ends with an fsync of the log (WAL, synchronous FULL), so a power cut can only tear
what lies behind the last commit. Here the writer is killed in the middle of a transaction, and
that tail is cut off or filled with noise. What this does not show: a disk that says it has written
and has not, and a file system that loses what was synced.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns.store import schema
from campaigns.store.database import Database
from campaigns.store.tables import phone
from tests.support.secret import SECRET

WRITER = """
import sys
from campaigns.store.database import Database
from campaigns.store.sealing import Keys

database = Database(sys.argv[1], keys=Keys.from_secret(sys.argv[2]))
n = 0
while True:
    with database.write() as tx:
        number = f"+1617{n:07d}"
        tx.phone_ids([number])
        # Spills into the log before the commit: a tail that is there and does not count.
        tx.connection.exec_driver_sql("PRAGMA cache_size=1")
        tx.connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS ballast (b BLOB)")
        for _ in range(40):
            tx.connection.exec_driver_sql("INSERT INTO ballast VALUES (randomblob(4000))")
    print(number, flush=True)
    n += 1
"""
_WAL_HEADER, _FRAME_HEADER = 32, 24


def end_of_commits(log: bytes) -> int:
    """Where the last commit in a write-ahead log ends: what lies behind was never promised."""
    if len(log) < _WAL_HEADER:
        return 0
    page, salts = struct.unpack(">I", log[8:12])[0], log[16:24]
    at, end = _WAL_HEADER, _WAL_HEADER
    while at + _FRAME_HEADER + page <= len(log) and log[at + 8 : at + 16] == salts:
        at += _FRAME_HEADER + page
        (size,) = struct.unpack(">I", log[at - page - 20 : at - page - 16])
        if size:
            end = at
    return end


@pytest.mark.parametrize("tear", ["cut", "noise", "half"])
def test_what_was_reported_committed_survives(tmp_path: Path, tear: str) -> None:
    path = tmp_path / "c.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database, kind="real")
    with database.write() as tx:
        (level,) = tx.connection.exec_driver_sql("PRAGMA synchronous").one()
        (mode,) = tx.connection.exec_driver_sql("PRAGMA journal_mode").one()
    assert (level, mode) == (2, "wal")
    database.close()

    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, f"sqlite:///{path}", SECRET],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    reported = [child.stdout.readline().strip() for _ in range(12)]
    child.send_signal(signal.SIGKILL)
    reported += [line.strip() for line in child.stdout.read().split()]
    child.stdout.close()
    child.wait(30)

    log = Path(f"{path}-wal")
    content = log.read_bytes()
    end = end_of_commits(content)
    assert end > _WAL_HEADER
    tail = len(content) - end
    dice = random.Random(tear)
    match tear:
        case "cut":
            log.write_bytes(content[:end])
        case "half":
            log.write_bytes(content[: end + tail // 2])
        case _:
            log.write_bytes(content[:end] + dice.randbytes(max(tail, 9_000)))
    Path(f"{path}-shm").unlink(missing_ok=True)  # memory: gone with the power

    with closing(sqlite3.connect(path)) as link:
        assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = Database(f"sqlite:///{path}")
    with again.read() as tx:
        there = {row[0] for row in tx.connection.execute(select(phone.c.e164))}
    again.close()
    assert [number for number in reported if number not in there] == []
