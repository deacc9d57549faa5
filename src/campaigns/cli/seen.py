"""Which keys a list had already, in memory that does not grow with it.

A million keys would be a hundred megabytes of dictionary; SQLite's own temporary database keeps
them in a file that is gone when it is closed.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self

_CACHE_KB = 16_384


class Seen:
    """Keys with the line where each was first. Use as a context manager."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # "": a temporary file
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
        self._database.execute(
            "CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")

    def first_line(self, key: str, line: int) -> int | None:
        """Remember a key; the line on which it was before, None where it is new."""
        done = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line))
        if done.rowcount == 1:
            return None
        found = self._database.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()
        return int(found[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
