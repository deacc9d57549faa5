"""How far a database had come, written down outside it: a restored one does not know by itself.

A file beside an embedded database, and a key in a fleet's Redis. Either may be lost, and then it
says nothing; what it does say was once true.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_PATIENCE = 0.5
"""Seconds for Redis: a heartbeat must not wait for it."""
_AFTER_A_FAULT = 30.0
_RAISE = """
local old = tonumber(redis.call('GET', KEYS[1]) or '0')
if tonumber(ARGV[1]) > old then redis.call('SET', KEYS[1], ARGV[1]) end
"""


class FileWitness:
    """One line in a file: the database's name and its highest mark. It survives a power cut."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, born: str) -> int:
        """The mark of that database; 0 when the file is not there or is another one's."""
        try:
            name, mark = self._path.read_text(encoding="ascii").split()
            return int(mark) if name == born else 0
        except (OSError, ValueError):
            return 0

    def write(self, born: str, mark: int) -> None:
        """Replace the line, if this mark is higher, before returning durably."""
        try:
            with self._alone():
                if mark > self.read(born):
                    self._replace(f"{born} {mark}\n")
        except OSError as error:
            log.warning("mark_not_written", why=error.strerror)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two processes that write at once must not put a lower mark over a higher one."""
        lock = os.open(self._path.with_suffix(".mark.lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _replace(self, line: str) -> None:
        folder = self._path.parent
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}-", dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class RedisWitness:
    """A key that only rises. Redis may be flushed: then nothing is known, and nothing is wrong."""

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        import redis  # noqa: PLC0415  # slow, and only a fleet has one

        self._client = redis.Redis.from_url(
            url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE
        )
        self._fault: type[Exception] = redis.RedisError
        self._monotonic = monotonic
        self._again = 0.0

    def read(self, born: str) -> int:
        """The mark of that database; 0 when Redis does not know it or does not answer."""
        try:
            found = self._client.get(_key(born))
            return int(found) if isinstance(found, bytes) else 0
        except (self._fault, ValueError):
            return 0

    def write(self, born: str, mark: int) -> None:
        """Raise the key; after a fault it is left alone for a while."""
        if self._monotonic() < self._again:
            return
        try:
            self._client.eval(_RAISE, 1, _key(born), mark)
        except self._fault as error:
            self._again = self._monotonic() + _AFTER_A_FAULT
            log.warning("mark_not_written", why=type(error).__name__)


def redis_url(broker: str) -> str:
    """The broker's address as the Redis client spells it."""
    if not broker.startswith("redis+socket://"):
        return broker
    path, _, query = broker.removeprefix("redis+socket://").partition("?")
    database = query.removeprefix("virtual_host=") or "0"
    return f"unix://{path}?db={database}"


def _key(born: str) -> str:
    return f"campaigns:mark:{born}"
