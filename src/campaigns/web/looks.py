"""Looks at the outside, one at a time: something that hangs costs one thread, once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Look(Generic[T]):
    """A look in a thread of its own. Used by the event loop alone."""

    def __init__(self, name: str, look: Callable[[], T]) -> None:
        self._name = name
        self._look = look
        self._under_way: Future[T] | None = None
        self._thread: threading.Thread | None = None

    def begin(self) -> Future[T]:
        """The look under way, begun now if there is none."""
        if self._under_way is None or self._under_way.done():
            self._under_way = Future()
            self._under_way.set_running_or_notify_cancel()
            self._thread = threading.Thread(
                target=self._run, args=(self._under_way,), name=self._name, daemon=True
            )
            self._thread.start()
        return self._under_way

    async def ask(self, within: float) -> T:
        """What is found. Raises TimeoutError, or whatever the look raised."""
        async with asyncio.timeout(within):
            return await asyncio.wrap_future(self.begin())

    def close(self, within: float = 1.0) -> None:
        """Let a look under way come to its end; one that hangs dies with the process."""
        if self._thread is not None:
            self._thread.join(within)

    def _run(self, found: Future[T]) -> None:
        try:
            found.set_result(self._look())
        except Exception as error:
            found.set_exception(error)
