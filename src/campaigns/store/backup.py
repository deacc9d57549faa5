"""A consistent copy of an SQLite database while everything runs, by SQLite's own backup."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

from campaigns.errors import Conflict, DatabaseAway

_PAGES = 1_000
"""Per step: writers get their turn in between."""


def backup(source: Path, target: Path) -> int:
    """Copy a database to a new file that only its owner may read, durably; its size in bytes.

    Raises Conflict where the target exists, DatabaseAway where it cannot be done.
    """
    if target.exists():
        raise Conflict(f"{target} exists: a backup replaces nothing")
    if not source.exists():
        raise DatabaseAway(f"there is no database at {source}")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise DatabaseAway(f"{target} cannot be written: {error.strerror}") from None
    os.close(handle)
    draft = Path(name)
    try:
        _copy(source, draft)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        os.link(draft, target)  # fails where somebody else was faster
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return target.stat().st_size
    except FileExistsError:
        raise Conflict(f"{target} exists: a backup replaces nothing") from None
    except (OSError, sqlite3.Error) as error:
        raise DatabaseAway(f"the backup was not made ({type(error).__name__}: {error})") from error
    finally:
        for left in (draft, Path(f"{name}-wal"), Path(f"{name}-shm"), Path(f"{name}-journal")):
            left.unlink(missing_ok=True)


def _copy(source: Path, draft: Path) -> None:
    here = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)
    there = sqlite3.connect(draft)
    try:
        here.backup(there, pages=_PAGES, sleep=0.01)
        # One file without a log beside it: what `cp` restores is the whole of it.
        there.execute("PRAGMA journal_mode=DELETE")
        (found,) = there.execute("PRAGMA integrity_check").fetchone()
        if found != "ok":
            raise DatabaseAway("the copy is damaged, and so is probably the database itself")
    finally:
        there.close()
        here.close()
