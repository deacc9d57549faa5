"""The two instants of a request: after which nothing may leave, and when its socket is shut.

httpx bounds each read, not the whole: a server that drips a byte a second is never too slow. So
a timer shuts the socket, and the thread that asked closes it. The timer works on a handle of its
own (`dup`): it outlives the hand-over to TLS, and its number can never have passed to another
connection when the time is up.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Cutoff:
    """The instant after which no first byte may leave.

    Monotonic clocks stand still while a machine sleeps, so the wall clock is asked too: whichever
    says that it is late wins. A wall clock set forward costs one `not_sent`, never a call.
    """

    def __init__(self, send_by: float) -> None:
        self._send_by = send_by
        self._wall = time.time()
        self._left = send_by - time.monotonic()

    def left(self) -> float:
        """Seconds that remain; zero or less when it has passed."""
        slept = self._left - (time.time() - self._wall)
        return min(self._send_by - time.monotonic(), slept)


class Guard:
    """Shuts the socket of one exchange when its seconds are up.

    One timer thread per exchange: nothing is shared, so nothing can be left behind by a fork or
    a forgotten entry. `handle` is that of a connection kept alive from an earlier exchange.
    """

    def __init__(self, seconds: float, handle: socket.socket | None = None) -> None:
        self._lock = threading.Lock()
        self._handle = handle
        self._over = False
        self._fired = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    @property
    def fired(self) -> bool:
        """Whether the time was up before the exchange was over."""
        return self._fired

    @property
    def holds(self) -> bool:
        """Whether there is a socket to shut."""
        return self._handle is not None

    def start(self) -> None:
        """Start the clock. Raises RuntimeError where no thread can be had."""
        self._timer.start()

    def hold(self, sock: socket.socket) -> None:
        """Watch this connection from now on. Raises OSError where no handle can be had."""
        handle = sock.dup()
        with self._lock:
            earlier, self._handle = self._handle, handle
            if self._fired:
                _shut(handle)
        if earlier is not None:
            earlier.close()

    def finish(self) -> socket.socket | None:
        """Stop the clock; the handle goes to the caller, who keeps or closes it."""
        self._timer.cancel()
        with self._lock:
            self._over = True
            handle, self._handle = self._handle, None
        return handle

    def _cut(self) -> None:
        with self._lock:
            if self._over:
                return
            self._fired = True
            if self._handle is not None:
                _shut(self._handle)


def _shut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


def hang_up(handle: socket.socket | None) -> None:
    """Shut and close a handle; one that is gone already is no fault."""
    if handle is not None:
        _shut(handle)
        with contextlib.suppress(OSError):
            handle.close()
