"""Store events for the event loop: in a thread of its own, many in one commit when many wait.

The writer takes whatever waits at the moment it is free, so a lone event is never held back and a
burst shares its commits. An event is called stored only after the commit that holds it. One
writer: a second made PostgreSQL slower here (docs/webhooks.md), and SQLite has one anyway.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

from campaigns.core.instants import Now
from campaigns.engine.parts import Parts
from campaigns.errors import DatabaseAway
from campaigns.ports import Transaction
from campaigns.web.bell import Noted, Ringer

Keep = Callable[[Parts], bool]
"""Stores one event through these parts; False when nobody here is waiting for it."""


class Full(Exception):
    """Too many events are on their way already."""


@dataclass(kw_only=True, slots=True)
class _Waiting:
    order: tuple[str, str]
    keep: Keep
    kept: Future[bool] = field(default_factory=Future)


class Inbox:
    """The way into the database. Starts its thread at the first event."""

    def __init__(self, parts: Parts, *, waiting: int = 2_000, together: int = 32) -> None:
        self._parts = parts
        self._limit = waiting
        self._together = together
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._ringer = Ringer(parts.doorbell)
        self._writer: threading.Thread | None = None
        self._closed = False

    async def store(self, keep: Keep, *, order: tuple[str, str], within: float) -> bool:
        """What `keep` said, once its transaction is committed.

        `order`: what is stored together is sorted by it. Called by one event loop at a time.
        Raises DatabaseAway; Full; TimeoutError, after which it may or may not be stored.
        """
        if self._closed or self._queue.qsize() >= self._limit:
            raise Full
        if self._writer is None:
            # A daemon: a database that hangs must not keep the process from ending.
            self._writer = threading.Thread(target=self._work, name="inbox", daemon=True)
            self._writer.start()
        one = _Waiting(order=order, keep=keep)
        self._queue.put(one)
        async with asyncio.timeout(within):
            return await asyncio.wrap_future(one.kept)

    def close(self, within: float = 2.0) -> None:
        """Store what was taken, then stop."""
        self._closed = True
        if self._writer is not None:
            self._queue.put(None)
            self._writer.join(within)
        self._ringer.close()

    def _work(self) -> None:
        ending = False
        while not ending:
            taken = [self._queue.get()]
            while len(taken) < self._together and taken[-1] is not None:
                try:
                    taken.append(self._queue.get_nowait())
                except Empty:
                    break
            ending = taken[-1] is None
            # Whoever has stopped waiting will send it again: it is not worth a write.
            wanted = [one for one in taken if one and one.kept.set_running_or_notify_cancel()]
            # Two doors that store the same repetitions in opposite order would lock each other.
            wanted.sort(key=lambda one: one.order)
            if wanted:
                self._keep(wanted)

    def _keep(self, together: Sequence[_Waiting]) -> None:
        noted = Noted()
        try:
            with self._parts.store.write() as tx:
                inside = replace(self._parts, store=_Joined(tx), doorbell=noted)
                answers = [one.keep(inside) for one in together]
        except DatabaseAway as away:
            for one in together:
                one.kept.set_exception(DatabaseAway(str(away)))
        except Exception as error:
            if len(together) == 1:
                together[0].kept.set_exception(error)
                return
            # One of them cannot be stored: the others must not pay for it.
            for one in together:
                self._keep([one])
        else:
            for one, answer in zip(together, answers, strict=True):
                one.kept.set_result(answer)
            self._ringer.ring(noted.rings)


class _Joined:
    """A store whose every transaction is the one that is open already."""

    single_writer = False

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """The open transaction; its owner commits."""
        yield self._tx

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """The open transaction."""
        yield self._tx

    def policy_now(self) -> Now:
        """One reading of the clock."""
        return self._tx.now()
