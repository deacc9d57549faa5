"""Ctrl-C with manners: the first asks, the second does not wait, the third does not even tidy up.

The handler only counts and writes one byte into a pipe, because a lock taken inside a signal
handler (an Event's, a log's) can be the one the interrupted line already holds.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOOK = 0.2
"""No wait is longer at a stretch, because a signal that comes in the instant before a blocking
call neither interrupts the call nor runs its handler before it (seen once in 8,000)."""


class Interrupts:
    """How often we were asked to stop. `wait()` is what a main loop sleeps in."""

    def __init__(self) -> None:
        self.received: list[signal.Signals] = []
        self._read, self._write = os.pipe()

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return bool(self.received)

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Sleep until asked, or until the time is over; whether somebody asked."""
        deadline = None if timeout is None else time.monotonic() + timeout.total_seconds()
        while not self.received:
            left = LOOK if deadline is None else min(LOOK, deadline - time.monotonic())
            if left <= 0:
                break
            select.select([self._read], [], [], left)
        return self.is_set()

    def handle(self, number: int, _frame: FrameType | None = None) -> None:
        """The signal handler."""
        self.received.append(signal.Signals(number))
        match len(self.received):
            case 1:
                os.write(self._write, b"!")
            case 2:
                raise KeyboardInterrupt
            case _:
                os._exit(INTERRUPTED)

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)


@contextmanager
def graceful(signals: Sequence[signal.Signals] = SIGNALS) -> Iterator[Interrupts]:
    """For the block: the first signal sets `Interrupts`, the second raises KeyboardInterrupt.

    Main thread only. The old handlers come back at the end.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("signals are handled in the main thread")
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.handle) for number in signals}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        interrupts.close()
