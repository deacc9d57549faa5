"""Engine calls for the event loop: each in a thread, few at a time, the others wait their turn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Busy(Exception):
    """Too many wait already."""


class Hands:
    """Threads for what blocks.

    Daemons: a database that hangs must not keep the process from ending. Whatever is cut off by
    that is one transaction, or a load that the same request goes on with.
    """

    def __init__(self, *, together: int = 8, waiting: int = 200) -> None:
        self._turn = threading.Semaphore(together)
        self._places = threading.Semaphore(together + waiting)

    async def do(self, call: Callable[[], T]) -> T:
        """What the call answers. Raises Busy, or what the call raises.

        Whoever stops waiting does not stop the call.
        """
        if not self._places.acquire(blocking=False):
            raise Busy
        done: Future[T] = Future()
        done.set_running_or_notify_cancel()
        threading.Thread(target=self._run, args=(call, done), name="api", daemon=True).start()
        return await asyncio.wrap_future(done)

    def _run(self, call: Callable[[], T], done: Future[T]) -> None:
        try:
            with self._turn:
                found = call()
        except BaseException as error:
            self._places.release()
            done.set_exception(error)
        else:
            self._places.release()
            done.set_result(found)
