"""The children's logs: one private file each in the home, never larger than a few megabytes.

A child writes to its file by itself (appending), so it can be cut while the child runs; what was
there stays one generation in `NAME.log.1`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

LARGEST = 10 * 1024 * 1024
_TAIL = 16 * 1024


def open_log(path: Path) -> int:
    """A descriptor to append to, of a file that is ours alone."""
    keep_small(path)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def size(path: Path) -> int:
    """Bytes so far; 0 when there is no file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def keep_small(path: Path, largest: int = LARGEST) -> bool:
    """Move a file's content one generation back when it has grown too large."""
    if size(path) <= largest:
        return False
    older = path.with_name(f"{path.name}.1")
    older.touch(mode=0o600)
    shutil.copyfile(path, older)
    os.truncate(path, 0)
    return True


def tail(path: Path, *, since: int = 0, lines: int = 20) -> list[str]:
    """The last lines that say something, of what was written after offset `since`."""
    try:
        with path.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(since if since <= end else 0, end - _TAIL))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
