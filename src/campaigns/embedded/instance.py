"""One embedded instance per home: who holds it, and where a second run finds its services.

A kernel lock says whether an instance lives; it ends with the process, so a crash leaves nothing
to clean and a reused process id cannot mislead. What the holder wrote is believed only while the
lock is held. A second lock, held for an instant, keeps askers and a starting holder apart.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from campaigns.embedded.home import write_private
from campaigns.errors import Conflict, WorldError

World = Literal["real", "rehearsal"]

LOCK, GATE, INFO = "instance.lock", "instance.gate", "instance.json"
PATIENCE = timedelta(seconds=30)
"""How long an instance may take to start or to stop before a second run complains."""
_LOOK = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceInfo:
    """What a second run needs to join."""

    pid: int
    broker_url: str
    http_port: int
    started_at: AwareDatetime
    world: World


_INFO = TypeAdapter(InstanceInfo)


class Instance:
    """The lock on a home, held until `release()` or the end of the process."""

    def __init__(self, home: Path, lock: int) -> None:
        self.home = home
        self._lock = lock

    def publish(self, *, broker_url: str, http_port: int, world: World) -> InstanceInfo:
        """Say that the services run; from now on others join."""
        info = InstanceInfo(
            pid=os.getpid(),
            broker_url=broker_url,
            http_port=http_port,
            started_at=datetime.now(UTC),
            world=world,
        )
        write_private(self.home / INFO, _INFO.dump_json(info, indent=2).decode() + "\n")
        return info

    def withdraw(self) -> None:
        """Say that it is about to stop; nobody joins any more."""
        (self.home / INFO).unlink(missing_ok=True)

    def release(self) -> None:
        """Let the next one start; called when the last child has ended."""
        if self._lock >= 0:
            self.withdraw()
            os.close(self._lock)
            self._lock = -1


def acquire(home: Path) -> Instance | None:
    """Take the home; None when another process has it."""
    with _gate(home):
        lock = _open(home / LOCK)
        if not _taken(lock, fcntl.LOCK_EX):
            os.close(lock)
            return None
        instance = Instance(home, lock)
        instance.withdraw()
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()} {datetime.now(UTC).isoformat()}\n".encode(), 0)
    return instance


@contextmanager
def hold(home: Path) -> Iterator[Instance]:
    """Take the home for a block; raises Conflict when another process has it."""
    instance = acquire(home)
    if instance is None:
        raise Conflict(f"an instance already runs in {home} ({_holder(home)}): join or stop it")
    try:
        yield instance
    finally:
        instance.release()


def find_running(home: Path, *, patience: timedelta = PATIENCE) -> InstanceInfo | None:
    """The instance to join, or None when the home is free.

    One that is starting or stopping is waited for; WorldError when it does neither in time.
    """
    deadline = time.monotonic() + patience.total_seconds()
    while _held(home):
        if info := _published(home):
            return info
        if time.monotonic() >= deadline:
            raise WorldError(
                f"the instance in {home} ({_holder(home)}) neither starts nor stops: "
                f"see {home}/logs, or end that process"
            )
        time.sleep(_LOOK)
    return None


def _held(home: Path) -> bool:
    if not (home / LOCK).exists():
        return False
    with _gate(home):
        lock = _open(home / LOCK)
        try:
            return not _taken(lock, fcntl.LOCK_SH)
        finally:
            os.close(lock)


def _published(home: Path) -> InstanceInfo | None:
    try:
        return _INFO.validate_json((home / INFO).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _holder(home: Path) -> str:
    pid, _, since = (home / LOCK).read_text(encoding="ascii").strip().partition(" ")
    return f"process {pid or 'unknown'}, since {since or 'just now'}"


@contextmanager
def _gate(home: Path) -> Iterator[None]:
    gate = _open(home / GATE)
    try:
        deadline = time.monotonic() + PATIENCE.total_seconds()
        while not _taken(gate, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise WorldError(f"{home / GATE} stays locked: end the process that holds it")
            time.sleep(_LOOK / 10)
        yield
    finally:
        os.close(gate)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _taken(lock: int, how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
