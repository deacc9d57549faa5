"""The SQLite file under the ledger: opening it, and transactions that nest.

One connection, shared by threads under a lock: the server's event loop writes, and a test in the
same process reads beside it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from campaigns.errors import InputError
from campaigns.simulator.rows import SCHEMA, TABLES, VERSION


class LedgerFile:
    """The open file. `path` None: in memory."""

    def __init__(self, path: Path | None = None, *, read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        mode = "ro" if read_only else "rwc"
        target = ":memory:" if path is None else f"{path.absolute().as_uri()}?mode={mode}"
        try:
            self._db = sqlite3.connect(
                target, uri=path is not None, isolation_level=None, check_same_thread=False
            )
            self._db.row_factory = sqlite3.Row
            if not read_only:
                self._prepare()
        except sqlite3.Error as error:
            raise InputError(
                f"the simulator's ledger {path} cannot be opened ({error}); name another file"
            ) from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        # A kill of the process loses nothing; only the machine's own death could.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA busy_timeout=5000")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, VERSION):
            raise InputError(f"{self.path} is a ledger of version {found}; name another file")
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version={VERSION}")

    def close(self) -> None:
        """Close the connection; using the ledger afterwards raises."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together, or not at all. May be nested."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def all(self, sql: str, values: Any = ()) -> list[sqlite3.Row]:
        """Every row of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def run(self, sql: str, values: Any = ()) -> int:
        """Run one statement; the number of the row it inserted, if it did."""
        with self._lock:
            return self._db.execute(sql, values).lastrowid or 0

    def many(self, sql: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Run one statement for many rows."""
        with self._lock:
            self._db.executemany(sql, values)

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
