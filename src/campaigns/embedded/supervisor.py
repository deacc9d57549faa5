"""Keeps the services of one machine running, and leaves none behind.

One thread does everything: it starts the children stage by stage, starts again what ends, and
stops them in reverse. It lives as long as they do, because the kernel's signal at a parent's
death is tied to the thread that started the child, not to the process.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from campaigns.embedded import logfiles
from campaigns.embedded.process import ChildSpec, Process
from campaigns.embedded.restarts import Again, GiveUp, Restarts, said
from campaigns.embedded.signals import LOOK

STOP_WITHIN = timedelta(seconds=20)
_KILLED_WITHIN = 5.0
_LOOK = 0.1
_TRIM_EVERY = 60.0

_log = logging.getLogger(__name__)

State = Literal["waiting", "starting", "ready", "ended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildStatus:
    """One child as a screen shows it; `starts` counts the first one too."""

    name: str
    state: State
    pid: int | None
    starts: int


class _Child:
    """A process, its record of restarts and where it stands."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.state: State = "waiting"
        self.record = Restarts()
        self.starts = 0
        self.began = 0.0
        self.next_start = 0.0

    @property
    def name(self) -> str:
        return self.process.spec.name

    def start(self) -> None:
        self.began = time.monotonic()
        self.process.start()
        self.starts += 1
        self.state = "starting"

    def tend(self) -> None:
        """Look once: start again what ended, notice what became ready."""
        match self.state:
            case "waiting" | "ended":
                if self.starts and time.monotonic() >= self.next_start:
                    self.start()
            case "starting" | "ready":
                if (status := self.process.ended()) is not None:
                    self._ended(status)
                elif self.state == "starting" and self._is_ready():
                    self.state = "ready"

    def _is_ready(self) -> bool:
        ready = self.process.spec.ready
        return ready is None or ready()

    def _ended(self, status: int) -> None:
        self.state = "waiting"
        ran = timedelta(seconds=time.monotonic() - self.began)
        self.record, verdict = self.record.ended(ran=ran, status=status)
        match verdict:
            case Again(wait=wait):
                self.next_start = time.monotonic() + wait.total_seconds()
                seconds = f"{wait.total_seconds():g}"
                _log.warning(
                    "%s ended (%s), starts again in %s s", self.name, said(status), seconds
                )
            case GiveUp(times=times):
                how = f"ended {times} times right after its start ({said(status)})"
                raise self.process.failed(how)


class Supervisor:
    """Children that run while this object does. `start()`, then `wait()` and `check()`, `stop()`.

    As a context manager it starts at the top of the block and stops at its end: in good order,
    or at once when the block ends by KeyboardInterrupt. The home must be held (instance.hold).
    """

    def __init__(
        self, children: Sequence[ChildSpec], home: Path, *, stop_within: timedelta = STOP_WITHIN
    ) -> None:
        names = [child.name for child in children]
        if len(set(names)) != len(names):
            raise ValueError(f"two children of one name: {names}")
        self._pipe, self._held_open = os.pipe()
        self._children = [_Child(Process(child, home, self._pipe)) for child in children]
        self._stop_within = stop_within.total_seconds()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._wake, self._ready, self._over = (threading.Event() for _ in range(3))
        self._stopping = self._at_once = False
        self._failure: Exception | None = None
        self._trimmed = time.monotonic()

    def start(self) -> None:
        """Start everything; returns when all is ready, or raises with nothing left running."""
        self._thread.start()
        try:
            self._sleep_until(self._ready)
        except BaseException:
            self.stop(at_once=True)
            raise
        if self._failure is not None:
            self._over.wait()
        self.check()

    def check(self) -> None:
        """Raise what made the supervisor stop by itself, if anything did."""
        if self._failure is not None:
            raise self._failure

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Sleep until everything has stopped, or the time is over; whether it has."""
        return self._over.wait(None if timeout is None else timeout.total_seconds())

    def status(self) -> tuple[ChildStatus, ...]:
        """Every child, in the order given."""
        return tuple(
            ChildStatus(name=c.name, state=c.state, pid=c.process.pid, starts=c.starts)
            for c in self._children
        )

    def stop(self, *, at_once: bool = False) -> None:
        """Stop in reverse order and wait for the end; a KeyboardInterrupt meanwhile: at once."""
        if not self._thread.ident:
            return
        self._at_once |= at_once
        self._stopping = True
        self._wake.set()
        try:
            self._sleep_until(self._over)
        except KeyboardInterrupt:
            self._at_once = True
            self._over.wait()
            raise

    @staticmethod
    def _sleep_until(event: threading.Event) -> None:
        while not event.wait(LOOK):  # because a second Ctrl-C must be heard meanwhile
            pass

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self.stop(at_once=kind is not None and issubclass(kind, KeyboardInterrupt))

    def _run(self) -> None:
        try:
            for stage in self._stages():
                if self._stopping:
                    break
                for child in stage:
                    child.start()
                self._until_ready(stage)
            self._ready.set()
            while not self._stopping:
                self._tend()
        except Exception as problem:  # because it is the caller of start() or check() who acts
            self._failure = problem
        finally:
            for stage in reversed(list(self._stages())):
                self._end(stage)
            os.close(self._held_open)
            os.close(self._pipe)
            self._ready.set()
            self._over.set()

    def _stages(self) -> Iterator[list[_Child]]:
        for number in sorted({child.process.spec.stage for child in self._children}):
            yield [child for child in self._children if child.process.spec.stage == number]

    def _until_ready(self, stage: Sequence[_Child]) -> None:
        began = time.monotonic()
        while not self._stopping:
            self._tend()
            late = [child for child in stage if child.state != "ready"]
            if not late:
                return
            for child in late:
                within = child.process.spec.ready_within.total_seconds()
                if time.monotonic() - began > within:
                    raise child.process.failed(f"was not ready within {within:g} s")

    def _tend(self) -> None:
        for child in self._children:
            child.tend()
        now = time.monotonic()
        if now - self._trimmed > _TRIM_EVERY:
            self._trimmed = now
            for child in self._children:
                logfiles.keep_small(child.process.log)
        self._wake.wait(_LOOK if self._ready.is_set() else _LOOK / 5)

    def _end(self, stage: Sequence[_Child]) -> None:
        for child in stage:
            child.process.ask()
        if not self._all_ended(stage, self._stop_within, unless_at_once=True):
            for child in stage:
                child.process.kill()
            if not self._all_ended(stage, _KILLED_WITHIN, unless_at_once=False):
                _log.error("not all processes could be killed: %s", [c.name for c in stage])
        for child in stage:
            child.state = "ended"

    def _all_ended(self, stage: Sequence[_Child], within: float, *, unless_at_once: bool) -> bool:
        deadline = time.monotonic() + within
        while True:
            running = [c for c in stage if c.process.pid is not None and c.process.ended() is None]
            if not running:
                return True
            if time.monotonic() >= deadline or (unless_at_once and self._at_once):
                return False
            time.sleep(_LOOK / 5)
