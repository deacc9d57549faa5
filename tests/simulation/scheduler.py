"""Virtual time: a heap of instants, and a greenlet for each piece of work that can wait.

One thread, so that a seed replays: whoever waits hands over to the scheduler, which goes on with
whatever comes next. A process is what may be killed, stopped and started again; its pieces of work
die with it.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from greenlet import getcurrent, greenlet

Do = Callable[[], object]


class Killed(BaseException):
    """kill -9: no `except Exception` of the engine may see it."""


class Process:
    """One process of the fleet. `stopped_until`: SIGSTOP, in seconds of virtual time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.stopped_until = 0.0
        self.work: dict[greenlet, None] = {}


class Scheduler:
    """Runs everything in the order of its instants; ties in the order of their making."""

    def __init__(self) -> None:
        self.now = 0.0
        self.failures: list[BaseException] = []
        self._heap: list[tuple[float, int, Do]] = []
        self._order = itertools.count()
        self._hub = getcurrent()
        self._owner: dict[greenlet, Process] = {}

    @property
    def busy(self) -> bool:
        """Whether any piece of work is under way."""
        return bool(self._owner)

    def next_at(self) -> float:
        """The next instant at which anything happens; infinity when nothing will."""
        return self._heap[0][0] if self._heap else float("inf")

    def at(self, when: float, do: Do) -> None:
        """Do it at an instant."""
        heapq.heappush(self._heap, (max(when, self.now), next(self._order), do))

    def after(self, seconds: float, do: Do) -> None:
        """Do it later."""
        self.at(self.now + seconds, do)

    def step(self) -> None:
        """Go on to the next instant and do what is due there."""
        when, _, do = heapq.heappop(self._heap)
        self.now = max(self.now, when)
        do()

    def spawn(self, process: Process, work: Do) -> None:
        """Start a piece of work in a process, now."""
        if process.dead:
            return
        piece = greenlet(lambda: self._run(process, piece, work), self._hub)
        process.work[piece] = None
        self._owner[piece] = process
        self.at(self.now, lambda: self._resume(piece))

    def pause(self, seconds: float) -> None:
        """Wait; outside any piece of work time just passes. Raises Killed."""
        piece = getcurrent()
        process = self._owner.get(piece)
        if process is None:
            self.now += seconds
            return
        self.after(seconds, lambda: self._resume(piece))
        self._hub.switch()
        if process.dead:
            raise Killed

    def current(self) -> Process | None:
        """The process whose work is under way."""
        return self._owner.get(getcurrent())

    def kill(self, process: Process) -> None:
        """End a process; called from its own work it does not return."""
        process.dead = True
        here = getcurrent()
        for piece in list(process.work):
            if piece is not here:
                self.at(self.now, lambda piece=piece: self._bury(piece))  # type: ignore[misc]
        if here in process.work:
            raise Killed

    def _bury(self, piece: greenlet) -> None:
        if piece:  # one that has not begun never does
            piece.throw(Killed)
        self._forget(piece)

    def _resume(self, piece: greenlet) -> None:
        process = self._owner.get(piece)
        if process is None or process.dead:
            return
        if process.stopped_until > self.now:
            self.at(process.stopped_until, lambda: self._resume(piece))
            return
        piece.switch()

    def _run(self, process: Process, piece: greenlet, work: Do) -> None:
        try:
            work()
        except Killed:
            pass
        except Exception as error:
            self.failures.append(error)
        finally:
            self._forget(piece)

    def _forget(self, piece: greenlet) -> None:
        process = self._owner.pop(piece, None)
        if process is not None:
            process.work.pop(piece, None)
